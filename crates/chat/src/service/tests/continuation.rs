//! Clients that go on at another connection.

use std::time::Duration;

use bytes::Bytes;
use netcore::testing::Peer;

use super::{ChatHarness, chat, chat_with_presence, lines};
use crate::Chat;
use crate::config::Config;
use crate::now::Now;
use crate::password::Password;
use crate::protocol::rate_limit::Rate;
use crate::shard::output::ClientOutput;

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

/// The output of a client without a server.
#[derive(Default)]
struct Sink {
    text: String,
    is_aborted: bool,
}

impl ClientOutput for Sink {
    fn send(&mut self, bytes: &[u8]) {
        self.text += std::str::from_utf8(bytes).unwrap();
    }

    fn share(&mut self, bytes: Bytes) {
        self.send(&bytes);
    }

    fn unsent(&self) -> usize {
        0
    }

    fn call_when_flushed(&mut self) {}

    fn pause_reading(&mut self) {}

    fn resume_reading(&mut self) {}

    fn close(&mut self) {}

    fn abort(&mut self) {
        self.is_aborted = true;
    }
}

#[test]
fn a_late_line_is_dropped_before_its_thread_knows_of_the_other_connection() {
    let chat = Chat::new(Config::default().with_presence(false));
    let (mut one, mut two) = (chat.shard(|| {}), chat.shard(|| {}));
    let now = Now::system();
    let (mut dead, mut ann) = (Sink::default(), Sink::default());
    let mut dead_member = one.connect(1, Some("192.0.2.1:1"), now, &mut dead);
    let first = format!("{CONTINUE}first\n");
    one.receive(&mut dead_member, first.as_bytes(), now, &mut dead);
    let mut member = two.connect(1, Some("192.0.2.1:2"), now, &mut ann);
    two.receive(&mut member, CONTINUE.as_bytes(), now, &mut ann);
    assert!(ann.text.ends_with("goes on after 1 line\n"), "{}", ann.text);
    // The first thread has not looked into its mailbox yet.
    one.receive(&mut dead_member, b"second\n", now, &mut dead);
    two.receive(&mut member, b"second\n", now, &mut ann);
    for (shard, member, sink) in
        [(&mut one, &mut dead_member, &mut dead), (&mut two, &mut member, &mut ann)]
    {
        shard.begin_round(now);
        while shard.poll_client().is_some() {
            shard.handle_client(member, sink);
        }
    }
    assert!(dead.is_aborted && !ann.is_aborted);
    for said in ["192.0.2.1:1: first\n", "192.0.2.1:2: second\n"] {
        assert_eq!(ann.text.matches(said).count(), 1, "{}", ann.text);
    }
    assert!(!ann.text.contains("192.0.2.1:1: second"), "{}", ann.text);
}
