use super::*;
use crate::testing::split_law;

type Event = Result<Vec<u8>, TooLong>;

/// Every event of the stream. Checks the bound on memory after each step.
fn run(limit: usize, chunks: &[&[u8]]) -> Vec<Event> {
    let mut framer = LineFramer::new(limit);
    let mut events = Vec::new();
    for mut chunk in chunks.iter().copied() {
        while let Some(line) = framer.next(&mut chunk) {
            events.push(line.map(|line| {
                assert_eq!([line.text(), line.ending()].concat(), line.as_bytes());
                assert!(line.text().len() <= limit);
                line.as_bytes().to_vec()
            }));
        }
        assert!(chunk.is_empty());
        assert!(framer.kept.capacity() <= limit.saturating_add(2));
        assert!(framer.kept.capacity() == 0 || !framer.kept.is_empty());
    }
    events.extend(framer.finish().map(|line| Ok(line.as_bytes().to_vec())));
    events
}

/// The same result by definition: from the whole stream at once, without regard to memory.
fn reference(limit: usize, stream: &[u8]) -> Vec<Event> {
    stream
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if text.len() > limit { Err(TooLong { limit }) } else { Ok(line.to_vec()) }
        })
        .collect()
}

#[test]
fn every_short_stream_is_framed_by_definition_however_it_is_cut() {
    let mut streams = vec![Vec::new()];
    for _ in 0..6 {
        let longer: Vec<Vec<u8>> = streams
            .iter()
            .flat_map(|stream| b"a\r\n".map(|byte| [&stream[..], &[byte]].concat()))
            .collect();
        for stream in &longer {
            for limit in 0..4 {
                assert_eq!(run(limit, &[stream]), reference(limit, stream), "{stream:?} {limit}");
                split_law(stream, |chunks| run(limit, chunks));
            }
        }
        streams = longer;
    }
}

#[test]
fn long_lines_obey_the_law_too() {
    let mut stream = Vec::new();
    for length in [0, 15, 16, 17, 18, 40, 3, 16, 17] {
        stream.extend(std::iter::repeat_n(b'x', length));
        stream.extend_from_slice(if length % 2 == 0 { b"\r\n" } else { b"\n" });
    }
    stream.extend_from_slice(b"unfinished");
    assert_eq!(run(16, &[&stream]), reference(16, &stream));
    split_law(&stream, |chunks| run(16, chunks));
}

#[test]
fn text_and_ending_are_told_apart() {
    let mut framer = LineFramer::new(10);
    let mut input = &b"a\nb\r\nc\rd\r\r\n\n\r\n"[..];
    let mut parts = Vec::new();
    while let Some(line) = framer.next(&mut input) {
        let line = line.unwrap();
        parts.push((line.text().escape_ascii().to_string(), line.ending().to_vec()));
    }
    let expected =
        [("a", &b"\n"[..]), ("b", b"\r\n"), (r"c\rd\r", b"\r\n"), ("", b"\n"), ("", b"\r\n")];
    assert_eq!(parts, expected.map(|(text, ending)| (text.to_owned(), ending.to_vec())));
}

#[test]
fn a_line_within_the_input_is_borrowed_from_it() {
    let mut framer = LineFramer::new(10);
    let input = &b"one\ntwo\n"[..];
    let mut rest = input;
    let line = framer.next(&mut rest).unwrap().unwrap();
    assert_eq!(line.as_bytes().as_ptr_range().start, input.as_ptr_range().start);
    assert_eq!(rest, b"two\n");
    let line = framer.next(&mut rest).unwrap().unwrap();
    assert_eq!(line.as_bytes().as_ptr_range().end, input.as_ptr_range().end);
    assert_eq!(framer.kept.capacity(), 0);
}

#[test]
fn too_long_is_reported_before_the_line_ends_and_only_once() {
    let mut framer = LineFramer::new(3);
    assert_eq!(framer.next(&mut &b"abc"[..]), None);
    assert_eq!(framer.next(&mut &b"d"[..]), Some(Err(TooLong { limit: 3 })));
    assert_eq!(framer.kept.capacity(), 0);
    assert_eq!(framer.next(&mut &b"efgh"[..]), None);
    let mut input = &b"ijkl\nok\n"[..];
    assert_eq!(framer.next(&mut input).unwrap().unwrap().text(), b"ok");
    assert_eq!(framer.next(&mut input), None);
}

#[test]
fn one_byte_too_many_may_still_be_the_cr_of_an_ending() {
    let mut framer = LineFramer::new(3);
    assert_eq!(framer.next(&mut &b"abc\r"[..]), None);
    assert_eq!(framer.next(&mut &b"\n"[..]).unwrap().unwrap().text(), b"abc");
    assert_eq!(framer.next(&mut &b"abc\r"[..]), None);
    assert_eq!(framer.next(&mut &b"\r"[..]), Some(Err(TooLong { limit: 3 })));
    assert_eq!(framer.next(&mut &b"\n"[..]), None);
}

#[test]
fn the_end_of_input_returns_the_rest_and_resets_the_framer() {
    let mut framer = LineFramer::new(3);
    assert_eq!(framer.finish(), None);

    assert_eq!(framer.next(&mut &b"abc\r"[..]), None);
    let line = framer.finish().unwrap();
    assert_eq!((line.text(), line.ending()), (&b"abc"[..], &b"\r"[..]));
    assert_eq!(framer.finish(), None);
    assert_eq!(framer.kept.capacity(), 0);

    assert_eq!(framer.next(&mut &b"abcd"[..]), Some(Err(TooLong { limit: 3 })));
    assert_eq!(framer.finish(), None);
    assert_eq!(framer.next(&mut &b"ab\n"[..]).unwrap().unwrap().text(), b"ab");
}

#[test]
fn a_limit_at_the_end_of_the_number_range_is_a_limit_like_any_other() {
    let stream = b"a\r\nb\nc";
    assert_eq!(run(usize::MAX, &[stream]), reference(usize::MAX, stream));
    split_law(stream, |chunks| run(usize::MAX, chunks));
}

#[test]
fn the_error_says_the_limit() {
    assert_eq!(TooLong { limit: 4096 }.to_string(), "line longer than 4096 bytes");
}
