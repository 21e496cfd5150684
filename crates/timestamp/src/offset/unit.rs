//! The unit of a clock that sends bare numbers, found from the speed at which they grow.

use crate::offset::interval::coarse;
use crate::offset::sample::Sample;
use crate::unix_time::{SECOND, from_unix_nanos, unix_nanos};

#[cfg(test)]
mod tests;

/// The possible units in nanoseconds: a second, and its decimal fractions.
const UNITS: [i128; 4] = [1_000_000_000, 1_000_000, 1_000, 1];
/// The most samples that are kept until the unit is known.
const KEPT: usize = 64;
/// The factor by which a clock may appear too fast or too slow, because it may have been adjusted.
/// Units differ by a factor of 1000.
const LENIENCE: i128 = 2;

/// The unit of the numbers of one clock.
///
/// A number *N* and a later one *M* were read at least *low* and at most *high* nanoseconds apart,
/// by the clock of this machine. With the right unit *u*, the server's clock has advanced by more
/// than (*M* − *N* − 1) *u* and less than (*M* − *N* + 1) *u*. A unit is wrong if the clock would
/// have advanced far too much or too little.
///
/// The unit is known when every other unit is wrong for some pair, and a number has grown by at
/// least 2. A number that has grown by less may be a larger unit just before its next change.
#[derive(Debug, Clone, Default)]
pub(super) struct Unit {
    /// The unit in nanoseconds, once it is known.
    known: Option<i128>,
    /// The first sample and the last ones. Once the unit is known, only the last one.
    kept: Vec<Sample>,
    /// The units that some pair of samples excludes.
    wrong: [bool; UNITS.len()],
    /// `true` if some number has grown by 2.
    has_grown: bool,
}

impl Unit {
    /// Adds a sample with a bare number. Once the unit is known, returns it with the samples since
    /// the last such result, whose times have that unit.
    pub(super) fn add(&mut self, sample: &Sample) -> Option<(i128, Vec<Sample>)> {
        for other in &self.kept {
            self.has_grown |= number(sample).abs_diff(number(other)) >= 2;
            for (wrong, unit) in self.wrong.iter_mut().zip(UNITS) {
                *wrong |= !is_possible(other, sample, unit);
            }
        }
        if self.wrong == [true; UNITS.len()] {
            // A clock was set, or the number counts something else.
            *self = Unit::default();
        }
        if self.kept.len() == KEPT {
            // The first sample stays, because it spans the longest time.
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

    /// Returns `true` if there are numbers whose unit is unknown.
    pub(super) fn is_unknown(&self) -> bool {
        self.known.is_none() && !self.kept.is_empty()
    }
}

/// Returns the bare number of a sample, its time in units of its resolution.
fn number(sample: &Sample) -> i128 {
    unix_nanos(sample.server) / (sample.resolution.as_nanos() as i128).max(1)
}

fn with_unit(sample: &Sample, unit: i128) -> Option<Sample> {
    let resolution = SECOND / (UNITS[0] / unit) as u32;
    let server = from_unix_nanos(number(sample).checked_mul(unit)?)?;
    Some(Sample { server, resolution, unit_assumed: false, ..*sample })
}

/// Returns `true` if `unit` is possible: with it, the server's clock advanced about as much between
/// the two samples as ours.
fn is_possible(one: &Sample, other: &Sample, unit: i128) -> bool {
    let (early, late) = if one.sent <= other.sent { (one, other) } else { (other, one) };
    let apart = unix_nanos(late.sent) - unix_nanos(early.sent);
    let low = apart - early.round_trip.as_nanos() as i128;
    let high = apart + late.round_trip.as_nanos() as i128;
    let grown = number(late) - number(early);
    let step = unit + coarse(unit);
    grown * unit - step <= high * LENIENCE && (grown * unit + step) * LENIENCE >= low
}
