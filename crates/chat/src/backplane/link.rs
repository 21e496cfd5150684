//! The link: the state machine between a chat and its engine, without I/O and without a clock.
//!
//! ```text
//!             ┌──────────────────── connection lost, no reply in time ────────────────────┐
//!             ▼                                                                           │
//!   Closed ─Open─► Opening ─Opened─► Beginning ─Begun─► Catching ─Sync's answer─► Live ───┤
//!     ▲ back-off      │                  ▲  │              up                      │      │
//!     └───────────────┘    back-off      │  └─Error─► Resting ◄──────── Error ─────┘      │
//!                                        └──────────────┘                                 │
//!   Everything except Live is away.  ◄────────────────────────────────────────────────────┘
//! ```

pub(crate) mod event;
mod flight;
pub(crate) mod incoming;
pub(crate) mod outgoing;
mod replies;
pub(crate) mod settings;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netcore::backoff::Backoff;

use crate::backplane::engine::{Begin, Request, Submission};
use crate::backplane::key::folded_of;
use crate::backplane::link::event::Event;
use crate::backplane::link::flight::{Content, Flight};
use crate::backplane::link::incoming::Incoming;
use crate::backplane::link::outgoing::Outgoing;
use crate::backplane::link::settings::LinkSettings;
use crate::backplane::operation::{LineKind, Numbered, Operation, Registration};
use crate::backplane::settings::Offline;
use crate::backplane::wish::{Asker, Wish};

#[cfg(test)]
mod tests;

/// Time in which the engine must reply, except to a read, which may wait [`READ_WAIT`] longer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(3);

/// Time that a read waits in the engine.
const READ_WAIT: Duration = Duration::from_secs(5);

/// Interval at which the lease is renewed if nothing else is submitted.
const RENEW: Duration = Duration::from_millis(2500);

/// Interval at which expired nodes are reaped.
const REAP: Duration = Duration::from_secs(2);

/// Submissions in flight.
const MAX_SUBMISSIONS: usize = 4;

/// The most entries of one stream in one read, if few rooms are open.
const MAX_ENTRIES: usize = 1024;

/// The most entries of one stream in one read, however many rooms are open.
const MIN_ENTRIES: usize = 16;

/// The most entries of one read, if fewer than 256 streams are read.
const MAX_READ: usize = 4096;

/// Returns the most entries that one read of so many streams returns.
pub(crate) fn max_read(streams: usize) -> usize {
    streams.saturating_mul(MIN_ENTRIES).max(MAX_READ)
}

/// Age at which a line that was under way when the engine went away is refused when it is back.
const MAX_AGE: Duration = Duration::from_secs(60);

/// Bytes of presence that are kept while the engine is away.
const MAX_PRESENCE: usize = 256 * 1024;

/// The phase of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no connection. The next attempt is at this time.
    Closed(Instant),
    /// The connection is being opened, until this time.
    Opening(Instant),
    /// A session is being begun.
    Beginning,
    /// The engine refuses requests. The next session is at this time.
    Resting(Instant),
    /// The session has begun, and everything from before it is being read.
    CatchingUp,
    /// The engine works.
    Live,
}

/// The state machine of a node.
#[derive(Debug)]
pub(crate) struct Link {
    settings: LinkSettings,
    phase: Phase,
    backoff: Backoff,
    session: u64,
    instance: Option<String>,
    outgoing: Outgoing,
    incoming: Incoming,
    /// Every client of the node, as the engine knows it or is to know it.
    clients: BTreeMap<u64, Registration>,
    /// The first number after the clients were last registered again.
    registered_from: u64,
    /// `true` if the engine has had the clients since they were last announced.
    was_known: bool,
    /// Requests without a reply, reads not counted.
    flights: VecDeque<Flight>,
    /// Operations that were known to be applied when the current read was sent, and its time.
    reading: Option<(u64, Instant)>,
    /// The most entries of one stream in the current read.
    read_count: usize,
    /// `false` while the node has no memory for more lines.
    may_read: bool,
    /// Answers that wait for the history of a room.
    held: BTreeMap<Arc<str>, Vec<Event>>,
    /// Number of the sync that ends the catching up, once it is sent.
    sync: Option<u64>,
    is_caught_up: bool,
    renew_at: Instant,
    reap_at: Instant,
    /// The reason for which the engine is away; operations are refused meanwhile.
    away: Option<Arc<str>>,
    /// Time in milliseconds since 1970, for notices.
    time: u64,
    requests: VecDeque<Request>,
    events: VecDeque<Event>,
}

impl Link {
    /// Creates a link that connects at `now`.
    pub(crate) fn new(settings: LinkSettings, now: Instant) -> Link {
        Link {
            phase: Phase::Closed(now),
            backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(5))
                .with_seed(settings.seed),
            session: 0,
            instance: None,
            outgoing: Outgoing::new(settings.first_number),
            incoming: Incoming::new(&settings.node, settings.history),
            clients: BTreeMap::new(),
            registered_from: 0,
            was_known: false,
            flights: VecDeque::new(),
            reading: None,
            read_count: MAX_ENTRIES,
            may_read: true,
            held: BTreeMap::new(),
            sync: None,
            is_caught_up: false,
            renew_at: now,
            reap_at: now,
            away: Some("not connected yet".into()),
            time: 0,
            requests: VecDeque::new(),
            events: VecDeque::new(),
            settings,
        }
    }

    /// Takes an operation.
    pub(crate) fn push(&mut self, wish: Wish) {
        match &wish.operation {
            Operation::Register(registration) => {
                self.clients.insert(registration.client, registration.clone());
            }
            Operation::Unregister { client } => {
                self.clients.remove(client);
                let is_own = |wish: &Wish| match &wish.operation {
                    Operation::Register(registration) => registration.client == *client,
                    _ => false,
                };
                // A client that comes and goes while the engine is away needs no operation.
                if !self.is_live() && !self.outgoing.remove(|wish| !is_own(wish)).is_empty() {
                    return;
                }
            }
            _ => {}
        }
        let Some(away) = self.away.clone() else { return self.outgoing.push(wish) };
        let is_presence =
            matches!(&wish.operation, Operation::Say(line) if line.kind == LineKind::Presence);
        if !keeps(self.settings.offline, &wish) {
            self.refuse(wish, &away);
        } else if !is_presence || self.outgoing.bytes() < MAX_PRESENCE {
            self.outgoing.push(wish);
        }
    }

    /// Follows a room, and loads its history.
    fn open_room(&mut self, room: &Arc<str>, shown: &str) {
        if let Some(request) = self.incoming.open(room, shown) {
            if self.has_session() {
                self.requests.push_back(request);
            }
        }
    }

    /// Follows a room no longer. Returns `false` if an answer waits for its history, or a client
    /// for its line.
    pub(crate) fn close_room(&mut self, room: &str) -> bool {
        let is_unused = !self.held.contains_key(room) && !self.outgoing.has_lines(room);
        if is_unused {
            self.incoming.close(room);
        }
        is_unused
    }

    /// Stops reading lines, or starts again.
    pub(crate) fn set_may_read(&mut self, may_read: bool) {
        self.may_read = may_read;
    }

    /// Returns the next request for the engine. `time` is in milliseconds since 1970.
    pub(crate) fn poll_request(&mut self, now: Instant, time: u64) -> Option<Request> {
        self.time = time;
        self.expire(now);
        let request = match self.phase {
            Phase::Closed(at) if at <= now => {
                self.phase = Phase::Opening(now + REPLY_TIMEOUT);
                Request::Open
            }
            Phase::Resting(at) if at <= now => self.begin(),
            _ => match self.requests.pop_front() {
                Some(request) => request,
                None if self.has_session() => self.next_request(now)?,
                None => return None,
            },
        };
        let content = match &request {
            Request::Begin(_) => Content::Begin,
            Request::Submit(_) => Content::Submission,
            Request::Reap { .. } => Content::Reap,
            Request::History { stream, .. } => {
                Content::History(folded_of(stream).unwrap_or_default().into())
            }
            Request::Open | Request::Read { .. } => return Some(request),
        };
        self.flights.push_back(Flight { content, session: self.session, at: now });
        Some(request)
    }

    /// Returns the next event for the chat.
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Returns the time at which [`poll_request`](Self::poll_request) must be called.
    pub(crate) fn next_timeout(&self) -> Instant {
        let flight = self.flights.front().map(|flight| flight.at + REPLY_TIMEOUT);
        let read = self.reading.map(|(_, at)| at + READ_WAIT + REPLY_TIMEOUT);
        let phase = match self.phase {
            Phase::Closed(at) | Phase::Opening(at) | Phase::Resting(at) => Some(at),
            Phase::Beginning => None,
            Phase::CatchingUp | Phase::Live if self.submissions() > 0 => Some(self.reap_at),
            Phase::CatchingUp | Phase::Live => Some(self.reap_at.min(self.renew_at)),
        };
        [flight, read, phase].into_iter().flatten().min().unwrap_or(self.renew_at)
    }

    /// Returns `true` while the engine works.
    pub(crate) fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// Returns the bytes of operations that are not applied.
    pub(crate) fn unapplied_bytes(&self) -> usize {
        self.outgoing.bytes()
    }

    /// Returns `true` if everything that was pushed is applied.
    pub(crate) fn is_idle(&self) -> bool {
        self.outgoing.is_idle()
    }

    fn begin(&mut self) -> Request {
        self.session += 1;
        self.phase = Phase::Beginning;
        Request::Begin(Begin {
            node: self.settings.node.clone(),
            epoch: self.settings.epoch.clone(),
            session: self.session,
            // Another one than before, so that this node notices that the engine has lost its data.
            instance: format!("{}-{}", self.settings.epoch, self.session).into(),
            limits: self.settings.limits,
            presence: self.settings.presence,
            time: self.time,
        })
    }

    fn next_request(&mut self, now: Instant) -> Option<Request> {
        if self.reading.is_none() && self.may_read {
            self.reading = Some((self.outgoing.applied(), now));
            let streams = self.incoming.positions();
            self.read_count = (MAX_READ / streams.len()).clamp(MIN_ENTRIES, MAX_ENTRIES);
            return Some(Request::Read { streams, count: self.read_count });
        }
        let is_live = self.is_live();
        if self.submissions() < MAX_SUBMISSIONS && (is_live || self.sync.is_none()) {
            // Until everything from before is read, only the clients are registered.
            let ends = |wish: &Wish| {
                !is_live && wish.asker == Asker::Node && wish.operation == Operation::Sync
            };
            if let Some((after, operations)) = self.outgoing.batch(ends) {
                let last = operations.last().filter(|it| it.operation == Operation::Sync);
                if !is_live {
                    self.sync = last.map(|it| it.number);
                }
                return Some(self.submit(now, after, operations));
            }
        }
        if self.renew_at <= now && self.submissions() == 0 {
            return Some(self.submit(now, self.outgoing.last(), Vec::new()));
        }
        if self.reap_at <= now {
            self.reap_at = now + REAP;
            let LinkSettings { limits, presence, .. } = self.settings;
            return Some(Request::Reap { limits, presence, time: self.time });
        }
        None
    }

    fn submit(&mut self, now: Instant, after: u64, operations: Vec<Numbered>) -> Request {
        self.renew_at = now + RENEW;
        Request::Submit(Submission {
            node: self.settings.node.clone(),
            epoch: self.settings.epoch.clone(),
            session: self.session,
            after,
            limits: self.settings.limits,
            operations,
        })
    }

    /// Returns the number of submissions without a reply.
    fn submissions(&self) -> usize {
        self.flights.iter().filter(|flight| flight.content == Content::Submission).count()
    }

    fn has_session(&self) -> bool {
        matches!(self.phase, Phase::CatchingUp | Phase::Live)
    }

    /// Gives up waiting for replies that are late.
    fn expire(&mut self, now: Instant) {
        let is_late = |at: Instant, limit| now.saturating_duration_since(at) >= limit;
        let opens_late = matches!(self.phase, Phase::Opening(at) if at <= now);
        if opens_late
            || self.flights.front().is_some_and(|flight| is_late(flight.at, REPLY_TIMEOUT))
            || self.reading.is_some_and(|(_, at)| is_late(at, READ_WAIT + REPLY_TIMEOUT))
        {
            self.disconnect(now, "it does not answer");
        }
    }

    /// Ends the connection, or records that it has ended.
    fn disconnect(&mut self, now: Instant, reason: &str) {
        self.phase = Phase::Closed(now + self.backoff.next_wait());
        self.flights.clear();
        self.reading = None;
        self.leave_session(reason);
    }

    /// Keeps the connection to an engine that refuses requests.
    fn rest(&mut self, now: Instant, reason: &str) {
        self.phase = Phase::Resting(now + self.backoff.next_wait());
        self.leave_session(reason);
    }

    /// Ends the session: what is not lasting is refused now, except what may be applied already.
    fn leave_session(&mut self, reason: &str) {
        self.requests.clear();
        self.sync = None;
        let reason: Arc<str> = reason.into();
        self.away = Some(reason.clone());
        self.events.push_back(Event::Away(reason.clone()));
        let offline = self.settings.offline;
        for wish in self.outgoing.remove(|wish| keeps(offline, wish)) {
            self.refuse(wish, &reason);
        }
    }

    /// Reports that an operation will not be applied.
    fn refuse(&mut self, wish: Wish, reason: &str) {
        if wish.asker != Asker::Node {
            self.events.push_back(Event::Refused { wish, reason: reason.into() });
        }
    }
}

/// Returns `true` if an operation is kept while the engine is away.
fn keeps(offline: Offline, wish: &Wish) -> bool {
    let is_line = matches!(wish.operation, Operation::Say(_));
    wish.is_lasting() || (offline == Offline::Queue && is_line)
}
