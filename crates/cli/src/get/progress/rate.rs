//! How fast a transfer is: the mean of its last seconds. Without a clock: the time is an argument.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time that the mean is over, once so much has passed.
const WINDOW: Duration = Duration::from_secs(8);

/// The shortest time between two samples.
const SPACING: Duration = Duration::from_millis(200);

/// Samples of a transfer's last seconds: when, and how many bytes were there.
#[derive(Debug)]
pub(super) struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Begins at `now`, with `bytes` that were there before and that no rate counts.
    pub(super) fn begin(now: Instant, bytes: u64) -> Rate {
        Rate(VecDeque::from([(now, bytes)]))
    }

    /// Takes note of `bytes` at `now`. Returns `true` if that is a new sample: the last one is long
    /// enough ago.
    pub(super) fn note(&mut self, now: Instant, bytes: u64) -> bool {
        let is_due = self.0.back().is_none_or(|(last, _)| now.duration_since(*last) >= SPACING);
        if is_due {
            self.0.push_back((now, bytes));
            // The first one stays outside of the window, so that the mean is over all of that.
            while self.0.get(1).is_some_and(|(second, _)| now.duration_since(*second) >= WINDOW) {
                self.0.pop_front();
            }
        }
        is_due
    }

    /// Bytes a second, by the samples. Returns `None` before the second sample.
    pub(super) fn per_second(&self) -> Option<f64> {
        let ((begin, before), (end, after)) = (self.0.front()?, self.0.back()?);
        let time = end.duration_since(*begin).as_secs_f64();
        (time > 0.0).then(|| after.saturating_sub(*before) as f64 / time)
    }

    /// The time for `left` more bytes at this rate. Returns `None` if nothing comes, and for more
    /// than 99 days.
    pub(super) fn time_for(&self, left: u64) -> Option<Duration> {
        let seconds = left as f64 / self.per_second()?;
        (seconds < 99.0 * 86_400.0).then(|| Duration::from_secs_f64(seconds))
    }
}
