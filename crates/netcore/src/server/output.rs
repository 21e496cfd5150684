//! The output of a call of the service: bytes to send, and the fate of the connection.

use std::io::{self, Write};
use std::time::{Instant, SystemTime};

use bytes::Bytes;

use super::clock::Clock;

/// The name of one connection of one worker. A name is never used again, even if its slot is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Converts the name for tables of a service whose keys are plain numbers. The number converts back
/// to the same [`ConnectionId`].
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

/// The fate of a connection after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Open,
    Close,
    Abort,
}

/// The output of one connection, lent to the service for the length of one call.
///
/// ```
/// use netcore::server::Output;
///
/// fn answer(input: &[u8], output: &mut Output) {
///     output.send(b"received: ");
///     output.send(input);
///     if input == b"quit" {
///         output.close();
///     }
/// }
/// ```
///
/// The bytes go out in one system call when the service returns. Bytes that the socket does not
/// take are queued for the connection and sent later. Until then the connection is not read, so a
/// peer that only writes cannot make the server's memory grow.
///
/// The output belongs to the worker: a connection without unsent bytes has no output buffer.
#[derive(Debug)]
pub struct Output {
    /// Bytes to send before `tail`.
    pub(super) parts: Vec<Bytes>,
    /// Bytes to send last. The buffer is reused from call to call.
    pub(super) tail: Vec<u8>,
    pub(super) end: End,
    /// Length of `tail` at the time of [`close`](Self::close). Bytes behind it are not sent.
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

    /// Prepares for a call about the connection `id`, which has `unsent` unsent bytes.
    pub(super) fn begin(&mut self, id: ConnectionId, unsent: usize) {
        debug_assert!(self.is_empty());
        (self.id, self.unsent) = (id, unsent);
        (self.end, self.kept) = (End::Open, usize::MAX);
        (self.call_ready, self.yield_turn, self.pause) = (false, false, None);
    }

    /// Sends a copy of `bytes`. Drops them after [`close`](Self::close) and [`abort`](Self::abort).
    pub fn send(&mut self, bytes: &[u8]) {
        if self.is_closed() {
            return;
        }
        self.tail.extend_from_slice(bytes);
    }

    /// Returns the buffer behind [`send`](Self::send), for code that renders into a `Vec<u8>`.
    ///
    /// Append to the buffer; its contents are output of the same call. Bytes appended after
    /// [`close`](Self::close) are dropped.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.tail
    }

    /// Sends `bytes` without a copy, even if many connections send the same bytes and take them
    /// slowly. Drops them like [`send`](Self::send).
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

    /// Requests a call of [`Service::ready`](super::Service::ready) once this output has reached
    /// the kernel. `ready` is called anyway after queued output was flushed, so this is only for
    /// services that withhold output themselves.
    pub fn call_ready_when_flushed(&mut self) {
        self.call_ready = true;
    }

    /// Closes the connection once all earlier output is sent. The service receives no more input,
    /// and later output is dropped, in this call and in later ones.
    ///
    /// The close is orderly: the peer reads the end of the stream after the last byte. The
    /// connection lingers for up to 5 s and discards input, since a close over unread input makes
    /// TCP drop bytes on their way to the peer (RFC 1122, 4.2.2.13).
    pub fn close(&mut self) {
        if self.end == End::Open {
            (self.end, self.kept) = (End::Close, self.tail.len());
        }
    }

    /// Returns `true` if this or an earlier call has closed or aborted the connection. All further
    /// output is dropped then.
    pub fn is_closed(&self) -> bool {
        self.end != End::Open
    }

    /// Closes the connection now. Unsent bytes are dropped.
    pub fn abort(&mut self) {
        self.end = End::Abort;
    }

    /// Ends the reading of this turn: the service gets its [`turn`](super::Service::turn) before
    /// any more input. Use it if input causes much more output than it is long.
    pub fn yield_turn(&mut self) {
        self.yield_turn = true;
    }

    /// Stops reading from this connection until [`resume_reading`](Self::resume_reading), most
    /// often in the service's [`turn`](super::Service::turn). Output goes on. Meanwhile the peer's
    /// input fills its socket, and the peer waits.
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

    /// Returns the name of the connection.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Returns the time of this turn of the loop on the monotonic clock, which is read at most once
    /// a turn.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Returns the time of this turn of the loop on the system's clock, which is read at most once
    /// a turn. The error is at most the length of a turn, some milliseconds under load.
    pub fn time(&self) -> SystemTime {
        self.clock.time()
    }

    /// Drops bytes that were appended to the buffer after [`close`](Self::close).
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

/// Writes like [`send`](Output::send): never fails and never blocks.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The reply to one datagram, lent to [`Service::datagram`](super::Service::datagram).
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

    /// Returns an empty datagram to fill. It is sent to the sender of the received one, also if it
    /// stays empty. Without this call no reply is sent.
    pub fn datagram(&mut self) -> &mut Vec<u8> {
        self.send = true;
        self.bytes.clear();
        &mut self.bytes
    }

    /// Returns the time of this turn of the loop, like [`Output::time`].
    pub fn time(&self) -> SystemTime {
        self.clock.time()
    }
}
