//! The states of a connection, and the events and results that concern it.

use std::time::Duration;

use crate::server::service::Closed;
use crate::server::timers::NEVER;

/// The time limits of a worker's connections in milliseconds; [`NEVER`] if there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) idle: u64,
    pub(crate) stall: u64,
}

impl Timeouts {
    pub(crate) fn new(idle: Option<Duration>, stall: Option<Duration>) -> Timeouts {
        let millis = |limit: Option<Duration>| {
            limit.map_or(NEVER, |limit| u64::try_from(limit.as_millis()).unwrap_or(NEVER).max(1))
        };
        Timeouts { idle: millis(idle), stall: millis(stall) }
    }
}

/// An event of the poller for one socket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Readiness {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// The peer has sent its end, or the socket has an error; a read tells which.
    pub(crate) ended: bool,
    /// Urgent data (RFC 6093) has arrived. A read stops short before it.
    pub(crate) urgent: bool,
    /// The socket has an error, or both of its directions are closed.
    pub(crate) hung_up: bool,
}

/// The life of a connection, as drawn on the module's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A handshake precedes the service, which does not know the connection yet.
    Handshaking,
    /// The service exchanges bytes with the peer.
    Serving,
    /// The service has closed the connection, and some bytes are unsent.
    Closing,
    /// The end has been sent. Input is discarded.
    Lingering,
}

/// The next read of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// A read would block. The next event changes that.
    Drained,
    /// Input has arrived. A short read shows that it was all (epoll(7)).
    Readable,
    /// Input, an end or an error has arrived, and only a read that would block shows that it was
    /// all.
    ReadToEnd,
    /// The peer's end was read.
    Ended,
    /// The peer's end was read, and afterwards the socket has failed.
    Failed,
}

/// The next write to the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// The socket takes bytes.
    Writable,
    /// The socket is full. The next event changes that.
    Full,
    /// A write has failed, and further output is dropped. The peer's last input may still be
    /// unread.
    Failed,
}

/// The permission to read from a worker's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Allowed,
    /// The service has paused the reading of all connections.
    Paused,
    /// The server stops, and reads no more input.
    Stopped,
}

/// The result of one read.
#[derive(Debug)]
pub(crate) enum ReadOutcome {
    /// There is nothing to read, or the connection must not be read now.
    Nothing,
    /// Reading is paused for all connections. Input waits in the socket.
    Paused,
    /// Input for the service: the number of bytes in the buffer.
    Received(usize),
    /// Input of a lingering connection: the number of discarded bytes.
    Discarded(usize),
    /// The peer has sent its end.
    Ended,
    /// A signal interrupted the call: read again later.
    Interrupted,
    /// The connection is over.
    Over(Closed),
}

/// The state of a connection's output after a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The socket took everything.
    All,
    /// Some bytes are unsent.
    Queued,
    /// An earlier write has failed, so the output was dropped.
    Dropped,
}

/// The kind of a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Idle,
    Stalled,
    Lingered,
    Handshake,
}
