//! A worker's turn: what a service can do beyond one connection.

use std::fmt;
use std::time::{Instant, SystemTime};

use super::clock::Clock;
use super::output::{ConnectionId, Output};

/// What [`Service::turn`](super::Service::turn) gets: all connections of this worker.
///
/// The loop waits for events, sees to each connection that has one, and then gives the service its
/// turn. So this is the place to send what came from some to all, in one write for each.
pub struct Turn<'a, C> {
    pub(super) connections: &'a mut dyn ConnectionAccess<C>,
    pub(super) clock: &'a Clock,
    pub(super) stopping: bool,
    pub(super) again: Option<Instant>,
}

/// The connections behind a turn, whatever their sockets are.
pub(super) trait ConnectionAccess<C> {
    fn each(&mut self, f: &mut dyn FnMut(&mut C, &mut Output));
    fn with(&mut self, id: ConnectionId, f: &mut dyn FnMut(&mut C, &mut Output)) -> bool;
    fn pause_reading(&mut self);
    fn resume_reading(&mut self);
}

impl<C> Turn<'_, C> {
    /// Calls `f` for each open connection of this worker and sends what it says, in one system call
    /// each.
    pub fn each(&mut self, mut f: impl FnMut(&mut C, &mut Output)) {
        self.connections.each(&mut f);
    }

    /// Calls `f` for the connection `id`, if it is there still, and sends what it says. Whether it
    /// is. One that is being closed is there until it has taken what it is owed: it can be cut off,
    /// and nothing more is sent to it.
    pub fn with(&mut self, id: ConnectionId, mut f: impl FnMut(&mut C, &mut Output)) -> bool {
        self.connections.with(id, &mut f)
    }

    /// Stops reading from all connections of this worker until
    /// [`resume_reading`](Self::resume_reading). Output goes on. For a service whose input causes
    /// more output than its peers take: unread input fills the senders' sockets, and they wait.
    pub fn pause_reading(&mut self) {
        self.connections.pause_reading();
    }

    /// Reads from all connections of this worker again after [`pause_reading`](Self::pause_reading).
    /// ConnectionAccess that [paused on their own](Output::pause_reading) stay paused.
    pub fn resume_reading(&mut self) {
        self.connections.resume_reading();
    }

    /// Asks for another turn at `at`, or earlier if something happens.
    pub fn again_at(&mut self, at: Instant) {
        self.again = Some(self.again.map_or(at, |other| other.min(at)));
    }

    /// Whether the server is stopping: no worker reads input any more.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// As [`Output::now`].
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// As [`Output::time`].
    pub fn time(&self) -> SystemTime {
        self.clock.time()
    }
}

impl<C> fmt::Debug for Turn<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("stopping", &self.stopping).finish_non_exhaustive()
    }
}
