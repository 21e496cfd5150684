//! The effect of the engine's replies on a link.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::backplane::answer::Answer;
use crate::backplane::engine::Reply;
use crate::backplane::entry::{InboxEntry, RawEntry, Received, RoomEntry};
use crate::backplane::link::event::Event;
use crate::backplane::link::flight::{Content, Flight};
use crate::backplane::link::incoming::Loaded;
use crate::backplane::link::{Link, MAX_AGE, Phase};
use crate::backplane::operation::{Line, LineKind, Operation, RoomName};
use crate::backplane::settings::Offline;
use crate::backplane::wish::{Asker, Wish};
use crate::protocol::format::LOBBY;
use crate::protocol::presence::{Change, Run};

impl Link {
    /// Handles a reply of the engine.
    pub(crate) fn handle(&mut self, now: Instant, reply: Reply) {
        match (reply, self.phase) {
            (_, Phase::Closed(_)) => {}
            (Reply::Closed(reason), _) => self.disconnect(now, &reason),
            (Reply::Opened, Phase::Opening(_)) => {
                let begin = self.begin();
                self.requests.push_back(begin);
            }
            (_, Phase::Opening(_)) => {}
            (Reply::Entries(streams), _) => self.read(&streams),
            (Reply::ReadError(reason), _) => {
                self.reading = None;
                self.rest(now, &reason);
            }
            (reply, _) => {
                if let Some(flight) = self.flights.pop_front() {
                    self.land(now, flight, reply);
                }
            }
        }
    }

    /// Handles the reply to the request of a flight.
    fn land(&mut self, now: Instant, flight: Flight, reply: Reply) {
        if let (Content::Submission, Reply::Submitted { applied }) = (&flight.content, &reply) {
            self.outgoing.confirm(*applied);
        }
        if flight.session < self.session {
            return;
        }
        match (flight.content, reply) {
            (Content::Begin, Reply::Begun { applied, known, instance }) => {
                self.begun(now, applied, known, instance);
            }
            (Content::Begin, Reply::NodeTaken) => {
                self.events.push_back(Event::NodeTaken);
                self.rest(now, "another server has the name of this node");
            }
            (Content::Submission, Reply::NotBegun) if self.has_session() => {
                // Perhaps the node was paused for longer than its lease.
                self.requests.clear();
                self.phase = Phase::Resting(now);
            }
            (Content::Submission, Reply::Error(reason)) if self.has_session() => {
                // The submissions behind this one lack its operations, so they are not applied.
                self.outgoing.fence(self.outgoing.applied());
                self.rest(now, &reason);
            }
            (Content::History(room), Reply::History(page)) => self.load(&room, &page),
            (Content::Reap, Reply::Reaped { more: true }) => self.reap_at = now,
            (_, Reply::Error(reason)) if self.has_session() || self.phase == Phase::Beginning => {
                self.rest(now, &reason);
            }
            _ => {}
        }
    }

    fn begun(&mut self, now: Instant, applied: u64, known: bool, instance: String) {
        let is_first = self.instance.is_none();
        let has_lost = self.instance.as_ref().is_some_and(|before| *before != instance);
        self.instance = Some(instance);
        if has_lost {
            // Nobody knows which of these other nodes have seen.
            for wish in self.outgoing.give_up(u64::MAX - 1) {
                match wish.is_lasting() {
                    true => self.outgoing.push(wish),
                    false => self.refuse(wish, "the chat's engine has lost its data"),
                }
            }
            self.incoming.restart();
            self.events.push_back(Event::DataLost);
        }
        self.outgoing.fence(applied);
        if self.settings.offline == Offline::Refuse {
            for wish in self.outgoing.remove_old(now, MAX_AGE) {
                self.refuse(wish, "the chat's engine was away for too long");
            }
        }
        let mut first = Vec::new();
        let node = |operation| Wish { asker: Asker::Node, operation, at: now };
        if !known {
            self.outgoing.remove(|wish| {
                let is_replaced = matches!(
                    wish.operation,
                    Operation::Register(_) | Operation::Unregister { .. } | Operation::Registered
                );
                !is_replaced
            });
            first.extend(self.clients.values().cloned().map(Operation::Register).map(node));
            first.push(node(Operation::Registered));
            self.registered_from = applied + 1;
            if std::mem::take(&mut self.was_known) && !has_lost {
                self.events.push_back(Event::Expired);
                first.extend(self.returns().into_iter().map(Operation::Say).map(node));
            }
        }
        first.push(node(Operation::Sync));
        self.outgoing.push_front(first);
        self.phase = Phase::CatchingUp;
        (self.sync, self.is_caught_up) = (None, false);
        let lobby = LOBBY.into();
        if is_first {
            self.open_room(&lobby, LOBBY);
        } else {
            self.requests.extend(self.incoming.reload());
        }
        self.renew_at = now;
        self.reap_at = now;
    }

    /// Returns the notices for clients that everybody has seen leave when the lease expired.
    fn returns(&self) -> Vec<Line> {
        let mut rooms: BTreeMap<Arc<str>, Run> = BTreeMap::new();
        for client in self.clients.values().filter(|_| self.settings.presence) {
            let name = client.chosen.as_ref().map_or(&client.address, |name| &name.shown);
            rooms.entry(client.room.folded.clone()).or_default().add(Change::Joined, name);
        }
        let line = |room: &Arc<str>, text: String| Line {
            room: room.clone(),
            client: 0,
            kind: LineKind::Presence,
            from: "".into(),
            text: text.into(),
            time: self.time,
        };
        let texts = rooms.into_iter().flat_map(|(room, mut run)| {
            run.finish().into_iter().map(move |text| (room.clone(), text))
        });
        texts.map(|(room, text)| line(&room, text)).collect()
    }

    fn read(&mut self, streams: &[(Arc<str>, Vec<RawEntry>)]) {
        let applied = self.reading.take().map_or(0, |(applied, _)| applied);
        let mut is_complete = true;
        for (stream, entries) in streams {
            is_complete &= entries.len() < self.read_count;
            if let Some(news) = self.incoming.read_inbox(stream, entries) {
                self.report(stream, news.missed, news.strange);
                news.entries.into_iter().for_each(|entry| self.receive(entry));
            } else if let Some((room, news)) = self.incoming.read_room(stream, entries) {
                self.report(stream, news.missed, news.strange);
                self.lines(room, news.entries);
            }
        }
        if is_complete {
            for wish in self.outgoing.give_up(applied) {
                self.refuse(wish, "it was removed from the chat's engine");
            }
            if !self.is_caught_up && self.sync.is_some_and(|it| self.outgoing.sent(it).is_none()) {
                self.sync = None;
                let (asker, operation) = (Asker::Node, Operation::Sync);
                self.outgoing.push_front(vec![Wish { asker, operation, at: self.renew_at }]);
            }
        }
    }

    fn report(&mut self, stream: &Arc<str>, missed: u64, strange: u64) {
        let stream = stream.clone();
        if missed > 0 {
            self.events.push_back(Event::Missed { stream: stream.clone(), count: missed });
        }
        if strange > 0 {
            self.events.push_back(Event::Strange { stream, count: strange });
        }
    }

    fn lines(&mut self, room: Arc<str>, entries: Vec<RoomEntry>) {
        if entries.is_empty() {
            return;
        }
        for entry in entries.iter().filter(|entry| *entry.node == *self.settings.node) {
            let is_line =
                |wish: &Wish| matches!(&wish.operation, Operation::Say(line) if line.room == room);
            if self.outgoing.sent(entry.number).is_some_and(is_line) {
                if let Some(wish) = self.outgoing.resolve(entry.number) {
                    self.events.push_back(Event::Returned(wish.at));
                }
            }
        }
        self.events.push_back(Event::Lines { room, entries });
    }

    fn receive(&mut self, entry: InboxEntry) {
        let (number, answer) = match entry.content {
            Received::Answer { number, answer } => (number, answer),
            direct => return self.events.push_back(Event::Received(direct)),
        };
        let Some(wish) = self.outgoing.resolve(number) else { return };
        if self.sync == Some(number) {
            return self.caught_up();
        }
        if let (Operation::Register(registration), Answer::NameLost) = (&wish.operation, &answer) {
            let client = self.clients.get(&registration.client);
            if client.is_none_or(|client| client.chosen != registration.chosen) {
                // It has another name by now.
                return;
            }
        }
        self.record(number, &wish, &answer);
        let room = match (&wish.operation, &answer) {
            (Operation::Move(to), Answer::Moved { room, .. }) => {
                Some((to.room.folded.clone(), room.clone()))
            }
            _ => None,
        };
        let event = Event::Answered { wish, answer };
        match room {
            Some((room, shown)) if !self.incoming.is_open(&room) => {
                self.open_room(&room, &shown);
                self.held.entry(room).or_default().push(event);
            }
            _ => self.events.push_back(event),
        }
    }

    /// Records the new name or room of a client, to register it again.
    fn record(&mut self, number: u64, wish: &Wish, answer: &Answer) {
        let client = match (&wish.operation, answer) {
            (Operation::Rename(rename), Answer::Renamed) => {
                let Some(client) = self.clients.get_mut(&rename.client) else { return };
                client.chosen = Some(rename.name.clone());
                client
            }
            (Operation::Move(to), Answer::Moved { room, .. }) => {
                let Some(client) = self.clients.get_mut(&to.client) else { return };
                client.room = RoomName { shown: room.as_str().into(), ..to.room.clone() };
                client.since = to.since;
                client
            }
            (Operation::Register(registration), Answer::NameLost) => {
                let Some(client) = self.clients.get_mut(&registration.client) else { return };
                client.chosen = None;
                return;
            }
            _ => return,
        };
        // The client was registered again without this change in the meantime.
        if number < self.registered_from {
            let operation = Operation::Register(client.clone());
            self.outgoing.push(Wish { asker: Asker::Node, operation, at: wish.at });
        }
    }

    fn caught_up(&mut self) {
        self.is_caught_up = true;
        self.was_known = true;
        self.backoff.reset();
        self.go_live();
    }

    /// Ends the catching up, once the lobby is open too.
    fn go_live(&mut self) {
        if self.is_caught_up && self.phase == Phase::CatchingUp && self.incoming.is_open(LOBBY) {
            self.phase = Phase::Live;
            self.sync = None;
            if self.away.take().is_some() {
                self.events.push_back(Event::Online);
            }
        }
    }

    fn load(&mut self, room: &Arc<str>, page: &[RawEntry]) {
        match self.incoming.load(room, page) {
            None => {}
            Some(Loaded::Next(request)) => self.requests.push_back(request),
            Some(Loaded::Whole { shown, history }) => {
                self.events.push_back(Event::Opened { room: room.clone(), shown, history });
                self.events.extend(self.held.remove(room).into_iter().flatten());
                // Its answer ends the current read, which does not have the room.
                let operation = Operation::Sync;
                self.outgoing.push(Wish { asker: Asker::Node, operation, at: self.renew_at });
                self.go_live();
            }
        }
    }
}
