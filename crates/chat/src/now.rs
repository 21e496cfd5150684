//! What time it is.

use std::time::{Instant, SystemTime};

/// The time of a call: on the monotonic clock, for what takes time, and on the system's, for what is
/// shown. A [`Seat`](crate::Seat) has no clock of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock.
    pub instant: Instant,
    /// The system's clock.
    pub time: SystemTime,
}

impl Now {
    /// What the system's clocks say.
    pub fn system() -> Now {
        Now { instant: Instant::now(), time: SystemTime::now() }
    }
}
