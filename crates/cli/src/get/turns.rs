//! The order on standard output: the bodies come in the order of the URLs, however many transfers
//! run at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, PipeReader, PipeWriter};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the transfer whose turn it is: all before it have ended.
    next: usize,
    /// Transfers behind it that have ended too.
    ended: BTreeSet<usize>,
    /// The threads in [`Turns::wait`]. Without any, nobody needs to be woken.
    waiting: usize,
    /// The pipes of [`Turns::notice`], by transfer.
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

    /// Returns a pipe that ends when the turn of this transfer comes, for poll(2). Returns `None`
    /// if it has come.
    ///
    /// # Errors
    ///
    /// The system's, often because too many files are open.
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
        let mut state = self.lock();
        state.ended.insert(index);
        let State { next, ended, waiting, notices } = &mut *state;
        while ended.remove(next) {
            *next += 1;
        }
        // To drop the writer ends the pipe.
        notices.remove(next);
        if *waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the turn of a transfer when dropped, whatever becomes of the transfer.
pub(super) struct Turn<'a> {
    pub(super) turns: &'a Turns,
    pub(super) index: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.end(self.index);
    }
}
