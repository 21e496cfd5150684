//! A service's turn: access to all connections of its worker.

use std::fmt;
use std::time::{Instant, SystemTime};

use super::clock::Clock;
use super::output::{ConnectionId, Output};

/// Access to all connections of a worker, lent to [`Service::turn`](super::Service::turn).
///
/// The loop waits for events, handles each connection that has one, and then gives the service its
/// turn. A service that broadcasts sends here, in one write for each connection.
pub struct Turn<'a, C> {
    pub(super) connections: &'a mut dyn ConnectionAccess<C>,
    pub(super) clock: &'a Clock,
    pub(super) stopping: bool,
    pub(super) again: Option<Instant>,
}

/// The connections behind a turn, for any kind of socket.
pub(super) trait ConnectionAccess<C> {
    fn each(&mut self, f: &mut dyn FnMut(&mut C, &mut Output));
    fn with(&mut self, id: ConnectionId, f: &mut dyn FnMut(&mut C, &mut Output)) -> bool;
    fn pause_reading(&mut self);
    fn resume_reading(&mut self);
}

impl<C> Turn<'_, C> {
    /// Calls `f` for each open connection of this worker and sends its output, in one system call
    /// for each connection.
    pub fn each(&mut self, mut f: impl FnMut(&mut C, &mut Output)) {
        self.connections.each(&mut f);
    }

    /// Calls `f` for the connection `id` and sends its output. Returns `false` if the connection is
    /// over.
    ///
    /// A closing connection exists until its unsent bytes are sent. It can be aborted, and further
    /// output to it is dropped.
    pub fn with(&mut self, id: ConnectionId, mut f: impl FnMut(&mut C, &mut Output)) -> bool {
        self.connections.with(id, &mut f)
    }

    /// Stops reading from all connections of this worker until
    /// [`resume_reading`](Self::resume_reading). Output goes on.
    ///
    /// Use it if input causes more output than the peers take: unread input fills the senders'
    /// sockets, and the senders wait.
    pub fn pause_reading(&mut self) {
        self.connections.pause_reading();
    }

    /// Reads from all connections of this worker again after
    /// [`pause_reading`](Self::pause_reading). ConnectionAccess that [paused on their
    /// own](Output::pause_reading) stay paused.
    pub fn resume_reading(&mut self) {
        self.connections.resume_reading();
    }

    /// Requests another turn at `at`, or earlier if an event comes.
    pub fn again_at(&mut self, at: Instant) {
        self.again = Some(self.again.map_or(at, |other| other.min(at)));
    }

    /// Returns `true` if the server is stopping and this worker has read its last input.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Returns the time of this turn on the monotonic clock, like [`Output::now`].
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Returns the time of this turn on the system's clock, like [`Output::time`].
    pub fn time(&self) -> SystemTime {
        self.clock.time()
    }
}

impl<C> fmt::Debug for Turn<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("stopping", &self.stopping).finish_non_exhaustive()
    }
}
