//! Chunks: lines of a room's stream, rendered for the files of their days.

use std::time::{Duration, SystemTime};

use crate::backplane::entry::RoomEntry;
use crate::backplane::operation::LineKind;
use crate::journal::day::Day;
use crate::journal::place::{Place, add_missing};
use crate::protocol::format::{Message, MessageKind, Renderer};
use crate::protocol::text::clean;

/// Lines for one file.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) day: Day,
    pub(crate) lines: Vec<u8>,
    /// Number of the lines.
    pub(crate) count: u64,
    /// Marks among the lines: their index, and the number of missing lines.
    pub(crate) gaps: Vec<(u64, Option<u64>)>,
}

/// The chunks of one room, in the order of its stream.
#[derive(Debug)]
pub(crate) struct Chunks<'a> {
    renderer: &'a mut Renderer,
    /// The newest day of the room's files.
    newest: Option<Day>,
    chunks: Vec<Chunk>,
}

impl<'a> Chunks<'a> {
    /// Creates an empty list. `newest` is the newest day of the room's files.
    pub(crate) fn new(renderer: &'a mut Renderer, newest: Option<Day>) -> Chunks<'a> {
        Chunks { renderer, newest, chunks: Vec::new() }
    }

    /// Adds a line of `room`.
    pub(crate) fn line(&mut self, room: &str, day: Day, entry: &RoomEntry, place: &Place) {
        let (from, text) = (clean(&entry.from), clean(&entry.text));
        let kind = match entry.kind {
            LineKind::Message => MessageKind::Public { from: &from },
            _ => MessageKind::Notice,
        };
        let since = Duration::from_millis(entry.time);
        let time = SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH);
        let message = Message { time, room, kind, text: &text };
        self.push(day, &message, None, place);
    }

    /// Adds a mark: a notice that says which lines are missing before `place`.
    pub(crate) fn mark(
        &mut self,
        room: &str,
        time: SystemTime,
        day: Day,
        missing: Option<u64>,
        place: &Place,
    ) {
        let text = gap_text(missing);
        let message = Message { time, room, kind: MessageKind::Notice, text: &text };
        self.push(day, &message, Some(missing), place);
    }

    /// Returns the chunks.
    pub(crate) fn finish(self) -> Vec<Chunk> {
        self.chunks
    }

    fn push(
        &mut self,
        day: Day,
        message: &Message<'_>,
        missing: Option<Option<u64>>,
        place: &Place,
    ) {
        // The files in their order have the order of the stream, even if a clock is set back.
        let day = day.max(self.newest.unwrap_or(day));
        if self.newest != Some(day) || self.chunks.is_empty() {
            self.newest = Some(day);
            self.chunks.push(Chunk { day, lines: Vec::new(), count: 0, gaps: Vec::new() });
        }
        let Some(chunk) = self.chunks.last_mut() else { return };
        self.renderer.render(message, &mut chunk.lines);
        if let Some(missing) = missing {
            add_missing(missing, &mut chunk.lines);
            chunk.gaps.push((chunk.count, missing));
        }
        place.add_to(&mut chunk.lines);
        chunk.count += 1;
    }
}

/// Returns the text of a mark.
pub(crate) fn gap_text(missing: Option<u64>) -> String {
    match missing {
        Some(1) => "1 line is missing: it was removed from the chat's engine too early".to_owned(),
        Some(count) => {
            format!("{count} lines are missing: they were removed from the chat's engine too early")
        }
        None => {
            "lines may be missing: the chat's engine has lost data, or is another one".to_owned()
        }
    }
}
