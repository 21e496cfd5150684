//! The highest speed of a body. Time is an argument; there is no clock.

use std::time::{Duration, Instant};

use crate::connection::BUFFER;

#[cfg(test)]
mod tests;

/// The time whose bytes may come at once.
const SLICE: Duration = Duration::from_millis(100);

/// The speed of a body, kept below a rate by the generic cell rate algorithm (ITU-T I.371).
#[derive(Debug)]
pub(crate) struct Pace {
    /// Bytes a second, at least 1.
    rate: u64,
    /// The time at which all bytes so far are within the rate.
    due: Instant,
}

impl Pace {
    /// Returns a pace of `rate` bytes a second from `now` on. A rate of 0 counts as 1.
    pub(crate) fn new(rate: u64, now: Instant) -> Pace {
        Pace { rate: rate.max(1), due: now }
    }

    /// Returns a pace that begins now, after `bytes` have arrived.
    pub(crate) fn after(rate: u64, bytes: usize) -> Pace {
        let now = Instant::now();
        let mut pace = Pace::new(rate, now);
        pace.record(now, bytes as u64);
        pace
    }

    /// Returns the bytes of a read that keep the speed even: those of a tenth of a second.
    pub(crate) fn slice(rate: u64) -> usize {
        let bytes = rate.saturating_mul(SLICE.as_millis() as u64) / 1000;
        usize::try_from(bytes).unwrap_or(BUFFER).clamp(1, BUFFER)
    }

    /// Records that `bytes` have arrived. After a pause of the server, a tenth of a second is made
    /// up for.
    pub(crate) fn record(&mut self, now: Instant, bytes: u64) {
        let begin = now.checked_sub(SLICE).map_or(self.due, |least| self.due.max(least));
        let time = bytes as f64 / self.rate as f64;
        // A day is longer than any sensible wait for one read.
        let time = Duration::from_secs_f64(time.min(86_400.0));
        self.due = begin + time;
    }

    /// Returns the wait before the next read.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }
}
