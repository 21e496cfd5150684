use std::fmt;
use std::time::Duration;

use crate::pace::Pace;

/// How long the parts of a transfer may take. `None`: as long as the others allow.
///
/// ```
/// use std::time::Duration;
/// use httpget::Timeouts;
///
/// let patient = Timeouts { total: Some(Duration::from_secs(600)), ..Timeouts::default() };
/// assert_eq!(patient.connect, Some(Duration::from_secs(30)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolving the name and connecting, all of its addresses together: 30 s.
    pub connect: Option<Duration>,
    /// From the request on its way to the first byte of the response: 60 s.
    pub first_byte: Option<Duration>,
    /// Without a byte in head or body, or without one taken of the request: 30 s.
    pub stall: Option<Duration>,
    /// The least speed of a body. Not limited. The time that a reader takes does not count. With it,
    /// the content goes through the program's memory instead of the kernel's own copy.
    pub pace: Option<Pace>,
    /// Everything: resolving, redirects, all attempts, the body to its last byte. Not limited.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Some(Duration::from_secs(30)),
            first_byte: Some(Duration::from_secs(60)),
            stall: Some(Duration::from_secs(30)),
            pace: None,
            total: None,
        }
    }
}

/// The part of [`Timeouts`] that ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// [`Timeouts::connect`].
    Connect,
    /// [`Timeouts::first_byte`].
    FirstByte,
    /// [`Timeouts::stall`].
    Stall,
    /// [`Timeouts::pace`].
    Pace,
    /// [`Timeouts::total`].
    Total,
}

/// What a transfer was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Opening what the body goes to: a FIFO without a reader.
    Open,
    /// Looking up the name.
    Resolve,
    /// Connecting.
    Connect,
    /// Sending the request.
    Send,
    /// Waiting for the first byte of the response.
    Wait,
    /// Receiving the head.
    Head,
    /// Receiving the body.
    Body,
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Budget::Connect => "connect",
            Budget::FirstByte => "first-byte",
            Budget::Stall => "stall",
            Budget::Pace => "speed",
            Budget::Total => "total",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Open => "opening the target",
            Phase::Resolve => "resolving",
            Phase::Connect => "connecting",
            Phase::Send => "sending the request",
            Phase::Wait => "waiting for the response",
            Phase::Head => "receiving the head",
            Phase::Body => "receiving the body",
        })
    }
}
