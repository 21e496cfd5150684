//! Calls of a stream that never wait, for transfers and relays.
//!
//! They fail with [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting, regardless of the
//! blocking mode.

use std::io;

use crate::error::{Error, Operation};
use crate::stream::{Stream, encrypted};
use crate::sys::{self, Interest, PollEntry, SocketIdentity};
use crate::until::Until;
use crate::wait;

impl Stream {
    /// Returns `true` if the socket with this identity carries the ciphertext of a stream.
    pub(crate) fn is_encrypted_socket(identity: SocketIdentity) -> bool {
        encrypted::is_encrypted_socket(identity)
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Returns `true` if the handshake is done, or there is none.
    pub(crate) fn is_established(&self) -> bool {
        self.tls.as_ref().is_none_or(|tls| tls.is_established())
    }

    /// Reads the available bytes.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.socket.recv_with_flags(sys::uninit(buffer), sys::DONT_WAIT),
            Some(tls) => tls.try_read(&self.socket, buffer),
        }
    }

    /// Writes as many bytes as there is room for. Over TLS a part of them may wait as ciphertext
    /// for [`try_flush`](Stream::try_flush).
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.try_send(bytes),
            Some(tls) => tls.try_write(&self.socket, bytes),
        }
    }

    /// Sends the ciphertext that waits.
    pub(crate) fn try_flush(&self) -> io::Result<()> {
        match &self.tls {
            None => Ok(()),
            Some(tls) => tls.try_flush(&self.socket),
        }
    }

    /// Ends the writing side. Over TLS this needs the handshake, and room for `close_notify`.
    pub(crate) fn try_end(&self) -> io::Result<()> {
        if let Some(tls) = &self.tls {
            tls.try_end(&self.socket)?;
        }
        self.end_socket()
    }

    /// Fails if the socket accepts no more bytes.
    pub(crate) fn check_writable(&self) -> io::Result<()> {
        self.try_send(&[]).map(|_| ())
    }

    /// Returns `true` if ciphertext waits for [`try_flush`](Stream::try_flush).
    pub(crate) fn has_unsent(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.has_unsent())
    }

    /// Returns `true` if [`try_read`](Stream::try_read) returns at once, whatever the socket has.
    pub(crate) fn has_input(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.has_input())
    }

    /// Returns the entry of poll(2) for a read or a write that would have waited. Over TLS a read
    /// may wait for room, and a write for the handshake.
    pub(crate) fn poll_entry(&self, interest: Interest) -> PollEntry<'_> {
        match &self.tls {
            None => PollEntry::new(&self.socket, interest),
            Some(tls) => {
                let (readable, writable) = tls.awaited(interest);
                PollEntry::of(&self.socket, readable, writable)
            }
        }
    }

    pub(crate) fn is_nonblocking(&self) -> bool {
        match &self.tls {
            Some(tls) => tls.is_nonblocking(),
            None => self.mode.is_nonblocking(&self.socket),
        }
    }

    /// Returns `true` if the peer sends more, `false` if it has ended.
    pub(crate) fn has_more(&self, until: Until<'_>) -> Result<bool, Error> {
        if let Some(tls) = &self.tls {
            return tls.has_more(&self.socket, until).map_err(|error| self.name(error));
        }
        let flags = sys::PEEK | sys::DONT_WAIT;
        let peeked = wait::until(&self.socket, Interest::Read, until, || {
            self.socket.recv_with_flags(sys::uninit(&mut [0]), flags)
        });
        match peeked {
            Ok(Some(peeked)) => Ok(peeked > 0),
            Ok(None) => Err(self.name(until.error(Operation::Read))),
            Err(error) => Err(self.name(Error::from_io(Operation::Read, error))),
        }
    }

    fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send_with_flags(bytes, sys::NO_SIGNAL | sys::DONT_WAIT)
    }
}
