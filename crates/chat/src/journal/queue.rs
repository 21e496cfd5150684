//! What waits to be written: the way from the workers to the thread that writes.

#[cfg(test)]
mod tests;

use std::mem;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::journal::Counts;
use crate::journal::throttle::Throttle;

/// How often an error says that messages were lost because the disk is too slow.
const PAUSE: Duration = Duration::from_secs(5);

/// Lines of one room and of one second.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) room: Arc<str>,
    /// Since 1970.
    pub(crate) second: u64,
    pub(crate) lines: Vec<u8>,
    pub(crate) count: u64,
}

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// There is something to write, or the end has come.
    filled: Condvar,
    ended: Condvar,
    max: usize,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct State {
    entries: Vec<Entry>,
    /// What `entries` hold, in bytes.
    waiting: usize,
    /// What the writer holds, in bytes.
    writing: usize,
    closed: bool,
    ended: bool,
    complaint: Throttle,
}

impl Queue {
    /// For at most `max` bytes, with those that are being written.
    pub(crate) fn new(max: usize, counts: Arc<Counts>) -> Queue {
        let state = State {
            entries: Vec::new(),
            waiting: 0,
            writing: 0,
            closed: false,
            ended: false,
            complaint: Throttle::new(PAUSE),
        };
        Queue {
            state: Mutex::new(state),
            filled: Condvar::new(),
            ended: Condvar::new(),
            max,
            counts,
        }
    }

    /// Puts lines at the end, or loses them if there is no room.
    pub(crate) fn push(&self, room: &Arc<str>, second: u64, lines: &[u8], count: u64) {
        let mut state = self.state();
        // The last entry goes on if it can: so a busy room costs no entry a message.
        let last = state.entries.last();
        let goes_on = last.is_some_and(|it| it.second == second && Arc::ptr_eq(&it.room, room));
        let more = lines.len() + if goes_on { 0 } else { size_of::<Entry>() };
        if state.closed || more > self.max.saturating_sub(state.waiting + state.writing) {
            let lost = self.counts.lost.fetch_add(count, Relaxed) + count;
            let complain = !state.closed && state.complaint.is_due(Instant::now());
            drop(state);
            if complain {
                log::error!(
                    "the disk is too slow for the chat's log: {lost} messages were lost up to now"
                );
            }
            return;
        }
        state.waiting += more;
        match state.entries.last_mut() {
            Some(last) if goes_on => {
                last.lines.extend_from_slice(lines);
                last.count += count;
            }
            _ => {
                let (room, lines) = (room.clone(), lines.to_vec());
                state.entries.push(Entry { room, second, lines, count });
            }
        }
        // The writer waits only while there is none.
        let first = state.waiting == more;
        drop(state);
        if first {
            self.filled.notify_one();
        }
    }

    /// All that waits, when something does, at `until` at the latest; `None` when nothing will come
    /// any more. What was taken before is done with.
    pub(crate) fn take(&self, until: Option<Instant>) -> Option<Vec<Entry>> {
        let mut state = self.state();
        state.writing = 0;
        while state.entries.is_empty() && !state.closed {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let woken = self.filled.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        if state.entries.is_empty() && state.closed {
            return None;
        }
        state.writing = mem::take(&mut state.waiting);
        Some(mem::take(&mut state.entries))
    }

    /// Takes nothing more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }

    /// Whatever was taken is done with, and nobody takes any more.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.closed = true;
        state.ended = true;
        state.writing = 0;
        drop(state);
        self.ended.notify_all();
    }

    /// Waits for the end, at most for `patience`. Whether it has come.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        let state = self.state();
        let waited = self.ended.wait_timeout_while(state, patience, |state| !state.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// Bytes that are not written yet.
    pub(crate) fn bytes(&self) -> usize {
        let state = self.state();
        state.waiting + state.writing
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
