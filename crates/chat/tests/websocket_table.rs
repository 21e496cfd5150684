//! The table of `docs/protocols.md` about WebSockets, row by row.
#![cfg(feature = "web")]

use std::path::Path;

use chat::netcore::server::Config as Limits;
use chat::{Chat, Config, Web};
use netcore::testing::Harness;

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\n\
                       Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Version: 13\r\n\r\n";

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Returns the cells in backticks of one column.
fn terms(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Returns the bytes between quotes, in which `\xHH` is a byte.
fn bytes(term: &str) -> Vec<u8> {
    let (_, rest) = term.split_once('"').expect("a quote");
    let (mut text, _) = rest.rsplit_once('"').expect("two quotes");
    let mut bytes = Vec::new();
    while let Some((before, after)) = text.split_once("\\x") {
        bytes.extend(before.bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).expect("two digits"));
        text = &after[2..];
    }
    bytes.extend(text.bytes());
    bytes
}

/// Returns the bytes of a frame of a client.
fn frame(term: &str) -> Vec<u8> {
    let first = u8::from_str_radix(&term[..2], 16).expect("a first byte");
    if term.ends_with("too long") {
        let header = [first, 0xff, 0, 0, 0, 0, 0, 1, 0, 1];
        return [&header[..], &MASK].concat();
    }
    let payload = bytes(term);
    let length = u8::try_from(payload.len()).expect("a short payload");
    if term.ends_with("unmasked") {
        return [&[first, length], &*payload].concat();
    }
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [first, 0x80 | length].into_iter().chain(MASK).chain(masked).collect()
}

/// Returns the answers of the server to `pieces`, in the words of the table.
fn answers(pieces: &[&[u8]]) -> Vec<String> {
    let chat = Chat::new(Config::default().with_web(true).with_presence(false));
    let web = Web::new([0]);
    let mut harness = Harness::new(Limits::default(), |worker| chat.web_service(&worker, &web));
    let peer = harness.connect();
    peer.send(UPGRADE.as_bytes());
    harness.run();
    assert!(peer.received().starts_with(b"HTTP/1.1 101 "));
    let mut received = Vec::new();
    for piece in pieces {
        peer.send(piece);
        harness.run();
        received.extend(peer.received());
    }
    let mut rest = &*received;
    let mut answers = Vec::new();
    while let [first, length, after @ ..] = rest {
        let (length, after) = match length {
            126 => (usize::from(u16::from_be_bytes([after[0], after[1]])), &after[2..]),
            length => (usize::from(*length), after),
        };
        let payload = &after[..length];
        let text = String::from_utf8_lossy(payload);
        answers.push(match (first, payload) {
            (0x81, _) => {
                let text = text.split("\"text\":").nth(1).expect("a message");
                format!("says {}", text.trim_end_matches('}'))
            }
            (0x88, [high, low]) => format!("closes {}", u16::from_be_bytes([*high, *low])),
            (0x88, []) => "closes".to_owned(),
            (first, _) => format!("{first:02X} \"{text}\""),
        });
        rest = &after[length..];
    }
    answers
}

#[test]
fn each_row_of_the_table_of_websockets_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocols.md");
    let page = match std::fs::read_to_string(&path) {
        Ok(page) => page,
        // The package of the crate alone has no such page.
        Err(_) if !path.parent().is_some_and(Path::exists) => return,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let (_, section) = page.split_once("\n## WebSocket\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or(section);
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [_, sent, expected] = cells[..] else { panic!("{row}") };
        let stream: Vec<u8> = terms(sent).into_iter().flat_map(frame).collect();
        let mut whole = answers(&[&stream]);
        let mut by_byte = answers(&stream.chunks(1).collect::<Vec<_>>());
        let mut expected = terms(expected);
        // A pong overtakes the lines of its piece of input.
        whole.sort();
        by_byte.sort();
        expected.sort_unstable();
        assert_eq!(whole, expected, "{row}");
        assert_eq!(by_byte, expected, "byte by byte: {row}");
    }
}
