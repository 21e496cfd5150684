//! Thousands of joins, leaves, renames, moves, stalls and messages at two shards, on virtual time,
//! compared with a model that is too simple to be wrong. Each client receives the lines of the
//! model in its order, and no others.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use netcore::Address;
use netcore::server::Config as Limits;
use netcore::testing::{Harness, Peer, Random};

use super::{ChatHarness, lines};
use crate::Chat;
use crate::config::Config;

const HISTORY: usize = 5;
const TTL: Duration = Duration::from_secs(600);
const ROOMS: [&str; 5] = ["lobby", "dev", "ops", "Tea", "empty"];
const NAMES: [&str; 8] = ["ann", "Bob", "cyd", "DAN", "eve", "fay", "gus", "hal"];

struct Person {
    peer: Peer,
    name: String,
    chosen: bool,
    room: String,
    stalled: bool,
    expected: Vec<String>,
}

#[derive(Default)]
struct ModelRoom {
    history: Vec<String>,
    vacant: Option<Duration>,
}

struct Model {
    harnesses: [ChatHarness; 2],
    people: BTreeMap<u32, Person>,
    rooms: BTreeMap<String, ModelRoom>,
    last: u32,
    now: Duration,
}

impl Model {
    fn new() -> Model {
        let config = Config::default().with_history(HISTORY).with_room_ttl(TTL);
        let chat = Chat::new(config);
        let limits = Limits::default().with_stall_timeout(None);
        let harness = || Harness::new(limits.clone(), |worker| chat.service(&worker));
        let rooms = BTreeMap::from([("lobby".to_owned(), ModelRoom::default())]);
        Model {
            harnesses: [harness(), harness()],
            people: BTreeMap::new(),
            rooms,
            last: 0,
            now: Duration::ZERO,
        }
    }

    /// Runs both shards twice: a message of one concerns the other, and no waker connects them.
    fn run(&mut self) {
        for _ in 0..2 {
            self.harnesses.iter_mut().for_each(Harness::run);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.harnesses.iter_mut().for_each(|harness| harness.advance(time));
    }

    fn expect(&mut self, id: u32, line: String) {
        self.people.get_mut(&id).expect("somebody").expected.push(line);
    }

    fn expect_in_room(&mut self, room: &str, but: u32, line: &str) {
        for (id, person) in &mut self.people {
            if person.room == room && *id != but {
                person.expected.push(line.to_owned());
            }
        }
    }

    fn connect(&mut self, shard: usize) {
        self.last += 1;
        let id = self.last;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, id as u16));
        let peer = self.harnesses[shard].connect_from(&Address::from(address));
        let name = address.to_string();
        self.expect_in_room("lobby", id, &format!("* {name} has joined"));
        let expected = self.rooms["lobby"].history.clone();
        let room = "lobby".to_owned();
        let person = Person { peer, name, chosen: false, room, stalled: false, expected };
        self.people.insert(id, person);
    }

    fn disconnect(&mut self, id: u32) {
        let person = self.people.remove(&id).expect("somebody");
        self.expect_in_room(&person.room, id, &format!("* {} has left", person.name));
        self.vacate(&person.room);
    }

    fn vacate(&mut self, room: &str) {
        if self.people.values().all(|p| p.room != room) {
            self.rooms.get_mut(room).expect("a room").vacant = Some(self.now);
        }
    }

    fn say(&mut self, id: u32, text: &str) {
        let (name, room) = (self.people[&id].name.clone(), self.people[&id].room.clone());
        let line = format!("{name}: {text}");
        self.expect_in_room(&room, 0, &line);
        let history = &mut self.rooms.get_mut(&room).expect("a room").history;
        history.push(line);
        let many = history.len().saturating_sub(HISTORY);
        history.drain(..many);
    }

    fn nick(&mut self, id: u32, new: &str) {
        let same = |p: &Person| p.chosen && p.name.to_lowercase() == new.to_lowercase();
        if self.people.iter().any(|(other, p)| *other != id && same(p)) {
            return self.expect(id, "* this name is taken".to_owned());
        }
        let person = self.people.get_mut(&id).expect("somebody");
        let old = std::mem::replace(&mut person.name, new.to_owned());
        person.chosen = true;
        let room = person.room.clone();
        if old != new {
            self.expect_in_room(&room, id, &format!("* {old} is now {new}"));
        }
        self.expect(id, format!("* you are {new}"));
    }

    fn join(&mut self, id: u32, room: &str) {
        let (name, old) = (self.people[&id].name.clone(), self.people[&id].room.clone());
        let room = self.open(room);
        if room == old {
            return self.expect(id, format!("* you are in {room} already"));
        }
        self.expect_in_room(&old, id, &format!("* {name} has left"));
        self.people.get_mut(&id).expect("somebody").room = room.clone();
        self.vacate(&old);
        self.expect_in_room(&room, id, &format!("* {name} has joined"));
        let here = self.people.values().filter(|p| p.room == room).count();
        self.expect(id, format!("* you are in {room}; {here} here"));
        let room = self.rooms.get_mut(&room).expect("a room");
        room.vacant = None;
        let history = room.history.clone();
        self.people.get_mut(&id).expect("somebody").expected.extend(history);
    }

    /// Returns the room of this name as it was first written. An expired room is created again.
    fn open(&mut self, name: &str) -> String {
        let now = self.now;
        self.rooms.retain(|name, room| {
            name == "lobby" || room.vacant.is_none_or(|since| now - since < TTL)
        });
        let known = self.rooms.keys().find(|n| n.to_lowercase() == name.to_lowercase());
        let name = known.cloned().unwrap_or_else(|| name.to_owned());
        self.rooms.entry(name.clone()).or_default();
        name
    }

    fn send_private(&mut self, id: u32, to: &str, text: &str) {
        let from = self.people[&id].name.clone();
        let is_it = |p: &Person| match p.chosen {
            true => p.name.to_lowercase() == to.to_lowercase(),
            false => p.name == to,
        };
        let Some((other, name)) =
            self.people.iter().find(|(_, p)| is_it(p)).map(|(id, p)| (*id, p.name.clone()))
        else {
            return self.expect(id, format!("* nobody is called {to}"));
        };
        let line = format!("{from} -> {name}: {text}");
        self.expect(other, line.clone());
        if other != id {
            self.expect(id, line);
        }
    }

    fn list(&mut self, id: u32) {
        let room = self.people[&id].room.clone();
        let here: Vec<String> = self
            .people
            .values()
            .filter(|p| p.room == room)
            .map(|p| format!("{} since HH:MM", p.name))
            .collect();
        self.expect(id, format!("* {} here: {}", here.len(), here.join(", ")));
        let mut rooms: Vec<(usize, &String)> = self
            .rooms
            .keys()
            .map(|name| (self.people.values().filter(|p| p.room == *name).count(), name))
            .filter(|(count, name)| *count > 0 || *name == "lobby")
            .collect();
        rooms.sort_by_key(|(count, name)| {
            (*name != "lobby", std::cmp::Reverse(*count), name.to_lowercase())
        });
        let shown: Vec<String> = rooms.iter().map(|(n, name)| format!("{name} {n}")).collect();
        let noun = if rooms.len() == 1 { "room" } else { "rooms" };
        self.expect(id, format!("* {} {noun}: {}", rooms.len(), shown.join(", ")));
    }

    /// Checks that every client that reads received exactly the lines of the model.
    fn check(&mut self, story: &str) {
        for (id, person) in &mut self.people {
            if person.stalled {
                continue;
            }
            let got = lines(&person.peer);
            let expected = std::mem::take(&mut person.expected);
            // A client that did not read receives private messages after those of the room.
            let part = |all: &[String], private: bool| -> Vec<String> {
                all.iter().filter(|line| line.contains(" -> ") == private).cloned().collect()
            };
            for private in [false, true] {
                let (got, expected) = (part(&got, private), part(&expected, private));
                assert_eq!(
                    got, expected,
                    "client {id}, {} in {}: {story}",
                    person.name, person.room
                );
            }
        }
    }
}

fn play(seed: u64, steps: usize) {
    let mut dice = Random::new(seed);
    let mut model = Model::new();
    for step in 0..steps {
        let story = format!("seed {seed}, step {step}");
        let ids: Vec<u32> =
            model.people.iter().filter(|(_, p)| !p.stalled).map(|(i, _)| *i).collect();
        if ids.len() < 2 || (model.people.len() < 24 && dice.below(12) == 0) {
            model.connect(dice.below(2));
        } else {
            let id = *dice.pick(&ids);
            let peer = model.people[&id].peer.clone();
            // Several lines at once are several steps of one client.
            let mut input = String::new();
            for _ in 0..=dice.below(3) {
                let (room, name) = (*dice.pick(&ROOMS), *dice.pick(&NAMES));
                let text = format!("{step}.{}", dice.below(1000));
                match dice.below(16) {
                    0..5 => {
                        input += &format!("{text}\n");
                        model.say(id, &text);
                    }
                    5..7 => {
                        input += &format!("/nick {name}\n");
                        model.nick(id, name);
                    }
                    7..10 => {
                        input += &format!("/join {room}\r\n");
                        model.join(id, room);
                    }
                    10..12 => {
                        let to = match dice.below(3) {
                            0 => name.to_owned(),
                            _ => model.people[dice.pick(&ids)].name.to_uppercase(),
                        };
                        input += &format!("/msg {to} {text}\n");
                        model.send_private(id, &to, &text);
                    }
                    12 => {
                        input += "/who\n/rooms\n";
                        model.list(id);
                    }
                    13 => {
                        // A client stops reading, or continues.
                        let all: Vec<u32> = model.people.keys().copied().collect();
                        let other = *dice.pick(&all);
                        let person = model.people.get_mut(&other).expect("somebody");
                        if person.stalled {
                            person.stalled = false;
                            person.peer.room(usize::MAX);
                        } else if other != id {
                            person.stalled = true;
                            person.peer.room(dice.below(30));
                        }
                    }
                    14 => model.pass(Duration::from_secs(dice.below(60) as u64)),
                    _ => {
                        if !input.is_empty() || ids.len() < 4 {
                            continue;
                        }
                        match dice.below(3) {
                            0 => peer.send(b"quit\n"),
                            1 => peer.finish(),
                            _ => peer.lose(),
                        }
                        model.disconnect(id);
                        break;
                    }
                }
                // Each line is processed before the next, so the model need not know the order in
                // which two shards take turns.
                peer.send(std::mem::take(&mut input).as_bytes());
                model.run();
            }
        }
        // Gathered joins and leaves are published.
        model.pass(Duration::from_millis(250));
        model.run();
        model.check(&story);
    }
}

#[test]
fn thousands_of_random_steps_match_a_simple_model() {
    for seed in 1..=8 {
        play(seed, 2500);
    }
}
