//! `sockit chat serve` under load: many clients, slow clients, a stop under load, and no
//! descriptors left. Memory and processor time are read from `/proc`.

use std::env;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use netcore::testing::TestDir;

use crate::common::chat::Message;
use crate::common::client::Client;
use crate::common::crowd::{Crowd, Member, expect_same_order_for_all, spare_descriptors};
use crate::common::patience::PATIENCE;
use crate::common::process::sockit;
use crate::common::server::Server;

#[test]
fn every_client_gets_every_line_exactly_once_and_in_the_same_order() {
    let count = spare_descriptors(STOPPED + 500).min(2000);
    if count < 2000 {
        println!("note: the limit on descriptors leaves {count} clients instead of 2,000");
    }
    expect_same_order_for_all(count, 2);
}

/// The bytes that are published while one of 50 clients does not read.
fn offered() -> usize {
    let default = if cfg!(debug_assertions) { 40 } else { 200 };
    let megabytes = env::var("SOCKIT_TEST_SLOW_MB").ok().and_then(|text| text.parse().ok());
    megabytes.unwrap_or(default) * 1_000_000
}

const RECEIVERS: usize = 50;
const TEXT: usize = 4000;
/// The number of texts on their way at a time, which is the lag of the slowest reading client.
const WINDOW: usize = 64;

/// A numbered text of `TEXT` bytes.
fn text(number: usize) -> String {
    format!("{number:08} {:x<1$}", "", TEXT - 9)
}

/// Takes the complete lines, notices included, out of the received bytes.
fn take_lines(member: &mut Member) -> Vec<String> {
    let whole = member.received.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let text = String::from_utf8(member.received.drain(..whole).collect()).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

/// Takes complete messages off the front of the received bytes. They must have the numbers from
/// `next` on. Returns the first number that has not come. Notices are skipped.
fn take_numbers(received: &mut Vec<u8>, length: usize, mut next: usize, filler: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = &received[at..];
        if rest.starts_with(b"* ") {
            let Some(end) = rest.iter().position(|&byte| byte == b'\n') else { break };
            at += end + 1;
            continue;
        }
        let Some(line) = rest.get(..length) else { break };
        let body = &line[length - TEXT - 1..];
        let number = str::from_utf8(&body[..8]).ok().and_then(|text| text.parse().ok());
        assert_eq!(number, Some(next), "out of order: \"{}\"", line[..60].escape_ascii());
        assert!(&body[8..] == filler, "text {next} is damaged");
        (at, next) = (at + length, next + 1);
    }
    received.drain(..at);
    next
}

/// Publishes from the first of 50 clients while the last one does not read, at the pace of the 48
/// others. Returns the server, the crowd and the number of texts; all clients except the last have
/// received everything.
fn publish_past_a_stalled_reader(policy: &str) -> (Server, Crowd, usize) {
    let server = Server::start(&[
        "chat",
        "serve",
        "--slow",
        policy,
        "--greeting",
        "Welcome",
        "--no-presence",
    ]);
    let start = server.memory();
    let mut crowd = Crowd::connect(&server, RECEIVERS);
    crowd.expect_lines_that_hold("Welcome");
    let stalled = RECEIVERS - 1;
    crowd.members[stalled].reads = false;

    let total = offered() / TEXT;
    let prefix = "2026-11-20 18:11:02 ".len() + crowd.members[0].address.len() + ": ".len();
    let length = prefix + TEXT + 1;
    let filler = text(0)[8..].to_owned() + "\n";
    let (mut sent, mut next) = (0, vec![0; stalled]);
    crowd.drive("publishing", |members| {
        for (member, next) in members.iter_mut().zip(&mut next) {
            assert!(!member.ended, "a client that reads was disconnected at {next}");
            *next = take_numbers(&mut member.received, length, *next, filler.as_bytes());
        }
        let slowest = *next.iter().min().expect("clients that read");
        while sent < total.min(slowest + WINDOW) {
            members[0].outgoing.extend_from_slice(format!("{}\n", text(sent)).as_bytes());
            sent += 1;
        }
        slowest == total
    });
    let growth = server.peak_memory().saturating_sub(start);
    println!("{policy}: grown by {} KiB with {} MB offered", growth >> 10, offered() / 1_000_000);
    assert!(growth <= 8 << 20, "grown by {growth} bytes");
    crowd.members[stalled].reads = true;
    (server, crowd, total)
}

#[test]
fn a_stalled_reader_is_disconnected_and_the_others_receive_everything() {
    let (server, mut crowd, total) = publish_past_a_stalled_reader("disconnect");
    let stalled = RECEIVERS - 1;
    crowd.drive("the end of the one that stalled", |members| members[stalled].ended);
    let mut next = 0;
    for line in take_lines(&mut crowd.members[stalled]) {
        if let Some(message) = Message::parse(&line) {
            assert_eq!(message.text, text(next), "what it got is the beginning, without a gap");
            next += 1;
        }
    }
    assert!(next < total, "it was never behind");
    crowd.members[0].outgoing.extend_from_slice(b"after\n");
    crowd.drive("a message after it", |members| {
        members[..stalled].iter().all(|member| member.received.ends_with(b": after\n"))
    });
    server.stop();
}

/// The number of stopped readers in the test of the memory bound.
const STOPPED: usize = 1000;

#[test]
fn a_thousand_stopped_readers_stay_within_the_announced_memory_bound() {
    assert!(spare_descriptors(500) >= STOPPED, "the limit on descriptors is too low");
    for policy in ["disconnect", "skip"] {
        let directory = TestDir::new();
        let path = directory.path("chat");
        // A Unix socket buffers little for a reader, and the kernel's buffers are not measured
        // here.
        let unix = format!("unix:{}", path.display());
        let args = ["chat", "serve", "--listen", "127.0.0.1:0", "--listen", &unix, "-v"];
        let limits = ["--max-clients", "1100", "--max-rooms", "10", "--max-memory", "16M"];
        let more = ["--no-presence", "--slow", policy, "--history", "100"];
        let command = sockit(&[&args[..], &limits, &more].concat());
        let mut server = Server::from_command(command, 2);
        let said = server.process().stderr_lines(1).concat();
        let ceiling = said.split("at most ").nth(1).and_then(|rest| rest.split(' ').next());
        let ceiling: u64 = ceiling.and_then(|n| n.parse().ok()).expect("MiB in the log");
        let start = server.memory();

        let mut crowd = Crowd::connect(&server, 2);
        let stopped: Vec<UnixStream> = (0..STOPPED)
            .map(|n| {
                // The client requests replies that it does not read, and begins a line that it does
                // not end.
                let mut stream = UnixStream::connect(&path).expect("connect");
                let line = format!("{}{}", "/help\n".repeat(50 + n % 50), "x".repeat(4000));
                stream.write_all(line.as_bytes()).expect("write");
                stream
            })
            .collect();
        let total = offered() / TEXT / 2;
        let length = "2026-11-20 18:11:02 ".len() + crowd.members[0].address.len() + 2 + TEXT + 1;
        let filler = text(0)[8..].to_owned() + "\n";
        let (mut sent, mut next) = (0, [0; 2]);
        crowd.drive("what is published", |members| {
            for (member, next) in members.iter_mut().zip(&mut next) {
                assert!(!member.ended, "{policy}: one that reads was cut off at {next}");
                *next = take_numbers(&mut member.received, length, *next, filler.as_bytes());
            }
            while sent < total.min(next[0].min(next[1]) + WINDOW) {
                let line = format!("{}\n", text(sent));
                members[0].outgoing.extend_from_slice(line.as_bytes());
                sent += 1;
            }
            next == [total; 2]
        });
        let growth = server.peak_memory().saturating_sub(start);
        println!("{policy}: grown by {} KiB, at most {ceiling} MiB", growth >> 10);
        assert!(growth <= ceiling << 20, "{policy}: grown by {growth} bytes of {ceiling} MiB");
        drop(stopped);
        server.stop();
    }
}

#[test]
fn a_stalled_reader_is_notified_of_skipped_messages_and_continues() {
    let (server, mut crowd, total) = publish_past_a_stalled_reader("skip");
    let stalled = RECEIVERS - 1;
    // The numbers continue after the texts until one of them reaches the stalled client.
    let (mut next, mut skipped, mut current) = (0, 0, total);
    crowd.members[0].outgoing = format!("{current:08}\n").into_bytes();
    crowd.drive("what the one that stalled still gets", |members| {
        assert!(!members[stalled].ended, "it was disconnected at {next}");
        for line in take_lines(&mut members[stalled]) {
            match Message::parse(&line) {
                None => {
                    assert!(line.contains("skipped"), "a notice of another kind: {line:?}");
                    let number = line.split(|c: char| !c.is_ascii_digit()).find(|n| !n.is_empty());
                    let number: usize = number.and_then(|n| n.parse().ok()).expect("a number");
                    (next, skipped) = (next + number, skipped + number);
                }
                Some(message) => {
                    let number = message.text.get(..8).and_then(|number| number.parse().ok());
                    assert_eq!(number, Some(next), "{skipped} were skipped");
                    next += 1;
                }
            }
        }
        if members[0].received.ends_with(format!(": {current:08}\n").as_bytes()) {
            current += 1;
            members[0].outgoing = format!("{current:08}\n").into_bytes();
        }
        next > total
    });
    assert!(skipped > 0, "it was never behind");
    server.stop();
}

#[test]
fn a_stop_under_load_delivers_the_same_messages_to_every_client() {
    const CLIENTS: usize = 40;
    // These clients read nothing before the stop. Their pending output exceeds the socket buffers
    // (3 to 4 MB on Linux) and stays below the limit for slow consumers (4 MiB).
    const BEHIND: usize = 10;
    const OWED: usize = 4_000_000;
    let server = Server::start(&["chat", "serve", "--greeting", "Welcome", "--grace", "20s"]);
    let mut crowd = Crowd::connect(&server, CLIENTS);
    crowd.expect_lines_that_hold("Welcome");
    let (talking, behind) = crowd.members.split_at_mut(CLIENTS - BEHIND);
    behind.iter_mut().for_each(|member| member.reads = false);
    let mut flows = vec![(0, 0); talking.len()];
    let mut stopping = false;
    let filler = "x".repeat(500);
    crowd.drive("chat until the end", |members| {
        if !stopping && members[0].received.len() > OWED {
            server.signal("TERM");
            stopping = true;
            members.iter_mut().for_each(|member| member.reads = true);
        }
        for (member, (sent, searched)) in members.iter_mut().zip(&mut flows) {
            // A client sends its next lines when its last line has come back, so that no other
            // client is slow.
            let last = format!("{}: {sent} ", member.address);
            let came = str::from_utf8(&member.received[*searched..]).expect("ASCII");
            if *sent == 0 || came.contains(&last) {
                *searched = member.received.len();
                for _ in 0..5 {
                    *sent += 1;
                    member.outgoing.extend_from_slice(format!("{sent} {filler}\n").as_bytes());
                }
            }
        }
        members.iter().all(|member| member.ended)
    });
    let heard: Vec<Vec<String>> = crowd.members.iter_mut().map(messages).collect();
    for member in &crowd.members {
        assert!(member.received.is_empty(), "{} was cut within a line", member.address);
    }
    for other in &heard[1..] {
        let same = heard[0].iter().zip(other).take_while(|(one, other)| one == other).count();
        assert_eq!(
            (heard[0].len(), other.len(), same),
            (same, same, same),
            "after {same} messages in common: {:?} {:?}",
            heard[0].get(same),
            other.get(same),
        );
    }
    server.expect_stop();
}

/// Takes the messages and leaves an unfinished line. Notices are skipped.
fn messages(member: &mut Member) -> Vec<String> {
    let lines = take_lines(member).into_iter();
    lines.filter(|line| Message::parse(line).is_some()).collect()
}

#[test]
fn with_no_descriptors_left_the_server_neither_spins_nor_fails() {
    let server = Server::start_with_descriptors(64, &["chat", "serve"]);
    let mut first: Vec<Client> = (0..10).map(|_| Client::enter(&server)).collect();
    let others: Vec<Client> = (0..190).map(|_| server.connect()).collect();

    let before = server.processor_time();
    thread::sleep(Duration::from_secs(1));
    let used = server.processor_time() - before;
    assert!(used < 50, "{used} hundredths of a second of processor time within a second");

    first[0].say("still served");
    for client in &mut first {
        client.until("still served");
    }
    drop(others);
    let start = Instant::now();
    while !server.connect().try_answer(b"a place\n").is_some_and(|line| line.ends_with("a place")) {
        assert!(start.elapsed() < PATIENCE, "no service when descriptors came back");
    }
    server.stop();
}
