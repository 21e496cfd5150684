//! The log of a room: the one order of its lines, read from many positions.
//!
//! The log is a sequence of [`Segment`]s: runs of rendered messages, immutable once
//! appended. No thread owns it. Each reader (a shard that has clients in the room) receives every
//! segment in its inbox, in the one order of the log, and moves it into its own window. The cursors
//! of its clients are positions in that window. A segment lives as long as a window or the output
//! of a client has it, and is never copied for a client.
//!
//! ```text
//!   batch ─publish─► order ─┬─► inbox ─take─► window of reader 0: [7][8][9]   cursors: 9, 9, 7 …
//!                           ├─► inbox ──────► window of reader 1: [9]         cursors: 9, 9, 9 …
//!                           ├─► history: the last N messages, for the next client
//!                           └─► the file of the day, if there is a log on disk
//! ```

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::protocol::framing::Framing;
use crate::room::history::{History, Retention};
use crate::room::inbox::Inbox;
use crate::room::memory::MemoryAccount;
use crate::room::segment::{Batch, Position, Segment};
use crate::room::store::AppendMessages;
use crate::sync::lock;

#[cfg(test)]
mod tests;

/// The order of all messages of a room, and the last of them.
#[derive(Debug)]
pub(crate) struct Log {
    order: Mutex<Order>,
    store: Store,
    memory: Arc<MemoryAccount>,
    /// Bytes in one inbox above which its reader counts as not keeping up.
    inbox_limit: usize,
    /// Readers that do not keep up, or whose clients do not.
    pressure: AtomicUsize,
}

#[derive(Debug)]
struct Order {
    end: Position,
    history: History,
    inboxes: Vec<Arc<Inbox>>,
}

/// The room's part of the log on disk, if there is one.
struct Store(Option<AppendMessages>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.is_some())
    }
}

impl Log {
    pub(crate) fn new(
        retention: Retention,
        inbox_limit: usize,
        memory: Arc<MemoryAccount>,
        store: Option<AppendMessages>,
    ) -> Log {
        let history = History::new(retention, memory.clone());
        let order = Order { end: Position::default(), history, inboxes: Vec::new() };
        Log {
            order: Mutex::new(order),
            store: Store(store),
            memory,
            inbox_limit,
            pressure: AtomicUsize::new(0),
        }
    }

    /// Sends every segment from now on to `inbox`. Returns the position where that begins.
    pub(crate) fn subscribe(&self, inbox: Arc<Inbox>) -> Position {
        let mut order = lock(&self.order);
        order.inboxes.push(inbox);
        order.end
    }

    /// Sends nothing more to `inbox`.
    pub(crate) fn unsubscribe(&self, inbox: &Arc<Inbox>) {
        lock(&self.order).inboxes.retain(|other| !Arc::ptr_eq(other, inbox));
    }

    /// Returns the end of the log and the history before it, in one framing. A cursor that begins
    /// there misses nothing and repeats nothing.
    pub(crate) fn join(&self, framing: Framing) -> (Position, Vec<Bytes>) {
        let order = lock(&self.order);
        (order.end, order.history.pieces(framing))
    }

    /// Returns the number of messages up to now.
    pub(crate) fn messages(&self) -> u64 {
        lock(&self.order).end.message
    }

    /// Appends `batch` and empties it. Wakes every reader except the one of the inbox `from`, whose
    /// thread is the caller. Returns the end of the log behind the batch.
    pub(crate) fn publish(&self, batch: &mut Batch, from: Option<&Arc<Inbox>>) -> Position {
        let mut order = lock(&self.order);
        if batch.is_empty() {
            return order.end;
        }
        for run in batch.runs() {
            let lines = self.memory.track(run.lines);
            let web = if run.web.is_empty() { Bytes::new() } else { self.memory.track(run.web) };
            self.append(&mut order, lines, web, run.messages);
        }
        order.history.append(batch);
        let record = batch.record();
        if let Store(Some(append)) = &self.store {
            if record.messages > 0 {
                append(record.time, &record.bytes, record.messages);
            }
        }
        batch.clear();
        order.wake_all_but(from);
        order.end
    }

    /// Puts messages from before a restart into the history.
    pub(crate) fn restore(&self, batch: &Batch) {
        lock(&self.order).history.append(batch);
    }

    /// Returns `true` while a reader does not keep up. Senders wait then, so that the messages held
    /// for it do not grow.
    pub(crate) fn is_pressed(&self) -> bool {
        self.pressure.load(Ordering::Relaxed) > 0
    }

    /// Adds a reason to wait.
    pub(crate) fn add_pressure(&self) {
        self.pressure.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes a reason to wait.
    pub(crate) fn relieve(&self) {
        self.pressure.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the bytes in one inbox above which its reader counts as not keeping up.
    pub(crate) fn inbox_limit(&self) -> usize {
        self.inbox_limit
    }

    fn append(&self, order: &mut Order, lines: Bytes, web: Bytes, messages: u32) {
        let segment = Segment::new(order.end, lines, web, messages);
        order.end = segment.end();
        for inbox in &order.inboxes {
            if inbox.push(segment.clone(), self.inbox_limit) {
                self.add_pressure();
            }
        }
    }
}

impl Order {
    fn wake_all_but(&self, one: Option<&Arc<Inbox>>) {
        let is_other = |inbox: &&Arc<Inbox>| !one.is_some_and(|one| Arc::ptr_eq(inbox, one));
        self.inboxes.iter().filter(is_other).for_each(|inbox| inbox.wake());
    }
}
