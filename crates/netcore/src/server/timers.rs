//! The timers of a worker, one for each connection.
//!
//! A timer is armed for the earliest timeout of its connection and checked when it fires. If the
//! connection was active meanwhile, the timer is armed again, so activity costs no timer work.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The time, in milliseconds on the worker's clock, of a timer that is not armed.
pub(super) const NEVER: u64 = u64::MAX;

#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(u64, u32, u32)>>);

impl Timers {
    /// Arms a timer for the time `at` and the connection `index`, `generation`.
    pub(super) fn arm(&mut self, at: u64, index: u32, generation: u32) {
        self.0.push(Reverse((at, index, generation)));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Drops the timers for which `live` returns `false`.
    pub(super) fn retain(&mut self, live: impl Fn(u64, u32, u32) -> bool) {
        self.0.retain(|Reverse((at, index, generation))| live(*at, *index, *generation));
    }

    /// Returns the time of the next timer.
    pub(super) fn next(&self) -> Option<u64> {
        self.0.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the next timer that is due at `now`. Returns its time and its connection.
    pub(super) fn pop(&mut self, now: u64) -> Option<(u64, u32, u32)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(t)| t)
    }
}
