//! Clients whose reading is paused until a point in time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::shard::member::Member;

/// The paused clients of a shard, in the order in which they resume.
#[derive(Debug, Default)]
pub(crate) struct PausedClients(BTreeSet<(Instant, u64)>);

impl PausedClients {
    /// Pauses a client until `at`, instead of an earlier time.
    pub(crate) fn insert(&mut self, member: &mut Member, at: Instant) {
        if let Some(before) = member.extra().paused_until.replace(at) {
            self.0.remove(&(before, member.key));
        }
        self.0.insert((at, member.key));
    }

    /// Forgets a client that disconnects.
    pub(crate) fn remove(&mut self, member: &Member) {
        if let Some(at) = member.paused_until() {
            self.0.remove(&(at, member.key));
        }
    }

    /// Removes the clients whose pause ends at `now` or before. Returns their keys, the
    /// longest-paused client last.
    pub(crate) fn take_due(&mut self, now: Instant) -> impl Iterator<Item = u64> {
        let later = self.0.split_off(&(now + Duration::from_nanos(1), 0));
        let due = std::mem::replace(&mut self.0, later);
        due.into_iter().rev().map(|(_, key)| key)
    }

    /// Returns the time at which the next pause ends.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }
}
