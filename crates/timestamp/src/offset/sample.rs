//! One exchange of timestamps with a server.

use std::time::{Duration, SystemTime};

/// An exchange with a server that sent its time (a sample of RFC 5905).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The time of our clock just before the request was sent.
    pub sent: SystemTime,
    /// The time until the answer arrived, by a monotonic clock.
    pub round_trip: Duration,
    /// The time of the server's clock in the answer.
    pub server: SystemTime,
    /// The resolution of the time in the answer.
    pub resolution: Duration,
    /// `true` if the time was a bare number. Its unit, which is the resolution, is a guess.
    pub unit_assumed: bool,
}
