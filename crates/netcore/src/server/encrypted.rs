//! TLS over a socket of the event loop: a byte stream like the socket itself.
//!
//! A TLS session stands between the connection and the socket. No service notices it. The session
//! holds at most one record that the socket has not taken: a write encrypts one record, and the
//! next one only after the socket has taken it.
//!
//! The calls are never compiled into their callers, which are those of connections in the clear
//! too.

#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind, IoSlice};

use super::byte_stream::{ByteStream, Handshake, Written};
use crate::tls::session::Session;
use crate::tls::session::limits::MAX_PLAINTEXT;

/// The most reads of the socket in one call. A peer that sends nothing but messages without data
/// does not keep the others waiting.
const MAX_READS: usize = 8;

/// A socket with TLS on it.
#[derive(Debug)]
pub(crate) struct Encrypted<T> {
    socket: T,
    session: Session,
    /// The last read has emptied the socket.
    is_drained: bool,
}

impl<T> Encrypted<T> {
    pub(crate) fn new(socket: T, session: Session) -> Encrypted<T> {
        Encrypted { socket, session, is_drained: false }
    }

    /// Returns the socket, to register it.
    pub(crate) fn socket(&mut self) -> &mut T {
        &mut self.socket
    }
}

impl<T: ByteStream> Encrypted<T> {
    /// Reads ciphertext once, and sends a reply such as an alert. Returns the number of decrypted
    /// bytes in `buffer`, and whether there was a reply.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
        let Encrypted { socket, session, is_drained } = self;
        let read = |room: &mut [u8]| {
            let result = socket.read(room);
            *is_drained = match &result {
                Ok(received) => socket.is_drained_after(*received, room.len()),
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            };
            result
        };
        let received = session.receive(read, buffer);
        let replied = session.has_unsent();
        // The next write reports an error.
        let _ = self.flush();
        received.map(|(received, _)| (received, replied))
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for _ in 0..MAX_READS {
            if let Some(taken) = self.session.take(buffer)? {
                return Ok(taken);
            }
            let (received, _) = self.receive(buffer)?;
            if received > 0 {
                return Ok(received);
            }
        }
        Err(ErrorKind::Interrupted.into())
    }
}

/// Returns a call that writes to `socket`, and that blocks once a write was short: the next one
/// would.
fn filling<T: ByteStream>(socket: &mut T) -> impl FnMut(&[u8]) -> io::Result<usize> {
    let mut is_full = false;
    move |bytes| {
        if is_full {
            return Err(ErrorKind::WouldBlock.into());
        }
        let taken = socket.write(bytes)?;
        is_full = socket.is_full_after(taken, bytes.len());
        Ok(taken)
    }
}

impl<T: ByteStream> ByteStream for Encrypted<T> {
    /// Reads until there is plaintext, the end, an error or an empty socket. A connection that is
    /// not drained then has more bytes in the session or in the socket.
    #[inline(never)]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.read_on(buffer);
        let is_failure = |error: &io::Error| {
            !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
        };
        if result.as_ref().is_err_and(is_failure) {
            // The connection is closed next. A close over unread input would make TCP drop the
            // alert.
            let _ = self.socket.shutdown_write();
            let _ = self.socket.discard(buffer);
        }
        result
    }

    #[inline(never)]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Encrypted { socket, session, .. } = self;
        session.send(bytes, MAX_PLAINTEXT, filling(socket))
    }

    /// Writes the beginning of the slices as one record.
    #[inline(never)]
    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match bytes {
            // A full record needs no other slice, and so no copy.
            [first, ..] if first.len() >= MAX_PLAINTEXT => self.write(first),
            _ => {
                let Encrypted { socket, session, .. } = self;
                session.send_vectored(bytes, filling(socket))
            }
        }
    }

    #[inline(never)]
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.socket.shutdown_write()
    }

    fn short_call_rearms(&self) -> bool {
        self.socket.short_call_rearms()
    }

    fn is_drained_after(&self, _: usize, _: usize) -> bool {
        self.is_drained && matches!(self.session.peek(), Ok(None))
    }

    fn is_full_after(&self, _: usize, _: usize) -> bool {
        self.session.has_unsent()
    }

    #[inline(never)]
    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.discard(buffer)
    }

    fn needs_handshake(&self) -> bool {
        !self.session.is_established()
    }

    #[inline(never)]
    fn handshake(&mut self) -> io::Result<Handshake> {
        let mut replied = false;
        for _ in 0..MAX_READS {
            // A reply for which the socket had no room before counts once it is sent.
            replied |= self.session.has_unsent();
            let is_flushed = self.flush()? == Written::All;
            if self.session.is_established() {
                return Ok(Handshake::Done);
            }
            if !is_flushed {
                return Ok(Handshake::NeedsRoom);
            }
            match self.receive(&mut []) {
                Ok((_, has_reply)) => replied |= has_reply,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Handshake::NeedsInput { replied });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Handshake::Unfinished)
    }

    fn unsent(&self) -> usize {
        self.session.unsent()
    }

    #[inline(never)]
    fn flush(&mut self) -> io::Result<Written> {
        let before = self.session.unsent();
        if before == 0 {
            return Ok(Written::All);
        }
        let Encrypted { socket, session, .. } = self;
        if session.flush(filling(socket))? {
            return Ok(Written::All);
        }
        Ok(Written::Full { progress: session.unsent() < before })
    }

    #[inline(never)]
    fn end(&mut self) -> io::Result<Written> {
        self.session.end();
        self.flush()
    }
}
