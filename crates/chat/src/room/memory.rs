//! The memory account: bytes of all messages that exist.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// Bytes that a run of messages costs besides its content: its owner, and its handles in the
/// windows of the shards.
const OVERHEAD: usize = 256;

/// Counts the bytes of messages in memory, and reports when they exceed the limit.
///
/// Every run of messages is created by [`track`](Self::track) and counted until its last handle is
/// dropped. Handles are in histories, in the windows of shards and in the unsent output of clients.
#[derive(Debug)]
pub(crate) struct MemoryAccount {
    tracked: AtomicUsize,
    /// The part of `tracked` that is in histories, which have limits of their own.
    history: AtomicUsize,
    limit: usize,
}

/// Bytes that are counted as long as they exist.
struct Tracked {
    bytes: Box<[u8]>,
    account: Arc<MemoryAccount>,
}

impl AsRef<[u8]> for Tracked {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.account.tracked.fetch_sub(cost(self.bytes.len()), Ordering::Relaxed);
    }
}

impl MemoryAccount {
    pub(crate) fn new(limit: usize) -> MemoryAccount {
        MemoryAccount { tracked: AtomicUsize::new(0), history: AtomicUsize::new(0), limit }
    }

    /// Returns a counted copy of `bytes`.
    pub(crate) fn track(self: &Arc<MemoryAccount>, bytes: &[u8]) -> Bytes {
        self.tracked.fetch_add(cost(bytes.len()), Ordering::Relaxed);
        Bytes::from_owner(Tracked { bytes: bytes.into(), account: self.clone() })
    }

    /// Counts a run of `length` bytes that a history keeps from now on.
    pub(crate) fn enter_history(&self, length: usize) {
        self.history.fetch_add(cost(length), Ordering::Relaxed);
    }

    /// Counts a run of `length` bytes that a history drops.
    pub(crate) fn leave_history(&self, length: usize) {
        self.history.fetch_sub(cost(length), Ordering::Relaxed);
    }

    /// Returns the bytes of all messages, those of histories included.
    pub(crate) fn tracked(&self) -> usize {
        self.tracked.load(Ordering::Relaxed)
    }

    /// Returns the bytes of the messages in histories.
    pub(crate) fn history(&self) -> usize {
        self.history.load(Ordering::Relaxed)
    }

    /// Returns the bytes by which messages outside of histories exceed the limit.
    pub(crate) fn excess(&self) -> usize {
        let waiting = self.tracked().saturating_sub(self.history());
        waiting.saturating_sub(self.limit)
    }
}

/// Returns the bytes that a run of messages of `length` bytes counts as.
fn cost(length: usize) -> usize {
    length + OVERHEAD
}
