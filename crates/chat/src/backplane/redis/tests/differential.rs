//! The script on a real server against the model.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::redis::{Cmd, Value, cmd};
use netcore::Deadline;
use netcore::testing::Random;

use crate::backplane::engine::{Begin, Reply, Request, Submission};
use crate::backplane::entry::RawEntry;
use crate::backplane::key::{self, LEASE};
use crate::backplane::operation::{
    ChosenName, Direct, DirectKind, Limits, Line, LineKind, Move, Numbered, Operation,
    Registration, Rename, RoomName,
};
use crate::backplane::redis::codec::{self, SCRIPT};
use crate::backplane::redis::fixture::RedisServer;
use crate::backplane::redis::tests::{Console, PATIENCE};
use crate::backplane::tests::model::Model;

const NODES: [&str; 3] = ["a", "b", "c"];

/// The engine with a clock that the test sets.
struct Clocked {
    console: Console,
    script: String,
}

impl Clocked {
    fn new(server: &RedisServer) -> Clocked {
        let mut console = Console::new(server);
        let clock = "local time = call('TIME')";
        assert!(SCRIPT.contains(clock));
        let script = SCRIPT.replace(clock, "local time = {call('GET', 'test:seconds'), '0'}");
        match console.call(cmd("SCRIPT").arg("LOAD").arg(script)) {
            Value::BulkString(sha) => Clocked { console, script: String::from_utf8(sha).unwrap() },
            other => panic!("{other:?}"),
        }
    }

    fn call(&mut self, command: &Cmd) -> Value {
        self.console.call(command)
    }

    fn set_time(&mut self, milliseconds: u64) {
        assert_eq!(milliseconds % 1000, 0);
        self.call(cmd("SET").arg("test:seconds").arg(milliseconds / 1000));
    }

    fn process(&mut self, request: &Request) -> Reply {
        let (command, expected) = codec::command(request, &self.script).unwrap();
        let deadline = Deadline::after(PATIENCE);
        self.console.connection.write(&[command], deadline).unwrap();
        match self.console.replies.next(deadline).unwrap() {
            Ok(value) => codec::reply(&value, expected).unwrap(),
            Err(text) => Reply::Error(text),
        }
    }

    fn hash(&mut self, key: &str) -> BTreeMap<String, String> {
        self.pairs(cmd("HGETALL").arg(key))
    }

    fn sorted_set(&mut self, key: &str) -> BTreeMap<String, String> {
        self.pairs(cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES"))
    }

    fn pairs(&mut self, command: &Cmd) -> BTreeMap<String, String> {
        let texts = texts(self.call(command));
        texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }
}

fn texts(value: Value) -> Vec<String> {
    let Value::Array(items) = value else { panic!("{value:?}") };
    let text = |item| match item {
        Value::BulkString(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    items.into_iter().map(text).collect()
}

/// The contents of a stream. The identities are the engine's own.
type Contents = Vec<BTreeMap<String, String>>;

fn contents(entries: &[RawEntry]) -> Contents {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    entries
        .iter()
        .map(|entry| entry.fields.iter().map(|(name, value)| (text(name), text(value))).collect())
        .collect()
}

fn keys(redis: &mut Clocked, pattern: &str) -> Vec<String> {
    let mut keys = texts(redis.call(cmd("KEYS").arg(pattern)));
    keys.sort();
    keys
}

/// Compares everything in the engine.
fn compare(redis: &mut Clocked, model: &Model, about: &str) {
    let numbers = |map: &BTreeMap<String, u64>| -> BTreeMap<String, String> {
        map.iter().map(|(name, number)| (name.clone(), number.to_string())).collect()
    };
    let names: BTreeMap<_, _> =
        model.names.iter().map(|(key, owner)| (key.clone(), owner.to_value())).collect();
    assert_eq!(redis.hash("sockit:names"), names, "names {about}");
    let rooms: BTreeMap<_, _> =
        model.rooms.iter().map(|(key, room)| (key.clone(), room.to_value())).collect();
    assert_eq!(redis.hash("sockit:rooms"), rooms, "rooms {about}");
    assert_eq!(redis.hash("sockit:looks"), model.looks, "looks {about}");
    assert_eq!(redis.hash("sockit:seqs"), numbers(&model.seqs), "numbers {about}");
    assert_eq!(redis.sorted_set("sockit:nodes"), numbers(&model.nodes), "leases {about}");
    assert_eq!(redis.sorted_set("sockit:vacant"), numbers(&model.vacant), "vacant {about}");
    for (node, record) in &model.node {
        let hash = redis.hash(&key::node(node));
        let wanted = [
            ("epoch", record.epoch.clone()),
            ("session", record.session.to_string()),
            ("applied", record.applied.to_string()),
            ("state", record.state.to_owned()),
        ];
        let wanted = wanted.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(hash, BTreeMap::from(wanted), "record of {node} {about}");
    }
    let with_clients: Vec<_> =
        model.clients.iter().filter(|it| !it.1.is_empty()).map(|it| key::clients(it.0)).collect();
    assert_eq!(keys(redis, "sockit:clients:*"), with_clients, "{about}");
    for (node, clients) in &model.clients {
        let clients: BTreeMap<_, _> =
            clients.iter().map(|(client, it)| (client.to_string(), it.to_value())).collect();
        assert_eq!(redis.hash(&key::clients(node)), clients, "clients of {node} {about}");
    }
    let with_members: Vec<_> = model.members.keys().map(|room| key::members(room)).collect();
    assert_eq!(keys(redis, "sockit:members:*"), with_members, "{about}");
    for (room, members) in &model.members {
        let members: BTreeMap<_, _> = members
            .iter()
            .map(|(since, node, client)| (format!("{node}\u{1f}{client}"), since.to_string()))
            .collect();
        assert_eq!(redis.sorted_set(&key::members(room)), members, "members of {room} {about}");
    }
    let survey = codec::survey(&redis.script);
    let mut survey = codec::surveyed(&redis.call(&survey)).expect("a survey");
    survey.rooms.sort_by(|a, b| a.folded.cmp(&b.folded));
    let mut wanted = model.survey();
    wanted.rooms.sort_by(|a, b| a.folded.cmp(&b.folded));
    assert_eq!(survey, wanted, "rooms for a log {about}");
    let mut streams = keys(redis, "sockit:inbox:*");
    streams.extend(keys(redis, "sockit:room:*"));
    let of_model = model.streams.iter().filter(|it| !it.1.is_empty());
    assert_eq!(streams, of_model.map(|it| it.0.clone()).collect::<Vec<_>>(), "streams {about}");
    for stream in streams {
        let all = Request::History { stream: stream.as_str().into(), before: None, count: 9999 };
        let (Reply::History(theirs), Reply::History(ours)) = (
            redis.process(&all),
            Reply::History(model.streams[&stream].iter().rev().cloned().collect()),
        ) else {
            panic!("no history of {stream}");
        };
        assert_eq!(contents(&theirs), contents(&ours), "{stream} {about}");
    }
}

/// Makes requests as nodes do, and as they should not.
struct Maker {
    random: Random,
    /// By node: epoch, session and number of the last operation.
    nodes: BTreeMap<&'static str, (u64, u64, u64)>,
    limits: Limits,
}

impl Maker {
    fn request(&mut self) -> Request {
        let node = *self.random.pick(&NODES);
        let presence = self.random.below(3) > 0;
        let (epoch, session, last) = *self.nodes.entry(node).or_insert((0, 1, 0));
        match self.random.below(20) {
            0..3 => {
                let epoch = epoch + u64::from(self.random.below(4) == 0);
                let session = (session + 1).saturating_sub(self.random.below(8) as u64 / 7);
                self.nodes.insert(node, (epoch, session, last));
                Request::Begin(Begin {
                    node: node.into(),
                    epoch: epoch.to_string().into(),
                    session,
                    instance: "instance".into(),
                    limits: self.limits,
                    presence,
                    time: 7,
                })
            }
            3 => Request::Reap { limits: self.limits, presence, time: 9 },
            _ => {
                // Sometimes operations are repeated, and sometimes some are missing.
                let after = match self.random.below(10) {
                    0 => last.saturating_sub(self.random.below(4) as u64),
                    1 => last + 1,
                    _ => last,
                };
                let mut number = after;
                let mut operations = Vec::new();
                for _ in 0..self.random.below(6) {
                    number += 1 + self.random.below(2) as u64;
                    operations.push(Numbered { number, operation: self.operation() });
                }
                // A node that retires does nothing behind it.
                if self.random.below(40) == 0 {
                    number += 1;
                    operations.push(Numbered { number, operation: Operation::Retire });
                }
                self.nodes.insert(node, (epoch, session, number.max(last)));
                Request::Submit(Submission {
                    node: node.into(),
                    epoch: epoch.to_string().into(),
                    session,
                    after,
                    limits: self.limits,
                    operations,
                })
            }
        }
    }

    /// Goes on with the last number that the engine has applied, as nodes do.
    fn learn(&mut self, request: &Request, reply: &Reply) {
        let node = match request {
            Request::Begin(begin) => &begin.node,
            Request::Submit(submission) => &submission.node,
            _ => return,
        };
        let (Reply::Begun { applied, .. } | Reply::Submitted { applied }) = reply else { return };
        let Some((_, (_, _, last))) = self.nodes.iter_mut().find(|it| *it.0 == &**node) else {
            return;
        };
        *last = *applied;
    }

    fn operation(&mut self) -> Operation {
        let client = 1 + self.random.below(5) as u64;
        let time = 100 + self.random.below(50) as u64;
        match self.random.below(16) {
            0..3 => Operation::Say(Line {
                room: self.room().folded,
                client,
                kind: *self.random.pick(&[LineKind::Message, LineKind::Notice]),
                from: "ann".into(),
                text: "häll\u{f6}".into(),
                time,
            }),
            3..6 => Operation::Register(Registration {
                client,
                address: format!("10.0.0.{}:1", self.random.below(6)).into(),
                chosen: (self.random.below(3) == 0).then(|| self.name()),
                room: self.room(),
                since: time,
            }),
            6..8 => Operation::Rename(Rename {
                client,
                name: self.name(),
                notice: (self.random.below(3) > 0).then(|| "is now".into()),
                time,
            }),
            8..11 => Operation::Move(Move { client, room: self.room(), since: time }),
            11 => Operation::Unregister { client },
            12 => {
                let name = self.name();
                let address: Arc<str> = format!("10.0.0.{}:1", self.random.below(6)).into();
                let (keys, folded) = match self.random.below(3) {
                    0 => (vec![address.clone()], address),
                    1 => (name.skeletons.to_vec(), name.folded),
                    _ => (name.skeletons.to_vec(), "another".into()),
                };
                let kinds = [DirectKind::Private, DirectKind::Tell, DirectKind::Kick];
                Operation::Direct(Direct {
                    keys,
                    folded,
                    to: "Bob".into(),
                    kind: *self.random.pick(&kinds),
                    from: "bob".into(),
                    room: "Lobby".into(),
                    text: "psst".into(),
                    time,
                })
            }
            13 => match self.random.below(4) {
                0 => Operation::Registered,
                1 => Operation::Announce { text: "all".into(), time },
                _ => Operation::Sync,
            },
            14 => Operation::Members { room: self.room().folded, most: self.random.below(4) },
            _ => match self.random.below(2) {
                0 => Operation::Rooms,
                _ => Operation::Clients { most: self.random.below(6) },
            },
        }
    }

    fn name(&mut self) -> ChosenName {
        let shown = *self.random.pick(&["Ann", "ann", "Bob", "Eve", "lVAN", "IVAN"]);
        let [folded, skeletons] = looks(shown);
        let [first, second] = skeletons;
        ChosenName { shown: shown.into(), folded: folded[0].clone(), skeletons: [first, second] }
    }

    fn room(&mut self) -> RoomName {
        let shown = *self.random.pick(&["lobby", "Dev", "dev", "lVAN", "IVAN", "x", "y", "z"]);
        let [folded, skeletons] = looks(shown);
        let [first, second] = skeletons;
        RoomName { shown: shown.into(), folded: folded[0].clone(), skeletons: [first, second] }
    }
}

/// Returns the folded name twice, and two skeletons, of which one may belong to another name too.
fn looks(shown: &str) -> [[Arc<str>; 2]; 2] {
    let folded = shown.to_lowercase();
    let first = shown.replace(['l', 'I'], "1").to_lowercase();
    let second = folded.replace('l', "1");
    [[folded.clone().into(), folded.into()], [first.into(), second.into()]]
}

#[test]
#[ignore = "needs redis-server"]
fn the_script_does_what_the_model_does() {
    let server = RedisServer::start(&[]);
    let mut redis = Clocked::new(&server);
    let random = Random::from_env("BACKPLANE_SEED");
    let seed = format!("{random:?}");
    let mut random = random;
    for sequence in 0..300 {
        redis.call(&cmd("FLUSHDB"));
        let limits = Limits {
            max_rooms: 2 + random.below(5) as u64,
            max_members: 1 + random.below(4) as u64,
            room_ttl: *random.pick(&[0, 5000, 1_000_000]),
            stream: 65_536,
        };
        let mut maker =
            Maker { random: Random::new(random.number()), nodes: BTreeMap::new(), limits };
        let mut model = Model { now: 1_800_000_000_000, ..Model::default() };
        redis.set_time(model.now);
        let mut requests = Vec::new();
        for _ in 0..10 + random.below(50) {
            if random.below(6) == 0 {
                model.now += *random.pick(&[1000, 2000, LEASE, LEASE + 1000]);
                redis.set_time(model.now);
            }
            let request = maker.request();
            let (theirs, ours) = (redis.process(&request), model.process(&request));
            requests.push(format!("{} {request:?} -> {ours:?}", model.now));
            let about = format!("{seed} {sequence}:\n{}", requests.join("\n"));
            assert_eq!(theirs, ours, "{about}");
            maker.learn(&request, &ours);
        }
        compare(&mut redis, &model, &format!("{seed} {sequence}:\n{}", requests.join("\n")));
    }
}
