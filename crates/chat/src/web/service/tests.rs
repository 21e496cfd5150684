use std::time::Duration;

use netcore::server::Config as Limits;
use netcore::testing::{Harness, Peer};

use super::*;
use crate::Chat;
use crate::config::{Config, SlowConsumer};

type WebHarness = Harness<WebService>;

/// The index of the endpoint for browsers.
const WEB: usize = 1;

/// A frame of a client, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length @ 0..=125) => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend((payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn text(line: &str) -> Vec<u8> {
    frame(0x81, line.as_bytes())
}

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\n\
                       Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Version: 13\r\n\r\n";

/// A frame of the server: its first byte and its payload.
type Frame = (u8, Vec<u8>);

/// Splits bytes of the server into frames. They must be whole and unmasked.
fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [first, length, rest @ ..] = bytes {
        let (length, rest) = match length {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            length => (usize::from(*length), rest),
        };
        assert!(length < 65_536 && rest.len() >= length, "{bytes:x?}");
        frames.push((*first, rest[..length].to_vec()));
        bytes = &rest[length..];
    }
    assert!(bytes.is_empty(), "{bytes:x?}");
    frames
}

/// Returns the text messages that a browser has received, without the time.
fn messages(peer: &Peer) -> Vec<String> {
    let strip = |(first, payload): Frame| {
        assert_eq!(first, 0x81, "{}", String::from_utf8_lossy(&payload));
        let object = String::from_utf8(payload).expect("a text message is UTF-8");
        let at = object.find(",\"room\"").expect("a room");
        assert!(object.starts_with("{\"time\":\"20"), "{object}");
        format!("{{{}", &object[at + 1..])
    };
    frames(&peer.received()).into_iter().map(strip).collect()
}

fn harness_with(config: Config, limits: Limits, web: Web) -> (Chat, WebHarness) {
    let chat = Chat::new(config.with_web(true).with_presence(false));
    let harness = Harness::new(limits, |worker| chat.web_service(&worker, &web));
    (chat, harness)
}

fn harness(config: Config) -> (Chat, WebHarness) {
    harness_with(config, Limits::default(), Web::new([WEB]))
}

/// Connects a browser and opens its WebSocket. What it has received is taken.
fn browser(harness: &mut WebHarness) -> Peer {
    let peer = harness.connect_on(WEB);
    peer.send(UPGRADE.as_bytes());
    harness.run();
    let received = peer.received();
    let head = b"HTTP/1.1 101 Switching Protocols\r\n";
    assert!(received.starts_with(head), "{}", String::from_utf8_lossy(&received));
    peer
}

fn message(from: &str, text: &str) -> String {
    format!("{{\"room\":\"lobby\",\"from\":\"{from}\",\"kind\":\"message\",\"text\":\"{text}\"}}")
}

fn notice(text: &str) -> String {
    format!("{{\"room\":\"lobby\",\"from\":\"*\",\"kind\":\"notice\",\"text\":\"{text}\"}}")
}

#[test]
fn browsers_and_line_clients_share_one_room_and_one_order() {
    let (_, mut harness) = harness(Config::default());
    let nc = harness.connect();
    let (ann, bob) = (browser(&mut harness), browser(&mut harness));
    ann.send(&[text("/nick ann"), text("hello \"all\"")].concat());
    nc.send(b"/nick nc\nfrom nc\n");
    bob.send(&text("/nick bob"));
    bob.send(&text("from bob"));
    harness.run();
    let lines: Vec<String> =
        nc.text().lines().map(|line| line.rsplit("* ").next().unwrap_or(line).to_owned()).collect();
    let order: Vec<&str> = lines.iter().filter_map(|line| line.get(20..)).collect();
    let mut expected: Vec<String> = order
        .iter()
        .map(|line| {
            let (from, text) = line.split_once(": ").expect("a message");
            message(from, &text.replace('"', "\\\""))
        })
        .collect();
    assert_eq!(expected.len(), 3, "{lines:?}");
    let without_notices = |peer| {
        let mut all = messages(peer);
        all.retain(|object| object.contains("\"kind\":\"message\""));
        all
    };
    assert_eq!(without_notices(&ann), expected);
    assert_eq!(without_notices(&bob), expected);
    expected.sort();
    let mut said =
        [message("ann", "hello \\\"all\\\""), message("bob", "from bob"), message("nc", "from nc")];
    said.sort();
    assert_eq!(expected, said);
}

#[test]
fn a_broadcast_is_one_write_for_each_browser() {
    let (_, mut harness) = harness(Config::default());
    let (ann, bob) = (browser(&mut harness), browser(&mut harness));
    let writes = bob.writes();
    ann.send(&[text("one"), text("two")].concat());
    harness.run();
    let expected = [message("127.0.0.1:1", "one"), message("127.0.0.1:1", "two")];
    assert_eq!(messages(&bob), expected);
    assert_eq!(bob.writes(), writes + 1);
}

#[test]
fn a_browser_receives_greeting_and_history_behind_the_handshake() {
    let config = Config::default().with_history(2).with_greeting(Some("welcome".to_owned()));
    let (_, mut harness) = harness(config);
    let nc = harness.connect();
    nc.send(b"zero\none\ntwo\n");
    harness.run();
    let peer = harness.connect_on(WEB);
    // Frames may come in one piece with the handshake.
    peer.send(&[UPGRADE.as_bytes(), &text("three")].concat());
    harness.run();
    let received = peer.received();
    let end = received.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let all: Vec<String> = frames(&received[end..])
        .into_iter()
        .map(|(_, it)| String::from_utf8(it).unwrap())
        .collect();
    assert!(all[0].ends_with("\"kind\":\"notice\",\"text\":\"welcome\"}"), "{all:?}");
    for (object, text) in all[1..3].iter().zip(["one", "two"]) {
        assert!(object.ends_with(&format!("\"text\":\"{text}\",\"history\":true}}")), "{object}");
    }
    assert!(all[3].ends_with("\"text\":\"three\"}"), "{all:?}");
    assert_eq!(all.len(), 4);
}

#[test]
fn the_list_of_rooms_has_the_numbers_of_messages_for_browsers() {
    let (_, mut harness) = harness(Config::default());
    let (nc, ann) = (harness.connect(), browser(&mut harness));
    nc.send(b"one\ntwo\n/join dev\n/rooms\n");
    harness.run();
    assert!(nc.text().ends_with("* 2 rooms: lobby 1, dev 1\n"));
    ann.received();
    ann.send(&text("/rooms"));
    harness.run();
    let rooms = "{\"room\":\"lobby\",\"from\":\"*\",\"kind\":\"notice\",\
                 \"text\":\"2 rooms: lobby 1, dev 1\",\"rooms\":\
                 [{\"name\":\"lobby\",\"clients\":1,\"messages\":2},\
                 {\"name\":\"dev\",\"clients\":1,\"messages\":0}]}";
    assert_eq!(messages(&ann), [rooms]);
}

#[test]
fn private_messages_go_both_ways() {
    let (chat, mut harness) = harness(Config::default());
    let (nc, ann) = (harness.connect(), browser(&mut harness));
    nc.send(b"/nick nc\n");
    ann.send(&[text("/nick ann"), text("/msg nc psst")].concat());
    harness.run();
    assert!(nc.text().ends_with(" ann -> nc: psst\n"));
    let psst = "{\"room\":\"lobby\",\"from\":\"ann\",\"to\":\"nc\",\"kind\":\"private\",\"text\":\"psst\"}";
    assert_eq!(messages(&ann), [notice("you are ann"), psst.to_owned()]);
    nc.send(b"/msg ann hey\n");
    harness.run();
    assert!(nc.text().ends_with(" nc -> ann: hey\n"));
    let hey =
        "{\"room\":\"lobby\",\"from\":\"nc\",\"to\":\"ann\",\"kind\":\"private\",\"text\":\"hey\"}";
    assert_eq!(messages(&ann), [hey]);
    assert!(chat.operator().tell("ann", "hi"));
    harness.run();
    assert_eq!(messages(&ann), [notice("operator to you: hi")]);
}

#[test]
fn a_line_that_is_too_long_is_refused_and_a_message_that_is_far_too_long_closes() {
    let (_, mut harness) = harness(Config::default().with_max_line(10));
    let ann = browser(&mut harness);
    ann.send(&[text("01234567890"), text("0123456789")].concat());
    harness.run();
    let refused = notice("line refused: longer than 10 bytes");
    assert_eq!(messages(&ann), [refused, message("127.0.0.1:1", "0123456789")]);
    ann.send(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
    harness.run();
    assert_eq!(frames(&ann.received()), [(0x88, vec![0x03, 0xf1])]);
    assert!(ann.is_closed());
}

#[test]
fn a_violation_closes_with_its_code_and_nobody_sees_the_message() {
    for (input, code) in
        [(frame(0x81, b"\xff"), 1007_u16), (frame(0x82, b"x"), 1003), (vec![0x81, 1, b'x'], 1002)]
    {
        let (chat, mut harness) = harness(Config::default());
        let (nc, ann) = (harness.connect(), browser(&mut harness));
        ann.send(&[text("before"), input, text("after")].concat());
        harness.run();
        let all = frames(&ann.received());
        assert_eq!(all.last(), Some(&(0x88, code.to_be_bytes().to_vec())));
        let heard = nc.text();
        assert!(heard.ends_with(": before\n") && heard.lines().count() == 1, "{heard}");
        assert!(ann.is_closed());
        ann.finish();
        harness.run();
        assert_eq!((harness.connections(), chat.operator().clients().len()), (1, 1));
    }
}

#[test]
fn a_ping_is_answered_between_fragments() {
    let (_, mut harness) = harness(Config::default());
    let ann = browser(&mut harness);
    ann.send(&[frame(0x01, b"he"), frame(0x89, b"are you there"), frame(0x80, b"llo")].concat());
    harness.run();
    let all = frames(&ann.received());
    assert_eq!(all[0], (0x8a, b"are you there".to_vec()));
    assert_eq!(all.len(), 2);
}

#[test]
fn a_close_is_answered_behind_everything_that_was_said() {
    let (_, mut harness) = harness(Config::default());
    let (nc, ann) = (harness.connect(), browser(&mut harness));
    nc.send(b"first\n");
    ann.send(&[text("last"), frame(0x88, b"\x0f\xa0bye")].concat());
    harness.run();
    let all = frames(&ann.received());
    assert_eq!(all.last(), Some(&(0x88, 4000_u16.to_be_bytes().to_vec())));
    assert_eq!(all.len(), 3);
    assert!(ann.is_closed());
    assert!(nc.text().contains(": last\n"));
}

#[test]
fn quit_and_a_kick_close_normally_and_a_stop_says_so() {
    let normal = (0x88, 1000_u16.to_be_bytes().to_vec());
    let (chat, mut harness) = harness(Config::default());
    let (ann, bob, cyd) = (browser(&mut harness), browser(&mut harness), browser(&mut harness));
    ann.send(&text("/quit"));
    bob.send(&text("/nick bob"));
    harness.run();
    assert_eq!(frames(&ann.received()), std::slice::from_ref(&normal));
    assert!(chat.operator().kick("bob"));
    harness.run();
    let all = frames(&bob.received());
    assert_eq!(all.last(), Some(&normal));
    assert!(String::from_utf8_lossy(&all[all.len() - 2].1).contains("removed by the operator"));
    cyd.send(&text("said before the stop"));
    harness.stop();
    let all = frames(&cyd.received());
    assert_eq!(all.last(), Some(&(0x88, 1001_u16.to_be_bytes().to_vec())));
    assert!(String::from_utf8_lossy(&all[0].1).contains("said before the stop"));
}

#[test]
fn a_browser_that_answers_pings_stays_and_a_dead_one_is_aborted() {
    let web = Web::new([WEB]).with_ping_interval(Duration::from_secs(10));
    let (chat, mut harness) = harness_with(Config::default(), Limits::default(), web);
    let (alive, dead) = (browser(&mut harness), browser(&mut harness));
    for _ in 0..2 {
        harness.advance(Duration::from_secs(10));
        assert_eq!(frames(&alive.received()), [(0x89, Vec::new())]);
        assert_eq!(frames(&dead.received()), [(0x89, Vec::new())]);
        alive.send(&frame(0x8a, b""));
        harness.run();
    }
    harness.advance(Duration::from_secs(10));
    assert_eq!(frames(&alive.received()), [(0x89, Vec::new())]);
    assert_eq!(chat.operator().clients().len(), 1);
    assert!(dead.is_closed());
}

#[test]
fn a_silent_browser_is_idle_although_it_answers_pings() {
    let web = Web::new([WEB])
        .with_ping_interval(Duration::from_secs(10))
        .with_idle_timeout(Some(Duration::from_secs(25)));
    let (_, mut harness) = harness_with(Config::default(), Limits::default(), web);
    let ann = browser(&mut harness);
    for _ in 0..2 {
        harness.advance(Duration::from_secs(10));
        assert_eq!(frames(&ann.received()), [(0x89, Vec::new())]);
        ann.send(&frame(0x8a, b""));
        harness.run();
    }
    harness.advance(Duration::from_secs(4));
    assert!(!ann.is_closed());
    harness.advance(Duration::from_secs(1));
    let all = frames(&ann.received());
    assert!(String::from_utf8_lossy(&all[0].1).contains("you have said nothing for too long"));
    assert_eq!(all[1], (0x88, 1000_u16.to_be_bytes().to_vec()));
}

#[test]
fn a_slow_browser_is_skipped_in_whole_messages() {
    let config = Config::default().with_backlog(20_000).with_slow_consumer(SlowConsumer::Skip);
    let limits = Limits::default().with_stall_timeout(None);
    let (chat, mut harness) = harness_with(config, limits, Web::new([WEB]));
    let (nc, ann) = (harness.connect(), browser(&mut harness));
    ann.room(100);
    for number in 0..2000 {
        nc.send(format!("line {number}\n").as_bytes());
        harness.run();
    }
    ann.room(usize::MAX);
    harness.run();
    let all = messages(&ann);
    let skipped = all.iter().filter(|object| object.contains("skipped: you were reading")).count();
    assert!(skipped >= 1, "{:?}", all.last());
    assert!(chat.operator().stats().skipped > 1000);
    nc.send(b"the last one\n");
    harness.run();
    assert_eq!(messages(&ann), [message("127.0.0.1:1", "the last one")]);
}

#[test]
fn the_files_of_the_page_come_with_strict_headers() {
    let (_, mut harness) = harness(Config::default());
    let peer = harness.connect_on(WEB);
    for (path, content_type, marker) in [
        ("/", "text/html", "<!doctype html>"),
        ("/chat.js", "text/javascript", "\"use strict\";"),
        ("/chat.css", "text/css", "{"),
    ] {
        peer.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        harness.run();
        let response = peer.text();
        let (head, content) = response.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains(&format!("\r\nContent-Type: {content_type}; charset=utf-8")));
        assert!(head.contains(&format!("\r\nContent-Length: {}", content.len())));
        assert!(head.contains("default-src 'none'; script-src 'self'; style-src 'self'; "));
        assert!(head.contains("\r\nX-Content-Type-Options: nosniff"));
        assert!(head.contains("\r\nReferrer-Policy: no-referrer"));
        assert!(content.contains(marker), "{content}");
        let etag = head.split("\r\nETag: ").nth(1).and_then(|it| it.split("\r\n").next()).unwrap();
        let again = format!("GET {path} HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n\r\n");
        peer.send(again.as_bytes());
        harness.run();
        let response = peer.text();
        assert!(response.starts_with("HTTP/1.1 304 Not Modified\r\n"), "{response}");
        assert!(response.ends_with("\r\n\r\n") && !response.contains("Content-Length"));
        peer.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        harness.run();
        let response = peer.text();
        assert!(response.contains(&format!("Content-Length: {}\r\n", content.len())));
        assert!(response.ends_with("\r\n\r\n"));
    }
    assert!(!peer.is_closed());
}

#[test]
fn refused_requests_are_told_why_and_closed() {
    let cases = [
        ("GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "404"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "405"),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"),
        ("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", "426"),
    ];
    for (input, status) in cases {
        let (chat, mut harness) = harness(Config::default());
        let peer = harness.connect_on(WEB);
        peer.send(input.as_bytes());
        harness.run();
        let response = peer.text();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert!(peer.is_closed(), "{input}");
        assert_eq!(chat.operator().stats().entered, 0);
    }
    let (_, mut harness) = harness(Config::default());
    let peer = harness.connect_on(WEB);
    let foreign = UPGRADE.replace("\r\n\r\n", "\r\nOrigin: http://evil.example\r\n\r\n");
    peer.send(foreign.as_bytes());
    harness.run();
    assert!(peer.text().starts_with("HTTP/1.1 403 Forbidden\r\n"));
}

#[test]
fn a_page_that_has_got_the_address_of_this_machine_is_refused() {
    let web = || Web::new([WEB]).with_origin("https://chat.example".parse().unwrap());
    for (host, status) in [("127.0.0.1:1", "101"), ("chat.example", "101"), ("evil.example", "403")]
    {
        let own = format!("Host: {host}\r\nOrigin: http://{host}");
        let upgrade = UPGRADE.replace("Host: chat", &own);
        let (_, mut harness) =
            harness_with(Config::default(), Limits::default(), web().with_host_check([WEB]));
        let peer = harness.connect_on(WEB);
        peer.send(upgrade.as_bytes());
        harness.run();
        let response = String::from_utf8_lossy(&peer.received()).into_owned();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {response}");
        assert_eq!(peer.is_closed(), status == "403", "{host}");
        // The page itself, too: nobody needs it under this name.
        let peer = harness.connect_on(WEB);
        peer.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        harness.run();
        assert_eq!(peer.text().starts_with("HTTP/1.1 200 "), status == "101", "{host}");
        // An endpoint for others cannot know its names.
        let (_, mut harness) = harness_with(Config::default(), Limits::default(), web());
        let peer = harness.connect_on(WEB);
        peer.send(upgrade.as_bytes());
        harness.run();
        assert!(peer.received().starts_with(b"HTTP/1.1 101 "), "{host}");
    }
}

#[test]
fn requests_in_one_piece_are_answered_one_after_the_other() {
    let (_, mut harness) = harness(Config::default());
    let peer = harness.connect_on(WEB);
    peer.room(100);
    let one = "GET /chat.css HTTP/1.1\r\nHost: a\r\n\r\n";
    peer.send(one.repeat(200).as_bytes());
    harness.run();
    assert_eq!(peer.received().len(), 100);
    peer.room(usize::MAX);
    harness.run();
    let rest = String::from_utf8(peer.received()).unwrap();
    assert_eq!(rest.matches("HTTP/1.1 200 OK\r\n").count(), 199);
    peer.send(UPGRADE.as_bytes());
    harness.run();
    assert!(peer.received().starts_with(b"HTTP/1.1 101 "));
}

#[test]
fn a_head_must_come_in_time() {
    let (_, mut harness) = harness(Config::default());
    let (silent, slow) = (harness.connect_on(WEB), harness.connect_on(WEB));
    harness.run();
    harness.advance(Duration::from_secs(9));
    slow.send(b"GET / HT");
    harness.run();
    harness.advance(Duration::from_secs(1));
    assert!(silent.is_closed() && slow.is_closed());
    assert_eq!(silent.text(), "");
    assert!(slow.text().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
}

#[test]
fn a_browser_in_a_full_chat_gets_a_status_and_a_line_client_a_notice() {
    let (chat, mut harness) = harness(Config::default());
    let mut words = Vec::new();
    harness.service().reject_on(WEB, Rejection::Full, &mut words);
    let words = String::from_utf8(words).unwrap();
    assert!(words.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{words}");
    assert!(words.ends_with("\r\n\r\nthe chat is full; try again later"), "{words}");
    let mut words = Vec::new();
    harness.service().reject_on(0, Rejection::Full, &mut words);
    assert_eq!(words, b"* the chat is full; try again later\n");
    assert_eq!(chat.operator().stats().refused_clients, 2);
}

#[test]
fn a_fast_browser_is_slowed_down_and_loses_nothing() {
    let rate = crate::protocol::rate_limit::Rate::new(10, 10_000);
    let (_, mut harness) = harness(Config::default().with_rate(Some(rate)));
    let (nc, ann) = (harness.connect(), browser(&mut harness));
    let all: Vec<u8> = (0..100).flat_map(|number| text(&format!("line {number}"))).collect();
    ann.send(&all);
    harness.run();
    let first = nc.text().lines().count();
    assert!((1..50).contains(&first), "{first}");
    for _ in 0..20 {
        harness.advance(Duration::from_secs(1));
    }
    let heard = nc.text();
    assert!(heard.ends_with("line 99\n"), "{heard}");
    assert_eq!(first + heard.lines().count(), 100);
    let slowed = |object: &String| object.contains("you are sending too fast");
    assert_eq!(messages(&ann).iter().filter(|object| slowed(object)).count(), 1);
}
