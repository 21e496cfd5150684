//! The follower: the thread of a node, between the link to the engine and the rooms of the hub.

#![cfg_attr(
    not(feature = "backplane"),
    allow(dead_code, reason = "only the feature lets a program become a node")
)]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use netcore::throttle::Throttle;

use crate::backplane::answer::Answer;
use crate::backplane::engine::Engine;
use crate::backplane::entry::{Received, RoomEntry};
use crate::backplane::join_error::JoinError;
use crate::backplane::key::MIN_STREAM;
use crate::backplane::link::Link;
use crate::backplane::link::event::Event;
use crate::backplane::link::settings::LinkSettings;
use crate::backplane::node::{CLOSE_TIMEOUT, Node};
use crate::backplane::operation::{Limits, LineKind, Operation};
use crate::backplane::wish::{Asker, Wish};
use crate::hub::Hub;
use crate::hub::id::ClientId;
use crate::hub::mailbox::Direct;
use crate::hub::outcome::Outcome;
use crate::now::millis;
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::framing::Renderers;
use crate::protocol::text::clean;
use crate::room::Room;
use crate::room::segment::{Batch, EntryKind};
use crate::stats::count;

#[cfg(all(test, feature = "server"))]
mod tests;

/// Time after which a room without members here is followed no longer.
const LINGER: Duration = Duration::from_secs(30);

/// Interval at which such rooms are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// Interval at which memory is checked again before more lines are read.
const MEMORY_PAUSE: Duration = Duration::from_millis(10);

/// Interval of log lines about entries of strangers.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// The largest number that the engine must compute with.
const MAX_NUMBER: u64 = 1 << 50;

/// The events of the start that the thread reports once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    Online,
    Away(Arc<str>),
    NodeTaken,
}

/// Time that the start waits for the engine. A node that was killed has its name for a lease.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// Starts the thread of the hub's node, and waits until the engine works.
///
/// # Errors
///
/// [`JoinError`] if the engine is away, or another node has the name.
pub(crate) fn start(hub: &Arc<Hub>, engine: Box<dyn Engine>) -> Result<(), JoinError> {
    let Some(node) = hub.node.clone() else { return Ok(()) };
    let now = Instant::now();
    let link = Link::new(settings(hub, &node), now);
    let follower = Follower::new(hub.clone(), node.clone(), link, engine, now);
    let (sender, receiver) = mpsc::channel();
    // Once the start is over, nobody listens.
    let report = move |start| drop(sender.send(start));
    thread::Builder::new()
        .name("chat backplane".to_owned())
        .spawn(move || follower.run(report))
        .map_err(|error| JoinError::Thread { reason: error.to_string().into() })?;
    let (mut is_taken, end) = (false, now + START_TIMEOUT);
    let error = loop {
        match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(Start::Online) => return Ok(()),
            Ok(Start::NodeTaken) => is_taken = true,
            Ok(Start::Away(_)) if is_taken => {}
            Ok(Start::Away(reason)) => break JoinError::Away { reason },
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) if is_taken => {
                break JoinError::NodeTaken { name: node.name().clone() };
            }
            Err(_) => break JoinError::Away { reason: "it does not answer".into() },
        }
    };
    node.close();
    Err(error)
}

/// Returns the settings of the link of a node that starts now.
fn settings(hub: &Hub, node: &Node) -> LinkSettings {
    let config = &hub.config;
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = RandomState::new().hash_one(since.as_nanos());
    LinkSettings {
        node: node.name().clone(),
        epoch: format!("{:016x}{:016x}", seed, RandomState::new().hash_one(seed)).into(),
        offline: node.offline(),
        limits: Limits {
            max_rooms: config.max_rooms as u64,
            max_members: (config.max_members as u64).min(MAX_NUMBER),
            // Lua has numbers up to 2^53.
            room_ttl: millis(config.room_ttl).min(MAX_NUMBER),
            stream: (config.history as u64).saturating_mul(4).clamp(MIN_STREAM, MAX_NUMBER),
        },
        history: config.history,
        presence: config.presence,
        // A process that starts later has higher numbers, as long as it is not faster than 2^20
        // operations per second.
        first_number: since.as_secs() << 20,
        seed,
    }
}

/// The state of the thread.
#[derive(Debug)]
pub(crate) struct Follower {
    hub: Arc<Hub>,
    node: Arc<Node>,
    link: Link,
    engine: Box<dyn Engine>,
    renderers: Renderers,
    swept: Instant,
    strangers: Throttle,
    /// Time at which the thread ends although operations are not applied.
    end_at: Option<Instant>,
}

impl Follower {
    pub(crate) fn new(
        hub: Arc<Hub>,
        node: Arc<Node>,
        link: Link,
        engine: Box<dyn Engine>,
        now: Instant,
    ) -> Follower {
        let renderers = hub.renderers();
        let strangers = Throttle::new(LOG_INTERVAL);
        Follower { hub, node, link, engine, renderers, swept: now, strangers, end_at: None }
    }

    /// Runs until the node is closed. `report` is told how the start goes.
    pub(crate) fn run(mut self, mut report: impl FnMut(Start)) {
        loop {
            let now = Instant::now();
            let until = self.step(now, SystemTime::now(), &mut report);
            if self.has_ended(now) {
                break;
            }
            for reply in self.engine.wait(Some(until)) {
                self.link.handle(Instant::now(), reply);
            }
        }
        self.node.end();
    }

    /// Does everything that can be done without waiting. Returns the time of the next step.
    pub(crate) fn step(
        &mut self,
        now: Instant,
        time: SystemTime,
        report: &mut impl FnMut(Start),
    ) -> Instant {
        self.node.take().into_iter().for_each(|wish| self.link.push(wish));
        let is_short = self.hub.memory.excess() > 0;
        self.link.set_may_read(!is_short);
        while let Some(event) = self.link.poll_event() {
            self.apply(now, event, report);
        }
        while let Some(request) = self.link.poll_request(now, millis(time)) {
            self.engine.send(request);
        }
        while let Some(event) = self.link.poll_event() {
            self.apply(now, event, report);
        }
        self.node.set_unapplied(self.link.unapplied_bytes());
        if now.saturating_duration_since(self.swept) >= SWEEP {
            self.swept = now;
            for room in self.hub.vacant_rooms(LINGER) {
                if self.link.close_room(&room) {
                    self.hub.close_room(&room);
                }
            }
        }
        let pause = is_short.then(|| now + MEMORY_PAUSE);
        let times = [pause, Some(self.swept + SWEEP), self.end_at];
        times.into_iter().flatten().fold(self.link.next_timeout(), Instant::min)
    }

    /// Returns `true` if the node is closed, and all that it can do for that is done.
    fn has_ended(&mut self, now: Instant) -> bool {
        if !self.node.is_closing() {
            return false;
        }
        let end_at = *self.end_at.get_or_insert(now + CLOSE_TIMEOUT);
        !self.link.is_live() || self.link.is_idle() || now >= end_at
    }

    /// Returns the engine's replies, in a test.
    #[cfg(all(test, feature = "server"))]
    fn receive(&mut self, now: Instant) -> bool {
        let replies = self.engine.wait(Some(now));
        let has_some = !replies.is_empty();
        replies.into_iter().for_each(|reply| self.link.handle(now, reply));
        has_some
    }

    fn apply(&mut self, now: Instant, event: Event, report: &mut impl FnMut(Start)) {
        let name = self.node.name().clone();
        match event {
            Event::Online => {
                if self.node.set_away(None) {
                    log::info!("node {name}: the chat's engine works");
                }
                report(Start::Online);
            }
            Event::Away(reason) => {
                if self.node.set_away(Some(reason.clone())) {
                    log::error!("node {name}: the chat's engine is away: {reason}");
                }
                report(Start::Away(reason));
            }
            Event::NodeTaken => report(Start::NodeTaken),
            Event::Expired => log::warn!(
                "node {name}: clients registered again: its lease had expired, so the others have \
                 seen them leave"
            ),
            Event::DataLost => log::error!(
                "node {name}: clients registered again: the chat's engine has lost its data"
            ),
            Event::Missed { stream, count } => {
                self.node.count_missed(count);
                log::error!(
                    "node {name}: missed {count} entries of {stream}: they were removed before \
                     they were read"
                );
            }
            Event::Strange { stream, count } => {
                if self.strangers.allows(now) {
                    log::warn!(
                        "node {name}: ignored {count} entries of {stream}: strangers have written them"
                    );
                }
            }
            Event::Returned(at) => self.node.set_lag(now.saturating_duration_since(at)),
            Event::Opened { room, shown, history } => self.open(&room, &shown, &history),
            Event::Lines { room, entries } => self.publish(&room, &entries),
            Event::Received(received) => self.receive_direct(received),
            Event::Answered { wish, answer } => self.answer(wish, answer),
            Event::Refused { wish, reason } => self.refuse(wish, reason),
        }
    }

    fn open(&mut self, folded: &str, shown: &str, history: &[RoomEntry]) {
        let Some(room) = self.hub.open_room(folded, shown) else { return };
        let mut batch = Batch::default();
        for entry in history {
            let text = clean(&entry.text);
            let from = clean(&entry.from);
            let message = message(&room, entry, &from, &text);
            batch.push(EntryKind::Message, &mut self.renderers, &message);
        }
        room.log.restore(&batch);
    }

    fn publish(&mut self, folded: &str, entries: &[RoomEntry]) {
        let Some(room) = self.hub.room(folded) else { return };
        let mut batch = Batch::default();
        for entry in entries {
            let text = clean(&entry.text);
            let from = clean(&entry.from);
            let message = message(&room, entry, &from, &text);
            match entry.kind {
                LineKind::Message | LineKind::Notice => {
                    batch.push_stored(&mut self.renderers, &message);
                }
                LineKind::Rename if *entry.node == **self.node.name() => {
                    // The client receives a reply instead of this notice.
                    let end = room.log.publish(&mut batch, None);
                    self.hub.put(ClientId(entry.client), Direct::Omit(end.segment));
                    batch.push(EntryKind::Presence, &mut self.renderers, &message);
                    room.log.publish(&mut batch, None);
                }
                LineKind::Presence | LineKind::Rename => {
                    batch.push(EntryKind::Presence, &mut self.renderers, &message);
                }
            }
        }
        room.log.publish(&mut batch, None);
    }

    fn receive_direct(&mut self, received: Received) {
        let _ = match received {
            Received::Private { client, from, to, room, text, time } => {
                let [from, to, room, text] = [&from, &to, &room, &text].map(|text| clean(text));
                let kind = MessageKind::Private { from: &from, to: &to };
                let message = Message { time: at(time), room: &room, kind, text: &text };
                let renderers = &mut self.renderers;
                let sent = self.hub.send_to(ClientId(client), |framing| {
                    let mut bytes = Vec::new();
                    renderers.render(framing, &message, &mut bytes);
                    Direct::Private(bytes.into())
                });
                // The sender, on any node, believes that the receiver has it.
                sent.inspect_err(|error| {
                    count(&self.hub.counters.refused_private, 1);
                    self.node.tell(&from, &error.text(&to));
                })
            }
            Received::Tell { client, text } => {
                let text = clean(&text).into_owned();
                self.hub.send_to(ClientId(client), |_| Direct::Notice(text))
            }
            Received::Kick { client } => self.hub.send_to(ClientId(client), |_| Direct::Kick),
            Received::Answer { .. } => Ok(()),
        };
    }

    fn answer(&mut self, wish: Wish, answer: Answer) {
        match (&wish.operation, &answer) {
            (Operation::Register(registration), Answer::NameLost) => {
                let (client, address) = (ClientId(registration.client), &registration.address);
                self.hub.set_name(client, address, false);
                log::warn!(
                    "{address}: has lost its name: another client took it while the engine was away"
                );
                let Wish { operation, .. } = wish;
                let outcome = Outcome { operation, answer: Ok(answer), room: None };
                return self.hub.put(client, Direct::Outcome(Box::new(outcome)));
            }
            (Operation::Say(_), Answer::Failed { reason }) => {
                let reason = reason.as_str().into();
                return self.refuse(wish, reason);
            }
            _ => {}
        }
        match wish.asker {
            Asker::Node => {}
            Asker::Operator(number) => self.node.answer(number, Ok(answer)),
            Asker::Client(client) => {
                let client = ClientId(client);
                let room = match (&wish.operation, &answer) {
                    (Operation::Rename(rename), Answer::Renamed) => {
                        self.hub.set_name(client, &rename.name.shown, true);
                        None
                    }
                    (Operation::Move(to), Answer::Moved { .. }) => {
                        self.hub.enter_room(client, &to.room.folded, at(to.since))
                    }
                    _ => None,
                };
                let outcome = Outcome { operation: wish.operation, answer: Ok(answer), room };
                self.hub.put(client, Direct::Outcome(Box::new(outcome)));
            }
        }
    }

    fn refuse(&mut self, wish: Wish, reason: Arc<str>) {
        let client = match wish.asker {
            Asker::Node => return,
            Asker::Operator(number) => return self.node.answer(number, Err(reason)),
            Asker::Client(client) => ClientId(client),
        };
        if let Operation::Say(_) = wish.operation {
            self.node.count_refused();
            let text = clean(&format!("not sent: {reason}")).into_owned();
            return self.hub.put(client, Direct::Notice(text));
        }
        let outcome = Outcome { operation: wish.operation, answer: Err(reason), room: None };
        self.hub.put(client, Direct::Outcome(Box::new(outcome)));
    }
}

/// Returns a line as it is rendered.
fn message<'a>(room: &'a Room, entry: &RoomEntry, from: &'a str, text: &'a str) -> Message<'a> {
    let kind = match entry.kind {
        LineKind::Message => MessageKind::Public { from },
        _ => MessageKind::Notice,
    };
    Message { time: at(entry.time), room: &room.name, kind, text }
}

/// Returns the time that is so many milliseconds after 1970, or 1970 if there is no such time.
fn at(millis: u64) -> SystemTime {
    let since = Duration::from_millis(millis);
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}
