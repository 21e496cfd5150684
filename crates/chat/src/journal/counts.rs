//! Counters of a journal, shared by the queue and the writer.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Counters of messages by their fate.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Messages that were written.
    pub(crate) written: AtomicU64,
    /// Messages that were written and survive a power loss. A message whose sync failed is never
    /// counted here.
    pub(crate) synced: AtomicU64,
    /// Messages that could not be written.
    pub(crate) lost: AtomicU64,
}

/// The figures of a journal at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JournalStats {
    /// Bytes that are not written yet.
    pub(crate) queued: usize,
    /// See [`Counts::written`].
    pub(crate) written: u64,
    /// See [`Counts::synced`].
    pub(crate) synced: u64,
    /// See [`Counts::lost`].
    pub(crate) lost: u64,
}

impl Counts {
    /// Returns the counts, with `queued` bytes that are not written yet.
    pub(crate) fn stats(&self, queued: usize) -> JournalStats {
        JournalStats {
            queued,
            written: self.written.load(Relaxed),
            synced: self.synced.load(Relaxed),
            lost: self.lost.load(Relaxed),
        }
    }
}
