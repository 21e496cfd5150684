//! Batches, segments and positions: the units of a room's log.

use std::time::SystemTime;

use bytes::Bytes;

use crate::protocol::format::{Message, Renderer, Renderers};

/// Target size of a segment in bytes. A slow client pins at most one segment beyond its share of
/// the window.
pub(crate) const SEGMENT: usize = 32 * 1024;

/// Bytes of capacity that an empty list of a room keeps. Each shard has six such lists for each of
/// its rooms.
pub(crate) const SPARE: usize = 512;

/// Rendered messages and notices that are not in the log yet.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
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

/// One message or notice of a batch. It begins where the entry before it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Offset of its end in the batch.
    pub(crate) end: usize,
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
    pub(crate) fn push(&mut self, kind: EntryKind, renderer: &mut Renderer, message: &Message<'_>) {
        renderer.render(message, &mut self.bytes);
        self.entries.push(Entry { end: self.bytes.len(), kind });
    }

    /// Appends `message`, rendered for clients and for the disk.
    pub(crate) fn push_stored(&mut self, renderers: &mut Renderers, message: &Message<'_>) {
        self.push(EntryKind::Message, &mut renderers.wire, message);
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

    /// Returns the rendered bytes, those for clients and those for the disk together.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.record.bytes.len()
    }

    /// Returns the bytes for clients.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the entries in their order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the messages for the disk.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Splits the entries into runs of about [`SEGMENT`] bytes, cut between entries. Returns for
    /// each run its range of bytes and the number of its messages.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (std::ops::Range<usize>, u32)> {
        let mut rest = self.entries.as_slice();
        let mut start = 0;
        std::iter::from_fn(move || {
            let first = rest.first()?;
            let fitting = rest.iter().take_while(|entry| entry.end - start <= SEGMENT).count();
            // A run has one entry at least, however long it is.
            let (run, later) = rest.split_at(fitting.max(usize::from(first.end > start)).max(1));
            let end = run.last().map_or(start, |entry| entry.end);
            let messages = run.iter().filter(|entry| entry.kind == EntryKind::Message).count();
            let range = start..end;
            (rest, start) = (later, end);
            Some((range, messages as u32))
        })
    }

    /// Removes all entries, and the capacity that a flood of messages needed.
    pub(crate) fn clear(&mut self) {
        empty(&mut self.bytes);
        empty(&mut self.entries);
        empty(&mut self.record.bytes);
        self.record.messages = 0;
    }

    /// Appends a message that is rendered already.
    #[cfg(test)]
    pub(crate) fn push_bytes(&mut self, kind: EntryKind, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.entries.push(Entry { end: self.bytes.len(), kind });
    }

    /// Returns the bytes of capacity of each list.
    #[cfg(test)]
    pub(crate) fn capacities(&self) -> [usize; 3] {
        let entries = self.entries.capacity() * size_of::<Entry>();
        [self.bytes.capacity(), entries, self.record.bytes.capacity()]
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
    bytes: Bytes,
    messages: u32,
}

impl Segment {
    pub(crate) fn new(start: Position, bytes: Bytes, messages: u32) -> Segment {
        Segment { start, bytes, messages }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
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
            byte: self.start.byte + self.bytes.len() as u64,
        }
    }
}

/// A position between two segments of a log: the segments, messages and bytes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    pub(crate) segment: u64,
    pub(crate) message: u64,
    pub(crate) byte: u64,
}
