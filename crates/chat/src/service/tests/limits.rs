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
fn a_flood_is_told_once_and_heard_at_its_rate() {
    let rate = Rate::new(10, 1 << 20).with_burst(Duration::from_secs(2));
    let (chat, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let (ann, bob) = (harness.connect(), harness.connect());
    let flood: String = (0..100).map(|n| format!("{n}\n")).collect();
    ann.send(flood.as_bytes());
    harness.run();
    let told = "* you are sending too fast: you are heard at 10 lines and 1048576 bytes a second";
    let got = lines(&ann);
    assert_eq!(got.iter().filter(|line| *line == told).count(), 1);
    let mut heard = lines(&bob);
    assert_eq!(heard.len(), 20, "the burst");
    // The neighbour is heard at once meanwhile.
    bob.send(b"hello\n");
    harness.run();
    assert_eq!(lines(&bob), ["127.0.0.1:2: hello"]);
    for second in 1..=8 {
        harness.advance(Duration::from_secs(1));
        heard.extend(lines(&bob));
        assert_eq!(heard.len(), 20 + second * 10, "after {second} s");
    }
    let expected: Vec<String> = (0..100).map(|n| format!("127.0.0.1:1: {n}")).collect();
    assert_eq!(heard, expected, "nothing is lost");
    assert!(!lines(&ann).contains(&told.to_owned()), "it has been told");
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
fn what_was_sent_too_fast_is_heard_at_a_stop() {
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
fn who_asks_for_much_takes_it_before_it_is_heard_on() {
    let (chat, mut harness) = chat(Config::default());
    let ann = harness.connect();
    ann.room(0);
    ann.send("/help\n".repeat(1000).as_bytes());
    ann.send(b"done\n");
    harness.run();
    let held = chat.operator().stats().held_bytes;
    assert_eq!(held, 0, "what comes behind is not heard yet");
    ann.room(usize::MAX);
    harness.run();
    let got = lines(&ann);
    assert_eq!(got.len(), 9 * 1000 + 1, "all of it, in order");
    assert_eq!(got.last().map(String::as_str), Some("127.0.0.1:1: done"));
}

#[test]
fn slow_readers_of_one_room_hold_up_nobody_in_another() {
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

/// Two rooms with a reader in each who stops, and one who goes on.
fn short_of_memory(slow: SlowConsumer) -> (Chat, ChatHarness, Vec<Peer>) {
    let config = Config::default().with_presence(false).with_slow_consumer(slow);
    let chat = Chat::new(config.with_memory(1 << 20).with_backlog(900_000));
    let limits = Limits::default().with_stall_timeout(None);
    let harness = Harness::new(limits, |worker| chat.service(&worker));
    (chat, harness, Vec::new())
}

#[test]
fn when_memory_is_short_those_who_do_not_read_are_cut_off() {
    for slow in [SlowConsumer::Disconnect, SlowConsumer::Skip] {
        let (chat, mut harness, mut peers) = short_of_memory(slow);
        for n in 0..30 {
            // The one who speaks, one who reads, and one who has stopped.
            for _ in 0..3 {
                let peer = harness.connect();
                peer.send(format!("/join r{n}\n").as_bytes());
                peers.push(peer);
            }
        }
        harness.run();
        peers.iter().skip(2).step_by(3).for_each(|peer| peer.room(0));
        let line = format!("{}\n", "x".repeat(4000));
        let mut said = 0;
        for _ in 0..40 {
            for peer in peers.iter().step_by(3) {
                peer.send(line.as_bytes());
                said += 1;
            }
            harness.advance(Duration::from_millis(50));
            let held = chat.operator().stats().held_bytes;
            assert!(held <= (1 << 20) + 600_000, "{slow}: {held} bytes are held");
        }
        // Whoever was held up is heard when there is room.
        harness.advance(Duration::from_secs(5));
        let stats = chat.operator().stats();
        assert!(stats.cut_memory > 0, "{slow}: {stats:?}");
        assert!(stats.held_bytes <= 1 << 20, "{slow}: {stats:?}");
        assert_eq!(stats.messages, said, "{slow}");
        for (n, peer) in peers.iter().enumerate().filter(|(n, _)| n % 3 != 2) {
            assert!(!peer.is_closed(), "{slow}: client {n} reads");
            assert_eq!(count(peer), 40 + 1, "{slow}: client {n}");
        }
    }
}

#[test]
fn who_is_slowed_down_and_does_not_read_is_not_answered_on_and_on() {
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
    assert_eq!(lines(&bob), [""; 0], "her answers come first, and she has not taken them");
    ann.room(usize::MAX);
    for _ in 0..100 {
        harness.advance(Duration::from_millis(20));
    }
    assert_eq!(lines(&bob), ["127.0.0.1:1: done"]);
    let got = lines(&ann);
    assert_eq!(got.iter().filter(|line| !line.contains("too fast")).count(), 50 * 9 + 1);
}

#[test]
fn who_goes_from_room_to_room_takes_their_histories_first() {
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
    assert_eq!(lines(&cyd), [""; 0], "what comes behind is not heard yet");
    ann.room(usize::MAX);
    harness.run();
    assert_eq!(lines(&cyd), ["127.0.0.1:1: done"]);
    assert_eq!(count(&ann), 100 * (1 + 3 + 1) + 1);
}

#[test]
fn one_who_owes_much_can_be_removed_all_the_same() {
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
fn nobody_waits_for_ever_for_memory_that_quiet_rooms_hold() {
    for slow in [SlowConsumer::Disconnect, SlowConsumer::Skip] {
        let (chat, mut harness, _) = short_of_memory(slow);
        let rooms: Vec<[Peer; 2]> =
            (0..30).map(|_| [harness.connect(), harness.connect()]).collect();
        for (n, [ann, bob]) in rooms.iter().enumerate() {
            ann.send(format!("/join r{n}\n").as_bytes());
            bob.send(format!("/join r{n}\n").as_bytes());
            harness.run();
            // All of it is on its way to one who takes nothing, and no more comes.
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
fn what_is_asked_at_a_stop_is_answered_within_limits() {
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
fn what_breaks_off_before_it_is_heard_is_counted() {
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
fn one_who_has_much_to_take_is_heard_when_it_has_got_that() {
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
        assert!(got >= 750 || count(&bob) == 0, "heard behind {got} messages");
    }
    assert_eq!(got + count(&ann), 751);
}

/// A client that takes all.
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
fn what_comes_from_one_who_is_held_is_kept_within_limits() {
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
fn one_who_is_not_heard_yet_has_not_been_silent() {
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
fn who_leaves_without_reading_holds_up_nobody() {
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
fn senders_do_not_wait_for_readers_that_hardly_move() {
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
fn what_is_said_while_a_round_is_made_reaches_all_once() {
    let rate = Rate::new(2, 1 << 20).with_burst(Duration::from_secs(1));
    let (_, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    bob.send((0..20).map(|n| format!("{n}\n/who\n")).collect::<String>().as_bytes());
    harness.run();
    for _ in 0..7 {
        ann.room(0);
        harness.advance(Duration::from_secs(1));
        harness.advance(Duration::from_secs(1));
        // In one round it is looked at whether ann, who was behind, has caught up, and what bob says
        // is heard and published, for his answer.
        ann.room(usize::MAX);
        harness.advance(Duration::from_secs(1));
    }
    let expected: Vec<String> = (0..20).map(|n| format!("127.0.0.1:2: {n}")).collect();
    for peer in [&ann, &bob, &cyd] {
        let said: Vec<String> = lines(peer).into_iter().filter(|l| !l.starts_with('*')).collect();
        assert_eq!(said, expected);
    }
}
