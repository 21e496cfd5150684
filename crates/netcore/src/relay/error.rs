//! The outcome of a relay.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, debug_as_chain, write_causes};

/// The bytes that were relayed, and the end that had not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Relayed {
    /// Bytes from the left end to the right one.
    pub from_left: u64,
    /// Bytes from the right end to the left one.
    pub from_right: u64,
    /// The end that could still have sent when the relay was over. The other end had ended and
    /// accepts no more, or the time after its end ran out
    /// ([`End::with_half_closed`](crate::relay::End::with_half_closed)). `None` if both ends ended.
    pub left_open: Option<Side>,
}

/// One of the two ends of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that was given first.
    Left,
    /// The end that was given second.
    Right,
}

impl Side {
    /// Returns the opposite side.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Left => "left",
            Side::Right => "right",
        })
    }
}

/// A failure of a relay.
#[derive(Debug)]
pub(super) struct Failed {
    /// The source of the failed direction.
    pub(super) from: Option<Side>,
    /// The side that failed.
    pub(super) side: Option<Side>,
    pub(super) error: Error,
}

/// A relay that ended before both sides had: the direction that failed, the reason and the bytes
/// relayed until then.
///
/// `{error}` prints the direction and the [`Error`], which names the end that failed:
/// `relay from left to right: write to db.example:5432: broken pipe`. `{error:#}` and `{error:?}`
/// print the system's code too.
pub struct RelayError {
    from: Option<Side>,
    side: Option<Side>,
    error: Error,
    relayed: Relayed,
}

debug_as_chain!(RelayError { from, side, error, relayed });

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("relay")?;
        if let Some(from) = self.from {
            write!(f, " from {from} to {}", from.other())?;
        }
        write!(f, ": {}", self.error)?;
        if f.alternate() { write_causes(self, f) } else { Ok(()) }
    }
}

impl StdError for RelayError {
    /// Returns the source of the [`Error`], whose own text is part of this one's.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

impl RelayError {
    pub(super) fn new(failed: Failed, relayed: Relayed) -> RelayError {
        let Failed { from, side, error } = failed;
        RelayError { from, side, error, relayed }
    }

    /// Returns the source of the direction that failed. Returns `None` if the relay failed as a
    /// whole, or time ran out.
    #[must_use]
    pub const fn from(&self) -> Option<Side> {
        self.from
    }

    /// Returns the side that failed: the reading side for
    /// [`Operation::Read`](crate::Operation::Read), the writing side for
    /// [`Operation::Write`](crate::Operation::Write) and
    /// [`Operation::Shutdown`](crate::Operation::Shutdown), and the side of the handshake for
    /// [`Operation::Handshake`](crate::Operation::Handshake).
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        self.side
    }

    /// Returns the error of the operation that failed.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the bytes that were relayed before the failure.
    #[must_use]
    pub const fn relayed(&self) -> Relayed {
        self.relayed
    }
}
