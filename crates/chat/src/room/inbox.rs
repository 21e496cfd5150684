//! The inbox of one reader: segments that the log has and the reader has not taken yet.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::protocol::framing::Framing;
use crate::room::segment::{Position, Segment, empty};
use crate::sync::lock;

/// Wakes the thread of a shard. Any thread may call it.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Segments on their way from the log to one reader.
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    /// `true` while `waiting` has a segment. A reader checks each turn, and mostly there is none.
    has_waiting: AtomicBool,
    wake: Wake,
}

#[derive(Debug, Default)]
struct Waiting {
    segments: Vec<Segment>,
    bytes: usize,
}

/// The outcome of [`Inbox::take_into`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// Position behind the last segment.
    pub(crate) end: Position,
    /// Bytes of all segments.
    pub(crate) bytes: usize,
}

impl Inbox {
    pub(crate) fn new(wake: Wake) -> Inbox {
        Inbox { waiting: Mutex::default(), has_waiting: AtomicBool::new(false), wake }
    }

    /// Adds a segment. Returns `true` if the waiting bytes exceed `limit` by it.
    pub(crate) fn push(&self, segment: Segment, limit: usize) -> bool {
        let mut waiting = lock(&self.waiting);
        let before = waiting.bytes;
        waiting.bytes += segment.bytes(Framing::Lines).len();
        let exceeds = before <= limit && waiting.bytes > limit;
        waiting.segments.push(segment);
        self.has_waiting.store(true, Ordering::Release);
        exceeds
    }

    /// Moves all segments to the end of `window`. Returns `None` if there is none.
    pub(crate) fn take_into(&self, window: &mut VecDeque<Segment>) -> Option<Taken> {
        if !self.has_waiting.load(Ordering::Acquire) {
            return None;
        }
        let mut waiting = lock(&self.waiting);
        self.has_waiting.store(false, Ordering::Release);
        let bytes = std::mem::take(&mut waiting.bytes);
        let end = waiting.segments.last()?.end();
        window.extend(waiting.segments.drain(..));
        empty(&mut waiting.segments);
        Some(Taken { end, bytes })
    }

    /// Wakes the reader's thread.
    pub(crate) fn wake(&self) {
        (self.wake)();
    }

    /// Returns the bytes of capacity of the list of segments.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        lock(&self.waiting).segments.capacity() * size_of::<Segment>()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("has_waiting", &self.has_waiting).finish_non_exhaustive()
    }
}
