//! Answers: the outcome of an operation, which comes back by the node's inbox.

/// An answer to an operation.
///
/// An entry of the inbox carries it with the number of the operation and its kind. Its other fields
/// are named at each variant, by [`field`](super::key::field).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The client has its new name.
    Renamed,
    /// Another client has the name, or one that looks like it.
    Taken,
    /// The client is in the room.
    Moved {
        /// Shown name of the room (`r`).
        room: String,
        /// Number of its members, the client included (`m`).
        members: u64,
    },
    /// A room with members looks like this one.
    Confusable {
        /// Its shown name (`r`).
        room: String,
    },
    /// There are as many rooms as the limit allows.
    TooMany,
    /// The room has as many members as the limit allows.
    Full {
        /// Its shown name (`r`).
        room: String,
    },
    /// The client is in the room already.
    Already {
        /// Its shown name (`r`).
        room: String,
    },
    /// The message is in the inbox of the receiver's node.
    Delivered {
        /// Shown name of the receiver (`o`).
        to: String,
        /// Its node (`n`).
        node: String,
        /// The client on that node (`c`).
        client: u64,
    },
    /// Nobody has the name.
    Nobody,
    /// The members of a room.
    Members {
        /// Number of all members (`m`).
        count: u64,
        /// Names and times of entry in milliseconds, those who entered first in front (`x`:
        /// `name␟time`, separated by U+001E).
        listed: Vec<(String, u64)>,
    },
    /// The rooms with members, and the lobby.
    Rooms {
        /// Shown names and numbers of members, the lobby first, then the fullest, then by folded
        /// name (`x`: `room␟members`, separated by U+001E).
        listed: Vec<(String, u64)>,
    },
    /// The clients.
    Clients {
        /// Names, and shown names of their rooms (`x`: `name␟room`, separated by U+001E).
        listed: Vec<(String, String)>,
    },
    /// The operation is done.
    Done,
    /// The client's chosen name belongs to somebody else by now, so its address is its name.
    NameLost,
    /// The engine has refused the operation.
    Failed {
        /// The reason (`x`), such as the error of a command.
        reason: String,
    },
}
