//! The interval in which one sample places the offset of a clock.

use std::time::Duration;

use crate::offset::sample::Sample;
use crate::unix_time::{SECOND, unix_nanos};

/// The most by which one clock runs faster or slower than the other, in millionths: each of them is
/// off by 50 millionths, in opposite directions.
pub(super) const TOLERANCE: f64 = 100.0;
/// The most by which the clock lags that a server reads for whole seconds: the longest tick of a
/// kernel (`HZ` of 100).
pub(super) const COARSE: Duration = Duration::from_millis(10);

/// The bounds of the offset in nanoseconds, when our clock shows `at` nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub(super) at: i128,
    pub(super) low: i128,
    pub(super) high: i128,
}

impl Interval {
    pub(super) fn of(sample: &Sample) -> Interval {
        let (at, server) = (unix_nanos(sample.sent), unix_nanos(sample.server));
        let trip = sample.round_trip.as_nanos() as i128;
        let resolution = sample.resolution.as_nanos() as i128;
        let step = resolution + coarse(resolution);
        // The bounds hold at some time during the exchange; the drift extends them to its start.
        Interval {
            at,
            low: server - at - trip - drifted(trip),
            high: server + step - at + drifted(trip),
        }
    }

    /// Returns the bounds at another time, widened by the drift since.
    pub(super) fn carried_to(self, at: i128) -> Interval {
        let more = drifted((at - self.at).abs());
        Interval { at, low: self.low - more, high: self.high + more }
    }

    pub(super) fn intersection(self, other: Interval) -> Option<Interval> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low <= high).then_some(Interval { at: self.at, low, high })
    }
}

/// Returns the most by which a clock with a resolution of `resolution` nanoseconds lags, in
/// nanoseconds.
pub(super) fn coarse(resolution: i128) -> i128 {
    if resolution >= SECOND.as_nanos() as i128 { COARSE.as_nanos() as i128 } else { 0 }
}

/// Returns the most by which two clocks move apart in `nanos` nanoseconds, rounded up.
fn drifted(nanos: i128) -> i128 {
    nanos * TOLERANCE as i128 / 1_000_000 + 1
}
