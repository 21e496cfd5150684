//! The slopes of the lines through a series of intervals, which bound the drift.

use crate::offset::interval::Interval;

/// The most periods that are kept.
const PERIODS: i128 = 64;

/// The greatest lower bound and the least upper bound of each period, with their times.
#[derive(Debug, Clone, Default)]
pub(super) struct DriftBounds {
    begin: i128,
    /// The length of a period in nanoseconds.
    width: i128,
    periods: Vec<Option<Period>>,
}

/// The bounds of a period, each as a time and an offset in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Period {
    low: (i128, i128),
    high: (i128, i128),
}

impl DriftBounds {
    pub(super) fn add(&mut self, new: Interval) {
        let period = Period { low: (new.at, new.low), high: (new.at, new.high) };
        if self.periods.is_empty() {
            (self.begin, self.width) = (new.at, 1);
        }
        // A sample that was overtaken by the first one belongs to the first period.
        let since = (new.at - self.begin).max(0);
        while since / self.width >= PERIODS {
            self.width *= 2;
            self.periods = self
                .periods
                .chunks(2)
                .map(|pair| pair.iter().flatten().copied().reduce(Period::merge))
                .collect();
        }
        // The index is less than PERIODS.
        let index = (since / self.width) as usize;
        if self.periods.len() <= index {
            self.periods.resize(index + 1, None);
        }
        self.periods[index] = Some(self.periods[index].map_or(period, |old| old.merge(period)));
    }

    /// Returns the slopes of the flattest and the steepest line. The first is greater than the
    /// second if no line fits. Returns `None` before there are two points in time.
    pub(super) fn slopes(&self) -> Option<(f64, f64)> {
        let periods: Vec<Period> = self.periods.iter().flatten().copied().collect();
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        for one in &periods {
            for other in &periods {
                if one.high.0 < other.low.0 {
                    least = least.max(slope(one.high, other.low));
                }
                if one.low.0 < other.high.0 {
                    most = most.min(slope(one.low, other.high));
                }
            }
        }
        (least.is_finite() && most.is_finite()).then_some((least, most))
    }

    /// Returns `true` if no line passes through all intervals.
    pub(super) fn is_empty(&self) -> bool {
        self.slopes().is_some_and(|(least, most)| least > most)
    }
}

impl Period {
    fn merge(self, other: Period) -> Period {
        Period {
            low: if other.low.1 > self.low.1 { other.low } else { self.low },
            high: if other.high.1 < self.high.1 { other.high } else { self.high },
        }
    }
}

fn slope(from: (i128, i128), to: (i128, i128)) -> f64 {
    (to.1 - from.1) as f64 / (to.0 - from.0) as f64
}
