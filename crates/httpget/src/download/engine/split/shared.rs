//! The state that the workers of a download share.

use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netcore::{CancelToken, Until};

use crate::download::segments::Segments;
use crate::error::Error;
use crate::response::Response;

/// The state that the workers share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// The token of all requests: cancelled with that of the download, and by an [`End`].
    stop: CancelToken,
    /// The token that wakes sleeping workers: cancelled with `stop`, and when all is received.
    over: CancelToken,
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
    /// Shares `state` between workers, which stop when `token` is cancelled.
    pub(super) fn new(state: State, token: Option<&CancelToken>) -> Shared {
        let stop = token.map_or_else(CancelToken::new, CancelToken::child);
        let over = stop.child();
        Shared { state: Mutex::new(state), changed: Condvar::new(), stop, over }
    }

    /// Returns the token of all requests.
    pub(super) fn stop(&self) -> &CancelToken {
        &self.stop
    }

    /// Stops all workers, whatever they wait for. The first reason counts.
    pub(super) fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.stop.cancel();
        self.notify();
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
        Until::from(&self.over).sleep(time);
    }

    /// Takes the part of `worker` back.
    pub(super) fn release(&self, worker: usize) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.segments.release(worker);
        if state.is_over() {
            self.over.cancel();
        }
        self.notify();
        state
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
