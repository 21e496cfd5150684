//! How times are distributed, in constant memory.

#[cfg(test)]
mod tests;

use std::time::Duration;

/// How many steps each power of two is divided into.
const STEPS: u64 = 512;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Counts times by their size, to 1 part in 1,024, from a nanosecond to 584 years: at most 230 KB,
/// and for times up to a second at most 90 KB. The least and the greatest are kept as they are.
///
/// ```
/// use std::time::Duration;
/// use timestamp::ping::Histogram;
///
/// let mut distribution = Histogram::default();
/// (1..=100).for_each(|ms| distribution.add(Duration::from_millis(ms)));
/// let median = distribution.quantile(0.5).ok_or("empty")?;
/// assert!(median.abs_diff(Duration::from_millis(50)) < Duration::from_micros(50));
/// assert_eq!(distribution.quantile(1.0), Some(Duration::from_millis(100)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    ends: Option<(Duration, Duration)>,
}

impl Histogram {
    /// Counts one time.
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

    /// How many times there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least, `None` if there is none.
    pub fn min(&self) -> Option<Duration> {
        Some(self.ends?.0)
    }

    /// The greatest, `None` if there is none.
    pub fn max(&self) -> Option<Duration> {
        Some(self.ends?.1)
    }

    /// The time that a share `q` of all, 0 to 1, do not exceed: of the n times in order, the one at
    /// the place q × n, rounded up. `None` if there is none.
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

    /// The times that there are, ascending, and how many there are of each.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let counted = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counted.map(|(index, count)| (Duration::from_nanos(middle(index)), *count))
    }
}

/// Up to twice the steps, each number has its own place. Above, a power of two has as many places
/// as there are steps.
fn index(nanos: u64) -> usize {
    let shift = (u64::BITS - (nanos | 1).leading_zeros()).saturating_sub(STEP_BITS + 1);
    (u64::from(shift) * STEPS + (nanos >> shift)) as usize
}

/// The middle of the numbers at a place.
fn middle(index: usize) -> u64 {
    let index = index as u64;
    let shift = (index / STEPS).saturating_sub(1);
    let low = (index - shift * STEPS) << shift;
    low + ((1 << shift) - 1) / 2
}
