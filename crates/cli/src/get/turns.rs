//! The order on standard output: simultaneous transfers print in the order of their URLs.

#[cfg(unix)]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
#[cfg(unix)]
use std::io::{self, PipeReader, PipeWriter};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The turns of all transfers.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the transfer whose turn it is. All transfers before it have ended.
    next: usize,
    /// Later transfers that have already ended.
    ended: BTreeSet<usize>,
    /// Number of threads in [`Turns::wait`]. Without any, no wake-up is needed.
    waiting: usize,
    /// The pipes of [`Turns::notice`], by transfer.
    #[cfg(unix)]
    notices: BTreeMap<usize, PipeWriter>,
}

impl Turns {
    /// Returns `true` if all transfers before this one have ended.
    pub(super) fn has_come(&self, index: usize) -> bool {
        self.lock().next >= index
    }

    /// Waits until all transfers before this one have ended.
    pub(super) fn wait(&self, index: usize) {
        let mut state = self.lock();
        if state.next < index {
            state.waiting += 1;
            let early = |state: &mut State| state.next < index;
            let waited = self.changed.wait_while(state, early);
            waited.unwrap_or_else(PoisonError::into_inner).waiting -= 1;
        }
    }

    /// Returns a pipe for poll(2) that ends when the turn of this transfer comes. Returns `None` if
    /// it has already come.
    ///
    /// # Errors
    ///
    /// The system refuses a pipe, often because of the limit of open files.
    #[cfg(unix)]
    pub(super) fn notice(&self, index: usize) -> io::Result<Option<PipeReader>> {
        if self.has_come(index) {
            return Ok(None);
        }
        let (reader, writer) = io::pipe()?;
        let mut state = self.lock();
        if state.next < index {
            state.notices.insert(index, writer);
        }
        Ok(Some(reader))
    }

    /// Marks a transfer as ended, and passes the turn on.
    fn end(&self, index: usize) {
        let state = &mut *self.lock();
        state.ended.insert(index);
        while state.ended.remove(&state.next) {
            state.next += 1;
        }
        // Dropping the writer ends the pipe.
        #[cfg(unix)]
        state.notices.remove(&state.next);
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the turn of a transfer when dropped, even if the transfer failed.
pub(super) struct Turn<'a> {
    pub(super) turns: &'a Turns,
    pub(super) index: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.end(self.index);
    }
}
