//! The distribution of latencies.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

#[cfg(test)]
mod tests;

/// The longest value in nanoseconds, an hour. Longer latencies count as this.
const LONGEST: u64 = 3_600_000_000_000;
/// The significant digits of a value: its error is below 0.1 %.
pub(super) const DIGITS: u8 = 3;

/// A distribution of latencies with three significant digits. A latency above one hour counts as
/// one hour.
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

/// The empty distribution.
impl Default for Latency {
    fn default() -> Latency {
        match Histogram::new_with_bounds(1, LONGEST, DIGITS) {
            Ok(histogram) => Latency(histogram),
            Err(error) => unreachable!("the bounds of the histogram are valid: {error}"),
        }
    }
}

impl Latency {
    pub(super) fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    pub(super) fn add(&mut self, other: &Latency) {
        // This cannot fail: both histograms have the same bounds.
        let _ = self.0.add(&other.0);
    }

    pub(super) fn clear(&mut self) {
        self.0.reset();
    }

    pub(super) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// Returns the number of latencies.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Returns the mean, or zero if the distribution is empty.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.0.mean() as u64)
    }

    /// Returns the shortest latency.
    #[must_use]
    pub fn min(&self) -> Duration {
        Duration::from_nanos(self.0.min())
    }

    /// Returns the longest latency.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    /// Returns the latency that a share `quantile` of all, from 0 to 1, does not exceed: 0.99 is
    /// p99.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile).min(self.0.max()))
    }
}
