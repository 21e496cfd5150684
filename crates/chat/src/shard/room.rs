//! A room as one shard sees it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::backplane::operation::{Line, LineKind, Operation};
use crate::backplane::wish::{Asker, Wish};
use crate::hub::Hub;
use crate::hub::id::ClientId;
use crate::now::{Now, millis};
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::framing::{Framing, Renderers};
use crate::protocol::presence::{Change, NAMED, Run};
use crate::room::Room;
use crate::room::inbox::Wake;
use crate::room::reader::Reader;
use crate::room::segment::{Batch, EntryKind, Position, empty};

/// Further joins and leaves within this interval, or any in a room larger than [`CROWD`], are
/// combined into one notice, sent when the interval ends or before the next message.
const GATHER: Duration = Duration::from_millis(250);

/// Clients of a room in one shard above which joins and leaves are always combined.
const CROWD: usize = 128;

/// Time without progress after which a client counts as stalled. Until then it counts as slow.
pub(crate) const STALL: Duration = Duration::from_millis(250);

/// Bytes that a client must read within [`STALL`] to make progress. A client that reads a little
/// now and then does not keep senders waiting.
const STRIDE: u64 = 16 * 1024;

/// A room with clients of this shard.
#[derive(Debug)]
pub(crate) struct LocalRoom {
    pub(crate) room: Arc<Room>,
    pub(crate) reader: Reader,
    batch: Batch,
    /// Lines for the engine, with a backplane, instead of `batch`.
    outbox: Vec<Wish>,
    presence: Presence,
    /// `true` while `batch` has a message.
    has_messages: bool,
    /// Keys of the clients, ascending.
    members: Vec<u64>,
    /// `true` if segments came into the window since the last round.
    has_news: bool,
    /// Segment up to which the last round visited every client. Some clients receive segments from
    /// the middle of a round only in the next one.
    visited_to: u64,
    /// Clients that had unsent output or segments left at their last visit.
    lagging: HashMap<u64, Lag>,
    /// Time of the next check of the lagging clients.
    check_at: Option<Instant>,
}

/// Joins and leaves that are not published yet.
#[derive(Debug)]
struct Presence {
    run: Run,
    /// Clients that disconnected. They are unregistered when that is published.
    gone: Vec<ClientId>,
    /// Joins and leaves that were published one by one since `since`.
    announced: usize,
    since: Instant,
    /// Time at which the run is published at the latest.
    due: Option<Instant>,
}

/// The progress of a client that is behind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lag {
    pub(crate) cursor: u64,
    /// Byte of the log up to which the client has read, when it last made progress.
    pub(crate) read_to: u64,
    /// Time of that progress, or of the moment at which the client fell behind.
    pub(crate) since: Instant,
    /// `true` if the client is behind by more than a reader that keeps up.
    pub(crate) is_far: bool,
}

impl LocalRoom {
    pub(crate) fn new(room: Arc<Room>, wake: Wake, now: Instant) -> LocalRoom {
        LocalRoom {
            reader: Reader::new(room.log.clone(), wake),
            room,
            batch: Batch::default(),
            outbox: Vec::new(),
            presence: Presence {
                run: Run::default(),
                gone: Vec::new(),
                announced: 0,
                since: now,
                due: None,
            },
            has_messages: false,
            members: Vec::new(),
            has_news: false,
            visited_to: 0,
            lagging: HashMap::new(),
            check_at: None,
        }
    }

    /// Returns the keys of the clients, ascending.
    pub(crate) fn members(&self) -> &[u64] {
        &self.members
    }

    /// Adds a client.
    pub(crate) fn insert(&mut self, key: u64) {
        if let Err(index) = self.members.binary_search(&key) {
            self.members.insert(index, key);
        }
    }

    /// Removes a client.
    pub(crate) fn remove(&mut self, key: u64) {
        if let Ok(index) = self.members.binary_search(&key) {
            self.members.remove(index);
        }
        self.lagging.remove(&key);
    }

    /// Adds a message or notice of a client to the batch. Returns the bytes by which the batch
    /// grows.
    pub(crate) fn push(
        &mut self,
        renderers: &mut Renderers,
        now: Now,
        client: ClientId,
        kind: MessageKind<'_>,
        text: &str,
    ) -> usize {
        self.finish_run(renderers, now);
        self.has_messages = true;
        if self.room.node.is_some() {
            let wish = line(&self.room, Asker::Client(client.0), kind, text, now);
            let bytes = wish.operation.cost();
            self.outbox.push(wish);
            return bytes;
        }
        let before = self.batch.len();
        let message = Message { time: now.time, room: &self.room.name, kind, text };
        self.batch.push_stored(renderers, &message);
        self.batch.len() - before
    }

    /// Records that a client joined or left. Publishes that at once, unless many clients join and
    /// leave or many are here. `gone` names a client that disconnected.
    pub(crate) fn change(
        &mut self,
        hub: &Hub,
        renderers: &mut Renderers,
        now: Now,
        change: Change,
        name: &Arc<str>,
        gone: Option<ClientId>,
    ) {
        self.presence.gone.extend(gone);
        if hub.config.presence {
            if !self.presence.run.accepts(change) {
                self.finish_run(renderers, now);
            }
            self.presence.run.add(change, name);
        }
        if self.presence.may_announce(now.instant) && self.members.len() <= CROWD {
            self.presence.announced += 1;
            self.publish_all(hub, renderers, now);
        } else {
            self.presence.due.get_or_insert(now.instant + GATHER);
        }
    }

    /// Appends the batch to the log, and takes new segments into the window. Joins and leaves that
    /// are not in the batch yet may wait for more of their kind.
    pub(crate) fn publish(&mut self) {
        if !self.batch.is_empty() {
            self.room.log.publish(&mut self.batch, Some(self.reader.inbox()));
        }
        self.send_outbox();
        self.has_messages = false;
        self.has_news |= self.reader.take();
    }

    /// Publishes the batch and due joins and leaves, and takes new segments into the window.
    pub(crate) fn publish_due(&mut self, hub: &Hub, renderers: &mut Renderers, now: Now) {
        if self.has_messages || self.presence.due.is_some_and(|at| at <= now.instant) {
            self.publish_all(hub, renderers, now);
        } else {
            self.has_news |= self.reader.take();
        }
    }

    /// Publishes the batch, joins and leaves included.
    pub(crate) fn publish_all(&mut self, hub: &Hub, renderers: &mut Renderers, now: Now) {
        self.finish_run(renderers, now);
        self.send_outbox();
        self.presence.due = None;
        let gone = &mut self.presence.gone;
        if !gone.is_empty() {
            let inbox = self.reader.inbox();
            hub.publish_departures(&self.room, &mut self.batch, inbox, gone, now.instant);
        }
        self.publish();
    }

    /// Publishes one notice by itself. Returns the position behind it.
    pub(crate) fn publish_notice(
        &mut self,
        renderers: &mut Renderers,
        time: SystemTime,
        text: &str,
    ) -> Position {
        let mut batch = Batch::default();
        let notice = Message { time, room: &self.room.name, kind: MessageKind::Notice, text };
        batch.push(EntryKind::Presence, renderers, &notice);
        self.room.log.publish(&mut batch, Some(self.reader.inbox()))
    }

    /// Returns the time at which something must be published or delivered.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        if self.has_news || self.has_messages { Some(now) } else { self.presence.due }
    }

    /// Returns `true` if every client must be visited. A round asks once.
    pub(crate) fn take_news(&mut self) -> bool {
        self.visited_to = self.reader.end().segment;
        std::mem::take(&mut self.has_news)
    }

    /// Returns the keys of the lagging clients if it is time to check these.
    pub(crate) fn take_check(&self, now: Instant) -> Option<impl Iterator<Item = u64>> {
        let is_due = self.check_at.is_some_and(|at| at <= now);
        is_due.then(|| self.lagging.keys().copied())
    }

    /// Returns the time of the next check of the lagging clients.
    pub(crate) fn check_at(&self) -> Option<Instant> {
        self.check_at
    }

    /// Returns the bytes by which the slowest client is behind.
    pub(crate) fn slowest(&self) -> Option<u64> {
        let cursor = self.lagging.values().map(|lag| lag.cursor).min()?;
        Some(self.reader.behind(cursor, Framing::Lines).1)
    }

    /// Records the lag of a client. Returns the time of its last progress.
    pub(crate) fn track(&mut self, key: u64, mut lag: Lag) -> Instant {
        if let Some(before) = self.lagging.get(&key) {
            if lag.read_to < before.read_to + STRIDE {
                (lag.read_to, lag.since) = (before.read_to, before.since);
            }
        }
        self.lagging.insert(key, lag);
        lag.since
    }

    /// Records that a client has caught up, or is gone.
    pub(crate) fn untrack(&mut self, key: u64) {
        // Usually no client lags, and then there is nothing to look up.
        if !self.lagging.is_empty() {
            self.lagging.remove(&key);
        }
    }

    /// Ends a round: drops the segments that no client needs, and reports whether the clients keep
    /// up.
    pub(crate) fn finish_round(&mut self, now: Instant) {
        let lowest = self.lagging.values().map(|lag| lag.cursor).min();
        self.reader.trim(lowest.map_or(self.visited_to, |cursor| cursor.min(self.visited_to)));
        let makes_progress =
            |lag: &&Lag| lag.is_far && now.saturating_duration_since(lag.since) < STALL;
        let slow = self.lagging.values().filter(makes_progress).count();
        // When most clients cannot keep up, waiting loses less than disconnecting them. Senders
        // never wait for one slow client or for clients that stopped reading.
        self.reader.press(slow > 1 && slow * 2 > self.members.len());
        // Lagging clients catch up by themselves; a check now and then suffices.
        self.check_at = (!self.lagging.is_empty()).then(|| now + STALL / 4);
    }

    /// Returns `true` if the room has no client here and nothing left to publish.
    pub(crate) fn is_vacant(&self) -> bool {
        let is_published = self.batch.is_empty() && self.outbox.is_empty();
        let has_presence = !self.presence.run.is_empty() || !self.presence.gone.is_empty();
        self.members.is_empty() && is_published && !has_presence
    }

    /// Hands the lines to the node.
    fn send_outbox(&mut self) {
        if let Some(node) = self.room.node.as_ref().filter(|_| !self.outbox.is_empty()) {
            node.push(self.outbox.drain(..));
            empty(&mut self.outbox);
        }
    }

    /// Moves the run of joins or leaves into the batch.
    fn finish_run(&mut self, renderers: &mut Renderers, now: Now) {
        for text in self.presence.run.finish() {
            let kind = MessageKind::Notice;
            if self.room.node.is_some() {
                self.outbox.push(line(&self.room, Asker::Node, kind, &text, now));
                continue;
            }
            let notice = Message { time: now.time, room: &self.room.name, kind, text: &text };
            self.batch.push(EntryKind::Presence, renderers, &notice);
        }
    }
}

/// Returns the operation that appends a line. A line that nobody waits for is about presence.
fn line(room: &Room, asker: Asker, kind: MessageKind<'_>, text: &str, now: Now) -> Wish {
    let (kind, from) = match kind {
        MessageKind::Public { from } => (LineKind::Message, from),
        _ if asker == Asker::Node => (LineKind::Presence, ""),
        _ => (LineKind::Notice, ""),
    };
    let line = Line {
        room: room.folded.as_str().into(),
        client: if let Asker::Client(client) = asker { client } else { 0 },
        kind,
        from: from.into(),
        text: text.into(),
        time: millis(now.time),
    };
    Wish { asker, operation: Operation::Say(line), at: now.instant }
}

impl Presence {
    /// Returns `true` if few joins and leaves were published one by one in this interval.
    fn may_announce(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= GATHER {
            (self.announced, self.since) = (0, now);
        }
        self.announced < NAMED
    }
}
