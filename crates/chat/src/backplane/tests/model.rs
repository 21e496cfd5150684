//! An engine in memory, simple enough to be right: the reference for every other one.
//!
//! Its fields are the keys of the real one. It has no connections and no clock.

use std::collections::{BTreeMap, BTreeSet};

use crate::backplane::engine::{Begin, Reply, Request, Submission};
use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::key::{self, ITEM, LEASE, MAX_INBOX, REAPED, SEPARATOR, field, kind, state};
use crate::backplane::operation::{
    ChosenName, Direct, DirectKind, Limits, Line, LineKind, Move, Numbered, Operation,
    Registration, Rename, RoomName,
};
use crate::backplane::record::{Owner, Record, RoomRecord};
use crate::backplane::source::{Survey, SurveyedRoom};
use crate::protocol::format::LOBBY;
use crate::protocol::presence::{Change, Run};

/// The engine.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The engine's clock, in milliseconds.
    pub(crate) now: u64,
    pub(crate) instance: Option<String>,
    pub(crate) nodes: BTreeMap<String, u64>,
    pub(crate) node: BTreeMap<String, Node>,
    pub(crate) clients: BTreeMap<String, BTreeMap<u64, Record>>,
    pub(crate) names: BTreeMap<String, Owner>,
    pub(crate) rooms: BTreeMap<String, RoomRecord>,
    pub(crate) looks: BTreeMap<String, String>,
    pub(crate) vacant: BTreeMap<String, u64>,
    /// By room: time of entry, node and client.
    pub(crate) members: BTreeMap<String, BTreeSet<(u64, String, u64)>>,
    pub(crate) seqs: BTreeMap<String, u64>,
    pub(crate) streams: BTreeMap<String, Vec<RawEntry>>,
    pub(crate) last_id: EntryId,
    /// The error that every write gets.
    pub(crate) refusal: Option<String>,
    /// Keys of streams that a stranger has replaced by something else.
    pub(crate) broken: BTreeSet<String>,
}

/// The record of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) epoch: String,
    pub(crate) session: u64,
    pub(crate) applied: u64,
    pub(crate) state: &'static str,
}

impl Model {
    /// Processes a request other than `Open`. A read that finds nothing returns an empty reply.
    pub(crate) fn process(&mut self, request: &Request) -> Reply {
        let writes =
            matches!(request, Request::Begin(_) | Request::Submit(_) | Request::Reap { .. });
        if let Some(refusal) = self.refusal.clone().filter(|_| writes) {
            return Reply::Error(refusal);
        }
        match request {
            Request::Open => Reply::Opened,
            Request::Begin(begin) => self.begin(begin),
            Request::Submit(submission) => self.submit(submission),
            Request::Reap { limits, presence, time } => self.reap(limits, *presence, *time),
            Request::Read { streams, count } => self.read(streams, *count),
            Request::History { stream, before, count } => {
                let entries = self.streams.get(&**stream).into_iter().flatten().rev();
                let earlier = entries.filter(|entry| before.is_none_or(|id| entry.id < id));
                Reply::History(earlier.take(*count).cloned().collect())
            }
        }
    }

    /// Returns the rooms as a log on disk needs them.
    #[allow(dead_code, reason = "only tests of a log on disk and of Redis need it")]
    pub(crate) fn survey(&self) -> Survey {
        let of_room =
            |(stream, number): (&String, &u64)| Some((key::folded_of(stream)?.to_owned(), *number));
        let mut last: BTreeMap<String, u64> = self.seqs.iter().filter_map(of_room).collect();
        let rooms = self.rooms.iter().map(|(folded, room)| SurveyedRoom {
            folded: folded.clone(),
            shown: room.shown.clone(),
            number: last.remove(folded).unwrap_or(0),
            exists: true,
        });
        let mut rooms: Vec<SurveyedRoom> = rooms.collect();
        rooms.extend(last.into_iter().map(|(folded, number)| SurveyedRoom {
            shown: folded.clone(),
            number,
            exists: self.streams.get(&key::room(&folded)).is_some_and(|it| !it.is_empty()),
            folded,
        }));
        Survey { instance: self.instance.clone().unwrap_or_default(), rooms }
    }

    /// Adds an entry that no node has written.
    pub(crate) fn add_strange(&mut self, stream: &str) {
        self.last_id = self.next_id();
        let fields = vec![(b"k".to_vec(), b"message".to_vec()), (b"x".to_vec(), vec![0xff])];
        let entry = RawEntry { id: self.last_id, fields };
        self.streams.entry(stream.to_owned()).or_default().push(entry);
    }

    /// Forgets everything.
    pub(crate) fn lose_data(&mut self) {
        *self = Model { now: self.now, ..Model::default() };
    }

    fn begin(&mut self, begin: &Begin) -> Reply {
        let Begin { node, epoch, session, .. } = begin;
        let record = self.node.get(&**node).cloned();
        let is_same = record.as_ref().is_some_and(|record| *record.epoch == **epoch);
        if let Some(record) = &record {
            if is_same && record.session >= *session {
                return Reply::Error("STALE session".to_owned());
            }
            if !is_same && self.nodes.get(&**node).is_some_and(|end| *end > self.now) {
                return Reply::NodeTaken;
            }
        }
        let instance = self.instance.get_or_insert_with(|| begin.instance.to_string()).clone();
        if !self.rooms.contains_key(LOBBY) {
            self.create_room(&lobby());
        }
        let (mut applied, mut state) = (0, state::BEGUN);
        match record {
            Some(record) if is_same => {
                applied = record.applied;
                if record.state == state::KNOWN {
                    state = state::KNOWN;
                }
            }
            Some(_) => {
                self.release(node, usize::MAX, begin.presence, begin.time);
                let inbox = key::inbox(node);
                self.streams.remove(&inbox);
                self.seqs.remove(&inbox);
            }
            None => {}
        }
        let record = Node { epoch: epoch.to_string(), session: *session, applied, state };
        self.node.insert(node.to_string(), record);
        self.nodes.insert(node.to_string(), self.now + LEASE);
        Reply::Begun { applied, known: state == state::KNOWN, instance }
    }

    fn submit(&mut self, submission: &Submission) -> Reply {
        let Submission { node, epoch, session, after, limits, operations } = submission;
        let is_current = |record: &&mut Node| {
            *record.epoch == **epoch
                && record.session == *session
                && record.state != state::ENDED
                && record.applied >= *after
        };
        let Some(record) = self.node.get_mut(&**node).filter(is_current) else {
            return Reply::NotBegun;
        };
        let mut applied = record.applied;
        self.nodes.insert(node.to_string(), self.now + LEASE);
        for Numbered { number, operation } in operations {
            if *number > applied {
                applied = *number;
                self.apply(node, *number, operation, limits);
            }
        }
        if let Some(record) = self.node.get_mut(&**node) {
            record.applied = applied;
        }
        Reply::Submitted { applied }
    }

    fn apply(&mut self, node: &str, number: u64, operation: &Operation, limits: &Limits) {
        match operation {
            Operation::Say(line) => {
                if self.broken.contains(&key::room(&line.room)) {
                    let reason = "WRONGTYPE not a stream";
                    return self.answer(node, number, kind::FAILED, &[(field::TEXT, reason)]);
                }
                self.say(node, number, line, limits);
            }
            Operation::Register(registration) => self.register(node, number, registration),
            Operation::Registered => {
                if let Some(record) = self.node.get_mut(node) {
                    record.state = state::KNOWN;
                }
            }
            Operation::Rename(rename) => self.rename(node, number, rename, limits),
            Operation::Move(to) => self.move_to(node, number, to, limits),
            Operation::Unregister { client } => {
                self.unregister(node, *client);
            }
            Operation::Direct(direct) => self.direct(node, number, direct),
            Operation::Announce { text, time } => {
                let rooms: Vec<String> = self.rooms.keys().cloned().collect();
                for room in rooms {
                    let line = notice(&room, LineKind::Notice, text, *time);
                    self.say(node, number, &line, limits);
                }
                self.answer(node, number, kind::DONE, &[]);
            }
            Operation::Members { room, most } => self.list_members(node, number, room, *most),
            Operation::Rooms => self.list_rooms(node, number),
            Operation::Clients { most } => self.list_clients(node, number, *most),
            Operation::Sync => self.answer(node, number, kind::DONE, &[]),
            Operation::Retire => {
                self.release(node, usize::MAX, false, 0);
            }
        }
    }

    fn say(&mut self, node: &str, number: u64, line: &Line, limits: &Limits) {
        let kind = match line.kind {
            LineKind::Message => kind::MESSAGE,
            LineKind::Notice => kind::NOTICE,
            LineKind::Presence => kind::PRESENCE,
            LineKind::Rename => kind::RENAME,
        };
        let fields = [
            (field::NODE, node),
            (field::CLIENT, &line.client.to_string()),
            (field::NUMBER, &number.to_string()),
            (field::KIND, kind),
            (field::FROM, &line.from),
            (field::TEXT, &line.text),
            (field::TIME, &line.time.to_string()),
        ];
        let is_numbered = matches!(line.kind, LineKind::Message | LineKind::Notice);
        self.append_as(is_numbered, &key::room(&line.room), &fields, limits.stream);
    }

    fn register(&mut self, node: &str, number: u64, registration: &Registration) {
        let Registration { client, address, chosen, room, since } = registration;
        self.unregister(node, *client);
        let chosen_free =
            |name: &&ChosenName| name.skeletons.iter().all(|key| !self.names.contains_key(&**key));
        let name = chosen.as_ref().filter(chosen_free);
        let is_lost = chosen.is_some() && name.is_none();
        match name {
            Some(name) => self.claim(node, *client, name),
            None => {
                let owner = owner(node, *client, address, address);
                self.names.entry(address.to_string()).or_insert(owner);
            }
        }
        let keys = match name {
            Some(name) => name.skeletons.clone().map(|key| key.to_string()),
            None => [address.to_string(), String::new()],
        };
        let shown = name.map_or(address, |name| &name.shown).to_string();
        let address = address.to_string();
        let record = Record { name: shown, keys, room: room.folded.to_string(), address };
        self.clients.entry(node.to_owned()).or_default().insert(*client, record);
        if !self.rooms.contains_key(&*room.folded) {
            self.create_room(room);
        }
        self.enter(node, *client, &room.folded, *since);
        if is_lost {
            self.answer(node, number, kind::NAME_LOST, &[]);
        }
    }

    fn rename(&mut self, node: &str, number: u64, rename: &Rename, limits: &Limits) {
        let Rename { client, name, notice: text, time } = rename;
        let is_other = |owner: &Owner| owner.node != node || owner.client != *client;
        let taken = name.skeletons.iter().any(|key| self.names.get(&**key).is_some_and(is_other));
        let Some(mut record) = self.record(node, *client).filter(|_| !taken) else {
            return self.answer(node, number, kind::TAKEN, &[]);
        };
        self.release_keys(node, *client, &record);
        self.claim(node, *client, name);
        record.name = name.shown.to_string();
        record.keys = name.skeletons.clone().map(|key| key.to_string());
        let room = record.room.clone();
        self.clients.entry(node.to_owned()).or_default().insert(*client, record);
        if let Some(text) = text {
            let line = Line { client: *client, ..notice(&room, LineKind::Rename, text, *time) };
            self.say(node, number, &line, limits);
        }
        self.answer(node, number, kind::RENAMED, &[]);
    }

    fn move_to(&mut self, node: &str, number: u64, to: &Move, limits: &Limits) {
        let Move { client, room, since } = to;
        let Some(mut record) = self.record(node, *client) else {
            let reason = "the client is not registered";
            return self.answer(node, number, kind::FAILED, &[(field::TEXT, reason)]);
        };
        if record.room == *room.folded {
            let shown = self.shown(&room.folded);
            return self.answer(node, number, kind::ALREADY, &[(field::ROOM, &shown)]);
        }
        if let Err((kind, shown)) = self.open_room(room, limits) {
            return self.answer(node, number, kind, &[(field::ROOM, &shown)]);
        }
        self.leave(node, *client, &record.room);
        record.room = room.folded.to_string();
        self.clients.entry(node.to_owned()).or_default().insert(*client, record);
        self.enter(node, *client, &room.folded, *since);
        let (shown, count) = (self.shown(&room.folded), self.count(&room.folded).to_string());
        self.answer(node, number, kind::MOVED, &[(field::ROOM, &shown), (field::COUNT, &count)]);
    }

    /// Makes a room that can be entered, or returns the kind of the answer and a room for it.
    fn open_room(
        &mut self,
        room: &RoomName,
        limits: &Limits,
    ) -> Result<(), (&'static str, String)> {
        let is_expired = |since: &u64| since + limits.room_ttl <= self.now;
        if self.rooms.contains_key(&*room.folded) {
            if self.count(&room.folded) >= limits.max_members && *room.folded != *LOBBY {
                return Err((kind::FULL, self.shown(&room.folded)));
            }
            if !self.vacant.get(&*room.folded).is_some_and(is_expired) {
                return Ok(());
            }
            self.delete_room(&room.folded);
        }
        for skeleton in &room.skeletons {
            let Some(other) = self.looks.get(&**skeleton).cloned() else { continue };
            if !self.vacant.contains_key(&other) {
                return Err((kind::CONFUSABLE, self.shown(&other)));
            }
            // Nobody can mistake a room for one without members.
            self.delete_room(&other);
        }
        if self.rooms.len() as u64 >= limits.max_rooms {
            let longest = self.vacant.iter().min_by_key(|(room, since)| (**since, *room));
            let Some((longest, _)) = longest else {
                return Err((kind::TOO_MANY, String::new()));
            };
            self.delete_room(&longest.clone());
        }
        self.create_room(room);
        Ok(())
    }

    fn direct(&mut self, node: &str, number: u64, direct: &Direct) {
        let owner = direct.keys.iter().find_map(|key| self.names.get(&**key));
        let owner = owner.filter(|owner| *owner.folded == *direct.folded).cloned();
        let Some(Owner { node: receiver, client, shown, .. }) = owner else {
            return self.answer(node, number, kind::NOBODY, &[]);
        };
        let (client, time) = (client.to_string(), direct.time.to_string());
        let mut fields = vec![(field::CLIENT, &*client)];
        match direct.kind {
            DirectKind::Private => fields.extend([
                (field::KIND, kind::PRIVATE),
                (field::FROM, &direct.from),
                (field::TO, &shown),
                (field::ROOM, &direct.room),
                (field::TEXT, &direct.text),
                (field::TIME, &time),
            ]),
            DirectKind::Tell => {
                fields.extend([(field::KIND, kind::TELL), (field::TEXT, &*direct.text)]);
            }
            DirectKind::Kick => fields.push((field::KIND, kind::KICK)),
        }
        self.append(&key::inbox(&receiver), &fields, MAX_INBOX);
        let fields = [(field::TO, &*shown), (field::NODE, &*receiver), (field::CLIENT, &*client)];
        self.answer(node, number, kind::DELIVERED, &fields);
    }

    fn list_members(&mut self, node: &str, number: u64, room: &str, most: usize) {
        let members = self.members.get(room).into_iter().flatten().take(most);
        let listed = members.filter_map(|(since, node, client)| {
            let name = &self.clients.get(node)?.get(client)?.name;
            Some(format!("{name}{SEPARATOR}{since}"))
        });
        let (listed, count) = (list(listed), self.count(room).to_string());
        let fields = [(field::COUNT, &*count), (field::TEXT, &*listed)];
        self.answer(node, number, kind::MEMBERS, &fields);
    }

    fn list_rooms(&mut self, node: &str, number: u64) {
        let in_use = self.rooms.iter().filter(|(folded, _)| !self.vacant.contains_key(*folded));
        let mut rooms: Vec<_> = in_use
            .map(|(folded, room)| (folded != LOBBY, u64::MAX - self.count(folded), folded, room))
            .collect();
        rooms.sort_by_key(|(is_other, empty, folded, _)| (*is_other, *empty, *folded));
        let listed = rooms
            .into_iter()
            .map(|(_, empty, _, room)| format!("{}{SEPARATOR}{}", room.shown, u64::MAX - empty));
        let listed = list(listed);
        self.answer(node, number, kind::ROOMS, &[(field::TEXT, &listed)]);
    }

    fn list_clients(&mut self, node: &str, number: u64, most: usize) {
        let records = self.clients.values().flat_map(BTreeMap::values).take(most);
        let listed = list(
            records.map(|record| format!("{}{SEPARATOR}{}", record.name, self.shown(&record.room))),
        );
        self.answer(node, number, kind::CLIENTS, &[(field::TEXT, &listed)]);
    }

    fn reap(&mut self, limits: &Limits, presence: bool, time: u64) -> Reply {
        let mut left = REAPED;
        let expired: Vec<String> =
            self.nodes.iter().filter(|(_, end)| **end <= self.now).map(|it| it.0.clone()).collect();
        let mut more = false;
        for node in expired {
            let (released, is_done) = self.release(&node, left, presence, time);
            left -= released;
            more |= !is_done;
        }
        let vacant = self.vacant.iter().filter(|(_, since)| **since + limits.room_ttl <= self.now);
        let rooms: Vec<String> = vacant.map(|(room, _)| room.clone()).collect();
        rooms.iter().for_each(|room| self.delete_room(room));
        Reply::Reaped { more }
    }

    /// Releases at most `most` clients of a node, and its lease with the last one. Returns the
    /// number of released clients, and `true` if none is left.
    fn release(&mut self, node: &str, most: usize, presence: bool, time: u64) -> (usize, bool) {
        if let Some(record) = self.node.get_mut(node) {
            record.state = state::ENDED;
        }
        let clients: Vec<u64> = self
            .clients
            .get(node)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .take(most)
            .copied()
            .collect();
        let mut rooms: BTreeMap<String, Run> = BTreeMap::new();
        for client in &clients {
            let Some(record) = self.unregister(node, *client) else { continue };
            rooms.entry(record.room).or_default().add(Change::Left, &record.name.into());
        }
        for (room, mut run) in rooms.into_iter().filter(|_| presence) {
            for text in run.finish() {
                let line = notice(&room, LineKind::Presence, &text, time);
                let limits = Limits { max_rooms: 0, max_members: 0, room_ttl: 0, stream: u64::MAX };
                self.say("", 0, &line, &limits);
            }
        }
        let is_done = self.clients.get(node).is_none_or(BTreeMap::is_empty);
        if is_done {
            self.nodes.remove(node);
            self.clients.remove(node);
        }
        (clients.len(), is_done)
    }

    fn unregister(&mut self, node: &str, client: u64) -> Option<Record> {
        let record = self.clients.get_mut(node)?.remove(&client)?;
        self.release_keys(node, client, &record);
        self.leave(node, client, &record.room);
        Some(record)
    }

    fn record(&self, node: &str, client: u64) -> Option<Record> {
        self.clients.get(node)?.get(&client).cloned()
    }

    fn claim(&mut self, node: &str, client: u64, name: &ChosenName) {
        for key in &name.skeletons {
            self.names.insert(key.to_string(), owner(node, client, &name.folded, &name.shown));
        }
    }

    fn release_keys(&mut self, node: &str, client: u64, record: &Record) {
        for key in &record.keys {
            let is_own = |owner: &Owner| owner.node == node && owner.client == client;
            if self.names.get(key).is_some_and(is_own) {
                self.names.remove(key);
            }
        }
    }

    fn enter(&mut self, node: &str, client: u64, room: &str, since: u64) {
        self.vacant.remove(room);
        let members = self.members.entry(room.to_owned()).or_default();
        members.insert((since, node.to_owned(), client));
    }

    fn leave(&mut self, node: &str, client: u64, room: &str) {
        let Some(members) = self.members.get_mut(room) else { return };
        members.retain(|(_, of, member)| of != node || *member != client);
        if members.is_empty() {
            self.members.remove(room);
            if room != LOBBY {
                self.vacant.insert(room.to_owned(), self.now);
            }
        }
    }

    fn create_room(&mut self, room: &RoomName) {
        let skeletons = room.skeletons.clone().map(|skeleton| skeleton.to_string());
        for skeleton in &skeletons {
            self.looks.entry(skeleton.clone()).or_insert(room.folded.to_string());
        }
        let record = RoomRecord { shown: room.shown.to_string(), skeletons };
        self.rooms.insert(room.folded.to_string(), record);
    }

    fn delete_room(&mut self, folded: &str) {
        let Some(record) = self.rooms.remove(folded) else { return };
        for skeleton in &record.skeletons {
            if self.looks.get(skeleton).is_some_and(|room| room == folded) {
                self.looks.remove(skeleton);
            }
        }
        self.vacant.remove(folded);
        // The numbers go on if the room is opened again.
        self.streams.remove(&key::room(folded));
    }

    fn count(&self, room: &str) -> u64 {
        self.members.get(room).map_or(0, BTreeSet::len) as u64
    }

    fn shown(&self, folded: &str) -> String {
        self.rooms.get(folded).map_or_else(|| folded.to_owned(), |room| room.shown.clone())
    }

    fn answer(&mut self, node: &str, number: u64, kind: &str, fields: &[(&str, &str)]) {
        let number = number.to_string();
        let mut all = vec![(field::NUMBER, &*number), (field::KIND, kind)];
        all.extend_from_slice(fields);
        self.append(&key::inbox(node), &all, MAX_INBOX);
    }

    fn append(&mut self, stream: &str, fields: &[(&str, &str)], most: u64) {
        self.append_as(true, stream, fields, most);
    }

    /// Appends an entry. One that is not numbered has the number of the entry before it.
    fn append_as(&mut self, is_numbered: bool, stream: &str, fields: &[(&str, &str)], most: u64) {
        self.last_id = self.next_id();
        let sequence = self.seqs.entry(stream.to_owned()).or_default();
        *sequence += u64::from(is_numbered);
        let bytes = |text: &str| text.as_bytes().to_vec();
        let mut all = vec![(bytes(field::SEQUENCE), bytes(&sequence.to_string()))];
        all.extend(fields.iter().map(|(name, value)| (bytes(name), bytes(value))));
        let entries = self.streams.entry(stream.to_owned()).or_default();
        entries.push(RawEntry { id: self.last_id, fields: all });
        let excess = (entries.len() as u64).saturating_sub(most);
        entries.drain(..excess as usize);
    }

    fn next_id(&self) -> EntryId {
        let EntryId { time, sequence } = self.last_id;
        match time >= self.now {
            true => EntryId { time, sequence: sequence + 1 },
            false => EntryId { time: self.now, sequence: 0 },
        }
    }

    fn read(&self, positions: &[(std::sync::Arc<str>, EntryId)], count: usize) -> Reply {
        let found = positions.iter().filter_map(|(stream, after)| {
            let entries = self.streams.get(&**stream)?;
            let entries = &entries[entries.partition_point(|entry| entry.id <= *after)..];
            let entries: Vec<RawEntry> = entries.iter().take(count).cloned().collect();
            (!entries.is_empty()).then(|| (stream.clone(), entries))
        });
        Reply::Entries(found.collect())
    }
}

fn lobby() -> RoomName {
    RoomName { shown: LOBBY.into(), folded: LOBBY.into(), skeletons: [LOBBY.into(), LOBBY.into()] }
}

fn notice(room: &str, kind: LineKind, text: &str, time: u64) -> Line {
    Line { room: room.into(), client: 0, kind, from: "".into(), text: text.into(), time }
}

fn owner(node: &str, client: u64, folded: &str, shown: &str) -> Owner {
    let [node, folded, shown] = [node, folded, shown].map(str::to_owned);
    Owner { node, client, folded, shown }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(ITEM.encode_utf8(&mut [0; 4]))
}
