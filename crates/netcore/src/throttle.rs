//! A limit on log lines that the same trouble causes again and again.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// Lets one log line pass per interval.
///
/// It has no clock: the time is an argument.
///
/// ```
/// use std::time::{Duration, Instant};
/// use netcore::throttle::Throttle;
///
/// let mut throttle = Throttle::new(Duration::from_secs(5));
/// let start = Instant::now();
/// assert!(throttle.allows(start));
/// assert!(!throttle.allows(start + Duration::from_secs(4)));
/// assert!(throttle.allows(start + Duration::from_secs(5)));
/// ```
#[derive(Clone, Debug)]
pub struct Throttle {
    interval: Duration,
    last: Option<Instant>,
}

impl Default for Throttle {
    /// Returns a throttle with an interval of 5 s.
    fn default() -> Throttle {
        Throttle::new(Duration::from_secs(5))
    }
}

impl Throttle {
    /// Returns a throttle that has let nothing pass yet.
    #[must_use]
    pub const fn new(interval: Duration) -> Throttle {
        Throttle { interval, last: None }
    }

    /// Returns `true` if a line may be logged at `now`. The caller logs it, and the next interval
    /// begins.
    pub fn allows(&mut self, now: Instant) -> bool {
        let is_due =
            self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.interval);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}
