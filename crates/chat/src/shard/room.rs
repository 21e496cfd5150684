//! A room as one seat sees it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::hub::{ClientId, Hub, Room};
use crate::now::Now;
use crate::protocol::format::{Pen, Writer};
use crate::room::log::{Batch, Mark, Reader, Wake, What};

/// How many of a run of comings or goings are told of by name.
const NAMED: usize = 8;
/// More that come or go within this time, or in a room with a [`CROWD`], are told of together when it
/// is over, or before something is said.
const GATHER: Duration = Duration::from_millis(250);
/// Clients of a room at one seat above which nobody is told of alone.
const CROWD: usize = 128;
/// A client that has taken next to nothing for this long has stopped reading; until then it is slow.
pub(crate) const MOVING: Duration = Duration::from_millis(250);
/// Bytes that it must have taken in that time, so that one who takes a little now and then holds
/// nobody up.
pub(crate) const STRIDE: u64 = 16 * 1024;

/// What a seat keeps of a room while clients of it are there.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) room: Arc<Room>,
    pub(crate) reader: Reader,
    batch: Batch,
    run: Run,
    /// Who has left the server: struck out of the desk's lists when that is told.
    gone: Vec<ClientId>,
    /// Comings and goings that were told of at once since then.
    told: usize,
    since: Instant,
    /// When those that wait are told of at the latest.
    tell_at: Option<Instant>,
    /// Something was said and not published yet.
    said: bool,
    /// The keys of the clients, in order.
    pub(crate) members: Vec<u64>,
    /// Something has come into the window since the last round.
    news: bool,
    /// The segment up to which everybody was visited: what comes in the middle of a round, some will
    /// get in the next.
    brought: u64,
    /// Clients that had not taken all when they were last visited.
    pub(crate) behind: HashMap<u64, Progress>,
    /// When those who are behind must be looked at next.
    pub(crate) look: Option<Instant>,
}

/// Comings, or goings, that follow one another. Many become one notice: a thousand clients that come
/// one by one would otherwise be told of half a million times, and each time cost a call of the
/// system.
#[derive(Debug, Default)]
struct Run {
    came: bool,
    names: Vec<Arc<str>>,
    count: usize,
}

/// How far a client that is behind has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    pub(crate) cursor: u64,
    /// The byte of the log up to which it has taken everything, of one who goes on reading.
    pub(crate) taken: u64,
    /// When it had come so far, or since when it is behind.
    pub(crate) since: Instant,
    /// It lacks more than a reader that keeps up would.
    pub(crate) far: bool,
}

/// One comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Came,
    /// To another room.
    Went,
    /// For good.
    Left(ClientId),
}

impl Local {
    pub(crate) fn new(room: Arc<Room>, wake: Wake, now: Instant) -> Local {
        Local {
            reader: room.log.reader(wake),
            room,
            batch: Batch::default(),
            run: Run::default(),
            gone: Vec::new(),
            told: 0,
            since: now,
            tell_at: None,
            said: false,
            members: Vec::new(),
            news: false,
            brought: 0,
            behind: HashMap::new(),
            look: None,
        }
    }

    /// A client is here.
    pub(crate) fn insert(&mut self, key: u64) {
        if let Err(place) = self.members.binary_search(&key) {
            self.members.insert(place, key);
        }
    }

    /// A client is not here any more.
    pub(crate) fn remove(&mut self, key: u64) {
        if let Ok(place) = self.members.binary_search(&key) {
            self.members.remove(place);
        }
    }

    /// Adds to what is to be published. By how many bytes that grows.
    pub(crate) fn say(
        &mut self,
        pen: &mut Pen,
        now: Now,
        write: impl Fn(&mut Writer, &mut Vec<u8>),
    ) -> usize {
        self.tell_run(&mut pen.wire, now);
        self.said = true;
        let before = self.batch.len();
        self.batch.say(pen, now.time, write);
        self.batch.len() - before
    }

    /// One comes or goes. It is told at once, unless many do or many are here.
    pub(crate) fn moved(
        &mut self,
        hub: &Hub,
        writer: &mut Writer,
        now: Now,
        what: Move,
        name: &Arc<str>,
    ) {
        if let Move::Left(id) = what {
            self.gone.push(id);
        }
        if hub.config.presence {
            let came = what == Move::Came;
            if self.run.came != came {
                self.tell_run(writer, now);
            }
            self.run.came = came;
            self.run.count += 1;
            if self.run.names.len() < NAMED {
                self.run.names.push(name.clone());
            }
        }
        if now.instant.saturating_duration_since(self.since) >= GATHER {
            (self.told, self.since) = (0, now.instant);
        }
        if self.told < NAMED && self.members.len() <= CROWD {
            self.told += 1;
            self.publish_all(hub, writer, now);
        } else {
            self.tell_at.get_or_insert(now.instant + GATHER);
        }
    }

    /// What was said here goes into the log, and what the log has into the window. Comings and goings
    /// behind it may wait for more of their kind.
    pub(crate) fn publish(&mut self) {
        if !self.batch.is_empty() {
            self.room.log.publish(&mut self.batch, Some(&self.reader));
        }
        self.said = false;
        self.news |= self.reader.take();
    }

    /// At the start of a round: publishes what is due, and takes what the log has.
    pub(crate) fn publish_due(&mut self, hub: &Hub, writer: &mut Writer, now: Now) {
        if self.said || self.tell_at.is_some_and(|at| at <= now.instant) {
            self.publish_all(hub, writer, now);
        } else {
            self.news |= self.reader.take();
        }
    }

    /// As [`publish`](Self::publish), comings and goings too.
    pub(crate) fn publish_all(&mut self, hub: &Hub, writer: &mut Writer, now: Now) {
        self.tell_run(writer, now);
        self.tell_at = None;
        if !self.gone.is_empty() {
            let Local { room, batch, reader, gone, .. } = self;
            hub.publish(room, batch, reader, gone, now.instant);
        }
        self.publish();
    }

    /// Publishes one notice by itself. Where it ends in the log.
    pub(crate) fn publish_alone(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Mark {
        let mut batch = Batch::default();
        batch.push(What::Presence, write);
        self.room.log.publish(&mut batch, Some(&self.reader))
    }

    /// When something is to be published, or to be brought to those who are here.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        if self.news || self.said { Some(now) } else { self.tell_at }
    }

    /// Nothing is left to be published.
    fn is_told(&self) -> bool {
        self.batch.is_empty() && self.run.count == 0 && self.gone.is_empty()
    }

    /// Whether there is news for everybody; asked once a round.
    pub(crate) fn take_news(&mut self) -> bool {
        self.brought = self.reader.end().segment;
        std::mem::take(&mut self.news)
    }

    /// After a round: forgets what nobody needs, and says whether the clients keep up.
    pub(crate) fn conclude(&mut self, now: Instant) {
        let low = self.behind.values().map(|p| p.cursor).min();
        self.reader.trim(low.map_or(self.brought, |low| low.min(self.brought)));
        let is_moving = |p: &&Progress| p.far && now.saturating_duration_since(p.since) < MOVING;
        let moving = self.behind.values().filter(is_moving).count();
        // When most cannot keep up, waiting loses less than cutting them off. One slow client is not
        // waited for, nor are those that have stopped reading.
        self.reader.press(moving > 1 && moving * 2 > self.members.len());
        // Those that are behind catch up by themselves; it is only looked at now and then.
        self.look = (!self.behind.is_empty()).then(|| now + MOVING / 4);
    }

    /// Nobody is here, and nothing is left to be told.
    pub(crate) fn is_vacant(&self) -> bool {
        self.members.is_empty() && self.is_told()
    }

    fn tell_run(&mut self, writer: &mut Writer, now: Now) {
        let Run { came, names, count } = std::mem::take(&mut self.run);
        if count == 0 {
            return;
        }
        let done = if came { "joined" } else { "left" };
        let room = self.room.name.clone();
        let mut tell = |words: String| {
            self.batch.push(What::Presence, |out| writer.notice(out, now.time, &room, &words));
        };
        if count > NAMED {
            tell(format!("{} and {} more have {done}", names.join(", "), count - NAMED));
        } else {
            names.iter().for_each(|name| tell(format!("{name} has {done}")));
        }
    }
}
