//! How far apart two clocks are, out of exchanges between them.

mod drift_bounds;
mod interval;
pub(crate) mod sample;
#[cfg(test)]
mod tests;
mod unit;

use std::time::Duration;

use crate::offset::drift_bounds::DriftBounds;
use crate::offset::interval::{COARSE, Interval, TOLERANCE};
use crate::offset::sample::Sample;
use crate::offset::unit::Unit;

/// How far the server's clock is ahead of ours; behind, where it is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// The middle of what is possible, in nanoseconds.
    pub nanos: i128,
    /// It is wrong by no more than this.
    pub error: Duration,
}

/// How much faster the server's clock runs than ours; slower, where it is negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The middle of what is possible, in millionths: microseconds a second.
    pub ppm: f64,
    /// It is wrong by no more than this, in millionths.
    pub error: f64,
}

/// Estimates the offset of a server's clock from ours, and its drift, each with a bound of its
/// error that holds whatever the network did. A value without I/O, of constant size.
///
/// # The bound of one exchange
///
/// Our clock shows *a* as the request goes and *b* as the answer is there. In between, when our
/// clock shows some *c* with *a* ≤ *c* ≤ *b*, the server reads its own, which shows *t*, and tells
/// it as *T*, rounded down to a step of *r*: *T* ≤ *t* < *T* + *r*. The offset is *θ* = *t* − *c*.
/// The least that this can be is *T* − *b*, and it is less than *T* + *r* − *a*:
///
/// ```text
/// T − b  ≤  θ  <  T + r − a        the middle of which is wrong by (b − a + r) / 2 at most
/// ```
///
/// Nothing is assumed about how the round trip divides into the way there and the way back, so none
/// is wrong about it. For *b* we take *a* and the round trip: a clock that is set within the
/// exchange does not change how long that was. A server that tells whole seconds is allowed another
/// [`COARSE`](Estimator::COARSE): what many read for them, time(2), stands still between two ticks
/// of the kernel.
///
/// # Bare numbers
///
/// A number alone has no unit: `1795194662` may count seconds, milliseconds, microseconds or
/// nanoseconds since 1970, and a guess would be no bound. The unit is therefore found out by how
/// fast the numbers grow: it is known once one has grown by 2, so with seconds after 3 s at the
/// latest. Until then there is no offset, and [`is_unit_unknown`](Estimator::is_unit_unknown) is `true`; the
/// exchanges count once the unit is known.
///
/// # The bound of many
///
/// Were *θ* the same all the time, it would lie in the interval of every exchange, and so in their
/// intersection. That is never wider than the interval of the exchange with the smallest round
/// trip, and narrower where one exchange was quick there and another was quick back. With a server
/// that tells whole seconds, it comes down from a second to about the round trip, as exchanges fall
/// just before and just behind the turn of its second: not for guessing, but since both of them
/// hold.
///
/// Clocks do not run alike, though: the quartz of a computer is off by up to some 50 millionths. So
/// what an earlier exchange allows is widened on both sides by [`TOLERANCE`](Estimator::TOLERANCE)
/// for the time since, before the next is laid over it. If they then have nothing in common, the
/// assumption was wrong: one of the clocks has been set, or is slewed faster than that (adjtime(3)
/// goes to 500 millionths, chronyd further). The estimate begins anew from there, and
/// [`steps`](Estimator::steps) counts it.
///
/// # The drift
///
/// For the drift, *θ* is taken to be a straight line over the time since the last step. Through the
/// intervals of two exchanges, at *u* and later at *v*, no line passes that is steeper than from
/// the lower bound of the one to the upper bound of the other, nor flatter than from the upper to
/// the lower:
///
/// ```text
/// (low(v) − high(u)) / (v − u)  ≤  dθ/dt  ≤  (high(v) − low(u)) / (v − u)
/// ```
///
/// The drift lies between the greatest of the left and the least of the right over all pairs. Of
/// long runs, the tightest bounds of 64 stretches of time are kept, which drops conditions and adds
/// none: the bound gets wider by it, never wrong. The uncertainty falls with the length of the run;
/// the drift is told once it is below [`TOLERANCE`](Estimator::TOLERANCE), for what is assumed
/// anyway is no news.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use timestamp::{Estimator, Sample};
///
/// let mut estimator = Estimator::default();
/// // The answer takes 20 ms. The server is a second ahead, and reads its clock in the middle.
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
#[derive(Debug, Clone, Default)]
pub struct Estimator {
    offset: Option<Interval>,
    drift_bounds: DriftBounds,
    samples: u64,
    steps: u64,
    unit: Unit,
    /// The unit with which numbers have been taken into account.
    taken_with: Option<i128>,
}

impl Estimator {
    /// How much faster or slower the one clock may run than the other, in millionths: each of them
    /// 50 off, in opposite directions.
    pub const TOLERANCE: f64 = TOLERANCE;

    /// How far the clock may be behind that a server reads for whole seconds: the longest tick of a
    /// kernel (`HZ` of 100), which is 10 ms.
    pub const COARSE: Duration = COARSE;

    /// Takes one exchange into account. They may come in any order.
    pub fn add(&mut self, sample: &Sample) {
        if !sample.unit_assumed {
            return self.take(sample);
        }
        let Some((unit, samples)) = self.unit.add(sample) else { return };
        if self.taken_with.replace(unit).is_some_and(|other| other != unit) {
            // With the other unit, all of it was wrong.
            let unit = std::mem::take(&mut self.unit);
            *self = Estimator { unit, taken_with: self.taken_with, ..Estimator::default() };
        }
        samples.iter().for_each(|sample| self.take(sample));
    }

    fn take(&mut self, sample: &Sample) {
        self.samples += 1;
        let new = Interval::of(sample);
        self.drift_bounds.add(new);
        let met = match self.offset {
            None => Some(new),
            Some(old) => {
                let at = old.at.max(new.at);
                old.carried_to(at).intersection(new.carried_to(at))
            }
        };
        if met.is_none() {
            self.steps += 1;
            if self.drift_bounds.is_broken() {
                self.drift_bounds = DriftBounds::default();
                self.drift_bounds.add(new);
            }
        }
        self.offset = Some(met.unwrap_or(new));
    }

    /// Returns `true` if the server tells bare numbers whose unit is not known yet.
    pub fn is_unit_unknown(&self) -> bool {
        self.unit.is_unknown()
    }

    /// The offset when the last exchange began. `None` before the first whose unit is known.
    pub fn offset(&self) -> Option<Offset> {
        let Interval { low, high, .. } = self.offset?;
        // Rounded up, so that both ends are covered.
        let error = u64::try_from((high - low + 1) / 2 + 1).unwrap_or(u64::MAX);
        Some(Offset { nanos: (low + high).div_euclid(2), error: Duration::from_nanos(error) })
    }

    /// The drift, once it is known to less than [`TOLERANCE`](Estimator::TOLERANCE), and if the
    /// exchanges since the last step allow one at all.
    pub fn drift(&self) -> Option<Drift> {
        let (least, most) = self.drift_bounds.slopes()?;
        let (ppm, error) = ((least + most) / 2.0 * 1e6, (most - least) / 2.0 * 1e6);
        (0.0..Estimator::TOLERANCE).contains(&error).then_some(Drift { ppm, error })
    }

    /// How many exchanges have been taken into account.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// How often the offset changed by more than [`TOLERANCE`](Estimator::TOLERANCE) allows.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}
