//! The minimum speed of a body. Time is an argument; there is no clock.

use std::collections::VecDeque;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// The minimum speed of a body, and the time over which it is measured.
///
/// ```
/// use std::time::Duration;
/// use httpget::{MinSpeed, Timeouts};
///
/// let slowest = MinSpeed::new(1000, Duration::from_secs(30));
/// let timeouts = Timeouts::default().with_min_speed(slowest);
/// # assert_eq!(timeouts.min_speed, Some(slowest));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MinSpeed {
    /// Bytes of content a second.
    pub bytes: u64,
    /// The window of the mean. No body fails for its speed before that much time has passed.
    pub time: Duration,
}

impl MinSpeed {
    /// Returns a minimum of `bytes` a second, taken as the mean over `time`.
    #[must_use]
    pub fn new(bytes: u64, time: Duration) -> MinSpeed {
        MinSpeed { bytes, time }
    }
}

/// The samples of one window: 16, and one before it.
const SAMPLES: u32 = 16;

/// The speed of a body, over the time spent waiting for its server. Time spent by the reader does
/// not count.
#[derive(Debug)]
pub(crate) struct SpeedMeter {
    min_speed: MinSpeed,
    /// The time spent waiting so far.
    waited: Duration,
    /// Bytes of content so far.
    bytes: u64,
    /// Earlier pairs of `waited` and `bytes`. The first is as old as the window, or the start.
    samples: VecDeque<(Duration, u64)>,
}

impl SpeedMeter {
    pub(crate) fn new(min_speed: MinSpeed) -> SpeedMeter {
        let samples = VecDeque::from([(Duration::ZERO, 0)]);
        SpeedMeter { min_speed, waited: Duration::ZERO, bytes: 0, samples }
    }

    pub(crate) fn min_speed(&self) -> MinSpeed {
        self.min_speed
    }

    /// Records a wait, after which there are `bytes` in all.
    pub(crate) fn record(&mut self, wait: Duration, bytes: u64) {
        self.waited += wait;
        self.bytes = bytes;
        let spacing = self.min_speed.time / SAMPLES;
        if self.samples.back().is_none_or(|(last, _)| self.waited - *last >= spacing) {
            self.samples.push_back((self.waited, bytes));
        }
        while self
            .samples
            .get(1)
            .is_some_and(|(second, _)| self.waited - *second >= self.min_speed.time)
        {
            self.samples.pop_front();
        }
    }

    /// Returns `true` if the body was slower than the minimum over a whole window.
    pub(crate) fn is_too_slow(&self) -> bool {
        let Some((begin, before)) = self.samples.front() else { return false };
        let window = self.waited - *begin;
        let least = self.min_speed.bytes as f64 * window.as_secs_f64();
        window >= self.min_speed.time && ((self.bytes - before) as f64) < least
    }

    /// Returns the longest wait after which [`is_too_slow`](SpeedMeter::is_too_slow) must be
    /// checked again.
    pub(crate) fn longest_wait(&self) -> Duration {
        let full = |(at, _): &(Duration, u64)| (*at + self.min_speed.time).checked_sub(self.waited);
        let next = self.samples.iter().filter_map(full).find(|left| !left.is_zero());
        next.unwrap_or(self.min_speed.time)
    }
}
