//! Batches, segments and positions: the units of a room's log.

use std::time::SystemTime;

use bytes::Bytes;

use crate::protocol::format::Message;
use crate::protocol::framing::{Framing, Renderers};

/// Target size of a segment in bytes. A slow client pins at most one segment beyond its share of
/// the window.
pub(crate) const SEGMENT: usize = 32 * 1024;

/// Bytes of capacity that an empty list of a room keeps. Each shard has six such lists for each of
/// its rooms.
pub(crate) const SPARE: usize = 512;

/// Rendered messages and notices that are not in the log yet.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The bytes for clients that receive lines.
    lines: Vec<u8>,
    /// The bytes for clients on WebSockets, empty if there can be none.
    web: Vec<u8>,
    entries: Vec<Entry>,
    record: Record,
}

/// The messages of a batch in the form in which they are stored on disk.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) bytes: Vec<u8>,
    pub(crate) messages: usize,
    /// Time of the last message.
    pub(crate) time: SystemTime,
}

impl Default for Record {
    fn default() -> Record {
        Record { bytes: Vec::new(), messages: 0, time: SystemTime::UNIX_EPOCH }
    }
}

/// One message or notice of a batch. An entry begins where the entry before it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Offset of its end in the lines of the batch.
    end: usize,
    /// Offset of its end in the frames of the batch.
    web_end: usize,
    pub(crate) kind: EntryKind,
}

/// Kinds of entries in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A message, or a notice of the same importance. It is counted and goes into the history.
    Message,
    /// A join, leave or rename. It does not go into the history.
    Presence,
}

impl Batch {
    /// Appends `message`, rendered for clients only.
    pub(crate) fn push(
        &mut self,
        kind: EntryKind,
        renderers: &mut Renderers,
        message: &Message<'_>,
    ) {
        renderers.lines.render(message, &mut self.lines);
        if let Some(web) = &mut renderers.web {
            web.render(message, &mut self.web);
        }
        self.push_entry(kind);
    }

    fn push_entry(&mut self, kind: EntryKind) {
        let (end, web_end) = (self.lines.len(), self.web.len());
        self.entries.push(Entry { end, web_end, kind });
    }

    /// Appends `message`, rendered for clients and for the disk.
    pub(crate) fn push_stored(&mut self, renderers: &mut Renderers, message: &Message<'_>) {
        self.push(EntryKind::Message, renderers, message);
        if let Some(disk) = &mut renderers.disk {
            disk.render(message, &mut self.record.bytes);
            self.record.messages += 1;
            self.record.time = message.time;
        }
    }

    /// Returns `true` if the batch has no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of rendered bytes, those for clients and those for the disk together.
    pub(crate) fn len(&self) -> usize {
        self.lines.len() + self.web.len() + self.record.bytes.len()
    }

    /// Returns the bytes for clients of one framing.
    pub(crate) fn bytes(&self, framing: Framing) -> &[u8] {
        match framing {
            Framing::Lines => &self.lines,
            Framing::WebSocket => &self.web,
        }
    }

    /// Returns the entries in their order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the messages for the disk.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Splits the entries into runs of about [`SEGMENT`] bytes in each framing, cut between
    /// entries.
    pub(crate) fn runs(&self) -> impl Iterator<Item = BatchRun<'_>> {
        let mut rest = self.entries.as_slice();
        let (mut start, mut web_start) = (0, 0);
        std::iter::from_fn(move || {
            let fits = |entry: &&Entry| {
                entry.end - start <= SEGMENT && entry.web_end - web_start <= SEGMENT
            };
            // A run has one entry at least, however long it is.
            let fitting = rest.iter().take_while(fits).count().max(1);
            let (run, later) = rest.split_at_checked(fitting)?;
            let last = run.last()?;
            let messages = run.iter().filter(|entry| entry.kind == EntryKind::Message).count();
            let run = BatchRun {
                lines: &self.lines[start..last.end],
                web: &self.web[web_start..last.web_end],
                messages: messages as u32,
            };
            (rest, start, web_start) = (later, last.end, last.web_end);
            Some(run)
        })
    }

    /// Removes all entries, and the capacity that a flood of messages needed.
    pub(crate) fn clear(&mut self) {
        empty(&mut self.lines);
        empty(&mut self.web);
        empty(&mut self.entries);
        empty(&mut self.record.bytes);
        self.record.messages = 0;
    }

    /// Appends a message that is rendered already.
    #[cfg(test)]
    pub(crate) fn push_bytes(&mut self, kind: EntryKind, bytes: &[u8]) {
        self.lines.extend_from_slice(bytes);
        self.push_entry(kind);
    }

    /// Returns the bytes of capacity of each list.
    #[cfg(test)]
    pub(crate) fn capacities(&self) -> [usize; 3] {
        let entries = self.entries.capacity() * size_of::<Entry>();
        [self.lines.capacity(), entries, self.record.bytes.capacity()]
    }
}

/// A run of entries of a batch.
#[derive(Debug)]
pub(crate) struct BatchRun<'a> {
    pub(crate) lines: &'a [u8],
    pub(crate) web: &'a [u8],
    /// Number of messages, notices of presence not counted.
    pub(crate) messages: u32,
}

impl Entry {
    /// Returns the offset of its end in the bytes of one framing.
    pub(crate) fn end(&self, framing: Framing) -> usize {
        match framing {
            Framing::Lines => self.end,
            Framing::WebSocket => self.web_end,
        }
    }
}

/// Clears `list` and keeps at most [`SPARE`] bytes of its capacity.
pub(crate) fn empty<T>(list: &mut Vec<T>) {
    list.clear();
    list.shrink_to(SPARE / size_of::<T>());
}

/// A run of rendered messages in a log. It is immutable, and all shards and clients share its
/// bytes.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    start: Position,
    lines: Bytes,
    /// Empty if there can be no client on a WebSocket.
    web: Bytes,
    messages: u32,
}

impl Segment {
    pub(crate) fn new(start: Position, lines: Bytes, web: Bytes, messages: u32) -> Segment {
        Segment { start, lines, web, messages }
    }

    /// Returns the bytes for clients of one framing.
    pub(crate) fn bytes(&self, framing: Framing) -> &Bytes {
        match framing {
            Framing::Lines => &self.lines,
            Framing::WebSocket => &self.web,
        }
    }

    /// Returns the number of messages, notices of presence not counted.
    pub(crate) fn messages(&self) -> u32 {
        self.messages
    }

    /// Returns the position before the segment.
    pub(crate) fn start(&self) -> Position {
        self.start
    }

    /// Returns the position behind the segment.
    pub(crate) fn end(&self) -> Position {
        Position {
            segment: self.start.segment + 1,
            message: self.start.message + u64::from(self.messages),
            byte: self.start.byte + self.lines.len() as u64,
            web_byte: self.start.web_byte + self.web.len() as u64,
        }
    }
}

/// A position between two segments of a log: the segments, messages and bytes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    pub(crate) segment: u64,
    pub(crate) message: u64,
    byte: u64,
    web_byte: u64,
}

impl Position {
    /// Returns the bytes before the position in one framing.
    pub(crate) fn byte(&self, framing: Framing) -> u64 {
        match framing {
            Framing::Lines => self.byte,
            Framing::WebSocket => self.web_byte,
        }
    }
}
