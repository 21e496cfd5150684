mod differential;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::redis::{Cmd, Value, cmd};
use netcore::{Connector, Deadline};

use crate::backplane::engine::{Begin, Engine, Reply, Request, Submission};
use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::key;
use crate::backplane::operation::{Limits, Line, LineKind, Numbered, Operation};
use crate::backplane::redis::connection::{Connection, Replies};
use crate::backplane::redis::driver::Redis;
use crate::backplane::redis::fixture::RedisServer;
use crate::backplane::redis::source::RedisSource;
use crate::backplane::source::{Source, Survey, SurveyedRoom};

const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that waits for each reply.
struct Console {
    connection: Connection,
    replies: Replies,
}

impl Console {
    fn new(server: &RedisServer) -> Console {
        let url = format!("redis://127.0.0.1:{}", server.port).parse().unwrap();
        let deadline = Deadline::after(PATIENCE);
        let (connection, replies) = Connection::open(&Connector::new(), &url, deadline).unwrap();
        Console { connection, replies }
    }

    fn call(&mut self, command: &Cmd) -> Value {
        let deadline = Deadline::after(PATIENCE);
        self.connection.write(std::slice::from_ref(command), deadline).unwrap();
        self.replies.next(deadline).unwrap().unwrap()
    }
}

fn open(server: &RedisServer) -> Redis {
    let mut redis = Redis::new(format!("redis://127.0.0.1:{}/3", server.port).parse().unwrap());
    redis.send(Request::Open);
    assert_eq!(next(&mut redis), Reply::Opened);
    redis
}

fn next(redis: &mut Redis) -> Reply {
    let mut replies = redis.wait(Some(Instant::now() + PATIENCE));
    assert_eq!(replies.len(), 1, "{replies:?}");
    replies.remove(0)
}

fn begin() -> Request {
    let limits = Limits { max_rooms: 9, max_members: 9, room_ttl: 1000, stream: 65_536 };
    Request::Begin(Begin {
        node: "a".into(),
        epoch: "1".into(),
        session: 1,
        instance: "instance".into(),
        limits,
        presence: true,
        time: 7,
    })
}

fn submit(number: u64, text: &str) -> Request {
    let limits = Limits { max_rooms: 9, max_members: 9, room_ttl: 1000, stream: 65_536 };
    let line = Line {
        room: "lobby".into(),
        client: 1,
        kind: LineKind::Message,
        from: "ann".into(),
        text: text.into(),
        time: 8,
    };
    Request::Submit(Submission {
        node: "a".into(),
        epoch: "1".into(),
        session: 1,
        after: number - 1,
        limits,
        operations: vec![Numbered { number, operation: Operation::Say(line) }],
    })
}

fn read(after: EntryId) -> Request {
    let streams = vec![(key::room("lobby").into(), after), (key::inbox("a").into(), after)];
    Request::Read { streams, count: 100 }
}

/// Waits for the answers to the first submission and to a read, in any order. Returns the entries.
fn entries_after_first(redis: &mut Redis) -> Vec<(Arc<str>, Vec<RawEntry>)> {
    let mut replies = Vec::new();
    while replies.len() < 2 {
        replies.extend(redis.wait(Some(Instant::now() + PATIENCE)));
    }
    assert!(replies.contains(&Reply::Submitted { applied: 1 }), "{replies:?}");
    let entries = replies.into_iter().find_map(|reply| match reply {
        Reply::Entries(streams) => Some(streams),
        _ => None,
    });
    entries.expect("entries of the read")
}

#[test]
#[ignore = "needs redis-server"]
fn lines_come_back_while_a_read_waits() {
    let server = RedisServer::start(&[]);
    let mut redis = open(&server);
    redis.send(begin());
    let begun = Reply::Begun { applied: 0, known: false, instance: "instance".to_owned() };
    assert_eq!(next(&mut redis), begun);
    redis.send(read(EntryId::default()));
    redis.send(submit(1, "one"));
    let streams = entries_after_first(&mut redis);
    let [(stream, entries)] = &streams[..] else { panic!("{streams:?}") };
    assert_eq!(&**stream, "sockit:room:lobby");
    assert_eq!(entries[0].to_room().unwrap().text, "one");
}

#[test]
#[ignore = "needs redis-server"]
fn a_waiting_thread_is_woken_and_a_lost_script_ends_the_connection() {
    let server = RedisServer::start(&[]);
    let mut redis = open(&server);
    redis.waker()();
    assert_eq!(redis.wait(None), []);
    assert_eq!(redis.wait(Some(Instant::now())), []);
    Console::new(&server).call(cmd("SCRIPT").arg("FLUSH"));
    redis.send(begin());
    let Reply::Closed(reason) = next(&mut redis) else { panic!("not closed") };
    assert!(reason.contains("script"), "{reason}");
    // Nothing is sent without a connection.
    redis.send(begin());
    assert_eq!(redis.wait(Some(Instant::now())), []);
    redis.send(Request::Open);
    assert_eq!(next(&mut redis), Reply::Opened);
    redis.send(begin());
    assert!(matches!(next(&mut redis), Reply::Begun { .. }));
    redis.send(read(EntryId::default()));
    drop(server);
    let Reply::Closed(_) = next(&mut redis) else { panic!("not closed") };
}

#[test]
#[ignore = "needs redis-server"]
fn refusals_change_nothing_and_have_the_code_in_front() {
    let server = RedisServer::start(&[]);
    let mut admin = Console::new(&server);
    let mut redis = open(&server);
    redis.send(begin());
    assert!(matches!(next(&mut redis), Reply::Begun { .. }));
    let mut refused = |admin: &mut Console, on: &mut Cmd, off: &mut Cmd, code: &str| {
        admin.call(on);
        redis.send(submit(1, "one"));
        let Reply::Error(text) = next(&mut redis) else { panic!("not refused: {code}") };
        assert!(text.starts_with(code), "{text}");
        admin.call(off);
        redis.send(Request::History { stream: "sockit:room:lobby".into(), before: None, count: 9 });
        assert_eq!(next(&mut redis), Reply::History(Vec::new()));
    };
    let config = |name: &str, value: &str| cmd("CONFIG").arg("SET").arg(name).arg(value).take();
    refused(&mut admin, &mut config("maxmemory", "1"), &mut config("maxmemory", "0"), "OOM ");
    let replica = |host: &str, port: &str| cmd("REPLICAOF").arg(host).arg(port).take();
    let [mut on, mut off] = [replica("127.0.0.1", "1"), replica("NO", "ONE")];
    refused(&mut admin, &mut on, &mut off, "READONLY ");
    let acl = |rule: &str| cmd("ACL").arg("SETUSER").arg("default").arg(rule).take();
    refused(&mut admin, &mut acl("-zadd"), &mut acl("+zadd"), "NOPERM ");
    // A stranger's value in place of the stream is a matter of that room.
    admin.call(cmd("SELECT").arg(3));
    admin.call(cmd("SET").arg("sockit:room:lobby").arg("x"));
    redis.send(read(EntryId::default()));
    redis.send(submit(1, "one"));
    let streams = entries_after_first(&mut redis);
    let text = format!("{:?}", streams.first().and_then(|it| it.1[0].to_inbox()));
    assert!(text.contains("Failed") && text.contains("WRONGTYPE"), "{text}");
}

#[test]
#[ignore = "needs redis-server"]
fn credentials_are_checked_and_stay_out_of_errors() {
    let secret = "Gehe1m";
    let server = RedisServer::start(&["--requirepass", secret]);
    let port = server.port;
    for (url, wanted) in [
        (format!("redis://127.0.0.1:{port}"), "NOAUTH"),
        (format!("redis://:x{secret}@127.0.0.1:{port}"), "WRONGPASS"),
        (format!("redis://ann:{secret}@127.0.0.1:{port}"), "WRONGPASS"),
        (format!("redis://:{secret}@127.0.0.1:{port}/99"), "out of range"),
        (format!("redis://:{secret}@127.0.0.1:1"), "refused"),
    ] {
        let mut redis = Redis::new(url.parse().unwrap());
        redis.send(Request::Open);
        let Reply::Closed(reason) = next(&mut redis) else { panic!("opened {url}") };
        assert!(reason.contains(wanted) && !reason.contains(secret), "{url}: {reason}");
    }
    let mut redis = Redis::new(format!("redis://:{secret}@127.0.0.1:{port}/2").parse().unwrap());
    redis.send(Request::Open);
    assert_eq!(next(&mut redis), Reply::Opened);
}

#[test]
#[ignore = "needs redis-server"]
fn a_source_surveys_the_rooms_and_reads_their_streams() {
    let server = RedisServer::start(&[]);
    let mut redis = open(&server);
    redis.send(begin());
    assert!(matches!(next(&mut redis), Reply::Begun { .. }));
    redis.send(submit(1, "one"));
    assert_eq!(next(&mut redis), Reply::Submitted { applied: 1 });
    let url = format!("redis://127.0.0.1:{}/3", server.port).parse().unwrap();
    let mut source = RedisSource::new(url);
    let lobby = "lobby".to_owned();
    let room = SurveyedRoom { folded: lobby.clone(), shown: lobby, number: 1, exists: true };
    let survey = Survey { instance: "instance".to_owned(), rooms: vec![room] };
    assert_eq!(source.survey(), Ok(survey));
    let streams: [(Arc<str>, EntryId); 2] =
        ["dev", "lobby"].map(|room| (key::room(room).into(), EntryId::default()));
    let wait = Duration::from_millis(1);
    let reading = source.read(&streams, 9, wait).unwrap();
    assert_eq!(reading.instance, "instance");
    let [(stream, entries)] = &reading.entries[..] else { panic!("{reading:?}") };
    assert_eq!((stream, entries.len()), (&streams[1].0, 1));
    assert_eq!(entries[0].to_room().unwrap().text, "one");
    // A stranger has put something else in place of a stream.
    let mut console = Console::new(&server);
    console.call(cmd("SELECT").arg(3));
    console.call(cmd("SET").arg(key::room("dev")).arg("x"));
    assert_eq!(source.read(&streams, 9, wait).unwrap(), reading);
    assert!(source.read(&streams[..1], 9, wait).unwrap_err().starts_with("WRONGTYPE"));
    // Nothing is new.
    let behind = [(streams[1].0.clone(), entries[0].id)];
    assert_eq!(source.read(&behind, 9, wait).unwrap().entries, []);
    console.call(&cmd("FLUSHALL"));
    assert_eq!(source.read(&behind, 9, wait).unwrap().instance, "");
    assert_eq!(source.survey(), Ok(Survey::default()));
    drop(server);
    assert!(source.survey().is_err());
}
