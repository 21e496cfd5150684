//! Operations: the wishes of a node, each applied by the engine once.

use std::sync::Arc;

use crate::protocol::name::Name;

/// One numbered operation of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Numbers ascend, with gaps, and stay below 2^53. The engine ignores an operation whose number
    /// is not above the last that it has applied for the node.
    pub number: u64,
    /// The operation.
    pub operation: Operation,
}

/// An operation. The engine applies each as a whole or, if it refuses it, not at all; a refused one
/// is answered with [`Failed`](super::answer::Answer::Failed) and counts as applied. Times are
/// milliseconds since 1970, by the node's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Appends a line to the stream of its room. It has no answer; the line itself comes back. A
    /// line for a room that `sockit:rooms` does not have is appended all the same.
    Say(Line),
    /// Adds a client, or adds it again after the engine has released it. Its keys are claimed if
    /// all are free or its own already; else its address becomes its name, which is answered with
    /// [`NameLost`](super::answer::Answer::NameLost) if it had chosen a name. The address is
    /// claimed if it is free. The client enters its room whatever the limits say; a missing room is
    /// created. Without trouble it has no answer.
    Register(Registration),
    /// Sets the state of the node to `known`: all of its clients are registered. It has no answer.
    Registered,
    /// Gives a client the name that it chose: answered with
    /// [`Renamed`](super::answer::Answer::Renamed) or [`Taken`](super::answer::Answer::Taken). Its
    /// earlier keys are free then, and `notice` stands in the room's stream (kind `rename`) before
    /// the answer.
    Rename(Rename),
    /// Moves a client to another room, which is created if there is none: answered with
    /// [`Moved`](super::answer::Answer::Moved) or a reason.
    Move(Move),
    /// Removes a client: its keys are free, and it is in no room. It has no answer, also if there
    /// is no such client.
    Unregister {
        /// The client.
        client: u64,
    },
    /// Puts a message for one client into the inbox of its node: answered with
    /// [`Delivered`](super::answer::Answer::Delivered) or
    /// [`Nobody`](super::answer::Answer::Nobody).
    Direct(Direct),
    /// Appends a notice to the streams of all rooms in `sockit:rooms`: answered with
    /// [`Done`](super::answer::Answer::Done).
    Announce {
        /// The text.
        text: Arc<str>,
        /// Time of the notice.
        time: u64,
    },
    /// Returns the number of members of a room, and the first `most` of them in the order in which
    /// they entered: answered with [`Members`](super::answer::Answer::Members).
    Members {
        /// Folded name of the room.
        room: Arc<str>,
        /// The most members to list.
        most: usize,
    },
    /// Returns the rooms with members, and the lobby: answered with
    /// [`Rooms`](super::answer::Answer::Rooms).
    Rooms,
    /// Returns at most `most` clients with their rooms, sorted by node and then by client: answered
    /// with [`Clients`](super::answer::Answer::Clients).
    Clients {
        /// The most clients to list.
        most: usize,
    },
    /// Does nothing: answered with [`Done`](super::answer::Answer::Done), behind everything that
    /// was applied before.
    Sync,
    /// Releases all clients of the node and ends its lease, as a reaping does, but without notices.
    /// The state of the node is `ended` then. It has no answer.
    Retire,
}

/// A line for a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Folded name of the room.
    pub room: Arc<str>,
    /// The client that says it, or 0.
    pub client: u64,
    /// Kind of the line.
    pub kind: LineKind,
    /// Name of the sender; empty in a notice.
    pub from: Arc<str>,
    /// The text, without control characters.
    pub text: Arc<str>,
    /// Time of the line.
    pub time: u64,
}

/// Kinds of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// A client's message.
    Message,
    /// A notice that goes into the history.
    Notice,
    /// Joins, leaves and renames.
    Presence,
    /// The rename of the line's client, who receives an answer instead.
    Rename,
}

/// A client with everything that the engine has to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The client; its node never uses the number again.
    pub client: u64,
    /// The name that it had before it chose one, usually its address.
    pub address: Arc<str>,
    /// The name that it chose.
    pub chosen: Option<ChosenName>,
    /// The room that it is in.
    pub room: RoomName,
    /// Time at which it entered the room.
    pub since: u64,
}

/// A name that a client chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenName {
    /// The name as shown.
    pub shown: Arc<str>,
    /// The name in lower case.
    pub folded: Arc<str>,
    /// Its skeletons, often equal: the keys in `sockit:names`.
    pub skeletons: [Arc<str>; 2],
}

/// The name of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName {
    /// The name as shown.
    pub shown: Arc<str>,
    /// The name in lower case, which identifies the room.
    pub folded: Arc<str>,
    /// Its skeletons, often equal: the keys in `sockit:looks`.
    pub skeletons: [Arc<str>; 2],
}

/// A client takes another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// The client.
    pub client: u64,
    /// Its new name.
    pub name: ChosenName,
    /// Text of the notice in the client's room, if there is to be one.
    pub notice: Option<Arc<str>>,
    /// Time of the notice.
    pub time: u64,
}

/// A client goes to another room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The client.
    pub client: u64,
    /// The room.
    pub room: RoomName,
    /// Time of the move.
    pub since: u64,
}

/// A message for one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// Keys under which the receiver is looked up in `sockit:names`. The first key that has an
    /// owner decides.
    pub keys: Vec<Arc<str>>,
    /// Name of the receiver in lower case, or its address. An owner with another one only looks
    /// like the receiver, so that nobody has the name.
    pub folded: Arc<str>,
    /// Name of the receiver as the sender wrote it, for the answer to the sender. The engine does
    /// not need it.
    pub to: Arc<str>,
    /// Kind of the message.
    pub kind: DirectKind,
    /// Name of the sender; empty unless the message is private.
    pub from: Arc<str>,
    /// Shown name of the sender's room; empty unless the message is private.
    pub room: Arc<str>,
    /// The text; empty in a kick.
    pub text: Arc<str>,
    /// Time of the message.
    pub time: u64,
}

/// Kinds of messages for one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DirectKind {
    /// A message of another client.
    Private,
    /// A notice of the operator.
    Tell,
    /// The operator removes the client.
    Kick,
}

/// The limits of rooms, the same in every submission of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most rooms, the lobby and vacant ones included. At the limit, a new room replaces the
    /// one that has been vacant longest.
    pub max_rooms: u64,
    /// The most members of a room other than the lobby.
    pub max_members: u64,
    /// Milliseconds after which a room without members expires, with its stream.
    pub room_ttl: u64,
    /// The most entries of a room's stream, approximately.
    pub stream: u64,
}

impl Line {
    /// Returns the bytes that the line counts for in limits.
    pub(crate) fn cost(&self) -> usize {
        OVERHEAD + self.from.len() + self.text.len()
    }
}

/// Bytes that an operation counts for in limits besides its texts.
const OVERHEAD: usize = 128;

impl Operation {
    /// Returns the bytes that the operation counts for in limits.
    pub fn cost(&self) -> usize {
        match self {
            Operation::Say(line) => line.cost(),
            Operation::Direct(direct) => OVERHEAD + direct.text.len(),
            Operation::Announce { text, .. } => OVERHEAD + text.len(),
            _ => OVERHEAD,
        }
    }
}

/// Returns a direct message without its texts. A name that nobody can have is looked up by no key.
pub(crate) fn direct_to(name: &str, kind: DirectKind, time: u64) -> Direct {
    let empty: Arc<str> = "".into();
    let (keys, folded) = match Name::of_client(name) {
        _ if name.contains(':') => (vec![name.into()], name.into()),
        Ok(Name { folded, skeletons, .. }) => (skeletons.map(Arc::from).into(), folded.into()),
        Err(_) => (Vec::new(), name.into()),
    };
    let [from, room, text] = [(); 3].map(|()| empty.clone());
    Direct { keys, folded, to: name.into(), kind, from, room, text, time }
}
