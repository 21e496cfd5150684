//! Entries of streams: lines of rooms, and the content of inboxes.

use std::fmt;

use crate::backplane::answer::Answer;
use crate::backplane::key::{ITEM, SEPARATOR, field, kind};
use crate::backplane::operation::LineKind;

#[cfg(test)]
mod tests;

/// The identity of an entry in its stream, which gives the order: milliseconds of the engine's
/// clock, and a number within the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntryId {
    /// Milliseconds since 1970.
    pub time: u64,
    /// Number within the millisecond.
    pub sequence: u64,
}

impl EntryId {
    /// Parses the form `TIME-SEQUENCE`.
    pub fn parse(text: &str) -> Option<EntryId> {
        let (time, sequence) = text.split_once('-')?;
        Some(EntryId { time: time.parse().ok()?, sequence: sequence.parse().ok()? })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time, self.sequence)
    }
}

/// An entry as it is in a stream. Anybody can add entries to a stream, so nothing about the fields
/// is certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// Its identity.
    pub id: EntryId,
    /// Names and values.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A line of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEntry {
    /// Its identity.
    pub id: EntryId,
    /// Its number in the stream.
    pub sequence: u64,
    /// The node whose operation made it; empty for the notices of a reaping.
    pub node: String,
    /// The client of that node that said it, or 0.
    pub client: u64,
    /// Number of the operation.
    pub number: u64,
    /// Its kind.
    pub kind: LineKind,
    /// Name of the sender; empty in a notice.
    pub from: String,
    /// Its text.
    pub text: String,
    /// Its time in milliseconds since 1970, by the clock of the node.
    pub time: u64,
}

/// An entry of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// Its identity.
    pub id: EntryId,
    /// Its number in the stream.
    pub sequence: u64,
    /// Its content.
    pub content: Received,
}

/// The content of an entry in an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// The outcome of an operation of this node (`i`).
    Answer {
        /// Number of the operation.
        number: u64,
        /// The outcome.
        answer: Answer,
    },
    /// A private message (`c`, `f`, `o`, `r`, `x`, `t`).
    Private {
        /// The receiver, on this node.
        client: u64,
        /// Name of the sender.
        from: String,
        /// Name of the receiver, as shown.
        to: String,
        /// Shown name of the sender's room.
        room: String,
        /// The text.
        text: String,
        /// Its time in milliseconds since 1970.
        time: u64,
    },
    /// A notice of the operator (`c`, `x`).
    Tell {
        /// The receiver, on this node.
        client: u64,
        /// The text.
        text: String,
    },
    /// The operator removes a client (`c`).
    Kick {
        /// The client, on this node.
        client: u64,
    },
}

impl RawEntry {
    /// Reads a line of a room. Returns `None` if no node has written it.
    pub fn to_room(&self) -> Option<RoomEntry> {
        let kind = match self.text(field::KIND)? {
            kind::MESSAGE => LineKind::Message,
            kind::NOTICE => LineKind::Notice,
            kind::PRESENCE => LineKind::Presence,
            kind::RENAME => LineKind::Rename,
            _ => return None,
        };
        Some(RoomEntry {
            id: self.id,
            sequence: self.number(field::SEQUENCE)?,
            node: self.text(field::NODE)?.to_owned(),
            client: self.number(field::CLIENT)?,
            number: self.number(field::NUMBER)?,
            kind,
            from: self.text(field::FROM)?.to_owned(),
            text: self.text(field::TEXT)?.to_owned(),
            time: self.number(field::TIME)?,
        })
    }

    /// Reads an entry of an inbox. Returns `None` if no node has written it.
    pub fn to_inbox(&self) -> Option<InboxEntry> {
        let owned = |name| self.text(name).map(str::to_owned);
        let content = match self.text(field::KIND)? {
            kind::PRIVATE => Received::Private {
                client: self.number(field::CLIENT)?,
                from: owned(field::FROM)?,
                to: owned(field::TO)?,
                room: owned(field::ROOM)?,
                text: owned(field::TEXT)?,
                time: self.number(field::TIME)?,
            },
            kind::TELL => {
                Received::Tell { client: self.number(field::CLIENT)?, text: owned(field::TEXT)? }
            }
            kind::KICK => Received::Kick { client: self.number(field::CLIENT)? },
            kind => {
                let answer = self.to_answer(kind)?;
                Received::Answer { number: self.number(field::NUMBER)?, answer }
            }
        };
        Some(InboxEntry { id: self.id, sequence: self.number(field::SEQUENCE)?, content })
    }

    fn to_answer(&self, kind: &str) -> Option<Answer> {
        let owned = |name| self.text(name).map(str::to_owned);
        Some(match kind {
            kind::RENAMED => Answer::Renamed,
            kind::TAKEN => Answer::Taken,
            kind::MOVED => {
                Answer::Moved { room: owned(field::ROOM)?, members: self.number(field::COUNT)? }
            }
            kind::CONFUSABLE => Answer::Confusable { room: owned(field::ROOM)? },
            kind::TOO_MANY => Answer::TooMany,
            kind::FULL => Answer::Full { room: owned(field::ROOM)? },
            kind::ALREADY => Answer::Already { room: owned(field::ROOM)? },
            kind::DELIVERED => Answer::Delivered {
                to: owned(field::TO)?,
                node: owned(field::NODE)?,
                client: self.number(field::CLIENT)?,
            },
            kind::NOBODY => Answer::Nobody,
            kind::MEMBERS => {
                Answer::Members { count: self.number(field::COUNT)?, listed: self.numbers()? }
            }
            kind::ROOMS => Answer::Rooms { listed: self.numbers()? },
            kind::CLIENTS => Answer::Clients {
                listed: self.pairs()?.map(|(a, b)| (a.to_owned(), b.to_owned())).collect(),
            },
            kind::DONE => Answer::Done,
            kind::NAME_LOST => Answer::NameLost,
            kind::FAILED => Answer::Failed { reason: owned(field::TEXT)? },
            _ => return None,
        })
    }

    /// Returns the value of a field, if it is UTF-8.
    fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name.as_bytes())?;
        std::str::from_utf8(value).ok()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// Returns the pairs of a list.
    fn pairs(&self) -> Option<impl Iterator<Item = (&str, &str)>> {
        let list = self.text(field::TEXT)?;
        Some(list.split(ITEM).filter_map(|item| item.split_once(SEPARATOR)))
    }

    fn numbers(&self) -> Option<Vec<(String, u64)>> {
        self.pairs()?.map(|(name, number)| Some((name.to_owned(), number.parse().ok()?))).collect()
    }
}
