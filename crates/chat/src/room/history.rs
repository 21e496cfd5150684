//! The last messages of a log.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::protocol::format::{Format, remember};
use crate::room::log::{Batch, What};
use crate::room::memory::Memory;

/// Messages are kept together in pieces of about so many bytes: what a newcomer holds on to while it
/// reads the history is a handle for each.
const PIECE: usize = 16 * 1024;

/// How much a history keeps: so many messages, in so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// The format of the messages.
    pub(crate) format: Format,
}

#[derive(Debug)]
pub(crate) struct History {
    keep: Keep,
    memory: Arc<Memory>,
    pieces: VecDeque<Piece>,
    messages: usize,
    bytes: usize,
}

/// Messages that follow one another.
#[derive(Debug)]
struct Piece {
    /// All that was copied, also what has been forgotten since.
    whole: Bytes,
    /// Where the messages that are remembered begin.
    start: usize,
    /// Where each of them ends.
    ends: VecDeque<usize>,
}

impl History {
    pub(crate) fn new(keep: Keep, memory: Arc<Memory>) -> History {
        History { keep, memory, pieces: VecDeque::new(), messages: 0, bytes: 0 }
    }

    /// What is remembered, oldest first, to be handed on without a copy.
    pub(crate) fn pieces(&self) -> Vec<Bytes> {
        self.pieces.iter().map(|piece| piece.whole.slice(piece.start..)).collect()
    }

    /// Takes in the messages of `batch`, of which the last ones are enough.
    pub(crate) fn append(&mut self, batch: &Batch) {
        if self.keep.messages == 0 {
            return;
        }
        let said = |(_, e): &(usize, &crate::room::log::Entry)| e.what == What::Message;
        let last = batch.entries.iter().enumerate().rev().filter(said).take(self.keep.messages);
        let Some(first) = last.last().map(|(index, _)| index) else { return };
        let mut start = first.checked_sub(1).map_or(0, |before| batch.entries[before].end);
        let mut run: Vec<u8> = Vec::new();
        let mut ends = VecDeque::new();
        for entry in &batch.entries[first..] {
            if entry.what == What::Message {
                if !run.is_empty() && run.len() + entry.end - start > PIECE {
                    self.push(&run, std::mem::take(&mut ends));
                    run.clear();
                }
                remember(self.keep.format, &batch.bytes[start..entry.end], &mut run);
                ends.push_back(run.len());
            }
            start = entry.end;
        }
        self.push(&run, ends);
        self.forget();
    }

    fn push(&mut self, run: &[u8], ends: VecDeque<usize>) {
        self.messages += ends.len();
        self.bytes += run.len();
        match self.pieces.back_mut() {
            // Somebody may hold the old piece still; the new one is a copy of both.
            Some(last) if last.whole.len() + run.len() <= PIECE => {
                let before = last.whole.len();
                self.memory.forget(before);
                last.whole = self.memory.hold(&[&last.whole[..], run].concat());
                self.memory.remember(last.whole.len());
                last.ends.extend(ends.into_iter().map(|end| before + end));
            }
            _ => {
                self.memory.remember(run.len());
                let whole = self.memory.hold(run);
                self.pieces.push_back(Piece { whole, start: 0, ends });
            }
        }
    }

    /// Cuts it down to what is to be kept.
    fn forget(&mut self) {
        while self.messages > self.keep.messages || self.bytes > self.keep.bytes {
            let Some(piece) = self.pieces.front_mut() else { return };
            if let Some(end) = piece.ends.pop_front() {
                self.messages -= 1;
                self.bytes -= end - piece.start;
                piece.start = end;
            }
            if piece.ends.is_empty() {
                self.memory.forget(piece.whole.len());
                self.pieces.pop_front();
            }
        }
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.pieces.iter().for_each(|piece| self.memory.forget(piece.whole.len()));
    }
}
