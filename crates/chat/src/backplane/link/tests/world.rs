use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netcore::testing::Random;

use crate::backplane::answer::Answer;
use crate::backplane::engine::{Reply, Request};
use crate::backplane::entry::{EntryId, RawEntry, RoomEntry};
use crate::backplane::key;
use crate::backplane::link::Link;
use crate::backplane::link::event::Event;
use crate::backplane::link::settings::LinkSettings;
use crate::backplane::operation::{
    ChosenName, Limits, Line, LineKind, Move, Operation, Registration, Rename, RoomName,
};
use crate::backplane::settings::Offline;
use crate::backplane::tests::model::Model;
use crate::backplane::wish::{Asker, Wish};
use crate::protocol::format::LOBBY;

/// Number of the kinds of faults.
pub(super) const FAULTS: u64 = 8;

const NAMES: [&str; 5] = ["ann", "bob", "cyd", "dan", "eve"];
const ROOMS: [&str; 3] = ["lobby", "dev", "ops"];
const HISTORY: usize = 5;

/// Nodes with their links, an engine, and a network between them that is slow and breaks.
pub(super) struct World {
    pub(super) model: Model,
    seed: u64,
    random: Dice,
    /// Milliseconds since the start.
    now: u64,
    start: Instant,
    nodes: Vec<SimNode>,
    queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    messages: Vec<Option<Message>>,
    /// Reads that wait in the engine: node, connection, request, end.
    reads: Vec<(usize, u64, Request, u64)>,
    connections: u64,
    paused_until: u64,
    is_calm: bool,
    epochs: u64,
    texts: u64,
}

/// Random numbers of 64 bits.
pub(super) struct Dice(Random);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(Random::new(seed))
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.number() % end
    }
}

enum Message {
    ToEngine(usize, u64, Request),
    ToNode(usize, u64, Reply),
}

struct SimNode {
    link: Link,
    name: String,
    connection: u64,
    /// The connection is broken, and the node does not know it yet.
    is_broken: bool,
    /// Arrival of the last message in each direction, since they do not overtake each other.
    last: [u64; 3],
    blocked_until: u64,
    frozen_until: u64,
    clients: BTreeMap<u64, SimClient>,
    last_client: u64,
    /// By room: the history at its opening, and the lines since.
    rooms: BTreeMap<String, (Vec<EntryId>, Vec<EntryId>)>,
    missed: u64,
    /// Numbered lines of the lobby.
    numbered: u64,
    lines: BTreeMap<String, Fate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    UnderWay,
    Returned,
    Refused,
    /// The node was killed before it knew.
    Forgotten,
}

struct SimClient {
    name: String,
    room: String,
    is_held: bool,
}

fn name(text: &str) -> ChosenName {
    let name: Arc<str> = text.into();
    ChosenName { shown: name.clone(), folded: name.clone(), skeletons: [name.clone(), name] }
}

fn room(text: &str) -> RoomName {
    let ChosenName { shown, folded, skeletons } = name(text);
    RoomName { shown, folded, skeletons }
}

impl World {
    pub(super) fn new(seed: u64, offline: Offline, nodes: usize) -> World {
        let mut world = World {
            model: Model { now: 1_800_000_000_000, ..Model::default() },
            seed,
            random: Dice::new(seed ^ 0x5bd1_e995),
            now: 0,
            start: Instant::now(),
            nodes: Vec::new(),
            queue: BinaryHeap::new(),
            messages: Vec::new(),
            reads: Vec::new(),
            connections: 0,
            paused_until: 0,
            is_calm: false,
            epochs: 0,
            texts: 0,
        };
        for index in 0..nodes {
            let link = world.link(index, offline);
            world.nodes.push(SimNode {
                link,
                name: format!("n{index}"),
                connection: 0,
                is_broken: false,
                last: [0; 3],
                blocked_until: 0,
                frozen_until: 0,
                clients: BTreeMap::new(),
                last_client: 0,
                rooms: BTreeMap::new(),
                missed: 0,
                numbered: 0,
                lines: BTreeMap::new(),
            });
        }
        world
    }

    fn link(&mut self, index: usize, offline: Offline) -> Link {
        self.epochs += 1;
        let limits = Limits { max_rooms: 10, max_members: 50, room_ttl: 1 << 40, stream: 1 << 40 };
        let settings = LinkSettings {
            node: format!("n{index}").into(),
            epoch: format!("epoch {}", self.epochs).into(),
            offline,
            limits,
            history: HISTORY,
            presence: true,
            first_number: self.epochs << 20,
            seed: self.random.below(u64::MAX),
        };
        Link::new(settings, self.instant())
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_millis(self.now)
    }

    /// Lets a random client of a random node do something.
    pub(super) fn act(&mut self) {
        let index = self.random.below(self.nodes.len() as u64) as usize;
        if self.nodes[index].frozen_until > self.now {
            return;
        }
        let at = self.instant();
        let time = self.model.now;
        let dice = self.random.below(20);
        let node = &mut self.nodes[index];
        let free: Vec<u64> =
            node.clients.iter().filter(|(_, it)| !it.is_held).map(|(id, _)| *id).collect();
        let operation = if dice == 0 || free.is_empty() {
            node.last_client += 1;
            let client = node.last_client;
            let address = format!("{}:{client}", node.name);
            let (name, room_name) = (address.clone(), "lobby".to_owned());
            node.clients.insert(client, SimClient { name, room: room_name, is_held: false });
            let registration = Registration {
                client,
                address: address.into(),
                chosen: None,
                room: room("lobby"),
                since: time,
            };
            (Asker::Node, Operation::Register(registration))
        } else {
            let id = free[self.random.below(free.len() as u64) as usize];
            let client = node.clients.get_mut(&id).expect("a client");
            match dice {
                1 => {
                    node.clients.remove(&id);
                    (Asker::Node, Operation::Unregister { client: id })
                }
                2 | 3 => {
                    client.is_held = true;
                    let new = name(NAMES[self.random.below(5) as usize]);
                    let notice = Some(format!("{} is now {}", client.name, new.shown).into());
                    let rename = Rename { client: id, name: new, notice, time };
                    (Asker::Client(id), Operation::Rename(rename))
                }
                4 => {
                    client.is_held = true;
                    let to = room(ROOMS[self.random.below(3) as usize]);
                    let to = Move { client: id, room: to, since: time };
                    (Asker::Client(id), Operation::Move(to))
                }
                5 => (Asker::Operator(self.texts), Operation::Rooms),
                6 => {
                    let room = ROOMS[1 + self.random.below(2) as usize];
                    let is_here = node.clients.values().any(|client| client.room == room);
                    if !is_here && node.link.close_room(room) {
                        node.rooms.remove(room);
                    }
                    return;
                }
                _ => {
                    self.texts += 1;
                    let text = format!("{}/{id} {}", node.name, self.texts);
                    node.lines.insert(text.clone(), Fate::UnderWay);
                    let line = Line {
                        room: client.room.as_str().into(),
                        client: id,
                        kind: LineKind::Message,
                        from: client.name.as_str().into(),
                        text: text.into(),
                        time,
                    };
                    (Asker::Client(id), Operation::Say(line))
                }
            }
        };
        let (asker, operation) = operation;
        node.link.push(Wish { asker, operation, at });
        self.pump(index);
    }

    /// Lets something go wrong.
    pub(super) fn fault(&mut self, which: u64) {
        let index = self.random.below(self.nodes.len() as u64) as usize;
        let now = self.now;
        match which {
            // The connection breaks, and messages under way arrive or do not.
            0 | 1 => self.cut(index),
            // Nothing passes for a while.
            2 => self.nodes[index].blocked_until = now + self.random.below(8000),
            // The engine is stopped, and goes on with everything that it has received.
            3 => self.paused_until = self.paused_until.max(now + self.random.below(6000)),
            // The engine refuses, for longer than leases last now and then.
            4 => {
                self.model.refusal = match self.model.refusal {
                    Some(_) => None,
                    None => Some("OOM command not allowed".to_owned()),
                }
            }
            5 => {
                self.model.add_strange("sockit:room:lobby");
                let may_read = self.random.below(2) == 0;
                self.nodes[index].link.set_may_read(may_read);
            }
            // A node is paused.
            6 => {
                let until = now + self.random.below(25_000);
                let node = &mut self.nodes[index];
                node.frozen_until = node.frozen_until.max(until);
            }
            // A node is killed and starts again.
            _ => {
                self.cut(index);
                let node = &mut self.nodes[index];
                let unknown = node.lines.values_mut().filter(|fate| **fate == Fate::UnderWay);
                unknown.for_each(|fate| *fate = Fate::Forgotten);
                node.clients.clear();
                node.rooms.clear();
                node.frozen_until = 0;
                let offline = Offline::Refuse;
                self.nodes[index].link = self.link(index, offline);
            }
        }
    }

    /// Ends all trouble, and waits until everything is resolved.
    pub(super) fn calm(&mut self) {
        self.model.refusal = None;
        self.nodes.iter_mut().for_each(|node| node.link.set_may_read(true));
        self.is_calm = true;
        self.pass(Duration::from_secs(90));
        self.is_calm = false;
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time.as_millis() as u64;
        loop {
            (0..self.nodes.len()).for_each(|index| self.pump(index));
            let next = self.queue.peek().map(|Reverse((at, _, _))| *at);
            let timer = self.nodes.iter().map(|node| {
                let at = node.link.next_timeout().saturating_duration_since(self.start);
                (at.as_nanos().div_ceil(1_000_000) as u64).max(node.frozen_until)
            });
            let read = self.reads.iter().map(|(_, _, _, end)| *end);
            let at = next.into_iter().chain(timer).chain(read).min().unwrap_or(end);
            // A timer that is due and has no effect would stop the time.
            let is_due = next.is_some_and(|next| next <= self.now);
            let at = if is_due { self.now } else { at.max(self.now + 1) };
            if at > end {
                break;
            }
            self.model.now += at - self.now;
            self.now = at;
            self.deliver();
            self.wake_reads();
        }
        self.model.now += end - self.now;
        self.now = end;
    }

    fn deliver(&mut self) {
        while let Some(Reverse((at, sequence, index))) = self.queue.peek().copied() {
            if at > self.now {
                return;
            }
            self.queue.pop();
            match self.messages[index].take() {
                Some(Message::ToEngine(node, connection, request)) => {
                    if self.paused_until > self.now {
                        self.messages[index] = Some(Message::ToEngine(node, connection, request));
                        self.queue.push(Reverse((self.paused_until, sequence, index)));
                        continue;
                    }
                    if let Request::Read { .. } = request {
                        self.reads.push((node, connection, request, self.now + 5000));
                    } else {
                        let reply = self.model.process(&request);
                        self.reply(node, connection, reply, 1);
                    }
                }
                Some(Message::ToNode(node, connection, reply)) => {
                    if self.nodes[node].frozen_until > self.now {
                        let until = self.nodes[node].frozen_until;
                        self.messages[index] = Some(Message::ToNode(node, connection, reply));
                        self.queue.push(Reverse((until, sequence, index)));
                        continue;
                    }
                    if self.nodes[node].connection == connection {
                        if let (Reply::Entries(_), 0) = (&reply, self.random.below(10)) {
                            let at = self.instant();
                            self.nodes[node].link.handle(at, reply.clone());
                        }
                        let at = self.instant();
                        self.nodes[node].link.handle(at, reply);
                        self.pump(node);
                    }
                }
                None => {}
            }
        }
    }

    fn wake_reads(&mut self) {
        if self.paused_until > self.now {
            return;
        }
        for (node, connection, request, end) in std::mem::take(&mut self.reads) {
            match self.model.process(&request) {
                Reply::Entries(found) if found.is_empty() && end > self.now => {
                    self.reads.push((node, connection, request, end));
                }
                reply => self.reply(node, connection, reply, 2),
            }
        }
    }

    fn reply(&mut self, node: usize, connection: u64, reply: Reply, way: usize) {
        // A reply on a broken connection would have overtaken those that are lost.
        if self.nodes[node].connection == connection && !self.nodes[node].is_broken {
            let at = self.arrival(node, way);
            self.post(at, Message::ToNode(node, connection, reply));
        }
    }

    fn cut(&mut self, node: usize) {
        let connection = self.nodes[node].connection;
        self.connections += 1;
        self.nodes[node].connection = self.connections;
        self.nodes[node].is_broken = true;
        // Some of the requests under way are lost, from one of them on.
        let keeps = self.random.below(3);
        for message in &mut self.messages {
            let is_lost = matches!(message, Some(Message::ToEngine(_, of, _)) if *of == connection);
            if is_lost && keeps == 0 {
                *message = None;
            }
        }
        let at = self.now + self.random.below(100);
        let reply = Reply::Closed("reset".to_owned());
        self.post(at, Message::ToNode(node, self.connections, reply));
    }

    fn arrival(&mut self, node: usize, way: usize) -> u64 {
        let delay = match self.random.below(20) {
            0 if !self.is_calm => self.random.below(4000),
            _ => self.random.below(40),
        };
        let node = &mut self.nodes[node];
        let at = (self.now + delay).max(node.blocked_until).max(node.last[way]);
        node.last[way] = at;
        at
    }

    fn post(&mut self, at: u64, message: Message) {
        let index = self.messages.len();
        self.messages.push(Some(message));
        self.queue.push(Reverse((at, index as u64, index)));
    }

    fn pump(&mut self, index: usize) {
        if self.nodes[index].frozen_until > self.now {
            return;
        }
        let (at, time) = (self.instant(), self.model.now);
        while let Some(request) = self.nodes[index].link.poll_request(at, time) {
            if request == Request::Open {
                self.connections += 1;
                self.nodes[index].connection = self.connections;
                self.nodes[index].is_broken = false;
                self.nodes[index].last = [self.now; 3];
                let at = self.arrival(index, 0);
                self.post(at, Message::ToNode(index, self.connections, Reply::Opened));
                continue;
            }
            let at = self.arrival(index, 0);
            let connection = self.nodes[index].connection;
            self.post(at, Message::ToEngine(index, connection, request));
        }
        while let Some(event) = self.nodes[index].link.poll_event() {
            self.nodes[index].observe(event);
        }
    }

    fn stream(&self, room: &str) -> Vec<&RawEntry> {
        let entries = self.model.streams.get(&key::room(room)).into_iter().flatten();
        entries.filter(|entry| entry.to_room().is_some()).collect()
    }

    pub(super) fn check_order(&self, seed: u64) {
        for node in &self.nodes {
            assert!(node.link.is_live() && node.link.is_idle(), "seed {seed}: {:?}", node.link);
            assert_eq!(node.link.unapplied_bytes(), 0, "seed {seed}");
            for (room, (history, lines)) in &node.rooms {
                let stream = self.stream(room);
                let ids: Vec<EntryId> = stream.iter().map(|entry| entry.id).collect();
                let (before, after) = ids.split_at(ids.len().saturating_sub(lines.len()));
                assert_eq!(lines, after, "seed {seed}: {} in {room}", node.name);
                let is_message = |id: &&EntryId| {
                    let entry = stream.iter().find(|entry| entry.id == **id);
                    entry.and_then(|it| it.to_room()).is_some_and(|it| it.kind == LineKind::Message)
                };
                let messages = before.iter().rev().filter(is_message).take(HISTORY);
                assert!(messages.eq(history.iter().rev()), "seed {seed}: history of {room}");
            }
        }
    }

    pub(super) fn check_lines(&self, seed: u64) {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for room in ROOMS {
            for entry in self.stream(room).into_iter().filter_map(RawEntry::to_room) {
                *times.entry(entry.text).or_default() += 1;
            }
        }
        for (text, fate) in self.nodes.iter().flat_map(|node| &node.lines) {
            let times = times.get(text).copied().unwrap_or(0);
            let is_right = match fate {
                Fate::UnderWay => false,
                Fate::Returned => times == 1,
                Fate::Refused => times == 0,
                Fate::Forgotten => times <= 1,
            };
            assert!(is_right, "seed {seed}: {text:?} is {fate:?} and {times} times there");
        }
    }

    /// Lines of one client stand in their order.
    pub(super) fn check_senders(&self, seed: u64) {
        for room in ROOMS {
            let mut last: BTreeMap<String, u64> = BTreeMap::new();
            let lines = self.stream(room).into_iter().filter_map(RawEntry::to_room);
            for line in lines.filter(|line| line.kind == LineKind::Message) {
                let (client, number) = line.text.split_once(' ').expect("a line of a client");
                let number: u64 = number.parse().expect("a number");
                let before = last.insert(client.to_owned(), number);
                assert!(before < Some(number), "seed {seed}: {client} {number} after {before:?}");
            }
        }
    }

    pub(super) fn check_names(&self, seed: u64) {
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for node in &self.nodes {
            for (id, client) in &node.clients {
                assert!(!client.is_held, "seed {seed}: {}/{id} waits", node.name);
                let other = names.insert(&client.name, &node.name);
                assert_eq!(other, None, "seed {seed}: {} is there twice", client.name);
                let record = self.model.clients.get(&node.name).and_then(|all| all.get(id));
                let record = record.unwrap_or_else(|| panic!("seed {seed}: no {}/{id}", node.name));
                assert_eq!((&record.name, &record.room), (&client.name, &client.room), "{seed}");
            }
            let known = self.model.clients.get(&node.name).map_or(0, BTreeMap::len);
            assert_eq!(known, node.clients.len(), "seed {seed}: clients of {}", node.name);
        }
    }

    pub(super) fn check_registered(&self, seed: u64) {
        let members = self.model.members.values().map(|members| members.len()).sum::<usize>();
        let clients = self.nodes.iter().map(|node| node.clients.len()).sum::<usize>();
        assert_eq!(members, clients, "seed {seed}");
    }

    /// Returns the number of entries that were missed.
    pub(super) fn check_missed(&self, seed: u64) -> u64 {
        let last = self.model.seqs.get(&key::room("lobby")).copied().unwrap_or(0);
        for node in &self.nodes {
            // Lines at the end that were removed show by the next one only.
            assert!(node.numbered + node.missed <= last, "seed {seed}: {}", node.name);
        }
        self.nodes.iter().map(|node| node.missed).sum()
    }
}

/// Prints the seed of a world in which a test has failed.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.seed);
        }
    }
}

impl SimNode {
    fn observe(&mut self, event: Event) {
        match event {
            Event::Opened { room, history, .. } => {
                let ids = history.iter().map(|entry| entry.id).collect::<Vec<_>>();
                let ids = ids[ids.len().saturating_sub(HISTORY)..].to_vec();
                self.rooms.insert(room.to_string(), (ids, Vec::new()));
            }
            Event::Lines { room, entries } => {
                let (_, lines) = self.rooms.get_mut(&*room).expect("an open room");
                lines.extend(entries.iter().map(|entry| entry.id));
                let is_numbered =
                    |entry: &&RoomEntry| matches!(entry.kind, LineKind::Message | LineKind::Notice);
                if *room == *LOBBY {
                    self.numbered += entries.iter().filter(is_numbered).count() as u64;
                }
                for entry in entries.iter().filter(|entry| entry.node == self.name) {
                    match self.lines.get_mut(&entry.text) {
                        Some(fate @ Fate::UnderWay) => *fate = Fate::Returned,
                        Some(Fate::Forgotten) | None => {}
                        Some(fate) => panic!("{} comes back and is {fate:?}", entry.text),
                    }
                }
            }
            Event::Answered { wish, answer } => self.answered(&wish, &answer),
            Event::Refused { wish, .. } => {
                if let Operation::Say(line) = &wish.operation {
                    let before = self.lines.insert(line.text.to_string(), Fate::Refused);
                    assert_eq!(before, Some(Fate::UnderWay), "{}", line.text);
                } else if let Asker::Client(client) = wish.asker {
                    if let Some(client) = self.clients.get_mut(&client) {
                        client.is_held = false;
                    }
                }
            }
            Event::Missed { count, .. } => self.missed += count,
            _ => {}
        }
    }

    fn answered(&mut self, wish: &Wish, answer: &Answer) {
        match (&wish.operation, answer) {
            (Operation::Register(registration), Answer::NameLost) => {
                if let Some(client) = self.clients.get_mut(&registration.client) {
                    client.name = registration.address.to_string();
                }
            }
            (operation, answer) => {
                let Asker::Client(client) = wish.asker else { return };
                let Some(client) = self.clients.get_mut(&client) else { return };
                client.is_held = false;
                match (operation, answer) {
                    (Operation::Rename(rename), Answer::Renamed) => {
                        client.name = rename.name.shown.to_string();
                    }
                    (Operation::Move(to), Answer::Moved { .. }) => {
                        client.room = to.room.folded.to_string();
                    }
                    _ => {}
                }
            }
        }
    }
}
