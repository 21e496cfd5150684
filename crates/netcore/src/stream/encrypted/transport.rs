//! The transport of a session: the socket, or a session below that has the socket.

use std::io;

use socket2::Socket;

use crate::sys;

/// The way of a session's ciphertext to the peer. No call waits.
///
/// ```text
///   plaintext ── session ─────────────────── ciphertext ── socket
///   plaintext ── session ── session below ── ciphertext ── socket
/// ```
///
/// The ciphertext of a session is the plaintext of the session below.
#[derive(Clone, Copy)]
pub(super) struct Transport<'a> {
    socket: &'a Socket,
    below: Option<&'a dyn Below>,
}

/// A session over a socket, as the transport of another session. No call waits.
pub(super) trait Below {
    /// Encrypts the beginning of `bytes`, and sends it as far as the socket has room.
    fn send(&self, socket: &Socket, bytes: &[u8]) -> io::Result<usize>;

    /// Receives decrypted bytes.
    fn receive(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize>;

    /// Sends the ciphertext that waits. Returns `false` if the socket is full.
    fn flush(&self, socket: &Socket) -> io::Result<bool>;

    /// Sends `close_notify`, after the ciphertext that waits.
    fn end(&self, socket: &Socket) -> io::Result<()>;
}

impl<'a> Transport<'a> {
    /// Returns the transport over `socket`, or over the session `below` that has it.
    pub(super) fn new(socket: &'a Socket, below: Option<&'a dyn Below>) -> Transport<'a> {
        Transport { socket, below }
    }

    /// Sends the beginning of `bytes`.
    pub(super) fn send(self, bytes: &[u8]) -> io::Result<usize> {
        match self.below {
            None => self.socket.send_with_flags(bytes, sys::NO_SIGNAL | sys::DONT_WAIT),
            Some(below) => below.send(self.socket, bytes),
        }
    }

    /// Receives the available bytes.
    pub(super) fn receive(self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.below {
            None => self.socket.recv_with_flags(sys::uninit(buffer), sys::DONT_WAIT),
            Some(below) => below.receive(self.socket, buffer),
        }
    }

    /// Sends the ciphertext that waits below. Returns `false` if the socket is full.
    pub(super) fn flush(self) -> io::Result<bool> {
        self.below.map_or(Ok(true), |below| below.flush(self.socket))
    }

    /// Sends the `close_notify` of the session below.
    pub(super) fn end(self) -> io::Result<()> {
        self.below.map_or(Ok(()), |below| below.end(self.socket))
    }
}
