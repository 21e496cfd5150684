//! Connected streams: TCP and Unix, in the clear or encrypted.

mod convert;
mod deadline_stream;
mod drain;
#[cfg(feature = "tls")]
mod encrypted;
#[cfg(not(feature = "tls"))]
#[path = "stream/encrypted/none.rs"]
mod encrypted;
mod handshake;
mod std_io;

use std::net::Shutdown;
use std::sync::Arc;

#[cfg(unix)]
use socket2::SockRef;
use socket2::Socket;

use crate::address::Address;
use crate::bind::local_address;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::{self, Interest};
pub use deadline_stream::DeadlineStream;
use encrypted::Encrypted;

#[cfg(test)]
mod tests;

/// A connected stream: TCP or Unix, in the clear or encrypted by TLS.
///
/// ```
/// use std::time::Duration;
/// use netcore::{Deadline, Listener, SocketOptions, Stream};
///
/// let listener = Listener::bind("127.0.0.1:0")?;
/// let deadline = Deadline::after(Duration::from_secs(5));
/// let client = Stream::connect(listener.endpoint(), &SocketOptions::new(), deadline)?;
/// let (server, _peer) = listener.accept(deadline)?;
///
/// client.write_all_deadline(b"hello", deadline)?;
/// let mut buffer = [0; 5];
/// server.read_exact_deadline(&mut buffer, deadline)?;
/// assert_eq!(&buffer, b"hello");
/// # Ok::<(), netcore::Error>(())
/// ```
///
/// [`Read`] and [`Write`] wait as long as the options allow, by default without limit. The
/// functions that take a [`Deadline`] never wait longer, regardless of the options and the blocking
/// mode. A signal interrupts neither. Writing to a peer that has gone returns
/// [`BrokenPipe`](ErrorKind::BrokenPipe), even in a process that `SIGPIPE` would end.
///
/// An encrypted stream (feature `tls`) behaves like one in the clear, with two differences. The
/// peer's end without `close_notify` is [`UnexpectedEnd`](ErrorKind::UnexpectedEnd). Dropping the
/// stream sends no `close_notify`; [`shutdown`](Stream::shutdown) and [`finish`](Stream::finish)
/// do. Its raw descriptor carries ciphertext.
///
/// As with std's types, `&Stream` implements [`Read`] and [`Write`], so one thread can read while
/// another one writes.
#[derive(Debug)]
pub struct Stream {
    socket: Socket,
    /// `None` if the system did not report the peer when the socket was taken over.
    peer: Option<Address>,
    /// The endpoint of the connect call, as the user wrote it.
    endpoint: Option<Box<str>>,
    /// `None` in the clear. Clones share the session.
    tls: Option<Arc<Encrypted>>,
}

sys::handle_traits!(Stream);

impl Stream {
    /// Wraps a stream that was connected to `endpoint`.
    pub(crate) fn connected(socket: Socket, peer: Address, endpoint: &Endpoint) -> Stream {
        let endpoint = Some(endpoint.as_given().into_boxed_str());
        Stream { socket, peer: Some(peer), endpoint, tls: None }
    }

    /// Wraps a stream that a listener accepted.
    pub(crate) fn accepted(socket: Socket, peer: Address) -> Stream {
        Stream { socket, peer: Some(peer), endpoint: None, tls: None }
    }

    /// Reads the available bytes, and waits if there are none. Returns 0 if the peer has ended the
    /// stream, or `buffer` is empty.
    ///
    /// # Errors
    ///
    /// [`Operation::Read`] with [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed,
    /// even if there is something to read, or with the system's reason, often
    /// [`ConnectionReset`](ErrorKind::ConnectionReset).
    pub fn read_deadline(&self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Error> {
        match &self.tls {
            None => self.read_until(buffer, deadline),
            Some(tls) => tls.read(&self.socket, buffer, deadline),
        }
        .map_err(|error| self.name(error))
    }

    /// Fills `buffer`.
    ///
    /// # Errors
    ///
    /// As [`read_deadline`](Stream::read_deadline), and [`UnexpectedEnd`](ErrorKind::UnexpectedEnd)
    /// if the peer ends before. `buffer` has the bytes read until then.
    pub fn read_exact_deadline(&self, buffer: &mut [u8], deadline: Deadline) -> Result<(), Error> {
        let wanted = buffer.len();
        let mut filled = 0;
        while filled < wanted {
            match self.read_deadline(&mut buffer[filled..], deadline)? {
                0 => {
                    let text = format!("the peer ended after {filled} of {wanted} bytes");
                    let error = Error::new(Operation::Read, ErrorKind::UnexpectedEnd);
                    return Err(self.name(error.because_text(text)));
                }
                read => filled += read,
            }
        }
        Ok(())
    }

    /// Waits until a read would return bytes, the peer's end or an error. Returns `false` if the
    /// deadline passed first; with a deadline that has passed, it only checks.
    ///
    /// Use it to skip a read that cannot succeed yet, or to check that an idle pooled connection
    /// has received nothing. The reads with a deadline wait by themselves.
    ///
    /// # Errors
    ///
    /// [`Operation::Poll`], if the system fails.
    pub fn wait_readable(&self, deadline: Deadline) -> Result<bool, Error> {
        if let Some(tls) = &self.tls {
            return tls.wait_readable(&self.socket, deadline).map_err(|error| self.name(error));
        }
        sys::wait(&self.socket, Interest::Read, deadline)
            .map_err(|error| self.name(Error::from_io(Operation::Poll, error)))
    }

    /// Writes all of `bytes`.
    ///
    /// The deadline covers the whole call: a peer that accepts a byte at a time does not prolong
    /// it.
    ///
    /// # Errors
    ///
    /// [`Operation::Write`] with [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed, or
    /// with another kind, often [`BrokenPipe`](ErrorKind::BrokenPipe) or
    /// [`ConnectionReset`](ErrorKind::ConnectionReset). An unknown part of `bytes` has then been
    /// sent, so the stream is of no more use.
    pub fn write_all_deadline(&self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = &rest[self.write_deadline(rest, deadline)?..];
        }
        self.flush_deadline(deadline)
    }

    /// Writes as many bytes as there is room for, and waits if there is none. Returns the number of
    /// bytes written.
    ///
    /// # Errors
    ///
    /// [`Operation::Write`] with [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed,
    /// even if there is room, or with the system's reason, often
    /// [`BrokenPipe`](ErrorKind::BrokenPipe) or [`ConnectionReset`](ErrorKind::ConnectionReset).
    /// None of `bytes` has been sent then.
    pub fn write_deadline(&self, bytes: &[u8], deadline: Deadline) -> Result<usize, Error> {
        if let Some(tls) = &self.tls {
            let written = tls.write(&self.socket, bytes, deadline);
            return written.map_err(|error| self.name(error));
        }
        let flags = sys::NO_SIGNAL | sys::DONT_WAIT;
        let sent = sys::until(&self.socket, Interest::Write, deadline, || {
            self.socket.send_with_flags(bytes, flags)
        });
        match sent {
            Ok(Some(sent)) => Ok(sent),
            Ok(None) => Err(self.name(Error::timed_out(Operation::Write))),
            Err(error) => Err(self.name(Error::from_io(Operation::Write, error))),
        }
    }

    /// Sends the rest of an encrypted record, of which [`write_deadline`](Stream::write_deadline)
    /// has sent the beginning when its deadline passed. Later writes do so too.
    pub(crate) fn flush_deadline(&self, deadline: Deadline) -> Result<(), Error> {
        match &self.tls {
            Some(tls) if tls.has_unsent() => {
                tls.flush(&self.socket, deadline).map_err(|error| self.name(error))
            }
            _ => Ok(()),
        }
    }

    /// Closes the stream after the peer has received everything that was written.
    ///
    /// Closing a socket with unread input makes TCP reset the connection (RFC 1122 section
    /// 4.2.2.13), and the reset overtakes unsent data. This function therefore ends the writing
    /// side, reads and drops input until the peer ends too, and then closes.
    ///
    /// # Errors
    ///
    /// [`Operation::Shutdown`] with [`TimedOut`](ErrorKind::TimedOut) if the peer has not ended by
    /// the deadline, or with another kind, often [`ConnectionReset`](ErrorKind::ConnectionReset).
    /// The system reports a reset once, so only if no read or write has returned it before. The
    /// stream is closed in any case.
    pub fn finish(self, deadline: Deadline) -> Result<(), Error> {
        match self.end(deadline) {
            // Both sides have ended already, or the connection was reset, which reading reports.
            Err(error) if error.kind() == ErrorKind::NotConnected => {}
            result => result?,
        }
        let mut dropped = [0; 8192];
        loop {
            let read = sys::until(&self.socket, Interest::Read, deadline, || {
                self.socket.recv_with_flags(sys::uninit(&mut dropped), sys::DONT_WAIT)
            });
            match read {
                Ok(Some(0)) => return Ok(()),
                Ok(Some(_)) => {}
                Ok(None) => return Err(self.name(Error::timed_out(Operation::Shutdown))),
                Err(error) => return Err(self.name(Error::from_io(Operation::Shutdown, error))),
            }
        }
    }

    /// Ends the writing side within the deadline. Only over TLS it may have to wait.
    pub(crate) fn end(&self, deadline: Deadline) -> Result<(), Error> {
        if let Some(tls) = &self.tls {
            tls.end(&self.socket, deadline).map_err(|error| self.name(error))?;
        }
        self.shutdown_socket(Shutdown::Write)
    }

    /// Ends one direction, or both: shutdown(2). After the writing side has ended, the peer reads
    /// an end.
    ///
    /// Over TLS `close_notify` precedes that end. The end of the writing side waits for it as
    /// [`Write`] does; the end of both sides does not wait.
    ///
    /// # Errors
    ///
    /// [`Operation::Shutdown`], usually with [`NotConnected`](ErrorKind::NotConnected): the peer
    /// has reset the connection.
    pub fn shutdown(&self, how: Shutdown) -> Result<(), Error> {
        match (&self.tls, how) {
            (Some(tls), Shutdown::Write) => tls
                .end_by_mode(&self.socket)
                .map_err(|error| self.name(Error::from_io(Operation::Shutdown, error)))?,
            (Some(tls), Shutdown::Both) => tls.end_now(&self.socket),
            _ => {}
        }
        self.shutdown_socket(how)
    }

    fn shutdown_socket(&self, how: Shutdown) -> Result<(), Error> {
        self.socket
            .shutdown(how)
            .map_err(|error| self.name(Error::from_io(Operation::Shutdown, error)))
    }

    /// Returns the address of the peer.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`], if the stream was taken over from an unconnected socket.
    pub fn peer_address(&self) -> Result<Address, Error> {
        match &self.peer {
            Some(peer) => Ok(peer.clone()),
            None => match self.socket.peer_addr() {
                Ok(peer) => Ok(Address::from_system(&peer)),
                Err(error) => Err(self.name(Error::from_io(Operation::Inspect, error))),
            },
        }
    }

    /// Returns the address of this side.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`], if the system fails.
    pub fn local_address(&self) -> Result<Address, Error> {
        local_address(&self.socket).map_err(|error| self.name(error))
    }

    /// Sets whether [`Read`] and [`Write`] return [`WouldBlock`](io::ErrorKind::WouldBlock) instead
    /// of waiting. The functions with a deadline do not depend on it.
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`], if the system fails.
    pub fn set_nonblocking(&self, on: bool) -> Result<(), Error> {
        if let Some(tls) = &self.tls {
            tls.set_nonblocking(on);
            return Ok(());
        }
        self.socket
            .set_nonblocking(on)
            .map_err(|error| self.name(Error::from_io(Operation::SetOption("O_NONBLOCK"), error)))
    }

    /// Makes a second handle of the same connection. The two share options and blocking mode.
    ///
    /// # Errors
    ///
    /// [`Operation::Open`], often with
    /// [`DescriptorsExhausted`](ErrorKind::DescriptorsExhausted).
    pub fn try_clone(&self) -> Result<Stream, Error> {
        match self.socket.try_clone() {
            Ok(socket) => {
                let (peer, endpoint) = (self.peer.clone(), self.endpoint.clone());
                Ok(Stream { socket, peer, endpoint, tls: self.tls.clone() })
            }
            Err(error) => Err(self.name(Error::from_io(Operation::Open, error))),
        }
    }

    fn read_until(&self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Error> {
        let read = sys::until(&self.socket, Interest::Read, deadline, || {
            self.socket.recv_with_flags(sys::uninit(buffer), sys::DONT_WAIT)
        });
        match read {
            Ok(Some(read)) => Ok(read),
            Ok(None) => Err(Error::timed_out(Operation::Read)),
            Err(error) => Err(Error::from_io(Operation::Read, error)),
        }
    }

    /// Returns the text that errors call the peer.
    pub(crate) fn peer_name(&self) -> Option<String> {
        match (&self.endpoint, &self.peer) {
            (Some(endpoint), _) => Some(endpoint.to_string()),
            (None, Some(Address::Unix(None)) | None) => None,
            (None, Some(peer)) => Some(peer.to_string()),
        }
    }

    /// Adds the names of the peer to the error.
    pub(crate) fn name(&self, error: Error) -> Error {
        let error = match &self.endpoint {
            Some(endpoint) => error.at(&**endpoint),
            None => error,
        };
        match &self.peer {
            Some(Address::Unix(None)) | None => error,
            Some(peer) => error.on(peer.clone()),
        }
    }

    #[cfg(unix)]
    pub(crate) fn is_nonblocking(&self) -> bool {
        match &self.tls {
            Some(tls) => tls.is_nonblocking(),
            None => sys::is_nonblocking(&SockRef::from(&self.socket)),
        }
    }

    /// Returns `true` if the peer sends more, `false` if it has ended.
    #[cfg(unix)]
    pub(crate) fn has_more(&self, deadline: Deadline) -> Result<bool, Error> {
        if let Some(tls) = &self.tls {
            return tls.has_more(&self.socket, deadline).map_err(|error| self.name(error));
        }
        let flags = sys::PEEK | sys::DONT_WAIT;
        let peeked = sys::until(&self.socket, Interest::Read, deadline, || {
            self.socket.recv_with_flags(sys::uninit(&mut [0]), flags)
        });
        match peeked {
            Ok(Some(peeked)) => Ok(peeked > 0),
            Ok(None) => Err(self.name(Error::timed_out(Operation::Read))),
            Err(error) => Err(self.name(Error::from_io(Operation::Read, error))),
        }
    }
}
