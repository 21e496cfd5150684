//! Calls of an encrypted stream that never wait, for transfers and relays.
//!
//! They fail with [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting, regardless of the
//! blocking mode.

use std::io;

use socket2::Socket;

use crate::lock::lock;
use crate::stream::encrypted::calls::{end, flush, handshake, read, write};
use crate::stream::encrypted::{Encrypted, MAX_WRITE, Readiness};
use crate::sys::Interest;

impl Encrypted {
    /// Reads decrypted bytes.
    pub(crate) fn try_read(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        self.attempt(socket, |session, transport| read(session, transport, buffer))
    }

    /// Encrypts the beginning of `bytes`, and sends it as far as the socket has room. The rest of
    /// the ciphertext is for [`try_flush`](Encrypted::try_flush).
    pub(crate) fn try_write(&self, socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(socket, |session, transport| write(session, transport, bytes, MAX_WRITE))
    }

    /// Sends the ciphertext that waits.
    pub(crate) fn try_flush(&self, socket: &Socket) -> io::Result<()> {
        self.attempt(socket, flush)
    }

    /// Sends `close_notify`, after the handshake and the ciphertext that waits.
    pub(crate) fn try_end(&self, socket: &Socket) -> io::Result<()> {
        self.attempt(socket, |session, transport| {
            if !session.is_established() {
                handshake(session, transport)?;
            }
            end(session, transport)
        })
    }

    /// Returns `true` if a read returns at once, whatever the socket has: bytes, an end or an error
    /// wait in the session, or in the one below.
    pub(crate) fn has_input(&self) -> bool {
        !matches!(lock(&self.session).peek(), Ok(None))
            || self.below.as_ref().is_some_and(|below| below.has_input())
    }

    /// Returns `true` if the handshake is done.
    pub(crate) fn is_established(&self) -> bool {
        lock(&self.session).is_established()
    }

    /// Returns whether the call that would have waited needs the socket to be readable, and
    /// whether to be writable. If both, either is enough.
    pub(crate) fn awaited(&self, interest: Interest) -> (bool, bool) {
        let Readiness { readable, writable, .. } = self.readiness(&lock(&self.session), interest);
        (readable, writable)
    }
}
