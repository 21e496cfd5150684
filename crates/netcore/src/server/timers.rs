//! One timer a connection, armed for the earliest thing that can happen to it and checked when it
//! fires: a connection that was active meanwhile is armed again, so that activity costs no timer
//! work.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Milliseconds on the worker's clock; `NEVER`: not armed.
pub(super) const NEVER: u64 = u64::MAX;

#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(u64, u32, u32)>>);

impl Timers {
    /// `at` is due for the connection `index`, `generation`.
    pub(super) fn arm(&mut self, at: u64, index: u32, generation: u32) {
        self.0.push(Reverse((at, index, generation)));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets those that `live` says nothing waits for.
    pub(super) fn retain(&mut self, live: impl Fn(u64, u32, u32) -> bool) {
        self.0.retain(|Reverse((at, index, generation))| live(*at, *index, *generation));
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<u64> {
        self.0.peek().map(|Reverse((at, ..))| *at)
    }

    /// The next one that is due at `now`: when it was armed for, and for which connection.
    pub(super) fn pop(&mut self, now: u64) -> Option<(u64, u32, u32)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(t)| t)
    }
}
