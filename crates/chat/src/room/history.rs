//! The last messages of a log.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::protocol::format::{Format, mark_history};
use crate::room::memory::MemoryAccount;
use crate::room::segment::{Batch, Entry, EntryKind};

/// Target size of a piece in bytes. A new client that reads the history holds one handle for each
/// piece.
const PIECE: usize = 16 * 1024;

/// The limits of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    /// The most messages.
    pub(crate) messages: usize,
    /// The most bytes.
    pub(crate) bytes: usize,
    /// The format of the messages.
    pub(crate) format: Format,
}

/// The last messages of a room, within the limits of its [`Retention`].
#[derive(Debug)]
pub(crate) struct History {
    retention: Retention,
    memory: Arc<MemoryAccount>,
    pieces: VecDeque<Piece>,
    messages: usize,
    bytes: usize,
}

/// Consecutive messages in one buffer.
#[derive(Debug)]
struct Piece {
    /// The buffer, with the messages that were dropped since.
    whole: Bytes,
    /// Offset of the first message that is still kept.
    start: usize,
    /// Offset of the end of each kept message.
    ends: VecDeque<usize>,
}

impl History {
    pub(crate) fn new(retention: Retention, memory: Arc<MemoryAccount>) -> History {
        History { retention, memory, pieces: VecDeque::new(), messages: 0, bytes: 0 }
    }

    /// Returns the kept messages, oldest first, without a copy.
    pub(crate) fn pieces(&self) -> Vec<Bytes> {
        self.pieces.iter().map(|piece| piece.whole.slice(piece.start..)).collect()
    }

    /// Adds the last messages of `batch`, as many as the retention allows.
    pub(crate) fn append(&mut self, batch: &Batch) {
        if self.retention.messages == 0 {
            return;
        }
        let entries = batch.entries();
        let is_message = |(_, entry): &(usize, &Entry)| entry.kind == EntryKind::Message;
        let newest = entries.iter().enumerate().rev().filter(is_message);
        let Some((first, _)) = newest.take(self.retention.messages).last() else { return };
        let mut start = first.checked_sub(1).map_or(0, |before| entries[before].end);
        let mut run: Vec<u8> = Vec::new();
        let mut ends = VecDeque::new();
        for entry in &entries[first..] {
            if entry.kind == EntryKind::Message {
                if !run.is_empty() && run.len() + entry.end - start > PIECE {
                    self.push(&run, std::mem::take(&mut ends));
                    run.clear();
                }
                mark_history(self.retention.format, &batch.bytes()[start..entry.end], &mut run);
                ends.push_back(run.len());
            }
            start = entry.end;
        }
        self.push(&run, ends);
        self.drop_oldest();
    }

    fn push(&mut self, run: &[u8], ends: VecDeque<usize>) {
        self.messages += ends.len();
        self.bytes += run.len();
        match self.pieces.back_mut() {
            // A client may still hold the old buffer, so the new one is a copy of both.
            Some(last) if last.whole.len() + run.len() <= PIECE => {
                let before = last.whole.len();
                self.memory.leave_history(before);
                last.whole = self.memory.track(&[&last.whole[..], run].concat());
                self.memory.enter_history(last.whole.len());
                last.ends.extend(ends.into_iter().map(|end| before + end));
            }
            _ => {
                self.memory.enter_history(run.len());
                let whole = self.memory.track(run);
                self.pieces.push_back(Piece { whole, start: 0, ends });
            }
        }
    }

    /// Drops the oldest messages beyond the retention.
    fn drop_oldest(&mut self) {
        while self.messages > self.retention.messages || self.bytes > self.retention.bytes {
            let Some(piece) = self.pieces.front_mut() else { return };
            if let Some(end) = piece.ends.pop_front() {
                self.messages -= 1;
                self.bytes -= end - piece.start;
                piece.start = end;
            }
            if piece.ends.is_empty() {
                self.memory.leave_history(piece.whole.len());
                self.pieces.pop_front();
            }
        }
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.pieces.iter().for_each(|piece| self.memory.leave_history(piece.whole.len()));
    }
}
