//! The distribution of latencies.

use std::fmt;
use std::time::Duration;

use crate::histogram::Histogram;

#[cfg(test)]
mod tests;

/// The longest value in nanoseconds, an hour. Longer latencies count as this.
pub(super) const LONGEST: u64 = 3_600_000_000_000;

/// A distribution of latencies with three significant digits. A latency above one hour counts as
/// one hour. All figures of an empty distribution are zero.
#[derive(Clone, Default)]
pub struct Latency(Histogram);

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

impl Latency {
    pub(super) fn record(&mut self, nanoseconds: u64) {
        self.0.add(Duration::from_nanos(nanoseconds.min(LONGEST)));
    }

    pub(super) fn add(&mut self, other: &Latency) {
        self.0.merge(&other.0);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the counts of all buckets, in the order of HdrHistogram.
    pub(super) fn counts(&self) -> &[u64] {
        self.0.counts()
    }

    /// Returns the number of latencies.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// Returns the mean.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.0.mean().unwrap_or_default()
    }

    /// Returns the shortest latency.
    #[must_use]
    pub fn min(&self) -> Duration {
        self.0.min().unwrap_or_default()
    }

    /// Returns the longest latency.
    #[must_use]
    pub fn max(&self) -> Duration {
        self.0.max().unwrap_or_default()
    }

    /// Returns the latency that a share `quantile` of all, from 0 to 1, does not exceed: 0.99 is
    /// p99.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        self.0.quantile(quantile).unwrap_or_default()
    }
}
