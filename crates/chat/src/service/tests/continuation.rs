//! Clients that go on at another connection.

use std::time::Duration;

use netcore::testing::Peer;

use super::{ChatHarness, chat, chat_with_presence, lines};
use crate::config::Config;
use crate::password::Password;
use crate::protocol::rate_limit::Rate;

const CONTINUE: &str = "/continue 0123456789abcdef\n";
const FIRST: &str = "* this connection is the first with its key";

/// Connects a client that names the key, and returns it with the reply.
fn enter(harness: &mut ChatHarness) -> (Peer, String) {
    let peer = harness.connect();
    peer.send(CONTINUE.as_bytes());
    harness.run();
    let reply = lines(&peer).pop().expect("a reply");
    (peer, reply)
}

#[test]
fn a_client_learns_how_many_of_its_lines_have_arrived() {
    let (_, mut harness) = chat(Config::default().with_max_line(30));
    let bob = harness.connect();
    let (ann, reply) = enter(&mut harness);
    assert_eq!(reply, FIRST);
    // Lines that are refused, blank or commands count too.
    ann.send(b"one\n\nab\xffcd\n0123456789012345678901234567890123456789\n/who\ntwo\n");
    harness.run();
    ann.finish();
    harness.run();
    let (ann, reply) = enter(&mut harness);
    assert_eq!(reply, "* this connection goes on after 6 lines");
    ann.send(b"three\n");
    harness.run();
    let (_, reply) = enter(&mut harness);
    assert_eq!(reply, "* this connection goes on after 7 lines");
    assert_eq!(
        lines(&bob),
        ["127.0.0.1:2: one", "127.0.0.1:2: two", "127.0.0.1:2: three"],
        "nothing is missing and nothing came twice"
    );
}

#[test]
fn the_connection_before_is_aborted_and_its_name_is_free() {
    let (_, mut harness) = chat_with_presence(Config::default());
    let (dead, _) = enter(&mut harness);
    dead.send(b"/nick ann\n");
    harness.run();
    // The peer reads nothing any more, so that no goodbye can be sent.
    dead.room(0);
    let bob = harness.connect();
    bob.send(b"hello\n/msg ann psst\n");
    harness.run();
    let (ann, reply) = enter(&mut harness);
    assert_eq!(reply, "* this connection goes on after 1 line");
    assert!(dead.is_closed());
    dead.send(b"late\n");
    ann.send(b"/nick ann\nI am back\n");
    harness.run();
    let heard = lines(&bob);
    assert_eq!(heard.last().map(String::as_str), Some("ann: I am back"), "{heard:?}");
    assert!(!heard.iter().any(|line| line.ends_with("late")), "{heard:?}");
}

#[test]
fn lines_that_were_held_back_do_not_count() {
    let rate = Rate::new(10, 10_000);
    let (_, mut harness) = chat(Config::default().with_rate(Some(rate)));
    let bob = harness.connect();
    let (ann, _) = enter(&mut harness);
    ann.send((0..100).map(|number| format!("line {number}\n")).collect::<String>().as_bytes());
    harness.run();
    let (ann, reply) = enter(&mut harness);
    let received: usize = reply.split(' ').nth(6).and_then(|it| it.parse().ok()).expect("a number");
    assert!((1..100).contains(&received), "{reply}");
    let rest: String = (received..100).map(|number| format!("line {number}\n")).collect();
    ann.send(rest.as_bytes());
    harness.run();
    for _ in 0..20 {
        harness.advance(Duration::from_secs(1));
    }
    let heard: Vec<String> =
        lines(&bob).iter().filter_map(|line| Some(line.split_once(": ")?.1.to_owned())).collect();
    let expected: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    assert_eq!(heard, expected);
}

#[test]
fn a_key_is_named_once_and_not_at_the_door() {
    let (_, mut harness) = chat(Config::default());
    let (ann, _) = enter(&mut harness);
    ann.send(CONTINUE.as_bytes());
    let bob = harness.connect();
    bob.send(b"/continue short\n/continue\n/continue two words that are long\n");
    harness.run();
    assert_eq!(lines(&ann), ["* you have said /continue already"]);
    let refused = "* a key has 16 to 64 characters, none of them space: /continue KEY";
    assert_eq!(lines(&bob), [refused; 3]);
    let password = Password::new("open sesame").unwrap();
    let (_, mut harness) = chat(Config::default().with_password(Some(password)));
    let (cyd, reply) = enter(&mut harness);
    assert_eq!(reply, "* say /pass PASSWORD first");
    cyd.send(format!("/pass open sesame\n{CONTINUE}").as_bytes());
    harness.run();
    assert_eq!(lines(&cyd), ["* password accepted", FIRST]);
}
