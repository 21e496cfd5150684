use std::time::{Duration, Instant};

/// What is not to be said at each occasion.
#[derive(Debug)]
pub(crate) struct Throttle {
    pause: Duration,
    last: Option<Instant>,
}

impl Throttle {
    pub(crate) const fn new(pause: Duration) -> Throttle {
        Throttle { pause, last: None }
    }

    /// Whether to say it now.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.pause);
        if due {
            self.last = Some(now);
        }
        due
    }
}
