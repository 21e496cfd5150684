//! One log, many cursors.
//!
//! The log is a sequence of [`Segment`]s: runs of rendered messages, immutable once appended. It belongs to nobody's thread.
//! Each reader (a worker of the server) gets every segment in its inbox, in the one order of the log, and moves it into its
//! own window; there the cursors of its clients point. A segment lives as long as some window or some client's output has
//! it, and is never copied for a client.
//!
//! ```text
//!   batch ─publish─► order ─┬─► inbox ─take─► window of reader 0: [ 7 ][ 8 ][ 9 ]  cursors: 9, 9, 7 (slow), 9 …
//!                           ├─► inbox ──────► window of reader 1: [ 9 ]            cursors: 9, 9, 9 …
//!                           └─► history: the last N messages, where the next client's cursor begins
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

#[cfg(test)]
mod tests;

/// The aim for a segment: what a slow client holds on to beyond its share of the window is at most one of them.
const SEGMENT: usize = 32 * 1024;

/// Messages rendered and not yet in the log.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Where each message ends.
    ends: Vec<usize>,
}

impl Batch {
    /// Adds the message that `write` appends.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// A run of messages of the log.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Where it stands in the log.
    at: Mark,
    bytes: Bytes,
    /// Where in `bytes` each of its messages ends.
    ends: Arc<[u32]>,
}

impl Segment {
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The mark behind it.
    fn end(&self) -> Mark {
        Mark {
            segment: self.at.segment + 1,
            message: self.at.message + self.ends.len() as u64,
            byte: self.at.byte + self.bytes.len() as u64,
        }
    }
}

/// A place between two segments: how many segments, messages and bytes are before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    pub(crate) segment: u64,
    pub(crate) message: u64,
    pub(crate) byte: u64,
}

/// The order of all messages, and the last of them.
#[derive(Debug)]
pub(crate) struct Log {
    order: Mutex<Order>,
    /// Messages that the history has.
    keep: usize,
    /// Bytes in one inbox above which its reader is not keeping up.
    limit: usize,
}

#[derive(Debug, Default)]
struct Order {
    end: Mark,
    history: VecDeque<Segment>,
    inboxes: Vec<Arc<Inbox>>,
}

/// What a reader has not taken yet.
struct Inbox {
    segments: Mutex<Vec<Segment>>,
    bytes: AtomicUsize,
    /// The reader's clients do not keep up.
    pressed: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Log {
    pub(crate) fn new(keep: usize, limit: usize) -> Log {
        Log { order: Mutex::default(), keep, limit }
    }

    /// A reader of all that is appended from here on. `wake` is called, from any thread, when there is something to take.
    pub(crate) fn reader(self: &Arc<Log>, wake: impl Fn() + Send + Sync + 'static) -> Reader {
        let inbox = Arc::new(Inbox {
            segments: Mutex::default(),
            bytes: AtomicUsize::new(0),
            pressed: AtomicBool::new(false),
            wake: Box::new(wake),
        });
        let mut order = lock(&self.order);
        order.inboxes.push(inbox.clone());
        let end = order.end;
        drop(order);
        Reader { log: self.clone(), inbox, window: VecDeque::new(), end }
    }

    /// The end of the log, and the last messages before it: a cursor that starts there misses nothing and repeats nothing.
    pub(crate) fn join(&self) -> (Mark, Vec<Bytes>) {
        let order = lock(&self.order);
        let history = order.history.iter().map(|s| s.bytes.clone()).collect();
        (order.end, history)
    }

    /// Appends `batch` and empties it. `from`: the reader that need not be woken for it.
    pub(crate) fn publish(&self, batch: &mut Batch, from: Option<&Reader>) {
        if batch.ends.is_empty() {
            return;
        }
        let mut order = lock(&self.order);
        let mut rest = batch.ends.as_slice();
        let mut start = 0;
        while let Some(first) = rest.first() {
            // As many messages as fit the aim, and one at the least.
            let fitting = rest.iter().take_while(|end| **end - start <= SEGMENT).count();
            let (run, later) = rest.split_at(fitting.max(usize::from(*first > start)));
            let end = run.last().map_or(start, |e| *e);
            let segment = Segment {
                at: order.end,
                bytes: Bytes::copy_from_slice(&batch.bytes[start..end]),
                ends: run.iter().map(|e| (*e - start) as u32).collect(),
            };
            order.append(segment, self.keep);
            (rest, start) = (later, end);
        }
        batch.bytes.clear();
        batch.ends.clear();
        order.wake_all_but(from.map(|reader| &reader.inbox));
    }

    /// Wakes every reader.
    pub(crate) fn wake_all(&self) {
        lock(&self.order).wake_all_but(None);
    }

    /// Whether some reader does not keep up, so that what it would have to hold must not grow.
    pub(crate) fn is_pressed(&self) -> bool {
        let order = lock(&self.order);
        order.inboxes.iter().any(|i| {
            i.pressed.load(Ordering::Relaxed) || i.bytes.load(Ordering::Relaxed) > self.limit
        })
    }
}

impl Order {
    fn wake_all_but(&self, one: Option<&Arc<Inbox>>) {
        for inbox in self.inboxes.iter().filter(|i| !one.is_some_and(|one| Arc::ptr_eq(i, one))) {
            (inbox.wake)();
        }
    }

    fn append(&mut self, segment: Segment, keep: usize) {
        self.end = segment.end();
        for inbox in &self.inboxes {
            inbox.bytes.fetch_add(segment.bytes.len(), Ordering::Relaxed);
            lock(&inbox.segments).push(segment.clone());
        }
        if keep > 0 {
            self.history.push_back(segment);
            self.forget(keep as u64);
        }
    }

    /// Cuts the history down to its last `keep` messages.
    fn forget(&mut self, keep: u64) {
        let from = self.end.message.saturating_sub(keep);
        while let Some(first) = self.history.front_mut() {
            if first.end().message <= from {
                self.history.pop_front();
                continue;
            }
            if first.at.message < from {
                let drop = (from - first.at.message) as usize;
                let cut = first.ends[drop - 1];
                first.bytes = Bytes::copy_from_slice(&first.bytes[cut as usize..]);
                first.ends = first.ends[drop..].iter().map(|e| *e - cut).collect();
                first.at.message = from;
                first.at.byte += u64::from(cut);
            }
            return;
        }
    }
}

/// One thread's end of the log: its inbox, and the window of segments that its clients still need.
#[derive(Debug)]
pub(crate) struct Reader {
    log: Arc<Log>,
    inbox: Arc<Inbox>,
    window: VecDeque<Segment>,
    /// Behind the window.
    end: Mark,
}

impl Reader {
    /// Moves what has come into the window. Whether anything had.
    pub(crate) fn take(&mut self) -> bool {
        let held = self.inbox.bytes.load(Ordering::Relaxed);
        if held == 0 {
            return false;
        }
        let mut segments = lock(&self.inbox.segments);
        let Some(last) = segments.last() else { return false };
        self.end = last.end();
        self.window.extend(segments.drain(..));
        self.inbox.bytes.store(0, Ordering::Relaxed);
        drop(segments);
        if held > self.log.limit {
            self.wake_others();
        }
        true
    }

    /// The end of the window.
    pub(crate) fn end(&self) -> Mark {
        self.end
    }

    /// What is in the window from the segment number `cursor` on.
    pub(crate) fn from(&self, cursor: u64) -> impl Iterator<Item = &Segment> {
        let skip = cursor.saturating_sub(self.first());
        self.window.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX))
    }

    /// How many messages and bytes are between the segment number `cursor` and the end.
    pub(crate) fn behind(&self, cursor: u64) -> (u64, u64) {
        let at = self.from(cursor).next().map_or(self.end, |s| s.at);
        (self.end.message - at.message, self.end.byte - at.byte)
    }

    /// No cursor is below `cursor` any more.
    pub(crate) fn trim(&mut self, cursor: u64) {
        let gone = cursor.saturating_sub(self.first());
        let gone = usize::try_from(gone).unwrap_or(usize::MAX).min(self.window.len());
        self.window.drain(..gone);
    }

    /// Says whether this reader's clients keep up; [`Log::is_pressed`] tells every reader.
    pub(crate) fn press(&self, pressed: bool) {
        if self.inbox.pressed.swap(pressed, Ordering::Relaxed) != pressed {
            self.wake_others();
        }
    }

    fn first(&self) -> u64 {
        self.end.segment - self.window.len() as u64
    }

    fn wake_others(&self) {
        lock(&self.log.order).wake_all_but(Some(&self.inbox));
    }
}

/// A panic elsewhere leaves the log whole: every change of it is complete before the lock is given back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
