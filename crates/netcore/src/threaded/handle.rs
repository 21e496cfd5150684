//! What the threads of a server share, and the side of it that other threads hold.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::Socket;

use crate::deadline::Deadline;
use crate::stream::Stream;
use crate::sys::WakePipe;

/// How far a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    Stopping,
    Aborting,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// A connection is over, or the phase is another.
    changed: Condvar,
    /// Wakes whoever waits for a connection.
    wake_pipe: WakePipe,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The connections that have a thread.
    served: HashMap<u64, Arc<Stream>>,
    next: u64,
}

impl Shared {
    pub(super) fn new() -> io::Result<Shared> {
        let state = State { phase: Phase::Serving, served: HashMap::new(), next: 0 };
        Ok(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            wake_pipe: WakePipe::new()?,
        })
    }

    pub(super) fn wake_pipe(&self) -> &Socket {
        self.wake_pipe.socket()
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// Waits until fewer than `limit` connections are served. `false`: the server stops.
    pub(super) fn wait_for_place(&self, limit: usize) -> bool {
        let full = |state: &mut State| state.phase == Phase::Serving && state.served.len() >= limit;
        let state = self.changed.wait_while(self.state(), full);
        state.unwrap_or_else(PoisonError::into_inner).phase == Phase::Serving
    }

    /// Waits for as long as `pause`, or until a connection is over or the server stops.
    pub(super) fn rest(&self, pause: Duration) {
        let state = self.state();
        let before = state.served.len();
        let idle =
            |state: &mut State| state.phase == Phase::Serving && state.served.len() >= before;
        drop(self.changed.wait_timeout_while(state, pause, idle));
    }

    /// Takes a place for a connection, until what comes back is dropped.
    pub(super) fn enter(self: &Arc<Shared>, stream: Arc<Stream>) -> Place {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.served.insert(number, stream);
        Place { shared: self.clone(), number }
    }

    /// Nobody comes any more: gives the handlers the grace period, then shuts their sockets down,
    /// so that every read and write ends.
    pub(super) fn see_off(&self, grace: Duration) {
        self.advance(Phase::Stopping);
        let deadline = Deadline::after(grace);
        let mut state = self.state();
        while !state.served.is_empty() && state.phase < Phase::Aborting {
            state = match deadline.remaining() {
                Some(left) if left.is_zero() => {
                    log::warn!(
                        "{} connections cut off at the end of the grace period",
                        state.served.len()
                    );
                    break;
                }
                Some(left) => match self.changed.wait_timeout(state, left) {
                    Ok((state, _)) => state,
                    Err(poisoned) => poisoned.into_inner().0,
                },
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.phase = Phase::Aborting;
        for stream in state.served.values() {
            // An error says that the peer was faster.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn advance(&self, phase: Phase) {
        let mut state = self.state();
        state.phase = state.phase.max(phase);
        drop(state);
        self.changed.notify_all();
        self.wake_pipe.wake();
    }

    /// No call under the lock can panic half way, so a poisoned lock has a sound state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place among those that are served.
pub(super) struct Place {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let stream = self.shared.state().served.remove(&self.number);
        // Closed before the next one comes, and not under the lock.
        drop(stream);
        self.shared.changed.notify_all();
    }
}

/// Stops a [`Server`](super::Server) from any thread. It installs no signal handler: a program that
/// wants one calls [`stop`](Self::stop) from it.
#[derive(Clone)]
pub struct Handle(pub(super) Arc<Shared>);

impl Handle {
    /// Stops gracefully: nothing more is accepted, and Unix socket files are removed; the handlers
    /// have the [grace period](super::Config::with_grace) to return, and what is not done then is
    /// cut off. [`Server::run`](super::Server::run) returns after that.
    pub fn stop(&self) {
        self.0.advance(Phase::Stopping);
    }

    /// Stops without a grace period.
    pub fn stop_now(&self) {
        self.0.advance(Phase::Aborting);
    }

    /// How many connections are served.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.state().served.len()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("phase", &self.0.phase()).finish_non_exhaustive()
    }
}
