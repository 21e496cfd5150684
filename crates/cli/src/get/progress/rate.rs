//! The rate of a transfer: the mean over its last seconds. The time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// Longest time over which the mean is taken.
const WINDOW: Duration = Duration::from_secs(8);

/// The shortest time between two samples.
const SPACING: Duration = Duration::from_millis(200);

/// Samples of a transfer's last seconds: the time and the number of bytes so far.
#[derive(Debug)]
pub(super) struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Starts at `now` with `bytes` from earlier, which the rate does not count.
    pub(super) fn begin(now: Instant, bytes: u64) -> Rate {
        Rate(VecDeque::from([(now, bytes)]))
    }

    /// Records `bytes` at `now`. Returns `true` if this is a new sample because the last one is old
    /// enough.
    pub(super) fn note(&mut self, now: Instant, bytes: u64) -> bool {
        let is_due = self.0.back().is_none_or(|(last, _)| now.duration_since(*last) >= SPACING);
        if is_due {
            self.0.push_back((now, bytes));
            // The first sample stays outside the window, so that the mean covers all of it.
            while self.0.get(1).is_some_and(|(second, _)| now.duration_since(*second) >= WINDOW) {
                self.0.pop_front();
            }
        }
        is_due
    }

    /// Returns bytes per second, or `None` before the second sample.
    pub(super) fn per_second(&self) -> Option<f64> {
        let ((begin, before), (end, after)) = (self.0.front()?, self.0.back()?);
        let time = end.duration_since(*begin).as_secs_f64();
        (time > 0.0).then(|| after.saturating_sub(*before) as f64 / time)
    }

    /// Returns the time for `left` more bytes at this rate. Returns `None` at a rate of 0, and for
    /// more than 99 days.
    pub(super) fn time_for(&self, left: u64) -> Option<Duration> {
        let seconds = left as f64 / self.per_second()?;
        (seconds < 99.0 * 86_400.0).then(|| Duration::from_secs_f64(seconds))
    }
}
