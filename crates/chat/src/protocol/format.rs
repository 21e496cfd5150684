//! How messages and notices look on the wire.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use chrono::{DateTime, Local, SecondsFormat};
use thiserror::Error;

/// The room in which everybody starts.
pub(crate) const LOBBY: &str = "lobby";

/// How messages and notices are written. All clients of a server get the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// `2026-11-20 18:11:02 NAME: TEXT`; for one client alone, `NAME -> NAME: TEXT` behind the time.
    #[default]
    Line,
    /// `202611/20 18:11:02 NAME`, then the text on a line of its own, then an empty line; for one
    /// client alone, `NAME -> NAME` behind the time.
    Classic,
    /// One JSON object (RFC 8259) a line: `time` (RFC 3339), `room`, `from`, `kind` (`message`,
    /// `private` or `notice`) and `text`; in a private message `to`, behind `from`; in a message
    /// from the history `"history":true`, at the end.
    Json,
}

/// The word is none of `line`, `classic` and `json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected line, classic or json")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Format, UnknownFormat> {
        match word {
            "line" => Ok(Format::Line),
            "classic" => Ok(Format::Classic),
            "json" => Ok(Format::Json),
            _ => Err(UnknownFormat),
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

/// Writes messages in one format. It keeps the text of the second it last wrote, since making that
/// costs more than the rest of a message.
#[derive(Debug)]
pub(crate) struct Writer {
    format: Format,
    second: Option<i64>,
    stamp: String,
}

impl Writer {
    pub(crate) fn new(format: Format) -> Writer {
        Writer { format, second: None, stamp: String::new() }
    }

    /// What `from` says to all in `room`.
    pub(crate) fn message(
        &mut self,
        out: &mut Vec<u8>,
        time: SystemTime,
        room: &str,
        from: &str,
        text: &str,
    ) {
        self.stamp(time);
        match self.format {
            Format::Line => put(out, &[&self.stamp, " ", from, ": ", text, "\n"]),
            Format::Classic => put(out, &[&self.stamp, " ", from, "\n", text, "\n\n"]),
            Format::Json => self.object(out, room, from, None, "message", text),
        }
    }

    /// What `from`, in `room`, says to `to` alone.
    pub(crate) fn private(
        &mut self,
        out: &mut Vec<u8>,
        time: SystemTime,
        room: &str,
        [from, to]: [&str; 2],
        text: &str,
    ) {
        self.stamp(time);
        match self.format {
            Format::Line => put(out, &[&self.stamp, " ", from, " -> ", to, ": ", text, "\n"]),
            Format::Classic => {
                put(out, &[&self.stamp, " ", from, " -> ", to, "\n", text, "\n\n"]);
            }
            Format::Json => self.object(out, room, from, Some(to), "private", text),
        }
    }

    /// What the server says, to somebody in `room`.
    pub(crate) fn notice(&mut self, out: &mut Vec<u8>, time: SystemTime, room: &str, text: &str) {
        self.stamp(time);
        match self.format {
            Format::Line | Format::Classic => put(out, &["* ", text, "\n"]),
            Format::Json => self.object(out, room, "*", None, "notice", text),
        }
    }

    fn object(
        &self,
        out: &mut Vec<u8>,
        room: &str,
        from: &str,
        to: Option<&str>,
        kind: &str,
        text: &str,
    ) {
        put(out, &["{\"time\":\"", &self.stamp, "\",\"room\":"]);
        quote(out, room);
        put(out, &[",\"from\":"]);
        quote(out, from);
        if let Some(to) = to {
            put(out, &[",\"to\":"]);
            quote(out, to);
        }
        put(out, &[",\"kind\":\"", kind, "\",\"text\":"]);
        quote(out, text);
        put(out, &["}\n"]);
    }

    /// Makes `stamp` the text of `time`, in local time.
    fn stamp(&mut self, time: SystemTime) {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // The clock of a system is set by people; what chrono cannot show is shown as the epoch.
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

/// Appends `message` in the form that it has in the history: in `json` with a mark, so that programs
/// do not take it for news.
pub(crate) fn remember(format: Format, message: &[u8], out: &mut Vec<u8>) {
    match message.strip_suffix(b"}\n") {
        Some(object) if format == Format::Json => {
            out.extend_from_slice(object);
            out.extend_from_slice(b",\"history\":true}\n");
        }
        _ => out.extend_from_slice(message),
    }
}

/// Writes what is said in rooms: for the clients, and where there is a log on disk, for that.
#[derive(Debug)]
pub(crate) struct Pen {
    pub(crate) wire: Writer,
    pub(crate) disk: Option<Writer>,
}

fn put(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A JSON string (RFC 8259, section 7). `text` is clean: of what must be escaped, only quotes and
/// backslashes are left.
fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for b in text.bytes() {
        if matches!(b, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(b);
    }
    out.push(b'"');
}
