//! The offset and drift between two clocks, estimated from exchanges of timestamps.

mod drift_bounds;
mod interval;
pub(crate) mod sample;
mod unit;

use std::time::Duration;

use crate::offset::drift_bounds::DriftBounds;
use crate::offset::interval::{COARSE, Interval, TOLERANCE};
use crate::offset::sample::Sample;
use crate::offset::unit::Unit;

#[cfg(test)]
mod tests;

/// The offset of the server's clock from ours. It is negative if the server's clock is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// The middle of the possible values, in nanoseconds.
    pub nanos: i128,
    /// The most by which the value is wrong.
    pub error: Duration,
}

/// The drift of the server's clock from ours. It is negative if the server's clock is slower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The middle of the possible values in millionths, which are microseconds per second.
    pub ppm: f64,
    /// The most by which the value is wrong, in millionths.
    pub error: f64,
}

/// Estimates the offset and the drift of a server's clock from ours. Each estimate has an error
/// bound that holds for any behaviour of the network. An estimator has constant size and does no
/// I/O.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use timestamp::{Estimator, Sample};
///
/// let mut estimator = Estimator::default();
/// // The round trip takes 20 ms. The server is one second ahead and reads its clock halfway.
/// estimator.add(&Sample {
///     sent: UNIX_EPOCH + Duration::from_millis(5_000),
///     round_trip: Duration::from_millis(20),
///     server: UNIX_EPOCH + Duration::from_millis(6_010),
///     resolution: Duration::from_nanos(1),
///     unit_assumed: false,
/// });
/// let offset = estimator.offset().ok_or("no offset")?;
/// assert!((offset.nanos - 1_000_000_000).abs() < 2_100);
/// assert!(offset.error >= Duration::from_millis(10));
/// assert!(offset.error < Duration::from_micros(10_003));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The bound of one exchange
///
/// Our clock shows *a* when the request is sent and *b* when the answer arrives. In between, at a
/// time *c* of our clock with *a* ≤ *c* ≤ *b*, the server reads its clock, which shows *t*. It
/// sends *t* as *T*, rounded down to a step of *r*: *T* ≤ *t* < *T* + *r*. The offset is *θ* = *t*
/// − *c*. It is at least *T* − *b* and less than *T* + *r* − *a*:
///
/// ```text
/// T − b  ≤  θ  <  T + r − a        the middle is wrong by at most (b − a + r) / 2
/// ```
///
/// The bound makes no assumption about how the round trip divides into both directions. *b* is *a*
/// plus the round trip, so setting a clock during the exchange does not change it. For a server
/// that sends whole seconds the interval is wider by [`COARSE`](Estimator::COARSE): many servers
/// read time(2), which stands still between two ticks of the kernel.
///
/// # Bare numbers
///
/// A bare number has no unit: `1795194662` may count seconds, milliseconds, microseconds or
/// nanoseconds since 1970, and a guess would break the bound. The estimator therefore finds the
/// unit from the speed at which the numbers grow. The unit is known when a number has grown by 2,
/// for seconds after at most 3 s. Until then there is no offset, and
/// [`is_unit_unknown`](Estimator::is_unit_unknown) returns `true`. The samples so far are used once
/// the unit is known.
///
/// # The bound of many exchanges
///
/// A constant *θ* lies in the interval of every exchange, and so in their intersection. The
/// intersection is never wider than the interval with the smallest round trip. It is narrower if
/// one exchange was fast in one direction and another one in the other. With a server that sends
/// whole seconds, it shrinks from a second to about the round trip, because some exchanges happen
/// just before the server's second changes and some just after.
///
/// Clocks run at different speeds, however: the quartz of a computer is off by up to about 50
/// millionths. The earlier interval is therefore widened on both sides by
/// [`TOLERANCE`](Estimator::TOLERANCE) times the time since then, before it is intersected with the
/// next one. An empty intersection means that one clock was set, or is slewed faster than that
/// (adjtime(3) allows 500 millionths, chronyd more). The estimate then starts again with the latest
/// exchange, and [`steps`](Estimator::steps) counts it.
///
/// # The drift
///
/// For the drift, *θ* is assumed to be linear in time since the last step. A line through the
/// intervals of two exchanges, at *u* and later at *v*, is at most as steep as the line from the
/// lower bound at *u* to the upper bound at *v*. It is at least as steep as the line from the upper
/// to the lower bound:
///
/// ```text
/// (low(v) − high(u)) / (v − u)  ≤  dθ/dt  ≤  (high(v) − low(u)) / (v − u)
/// ```
///
/// The drift lies between the greatest left side and the least right side over all pairs. For long
/// runs, only the tightest bounds of 64 periods are kept. That removes conditions and adds none, so
/// the result may be wider but never wrong. The uncertainty falls with the length of the run. The
/// drift is reported once its error is below [`TOLERANCE`](Estimator::TOLERANCE), which is assumed
/// anyway.
#[derive(Debug, Clone, Default)]
pub struct Estimator {
    offset: Option<Interval>,
    drift_bounds: DriftBounds,
    samples: u64,
    steps: u64,
    unit: Unit,
    /// The unit of the bare numbers that are in the estimate.
    used_unit: Option<i128>,
}

impl Estimator {
    /// The most by which one clock runs faster or slower than the other, in millionths: each of
    /// them is off by 50 millionths, in opposite directions.
    pub const TOLERANCE: f64 = TOLERANCE;

    /// The most by which the clock lags that a server reads for whole seconds: the longest tick of
    /// a kernel (`HZ` of 100), 10 ms.
    pub const COARSE: Duration = COARSE;

    /// Adds a sample. Samples may come in any order.
    pub fn add(&mut self, sample: &Sample) {
        if !sample.unit_assumed {
            return self.add_known(sample);
        }
        let Some((unit, samples)) = self.unit.add(sample) else { return };
        if self.used_unit.replace(unit).is_some_and(|other| other != unit) {
            // The estimate with the other unit was wrong.
            let unit = std::mem::take(&mut self.unit);
            *self = Estimator { unit, used_unit: self.used_unit, ..Estimator::default() };
        }
        samples.iter().for_each(|sample| self.add_known(sample));
    }

    fn add_known(&mut self, sample: &Sample) {
        self.samples += 1;
        let new = Interval::of(sample);
        self.drift_bounds.add(new);
        let common = match self.offset {
            None => Some(new),
            Some(old) => {
                let at = old.at.max(new.at);
                old.carried_to(at).intersection(new.carried_to(at))
            }
        };
        if common.is_none() {
            self.steps += 1;
            if self.drift_bounds.is_empty() {
                self.drift_bounds = DriftBounds::default();
                self.drift_bounds.add(new);
            }
        }
        self.offset = Some(common.unwrap_or(new));
    }

    /// Returns `true` if the server tells bare numbers whose unit is not known yet.
    pub fn is_unit_unknown(&self) -> bool {
        self.unit.is_unknown()
    }

    /// Returns the offset at the start of the last exchange. Returns `None` before the first sample
    /// whose unit is known.
    pub fn offset(&self) -> Option<Offset> {
        let Interval { low, high, .. } = self.offset?;
        // The error is rounded up, so that it covers both ends.
        let error = u64::try_from((high - low + 1) / 2 + 1).unwrap_or(u64::MAX);
        Some(Offset { nanos: (low + high).div_euclid(2), error: Duration::from_nanos(error) })
    }

    /// Returns the drift. Returns `None` until its error is below
    /// [`TOLERANCE`](Estimator::TOLERANCE), or if no line fits the samples since the last step.
    pub fn drift(&self) -> Option<Drift> {
        let (least, most) = self.drift_bounds.slopes()?;
        let (ppm, error) = ((least + most) / 2.0 * 1e6, (most - least) / 2.0 * 1e6);
        (0.0..Estimator::TOLERANCE).contains(&error).then_some(Drift { ppm, error })
    }

    /// Returns the number of samples in the estimate.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Returns how many times the offset has changed by more than
    /// [`TOLERANCE`](Estimator::TOLERANCE) allows.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}
