//! `sockit chat serve`: malformed input and hostile clients, which other clients must not notice.

#[cfg(target_os = "linux")]
use std::io::{ErrorKind, Write};

use crate::common::chat::Message;
use crate::common::client::Client;
use crate::common::server::Server;

/// Sends one line that must be refused with exactly one notice, in pieces of at most `piece`
/// bytes, and checks that the connection lives and that nobody else sees any of it.
#[track_caller]
fn expect_refused(server: &Server, line: &[u8], piece: usize) {
    let mut bad = Client::enter(server);
    let mut other = Client::enter(server);
    bad.settle();
    for piece in line.chunks(piece) {
        bad.send(piece);
    }
    bad.send("\n");
    bad.say("the next line");
    let before = bad.until("the next line");
    assert_eq!(before.len(), 1, "exactly one notice: {before:?}");
    assert!(before[0].starts_with("* "), "{before:?}");
    let seen = other.until("the next line");
    assert!(seen.iter().all(|line| line.contains(": entry-")), "{seen:?}");
}

#[test]
fn a_line_that_is_not_utf8_is_refused() {
    let server = Server::start(&["chat", "serve", "--no-presence"]);
    let lines = [
        &b"caf\xe9"[..],
        b"\xff",
        // The lines have an overlong form, a surrogate, a code point above the last character, and
        // a character cut short.
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"cut \xe2\x82",
        b"/nick \xff",
        b"quit\xff",
    ];
    for line in lines {
        expect_refused(&server, line, usize::MAX);
        expect_refused(&server, line, 1);
    }
}

#[test]
fn a_line_that_is_too_long_is_refused() {
    let server = Server::start(&["chat", "serve", "--no-presence", "--max-line", "100"]);
    for length in [101, 102, 1000, 300_000] {
        expect_refused(&server, &vec![b'x'; length], usize::MAX);
    }
    expect_refused(&server, &[b'x'; 1000], 7);
    expect_refused(&server, &[b'x'; 103], 1);
    let mut with_quits = b"quit\r".repeat(60);
    with_quits.extend_from_slice(b"\r");
    expect_refused(&server, &with_quits, 50);
}

#[test]
fn a_line_of_exactly_the_limit_is_said() {
    let server = Server::start(&["chat", "serve", "--no-presence", "--max-line", "100"]);
    let mut ann = Client::enter(&server);
    let text = "é".repeat(50);
    for ending in ["\n", "\r\n"] {
        ann.send(format!("{text}{ending}"));
        assert_eq!(ann.hear(), text);
    }
    let default = Server::start(&["chat", "serve", "--no-presence"]);
    let mut ann = Client::enter(&default);
    ann.say(&"x".repeat(4096));
    assert_eq!(ann.hear().len(), 4096);
    expect_refused(&default, &[b'x'; 4097], 1000);
}

#[test]
fn the_over_long_last_line_of_a_half_closed_client_is_refused_too() {
    let server = Server::start(&["chat", "serve", "--no-presence", "--max-line", "100"]);
    let mut other = Client::enter(&server);
    let mut bad = server.connect();
    bad.send([b'x'; 500]);
    bad.finish_sending();
    let told = String::from_utf8(bad.rest()).expect("UTF-8");
    assert!(told.starts_with("* ") && told.lines().count() == 1, "{told:?}");
    other.say("unharmed");
    assert_eq!(other.hear(), "unharmed");
}

#[test]
fn a_character_split_between_writes_arrives_whole() {
    let server = Server::start(&["chat", "serve", "--no-presence"]);
    let mut ann = Client::enter(&server);
    let text = "naïve € 𝄞 done";
    for byte in format!("{text}\n").bytes() {
        ann.send([byte]);
    }
    assert_eq!(ann.hear(), text);
}

/// Every character that could control a terminal or reorder text.
fn harmful() -> impl Iterator<Item = char> {
    let controls = ('\0'..='\x1f').chain('\x7f'..='\u{9f}').filter(|&c| c != '\n');
    controls.chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}')
}

#[test]
fn control_characters_never_reach_other_clients() {
    for format in ["line", "classic"] {
        let server = Server::start(&[
            "chat",
            "serve",
            "--no-presence",
            "--history",
            "200",
            "--format",
            format,
        ]);
        let mut bob = server.connect();
        bob.say("begin");
        bob.until_line(|line| line.ends_with("begin"));
        let mut ann = server.connect();
        for character in harmful() {
            ann.say(&format!("left {character}[31m{character} right{character}"));
            ann.say(&format!("/nick x{character}y"));
            ann.say(&format!("{character}"));
        }
        ann.say("end");
        let mut late_ready = bob.until_line(|line| line.ends_with("end"));
        let mut late = server.connect();
        late_ready.extend(late.until_line(|line| line.ends_with("end")));
        // The server may keep the rest of the line or refuse it. Either way the received text is
        // clean.
        for line in &late_ready {
            let bad = line.chars().find(|character| harmful().any(|bad| bad == *character));
            assert_eq!(bad, None, "in {line:?} ({format})");
        }
    }
}

#[test]
fn a_carriage_return_cannot_forge_a_message_of_another_client_or_the_server() {
    let server = Server::start(&["chat", "serve", "--no-presence"]);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    ann.send("me\r* the server says\u{85}2026-11-20 18:11:02 bob: forged\n");
    ann.say("end");
    for line in bob.until("end") {
        let message = Message::parse(&line).expect("no notice comes of it");
        assert_eq!(message.from, ann.address(), "{line:?}");
    }
}

#[test]
fn connections_that_are_reset_disturb_nobody() {
    let server = Server::start(&["chat", "serve", "--no-presence"]);
    let mut ann = Client::enter(&server);
    for number in 0..100 {
        let mut rude = server.connect();
        rude.send("/help\nhalf a line");
        // A reply is unread, so closing the socket resets the connection.
        rude.stream().peek(&mut [0]).expect("an answer");
        drop(rude);
        ann.say(&format!("number {number}"));
        assert_eq!(ann.hear(), format!("number {number}"));
    }
    server.stop();
}

#[test]
fn partial_lines_of_different_clients_are_never_joined() {
    let server = Server::start(&["chat", "serve", "--no-presence", "--workers", "1"]);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    ann.send("first half, ");
    bob.say("between");
    assert_eq!(bob.hear(), "between");
    ann.send("second half\n");
    assert_eq!(
        bob.message(),
        Message { from: ann.address(), text: "first half, second half".to_owned() }
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_sends_many_requests_and_reads_no_replies_costs_bounded_memory() {
    let server = Server::start(&["chat", "serve", "--no-presence"]);
    let mut ann = Client::enter(&server);
    let before = server.memory();
    let rude = server.connect();
    let mut stream = rude.stream();
    stream.set_nonblocking(true).expect("a non-blocking socket");
    // Each reply is several times as long as its line.
    let piece = "/help\n".repeat(10_000);
    let (mut sent, mut refused) = (0, 0);
    while sent < 32 << 20 && refused < 300 {
        match stream.write(&piece.as_bytes()[sent % 6..]) {
            Ok(count) => (sent, refused) = (sent + count, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
            // The server may also close the connection.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => panic!("send: {error}"),
        }
        ann.say("served meanwhile");
        assert_eq!(ann.hear(), "served meanwhile");
    }
    let growth = server.peak_memory().saturating_sub(before);
    assert!(growth < 16 << 20, "grown by {growth} bytes");
}

#[test]
#[cfg(target_os = "linux")]
fn a_line_without_an_end_costs_bounded_memory() {
    let server = Server::start(&["chat", "serve", "--no-presence"]);
    let mut bad = Client::enter(&server);
    let before = server.memory();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        bad.send(&piece);
    }
    bad.send("\n");
    assert!(bad.line().starts_with("* "));
    bad.settle();
    let growth = server.peak_memory().saturating_sub(before);
    assert!(growth < 8 << 20, "grown by {growth} bytes");
}
