//! Events of a link, for the chat.

use std::sync::Arc;
use std::time::Instant;

use crate::backplane::answer::Answer;
use crate::backplane::entry::{Received, RoomEntry};
use crate::backplane::wish::Wish;

/// An event of a link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The engine works. Comes once after each `Away`.
    Online,
    /// The engine does not work, for this reason.
    Away(Arc<str>),
    /// A living node has the same name.
    NodeTaken,
    /// The node's lease had expired, and its clients are registered again.
    Expired,
    /// The engine has lost its data, and the clients are registered again.
    DataLost,
    /// A room is followed from now on. Its name as shown, and its last messages, oldest first.
    Opened { room: Arc<str>, shown: Arc<str>, history: Vec<RoomEntry> },
    /// New lines of a room that is followed.
    Lines { room: Arc<str>, entries: Vec<RoomEntry> },
    /// The outcome of an operation.
    Answered { wish: Wish, answer: Answer },
    /// An operation was not applied and will not be.
    Refused { wish: Wish, reason: Arc<str> },
    /// A direct message for a client of this node.
    Received(Received),
    /// A client's line has come back that was accepted at this time.
    Returned(Instant),
    /// Entries of a stream were removed before they were read.
    Missed { stream: Arc<str>, count: u64 },
    /// Entries of a stream are of no node.
    Strange { stream: Arc<str>, count: u64 },
}
