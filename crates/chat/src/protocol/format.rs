//! Rendering of messages and notices as text or JSON, for the wire and for the disk.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use chrono::{DateTime, Local, SecondsFormat};
use netcore::error::debug_as_chain;
use thiserror::Error;

/// Name of the room in which every client starts.
pub(crate) const LOBBY: &str = "lobby";

/// Format of messages and notices. All clients of a server receive the same bytes, except browsers,
/// which receive `json` in WebSocket messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// `2026-11-20 18:11:02 NAME: TEXT`; a private message has `NAME -> NAME: TEXT` after the time.
    #[default]
    Line,
    /// `202611/20 18:11:02 NAME`, then the text on a line of its own, then an empty line; a private
    /// message has `NAME -> NAME` after the time.
    Classic,
    /// One JSON object (RFC 8259) a line: `time` (RFC 3339), `room`, `from`, `kind` (`message`,
    /// `private` or `notice`) and `text`; in a private message `to`, after `from`; in a message
    /// from the history `"history":true`, at the end.
    Json,
}

/// A text that is not the name of a [`Format`].
#[derive(Clone, PartialEq, Eq, Error)]
#[error("unknown message format {text:?}: not line, classic or json")]
pub struct UnknownFormat {
    text: Box<str>,
}

debug_as_chain!(UnknownFormat { text });

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        match text {
            "line" => Ok(Format::Line),
            "classic" => Ok(Format::Classic),
            "json" => Ok(Format::Json),
            _ => Err(UnknownFormat { text: text.into() }),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Line => "line",
            Format::Classic => "classic",
            Format::Json => "json",
        })
    }
}

/// One line of the chat, before it is rendered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) time: SystemTime,
    /// Name of the sender's room; for a notice, of the receiver's room.
    pub(crate) room: &'a str,
    pub(crate) kind: MessageKind<'a>,
    /// Text without control characters.
    pub(crate) text: &'a str,
}

/// Kinds of lines, with the names of the clients concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MessageKind<'a> {
    /// A client's message to its room.
    Public { from: &'a str },
    /// A client's message to one other client.
    Private { from: &'a str, to: &'a str },
    /// A notice from the server.
    Notice,
}

/// Renders lines in one format. It caches the text of the last second, because formatting a time
/// costs more than the rest of a line.
#[derive(Debug)]
pub(crate) struct Renderer {
    format: Format,
    second: Option<i64>,
    stamp: String,
}

impl Renderer {
    pub(crate) fn new(format: Format) -> Renderer {
        Renderer { format, second: None, stamp: String::new() }
    }

    /// Appends the line for `message` to `out`.
    pub(crate) fn render(&mut self, message: &Message<'_>, out: &mut Vec<u8>) {
        self.stamp(message.time);
        match self.format {
            Format::Line => self.line(message, out),
            Format::Classic => self.classic(message, out),
            Format::Json => self.object(message, out),
        }
    }

    fn line(&self, message: &Message<'_>, out: &mut Vec<u8>) {
        let (stamp, text) = (&self.stamp, message.text);
        match message.kind {
            MessageKind::Public { from } => put(out, &[stamp, " ", from, ": ", text, "\n"]),
            MessageKind::Private { from, to } => {
                put(out, &[stamp, " ", from, " -> ", to, ": ", text, "\n"]);
            }
            MessageKind::Notice => put(out, &["* ", text, "\n"]),
        }
    }

    fn classic(&self, message: &Message<'_>, out: &mut Vec<u8>) {
        let (stamp, text) = (&self.stamp, message.text);
        match message.kind {
            MessageKind::Public { from } => put(out, &[stamp, " ", from, "\n", text, "\n\n"]),
            MessageKind::Private { from, to } => {
                put(out, &[stamp, " ", from, " -> ", to, "\n", text, "\n\n"]);
            }
            MessageKind::Notice => put(out, &["* ", text, "\n"]),
        }
    }

    fn object(&self, message: &Message<'_>, out: &mut Vec<u8>) {
        let (from, to, kind) = match message.kind {
            MessageKind::Public { from } => (from, None, "message"),
            MessageKind::Private { from, to } => (from, Some(to), "private"),
            MessageKind::Notice => ("*", None, "notice"),
        };
        put(out, &["{\"time\":\"", &self.stamp, "\",\"room\":"]);
        quote(out, message.room);
        put(out, &[",\"from\":"]);
        quote(out, from);
        if let Some(to) = to {
            put(out, &[",\"to\":"]);
            quote(out, to);
        }
        put(out, &[",\"kind\":\"", kind, "\",\"text\":"]);
        quote(out, message.text);
        put(out, &["}\n"]);
    }

    /// Sets `stamp` to the text of `time`, in local time.
    fn stamp(&mut self, time: SystemTime) {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // People set the system's clock; a time that chrono cannot show becomes the epoch.
        let second = i64::try_from(since.as_secs()).unwrap_or_default();
        if self.second == Some(second) {
            return;
        }
        self.second = Some(second);
        let local = DateTime::from_timestamp(second, 0).unwrap_or_default().with_timezone(&Local);
        self.stamp = match self.format {
            Format::Line => local.format("%Y-%m-%d %H:%M:%S").to_string(),
            Format::Classic => local.format("%Y%m/%d %H:%M:%S").to_string(),
            Format::Json => local.to_rfc3339_opts(SecondsFormat::Secs, false),
        };
    }
}

/// Appends a rendered `message` in the form that it has in the history. In `json` it gets a mark,
/// so that programs can tell it from a new message.
pub(crate) fn mark_history(format: Format, message: &[u8], out: &mut Vec<u8>) {
    match message.strip_suffix(b"}\n") {
        Some(object) if format == Format::Json => {
            out.extend_from_slice(object);
            out.extend_from_slice(b",\"history\":true}\n");
        }
        _ => out.extend_from_slice(message),
    }
}

fn put(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends a JSON string (RFC 8259, section 7). `text` has no control characters, so only quotes
/// and backslashes need an escape.
pub(crate) fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for b in text.bytes() {
        if matches!(b, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(b);
    }
    out.push(b'"');
}
