//! The queue: lines on their way from the workers to the thread that writes them.

use std::mem;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netcore::throttle::Throttle;

use crate::journal::counts::Counts;
use crate::sync::lock;

#[cfg(test)]
mod tests;

/// Interval at which a full queue is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// Lines of one room and one second.
#[derive(Debug)]
pub(crate) struct QueuedLines {
    pub(crate) room: Arc<str>,
    /// Seconds since 1970.
    pub(crate) second: u64,
    pub(crate) lines: Vec<u8>,
    /// Number of messages in `lines`.
    pub(crate) count: u64,
}

/// A bounded queue with many producers and one consumer, the writer.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Notified when the queue is no longer empty, or is closed.
    filled: Condvar,
    /// Notified when the writer has ended.
    ended: Condvar,
    max: usize,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct State {
    queued: Vec<QueuedLines>,
    /// Bytes of `queued`.
    queued_bytes: usize,
    /// Bytes that the writer took and may not have written yet.
    writing_bytes: usize,
    is_closed: bool,
    has_ended: bool,
    overflow_log: Throttle,
}

impl Queue {
    /// Creates a queue for at most `max` bytes, including bytes that are being written.
    pub(crate) fn new(max: usize, counts: Arc<Counts>) -> Queue {
        let state = State {
            queued: Vec::new(),
            queued_bytes: 0,
            writing_bytes: 0,
            is_closed: false,
            has_ended: false,
            overflow_log: Throttle::new(LOG_INTERVAL),
        };
        Queue {
            state: Mutex::new(state),
            filled: Condvar::new(),
            ended: Condvar::new(),
            max,
            counts,
        }
    }

    /// Appends lines. If the queue is full or closed, they are lost and counted.
    pub(crate) fn push(&self, room: &Arc<str>, second: u64, lines: &[u8], count: u64) {
        let mut state = lock(&self.state);
        // Lines of the same room and second extend the last entry, so a busy room does not need an
        // entry for each message.
        let last = state.queued.last();
        let extends = last.is_some_and(|it| it.second == second && Arc::ptr_eq(&it.room, room));
        let bytes = lines.len() + if extends { 0 } else { size_of::<QueuedLines>() };
        if state.is_closed || bytes > self.max.saturating_sub(state.bytes()) {
            let lost = self.counts.lost.fetch_add(count, Relaxed) + count;
            let logs = !state.is_closed && state.overflow_log.allows(Instant::now());
            drop(state);
            if logs {
                log::error!("log on disk: {lost} messages lost up to now: the disk is too slow");
            }
            return;
        }
        state.queued_bytes += bytes;
        match state.queued.last_mut() {
            Some(last) if extends => {
                last.lines.extend_from_slice(lines);
                last.count += count;
            }
            _ => {
                let (room, lines) = (room.clone(), lines.to_vec());
                state.queued.push(QueuedLines { room, second, lines, count });
            }
        }
        // The writer waits only while the queue is empty.
        let is_first = state.queued_bytes == bytes;
        drop(state);
        if is_first {
            self.filled.notify_one();
        }
    }

    /// Waits until the queue has lines, at the latest until `until`, and removes and returns all of
    /// them. Returns `None` once the queue is closed and empty. The call also reports that all
    /// lines taken before are written.
    pub(crate) fn take(&self, until: Option<Instant>) -> Option<Vec<QueuedLines>> {
        let mut state = lock(&self.state);
        state.writing_bytes = 0;
        while state.queued.is_empty() && !state.is_closed {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let woken = self.filled.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        if state.queued.is_empty() && state.is_closed {
            return None;
        }
        state.writing_bytes = mem::take(&mut state.queued_bytes);
        Some(mem::take(&mut state.queued))
    }

    /// Accepts no more lines.
    pub(crate) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.filled.notify_one();
    }

    /// Marks the writer as ended: nothing is being written, and nothing will be taken.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        state.is_closed = true;
        state.has_ended = true;
        state.writing_bytes = 0;
        drop(state);
        self.ended.notify_all();
    }

    /// Waits until the writer has ended, at most for `timeout`. Returns `true` if it has.
    pub(crate) fn wait_for_end(&self, timeout: Duration) -> bool {
        let state = lock(&self.state);
        let waited = self.ended.wait_timeout_while(state, timeout, |state| !state.has_ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.has_ended
    }

    /// Returns the number of bytes that are not written yet.
    pub(crate) fn bytes(&self) -> usize {
        lock(&self.state).bytes()
    }
}

impl State {
    fn bytes(&self) -> usize {
        self.queued_bytes + self.writing_bytes
    }
}
