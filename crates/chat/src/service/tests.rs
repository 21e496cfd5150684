use std::time::Duration;

use netcore::server::Config as Limits;
use netcore::testing::{Harness, Peer, split_law};

use super::ChatService;
use crate::Chat;
use crate::config::{Config, SlowConsumer};
use crate::protocol::format::Format;

mod continuation;
mod door;
mod limits;
mod model;
mod rooms;

type ChatHarness = Harness<ChatService>;

/// Creates a chat without notices of joins and leaves.
fn chat(config: Config) -> (Chat, ChatHarness) {
    chat_with_presence(config.with_presence(false))
}

fn chat_with_presence(config: Config) -> (Chat, ChatHarness) {
    let chat = Chat::new(config);
    let harness = Harness::new(Limits::default(), |worker| chat.service(&worker));
    (chat, harness)
}

/// Returns the lines that `peer` received, without the times.
fn lines(peer: &Peer) -> Vec<String> {
    peer.text().lines().map(|line| without_clock(strip(line))).collect()
}

/// Replaces the local times in the reply to `/who`.
fn without_clock(line: &str) -> String {
    let mut parts = line.split(" since ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| {
        assert!(part.as_bytes()[..5].iter().all(|b| b.is_ascii_digit() || *b == b':'), "{part}");
        line + " since HH:MM" + &part[5..]
    })
}

/// Removes the time of a message: `2026-11-20 18:11:02 NAME: TEXT`.
fn strip(line: &str) -> &str {
    match line.get(..20) {
        Some(stamp) if !line.starts_with('*') => {
            let digits = stamp.bytes().filter(u8::is_ascii_digit).count();
            assert_eq!((digits, &stamp[19..]), (14, " "), "{line}");
            &line[20..]
        }
        _ => line,
    }
}

#[test]
fn a_line_reaches_all_clients_with_one_write_each() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"hello\nand again\n");
    harness.run();
    for peer in [&ann, &bob] {
        assert_eq!(lines(peer), ["127.0.0.1:1: hello", "127.0.0.1:1: and again"]);
        assert_eq!(peer.writes(), 1);
    }
}

#[test]
fn a_line_may_end_with_crlf() {
    let (_, mut harness) = chat(Config::default());
    let ann = harness.connect();
    ann.send(b"hello\r\n");
    harness.run();
    assert!(ann.text().ends_with(" 127.0.0.1:1: hello\n"));
}

#[test]
fn telnet_commands_are_answered_and_not_part_of_a_line() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    // PuTTY sends its options before the first line.
    ann.send(b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x0a\xff\xf0\xff\xfd\x01hel");
    harness.run();
    assert_eq!(ann.received(), b"\xff\xfe\x1f\xff\xfc\x01");
    // After Ctrl-C, telnet(1) shows nothing until it receives the mark.
    ann.send(b"lo\xff\xf4\xff\xfd\x06");
    harness.run();
    assert_eq!(ann.received(), b"\xff\xfb\x06");
    ann.send(b" there\r\n");
    harness.run();
    for peer in [&ann, &bob] {
        assert_eq!(lines(peer), ["127.0.0.1:1: hello there"]);
    }
    ann.send(b"\xff\xf6\xff\xf2\xff\xf1");
    harness.run();
    assert_eq!(ann.text(), "* the server is here\n");
    assert_eq!(bob.received(), b"");
}

#[test]
fn any_chunking_of_input_gives_the_same_output() {
    let input = b"one\n\n/nick ann\r\ntwo \xff\n/who\n//three\n\
                  \x1b[31mred\n0123456789012345678901234567890\n/nope\nlast";
    split_law(input, |pieces| {
        let (_, mut harness) = chat(Config::default().with_max_line(30));
        let ann = harness.connect();
        for piece in pieces {
            ann.send(piece);
            harness.run();
        }
        ann.finish();
        harness.run();
        assert!(ann.is_closed());
        lines(&ann)
    });
}

#[test]
fn a_message_before_a_command_reaches_all_at_once() {
    for command in ["/help", "/nick ann", "quit", "/nope"] {
        let (_, mut harness) = chat(Config::default());
        let (ann, bob) = (harness.connect(), harness.connect());
        ann.send(format!("hello\n{command}\n").as_bytes());
        harness.run();
        assert_eq!(lines(&bob), ["127.0.0.1:1: hello"], "{command}");
    }
}

#[test]
fn a_chosen_name_belongs_to_one_client() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"/nick ann\n/nick two words\n/nick *star\n/nick 10.0.0.1\n/nick Operator\n/nick\n");
    harness.run();
    assert_eq!(
        lines(&ann),
        [
            "* you are ann",
            "* a name is letters, digits and _ - . ' and begins with a letter or a digit",
            "* a name is letters, digits and _ - . ' and begins with a letter or a digit",
            "* this name is not for clients",
            "* this name is not for clients",
            "* a name is needed: /nick NAME",
        ]
    );
    bob.send(b"/nick ANN\n/who\n");
    harness.run();
    assert_eq!(
        lines(&bob),
        ["* this name is taken", "* 2 here: ann since HH:MM, 127.0.0.1:2 since HH:MM"]
    );
    ann.send(b"quit\n");
    harness.run();
    assert!(ann.is_closed());
    bob.send(b"/nick ANN\nhi\n/nick Ann\n/who\n");
    harness.run();
    assert_eq!(
        lines(&bob),
        ["* you are ANN", "ANN: hi", "* you are Ann", "* 1 here: Ann since HH:MM"]
    );
}

#[test]
fn refused_lines_reach_no_other_client() {
    let (_, mut harness) = chat(Config::default().with_max_line(8));
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"12345678\n123456789\nab\xffcd\n   \n\x1b[2J\x07\tx\n");
    harness.run();
    assert_eq!(
        lines(&ann),
        [
            "127.0.0.1:1: 12345678",
            "* line refused: longer than 8 bytes",
            "* line refused: not UTF-8 at byte 2",
            "127.0.0.1:1: [2J x",
        ]
    );
    assert_eq!(lines(&bob), ["127.0.0.1:1: 12345678", "127.0.0.1:1: [2J x"]);
}

#[test]
fn a_leaving_client_receives_all_earlier_messages() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.room(10);
    bob.send(b"one\n");
    harness.run();
    ann.send(b"two\nquit\nnever said\n");
    ann.room(10);
    harness.run();
    ann.room(usize::MAX);
    harness.run();
    bob.send(b"three\n");
    harness.run();
    assert_eq!(lines(&ann), ["127.0.0.1:2: one", "127.0.0.1:1: two"]);
    assert!(ann.is_closed());
    assert_eq!(lines(&bob), ["127.0.0.1:2: one", "127.0.0.1:1: two", "127.0.0.1:2: three"]);
}

#[test]
fn a_last_line_without_an_ending_is_processed() {
    let (_, mut harness) = chat(Config::default());
    let ann = harness.connect();
    ann.send(b"bye");
    ann.finish();
    harness.run();
    assert_eq!(lines(&ann), ["127.0.0.1:1: bye"]);
    assert!(ann.is_closed());
}

#[test]
fn a_new_client_receives_greeting_history_and_new_messages() {
    let config = Config::default().with_history(3).with_greeting(Some("welcome\nall".to_owned()));
    let (_, mut harness) = chat(config);
    let ann = harness.connect();
    ann.send(b"1\n2\n");
    harness.run();
    ann.send(b"3\n4\n5\n");
    harness.run();
    let bob = harness.connect();
    ann.send(b"6\n");
    harness.run();
    let message = |n: u32| format!("127.0.0.1:1: {n}");
    let expected: Vec<String> = ["* welcome".to_owned(), "* all".to_owned()]
        .into_iter()
        .chain((3..=6).map(message))
        .collect();
    assert_eq!(lines(&bob), expected);
}

#[test]
fn json_marks_the_history() {
    let (_, mut harness) = chat(Config::default().with_history(9).with_format(Format::Json));
    let ann = harness.connect();
    ann.send(b"say \"}\"\nsecond\n");
    harness.run();
    assert!(!ann.text().contains("history"));
    let bob = harness.connect();
    ann.send(b"third\n");
    harness.run();
    let text = bob.text();
    let marks: Vec<bool> = text.lines().map(|it| it.ends_with(",\"history\":true}")).collect();
    assert_eq!(marks, [true, true, false], "{text}");
    assert!(text.lines().all(|it| it.ends_with('}')) && text.contains(r#""say \"}\"","history""#));
}

#[test]
fn a_slow_client_is_disconnected_and_delays_no_other() {
    let (_, mut harness) = chat(Config::default().with_backlog(100_000));
    let (ann, slow) = (harness.connect(), harness.connect());
    let others: Vec<Peer> = (0..18).map(|_| harness.connect()).collect();
    slow.room(0);
    for n in 0..200 {
        ann.send(format!("{n} {}\n", "x".repeat(1000)).as_bytes());
        harness.run();
        assert!(others.iter().all(|p| lines(p).len() == 1), "message {n}");
    }
    assert!(slow.is_closed());
    assert_eq!(harness.connections(), 19);
}

#[test]
fn a_slow_client_can_be_skipped_forward_and_notified() {
    let (_, mut harness) =
        chat(Config::default().with_backlog(100_000).with_slow_consumer(SlowConsumer::Skip));
    let (ann, slow) = (harness.connect(), harness.connect());
    let _others: Vec<Peer> = (0..18).map(|_| harness.connect()).collect();
    slow.room(0);
    for n in 0..1000 {
        ann.send(format!("{n} {}\n", "x".repeat(1000)).as_bytes());
        harness.run();
    }
    slow.room(usize::MAX);
    harness.run();
    ann.send(b"now\n");
    harness.run();
    let got = lines(&slow);
    let mut expected = 0;
    for line in &got {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["*", lost, "messages", "skipped:", ..] => {
                expected += lost.parse::<usize>().expect(line)
            }
            ["127.0.0.1:1:", "now"] => {}
            ["127.0.0.1:1:", n, _] => {
                assert_eq!(n.parse(), Ok(expected));
                expected += 1;
            }
            _ => panic!("{line}"),
        }
    }
    assert_eq!(expected, 1000, "each message was delivered or counted");
    assert!(got.len() < 500, "{}", got.len());
    assert_eq!(got.last().map(String::as_str), Some("127.0.0.1:1: now"));
}

fn count(peer: &Peer) -> usize {
    peer.received().iter().filter(|b| **b == b'\n').count()
}

#[test]
fn senders_wait_for_slow_readers_but_not_for_stalled_ones() {
    let (_, mut harness) = chat(Config::default().with_backlog(1 << 20));
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    let flood = format!("{}\n", "x".repeat(4000)).repeat(1024);
    bob.room(1000);
    cyd.room(1000);
    ann.send(flood.as_bytes());
    // Bob and cyd keep reading: they receive everything, and the flood waits for them.
    let (mut bobs, mut cyds) = (0, 0);
    while bobs < 1024 || cyds < 1024 {
        harness.run();
        bob.room(100_000);
        cyd.room(100_000);
        harness.advance(Duration::from_millis(20));
        bobs += count(&bob);
        cyds += count(&cyd);
        assert_eq!(harness.connections(), 3);
    }
    assert_eq!(count(&ann), 1024);
    // Bob and cyd stop reading: the flood no longer waits for them.
    bob.room(0);
    cyd.room(0);
    ann.send(flood.as_bytes());
    harness.run();
    for _ in 0..100 {
        harness.advance(Duration::from_millis(100));
    }
    assert_eq!(count(&ann), 1024);
    assert!(bob.is_closed() && cyd.is_closed());
}

#[test]
fn senders_do_not_wait_for_one_slow_client() {
    let (_, mut harness) = chat(Config::default().with_backlog(1 << 20));
    let (ann, slow) = (harness.connect(), harness.connect());
    let line = format!("{}\n", "x".repeat(4000));
    slow.room(1000);
    for _ in 0..1024 {
        ann.send(line.as_bytes());
        harness.run();
        assert_eq!(count(&ann), 1);
        slow.room(100);
    }
    assert!(slow.is_closed());
}

#[test]
fn a_message_before_a_reset_is_delivered() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    // Bob's line and his reset arrive while ann's line is on its way to him.
    ann.send(b"hello\n");
    bob.send(b"deploy done\n");
    bob.lose();
    harness.run();
    assert_eq!(lines(&ann), ["127.0.0.1:1: hello", "127.0.0.1:2: deploy done"]);
    assert_eq!(harness.connections(), 1);
}

#[test]
fn a_stop_delivers_all_messages_and_closes() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    bob.room(5);
    ann.send(b"the last\n");
    harness.stop();
    bob.room(usize::MAX);
    harness.run();
    assert_eq!(lines(&ann), ["127.0.0.1:1: the last"]);
    assert_eq!(lines(&bob), ["127.0.0.1:1: the last"]);
    assert!(ann.is_closed() && bob.is_closed());
}

#[test]
fn the_operator_sends_notices_and_removes_clients() {
    let (chat, mut harness) = chat(Config::default());
    let operator = chat.operator();
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"/nick ann\n");
    harness.run();
    ann.received();
    let names: Vec<_> = operator.clients().iter().map(|c| c.name.to_string()).collect();
    assert_eq!(names, ["ann", "127.0.0.1:2"]);
    operator.say("dinner\u{7}!");
    assert!(operator.tell("Ann", "psst"));
    assert!(operator.kick("127.0.0.1:2"));
    assert!(!operator.kick("nobody"));
    harness.run();
    assert_eq!(lines(&ann), ["* operator: dinner!", "* operator to you: psst"]);
    assert_eq!(lines(&bob), ["* operator: dinner!", "* you have been removed by the operator"]);
    assert!(bob.is_closed() && !ann.is_closed());
    assert_eq!(operator.rooms()[0].clients, 1);
}

#[test]
fn the_classic_and_json_formats_are_as_documented() {
    let (_, mut harness) = chat(Config::default().with_format(Format::Classic));
    let ann = harness.connect();
    ann.send(b"hello\n");
    harness.run();
    let text = ann.text();
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert_eq!(shape, "999999/99 99:99:99 999.9.9.9:9\nhello\n\n");

    let (_, mut harness) = self::chat(Config::default().with_format(Format::Json));
    let ann = harness.connect();
    ann.send(b"say \"hi\" \\o/\n/who\n");
    harness.run();
    let text = ann.text();
    let objects: Vec<&str> = text.lines().collect();
    let after_time = |o: &str| o.split_once("\",\"room\"").map(|(_, rest)| rest.to_owned());
    assert_eq!(
        after_time(objects[0]).as_deref(),
        Some(r#":"lobby","from":"127.0.0.1:1","kind":"message","text":"say \"hi\" \\o/"}"#)
    );
    let notice = after_time(objects[1]).map(|o| without_clock(&o));
    assert_eq!(
        notice.as_deref(),
        Some(r#":"lobby","from":"*","kind":"notice","text":"1 here: 127.0.0.1:1 since HH:MM"}"#)
    );
    assert_eq!(objects.len(), 2);
}
