use std::time::Duration;

use netcore::testing::split_law;

use super::*;
use crate::format::Format;
use crate::zone::Zone;

const STAMP: &str = "[Fri Nov 20 18:11:02 2026] ";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_198_262)
}

fn stamp() -> Stamp {
    Stamp::new(Format::Ctime, Zone::Utc)
}

/// Returns the answers to a client that sends these chunks and then ends its side.
fn dialogue(framing: Framing, pieces: &[&[u8]]) -> (Vec<u8>, Result<(), TooLong>) {
    let (mut stamp, mut out) = (stamp(), Vec::new());
    let mut responder = Responder::new(framing);
    for piece in pieces {
        if let Err(error) = responder.receive(piece, now(), &mut stamp, &mut out) {
            return (out, Err(error));
        }
    }
    responder.finish(now(), &mut stamp, &mut out);
    (out, Ok(()))
}

fn line(limit: usize) -> Framing {
    Framing::Line { limit }
}

fn answers(bytes: &[&[u8]]) -> Vec<u8> {
    bytes.iter().flat_map(|bytes| [STAMP.as_bytes(), bytes].concat()).collect()
}

#[test]
fn each_chunk_gets_one_answer_with_the_same_bytes() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let pieces: [&[u8]; 5] = [b"two\nlines\n", b"no end", b"\r\n", &every_byte, b"\0"];
    assert_eq!(dialogue(Framing::Chunk, &pieces), (answers(&pieces), Ok(())));
}

#[test]
fn an_empty_datagram_is_answered_and_an_empty_chunk_is_not() {
    for framing in [Framing::Chunk, line(10)] {
        assert_eq!(dialogue(framing, &[b""]), (vec![], Ok(())));
    }
    let mut out = Vec::new();
    answer(b"", now(), &mut stamp(), &mut out);
    assert_eq!(out, STAMP.as_bytes());
}

#[test]
fn a_responder_keeps_only_an_incomplete_line() {
    assert!(size_of::<Responder>() <= 64);
    let mut responder = Responder::new(Framing::Chunk);
    responder.receive(b"abc", now(), &mut stamp(), &mut Vec::new()).unwrap();
    assert!(matches!(responder.0, State::Chunk));
}

#[test]
fn each_line_gets_one_answer_with_its_own_ending() {
    let stream = b"one\ntwo\r\n\n\xff\r\r\nlast";
    let expected = answers(&[b"one\n", b"two\r\n", b"\n", b"\xff\r\r\n", b"last"]);
    assert_eq!(dialogue(line(10), &[stream]), (expected, Ok(())));
}

#[test]
fn line_answers_do_not_depend_on_how_the_stream_is_cut() {
    for stream in [
        &b"one\ntwo\r\n\r\n\nlast without an end"[..],
        b"abc\r\nabcdefgh\r\nabcdefghi\r\nnever answered\n",
        b"abcdefgh\r",
        b"abcdefghi",
    ] {
        for limit in [8, 100] {
            split_law(stream, |chunks| vec![dialogue(line(limit), chunks)]);
        }
    }
}

#[test]
fn a_line_beyond_the_limit_is_told_in_band_and_ends_the_dialogue() {
    let (mut stamp, mut out) = (stamp(), Vec::new());
    let mut responder = Responder::new(line(3));
    let error = Err(TooLong { limit: 3 });
    assert_eq!(responder.receive(b"abc\nabcd", now(), &mut stamp, &mut out), error);
    let expected = answers(&[b"abc\n", b"error: line longer than 3 bytes\n"]);
    assert_eq!(out, expected);

    assert_eq!(responder.receive(b"\nabc\n", now(), &mut stamp, &mut out), error);
    responder.finish(now(), &mut stamp, &mut out);
    assert_eq!(out, expected);
}

#[test]
fn answers_carry_the_time_at_which_they_are_given() {
    let (mut stamp, mut out) = (Stamp::new(Format::Unix, Zone::Utc), Vec::new());
    let mut responder = Responder::new(line(10));
    let second = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
    responder.receive(b"a\nb", second(1), &mut stamp, &mut out).unwrap();
    responder.receive(b"\nc\nd", second(2), &mut stamp, &mut out).unwrap();
    responder.finish(second(3), &mut stamp, &mut out);
    assert_eq!(out, b"[1] a\n[2] b\n[2] c\n[3] d");
}

/// A client that sends typed text without a line ending and waits for the answer. Empty text ends
/// it.
#[test]
fn a_client_that_sends_without_line_endings_is_served() {
    let (mut stamp, mut out) = (stamp(), Vec::new());
    let mut responder = Responder::new(Framing::Chunk);
    for typed in ["hello", "how are you?", "\u{4f60}\u{597d}", " "] {
        out.clear();
        responder.receive(typed.as_bytes(), now(), &mut stamp, &mut out).unwrap();
        assert_eq!(out, format!("[Fri Nov 20 18:11:02 2026] {typed}").as_bytes());
    }
    out.clear();
    responder.finish(now(), &mut stamp, &mut out);
    assert_eq!(out, b"");
}

/// A client that connects again for each line, ends it with CRLF, and closes after one answer.
#[test]
fn a_client_of_one_line_a_connection_is_served_in_both_framings() {
    for framing in [Framing::Chunk, line(Framing::LINE_LIMIT)] {
        for typed in ["hello", "again", ""] {
            let sent = format!("{typed}\r\n");
            let expected = format!("[Fri Nov 20 18:11:02 2026] {typed}\r\n");
            let told = dialogue(framing, &[sent.as_bytes()]);
            assert_eq!(told, (expected.into_bytes(), Ok(())));
        }
    }
}

/// Many event-driven clients, each of which sends its next chunk after the answer to the last.
#[test]
fn clients_that_take_turns_share_one_stamp() {
    let (mut stamp, mut out) = (stamp(), Vec::new());
    let mut responders: Vec<_> = (0..3).map(|_| Responder::new(Framing::Chunk)).collect();
    for round in 0..4 {
        for (client, responder) in responders.iter_mut().enumerate() {
            let sent = format!("{client} says {round}");
            out.clear();
            responder.receive(sent.as_bytes(), now(), &mut stamp, &mut out).unwrap();
            assert_eq!(out, format!("[Fri Nov 20 18:11:02 2026] {sent}").as_bytes());
        }
    }
}
