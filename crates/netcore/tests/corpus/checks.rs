//! Properties that hold for every input. The fuzz targets in `fuzz` and the test over their corpus
//! both include this file.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use netcore::Endpoint;
use netcore::line::{LineFramer, TooLong};
use netcore::testing::cut;

/// An accepted endpoint prints as a text that parses to an equal one. A refusal names a place
/// inside the text, in words that can't disturb a terminal. Returns `true` if the text was
/// accepted.
pub(crate) fn endpoint(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let endpoint = match text.parse::<Endpoint>() {
        Ok(endpoint) => endpoint,
        Err(error) => {
            assert!(text.is_char_boundary(error.offset()), "{error}");
            let words = error.to_string();
            assert!(!words.contains(char::is_control), "{words:?}");
            // An escaped character takes at most ten bytes.
            assert!(words.len() < 10 * 256 + 200, "{words}");
            return false;
        }
    };
    let printed = endpoint.to_string();
    let again = match printed.parse::<Endpoint>() {
        Ok(again) => again,
        Err(error) => panic!("{text:?} is printed as a text that is refused: {error}"),
    };
    assert_eq!(again, endpoint, "{text:?} is printed as {printed:?}");
    assert_eq!(hash(&again), hash(&endpoint), "{text:?}");
    assert_eq!(again.to_string(), printed, "{text:?}");
    true
}

fn hash(endpoint: &Endpoint) -> u64 {
    let mut hasher = DefaultHasher::new();
    endpoint.hash(&mut hasher);
    hasher.finish()
}

type Event = Result<Vec<u8>, TooLong>;

/// The lines and errors of a stream depend on the stream and the limit only, not on its chunks.
/// After the end of one stream, a framer behaves as a new one. Returns the numbers of lines and
/// errors.
///
/// The first byte of the input is the limit, the second the seed for the chunks, the rest the
/// stream.
pub(crate) fn line(input: &[u8]) -> (usize, usize) {
    let [limit, seed, stream @ ..] = input else { return (0, 0) };
    let limit = usize::from(*limit);
    let expected = by_definition(limit, stream);
    let mut framer = LineFramer::new(limit);
    let cuttings = [vec![stream], stream.chunks(1).collect(), cut(stream, *seed, 12)];
    for pieces in &cuttings {
        let events = frame(&mut framer, limit, pieces);
        assert_eq!(events, expected, "limit {limit}, pieces {}", readable(pieces));
    }
    let lines = expected.iter().filter(|event| event.is_ok()).count();
    (lines, expected.len() - lines)
}

fn frame(framer: &mut LineFramer, limit: usize, pieces: &[&[u8]]) -> Vec<Event> {
    let mut events = Vec::new();
    for mut piece in pieces.iter().copied() {
        while let Some(line) = framer.next(&mut piece) {
            events.push(line.map(|line| {
                assert!(line.text().len() <= limit, "limit {limit}, {line:?}");
                assert_eq!([line.text(), line.ending()].concat(), line.as_bytes());
                line.as_bytes().to_vec()
            }));
        }
        assert!(piece.is_empty(), "not all was used");
    }
    events.extend(framer.finish().map(|line| Ok(line.as_bytes().to_vec())));
    events
}

/// A line ends with an LF or with the stream; LF, CRLF and a CR at the very end are no text.
fn by_definition(limit: usize, stream: &[u8]) -> Vec<Event> {
    let line = |line: &[u8]| {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.len() > limit { Err(TooLong { limit }) } else { Ok(line.to_vec()) }
    };
    stream.split_inclusive(|byte| *byte == b'\n').map(line).collect()
}

fn readable(pieces: &[&[u8]]) -> String {
    let pieces: Vec<_> = pieces.iter().map(|piece| piece.escape_ascii().to_string()).collect();
    pieces.join("|")
}
