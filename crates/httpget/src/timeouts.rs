//! The time that each part of a transfer may take.

use std::fmt;
use std::time::Duration;

use crate::min_speed::MinSpeed;

/// The timeouts for the parts of a transfer. `None` sets no limit for that part.
///
/// ```
/// use std::time::Duration;
/// use httpget::Timeouts;
///
/// let timeouts = Timeouts::default().with_total(Duration::from_secs(600));
/// assert_eq!(timeouts.connect, Some(Duration::from_secs(30)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Time to resolve the name and connect, for all addresses together: 30 s.
    pub connect: Option<Duration>,
    /// Time from the end of the request to the first byte of the response: 60 s.
    pub first_byte: Option<Duration>,
    /// Time without a byte received in head or body, or sent of the request: 30 s.
    pub stall: Option<Duration>,
    /// The minimum speed of a body: none. Time spent by the reader does not count. With a minimum,
    /// the content goes through the program's memory instead of the kernel's copy.
    pub min_speed: Option<MinSpeed>,
    /// Time for everything, from resolving to the last byte of the body, with redirects and all
    /// attempts: no limit.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Some(Duration::from_secs(30)),
            first_byte: Some(Duration::from_secs(60)),
            stall: Some(Duration::from_secs(30)),
            min_speed: None,
            total: None,
        }
    }
}

impl Timeouts {
    /// Sets [`connect`](Timeouts::connect). `None` removes the timeout.
    #[must_use]
    pub fn with_connect(self, time: impl Into<Option<Duration>>) -> Timeouts {
        Timeouts { connect: time.into(), ..self }
    }

    /// Sets [`first_byte`](Timeouts::first_byte). `None` removes the timeout.
    #[must_use]
    pub fn with_first_byte(self, time: impl Into<Option<Duration>>) -> Timeouts {
        Timeouts { first_byte: time.into(), ..self }
    }

    /// Sets [`stall`](Timeouts::stall). `None` removes the timeout.
    #[must_use]
    pub fn with_stall(self, time: impl Into<Option<Duration>>) -> Timeouts {
        Timeouts { stall: time.into(), ..self }
    }

    /// Sets [`min_speed`](Timeouts::min_speed). `None` removes the limit.
    #[must_use]
    pub fn with_min_speed(self, speed: impl Into<Option<MinSpeed>>) -> Timeouts {
        Timeouts { min_speed: speed.into(), ..self }
    }

    /// Sets [`total`](Timeouts::total). `None` removes the timeout.
    #[must_use]
    pub fn with_total(self, time: impl Into<Option<Duration>>) -> Timeouts {
        Timeouts { total: time.into(), ..self }
    }
}

/// The part of [`Timeouts`] that expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timeout {
    /// [`Timeouts::connect`].
    Connect,
    /// [`Timeouts::first_byte`].
    FirstByte,
    /// [`Timeouts::stall`].
    Stall,
    /// [`Timeouts::min_speed`].
    MinSpeed,
    /// [`Timeouts::total`].
    Total,
}

/// The phase of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Opening the target of the body: a FIFO without a reader.
    Open,
    /// Looking up the name.
    Resolve,
    /// Connecting.
    Connect,
    /// Negotiating a tunnel with a proxy. Feature `proxy`.
    Proxy,
    /// Negotiating TLS with the server of an `https://` URL.
    Handshake,
    /// Sending the request.
    Send,
    /// Waiting for the first byte of the response.
    Wait,
    /// Receiving the head.
    Head,
    /// Receiving the body.
    Body,
    /// Waiting before another attempt of a download.
    Retry,
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Timeout::Connect => "connect",
            Timeout::FirstByte => "first-byte",
            Timeout::Stall => "stall",
            Timeout::MinSpeed => "speed",
            Timeout::Total => "total",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Open => "opening the target",
            Phase::Resolve => "resolving",
            Phase::Connect => "connecting",
            Phase::Proxy => "negotiating with the proxy",
            Phase::Handshake => "negotiating TLS",
            Phase::Send => "sending the request",
            Phase::Wait => "waiting for the response",
            Phase::Head => "receiving the head",
            Phase::Body => "receiving the body",
            Phase::Retry => "waiting before another attempt",
        })
    }
}
