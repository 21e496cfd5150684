//! A histogram of times in constant memory, for pings and for loads.
//!
//! Its buckets are those of HdrHistogram with three significant digits, so that the log of a load
//! needs no conversion.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// The number of buckets per power of two.
const STEPS: u64 = 1024;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// A histogram of times from a nanosecond to 584 years, with a precision of 1/2048.
///
/// ```
/// use std::time::Duration;
/// use timestamp::ping::Histogram;
///
/// let mut histogram = Histogram::default();
/// (1..=100).for_each(|ms| histogram.add(Duration::from_millis(ms)));
/// let median = histogram.quantile(0.5).ok_or("empty")?;
/// assert!(median.abs_diff(Duration::from_millis(50)) < Duration::from_micros(50));
/// assert_eq!(histogram.quantile(1.0), Some(Duration::from_millis(100)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It takes at most 450 KB, and at most 170 KB for times up to a second. The minimum and the
/// maximum are exact.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    ends: Option<(Duration, Duration)>,
}

impl Histogram {
    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        let index = index(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += 1;
        self.count += 1;
        let (least, greatest) = self.ends.unwrap_or((time, time));
        self.ends = Some((least.min(time), greatest.max(time)));
    }

    /// Adds all times of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.ends = match (self.ends, other.ends) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, others) => mine.or(others),
        };
    }

    /// Removes all times. The memory is kept for further ones.
    pub fn clear(&mut self) {
        self.counts.clear();
        self.count = 0;
        self.ends = None;
    }

    /// Returns the counts of all buckets, up to that of the maximum. They are in the order of
    /// HdrHistogram.
    #[cfg(feature = "bench")]
    pub(crate) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Returns the number of times.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the minimum, or `None` if the histogram is empty.
    pub fn min(&self) -> Option<Duration> {
        Some(self.ends?.0)
    }

    /// Returns the maximum, or `None` if the histogram is empty.
    pub fn max(&self) -> Option<Duration> {
        Some(self.ends?.1)
    }

    /// Returns the mean, with the precision of the buckets, or `None` if the histogram is empty.
    pub fn mean(&self) -> Option<Duration> {
        let (least, greatest) = self.ends?;
        let nanos = |time: Duration| time.as_nanos();
        let sum: u128 = self.buckets().map(|(time, count)| nanos(time) * u128::from(count)).sum();
        let mean = u64::try_from(sum / u128::from(self.count)).unwrap_or(u64::MAX);
        Some(Duration::from_nanos(mean).clamp(least, greatest))
    }

    /// Returns the time that a share `q` of all, from 0 to 1, does not exceed: the one with rank q
    /// × n, rounded up, among n times. Returns `None` if the histogram is empty.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let (least, greatest) = self.ends?;
        let rank = ((q * self.count as f64).ceil() as u64).clamp(1, self.count);
        if rank == self.count {
            return Some(greatest);
        }
        let mut passed = 0;
        let reaches = |(_, count): &(Duration, u64)| {
            passed += count;
            passed >= rank
        };
        let (time, _) = self.buckets().find(reaches)?;
        Some(time.clamp(least, greatest))
    }

    /// Returns the non-empty buckets in ascending order, each as a time and its count.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let counted = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counted.map(|(index, count)| (Duration::from_nanos(middle(index)), *count))
    }
}

/// Returns the bucket of a time. Below twice [`STEPS`], each number has its own bucket; above, each
/// power of two has [`STEPS`] buckets.
fn index(nanos: u64) -> usize {
    let shift = (u64::BITS - (nanos | 1).leading_zeros()).saturating_sub(STEP_BITS + 1);
    (u64::from(shift) * STEPS + (nanos >> shift)) as usize
}

/// Returns the middle of the numbers in a bucket.
fn middle(index: usize) -> u64 {
    let index = index as u64;
    let shift = (index / STEPS).saturating_sub(1);
    let low = (index - shift * STEPS) << shift;
    low + ((1 << shift) - 1) / 2
}
