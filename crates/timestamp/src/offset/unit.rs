//! The unit of a clock that tells bare numbers, found by the speed at which they grow.

#[cfg(test)]
mod tests;

use crate::offset::interval::coarse;
use crate::offset::sample::Sample;
use crate::unix_time::{SECOND, from_unix_nanos, unix_nanos};

/// Nanoseconds of the units that a number may count: a second, and its decimal parts.
const UNITS: [i128; 4] = [1_000_000_000, 1_000_000, 1_000, 1];
/// Exchanges that are kept until the unit is known.
const KEPT: usize = 64;
/// The factor by which a clock may seem too fast or too slow: it may have been set a little. Units
/// differ by a factor of 1000.
const LENIENCE: i128 = 2;

/// Numbers of one clock.
///
/// A number *N* and a later one *M* stand for clocks that were read at least *low* and at most
/// *high* nanoseconds apart, by the time of this machine. With the right unit *u* the server's clock
/// has moved by more than (*M* − *N* − 1) *u* and less than (*M* − *N* + 1) *u*. A unit with which it
/// would have moved far too much or too little is wrong. The unit is known as soon as all others are
/// wrong for some pair, and a number has grown by 2 with it: what has grown by less may be the tick
/// of another counter that has not turned yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Unit {
    /// The unit, once it is known.
    known: Option<i128>,
    /// The first exchange and the last ones. Once the unit is known, only the last one.
    kept: Vec<Sample>,
    /// The units that some pair excludes.
    wrong: [bool; UNITS.len()],
    /// Some number has grown by 2.
    has_grown: bool,
}

impl Unit {
    /// Takes an exchange with a number. Returns the unit, once it is known, and the exchanges since
    /// the last such result with the times that it makes of their numbers.
    pub(super) fn add(&mut self, sample: &Sample) -> Option<(i128, Vec<Sample>)> {
        for other in &self.kept {
            self.has_grown |= number(sample).abs_diff(number(other)) >= 2;
            for (wrong, unit) in self.wrong.iter_mut().zip(UNITS) {
                *wrong |= !is_possible(other, sample, unit);
            }
        }
        if self.wrong == [true; UNITS.len()] {
            // One of the clocks has been set, or the number counts something else.
            *self = Unit::default();
        }
        if self.kept.len() == KEPT {
            // Not the first, which spans the longest time.
            self.kept.remove(1);
        }
        self.kept.push(*sample);
        let mut possible = UNITS.iter().zip(self.wrong).filter(|(_, wrong)| !wrong);
        let unit = match (possible.next(), possible.next()) {
            (Some((unit, _)), None) if self.has_grown => *unit,
            _ => return None,
        };
        let new = match self.known.replace(unit) {
            Some(_) => vec![*sample],
            None => std::mem::take(&mut self.kept),
        };
        self.kept = vec![*sample];
        Some((unit, new.iter().filter_map(|sample| with_unit(sample, unit)).collect()))
    }

    /// Returns `true` if numbers came whose unit is not known.
    pub(super) fn is_unknown(&self) -> bool {
        self.known.is_none() && !self.kept.is_empty()
    }
}

/// The number, which stands for so many steps of the resolution.
fn number(sample: &Sample) -> i128 {
    unix_nanos(sample.server) / (sample.resolution.as_nanos() as i128).max(1)
}

fn with_unit(sample: &Sample, unit: i128) -> Option<Sample> {
    let resolution = SECOND / (UNITS[0] / unit) as u32;
    let server = from_unix_nanos(number(sample).checked_mul(unit)?)?;
    Some(Sample { server, resolution, unit_assumed: false, ..*sample })
}

/// Returns `true` if the server's clock may have moved from the one exchange to the other as the
/// numbers say, were `unit` the unit.
fn is_possible(one: &Sample, other: &Sample, unit: i128) -> bool {
    let (early, late) = if one.sent <= other.sent { (one, other) } else { (other, one) };
    let apart = unix_nanos(late.sent) - unix_nanos(early.sent);
    let low = apart - early.round_trip.as_nanos() as i128;
    let high = apart + late.round_trip.as_nanos() as i128;
    let grown = number(late) - number(early);
    let step = unit + coarse(unit);
    grown * unit - step <= high * LENIENCE && (grown * unit + step) * LENIENCE >= low
}
