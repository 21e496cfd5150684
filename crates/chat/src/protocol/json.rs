//! A line of the `json` format, read.

use chrono::{DateTime, FixedOffset};
use serde_json::{Map, Value};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// What one line of the `json` format says. Texts are as they stand there: who shows them to people
/// has to [clean](crate::clean) them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) time: DateTime<FixedOffset>,
    pub(crate) room: String,
    /// `*` is the server.
    pub(crate) from: String,
    /// Whom a private message is for.
    pub(crate) to: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// It was sent from a room's history.
    pub(crate) history: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Notice,
    Private,
}

/// Why a line is no [`Record`].
#[derive(Debug, Error)]
pub(crate) enum JsonError {
    #[error("no JSON object")]
    Syntax(#[source] serde_json::Error),
    #[error("no text called {0}")]
    Missing(&'static str),
    #[error("the time is not one of RFC 3339")]
    Time(#[source] chrono::ParseError),
    #[error("the kind is none of message, notice and private")]
    Kind,
}

impl Record {
    /// Reads `line`, with or without its ending. What it has beside the fields that are known is
    /// ignored.
    pub(crate) fn parse(line: &[u8]) -> Result<Record, JsonError> {
        let mut fields: Map<String, Value> =
            serde_json::from_slice(line).map_err(JsonError::Syntax)?;
        let history = fields.remove("history") == Some(Value::Bool(true));
        let mut text = |name| match fields.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(JsonError::Missing(name)),
        };
        let kind = match text("kind")?.as_str() {
            "message" => Kind::Message,
            "notice" => Kind::Notice,
            "private" => Kind::Private,
            _ => return Err(JsonError::Kind),
        };
        Ok(Record {
            time: DateTime::parse_from_rfc3339(&text("time")?).map_err(JsonError::Time)?,
            room: text("room")?,
            from: text("from")?,
            to: if kind == Kind::Private { Some(text("to")?) } else { None },
            kind,
            text: text("text")?,
            history,
        })
    }
}
