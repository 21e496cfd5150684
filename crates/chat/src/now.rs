//! The time of a call.

use std::time::{Instant, SystemTime};

/// The time of a call on both clocks. A [`Shard`](crate::Shard) has no clock of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock, for intervals.
    pub instant: Instant,
    /// The system's clock, for times that are shown.
    pub time: SystemTime,
}

/// Returns the milliseconds from 1970 to `time`.
pub(crate) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Now {
    /// Reads the system's clocks.
    pub fn system() -> Now {
        Now { instant: Instant::now(), time: SystemTime::now() }
    }
}
