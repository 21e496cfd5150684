//! How many bytes of messages there are, wherever they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// What a run of messages costs beside its bytes: its owner, and its handles in the windows of the
/// workers.
const OVERHEAD: usize = 256;

/// Counts the messages that are in memory, and says when they are too many.
///
/// Every run of messages is made by [`hold`](Self::hold) and counted until its last handle is
/// dropped, be that in a history, in the window of a worker, or in what a client has not taken yet.
#[derive(Debug)]
pub(crate) struct Memory {
    held: AtomicUsize,
    /// The part of `held` that is in histories, which have limits of their own.
    remembered: AtomicUsize,
    limit: usize,
}

/// Bytes that are counted as long as they exist.
struct Held {
    bytes: Box<[u8]>,
    memory: Arc<Memory>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.held.fetch_sub(cost(self.bytes.len()), Ordering::Relaxed);
    }
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Memory {
        Memory { held: AtomicUsize::new(0), remembered: AtomicUsize::new(0), limit }
    }

    /// A copy of `bytes` that is counted.
    pub(crate) fn hold(self: &Arc<Memory>, bytes: &[u8]) -> Bytes {
        self.held.fetch_add(cost(bytes.len()), Ordering::Relaxed);
        Bytes::from_owner(Held { bytes: bytes.into(), memory: self.clone() })
    }

    /// A history has taken in a run of `length` bytes.
    pub(crate) fn remember(&self, length: usize) {
        self.remembered.fetch_add(cost(length), Ordering::Relaxed);
    }

    /// A history has let go of a run of `length` bytes.
    pub(crate) fn forget(&self, length: usize) {
        self.remembered.fetch_sub(cost(length), Ordering::Relaxed);
    }

    /// Bytes of all messages, those of histories included.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Bytes of the messages in histories.
    pub(crate) fn remembered(&self) -> usize {
        self.remembered.load(Ordering::Relaxed)
    }

    /// How many bytes are held beyond the limit.
    pub(crate) fn excess(&self) -> usize {
        let waiting = self.held().saturating_sub(self.remembered());
        waiting.saturating_sub(self.limit)
    }
}

/// What a run of messages of `length` bytes is counted as.
fn cost(length: usize) -> usize {
    length + OVERHEAD
}
