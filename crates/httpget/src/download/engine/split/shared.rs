//! The state that the workers of a download share.

use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::download::segments::Segments;
use crate::error::Error;
use crate::response::Response;

/// The state that the workers share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) segments: Segments,
    /// Bytes received by all workers.
    pub(super) fetched: u64,
    /// Workers that have not given up.
    pub(super) alive: usize,
    /// Further attempts that the workers may make together.
    pub(super) retries: u32,
    /// Attempts that they have made.
    pub(super) retried: u32,
    /// The reason why all stop.
    pub(super) end: Option<End>,
    /// The trouble of the worker that gave up last.
    pub(super) trouble: Option<Trouble>,
    /// Failures that are followed by another attempt, not yet reported.
    pub(super) news: Vec<(Error, Duration)>,
    /// The response that began the download, once its worker is done with it.
    pub(super) response: Option<Response>,
}

/// The reason why all workers stop.
#[derive(Debug)]
pub(super) enum End {
    /// An error that no other attempt can help.
    Error(Error),
    /// The file has changed meanwhile.
    Changed,
}

/// The trouble of one worker.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The same request may succeed later, after the wait that the server asks for.
    Failed { error: Error, after: Option<Duration> },
    /// The server does not help this worker. Others may go on.
    Unfit(Error),
    /// The response can't be joined, but the file has not changed: the server sends the whole file
    /// instead of a range, or another mirror answers.
    Useless,
    /// All must stop.
    End(End),
}

impl Shared {
    pub(super) fn new(state: State) -> Shared {
        Shared { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn into_state(self) -> State {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all waiting threads that something has changed.
    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Waits for a part for `worker`. Returns `None` if there is nothing to do any more.
    pub(super) fn claim(&self, worker: usize) -> Option<Range<u64>> {
        let mut state = self.lock();
        while !state.is_over() {
            if let Some(range) = state.segments.take(worker) {
                return Some(range);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Waits for `time`, or until there is nothing to do any more.
    pub(super) fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !state.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until all workers are done, or for `time`. Returns the state then.
    pub(super) fn watch(&self, time: Duration) -> MutexGuard<'_, State> {
        let state = self.lock();
        let is_running = |state: &mut State| state.alive > 0;
        let waited = self.changed.wait_timeout_while(state, time, is_running);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl State {
    /// Returns `true` if there is nothing to do any more.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some() || self.segments.is_done()
    }
}
