//! What a service hands to a connection: bytes to send, and how the connection goes on.

use std::io::{self, Write};
use std::time::{Instant, SystemTime};

use bytes::Bytes;

use super::clock::Clock;

/// Names one connection of one worker. A name is never used again, not even when its place in the
/// table is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// For tables of a service's own, whose keys are plain numbers. [`ConnectionId`] comes back from
/// it.
impl From<ConnectionId> for u64 {
    fn from(id: ConnectionId) -> u64 {
        u64::from(id.index) << 32 | u64::from(id.generation)
    }
}

impl From<u64> for ConnectionId {
    fn from(number: u64) -> ConnectionId {
        ConnectionId { index: (number >> 32) as u32, generation: number as u32 }
    }
}

impl std::fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}

/// How a connection goes on after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Open,
    Close,
    Abort,
}

/// The output side of one connection, lent to the service for the length of one call.
///
/// What is written here goes out in one system call when the service returns. What the socket does
/// not take is kept for the connection and sent when it can be; until then nothing more is read
/// from that peer, so a peer that only writes cannot make the server's memory grow.
///
/// It belongs to the worker, not to the connection: a connection that owes nothing holds no output
/// buffer.
#[derive(Debug)]
pub struct Output {
    /// Before `tail` in the order of sending.
    pub(super) parts: Vec<Bytes>,
    /// Reused from call to call.
    pub(super) tail: Vec<u8>,
    pub(super) end: End,
    /// Bytes of `tail` that are sent: those from before [`close`](Self::close).
    kept: usize,
    pub(super) call_ready: bool,
    pub(super) yield_turn: bool,
    /// `Some(true)` to pause reading, `Some(false)` to resume it.
    pub(super) pause: Option<bool>,
    unsent: usize,
    pub(super) id: ConnectionId,
    pub(super) clock: Clock,
}

impl Output {
    pub(super) fn new(clock: Clock) -> Output {
        Output {
            parts: Vec::new(),
            tail: Vec::new(),
            end: End::Open,
            kept: usize::MAX,
            call_ready: false,
            yield_turn: false,
            pause: None,
            unsent: 0,
            id: ConnectionId { index: 0, generation: 0 },
            clock,
        }
    }

    /// Makes it ready for a call about the connection `id`, which has `unsent` unsent bytes.
    pub(super) fn begin(&mut self, id: ConnectionId, unsent: usize) {
        debug_assert!(self.is_empty());
        (self.id, self.unsent) = (id, unsent);
        (self.end, self.kept) = (End::Open, usize::MAX);
        (self.call_ready, self.yield_turn, self.pause) = (false, false, None);
    }

    /// Sends a copy of `bytes`. Drops it after [`close`](Self::close) and [`abort`](Self::abort).
    pub fn send(&mut self, bytes: &[u8]) {
        if self.is_closed() {
            return;
        }
        self.tail.extend_from_slice(bytes);
    }

    /// The buffer behind [`send`](Self::send), for code that renders into a `Vec<u8>`. Append to
    /// it; what it holds already is output of this very call. Bytes that are appended after
    /// [`close`](Self::close) are dropped.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.tail
    }

    /// Sends `bytes` without a copy, however many connections send the same ones and however slowly
    /// they take them. Drops them as [`send`](Self::send) does.
    pub fn share(&mut self, bytes: Bytes) {
        if bytes.is_empty() || self.is_closed() {
            return;
        }
        if !self.tail.is_empty() {
            self.parts.push(Bytes::copy_from_slice(&self.tail));
            self.tail.clear();
        }
        self.parts.push(bytes);
    }

    /// Requests a call of [`Service::ready`](super::Service::ready) once this output has reached the
    /// kernel. `ready` is called anyway after queued output was flushed, so this is only for services
    /// that withhold output themselves.
    pub fn call_ready_when_flushed(&mut self) {
        self.call_ready = true;
    }

    /// Closes the connection once everything before is sent. Nothing more is read from the peer, and
    /// nothing more is sent to it, neither in this call nor in a later one.
    ///
    /// The close is orderly: the peer sees the end of the stream after the last byte, and what it
    /// still sends is read and dropped for a moment, since a close over unread input makes TCP
    /// throw away what is on its way to the peer (RFC 1122, 4.2.2.13).
    pub fn close(&mut self) {
        if self.end == End::Open {
            (self.end, self.kept) = (End::Close, self.tail.len());
        }
    }

    /// Returns `true` if this or an earlier call has closed or aborted the connection: all further
    /// output is dropped.
    pub fn is_closed(&self) -> bool {
        self.end != End::Open
    }

    /// Closes the connection now. What it has not taken is dropped.
    pub fn abort(&mut self) {
        self.end = End::Abort;
    }

    /// Ends the reading of this turn: the service gets its [`turn`](super::Service::turn) before
    /// any more input. For input that causes much more output than it is long.
    pub fn yield_turn(&mut self) {
        self.yield_turn = true;
    }

    /// Stops reading from this connection until [`resume_reading`](Self::resume_reading), most often
    /// in the service's [`turn`](super::Service::turn). Output goes on. Meanwhile the peer's input
    /// fills its socket, and the peer waits.
    pub fn pause_reading(&mut self) {
        self.pause = Some(true);
    }

    /// Reads from this connection again after [`pause_reading`](Self::pause_reading).
    pub fn resume_reading(&mut self) {
        self.pause = Some(false);
    }

    /// Returns the number of bytes of earlier calls that the socket has not taken yet. If it is
    /// zero, output of this call goes straight to the socket.
    pub fn unsent(&self) -> usize {
        self.unsent
    }

    /// The connection that this call is about.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// The time of this turn of the loop on the monotonic clock, read at most once a turn.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The time of this turn of the loop on the system's clock, read at most once a turn: exact to
    /// the length of a turn, some milliseconds under load.
    pub fn time(&self) -> SystemTime {
        self.clock.time()
    }

    /// Drops the bytes that were put into the buffer after [`close`](Self::close).
    pub(super) fn seal(&mut self) {
        self.tail.truncate(self.kept);
    }

    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.tail.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.tail.is_empty()
    }
}

/// Writing never fails and never blocks: it is [`send`](Output::send).
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The answer to one datagram, lent to [`Service::datagram`](super::Service::datagram).
#[derive(Debug)]
pub struct Reply {
    pub(super) bytes: Vec<u8>,
    pub(super) send: bool,
    pub(super) clock: Clock,
}

impl Reply {
    pub(super) fn new(clock: Clock) -> Reply {
        Reply { bytes: Vec::new(), send: false, clock }
    }

    /// An empty datagram to fill, which is sent to where the call's datagram came from. Without
    /// this call no answer is sent; with nothing put into it, an empty one.
    pub fn datagram(&mut self) -> &mut Vec<u8> {
        self.send = true;
        self.bytes.clear();
        &mut self.bytes
    }

    /// As [`Output::time`].
    pub fn time(&self) -> SystemTime {
        self.clock.time()
    }
}
