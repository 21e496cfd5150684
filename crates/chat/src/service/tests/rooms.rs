//! Rooms, names, private messages, joins and leaves.

use std::time::Duration;

use netcore::server::Config as Limits;
use netcore::testing::Harness;

use super::{chat, chat_with_presence, lines};
use crate::Chat;
use crate::config::Config;
use crate::protocol::format::Format;
use crate::protocol::name::MAX_NAME;

#[test]
fn messages_of_a_room_reach_only_its_members() {
    let (_, mut harness) = chat(Config::default().with_history(5));
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    ann.send(b"in the lobby\n/join dev\nin dev\n");
    bob.send(b"/join #DEV\n");
    harness.run();
    assert_eq!(
        lines(&ann),
        ["127.0.0.1:1: in the lobby", "* you are in dev; 1 here", "127.0.0.1:1: in dev"]
    );
    let got = lines(&bob);
    assert_eq!(got[got.len() - 2..], ["* you are in dev; 2 here", "127.0.0.1:1: in dev"]);
    assert_eq!(lines(&cyd), ["127.0.0.1:1: in the lobby"]);
    cyd.send(b"/rooms\n/join lobby\n/join\n/join no/slash\n");
    harness.run();
    assert_eq!(
        lines(&cyd),
        [
            "* 2 rooms: lobby 1, dev 2",
            "* you are in lobby already",
            "* a name is needed: /join ROOM",
            "* a name is letters, digits and _ - . ' and begins with a letter or a digit",
        ]
    );
}

#[test]
fn a_vacant_room_is_kept_until_it_expires() {
    let config = Config::default().with_history(5).with_room_ttl(Duration::from_secs(60));
    let (chat, mut harness) = chat(config);
    let ann = harness.connect();
    ann.send(b"/join dev\nremember me\n/join lobby\n");
    harness.run();
    assert_eq!(chat.operator().rooms().len(), 1);
    harness.advance(Duration::from_secs(59));
    ann.received();
    ann.send(b"/join dev\n/join lobby\n");
    harness.run();
    let back =
        ["* you are in dev; 1 here", "127.0.0.1:1: remember me", "* you are in lobby; 1 here"];
    assert_eq!(lines(&ann), back);
    harness.advance(Duration::from_secs(60));
    ann.send(b"/join dev\n");
    harness.run();
    assert_eq!(lines(&ann), ["* you are in dev; 1 here"]);
    let history = chat.operator().stats().history_bytes;
    assert_eq!(history, 0, "the expired room is freed");
}

#[test]
fn rooms_and_their_members_are_limited() {
    let config = Config::default().with_max_rooms(3).with_max_members(2);
    let (chat, mut harness) = chat(config);
    let peers: Vec<_> = (0..4).map(|_| harness.connect()).collect();
    peers[0].send(b"/join a\n");
    peers[1].send(b"/join b\n");
    harness.run();
    peers[2].send(b"/join c\n/join a\n");
    peers[3].send(b"/join A\n");
    harness.run();
    let full = ["* room limit reached (3)", "* you are in a; 2 here"];
    assert_eq!(lines(&peers[2]), full);
    assert_eq!(lines(&peers[3]), ["* a is full"]);
    // A new room replaces a vacant one.
    peers[1].send(b"/join lobby\n");
    harness.run();
    peers[3].send(b"/join c\n");
    harness.run();
    assert_eq!(lines(&peers[3]), ["* you are in c; 1 here"]);
    assert_eq!(chat.operator().stats().refused_rooms, 2);
}

#[test]
fn the_lobby_never_expires() {
    let config = Config::default().with_history(5).with_max_rooms(2);
    let (chat, mut harness) = chat(config.with_room_ttl(Duration::ZERO));
    let ann = harness.connect();
    ann.send(b"remember me\n/join a\n/join b\n");
    harness.run();
    assert_eq!(
        lines(&ann),
        ["127.0.0.1:1: remember me", "* you are in a; 1 here", "* room limit reached (2)"]
    );
    harness.advance(Duration::from_secs(3600));
    assert_eq!(chat.operator().rooms().len(), 2);
    let bob = harness.connect();
    harness.run();
    assert_eq!(lines(&bob), ["127.0.0.1:1: remember me"]);
}

#[test]
fn a_room_with_a_confusable_name_is_refused() {
    let (_, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"/join dev\n");
    harness.run();
    bob.send("/join d\u{435}v\n/join l0bby\n".as_bytes());
    harness.run();
    assert_eq!(
        lines(&bob),
        [
            "* there is a room that looks like it: dev",
            "* there is a room that looks like it: lobby"
        ]
    );
}

#[test]
fn a_private_message_reaches_its_sender_and_its_receiver() {
    let (chat, mut harness) = chat(Config::default());
    let (ann, bob, cyd) = (harness.connect(), harness.connect(), harness.connect());
    ann.send(b"/nick ann\n");
    bob.send(b"/nick bob\n/join dev\n");
    harness.run();
    [&ann, &bob, &cyd].iter().for_each(|peer| drop(peer.received()));
    ann.send(b"before\n/msg BOB  hi \x1b[31mthere\n/msg nobody x\n/msg bob\n/msg ann me\n");
    harness.run();
    assert_eq!(
        lines(&ann),
        [
            "ann: before",
            "ann -> bob: hi [31mthere",
            "* nobody is called nobody",
            "* expected /msg NAME TEXT",
            "ann -> ann: me",
        ]
    );
    assert_eq!(lines(&bob), ["ann -> bob: hi [31mthere"]);
    assert_eq!(lines(&cyd), ["ann: before"]);
    bob.send(b"/msg 127.0.0.1:3 psst\n");
    harness.run();
    assert_eq!(lines(&cyd), ["bob -> 127.0.0.1:3: psst"]);
    // The name became free when bob left.
    bob.send(b"quit\n");
    harness.run();
    ann.received();
    ann.send(b"/msg bob still there?\n");
    harness.run();
    assert_eq!(lines(&ann), ["* nobody is called bob"]);
    let stats = chat.operator().stats();
    assert_eq!((stats.private, stats.refused_private), (3, 2));
}

#[test]
fn private_messages_are_marked_in_every_format() {
    for (format, expected) in [
        (Format::Classic, "999999/99 99:99:99 999.9.9.9:9 -> 999.9.9.9:9\nhi\n\n"),
        (
            Format::Json,
            "\"room\":\"dev\",\"from\":\"999.9.9.9:9\",\"to\":\"999.9.9.9:9\",\
             \"kind\":\"private\",\"text\":\"hi\"}\n",
        ),
    ] {
        let (_, mut harness) = chat(Config::default().with_format(format));
        let (ann, bob) = (harness.connect(), harness.connect());
        ann.send(b"/join dev\n/msg 127.0.0.1:2 hi\n");
        harness.run();
        let text = bob.text();
        let shape: String =
            text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        assert!(shape.ends_with(expected), "{text}");
        assert!(ann.text().ends_with(&text));
    }
}

#[test]
fn private_messages_to_a_stalled_client_are_bounded() {
    let (chat, mut harness) = chat(Config::default());
    let (ann, bob) = (harness.connect(), harness.connect());
    bob.room(0);
    let line = format!("/msg 127.0.0.1:2 {}\n", "x".repeat(1000));
    for _ in 0..20 {
        ann.send(line.as_bytes());
        harness.run();
    }
    let refused = lines(&ann).iter().filter(|line| line.starts_with("* ")).count();
    assert!((10..=13).contains(&refused), "{refused}");
    assert_eq!(chat.operator().stats().refused_private, refused as u64);
    bob.room(usize::MAX);
    harness.run();
    assert_eq!(lines(&bob).len(), 20 - refused);
    ann.send(b"/msg 127.0.0.1:2 again\n");
    harness.run();
    assert_eq!(lines(&bob), ["127.0.0.1:1 -> 127.0.0.1:2: again"]);
}

#[test]
fn a_room_is_notified_of_joins_leaves_and_renames() {
    let (_, mut harness) = chat_with_presence(Config::default().with_history(9));
    let (ann, bob) = (harness.connect(), harness.connect());
    bob.send(
        b"hi\n/nick bob\n/nick bob\n/nick Bob\n/nick bad name\nI am bob\n/join dev\nalone\nquit\n",
    );
    harness.run();
    assert_eq!(
        lines(&ann),
        [
            "* 127.0.0.1:2 has joined",
            "127.0.0.1:2: hi",
            "* 127.0.0.1:2 is now bob",
            "* bob is now Bob",
            "Bob: I am bob",
            "* Bob has left",
        ]
    );
    assert_eq!(
        lines(&bob),
        [
            "127.0.0.1:2: hi",
            "* you are bob",
            "* you are bob",
            "* you are Bob",
            "* a name is letters, digits and _ - . ' and begins with a letter or a digit",
            "Bob: I am bob",
            "* you are in dev; 1 here",
            "Bob: alone",
        ]
    );
    // The history has no joins and leaves.
    let cyd = harness.connect();
    harness.run();
    assert_eq!(lines(&cyd), ["127.0.0.1:2: hi", "Bob: I am bob"]);
}

#[test]
fn many_joins_are_combined_into_one_notice() {
    let (chat, mut harness) = chat_with_presence(Config::default());
    let ann = harness.connect();
    harness.advance(Duration::from_secs(1));
    let crowd: Vec<_> = (0..20).map(|_| harness.connect()).collect();
    harness.run();
    let mut got = lines(&ann);
    assert_eq!(got.len(), 8, "further joins are gathered");
    harness.advance(Duration::from_millis(250));
    got.extend(lines(&ann));
    assert_eq!(
        got[..8],
        (2..10).map(|n| format!("* 127.0.0.1:{n} has joined")).collect::<Vec<_>>()
    );
    let names: Vec<String> = (10..18).map(|n| format!("127.0.0.1:{n}")).collect();
    assert_eq!(got[8..], [format!("* {} and 4 more have joined", names.join(", "))]);
    crowd.iter().for_each(|peer| peer.send(b"quit\n"));
    harness.run();
    harness.advance(Duration::from_millis(250));
    let got = lines(&ann);
    assert_eq!(got.len(), 9, "{got:?}");
    // A message comes after the joins before it.
    let _crowd: Vec<_> = (0..20).map(|_| harness.connect()).collect();
    ann.send(b"welcome\n");
    harness.run();
    let got = lines(&ann);
    assert_eq!((got.len(), got.last().map(String::as_str)), (10, Some("127.0.0.1:1: welcome")));
    assert_eq!(chat.operator().clients().len(), 21);
    // Without presence there is no notice.
    let (_, mut harness) = self::chat(Config::default());
    let ann = harness.connect();
    let _crowd: Vec<_> = (0..20).map(|_| harness.connect()).collect();
    harness.run();
    assert_eq!(ann.text(), "");
}

#[test]
fn a_list_is_cut_at_the_limit_of_a_notice() {
    let (_, mut harness) = chat(Config::default());
    let peers: Vec<_> = (0..150).map(|_| harness.connect()).collect();
    for (n, peer) in peers.iter().enumerate() {
        let name = format!("n{n}{}", "x".repeat(MAX_NAME - 5));
        peer.send(format!("/nick {name}\n").as_bytes());
    }
    harness.run();
    peers[0].received();
    peers[0].send(b"/who\n");
    harness.run();
    let text = peers[0].text();
    assert!(text.starts_with("* 150 here: n0x") && text.len() < 4300, "{}", text.len());
    let listed = text.matches(" since ").count();
    assert!(text.ends_with(&format!(" and {} more\n", 150 - listed)), "{text}");
}

#[test]
fn a_program_can_add_a_command() {
    let chat = Chat::builder(Config::default().with_presence(false).with_history(3))
        .with_command("roll", "/roll SIDES  throws a die", |call| match call.argument() {
            "" => call.tell("how many sides?"),
            sides => {
                let words = format!("{} in {} throws 4 of {sides}", call.name(), call.room());
                call.say(words);
            }
        })
        .build();
    let mut harness = Harness::new(Limits::default(), |worker| chat.service(&worker));
    let (ann, bob) = (harness.connect(), harness.connect());
    ann.send(b"/roll\n/roll 6\x07\n/help\n");
    harness.run();
    let got = lines(&ann);
    assert_eq!(got[..2], ["* how many sides?", "* 127.0.0.1:1 in lobby throws 4 of 6"]);
    assert_eq!(got.last().map(String::as_str), Some("* /roll SIDES  throws a die"));
    assert_eq!(lines(&bob), ["* 127.0.0.1:1 in lobby throws 4 of 6"]);
    assert_eq!(lines(&harness.connect()), ["* 127.0.0.1:1 in lobby throws 4 of 6"]);
}
