//! Joins and leaves that follow one another, combined into notices.

use std::sync::Arc;

/// Joins or leaves of one run that a notice names; it counts the others.
pub(crate) const NAMED: usize = 8;

/// A change in the membership of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Joined,
    Left,
}

/// Consecutive joins, or consecutive leaves. Many become one notice: a thousand clients that join
/// one by one would otherwise cause half a million deliveries, each with a system call.
#[derive(Debug, Default)]
pub(crate) struct Run {
    change: Option<Change>,
    /// Names of the first [`NAMED`] clients.
    names: Vec<Arc<str>>,
    count: usize,
}

impl Run {
    /// Returns `true` if `change` can be added: the run is empty, or consists of such changes.
    pub(crate) fn accepts(&self, change: Change) -> bool {
        self.change.is_none_or(|of_run| of_run == change)
    }

    /// Adds the change of one client.
    pub(crate) fn add(&mut self, change: Change, name: &Arc<str>) {
        self.change = Some(change);
        self.count += 1;
        if self.names.len() < NAMED {
            self.names.push(name.clone());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Ends the run. Returns the texts of its notices: one for each client of a short run, one for
    /// all of a long one.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        let Run { change, names, count } = std::mem::take(self);
        let done = match change {
            None => return Vec::new(),
            Some(Change::Joined) => "joined",
            Some(Change::Left) => "left",
        };
        if count > NAMED {
            vec![format!("{} and {} more have {done}", names.join(", "), count - NAMED)]
        } else {
            names.iter().map(|name| format!("{name} has {done}")).collect()
        }
    }
}
