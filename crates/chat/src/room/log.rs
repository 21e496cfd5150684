//! One log, many cursors.
//!
//! The log of a room is a sequence of [`Segment`]s: runs of rendered messages, immutable once
//! appended. It belongs to nobody's thread. Each reader (a worker of the server that has clients in
//! the room) gets every segment in its inbox, in the one order of the log, and moves it into its own
//! window; there the cursors of its clients point. A segment lives as long as some window or some
//! client's output has it, and is never copied for a client.
//!
//! ```text
//!   batch ─publish─► order ─┬─► inbox ─take─► window of reader 0: [7][8][9]   cursors: 9, 9, 7 …
//!                           ├─► inbox ──────► window of reader 1: [9]         cursors: 9, 9, 9 …
//!                           ├─► history: the last N messages; the next client's cursor begins there
//!                           └─► the file of the day, if there is a log on disk
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use crate::protocol::format::{Pen, Writer};
use crate::room::memory::Memory;
use crate::room::store::Shelf;

#[cfg(test)]
mod tests;

use crate::room::history::{History, Keep};

/// The aim for a segment: what a slow client holds on to beyond its share of the window is at most
/// one of them.
pub(crate) const SEGMENT: usize = 32 * 1024;

/// Bytes that a list of a room keeps for later when it is empty: each seat has six for each of its
/// rooms.
const SPARE: usize = 512;

/// Messages and notices rendered and not yet in the log.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    record: Record,
}

/// The messages of a batch as they are on disk.
#[derive(Debug)]
struct Record {
    bytes: Vec<u8>,
    messages: usize,
    /// Of the last one.
    time: SystemTime,
}

impl Default for Record {
    fn default() -> Record {
        Record { bytes: Vec::new(), messages: 0, time: SystemTime::UNIX_EPOCH }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Where it ends.
    pub(crate) end: usize,
    pub(crate) what: What,
}

/// What is told in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// What somebody said: it is counted, and remembered.
    Message,
    /// Who has come and gone: of no interest later.
    Presence,
}

impl Batch {
    /// Adds the message that `write` appends.
    pub(crate) fn push(&mut self, what: What, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.entries.push(Entry { end: self.bytes.len(), what });
    }

    /// Adds what somebody says, or the operator: `write` writes it for clients and for the disk.
    pub(crate) fn say(
        &mut self,
        pen: &mut Pen,
        time: SystemTime,
        write: impl Fn(&mut Writer, &mut Vec<u8>),
    ) {
        self.push(What::Message, |out| write(&mut pen.wire, out));
        if let Some(disk) = &mut pen.disk {
            write(disk, &mut self.record.bytes);
            self.record.messages += 1;
            self.record.time = time;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes it has, for clients and for the disk.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.record.bytes.len()
    }

    /// Empties it. Each room has one, so what a flood made of it does not stay.
    fn clear(&mut self) {
        empty(&mut self.bytes);
        empty(&mut self.entries);
        empty(&mut self.record.bytes);
        self.record.messages = 0;
    }
}

/// Empties `all`, and keeps no more room than [`SPARE`].
fn empty<T>(all: &mut Vec<T>) {
    all.clear();
    all.shrink_to(SPARE / size_of::<T>());
}

/// A run of messages of the log.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Where it stands in the log.
    at: Mark,
    bytes: Bytes,
    messages: u32,
}

impl Segment {
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn messages(&self) -> u32 {
        self.messages
    }

    /// The mark behind it.
    fn end(&self) -> Mark {
        Mark {
            segment: self.at.segment + 1,
            message: self.at.message + u64::from(self.messages),
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

/// The order of all messages of a room, and the last of them.
#[derive(Debug)]
pub(crate) struct Log {
    order: Mutex<Order>,
    shelf: OnDisk,
    memory: Arc<Memory>,
    /// Bytes in one inbox above which its reader does not keep up.
    limit: usize,
    /// Readers that do not keep up, or whose clients do not.
    pressure: AtomicUsize,
}

#[derive(Debug)]
struct Order {
    end: Mark,
    history: History,
    inboxes: Vec<Arc<Inbox>>,
}

/// Where the messages go that are kept beyond memory.
struct OnDisk(Option<Shelf>);

impl fmt::Debug for OnDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OnDisk({})", self.0.is_some())
    }
}

/// What a reader has not taken yet.
struct Inbox {
    waiting: Mutex<Waiting>,
    /// There is something in `waiting`: a reader looks each turn, and mostly there is nothing.
    some: AtomicBool,
    wake: Wake,
}

/// Wakes the thread of a reader.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

#[derive(Debug, Default)]
struct Waiting {
    segments: Vec<Segment>,
    bytes: usize,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("some", &self.some).finish_non_exhaustive()
    }
}

impl Log {
    pub(crate) fn new(keep: Keep, limit: usize, memory: Arc<Memory>, shelf: Option<Shelf>) -> Log {
        let history = History::new(keep, memory.clone());
        let order = Order { end: Mark::default(), history, inboxes: Vec::new() };
        let (order, shelf) = (Mutex::new(order), OnDisk(shelf));
        Log { order, shelf, memory, limit, pressure: AtomicUsize::new(0) }
    }

    /// A reader of all that is appended from here on. `wake` is called, from any thread, when there
    /// is something to take.
    pub(crate) fn reader(self: &Arc<Log>, wake: Wake) -> Reader {
        let inbox =
            Arc::new(Inbox { waiting: Mutex::default(), some: AtomicBool::new(false), wake });
        let mut order = lock(&self.order);
        order.inboxes.push(inbox.clone());
        let end = order.end;
        drop(order);
        Reader { log: self.clone(), inbox, window: VecDeque::new(), end, pressed: false }
    }

    /// The end of the log, and the last messages before it: a cursor that starts there misses
    /// nothing and repeats nothing.
    pub(crate) fn join(&self) -> (Mark, Vec<Bytes>) {
        let order = lock(&self.order);
        (order.end, order.history.pieces())
    }

    /// Appends `batch` and empties it. `from`: the reader that need not be woken for it. The end of
    /// the log behind it.
    pub(crate) fn publish(&self, batch: &mut Batch, from: Option<&Reader>) -> Mark {
        let mut order = lock(&self.order);
        if batch.is_empty() {
            return order.end;
        }
        let mut rest = batch.entries.as_slice();
        let mut start = 0;
        while let Some(first) = rest.first() {
            // As many messages as fit the aim, and one at the least.
            let fitting = rest.iter().take_while(|e| e.end - start <= SEGMENT).count();
            let (run, later) = rest.split_at(fitting.max(usize::from(first.end > start)).max(1));
            let end = run.last().map_or(start, |e| e.end);
            let messages = run.iter().filter(|e| e.what == What::Message).count() as u32;
            let bytes = self.memory.hold(&batch.bytes[start..end]);
            self.append(&mut order, Segment { at: Mark::default(), bytes, messages });
            (rest, start) = (later, end);
        }
        order.history.append(batch);
        if let OnDisk(Some(shelf)) = &self.shelf {
            if batch.record.messages > 0 {
                shelf(batch.record.time, &batch.record.bytes, batch.record.messages);
            }
        }
        batch.clear();
        order.wake_all_but(from.map(|reader| &reader.inbox));
        order.end
    }

    /// Puts messages of an earlier time into the history.
    #[cfg(all(unix, feature = "journal"))]
    pub(crate) fn restore(&self, batch: &Batch) {
        lock(&self.order).history.append(batch);
    }

    /// Whether some reader does not keep up, so that what it would have to hold must not grow.
    pub(crate) fn is_pressed(&self) -> bool {
        self.pressure.load(Ordering::Relaxed) > 0
    }

    fn append(&self, order: &mut Order, mut segment: Segment) {
        segment.at = order.end;
        order.end = segment.end();
        for inbox in &order.inboxes {
            let mut waiting = lock(&inbox.waiting);
            let before = waiting.bytes;
            waiting.bytes += segment.bytes.len();
            if before <= self.limit && waiting.bytes > self.limit {
                self.pressure.fetch_add(1, Ordering::Relaxed);
            }
            waiting.segments.push(segment.clone());
            inbox.some.store(true, Ordering::Release);
        }
    }
}

impl Order {
    fn wake_all_but(&self, one: Option<&Arc<Inbox>>) {
        for inbox in self.inboxes.iter().filter(|i| !one.is_some_and(|one| Arc::ptr_eq(i, one))) {
            (inbox.wake)();
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
    pressed: bool,
}

impl Reader {
    /// Moves what has come into the window. Whether anything had.
    pub(crate) fn take(&mut self) -> bool {
        if !self.inbox.some.load(Ordering::Acquire) {
            return false;
        }
        let mut waiting = lock(&self.inbox.waiting);
        self.inbox.some.store(false, Ordering::Release);
        let bytes = std::mem::take(&mut waiting.bytes);
        let Some(last) = waiting.segments.last() else { return false };
        self.end = last.end();
        self.window.extend(waiting.segments.drain(..));
        empty(&mut waiting.segments);
        drop(waiting);
        if bytes > self.log.limit {
            self.relieve();
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
        if self.window.is_empty() {
            self.window.shrink_to(SPARE / size_of::<Segment>());
        }
    }

    /// Says whether this reader's clients keep up; [`Log::is_pressed`] tells every reader.
    pub(crate) fn press(&mut self, pressed: bool) {
        match (self.pressed, pressed) {
            (false, true) => {
                self.log.pressure.fetch_add(1, Ordering::Relaxed);
            }
            (true, false) => self.relieve(),
            _ => {}
        }
        self.pressed = pressed;
    }

    /// One reason less to wait.
    fn relieve(&self) {
        self.log.pressure.fetch_sub(1, Ordering::Relaxed);
    }

    fn first(&self) -> u64 {
        self.end.segment - self.window.len() as u64
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.press(false);
        lock(&self.log.order).inboxes.retain(|i| !Arc::ptr_eq(i, &self.inbox));
        // Nothing comes any more; what has come is let go, with the pressure that it makes.
        self.take();
    }
}

/// A panic elsewhere leaves the log whole: every change of it is complete before the lock is given
/// back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
