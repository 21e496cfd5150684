//! What a server sends, as a client sees it.

#[cfg(test)]
mod tests;

/// One thing that a server has sent. All its texts are [clean](crate::clean), whatever the server
/// is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// It as it came: a line without its ending, and in the `classic` format two lines and their
    /// endings.
    pub raw: String,
    /// When it was said, as the server wrote it: in the server's local time, and with a zone in the
    /// `json` format alone (RFC 3339). Notices have a time in that format only.
    pub time: Option<String>,
    /// Where it was said. Only the `json` format tells.
    pub room: Option<String>,
    /// `true` if the server sent it from a room's history: it was said before this client came, and
    /// perhaps answered by an earlier connection of the same client.
    ///
    /// The `json` format marks such events. In `line` and `classic` they look like all others, and a
    /// [`Client`](crate::Client) knows them by their place: messages that come before the reply to
    /// its first [`nick`](crate::Client::nick) or [`join`](crate::Client::join), and those between
    /// entry to a room and the rest of the reply to `join`. A message that somebody says at that
    /// very moment counts as history too. Without such a call, and from a
    /// [`Parser`](crate::Parser), it is `false` in these two formats.
    pub history: bool,
    /// What it is.
    pub kind: EventKind,
}

/// What an [`Event`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// Somebody, perhaps this client, said something to the room.
    Message {
        /// Its name, or its address if it has chosen none.
        from: String,
        /// One line.
        text: String,
    },
    /// A private message to this client, or from it: those come back too.
    Private {
        /// Who said it.
        from: String,
        /// Whom it is for.
        to: String,
        /// One line.
        text: String,
    },
    /// The server itself says something.
    Notice {
        /// Without the `* ` in front.
        text: String,
        /// What it means, where that can be told.
        notice: Option<Notice>,
    },
    /// A line that was longer than the limit. Nothing is known of it.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A line that is in none of the formats, or that the connection's end cut short.
    Other,
}

/// What a notice means. Anything can stand in a server's greeting, so nothing but looks should
/// depend on another's coming or going.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// This client's name from now on: `you are NAME`.
    You(String),
    /// This client's room from now on: `you are in ROOM; N here`. The room's history follows.
    In(String),
    /// They have come into the room. Of a crowd the first few are named.
    Joined(Vec<String>),
    /// They have gone from the room. Of a crowd the first few are named.
    Left(Vec<String>),
    /// Somebody has taken another name.
    Renamed {
        /// The name so far.
        from: String,
        /// The name from now on.
        to: String,
    },
    /// The answer to `/who`: some of those in the room.
    Here(Vec<String>),
    /// The answer to `/rooms`: some of the rooms.
    Rooms(Vec<String>),
    /// The operator has removed this client.
    Removed,
}

impl Notice {
    /// Reads a notice without the `* ` in front.
    pub(crate) fn parse(text: &str) -> Option<Notice> {
        if text == "you have been removed by the operator" {
            return Some(Notice::Removed);
        }
        if let Some(rest) = text.strip_prefix("you are in ") {
            return rest.split_once("; ").and_then(|(room, _)| word(room)).map(Notice::In);
        }
        if let Some(name) = text.strip_prefix("you are ") {
            return word(name).map(Notice::You);
        }
        for ending in [" has joined", " have joined"] {
            if let Some(names) = text.strip_suffix(ending) {
                return names_of(names).map(Notice::Joined);
            }
        }
        for ending in [" has left", " have left"] {
            if let Some(names) = text.strip_suffix(ending) {
                return names_of(names).map(Notice::Left);
            }
        }
        if let Some((from, to)) = text.split_once(" is now ") {
            let (from, to) = word(from).zip(word(to))?;
            return Some(Notice::Renamed { from, to });
        }
        let (count, rest) = text.split_once(' ')?;
        count.parse::<usize>().ok()?;
        // `NAME since HH:MM, …` and `ROOM N, …`: the first word of each is what counts.
        if let Some(list) = rest.strip_prefix("here: ") {
            return Some(Notice::Here(first_words(list)));
        }
        let list = rest.strip_prefix("rooms: ").or_else(|| rest.strip_prefix("room: "))?;
        Some(Notice::Rooms(first_words(list)))
    }
}

/// `text`, if it is one word.
fn word(text: &str) -> Option<String> {
    let is_word = !text.is_empty() && !text.contains(' ');
    is_word.then(|| text.to_owned())
}

/// The names of `NAME`, `NAME and NAME`, `NAME, NAME and N more`.
fn names_of(list: &str) -> Option<Vec<String>> {
    let (list, last) = match list.split_once(" and ") {
        Some((list, last)) => (list, Some(last)),
        None => (list, None),
    };
    let last = last.filter(|last| !last.ends_with(" more"));
    list.split(", ").chain(last).map(word).collect()
}

fn first_words(list: &str) -> Vec<String> {
    let words = list.split(", ").filter_map(|item| item.split(' ').next());
    words.filter(|word| !matches!(*word, "" | "and" | "…")).map(str::to_owned).collect()
}
