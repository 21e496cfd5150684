//! One exchange of timestamps with a server.

use std::time::{Duration, SystemTime};

/// One exchange with a server that told its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Our clock, read just before the request was sent.
    pub sent: SystemTime,
    /// The time until the answer was there, by a clock that is never set.
    pub round_trip: Duration,
    /// The server's clock as it was told.
    pub server: SystemTime,
    /// The step in which it was told.
    pub resolution: Duration,
    /// `true` if the time was a bare number whose unit is a guess, and the resolution that unit.
    pub unit_assumed: bool,
}
