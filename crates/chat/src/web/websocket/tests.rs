use netcore::testing::Random;

use super::*;

/// Names the seed of the random frames.
const SEED: &str = "WEBSOCKET_SEED";

/// The longest message of these tests.
const MAX: usize = 1000;

const FIN: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Returns a masked frame of a client. `first` is its first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn text(text: &str) -> Vec<u8> {
    frame(FIN | TEXT, text.as_bytes())
}

/// The results of a stream: its lines, all events except those of messages, and its end.
#[derive(Debug, PartialEq, Eq, Default)]
struct Seen {
    lines: String,
    events: Vec<SocketEvent>,
    failure: Option<CloseCode>,
}

/// Receives `pieces`, which are one stream.
fn receive<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut socket = WebSocket::new(MAX);
    let (mut seen, mut lines) = (Seen::default(), Vec::new());
    for mut piece in pieces {
        loop {
            match socket.next(&mut piece, &mut lines) {
                Ok(None) => break,
                Ok(Some(SocketEvent::Message)) => assert!(lines.ends_with(b"\n")),
                Ok(Some(event)) => seen.events.push(event),
                Err(code) => {
                    seen.failure = Some(code);
                    break;
                }
            }
        }
        assert!(piece.is_empty() || seen.failure.is_some());
        if seen.failure.is_some() {
            break;
        }
    }
    // The text of an unfinished message is no line.
    let end = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    seen.lines = String::from_utf8(lines[..end].to_vec()).expect("lines are UTF-8");
    seen
}

/// Receives a stream whole, byte by byte, and in two pieces with every cut. The results must be the
/// same.
fn receive_all_cuts(stream: &[u8]) -> Seen {
    let whole = receive([stream]);
    let bytes = receive(stream.chunks(1));
    assert_eq!(bytes, whole, "byte by byte: {stream:x?}");
    for cut in 0..=stream.len() {
        let pieces = receive([&stream[..cut], &stream[cut..]]);
        assert_eq!(pieces, whole, "cut at {cut}: {stream:x?}");
    }
    whole
}

#[track_caller]
fn assert_lines(frames: &[Vec<u8>], lines: &str) {
    let seen = receive_all_cuts(&frames.concat());
    assert_eq!(seen, Seen { lines: lines.to_owned(), ..Seen::default() });
}

#[track_caller]
fn assert_failure(frames: &[Vec<u8>], code: CloseCode) {
    let seen = receive_all_cuts(&frames.concat());
    assert_eq!((seen.lines.as_str(), seen.failure), ("", Some(code)));
}

#[test]
fn the_example_of_the_rfc() {
    // Section 5.7: a masked text message.
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(text("Hello"), hello);
    assert_lines(&[hello.to_vec()], "Hello\n");
    // A fragmented message, masked.
    assert_lines(&[frame(TEXT, b"Hel"), frame(FIN | CONTINUATION, b"lo")], "Hello\n");
}

#[test]
fn each_text_message_is_one_line() {
    assert_lines(&[text("a"), text(""), text("b c")], "a\n\nb c\n");
    assert_lines(&[text("two\nlines")], "two lines\n");
    assert_lines(&[text("an ending\n"), text("a CRLF\r\n")], "an ending\na CRLF\r\n");
    assert_lines(&[text("\n\n\n")], "\n");
    assert_lines(&[text("a\n\nb\n")], "a b\n");
    let fragments = [frame(TEXT, b"a\n"), frame(CONTINUATION, b""), frame(FIN, b"b\n")];
    assert_lines(&fragments, "a b\n");
}

#[test]
fn lengths_of_all_three_forms() {
    for length in [0, 1, 125, 126, 127, MAX] {
        let line = "x".repeat(length);
        let seen = receive([&*text(&line)]);
        assert_eq!(seen.lines, line + "\n");
        assert_eq!(seen.failure, None);
    }
    let long = "x".repeat(65_536);
    let mut socket = WebSocket::new(long.len());
    let (frame, mut lines) = (text(&long), Vec::new());
    assert_eq!(socket.next(&mut &*frame, &mut lines), Ok(Some(SocketEvent::Message)));
    assert_eq!(lines.len(), long.len() + 1);
}

#[test]
fn a_length_that_takes_more_bytes_than_it_needs_is_a_violation() {
    let mask = [0; 4];
    for header in [
        &[FIN | TEXT, 0x80 | 126, 0, 125][..],
        &[FIN | TEXT, 0x80 | 126, 0, 0],
        &[FIN | TEXT, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
        &[FIN | TEXT, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_failure(&[[header, &mask].concat()], CloseCode::Protocol);
    }
}

#[test]
fn a_frame_without_a_mask_is_a_violation() {
    assert_failure(&[vec![FIN | TEXT, 5, b'H', b'e', b'l', b'l', b'o']], CloseCode::Protocol);
    assert_failure(&[vec![FIN | PING, 0]], CloseCode::Protocol);
}

#[test]
fn reserved_bits_and_opcodes_are_violations() {
    for bit in [0x40, 0x20, 0x10] {
        assert_failure(&[frame(FIN | bit | TEXT, b"x")], CloseCode::Protocol);
        assert_failure(&[frame(FIN | bit | PING, b"")], CloseCode::Protocol);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_failure(&[frame(FIN | opcode, b"")], CloseCode::Protocol);
    }
}

#[test]
fn control_frames_may_stand_between_fragments() {
    let frames = [
        frame(TEXT, b"He"),
        frame(FIN | PING, b"one"),
        frame(CONTINUATION, b"ll"),
        frame(FIN | PONG, b"two"),
        frame(FIN | CONTINUATION, b"o"),
    ];
    let seen = receive_all_cuts(&frames.concat());
    assert_eq!(seen.lines, "Hello\n");
    assert_eq!(seen.events, [SocketEvent::Ping(b"one".to_vec()), SocketEvent::Pong]);
    assert_eq!(seen.failure, None);
}

#[test]
fn a_control_frame_is_whole_and_short() {
    for opcode in [CLOSE, PING, PONG] {
        assert_failure(&[frame(opcode, b"")], CloseCode::Protocol);
        assert_failure(&[frame(FIN | opcode, &[b'x'; 126])], CloseCode::Protocol);
    }
    let longest = receive_all_cuts(&frame(FIN | PING, &[b'x'; 125]));
    assert_eq!(longest.events, [SocketEvent::Ping(vec![b'x'; 125])]);
}

#[test]
fn the_frames_of_a_message_follow_one_another() {
    assert_failure(&[frame(FIN | CONTINUATION, b"x")], CloseCode::Protocol);
    assert_failure(&[frame(CONTINUATION, b"x")], CloseCode::Protocol);
    assert_failure(&[frame(TEXT, b"x"), frame(FIN | TEXT, b"y")], CloseCode::Protocol);
    assert_failure(&[frame(TEXT, b"x"), frame(BINARY, b"y")], CloseCode::Protocol);
    let after = [text("whole"), frame(FIN | CONTINUATION, b"x")];
    let seen = receive_all_cuts(&after.concat());
    assert_eq!((&*seen.lines, seen.failure), ("whole\n", Some(CloseCode::Protocol)));
}

#[test]
fn binary_messages_are_refused() {
    assert_failure(&[frame(FIN | BINARY, b"x")], CloseCode::Unsupported);
    assert_failure(&[frame(BINARY, b"")], CloseCode::Unsupported);
}

#[test]
fn text_is_utf8_across_fragments() {
    let whole = "Grüße, 你好 🦀";
    for cut in 0..=whole.len() {
        let (one, two) = whole.as_bytes().split_at(cut);
        assert_lines(&[frame(TEXT, one), frame(FIN, two)], "Grüße, 你好 🦀\n");
    }
    for wrong in [&b"\xc0\x80"[..], b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xff", b"\xe4\xbd"] {
        assert_failure(&[frame(FIN | TEXT, wrong)], CloseCode::InvalidPayload);
        for cut in 0..=wrong.len() {
            let frames = [frame(TEXT, &wrong[..cut]), frame(FIN, &wrong[cut..])];
            assert_failure(&frames, CloseCode::InvalidPayload);
        }
    }
    // The failure does not wait for the end of the message.
    assert_failure(&[frame(TEXT, b"\xff")], CloseCode::InvalidPayload);
}

#[test]
fn a_message_has_a_limit_whatever_its_frames_are() {
    assert_failure(&[text(&"x".repeat(MAX + 1))], CloseCode::TooBig);
    let half = "x".repeat(MAX / 2);
    let fragments = [frame(TEXT, half.as_bytes()), frame(0, half.as_bytes()), frame(FIN, b"y")];
    assert_failure(&fragments, CloseCode::TooBig);
    // The header is enough.
    let header = [FIN | TEXT, 0x80 | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_failure(&[[&header[..], &[0; 4]].concat()], CloseCode::TooBig);
    assert_lines(
        &[frame(TEXT, half.as_bytes()), frame(FIN, half.as_bytes())],
        &(half.repeat(2) + "\n"),
    );
}

#[test]
fn a_close_frame_is_answered_by_its_code() {
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        let mut payload = u16::to_be_bytes(code).to_vec();
        payload.extend_from_slice("bye, 再见".as_bytes());
        let seen = receive_all_cuts(&frame(FIN | CLOSE, &payload));
        assert_eq!(seen.events, [SocketEvent::Close(CloseCode::Echo(Some(code)))]);
        assert_eq!(CloseCode::Echo(Some(code)).payload(), u16::to_be_bytes(code));
    }
    let seen = receive_all_cuts(&frame(FIN | CLOSE, b""));
    assert_eq!(seen.events, [SocketEvent::Close(CloseCode::Echo(None))]);
    assert!(CloseCode::Echo(None).payload().is_empty());
}

#[test]
fn a_malformed_close_frame_is_a_violation() {
    assert_failure(&[frame(FIN | CLOSE, &[3])], CloseCode::Protocol);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        assert_failure(&[frame(FIN | CLOSE, &code.to_be_bytes())], CloseCode::Protocol);
    }
    assert_failure(&[frame(FIN | CLOSE, b"\x03\xe8\xff")], CloseCode::InvalidPayload);
}

#[test]
fn nothing_counts_after_a_close_frame_or_a_violation() {
    let stream = [text("before"), frame(FIN | CLOSE, b""), text("after"), vec![0xff; 40]].concat();
    let seen = receive_all_cuts(&stream);
    assert_eq!(seen.lines, "before\n");
    assert_eq!((seen.events.len(), seen.failure), (1, None));

    let mut socket = WebSocket::new(MAX);
    let mut lines = Vec::new();
    let stream = [frame(FIN | BINARY, b""), text("after")].concat();
    let mut input = &*stream;
    assert_eq!(socket.next(&mut input, &mut lines), Err(CloseCode::Unsupported));
    assert_eq!(socket.next(&mut input, &mut lines), Ok(None));
    assert!(input.is_empty() && lines.is_empty());
}

#[test]
fn no_part_of_a_message_that_is_not_utf_8_becomes_a_line() {
    let stream = [text("before"), frame(TEXT, b"\xc3"), frame(FIN | CONTINUATION, b"\nafter\n")];
    let seen = receive_all_cuts(&stream.concat());
    assert_eq!((&*seen.lines, seen.failure), ("before\n", Some(CloseCode::InvalidPayload)));
}

#[test]
fn random_frames_in_random_pieces_give_the_same_events() {
    let mut random = Random::from_env(SEED);
    for _ in 0..300 {
        let mut stream = Vec::new();
        for _ in 0..random.below(12) {
            let first = *random.pick(&[0x81, 0x01, 0x00, 0x80, 0x89, 0x8a, 0x88, 0x82, 0xc1]);
            let length = *random.pick(&[0, 1, 3, 125, 126, 400]);
            let byte = *random.pick(b"ab\n\xc3\xa9");
            stream.extend(frame(first, &vec![byte; length]));
        }
        let whole = receive([&*stream]);
        let mut pieces = Vec::new();
        let mut rest = &*stream;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(1 + random.below(rest.len().min(50)));
            pieces.push(piece);
            rest = later;
        }
        assert_eq!(receive(pieces), whole, "{random:?}");
    }
}
