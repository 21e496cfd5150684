//! The timestamp protocol and the well-known time services beside it.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use crate::parse::seconds_since_1900;
use crate::responder::answer;
use crate::stamp::Stamp;

/// What a server of the time says, and to what.
///
/// | | over a stream | to a datagram |
/// |---|---|---|
/// | `timestamp` | `[TIME] ` and what came, for each piece or line | the same |
/// | `echo` (RFC 862) | what came | the same |
/// | `daytime` (RFC 867) | TIME and CRLF, and the end; what comes is dropped | TIME and CRLF |
/// | `time` (RFC 868) | 4 bytes, and the end; what comes is dropped | 4 bytes |
///
/// [`FromStr`] reads and [`Display`](fmt::Display) writes these names.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use timestamp::{Format, Service, Stamp, Zone};
///
/// let mut stamp = Stamp::new(Format::Ctime, Zone::Utc);
/// let now = UNIX_EPOCH + Duration::from_secs(1_795_198_262);
/// let mut out = Vec::new();
/// Service::Daytime.answer(b"", now, &mut stamp, &mut out);
/// assert_eq!(out, b"Fri Nov 20 18:11:02 2026\r\n");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Service {
    /// Our own.
    #[default]
    Timestamp,
    /// RFC 862. It has no time.
    Echo,
    /// RFC 867. How the time is written is left open there; many write it as `ctime` does.
    Daytime,
    /// RFC 868: the seconds since 1900-01-01 00:00:00 UTC, 32 bits, the highest byte first. See
    /// [`seconds_since_1900`] for the year 2036.
    Time,
}

impl Service {
    /// All of them.
    pub const ALL: [Service; 4] =
        [Service::Timestamp, Service::Echo, Service::Daytime, Service::Time];

    /// The port where it is looked for: 21567, and IANA's 7, 13 and 37.
    pub const fn port(self) -> u16 {
        match self {
            Service::Timestamp => 21_567,
            Service::Echo => 7,
            Service::Daytime => 13,
            Service::Time => 37,
        }
    }

    /// Whether a server speaks as soon as a stream is there, and then ends it.
    pub const fn speaks_first(self) -> bool {
        matches!(self, Service::Daytime | Service::Time)
    }

    /// Appends the answer to `bytes`, a datagram or a piece of a stream, to `out`. Those that
    /// [speak first](Service::speaks_first) say the same whatever the bytes are.
    pub fn answer(self, bytes: &[u8], now: SystemTime, stamp: &mut Stamp, out: &mut Vec<u8>) {
        match self {
            Service::Timestamp => answer(bytes, now, stamp, out),
            Service::Echo => out.extend_from_slice(bytes),
            Service::Daytime => {
                out.extend_from_slice(stamp.time(now));
                out.extend_from_slice(b"\r\n");
            }
            Service::Time => out.extend_from_slice(&seconds_since_1900(now).to_be_bytes()),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Service::Timestamp => "timestamp",
            Service::Echo => "echo",
            Service::Daytime => "daytime",
            Service::Time => "time",
        })
    }
}

impl FromStr for Service {
    type Err = UnknownService;

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`UnknownService`] for any other text.
    fn from_str(text: &str) -> Result<Service, UnknownService> {
        let named = Service::ALL.into_iter().find(|service| service.to_string() == text);
        named.ok_or_else(|| UnknownService(text.to_owned()))
    }
}

/// A text names no [`Service`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown service {0:?}: not timestamp, echo, daytime or time")]
pub struct UnknownService(String);
