//! Events: the typed form of the lines that a server sends.

#[cfg(test)]
mod tests;

/// An event from a server. All its texts are [clean](crate::clean), even those of a hostile server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The event as it was received: a line without its ending, or in the `classic` format two
    /// lines with their endings.
    pub raw: String,
    /// Time of the event as the server wrote it: in the server's local time, with a zone (RFC 3339)
    /// only in the `json` format. Notices have a time in that format only.
    pub time: Option<String>,
    /// Room of the event; `None` except in the `json` format.
    pub room: Option<String>,
    /// `true` if the server sent the event from a room's history: it is older than this connection,
    /// and an earlier connection of the same client may have answered it.
    ///
    /// The `json` format marks such events. The `line` and `classic` formats do not, so a
    /// [`Client`](crate::Client) recognizes them by their position: messages before the reply to
    /// its first [`nick`](crate::Client::nick) or [`join`](crate::Client::join), and messages
    /// between the entry to a room and the end of the reply to `join`. A message that another
    /// client sends at that very moment counts as history too. Without such a call, and from a
    /// [`Parser`](crate::Parser), the field is `false` in these two formats.
    pub history: bool,
    /// Kind of the event, with its content.
    pub kind: EventKind,
}

/// Kinds of [`Event`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A message of a client, possibly of this one, to its room.
    Message {
        /// Name of the sender, or its address if it has chosen no name.
        from: String,
        /// Text of the message, one line.
        text: String,
    },
    /// A private message to this client, or from it: the server returns those too.
    Private {
        /// Name of the sender.
        from: String,
        /// Name of the receiver.
        to: String,
        /// Text of the message, one line.
        text: String,
    },
    /// A notice from the server itself.
    Notice {
        /// Text of the notice, without the leading `* `.
        text: String,
        /// Meaning of the notice, if it is known.
        notice: Option<Notice>,
    },
    /// A line that was longer than the limit. Its content was dropped.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line in none of the formats, or an incomplete line at the end of the connection.
    Other,
}

/// Meanings of notices. A greeting may contain any text, so use another client's joins and leaves
/// for display only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// This client's name from now on: `you are NAME`.
    YourName(String),
    /// This client's room from now on: `you are in ROOM; N here`. The room's history follows.
    YourRoom(String),
    /// Names of clients that joined the room. A notice about many clients names the first few.
    Joined(Vec<String>),
    /// Names of clients that left the room. A notice about many clients names the first few.
    Left(Vec<String>),
    /// A client of the room took another name.
    Renamed {
        /// Its old name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// The reply to `/who`: names of members of the room, not always all.
    Members(Vec<String>),
    /// The reply to `/rooms`: names of rooms, not always all.
    Rooms(Vec<String>),
    /// The operator removed this client.
    Removed,
    /// The server waits for the password; until then it accepts nothing else.
    PasswordNeeded,
    /// The password was right: the client is in the lobby from now on.
    PasswordAccepted,
    /// The password was wrong.
    PasswordWrong,
    /// The server needs no password: it has none, or this client has said it.
    PasswordUnneeded,
}

impl Notice {
    /// Parses the text of a notice, without the leading `* `. Returns `None` if its meaning is
    /// unknown.
    pub(crate) fn parse(text: &str) -> Option<Notice> {
        if text == "you have been removed by the operator" {
            return Some(Notice::Removed);
        }
        if let Some(notice) = Notice::of_the_door(text) {
            return Some(notice);
        }
        if let Some(rest) = text.strip_prefix("you are in ") {
            return rest.split_once("; ").and_then(|(room, _)| word(room)).map(Notice::YourRoom);
        }
        if let Some(name) = text.strip_prefix("you are ") {
            return word(name).map(Notice::YourName);
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
        // `NAME since HH:MM, …` and `ROOM N, …`: the first word of each item is the name.
        if let Some(list) = rest.strip_prefix("here: ") {
            return Some(Notice::Members(first_words(list)));
        }
        let list = rest.strip_prefix("rooms: ").or_else(|| rest.strip_prefix("room: "))?;
        Some(Notice::Rooms(first_words(list)))
    }
}

impl Notice {
    /// Parses a notice about the password.
    fn of_the_door(text: &str) -> Option<Notice> {
        match text {
            "password accepted" => Some(Notice::PasswordAccepted),
            "say /pass PASSWORD first" => Some(Notice::PasswordNeeded),
            "this chat has no password" | "you have said the password already" => {
                Some(Notice::PasswordUnneeded)
            }
            _ if text.starts_with("this chat has a password: ") => Some(Notice::PasswordNeeded),
            _ if text.starts_with("wrong password (") => Some(Notice::PasswordWrong),
            // The answer of a server that knows no passwords.
            _ if text.starts_with("no command /pass;") => Some(Notice::PasswordUnneeded),
            _ => None,
        }
    }
}

/// Returns `text` if it is one word.
fn word(text: &str) -> Option<String> {
    let is_word = !text.is_empty() && !text.contains(' ');
    is_word.then(|| text.to_owned())
}

/// Returns the names in `NAME`, `NAME and NAME`, `NAME, NAME and N more`.
fn names_of(list: &str) -> Option<Vec<String>> {
    let (list, last) = match list.split_once(" and ") {
        Some((list, last)) => (list, Some(last)),
        None => (list, None),
    };
    let last = last.filter(|last| !last.ends_with(" more"));
    list.split(", ").chain(last).map(word).collect()
}

/// Returns the first word of each item of a list, without ellipses.
fn first_words(list: &str) -> Vec<String> {
    let words = list.split(", ").filter_map(|item| item.split(' ').next());
    words.filter(|word| !matches!(*word, "" | "and" | "…")).map(str::to_owned).collect()
}
