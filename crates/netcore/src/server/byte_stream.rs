//! The calls of a byte stream that a connection needs.

use std::io::{self, IoSlice};

/// A non-blocking byte stream.
///
/// The methods with a body concern a layer between the connection and the socket, such as TLS. A
/// bare socket has no handshake, holds nothing back, and adds nothing of its own at the end.
pub(crate) trait ByteStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize>;
    fn shutdown_write(&mut self) -> io::Result<()>;

    /// Returns `true` if the poller reports new readiness after a short read or write. Otherwise it
    /// does so only after a call that failed with [`WouldBlock`](io::ErrorKind::WouldBlock).
    fn short_call_rearms(&self) -> bool;

    /// Returns `true` if nothing can be read before the next event, after a read of `received`
    /// bytes into room for `room`.
    fn is_drained_after(&self, received: usize, room: usize) -> bool {
        received < room && self.short_call_rearms()
    }

    /// Returns `true` if nothing can be written before the next event, after a write that took
    /// `taken` of `offered` bytes.
    fn is_full_after(&self, taken: usize, offered: usize) -> bool {
        taken < offered && self.short_call_rearms()
    }

    /// Reads bytes that nobody needs.
    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(buffer)
    }

    /// Returns `true` if a handshake precedes the first byte of the service.
    fn needs_handshake(&self) -> bool {
        false
    }

    /// Takes a step of the handshake.
    ///
    /// # Errors
    ///
    /// Fails if the handshake has failed, or the socket has.
    fn handshake(&mut self) -> io::Result<Handshake> {
        Ok(Handshake::Done)
    }

    /// Returns the number of bytes that were taken by a write, but not yet by the socket.
    fn unsent(&self) -> usize {
        0
    }

    /// Sends the bytes that the socket has not taken yet.
    fn flush(&mut self) -> io::Result<Written> {
        Ok(Written::All)
    }

    /// Sends the layer's own end, which precedes that of the socket.
    fn end(&mut self) -> io::Result<Written> {
        Ok(Written::All)
    }
}

/// The result of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// The socket took everything.
    All,
    /// The socket is full. `progress` is `true` if it took something.
    Full { progress: bool },
}

/// The result of a step of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "tls"),
    allow(dead_code, reason = "without TLS the only handshake is that of no step")
)]
pub(crate) enum Handshake {
    Done,
    /// The peer has the turn. `replied` is `true` if a reply was sent in this step.
    NeedsInput {
        replied: bool,
    },
    /// The socket is full.
    NeedsRoom,
    /// The next step can follow at once.
    Unfinished,
}
