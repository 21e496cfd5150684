//! The names of keys and fields in the engine, which every implementation shares.

/// Begins the name of each key.
pub const PREFIX: &str = "sockit:";

/// Separates the fields of a record in one value. No name and no line contains it.
pub const SEPARATOR: char = '\u{1f}';

/// Separates the items of a list in one field of an entry.
pub const ITEM: char = '\u{1e}';

/// The most entries of an inbox, approximately.
pub const MAX_INBOX: u64 = 16_384;

/// The fewest entries that a room's stream keeps, approximately, if there are as many.
pub const MIN_STREAM: u64 = 65_536;

/// Milliseconds for which a lease is valid after it was renewed.
pub const LEASE: u64 = 10_000;

/// Seconds for which the record and the inbox of a node are kept after its lease has expired.
pub const KEPT: u64 = 3600;

/// The most clients that one [reaping](super::engine::Request::Reap) releases.
pub const REAPED: usize = 1000;

/// The states of a node, in its record.
pub mod state {
    /// A session has begun, and the node's clients are not registered yet.
    pub const BEGUN: &str = "begun";
    /// The node's clients are registered.
    pub const KNOWN: &str = "known";
    /// The node was reaped, or has retired. It must begin a session.
    pub const ENDED: &str = "ended";
}

/// The fields of an entry in a stream.
pub mod field {
    /// Number of the entry in its stream: one more than that of the entry before. In a room, joins,
    /// leaves and renames have the number of the line before them. Numbers survive trimming and the
    /// end of a room, so a hole shows that lines were removed.
    pub const SEQUENCE: &str = "q";
    /// Name of the node whose operation made the entry; in an answer about a delivered message, of
    /// the receiver's node. Empty for the notices of a reaping.
    pub const NODE: &str = "n";
    /// Client on that node, or 0. In a direct message, the receiver.
    pub const CLIENT: &str = "c";
    /// Number of the operation that made the entry.
    pub const NUMBER: &str = "i";
    /// Kind of the entry: see [`kind`](super::kind).
    pub const KIND: &str = "k";
    /// Name of the sender.
    pub const FROM: &str = "f";
    /// Name of the receiver, as shown.
    pub const TO: &str = "o";
    /// The text, or the list of an answer.
    pub const TEXT: &str = "x";
    /// Time in milliseconds since 1970, by the clock of the node that made the entry.
    pub const TIME: &str = "t";
    /// Shown name of a room.
    pub const ROOM: &str = "r";
    /// A number of members, rooms or clients.
    pub const COUNT: &str = "m";
}

/// The values of [`field::KIND`].
pub mod kind {
    /// A client's message, in a room.
    pub const MESSAGE: &str = "message";
    /// A notice of the same importance, in a room.
    pub const NOTICE: &str = "notice";
    /// A join, leave or rename, in a room.
    pub const PRESENCE: &str = "presence";
    /// A rename by the client in [`field::CLIENT`](super::field::CLIENT), in a room.
    pub const RENAME: &str = "rename";

    /// A private message, in an inbox.
    pub const PRIVATE: &str = "private";
    /// A notice of the operator to one client, in an inbox.
    pub const TELL: &str = "tell";
    /// The operator removes a client, in an inbox.
    pub const KICK: &str = "kick";

    /// Answer: the client has its new name.
    pub const RENAMED: &str = "renamed";
    /// Answer: the name is taken.
    pub const TAKEN: &str = "taken";
    /// Answer: the client is in the room.
    pub const MOVED: &str = "moved";
    /// Answer: another room looks like this one.
    pub const CONFUSABLE: &str = "confusable";
    /// Answer: there are as many rooms as the limit allows.
    pub const TOO_MANY: &str = "toomany";
    /// Answer: the room is full.
    pub const FULL: &str = "full";
    /// Answer: the client is in the room already.
    pub const ALREADY: &str = "already";
    /// Answer: the direct message is in the receiver's inbox.
    pub const DELIVERED: &str = "delivered";
    /// Answer: nobody has the name.
    pub const NOBODY: &str = "nobody";
    /// Answer: members of a room.
    pub const MEMBERS: &str = "members";
    /// Answer: rooms with members.
    pub const ROOMS: &str = "rooms";
    /// Answer: clients with their rooms.
    pub const CLIENTS: &str = "clients";
    /// Answer: the operation is done.
    pub const DONE: &str = "done";
    /// Answer: the client's chosen name belongs to somebody else, so its address is its name.
    pub const NAME_LOST: &str = "namelost";
    /// Answer: the engine refused this operation, with the reason as text.
    pub const FAILED: &str = "failed";
}

/// Returns the key of a room's stream.
pub fn room(folded: &str) -> String {
    format!("{PREFIX}room:{folded}")
}

/// Returns the folded name of the room whose stream has this key.
pub fn folded_of(stream: &str) -> Option<&str> {
    stream.strip_prefix(PREFIX)?.strip_prefix("room:")
}

/// Returns the key of the members of a room.
pub fn members(folded: &str) -> String {
    format!("{PREFIX}members:{folded}")
}

/// Returns the key of a node's inbox.
pub fn inbox(node: &str) -> String {
    format!("{PREFIX}inbox:{node}")
}

/// Returns the key of a node's record.
pub fn node(node: &str) -> String {
    format!("{PREFIX}node:{node}")
}

/// Returns the key of the clients of a node.
pub fn clients(node: &str) -> String {
    format!("{PREFIX}clients:{node}")
}
