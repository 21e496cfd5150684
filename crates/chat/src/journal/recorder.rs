//! The recorder: keeps the logs of all rooms in step with the rooms' streams, without a clock.
//!
//! ```text
//!   next() ─► Survey ─► take_survey(): rooms, each from the place at the end of its log
//!     ▲  ├──► Read ───► take_reading(): lines behind the places ─► writer
//!     │  └──► Wait                          │
//!     └─────────────────────────────────────┘   an error of the disk: forget the room, later anew
//! ```
//!
//! The last line of a room's log is the only record of the log's end. After an error of the disk
//! the recorder forgets the room, and reads the end of its log again. The recorder reads a line
//! from the stream again if it is not in the log, and no line twice.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use netcore::backoff::Backoff;
use netcore::throttle::Throttle;

use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::key;
use crate::backplane::source::{Reading, Survey, SurveyedRoom};
use crate::journal::chunks::{Chunk, Chunks, gap_text};
use crate::journal::counts::Counts;
use crate::journal::day::Day;
use crate::journal::followed::Followed;
use crate::journal::place::Place;
use crate::journal::storage::Storage;
use crate::journal::sync_policy::SyncPolicy;
use crate::journal::writer::{LOG_INTERVAL, RETRY, Writer};
use crate::protocol::format::{Format, Renderer};
use crate::protocol::name::Name;
use crate::protocol::text::clean;

#[cfg(test)]
mod tests;

/// Interval at which new rooms are looked for.
const SURVEY: Duration = Duration::from_secs(2);

/// The longest time that a read waits in the engine. A stop of the server waits for it.
const READ_WAIT: Duration = Duration::from_millis(500);

/// Time between two reads, in which lines gather: fewer reads and writes cost the engine and the
/// disk less. Nobody waits for the log.
const PAUSE: Duration = Duration::from_millis(50);

/// The most entries of one read, if fewer rooms are read.
pub(crate) const MAX_READ: usize = 1024;

/// The most entries of one room in one read.
const MAX_ENTRIES: usize = 512;

/// The next thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask the source for the rooms.
    Survey,
    /// Read from the source.
    Read { streams: Vec<(Arc<str>, EntryId)>, count: usize, wait: Duration },
    /// Do nothing until then.
    Wait(Instant),
    /// End: everything is written that can be.
    End,
}

/// The state of the thread that keeps a log on disk in step with the streams.
#[derive(Debug)]
pub(crate) struct Recorder<S: Storage> {
    node: Arc<str>,
    writer: Writer<S>,
    counts: Arc<Counts>,
    renderer: Renderer,
    /// The instance of the engine.
    engine: Arc<str>,
    /// Rooms by folded name.
    rooms: BTreeMap<Arc<str>, Followed>,
    /// Rooms whose disk has failed, and the time of the next attempt.
    suspended: BTreeMap<Arc<str>, Instant>,
    /// Rooms in the current read, and its most entries for each.
    asked: (Vec<Arc<str>>, usize),
    /// Time of the next survey. `None`: at once.
    survey_at: Option<Instant>,
    /// Time of the next read.
    read_at: Option<Instant>,
    backoff: Backoff,
    /// Time of the next attempt to reach the engine.
    away_until: Option<Instant>,
    is_away: bool,
    errors: Throttle,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The lines up to the next survey are written, and no later ones.
    Closing,
    Closed,
}

impl<S: Storage> Recorder<S> {
    /// Creates a recorder over `storage`. Its counts are `counts`.
    pub(crate) fn new(
        node: Arc<str>,
        storage: S,
        policy: SyncPolicy,
        counts: Arc<Counts>,
    ) -> Recorder<S> {
        Recorder {
            node,
            writer: Writer::new(storage, policy, counts.clone()),
            counts,
            renderer: Renderer::new(Format::Json),
            engine: "".into(),
            rooms: BTreeMap::new(),
            suspended: BTreeMap::new(),
            asked: (Vec::new(), 0),
            survey_at: None,
            read_at: None,
            backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(5)),
            away_until: None,
            is_away: false,
            errors: Throttle::new(LOG_INTERVAL),
            phase: Phase::Open,
        }
    }

    /// Ends once every line is written that is in the streams now.
    pub(crate) fn close(&mut self) {
        if self.phase == Phase::Open {
            (self.phase, self.survey_at, self.away_until) = (Phase::Closing, None, None);
        }
    }

    /// Returns the next step, and syncs if that is due.
    pub(crate) fn next(&mut self, now: Instant) -> Step {
        if self.phase == Phase::Closed || self.writer.next_sync().is_some_and(|at| at <= now) {
            self.sync(now);
        }
        if self.phase == Phase::Closed {
            return Step::End;
        }
        let earliest = |at: Instant, sync: Option<Instant>| sync.map_or(at, |sync| sync.min(at));
        if let Some(until) = self.away_until.filter(|until| now < *until) {
            return Step::Wait(earliest(until, self.writer.next_sync()));
        }
        let Some(survey_at) = self.survey_at.filter(|at| now < *at) else { return Step::Survey };
        let is_open = self.phase == Phase::Open;
        if let Some(read_at) = self.read_at.filter(|at| is_open && now < *at) {
            return Step::Wait(earliest(read_at, self.writer.next_sync()));
        }
        let is_wanted = |room: &Followed| (is_open && room.exists) || room.is_behind();
        let rooms = self.rooms.iter().filter(|(_, room)| is_wanted(room));
        let (asked, streams): (Vec<_>, Vec<_>) = rooms
            .map(|(folded, room)| (folded.clone(), (room.stream.clone(), room.position)))
            .unzip();
        let until = earliest(survey_at, self.writer.next_sync());
        if streams.is_empty() {
            if is_open {
                return Step::Wait(until);
            }
            // Every line up to the survey is written.
            self.phase = Phase::Closed;
            return self.next(now);
        }
        let count = (MAX_READ / streams.len()).clamp(1, MAX_ENTRIES);
        self.asked = (asked, count);
        let wait = match is_open {
            true => until.saturating_duration_since(now).min(READ_WAIT),
            false => Duration::ZERO,
        };
        Step::Read { streams, count, wait }
    }

    /// Handles a failure of the source.
    pub(crate) fn fail(&mut self, now: Instant, reason: &str) {
        (self.away_until, self.survey_at) = (Some(now + self.backoff.next_wait()), None);
        if self.phase == Phase::Closing {
            self.phase = Phase::Closed;
        }
        if !std::mem::replace(&mut self.is_away, true) {
            let node = clean(&self.node);
            log::warn!("node {node}: log on disk waits for the chat's engine: {reason}");
        }
    }

    /// Takes the rooms of the chat.
    pub(crate) fn take_survey(&mut self, now: Instant, time: SystemTime, survey: Survey) {
        self.backoff.reset();
        self.away_until = None;
        if std::mem::take(&mut self.is_away) {
            log::info!("node {}: log on disk continues", clean(&self.node));
        }
        self.survey_at = Some(now + SURVEY);
        if survey.instance.is_empty() {
            // A node will give it one, perhaps this one.
            self.survey_at = Some(now + READ_WAIT);
            self.rooms.clear();
            return;
        }
        let engine = clean(&survey.instance);
        if *self.engine != *engine {
            self.engine = engine.into();
            self.rooms.clear();
        }
        let mut before = std::mem::take(&mut self.rooms);
        for room in survey.rooms {
            let folded: Arc<str> = room.folded.as_str().into();
            let known = before.remove(&folded);
            let loaded = || self.load(now, time, &folded, &room);
            let Some(mut followed) = known.or_else(loaded) else { continue };
            followed.update(&room);
            self.rooms.insert(folded, followed);
        }
        let rooms = &self.rooms;
        self.suspended.retain(|room, until| now < *until || rooms.contains_key(room));
    }

    /// Takes entries that were read. Ignores them if the engine is another one by now: nobody knows
    /// which one they are of.
    pub(crate) fn take_reading(&mut self, now: Instant, time: SystemTime, reading: Reading) {
        let (asked, count) = std::mem::take(&mut self.asked);
        if clean(&reading.instance) != *self.engine {
            self.survey_at = None;
            return;
        }
        let is_complete = reading.entries.iter().all(|(_, entries)| entries.len() < count);
        self.read_at = (is_complete && !reading.entries.is_empty()).then(|| now + PAUSE);
        let mut entries: BTreeMap<&str, &[RawEntry]> = BTreeMap::new();
        for (stream, of_stream) in &reading.entries {
            entries.extend(key::folded_of(stream).map(|room| (room, &of_stream[..])));
        }
        for folded in asked {
            let of_room = entries.get(&*folded).copied().unwrap_or_default();
            self.take_entries(now, time, &folded, of_room, of_room.len() < count);
        }
    }

    /// Writes the lines among the new entries of a room. `is_complete` says that the stream had no
    /// more entries.
    fn take_entries(
        &mut self,
        now: Instant,
        time: SystemTime,
        folded: &Arc<str>,
        entries: &[RawEntry],
        is_complete: bool,
    ) {
        let Some(mut room) = self.rooms.remove(folded) else { return };
        let mut chunks = Chunks::new(&mut self.renderer, room.day);
        room.take(&self.engine, time, entries, is_complete, &mut chunks);
        let chunks = chunks.finish();
        if self.append(now, folded, &mut room, chunks) {
            self.rooms.insert(folded.clone(), room);
        }
    }

    /// Reads the end of a room's log. Returns `None` if that is impossible for now.
    fn load(
        &mut self,
        now: Instant,
        time: SystemTime,
        folded: &Arc<str>,
        surveyed: &SurveyedRoom,
    ) -> Option<Followed> {
        // Anybody can add a name to the engine.
        let is_room = Name::of_room(folded).is_ok_and(|name| name.folded == **folded);
        let is_suspended = self.suspended.get(folded).is_some_and(|until| now < *until);
        if !is_room || is_suspended {
            return None;
        }
        let last = match self.writer.last_place(folded) {
            Ok(last) => last,
            Err(error) => {
                self.suspend(now, folded, "read", &error);
                return None;
            }
        };
        let (mut room, is_other) = Followed::new(folded, last, &self.engine);
        room.update(surveyed);
        if is_other {
            let engine = self.engine.clone();
            let place = Place { engine, id: EntryId::default(), number: 0 };
            let mut chunks = Chunks::new(&mut self.renderer, room.day);
            chunks.mark(&room.shown, time, Day::of_time(time), None, &place);
            let chunks = chunks.finish();
            if !self.append(now, folded, &mut room, chunks) {
                return None;
            }
        }
        Some(room)
    }

    /// Writes lines. Returns `false` if the disk fails: the room must be loaded again.
    fn append(
        &mut self,
        now: Instant,
        folded: &Arc<str>,
        room: &mut Followed,
        chunks: Vec<Chunk>,
    ) -> bool {
        for Chunk { day, lines, count, gaps } in chunks {
            if room.day.is_some_and(|before| before < day) {
                // A later file must not survive a power loss without the end of an earlier one.
                if self.sync(now).contains(folded) {
                    return false;
                }
            }
            let (written, error) = self.writer.append(now, folded, day, &lines, count);
            for (_, missing) in gaps.into_iter().filter(|(index, _)| *index < written) {
                self.counts.lost.fetch_add(missing.unwrap_or(0), Relaxed);
                let text = gap_text(missing);
                log::error!("log of room {folded}: {text}");
            }
            if let Some(error) = error {
                self.suspend(now, folded, "written", &error);
                return false;
            }
            room.day = Some(day);
            if self.suspended.remove(folded).is_some() {
                log::warn!("log of room {folded}: written again");
            }
        }
        true
    }

    fn suspend(&mut self, now: Instant, folded: &Arc<str>, what: &str, error: &io::Error) {
        self.suspended.insert(folded.clone(), now + RETRY);
        if self.errors.allows(now) {
            log::error!(
                "log of room {folded}: not {what}, with another attempt every {} s: {error}",
                RETRY.as_secs()
            );
        }
    }

    /// Syncs everything that is written. A room whose sync failed is loaded again.
    /// Returns these rooms.
    fn sync(&mut self, now: Instant) -> Vec<Arc<str>> {
        let failed = self.writer.sync(now);
        failed.iter().for_each(|room| drop(self.rooms.remove(room)));
        failed
    }
}
