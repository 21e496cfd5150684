//! Fast senders, slow readers and memory.

use std::time::Duration;

use netcore::server::Config as Limits;
use netcore::testing::{Harness, Peer};

use super::{ChatHarness, chat, count, lines};
use crate::Chat;
use crate::config::{Config, SlowConsumer};
use crate::now::Now;
use crate::protocol::rate_limit::Rate;
use crate::shard::output::ClientOutput;

#[test]
fn a_flood_is_notified_once_and_processed_at_its_rate() {
    let rate = Rate::new(10, 1 << 20).with_burst(Duration::from_secs(2));
    let (chat, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let (ann, bob) = (harness.connect(), harness.connect());
    let flood: String = (0..100).map(|n| format!("{n}\n")).collect();
    ann.send(flood.as_bytes());
    harness.run();
    let notice = "* you are sending too fast: you are heard at 10 lines and 1048576 bytes a second";
    let got = lines(&ann);
    assert_eq!(got.iter().filter(|line| *line == notice).count(), 1);
    let mut received = lines(&bob);
    assert_eq!(received.len(), 20, "the burst");
    // Another client is not delayed.
    bob.send(b"hello\n");
    harness.run();
    assert_eq!(lines(&bob), ["127.0.0.1:2: hello"]);
    for second in 1..=8 {
        harness.advance(Duration::from_secs(1));
        received.extend(lines(&bob));
        assert_eq!(received.len(), 20 + second * 10, "after {second} s");
    }
    let expected: Vec<String> = (0..100).map(|n| format!("127.0.0.1:1: {n}")).collect();
    assert_eq!(received, expected, "nothing is lost");
    assert!(!lines(&ann).contains(&notice.to_owned()), "one notice suffices");
    assert_eq!(chat.operator().stats().slowed, 1);
}

#[test]
fn commands_and_refused_lines_count_too() {
    let rate = Rate::new(1, 1 << 20).with_burst(Duration::from_secs(3));
    let (_, mut harness) = chat(Config::default().with_rate(Some(rate)).with_max_line(10));
    let ann = harness.connect();
    ann.send(b"\n\xff\n01234567890\n/who\nsaid\n");
    harness.run();
    assert_eq!(
        lines(&ann),
        [
            "* line refused: not UTF-8 at byte 0",
            "* line refused: longer than 10 bytes",
            "* you are sending too fast: you are heard at 1 lines and 1048576 bytes a second",
        ]
    );
    harness.advance(Duration::from_secs(1));
    assert_eq!(lines(&ann), ["* 1 here: 127.0.0.1:1 since HH:MM"]);
    harness.advance(Duration::from_secs(1));
    assert_eq!(lines(&ann), ["127.0.0.1:1: said"]);
}

#[test]
fn a_line_without_an_end_is_slowed_down_by_its_bytes() {
    let rate = Rate::new(1000, 1000).with_burst(Duration::from_secs(1));
    let (_, mut harness) = chat(Config::default().with_rate(Some(rate)).with_max_line(100));
    let ann = harness.connect();
    for _ in 0..3 {
        ann.send(&[b'x'; 1000]);
        harness.run();
    }
    ann.send(b"\nend\n");
    harness.run();
    let got = lines(&ann);
    assert_eq!(got.len(), 2, "refused, and slowed down: {got:?}");
    harness.advance(Duration::from_secs(3));
    assert_eq!(lines(&ann), ["127.0.0.1:1: end"]);
}

#[test]
fn deferred_input_is_processed_at_a_stop() {
    let rate = Rate::new(1, 1 << 20).with_burst(Duration::ZERO);
    let (_, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"one\ntwo\nthree\n");
    harness.run();
    assert_eq!(lines(&bob), ["127.0.0.1:1: one"]);
    harness.stop();
    harness.run();
    assert_eq!(lines(&bob), ["127.0.0.1:1: two", "127.0.0.1:1: three"]);
}

#[test]
fn input_waits_until_the_client_has_read_its_replies() {
    let (chat, mut harness) = chat(Config::default());
    let ann = harness.connect();
    ann.room(0);
    ann.send("/help\n".repeat(1000).as_bytes());
    ann.send(b"done\n");
    harness.run();
    let held = chat.operator().stats().held_bytes;
    assert_eq!(held, 0, "later input is not processed yet");
    ann.room(usize::MAX);
    harness.run();
    let got = lines(&ann);
    assert_eq!(got.len(), 9 * 1000 + 1, "all of it, in order");
    assert_eq!(got.last().map(String::as_str), Some("127.0.0.1:1: done"));
}

#[test]
fn slow_readers_delay_no_other_room() {
    let (_, mut harness) = chat(Config::default().with_backlog(1 << 20));
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    let dan = harness.connect();
    for peer in [&ann, &bob, &cyd] {
        peer.send(b"/join busy\n");
    }
    harness.run();
    bob.room(1000);
    cyd.room(1000);
    ann.send(format!("{}\n", "x".repeat(4000)).repeat(1024).as_bytes());
    for n in 0..200 {
        bob.room(50_000);
        cyd.room(50_000);
        harness.advance(Duration::from_millis(20));
        dan.send(format!("{n}\n").as_bytes());
        harness.run();
        assert_eq!(lines(&dan), [format!("127.0.0.1:4: {n}")]);
    }
    assert_eq!(harness.connections(), 4);
}

/// Creates a chat with 1 MiB for messages, and an empty list of clients.
fn short_of_memory(slow: SlowConsumer) -> (Chat, ChatHarness, Vec<Peer>) {
    let config = Config::default().with_presence(false).with_slow_consumer(slow);
    let chat = Chat::new(config.with_memory(1 << 20).with_backlog(900_000));
    let limits = Limits::default().with_stall_timeout(None);
    let harness = Harness::new(limits, |worker| chat.service(&worker));
    (chat, harness, Vec::new())
}

#[test]
fn clients_that_do_not_read_are_aborted_when_memory_is_short() {
    for slow in [SlowConsumer::Disconnect, SlowConsumer::Skip] {
        let (chat, mut harness, mut peers) = short_of_memory(slow);
        for n in 0..30 {
            // In each room one client sends, one reads, and one is stalled.
            for _ in 0..3 {
                let peer = harness.connect();
                peer.send(format!("/join r{n}\n").as_bytes());
                peers.push(peer);
            }
        }
        harness.run();
        peers.iter().skip(2).step_by(3).for_each(|peer| peer.room(0));
        let line = format!("{}\n", "x".repeat(4000));
        let mut sent = 0;
        for _ in 0..40 {
            for peer in peers.iter().step_by(3) {
                peer.send(line.as_bytes());
                sent += 1;
            }
            harness.advance(Duration::from_millis(50));
            let held = chat.operator().stats().held_bytes;
            assert!(held <= (1 << 20) + 600_000, "{slow}: {held} bytes are held");
        }
        // Paused senders resume when there is room.
        harness.advance(Duration::from_secs(5));
        let stats = chat.operator().stats();
        assert!(stats.cut_memory > 0, "{slow}: {stats:?}");
        assert!(stats.held_bytes <= 1 << 20, "{slow}: {stats:?}");
        assert_eq!(stats.messages, sent, "{slow}");
        for (n, peer) in peers.iter().enumerate().filter(|(n, _)| n % 3 != 2) {
            assert!(!peer.is_closed(), "{slow}: client {n} reads");
            assert_eq!(count(peer), 40 + 1, "{slow}: client {n}");
        }
    }
}

#[test]
fn replies_to_a_slowed_client_that_does_not_read_are_bounded() {
    let rate = Rate::new(100, 1 << 20).with_burst(Duration::ZERO);
    let (_, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.room(0);
    ann.send("/help\n".repeat(50).as_bytes());
    ann.send(b"done\n");
    harness.run();
    for _ in 0..100 {
        harness.advance(Duration::from_millis(20));
    }
    assert_eq!(lines(&bob), [""; 0], "ann has not read the replies before it");
    ann.room(usize::MAX);
    for _ in 0..100 {
        harness.advance(Duration::from_millis(20));
    }
    assert_eq!(lines(&bob), ["127.0.0.1:1: done"]);
    let got = lines(&ann);
    assert_eq!(got.iter().filter(|line| !line.contains("too fast")).count(), 50 * 9 + 1);
}

#[test]
fn input_waits_until_the_client_has_read_the_histories() {
    let (_, mut harness) = chat(Config::default().with_history(10));
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    bob.send(b"/join a\n");
    harness.run();
    bob.send(format!("{}\n", "x".repeat(4000)).repeat(3).as_bytes());
    harness.run();
    ann.room(0);
    ann.send("/join a\n/join lobby\n".repeat(100).as_bytes());
    ann.send(b"done\n");
    harness.run();
    assert_eq!(lines(&cyd), [""; 0], "later input is not processed yet");
    ann.room(usize::MAX);
    harness.run();
    assert_eq!(lines(&cyd), ["127.0.0.1:1: done"]);
    assert_eq!(count(&ann), 100 * (1 + 3 + 1) + 1);
}

#[test]
fn a_client_with_unread_messages_can_be_removed() {
    let config = Config::default().with_max_line(16 * 1024);
    let (chat, mut harness) = chat(config);
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.room(0);
    bob.send(b"hello\n");
    harness.run();
    bob.send(format!("/msg 127.0.0.1:1 {}\n", "x".repeat(10_000)).as_bytes());
    harness.run();
    assert!(chat.operator().kick("127.0.0.1:1"));
    harness.run();
    assert!(ann.is_closed());
}

#[test]
fn memory_of_stalled_clients_in_quiet_rooms_is_freed() {
    for slow in [SlowConsumer::Disconnect, SlowConsumer::Skip] {
        let (chat, mut harness, _) = short_of_memory(slow);
        let rooms: Vec<[Peer; 2]> =
            (0..30).map(|_| [harness.connect(), harness.connect()]).collect();
        for (n, [ann, bob]) in rooms.iter().enumerate() {
            ann.send(format!("/join r{n}\n").as_bytes());
            bob.send(format!("/join r{n}\n").as_bytes());
            harness.run();
            // All messages wait for a stalled client, and no more follow.
            bob.room(0);
            ann.send(format!("{}\n", "x".repeat(3000)).repeat(20).as_bytes());
        }
        harness.run();
        for _ in 0..20 {
            harness.advance(Duration::from_millis(100));
        }
        for [ann, _] in &rooms {
            ann.received();
            ann.send(b"still there?\n");
        }
        harness.run();
        let stats = chat.operator().stats();
        assert!(stats.held_bytes <= 1 << 20, "{slow}: {stats:?}");
        assert!(rooms.iter().all(|[ann, _]| count(ann) == 1), "{slow}: {stats:?}");
    }
}

#[test]
fn replies_at_a_stop_are_bounded() {
    let rate = Rate::new(1, 1 << 20).with_burst(Duration::ZERO);
    let (chat, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let ann = harness.connect();
    ann.send("/help\n".repeat(2000).as_bytes());
    harness.stop();
    harness.run();
    let got = ann.received().len();
    assert!(got < 16 * 1024, "{got} bytes of answers");
    let dropped = chat.operator().stats().dropped_bytes;
    assert!(dropped > 11_000 && dropped < 12_000, "{dropped}");
}

#[test]
fn deferred_input_of_a_broken_connection_is_counted() {
    let rate = Rate::new(1, 1 << 20).with_burst(Duration::ZERO);
    let (chat, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let ann = harness.connect();
    ann.send(b"one\ntwo\nthree\n");
    harness.run();
    ann.reset();
    harness.run();
    assert_eq!(harness.connections(), 0);
    assert_eq!(chat.operator().stats().dropped_bytes, "two\nthree\n".len() as u64);
}

#[test]
fn input_waits_until_the_client_has_received_its_backlog() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.room(0);
    let line = format!("{}\n", "x".repeat(4000));
    for _ in 0..750 {
        bob.send(line.as_bytes());
        harness.run();
    }
    assert_eq!(count(&bob), 750);
    ann.send(b"done\n");
    ann.room(usize::MAX);
    let mut got = 0;
    while harness.turn() {
        got += count(&ann);
        assert!(got >= 750 || count(&bob) == 0, "processed after {got} messages");
    }
    assert_eq!(got + count(&ann), 751);
}

/// An output that drops everything.
struct Sink;

impl ClientOutput for Sink {
    fn send(&mut self, _: &[u8]) {}
    fn share(&mut self, _: bytes::Bytes) {}
    fn unsent(&self) -> usize {
        0
    }
    fn call_when_flushed(&mut self) {}
    fn pause_reading(&mut self) {}
    fn resume_reading(&mut self) {}
    fn close(&mut self) {}
    fn abort(&mut self) {}
}

#[test]
fn deferred_input_is_bounded() {
    let rate = Rate::new(1, 1 << 20).with_burst(Duration::ZERO);
    let chat = Chat::new(Config::default().with_rate(Some(rate)));
    let (mut shard, now) = (chat.shard(|| {}), Now::system());
    let mut ann = shard.connect(1, Some("ann"), now, &mut Sink);
    for _ in 0..100 {
        shard.receive(&mut ann, &[b'\n'; 1001], now, &mut Sink);
    }
    assert_eq!(chat.operator().stats().dropped_bytes, 100 * 1001 - 1 - 16 * 1024);
    shard.disconnect(ann);
    assert_eq!(chat.operator().stats().dropped_bytes, 100 * 1001 - 1);
}

#[test]
fn a_client_with_deferred_input_is_not_idle() {
    let config = Config::default().with_presence(false);
    let rate = Rate::new(1, 1 << 20).with_burst(Duration::ZERO);
    let chat = Chat::new(config.with_rate(Some(rate)));
    let limits = Limits::default().with_idle_timeout(Some(Duration::from_secs(10)));
    let mut harness = Harness::new(limits, |worker| chat.service(&worker));
    let ann = harness.connect();
    ann.send("x\n".repeat(30).as_bytes());
    harness.run();
    for _ in 0..29 {
        harness.advance(Duration::from_secs(1));
        assert!(!ann.is_closed());
    }
    assert_eq!(count(&ann), 30 + 1);
    for _ in 0..20 {
        harness.advance(Duration::from_secs(1));
    }
    assert!(ann.is_closed());
}

#[test]
fn leaving_clients_that_do_not_read_delay_no_other() {
    let (chat, mut harness, _) = short_of_memory(SlowConsumer::Disconnect);
    let ann = harness.connect();
    for n in 0..60 {
        let bob = harness.connect();
        bob.room(0);
        bob.send(format!("/join r{n}\n").as_bytes());
        bob.send(format!("{}\n", "x".repeat(3000)).repeat(20).as_bytes());
        bob.send(b"quit\n");
        harness.run();
    }
    for _ in 0..50 {
        harness.advance(Duration::from_millis(100));
    }
    ann.received();
    ann.send(b"hello\n");
    harness.run();
    let stats = chat.operator().stats();
    assert_eq!(lines(&ann), ["127.0.0.1:1: hello"], "{stats:?}");
    assert!(stats.cut_memory > 0);
}

#[test]
fn senders_do_not_wait_for_readers_that_hardly_read() {
    let (_, mut harness) = chat(Config::default().with_backlog(1 << 20));
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    bob.room(1000);
    cyd.room(1000);
    ann.send(format!("{}\n", "x".repeat(4000)).repeat(200).as_bytes());
    ann.send(b"done\n");
    for _ in 0..50 {
        harness.advance(Duration::from_millis(100));
        bob.room(1000);
        cyd.room(1000);
        harness.run();
    }
    assert_eq!(count(&ann), 201);
    assert_eq!(harness.connections(), 3);
}

#[test]
fn a_message_during_a_round_reaches_all_once() {
    let rate = Rate::new(2, 1 << 20).with_burst(Duration::from_secs(1));
    let (_, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    bob.send((0..20).map(|n| format!("{n}\n/who\n")).collect::<String>().as_bytes());
    harness.run();
    for _ in 0..7 {
        ann.room(0);
        harness.advance(Duration::from_secs(1));
        harness.advance(Duration::from_secs(1));
        // One round checks whether ann, who was behind, has caught up, and processes and publishes
        // bob's message for his reply.
        ann.room(usize::MAX);
        harness.advance(Duration::from_secs(1));
    }
    let expected: Vec<String> = (0..20).map(|n| format!("127.0.0.1:2: {n}")).collect();
    for peer in [&ann, &bob, &cyd] {
        let messages: Vec<String> =
            lines(peer).into_iter().filter(|l| !l.starts_with('*')).collect();
        assert_eq!(messages, expected);
    }
}
