//! The engine as a node uses it: requests and replies, without waiting for each other.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::operation::{Limits, Numbered};

/// Interrupts [`Engine::wait`]. Any thread may call it.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// A connection to the engine. One thread uses it; it never waits except in [`wait`](Self::wait).
///
/// Requests other than [`Read`](Request::Read) are processed in their order, and several may be in
/// flight. A [`Read`](Request::Read) waits in the engine and does not hold up the others, so Redis
/// needs two connections. If one of them breaks, both are closed, and the reply is
/// [`Closed`](Reply::Closed).
pub trait Engine: fmt::Debug + Send {
    /// Sends a request. Without a connection, each request except [`Open`](Request::Open) is
    /// dropped; its reply was the last [`Closed`](Reply::Closed).
    fn send(&mut self, request: Request);

    /// Waits for replies, until `until`, or until the waker is called. Returns those that have
    /// arrived, in their order.
    fn wait(&mut self, until: Option<Instant>) -> Vec<Reply>;

    /// Returns the function that ends a wait, also one that begins later.
    fn waker(&self) -> Waker;
}

/// A request of a node to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Closes the connection, if there is one, and connects. Replies of the old connection are
    /// dropped. The reply is [`Opened`](Reply::Opened) or [`Closed`](Reply::Closed).
    Open,
    /// Begins a session of the node: see [`Begin`]. The reply is [`Begun`](Reply::Begun),
    /// [`NodeTaken`](Reply::NodeTaken) or [`Error`](Reply::Error).
    Begin(Begin),
    /// Applies operations: see [`Submission`]. The reply is [`Submitted`](Reply::Submitted),
    /// [`NotBegun`](Reply::NotBegun) or [`Error`](Reply::Error).
    Submit(Submission),
    /// Sets the state of nodes whose lease has expired to `ended`, releases their clients, with
    /// notices in the rooms, at most [`REAPED`](super::key::REAPED) of them, and removes expired
    /// rooms. A node without clients is no longer in `sockit:nodes`. The reply is
    /// [`Reaped`](Reply::Reaped) or [`Error`](Reply::Error).
    Reap {
        /// The limits of rooms.
        limits: Limits,
        /// `true` if the departures are to be announced in the rooms.
        presence: bool,
        /// Time of the notices, in milliseconds since 1970.
        time: u64,
    },
    /// Returns the entries behind the positions, waiting for some if there are none, at most 5 s.
    /// At most one is in flight. The reply is [`Entries`](Reply::Entries) or
    /// [`ReadError`](Reply::ReadError).
    Read {
        /// Positions in streams, by the names of their keys. The inbox is the last one, and the
        /// reply has the streams in this order.
        streams: Vec<(Arc<str>, EntryId)>,
        /// The most entries of each stream.
        count: usize,
    },
    /// Returns the last entries of a stream, backwards. The reply is [`History`](Reply::History) or
    /// [`Error`](Reply::Error).
    History {
        /// Name of the stream's key.
        stream: Arc<str>,
        /// Only entries before this one, if there is one.
        before: Option<EntryId>,
        /// The most entries.
        count: usize,
    },
}

/// The begin of a session. Afterwards no operation of an earlier session of the node is applied any
/// more, however long it was under way.
///
/// The engine refuses it with [`NodeTaken`](Reply::NodeTaken) if the record of the node has another
/// epoch and a living lease, and with [`Error`](Reply::Error) if the record has the same epoch and
/// this session or a later one. Otherwise it stores epoch and session. With another epoch than
/// before it also releases all clients of the node, with notices, deletes the inbox, sets `applied`
/// to 0, and the state to `begun`; with the same epoch, the state `ended` becomes `begun`. It
/// creates the lobby and the instance if there is none, and renews the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// Name of the node.
    pub node: Arc<str>,
    /// Random text of this process.
    pub epoch: Arc<str>,
    /// Number of the session, which counts up.
    pub session: u64,
    /// Random text, the instance of the engine if it has none.
    pub instance: Arc<str>,
    /// The limits of rooms.
    pub limits: Limits,
    /// `true` if departures are to be announced in the rooms.
    pub presence: bool,
    /// Time of the notices, in milliseconds since 1970.
    pub time: u64,
}

/// Operations of a session, possibly none: each submission renews the lease.
///
/// The engine answers [`NotBegun`](Reply::NotBegun) and applies nothing unless the record of the
/// node has this epoch, this session, another state than `ended`, and an `applied` of at least
/// `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Name of the node.
    pub node: Arc<str>,
    /// Random text of this process.
    pub epoch: Arc<str>,
    /// Number of the session.
    pub session: u64,
    /// Number of the operation before the first one.
    pub after: u64,
    /// The limits of rooms.
    pub limits: Limits,
    /// The operations, with ascending numbers.
    pub operations: Vec<Numbered>,
}

/// A reply of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// The connection is open.
    Opened,
    /// The connection is closed or could not be opened, for this reason. Requests in flight may or
    /// may not have been processed.
    Closed(String),
    /// The session has begun.
    Begun {
        /// Number of the last operation that was applied.
        applied: u64,
        /// `true` if the clients of the node are registered: its state is `known`.
        known: bool,
        /// The instance of the engine.
        instance: String,
    },
    /// Another process has this name of a node, and its lease has not expired.
    NodeTaken,
    /// Operations were applied.
    Submitted {
        /// Number of the last operation that was applied.
        applied: u64,
    },
    /// The session is over, its node was reaped, or earlier operations are missing. Nothing was
    /// applied.
    NotBegun,
    /// Expired nodes were reaped.
    Reaped {
        /// `true` if there may be more clients to release.
        more: bool,
    },
    /// Entries of streams, at least one for each stream that is listed. Empty if there were none.
    Entries(Vec<(Arc<str>, Vec<RawEntry>)>),
    /// The last entries of a stream, the newest first.
    History(Vec<RawEntry>),
    /// The engine has refused the request and applied nothing of it, with this text: `OOM …`,
    /// `READONLY …`.
    Error(String),
    /// The engine has refused to read, with this text.
    ReadError(String),
}
