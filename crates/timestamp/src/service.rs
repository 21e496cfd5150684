//! The timestamp protocol and the well-known services echo, daytime and time.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use netcore::error::debug_as_chain;

use crate::parse::seconds_since_1900;
use crate::responder::answer;
use crate::stamp::Stamp;

#[cfg(test)]
mod tests;

/// A service of the timestamp server: the protocol that it speaks.
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
///
/// | | over a stream | to a datagram |
/// |---|---|---|
/// | `timestamp` | `[TIME] ` and the received bytes, per chunk or line | the same |
/// | `echo` (RFC 862) | the received bytes | the same |
/// | `daytime` (RFC 867) | TIME and CRLF, then the end; input is discarded | TIME and CRLF |
/// | `time` (RFC 868) | 4 bytes, then the end; input is discarded | 4 bytes |
///
/// [`FromStr`] and [`Display`](fmt::Display) use these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Service {
    /// The timestamp protocol of this crate.
    #[default]
    Timestamp,
    /// The echo protocol of RFC 862, without a time.
    Echo,
    /// The daytime protocol of RFC 867, which leaves the format open. Many servers use `ctime`.
    Daytime,
    /// The time protocol of RFC 868: the seconds since 1900-01-01 00:00:00 UTC in 32 bits, highest
    /// byte first. See [`seconds_since_1900`] for the year 2036.
    Time,
}

impl Service {
    /// All services.
    pub const ALL: [Service; 4] =
        [Service::Timestamp, Service::Echo, Service::Daytime, Service::Time];

    /// Returns the default port: 21567, or IANA's 7, 13 or 37.
    pub const fn port(self) -> u16 {
        match self {
            Service::Timestamp => 21_567,
            Service::Echo => 7,
            Service::Daytime => 13,
            Service::Time => 37,
        }
    }

    /// Returns `true` if the server answers as soon as a stream is open, and then closes it.
    pub const fn speaks_first(self) -> bool {
        matches!(self, Service::Daytime | Service::Time)
    }

    /// Appends the answer to `bytes`, a datagram or a chunk of a stream, to `out`. The answer of a
    /// service that [speaks first](Service::speaks_first) does not depend on the bytes.
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

    /// Parses the name of a service.
    ///
    /// # Errors
    ///
    /// [`UnknownService`]: the text is not the name of a service.
    fn from_str(text: &str) -> Result<Service, UnknownService> {
        let named = Service::ALL.into_iter().find(|service| service.to_string() == text);
        named.ok_or_else(|| UnknownService { text: text.into() })
    }
}

/// A text that is not the name of a [`Service`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown service {text:?}: not timestamp, echo, daytime or time")]
pub struct UnknownService {
    text: Box<str>,
}

debug_as_chain!(UnknownService { text });
