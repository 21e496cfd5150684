//! Stopping a server from another thread: the handle that both servers give out.

use std::fmt;
use std::panic::RefUnwindSafe;
use std::sync::Arc;

/// The progress of a server's stop. It never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    Serving = 0,
    /// The server finishes its work within the grace period.
    Stopping = 1,
    /// The server closes all connections at once.
    Aborting = 2,
}

/// The state that a server shares with its handles.
pub(crate) trait Control: Send + Sync + RefUnwindSafe {
    fn phase(&self) -> Phase;

    /// Enters `phase`, unless the server has got further already, and wakes the server.
    fn advance(&self, phase: Phase);

    /// Returns the number of open connections.
    fn connections(&self) -> usize;
}

/// Stops a server from any thread.
///
/// The handle installs no signal handler: a program that wants one calls [`stop`](Self::stop) from
/// it.
#[derive(Clone)]
pub struct Handle(Arc<dyn Control>);

impl Handle {
    pub(crate) fn new(control: Arc<dyn Control>) -> Handle {
        Handle(control)
    }

    /// Stops the server gracefully, within the grace period of its `Config`. The server's `run`
    /// returns afterwards.
    ///
    /// The server accepts no more connections and removes its Unix socket files. It finishes what
    /// it serves, and closes the connections that remain at the end of the grace period:
    ///
    /// - the event loop answers the input that has arrived, sends all unsent bytes, and closes each
    ///   connection;
    /// - the threaded server waits for its handlers to return.
    pub fn stop(&self) {
        self.0.advance(Phase::Stopping);
    }

    /// Stops the server without a grace period. Unsent bytes are dropped.
    pub fn stop_now(&self) {
        self.0.advance(Phase::Aborting);
    }

    /// Returns `true` once the server was asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.0.phase() != Phase::Serving
    }

    /// Returns the number of open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.connections()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("phase", &self.0.phase()).finish_non_exhaustive()
    }
}
