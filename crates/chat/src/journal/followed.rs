//! A followed room: the position in its stream, and the lines that its log lacks.

use std::sync::Arc;
use std::time::SystemTime;

use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::key;
use crate::backplane::operation::LineKind;
use crate::backplane::source::SurveyedRoom;
use crate::journal::chunks::Chunks;
use crate::journal::day::Day;
use crate::journal::place::{LastPlace, Place};
use crate::protocol::name::Name;

/// A room whose stream is followed.
#[derive(Debug)]
pub(crate) struct Followed {
    /// Name of the stream's key.
    pub(crate) stream: Arc<str>,
    /// Name as shown.
    pub(crate) shown: String,
    pub(crate) position: EntryId,
    /// Number of the last line up to the position. `None` in a new log, which begins anywhere.
    number: Option<u64>,
    /// Number of the last line in the stream at the last survey.
    counted: u64,
    /// `true` if the stream may have entries.
    pub(crate) exists: bool,
    /// The newest day of the room's files.
    pub(crate) day: Option<Day>,
}

impl Followed {
    /// Creates a room whose log ends at `last`. The second value is `true` if the log is of another
    /// engine than `engine`, so that its stream begins anew.
    pub(crate) fn new(folded: &str, last: LastPlace, engine: &str) -> (Followed, bool) {
        let LastPlace { place, day } = last;
        let is_other = place.as_ref().is_some_and(|place| *place.engine != *engine);
        let (position, number) = match place {
            Some(_) if is_other => (EntryId::default(), Some(0)),
            Some(place) => (place.id, Some(place.number)),
            None => (EntryId::default(), None),
        };
        let (stream, shown) = (key::room(folded).into(), folded.to_owned());
        let room = Followed { stream, shown, position, number, counted: 0, exists: true, day };
        (room, is_other)
    }

    /// Takes the state of the room in a survey.
    pub(crate) fn update(&mut self, room: &SurveyedRoom) {
        (self.counted, self.exists) = (room.number, room.exists);
        // The name as its members wrote it, if it is a name of this room.
        let is_own = || Name::of_room(&room.shown).is_ok_and(|name| name.folded == room.folded);
        if self.shown != room.shown && is_own() {
            self.shown.clone_from(&room.shown);
        }
    }

    /// Returns `true` if the log lacks lines that the stream has, or has had.
    pub(crate) fn is_behind(&self) -> bool {
        self.number.is_none_or(|number| number < self.counted)
    }

    /// Moves behind entries of the stream and renders the lines among them. `is_complete` says that
    /// the stream had no more entries. `time` is that of marks.
    pub(crate) fn take(
        &mut self,
        engine: &Arc<str>,
        time: SystemTime,
        entries: &[RawEntry],
        is_complete: bool,
        chunks: &mut Chunks<'_>,
    ) {
        let place = |id, number| Place { engine: engine.clone(), id, number };
        for raw in entries {
            // The source may have repeated itself.
            if raw.id <= self.position {
                continue;
            }
            let before = std::mem::replace(&mut self.position, raw.id);
            let Some(entry) = raw.to_room() else { continue };
            let is_line = matches!(entry.kind, LineKind::Message | LineKind::Notice);
            let previous = entry.sequence.saturating_sub(u64::from(is_line));
            let missing = match self.number {
                Some(number) if previous > number => Some(Some(previous - number)),
                // The stream has begun anew, or the engine was set back.
                Some(number) if previous < number => Some(None),
                _ => None,
            };
            self.number = Some(entry.sequence);
            let day = Day::of(raw.id.time / 1000);
            if let Some(missing) = missing {
                chunks.mark(&self.shown, time, day, missing, &place(before, previous));
            }
            if is_line {
                chunks.line(&self.shown, day, &entry, &place(raw.id, entry.sequence));
            }
        }
        match self.number {
            // Lines that were counted and are not there were removed.
            Some(number) if is_complete && self.counted > number => {
                let (missing, place) = (self.counted - number, place(self.position, self.counted));
                chunks.mark(&self.shown, time, Day::of_time(time), Some(missing), &place);
                self.number = Some(self.counted);
            }
            None if is_complete => self.number = Some(self.counted),
            _ => {}
        }
    }
}
