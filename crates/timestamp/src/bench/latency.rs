//! How long answers took.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

/// What is longer counts as this: an hour, in nanoseconds.
const LONGEST: u64 = 3_600_000_000_000;
/// A value is off by less than a thousandth.
pub(super) const DIGITS: u8 = 3;

/// A distribution of times, each kept to three digits. One that is longer than an hour counts as
/// an hour.
#[derive(Clone)]
pub struct Latency(Histogram<u64>);

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency")
            .field("count", &self.count())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish()
    }
}

/// No times.
impl Default for Latency {
    fn default() -> Latency {
        match Histogram::new_with_bounds(1, LONGEST, DIGITS) {
            Ok(histogram) => Latency(histogram),
            Err(error) => unreachable!("these are bounds of a histogram: {error}"),
        }
    }
}

impl Latency {
    pub(super) fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    pub(super) fn add(&mut self, other: &Latency) {
        // It has the same bounds.
        let _ = self.0.add(&other.0);
    }

    pub(super) fn clear(&mut self) {
        self.0.reset();
    }

    pub(super) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// How many times there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The mean; nothing where there are no times.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.0.mean() as u64)
    }

    /// The shortest.
    #[must_use]
    pub fn min(&self) -> Duration {
        Duration::from_nanos(self.0.min())
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    /// The time that the part `quantile` of all is not longer than, from 0 to 1: 0.99 is p99.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile).min(self.0.max()))
    }
}
