//! Calls of an encrypted stream that never wait, for transfers and relays.
//!
//! They fail with [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting, regardless of the
//! blocking mode.

use std::io;

use socket2::Socket;

use crate::lock::lock;
use crate::stream::encrypted::calls::{flush, handshake, read, refusal, send};
use crate::stream::encrypted::{Encrypted, MAX_ROUNDS, MAX_WRITE, Readiness};
use crate::sys::Interest;
use crate::tls::session::Session;

impl Encrypted {
    /// Reads decrypted bytes.
    pub(crate) fn try_read(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        self.attempt(|session| read(session, socket, buffer))
    }

    /// Encrypts the beginning of `bytes`, and sends it as far as the socket has room. The rest of
    /// the ciphertext is for [`try_flush`](Encrypted::try_flush).
    pub(crate) fn try_write(&self, socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|session| {
            if !session.is_established() {
                handshake(session, socket)?;
            }
            let sent = session.send(bytes, MAX_WRITE, |bytes| send(socket, bytes));
            sent.map_err(|error| refusal(session, socket, error))
        })
    }

    /// Sends the ciphertext that waits.
    pub(crate) fn try_flush(&self, socket: &Socket) -> io::Result<()> {
        self.attempt(|session| flush(session, socket))
    }

    /// Sends `close_notify`, after the handshake and the ciphertext that waits.
    pub(crate) fn try_end(&self, socket: &Socket) -> io::Result<()> {
        self.attempt(|session| {
            if !session.is_established() {
                handshake(session, socket)?;
            }
            session.end();
            flush(session, socket)
        })
    }

    /// Returns `true` if a read returns at once, whatever the socket has: bytes, an end or an error
    /// wait in the session.
    pub(crate) fn has_input(&self) -> bool {
        !matches!(lock(&self.session).peek(), Ok(None))
    }

    /// Returns `true` if the handshake is done.
    pub(crate) fn is_established(&self) -> bool {
        lock(&self.session).is_established()
    }

    /// Returns whether the call that would have waited needs the socket to be readable, and
    /// whether to be writable. If both, either is enough.
    pub(crate) fn readiness(&self, interest: Interest) -> (bool, bool) {
        let Readiness { readable, writable, .. } = Readiness::of(&lock(&self.session), interest);
        (readable, writable)
    }

    fn attempt<T>(&self, mut call: impl FnMut(&mut Session) -> io::Result<T>) -> io::Result<T> {
        for _ in 0..MAX_ROUNDS {
            match call(&mut lock(&self.session)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}
