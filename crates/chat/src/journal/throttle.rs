//! A throttle for repeated log lines.

use std::time::{Duration, Instant};

/// Lets one log line pass per interval.
#[derive(Debug)]
pub(crate) struct Throttle {
    interval: Duration,
    last: Option<Instant>,
}

impl Throttle {
    pub(crate) const fn new(interval: Duration) -> Throttle {
        Throttle { interval, last: None }
    }

    /// Returns `true` if a line may be logged now. The next interval begins then.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.interval);
        if due {
            self.last = Some(now);
        }
        due
    }
}
