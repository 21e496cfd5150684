//! Parsing of lines in the `json` format, which `format` renders.

use chrono::{DateTime, FixedOffset};
use serde_json::{Map, Value};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// One line of the `json` format. Its texts are not cleaned: [clean](crate::clean) them before
/// anybody sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) time: DateTime<FixedOffset>,
    pub(crate) room: String,
    /// Name of the sender; `*` for the server.
    pub(crate) from: String,
    /// Name of the receiver of a private message.
    pub(crate) to: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// `true` if the message was sent from a room's history.
    pub(crate) history: bool,
}

/// Kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Notice,
    Private,
}

/// Reasons for which a line is not a [`Record`].
#[derive(Debug, Error)]
pub(crate) enum JsonError {
    #[error("not a JSON object")]
    Syntax(#[source] serde_json::Error),
    #[error("no string {0}")]
    Missing(&'static str),
    #[error("the time is not RFC 3339")]
    Time(#[source] chrono::ParseError),
    #[error("the kind is not message, notice or private")]
    Kind,
}

impl Record {
    /// Parses `line`, with or without its ending. Unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// [`JsonError`] if the line is not an object, or if a field is missing or malformed.
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
