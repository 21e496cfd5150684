//! EventKind must hold for anything that a server sends. The fuzz target in `fuzz` and the test over its
//! corpus both include this file.

use chat::{Event, EventKind, Parser, clean};
use netcore::testing::cut;

/// The longest line: short, so that fuzzing finds the way past it.
const LIMIT: usize = 250;

/// The events of a stream do not depend on how it is cut, none of their texts can disturb a
/// terminal, and together they are no longer than the stream. Says whether there was a message.
///
/// The first byte is the seed of the cutting, the rest the stream.
pub(crate) fn chat(input: &[u8]) -> bool {
    let [seed, stream @ ..] = input else { return false };
    let mut parser = Parser::new(LIMIT);
    let expected = events(&mut parser, &[stream]);
    for pieces in [stream.chunks(1).collect(), cut(stream, *seed, 12)] {
        assert_eq!(events(&mut parser, &pieces), expected, "{:?}", stream.escape_ascii());
    }
    let mut said = false;
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
        said |= matches!(event.kind, EventKind::Message { .. } | EventKind::Private { .. });
    }
    // A byte that is not UTF-8 is replaced by a character of three; the end of a line that has none
    // is the one byte that is added.
    let length: usize = expected.iter().map(|event| event.raw.len()).sum();
    assert!(length <= 3 * stream.len() + 1, "{length} bytes of {}", stream.len());
    said
}

fn events(parser: &mut Parser, pieces: &[&[u8]]) -> Vec<Event> {
    let mut events = Vec::new();
    for mut piece in pieces.iter().copied() {
        events.extend(std::iter::from_fn(|| parser.next(&mut piece)));
        assert!(piece.is_empty(), "not all was used");
    }
    events.extend(parser.finish());
    events
}
