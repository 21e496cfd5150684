//! Guests: the clients of a shard that have not said the password.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::hub::Hub;
use crate::shard::member::Member;

/// The clients at the door, in the order of their deadlines.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    deadlines: BTreeSet<(Instant, u64)>,
    /// Time at which the wrong passwords that are not in the log yet are reported.
    report_at: Option<Instant>,
}

impl Guests {
    /// Adds a client whose time ends at `deadline`.
    pub(crate) fn insert(&mut self, hub: &Hub, deadline: Instant, key: u64) {
        self.deadlines.insert((deadline, key));
        hub.guests.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets a client that is admitted or disconnects.
    pub(crate) fn remove(&mut self, hub: &Hub, member: &Member) {
        if let Some(knock) = member.knock() {
            self.deadlines.remove(&(knock.deadline, member.key));
            hub.guests.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Makes sure that wrong passwords are reported at `at` or before.
    pub(crate) fn report_by(&mut self, at: Instant) {
        self.report_at = Some(self.report_at.map_or(at, |before| before.min(at)));
    }

    /// Returns the keys of the clients whose time ends at `now` or before, and reports the wrong
    /// passwords if that is due.
    pub(crate) fn take_due(&mut self, hub: &Hub, now: Instant) -> impl Iterator<Item = u64> {
        if self.report_at.is_some_and(|at| at <= now) {
            self.report_at = hub.failed_passwords.report(now);
        }
        let later = self.deadlines.split_off(&(now + Duration::from_nanos(1), 0));
        let due = std::mem::replace(&mut self.deadlines, later);
        due.into_iter().rev().map(|(_, key)| key)
    }

    /// Returns the time at which the next client's time ends or a report is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        deadline.into_iter().chain(self.report_at).min()
    }
}
