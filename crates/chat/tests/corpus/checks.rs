//! Properties that hold for any input from a server. The fuzz target in `fuzz` and the test over
//! its corpus include this file.

use chat::{Event, EventKind, Parser, clean};
use netcore::testing::cut;

/// The line limit, short enough for a fuzzer to exceed.
const LIMIT: usize = 250;

/// Checks that the events of a stream do not depend on its chunking, that their texts are clean,
/// and that together they are no longer than the stream. Returns `true` if there was a message.
///
/// The first byte is the seed of the chunking, the rest the stream.
pub(crate) fn chat(input: &[u8]) -> bool {
    let [seed, stream @ ..] = input else { return false };
    let mut parser = Parser::new(LIMIT);
    let expected = events(&mut parser, &[stream]);
    for pieces in [stream.chunks(1).collect(), cut(stream, *seed, 12)] {
        assert_eq!(events(&mut parser, &pieces), expected, "{:?}", stream.escape_ascii());
    }
    let mut has_message = false;
    for event in &expected {
        let texts = match &event.kind {
            EventKind::Message { from, text } => vec![from, text],
            EventKind::Private { from, to, text } => vec![from, to, text],
            EventKind::Notice { text, .. } => vec![text],
            _ => vec![],
        };
        for text in texts.into_iter().chain(&event.time).chain(&event.room) {
            assert_eq!(*text, clean(text), "{event:?}");
        }
        for line in event.raw.split('\n') {
            assert_eq!(line, clean(line), "{event:?}");
        }
        has_message |= matches!(event.kind, EventKind::Message { .. } | EventKind::Private { .. });
    }
    // A byte that is not UTF-8 is replaced by a character of three bytes. A missing line ending
    // adds one byte.
    let length: usize = expected.iter().map(|event| event.raw.len()).sum();
    assert!(length <= 3 * stream.len() + 1, "{length} bytes of {}", stream.len());
    has_message
}

fn events(parser: &mut Parser, pieces: &[&[u8]]) -> Vec<Event> {
    let mut events = Vec::new();
    for mut piece in pieces.iter().copied() {
        events.extend(std::iter::from_fn(|| parser.next(&mut piece)));
        assert!(piece.is_empty(), "input is left");
    }
    events.extend(parser.finish());
    events
}
