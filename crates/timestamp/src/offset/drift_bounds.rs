//! The straight lines that pass through a row of intervals.

use crate::offset::interval::Interval;

/// How many stretches of time are told apart.
const SLOTS: i128 = 64;

/// Of each stretch of time the greatest lower and the least upper bound, each with its time.
#[derive(Debug, Clone, Default)]
pub(super) struct DriftBounds {
    begin: i128,
    /// The length of a stretch in nanoseconds.
    width: i128,
    slots: Vec<Option<Slot>>,
}

/// Two points: a time and a bound, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Slot {
    low: (i128, i128),
    high: (i128, i128),
}

impl DriftBounds {
    pub(super) fn add(&mut self, new: Interval) {
        let slot = Slot { low: (new.at, new.low), high: (new.at, new.high) };
        if self.slots.is_empty() {
            (self.begin, self.width) = (new.at, 1);
        }
        // One that was overtaken at the very beginning counts to the first.
        let since = (new.at - self.begin).max(0);
        while since / self.width >= SLOTS {
            self.width *= 2;
            self.slots = self
                .slots
                .chunks(2)
                .map(|pair| pair.iter().flatten().copied().reduce(Slot::both))
                .collect();
        }
        // Less than SLOTS.
        let index = (since / self.width) as usize;
        if self.slots.len() <= index {
            self.slots.resize(index + 1, None);
        }
        self.slots[index] = Some(self.slots[index].map_or(slot, |old| old.both(slot)));
    }

    /// The slopes of the flattest and of the steepest line; the first is the greater if there is no
    /// line at all. `None` before two points in time.
    pub(super) fn slopes(&self) -> Option<(f64, f64)> {
        let slots: Vec<Slot> = self.slots.iter().flatten().copied().collect();
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        for one in &slots {
            for other in &slots {
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

    /// No line passes through all of them.
    pub(super) fn is_broken(&self) -> bool {
        self.slopes().is_some_and(|(least, most)| least > most)
    }
}

impl Slot {
    fn both(self, other: Slot) -> Slot {
        Slot {
            low: if other.low.1 > self.low.1 { other.low } else { self.low },
            high: if other.high.1 < self.high.1 { other.high } else { self.high },
        }
    }
}

fn slope(from: (i128, i128), to: (i128, i128)) -> f64 {
    (to.1 - from.1) as f64 / (to.0 - from.0) as f64
}
