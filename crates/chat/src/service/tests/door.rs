//! A chat with a password.

use std::net::SocketAddr;
use std::time::Duration;

use netcore::Address;
use netcore::testing::{Peer, split_law};

use super::{ChatHarness, chat, chat_with_presence, lines};
use crate::Chat;
use crate::config::Config;
use crate::password::Password;
use crate::protocol::format::Format;
use crate::protocol::rate_limit::Rate;

const ASKED: &str = "* this chat has a password: say /pass PASSWORD within 30 s";
const FIRST: &str = "* say /pass PASSWORD first";
const ACCEPTED: &str = "* password accepted";

fn config() -> Config {
    Config::default().with_password(Some(Password::new("open sesame").unwrap()))
}

fn guests(chat: &Chat) -> u64 {
    chat.operator().stats().guests
}

fn enter(harness: &mut ChatHarness) -> Peer {
    let peer = harness.connect();
    peer.send(b"/pass open sesame\n");
    harness.run();
    assert!(lines(&peer).contains(&ACCEPTED.to_owned()));
    peer
}

#[test]
fn a_client_receives_nothing_but_notices_until_it_has_said_the_password() {
    let config = config().with_greeting(Some("welcome".to_owned())).with_history(10);
    let (chat, mut harness) = chat_with_presence(config);
    let ann = enter(&mut harness);
    ann.send(b"secret plans\n");
    harness.run();
    lines(&ann);
    let bob = harness.connect();
    harness.run();
    assert_eq!(lines(&bob), [ASKED]);
    bob.send(b"hello\n/who\n/rooms\n/nick ann\n/msg 127.0.0.1:1 hi\n/help\n\n/pass\n//x\n");
    ann.send(b"more plans\n/who\n/msg 127.0.0.1:2 psst\n");
    harness.run();
    chat.operator().say("to all");
    harness.run();
    harness.advance(Duration::from_secs(2));
    assert_eq!(lines(&bob), [FIRST; 8]);
    assert_eq!(
        lines(&ann),
        [
            "127.0.0.1:1: more plans",
            "* 1 here: 127.0.0.1:1 since HH:MM",
            "* nobody is called 127.0.0.1:2",
            "* operator: to all",
        ]
    );
    assert_eq!(chat.operator().clients().len(), 1);
    assert!(!chat.operator().kick("127.0.0.1:2"));
    assert_eq!((chat.operator().stats().clients, guests(&chat)), (1, 1));
    bob.send(b"/pass open sesame\n/nick bob\nhello\n");
    harness.run();
    let expected = [
        ACCEPTED,
        "* welcome",
        "127.0.0.1:1: secret plans",
        "127.0.0.1:1: more plans",
        "* operator: to all",
        "* you are bob",
        "bob: hello",
    ];
    assert_eq!(lines(&bob), expected);
    let expected = ["* 127.0.0.1:2 has joined", "* 127.0.0.1:2 is now bob", "bob: hello"];
    assert_eq!(lines(&ann), expected);
    assert_eq!((chat.operator().stats().clients, guests(&chat)), (2, 0));
    // No deadline is left.
    harness.advance(Duration::from_secs(60));
    assert!(!bob.is_closed());
}

#[test]
fn nobody_notices_a_client_that_leaves_before_it_has_said_the_password() {
    for last in ["quit\n", "/quit\n", "", "hello"] {
        let (chat, mut harness) = chat_with_presence(config());
        let ann = enter(&mut harness);
        lines(&ann);
        let bob = harness.connect();
        bob.send(last.as_bytes());
        harness.run();
        bob.finish();
        harness.run();
        harness.advance(Duration::from_secs(1));
        assert!(bob.is_closed(), "{last:?}");
        assert_eq!(lines(&ann), [""; 0], "{last:?}");
        assert_eq!(guests(&chat), 0, "{last:?}");
    }
}

#[test]
fn the_third_wrong_password_closes_the_connection() {
    let (chat, mut harness) = chat(config());
    let ann = harness.connect();
    ann.send(b"/pass open\n/pass  open sesame\n/pass open sesame!\n/pass open sesame\nhello\n");
    harness.run();
    let expected = [
        ASKED,
        "* wrong password (1 of 3)",
        "* wrong password (2 of 3)",
        "* wrong password (3 of 3)",
    ];
    assert_eq!(lines(&ann), expected);
    assert!(ann.is_closed());
    assert_eq!(chat.operator().stats().refused_passwords, 3);
    assert_eq!((chat.operator().stats().entered, guests(&chat)), (0, 0));
}

#[test]
fn a_client_has_half_a_minute_for_the_password() {
    let (chat, mut harness) = chat(config());
    let ann = harness.connect();
    harness.advance(Duration::from_secs(10));
    let bob = harness.connect();
    harness.run();
    lines(&bob);
    // Neither other lines nor a wrong password extend the time.
    ann.send(b"hello\n/pass wrong\n");
    harness.advance(Duration::from_millis(19_999));
    assert_eq!(lines(&ann), [ASKED, FIRST, "* wrong password (1 of 3)"]);
    assert!(!ann.is_closed());
    harness.advance(Duration::from_millis(1));
    assert_eq!(lines(&ann), ["* no password within 30 s"]);
    assert!(ann.is_closed() && !bob.is_closed());
    harness.advance(Duration::from_secs(10));
    assert!(bob.is_closed());
    assert_eq!(guests(&chat), 0);
}

#[test]
fn a_client_that_reads_nothing_is_closed_in_time_too() {
    let (chat, mut harness) = chat(config());
    let ann = harness.connect();
    harness.run();
    ann.room(0);
    ann.send(b"hello\n");
    harness.run();
    harness.advance(Duration::from_secs(29));
    assert!(!ann.is_closed());
    harness.advance(Duration::from_secs(1));
    assert!(ann.is_closed());
    assert_eq!(guests(&chat), 0);
}

#[test]
fn a_flood_before_the_password_is_slowed_down_whatever_the_rate_of_the_chat_is() {
    for rate in [None, Some(Rate::new(1_000_000, 1 << 30))] {
        let (_, mut harness) = chat(config().with_rate(rate));
        let ann = harness.connect();
        ann.send("hello\n".repeat(1000).as_bytes());
        harness.run();
        let notices = lines(&ann).len();
        assert!(notices < 20, "{notices} notices at once");
        harness.advance(Duration::from_secs(1));
        assert_eq!(lines(&ann), [FIRST; 5]);
        // The rate ends with the password.
        let bob = harness.connect();
        bob.send(format!("/pass open sesame\n{}", "hi\n".repeat(100)).as_bytes());
        harness.run();
        assert_eq!(lines(&bob).len(), 102);
    }
}

#[test]
fn any_chunking_of_the_lines_at_the_door_gives_the_same_output() {
    let input = b"one\n/pass x\xff\n/pass nope\n/pass open sesame\r\n/nick ann\ntwo\n/pass x\n";
    split_law(input, |pieces| {
        let (_, mut harness) = chat(config());
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
fn a_password_that_nobody_asked_for_reaches_nobody() {
    let (chat, mut harness) = chat(Config::default().with_history(10));
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"/pass hunter2\n  /pass hunter2\n/pass\n");
    harness.run();
    assert_eq!(lines(&ann), ["* this chat has no password"; 3]);
    assert_eq!(lines(&bob), [""; 0]);
    assert_eq!(chat.operator().stats().messages, 0);
    let (_, mut harness) = chat_with_presence(config());
    let (ann, bob) = (enter(&mut harness), enter(&mut harness));
    lines(&ann);
    lines(&bob);
    ann.send(b"/pass open sesame\n");
    harness.run();
    assert_eq!(lines(&ann), ["* you have said the password already"]);
    assert_eq!(lines(&bob), [""; 0]);
}

#[test]
fn notices_at_the_door_have_the_format_of_the_chat() {
    let (_, mut harness) = chat(config().with_format(Format::Json));
    let ann = harness.connect();
    harness.run();
    let text = ann.text();
    let tail = format!("\"kind\":\"notice\",\"text\":\"{}\"}}\n", &ASKED[2..]);
    assert!(text.starts_with("{\"time\":") && text.ends_with(&tail), "{text}");
}

#[test]
fn clients_of_a_unix_socket_are_numbered_once_they_are_admitted() {
    let (_, mut harness) = chat(config());
    let path = Address::Unix(None);
    let (ann, bob) = (harness.connect_from(&path), harness.connect_from(&path));
    for peer in [&bob, &ann] {
        peer.send(b"/pass open sesame\nhello\n");
        harness.run();
    }
    assert_eq!(lines(&bob)[2..], ["unix:1: hello", "unix:2: hello"]);
}

#[test]
fn a_stop_closes_clients_at_the_door() {
    let (chat, mut harness) = chat(config());
    let mapped: SocketAddr = "[::ffff:192.0.2.7]:4000".parse().unwrap();
    let ann = harness.connect_from(&Address::from(mapped));
    ann.send(b"/pass wrong\n");
    harness.run();
    harness.stop();
    assert!(ann.is_closed());
    assert_eq!(guests(&chat), 0);
}
