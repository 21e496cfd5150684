//! The state that the threads of a server share.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::Socket;

use crate::deadline::Deadline;
use crate::lock::lock;
use crate::shutdown::{Control, Phase};
use crate::stream::Stream;
use crate::sys::WakePipe;

/// The state that the threads of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Notifies of each connection that ends, and of a change of the phase.
    changed: Condvar,
    /// Wakes the thread that waits for a connection.
    wake_pipe: WakePipe,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The connections that have a thread, by number.
    served: HashMap<u64, Arc<Stream>>,
    /// Number of the next connection.
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

    /// Returns the socket that becomes readable when the server stops.
    pub(super) fn wake_pipe(&self) -> &Socket {
        self.wake_pipe.socket()
    }

    /// Waits until fewer than `limit` connections are served. Returns `false` if the server stops.
    pub(super) fn wait_for_permit(&self, limit: usize) -> bool {
        let full = |state: &mut State| state.phase == Phase::Serving && state.served.len() >= limit;
        let state = self.changed.wait_while(self.state(), full);
        state.unwrap_or_else(PoisonError::into_inner).phase == Phase::Serving
    }

    /// Waits for `pause`, or until a connection ends or the server stops.
    pub(super) fn rest(&self, pause: Duration) {
        let state = self.state();
        let before = state.served.len();
        let idle =
            |state: &mut State| state.phase == Phase::Serving && state.served.len() >= before;
        drop(self.changed.wait_timeout_while(state, pause, idle));
    }

    /// Registers a connection as served. Dropping the permit ends that.
    pub(super) fn permit(self: &Arc<Shared>, stream: Arc<Stream>) -> Permit {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.served.insert(number, stream);
        Permit { shared: self.clone(), number }
    }

    /// Waits for the handlers for the grace period, then shuts their sockets down, so that every
    /// read and write ends.
    pub(super) fn close_all(&self, grace: Duration) {
        self.advance(Phase::Stopping);
        let deadline = Deadline::after(grace);
        let mut state = self.state();
        while !state.served.is_empty() && state.phase < Phase::Aborting {
            state = match deadline.remaining() {
                Some(left) if left.is_zero() => {
                    let served = state.served.len();
                    log::warn!("closed {served} connections at the end of the grace period");
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
            // It fails if the peer has reset the connection already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// No call under the lock can panic half way, so a poisoned lock has a sound state.
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Control for Shared {
    fn phase(&self) -> Phase {
        self.state().phase
    }

    fn advance(&self, phase: Phase) {
        let mut state = self.state();
        state.phase = state.phase.max(phase);
        drop(state);
        self.changed.notify_all();
        self.wake_pipe.wake();
    }

    fn connections(&self) -> usize {
        self.state().served.len()
    }
}

/// The right of one connection to have a thread.
pub(super) struct Permit {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let stream = self.shared.state().served.remove(&self.number);
        // Closed before the next connection is accepted, and not under the lock.
        drop(stream);
        self.shared.changed.notify_all();
    }
}
