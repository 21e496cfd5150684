use std::time::{Duration, Instant};

/// What is not to be said at each occasion.
#[derive(Debug)]
pub(super) struct Seldom {
    pause: Duration,
    last: Option<Instant>,
}

impl Seldom {
    pub(super) const fn new(pause: Duration) -> Seldom {
        Seldom { pause, last: None }
    }

    /// Whether to say it now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.pause);
        if due {
            self.last = Some(now);
        }
        due
    }
}
