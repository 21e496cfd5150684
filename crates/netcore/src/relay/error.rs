use std::fmt;

use crate::error::{Error, Operation};

/// The bytes that a relay has carried, and the end that it did not wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Relayed {
    /// From the left end to the right one.
    pub from_left: u64,
    /// From the right end to the left one.
    pub from_right: u64,
    /// The end that could still have sent when the relay was over, because the other one had ended
    /// and takes no more, or the patience with it ran out
    /// ([`End::with_half_closed`](super::End::with_half_closed)). `None`: both ends have ended.
    pub left_open: Option<Side>,
}

/// One of the two ends of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that was given first.
    Left,
    /// The other.
    Right,
}

impl Side {
    /// The side across.
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

/// A relay ended before both sides had: which way of it failed, and how far it came.
///
/// Its source is the [`Error`], which names the end that failed.
#[derive(Debug, thiserror::Error)]
#[error("relay{}", way(*from))]
pub struct RelayError {
    from: Option<Side>,
    #[source]
    error: Error,
    relayed: Relayed,
}

impl RelayError {
    pub(super) fn new(from: Option<Side>, error: Error, relayed: Relayed) -> RelayError {
        RelayError { from, error, relayed }
    }

    /// From where the bytes came whose way failed. `None`: it failed as a whole, or time ran out.
    #[must_use]
    pub const fn from(&self) -> Option<Side> {
        self.from
    }

    /// The side that failed: the one that was read from, or the one that was written to.
    #[must_use]
    pub fn side(&self) -> Option<Side> {
        match self.error.operation() {
            Operation::Read => self.from,
            _ => self.from.map(Side::other),
        }
    }

    /// What failed.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// What was carried by then.
    #[must_use]
    pub const fn relayed(&self) -> Relayed {
        self.relayed
    }
}

fn way(from: Option<Side>) -> String {
    from.map_or_else(String::new, |from| format!(" from {from} to {}", from.other()))
}
