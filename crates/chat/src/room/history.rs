//! The last messages of a log.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::Config;
use crate::protocol::format::{Format, mark_history};
use crate::protocol::framing::{Framing, mark_frame};
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
    /// The most bytes in each framing.
    pub(crate) bytes: usize,
    /// The format of the lines.
    pub(crate) format: Format,
    /// Keeps the messages for WebSockets too.
    pub(crate) web: bool,
}

impl Retention {
    /// Returns the limits that `config` sets.
    pub(crate) fn of(config: &Config) -> Retention {
        Retention {
            messages: config.history,
            bytes: config.history_bytes,
            format: config.format,
            web: config.web,
        }
    }
}

/// The last messages of a room, within the limits of its [`Retention`]. Each framing has the same
/// messages.
#[derive(Debug)]
pub(crate) struct History {
    retention: Retention,
    memory: Arc<MemoryAccount>,
    lines: Pieces,
    web: Pieces,
}

/// The messages of a history in one framing.
#[derive(Debug)]
struct Pieces {
    framing: Framing,
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
        let [lines, web] = [Framing::Lines, Framing::WebSocket].map(Pieces::new);
        History { retention, memory, lines, web }
    }

    /// Returns the kept messages in one framing, oldest first, without a copy.
    pub(crate) fn pieces(&self, framing: Framing) -> Vec<Bytes> {
        let pieces = match framing {
            Framing::Lines => &self.lines.pieces,
            Framing::WebSocket => &self.web.pieces,
        };
        pieces.iter().map(|piece| piece.whole.slice(piece.start..)).collect()
    }

    /// Adds the last messages of `batch`, as many as the retention allows.
    pub(crate) fn append(&mut self, batch: &Batch) {
        if self.retention.messages == 0 {
            return;
        }
        let is_message = |(_, entry): &(usize, &Entry)| entry.kind == EntryKind::Message;
        let newest = batch.entries().iter().enumerate().rev().filter(is_message);
        let Some((first, _)) = newest.take(self.retention.messages).last() else { return };
        let History { retention, memory, lines, web } = self;
        let format = retention.format;
        lines.append(batch, first, memory, |line, out| mark_history(format, line, out));
        if retention.web {
            web.append(batch, first, memory, mark_frame);
        }
        self.drop_oldest();
    }

    /// Drops the oldest messages beyond the retention, the same ones in each framing.
    fn drop_oldest(&mut self) {
        let Retention { messages, bytes, .. } = self.retention;
        while self.lines.messages > messages || self.lines.bytes > bytes || self.web.bytes > bytes {
            if !self.lines.drop_oldest(&self.memory) {
                return;
            }
            self.web.drop_oldest(&self.memory);
        }
    }
}

impl Pieces {
    fn new(framing: Framing) -> Pieces {
        Pieces { framing, pieces: VecDeque::new(), messages: 0, bytes: 0 }
    }

    /// Adds the messages of `batch` from entry number `first` on, in the form that `mark` appends.
    fn append(
        &mut self,
        batch: &Batch,
        first: usize,
        memory: &Arc<MemoryAccount>,
        mark: impl Fn(&[u8], &mut Vec<u8>),
    ) {
        let framing = self.framing;
        let (entries, bytes) = (batch.entries(), batch.bytes(framing));
        let mut start = first.checked_sub(1).map_or(0, |before| entries[before].end(framing));
        let mut run: Vec<u8> = Vec::new();
        let mut ends = VecDeque::new();
        for entry in &entries[first..] {
            let end = entry.end(framing);
            if entry.kind == EntryKind::Message {
                if !run.is_empty() && run.len() + end - start > PIECE {
                    self.push(&run, std::mem::take(&mut ends), memory);
                    run.clear();
                }
                mark(&bytes[start..end], &mut run);
                ends.push_back(run.len());
            }
            start = end;
        }
        self.push(&run, ends, memory);
    }

    fn push(&mut self, run: &[u8], ends: VecDeque<usize>, memory: &Arc<MemoryAccount>) {
        self.messages += ends.len();
        self.bytes += run.len();
        match self.pieces.back_mut() {
            // A client may still hold the old buffer, so the new one is a copy of both.
            Some(last) if last.whole.len() + run.len() <= PIECE => {
                let before = last.whole.len();
                memory.leave_history(before);
                last.whole = memory.track(&[&last.whole[..], run].concat());
                memory.enter_history(last.whole.len());
                last.ends.extend(ends.into_iter().map(|end| before + end));
            }
            _ => {
                memory.enter_history(run.len());
                let whole = memory.track(run);
                self.pieces.push_back(Piece { whole, start: 0, ends });
            }
        }
    }

    /// Drops the oldest message. Returns `false` if there is none.
    fn drop_oldest(&mut self, memory: &MemoryAccount) -> bool {
        let Some(piece) = self.pieces.front_mut() else { return false };
        if let Some(end) = piece.ends.pop_front() {
            self.messages -= 1;
            self.bytes -= end - piece.start;
            piece.start = end;
        }
        if piece.ends.is_empty() {
            memory.leave_history(piece.whole.len());
            self.pieces.pop_front();
        }
        true
    }
}

impl Drop for History {
    fn drop(&mut self) {
        let pieces = self.lines.pieces.iter().chain(&self.web.pieces);
        pieces.for_each(|piece| self.memory.leave_history(piece.whole.len()));
    }
}
