//! The parser: events from the bytes that a server sends, without I/O.

use std::mem;

use netcore::line::LineFramer;

use crate::client::event::{Event, EventKind, Notice};
use crate::protocol::json::{self, Record};
use crate::protocol::text::clean;

#[cfg(test)]
mod tests;

/// Parses the bytes from a server into [`Event`]s, in any of the formats. The beginning of each
/// line shows its format.
///
/// ```
/// use chat::{Parser, EventKind};
///
/// let mut parser = Parser::new(Parser::LINE_LIMIT);
/// let mut messages = Vec::new();
/// for mut piece in [&b"2026-11-20 18:11:02 ann: hel"[..], b"lo\n* bob has left\n"] {
///     while let Some(event) = parser.next(&mut piece) {
///         if let EventKind::Message { from, text } = event.kind {
///             messages.push((from, text));
///         }
///     }
/// }
/// assert_eq!(messages, [("ann".to_owned(), "hello".to_owned())]);
/// ```
///
/// Any chunking of a stream gives the same events. No input is an error: a line in no format
/// becomes [`EventKind::Other`].
#[derive(Debug)]
pub struct Parser {
    framer: LineFramer,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between events.
    Between,
    /// In the `classic` format, after the line with time and names.
    Header(Header),
    /// In the `classic` format, after the text. An empty line follows.
    Gap,
}

/// The first line of an event in the `classic` format.
#[derive(Debug)]
struct Header {
    line: String,
    time: String,
    from: String,
    to: Option<String>,
}

impl Parser {
    /// The usual limit of a line: 65,536 bytes, which is 16 times the longest text that a server
    /// accepts by default.
    pub const LINE_LIMIT: usize = 65_536;

    /// Creates a parser for lines of at most `limit` bytes. It buffers at most one line, or two in
    /// the `classic` format.
    pub const fn new(limit: usize) -> Parser {
        Parser { framer: LineFramer::new(limit), state: State::Between }
    }

    /// Returns the next event of `input`, and advances `input` behind it. Returns `None` once all
    /// of `input` is consumed.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Event> {
        while let Some(line) = self.framer.next(input) {
            let event = match line {
                Ok(line) => parse_line(&mut self.state, line.text()),
                Err(too_long) => {
                    self.state = State::Between;
                    let kind = EventKind::TooLong { limit: too_long.limit };
                    Some(Event { raw: String::new(), time: None, room: None, history: false, kind })
                }
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    /// Ends the stream. Returns its unfinished last event, if there is one. The parser is ready for
    /// another stream then.
    pub fn finish(&mut self) -> Option<Event> {
        let rest = self.framer.finish().map(|line| text(line.text()));
        let raw = match (mem::replace(&mut self.state, State::Between), rest) {
            (State::Header(header), None) => header.line,
            (State::Header(header), Some(rest)) => [&header.line, "\n", &rest].concat(),
            (_, Some(rest)) => rest,
            (_, None) => return None,
        };
        Some(Event { raw, time: None, room: None, history: false, kind: EventKind::Other })
    }
}

/// Parses one line. Returns `None` if it completes no event.
fn parse_line(state: &mut State, line: &[u8]) -> Option<Event> {
    match mem::replace(state, State::Between) {
        State::Header(Header { line: header, time, from, to }) => {
            *state = State::Gap;
            let text = text(line);
            let raw = [&header, "\n", &text, "\n"].concat();
            let kind = match to {
                Some(to) => EventKind::Private { from, to, text },
                None => EventKind::Message { from, text },
            };
            return Some(Event { raw, time: Some(time), room: None, history: false, kind });
        }
        State::Gap | State::Between if line.is_empty() => return None,
        State::Gap | State::Between => {}
    }
    if line.starts_with(b"{") {
        if let Ok(record) = Record::parse(line) {
            return Some(event_of(record, text(line)));
        }
    }
    let raw = text(line);
    if let Some(notice) = raw.strip_prefix("* ") {
        let kind = notice_kind(notice.to_owned());
        return Some(Event { raw, time: None, room: None, history: false, kind });
    }
    if let Some(header) = header_of(&raw) {
        *state = State::Header(header);
        return None;
    }
    let (time, kind) = match message_of(&raw) {
        Some((time, kind)) => (Some(time), kind),
        None => (None, EventKind::Other),
    };
    Some(Event { raw, time, room: None, history: false, kind })
}

/// Parses `2026-11-20 18:11:02 NAME: TEXT` or `2026-11-20 18:11:02 NAME -> NAME: TEXT`. A name has
/// no space, and may have colons.
fn message_of(line: &str) -> Option<(String, EventKind)> {
    let (time, rest) = split_time(line, "0000-00-00 00:00:00 ")?;
    let (name, rest) = rest.split_once(' ')?;
    if let Some(from) = name.strip_suffix(':') {
        return Some((time, EventKind::Message { from: from.to_owned(), text: rest.to_owned() }));
    }
    let (to, text) = rest.strip_prefix("-> ")?.split_once(' ')?;
    let (from, to, text) = (name.to_owned(), to.strip_suffix(':')?.to_owned(), text.to_owned());
    Some((time, EventKind::Private { from, to, text }))
}

/// Parses `202611/20 18:11:02 NAME` or `202611/20 18:11:02 NAME -> NAME`.
fn header_of(line: &str) -> Option<Header> {
    let (time, names) = split_time(line, "000000/00 00:00:00 ")?;
    let (from, to) = match names.split_once(" -> ") {
        Some((from, to)) => (from, Some(to)),
        None => (names, None),
    };
    if [Some(from), to].iter().flatten().any(|name| name.is_empty() || name.contains(' ')) {
        return None;
    }
    let (from, to) = (from.to_owned(), to.map(str::to_owned));
    Some(Header { line: line.to_owned(), time, from, to })
}

/// Splits off a leading time, which has digits where `shape` has zeros. Returns the time and the
/// rest.
fn split_time<'a>(line: &'a str, shape: &str) -> Option<(String, &'a str)> {
    let stamp = line.get(..shape.len())?;
    let fits = |(is, shape): (u8, u8)| is == shape || shape == b'0' && is.is_ascii_digit();
    if !stamp.bytes().zip(shape.bytes()).all(fits) {
        return None;
    }
    Some((stamp.trim_end().to_owned(), &line[shape.len()..]))
}

fn event_of(record: Record, raw: String) -> Event {
    let [from, text] = [&record.from, &record.text].map(|text| clean(text).into_owned());
    let kind = match record.kind {
        json::Kind::Message => EventKind::Message { from, text },
        json::Kind::Private => {
            let to = clean(record.to.as_deref().unwrap_or_default()).into_owned();
            EventKind::Private { from, to, text }
        }
        json::Kind::Notice => notice_kind(text),
    };
    let (time, room) = (record.time.to_rfc3339(), clean(&record.room).into_owned());
    Event { raw, time: Some(time), room: Some(room), history: record.history, kind }
}

fn notice_kind(text: String) -> EventKind {
    let notice = Notice::parse(&text);
    EventKind::Notice { text, notice }
}

/// Returns a line as [clean] text, with replacement characters for bytes that are not UTF-8.
fn text(line: &[u8]) -> String {
    clean(&String::from_utf8_lossy(line)).into_owned()
}
