//! The next point in time at which each web connection needs attention.

use std::collections::BTreeSet;
use std::time::Instant;

/// Times and keys of connections, in the order of the times. A connection has at most one.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(BTreeSet<(Instant, u64)>);

impl Deadlines {
    /// Adds the time of a connection that has none.
    pub(crate) fn insert(&mut self, at: Instant, key: u64) {
        self.0.insert((at, key));
    }

    /// Removes the time of a connection that is over.
    pub(crate) fn remove(&mut self, at: Instant, key: u64) {
        self.0.remove(&(at, key));
    }

    /// Removes and returns the first time that is due at `now`, with its key.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<u64> {
        let first = *self.0.first().filter(|(at, _)| *at <= now)?;
        self.0.remove(&first);
        Some(first.1)
    }

    /// Returns the first time.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }
}
