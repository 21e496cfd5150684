//! Connected streams: TCP and Unix, in the clear or encrypted.

mod convert;
mod drain;
#[cfg(feature = "tls")]
mod encrypted;
#[cfg(not(feature = "tls"))]
#[path = "stream/encrypted/none.rs"]
mod encrypted;
#[cfg(feature = "tls")]
mod encryption;
mod ending;
mod handshake;
mod nonblocking;
mod peer;
mod std_io;

use std::borrow::Borrow;
use std::io::{self, Read, Write};
use std::sync::Arc;

use socket2::Socket;

use crate::address::Address;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::{self, Interest, SocketMode};
use crate::until::Until;
use crate::wait;
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
/// [`Read`] and [`Write`] wait as long as the options allow, by
/// default without limit. The functions that take a [`Deadline`] never wait
/// longer, regardless of the options and the blocking mode. A signal interrupts neither. Writing to
/// a peer that has gone returns [`BrokenPipe`](ErrorKind::BrokenPipe), even in a process that
/// `SIGPIPE` would end.
///
/// An encrypted stream (feature `tls`) behaves like one in the clear, with two differences. The
/// peer's end without `close_notify` is [`UnexpectedEnd`](ErrorKind::UnexpectedEnd). Dropping the
/// stream sends no `close_notify`; [`shutdown`](Stream::shutdown) and [`finish`](Stream::finish)
/// do. Its raw descriptor carries ciphertext.
///
/// As with std's types, `&Stream` implements [`Read`] and [`Write`],
/// so one thread can read while another one writes.
#[derive(Debug)]
pub struct Stream {
    socket: Socket,
    mode: SocketMode,
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
        let mode = SocketMode::of(&socket, false);
        Stream { socket, mode, peer: Some(peer), endpoint, tls: None }
    }

    /// Wraps a stream that a listener accepted, in the mode `nonblocking`.
    pub(crate) fn accepted(socket: Socket, peer: Address, nonblocking: bool) -> Stream {
        let mode = SocketMode::of(&socket, nonblocking);
        Stream { socket, mode, peer: Some(peer), endpoint: None, tls: None }
    }

    /// Reads the available bytes, and waits if there are none. Returns 0 if the peer has ended the
    /// stream, or `buffer` is empty.
    ///
    /// # Errors
    ///
    /// [`Operation::Read`] with [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed,
    /// even if there is something to read, with [`Cancelled`](ErrorKind::Cancelled) once the token
    /// is cancelled, or with the system's reason, often
    /// [`ConnectionReset`](ErrorKind::ConnectionReset).
    pub fn read_deadline<'a>(
        &self,
        buffer: &mut [u8],
        deadline: impl Into<Until<'a>>,
    ) -> Result<usize, Error> {
        let until = deadline.into();
        match &self.tls {
            None => self.read_until(buffer, until),
            Some(tls) => tls.read(&self.socket, buffer, until),
        }
        .map_err(|error| self.name(error))
    }

    /// Fills `buffer`.
    ///
    /// # Errors
    ///
    /// As [`read_deadline`](Stream::read_deadline), and [`UnexpectedEnd`](ErrorKind::UnexpectedEnd)
    /// if the peer ends before. `buffer` has the bytes read until then.
    pub fn read_exact_deadline<'a>(
        &self,
        buffer: &mut [u8],
        deadline: impl Into<Until<'a>>,
    ) -> Result<(), Error> {
        let until = deadline.into();
        let wanted = buffer.len();
        let mut filled = 0;
        while filled < wanted {
            match self.read_deadline(&mut buffer[filled..], until)? {
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
    /// [`Operation::Poll`] with [`Cancelled`](ErrorKind::Cancelled) once the token is cancelled, or
    /// if the system fails.
    pub fn wait_readable<'a>(&self, deadline: impl Into<Until<'a>>) -> Result<bool, Error> {
        let until = deadline.into();
        let readable = match &self.tls {
            Some(tls) => tls.wait_readable(&self.socket, until),
            None => wait::ready(&self.socket, Interest::Read, until)
                .map_err(|error| Error::from_io(Operation::Poll, error)),
        };
        match readable.map_err(|error| self.name(error))? {
            false if until.is_cancelled() => Err(self.name(until.error(Operation::Poll))),
            readable => Ok(readable),
        }
    }

    /// Writes all of `bytes`.
    ///
    /// The deadline covers the whole call: a peer that accepts a byte at a time does not prolong
    /// it.
    ///
    /// # Errors
    ///
    /// [`Operation::Write`] with [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed,
    /// with [`Cancelled`](ErrorKind::Cancelled) once the token is cancelled, or with another kind,
    /// often [`BrokenPipe`](ErrorKind::BrokenPipe) or
    /// [`ConnectionReset`](ErrorKind::ConnectionReset). An unknown part of `bytes` has then been
    /// sent, so the stream is of no more use.
    pub fn write_all_deadline<'a>(
        &self,
        bytes: &[u8],
        deadline: impl Into<Until<'a>>,
    ) -> Result<(), Error> {
        let until = deadline.into();
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = &rest[self.write_deadline(rest, until)?..];
        }
        self.flush_deadline(until)
    }

    /// Writes as many bytes as there is room for, and waits if there is none. Returns the number of
    /// bytes written.
    ///
    /// # Errors
    ///
    /// [`Operation::Write`] with [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed,
    /// even if there is room, with [`Cancelled`](ErrorKind::Cancelled) once the token is cancelled,
    /// or with the system's reason, often
    /// [`BrokenPipe`](ErrorKind::BrokenPipe) or [`ConnectionReset`](ErrorKind::ConnectionReset).
    /// None of `bytes` has been sent then.
    pub fn write_deadline<'a>(
        &self,
        bytes: &[u8],
        deadline: impl Into<Until<'a>>,
    ) -> Result<usize, Error> {
        let until = deadline.into();
        if let Some(tls) = &self.tls {
            let written = tls.write(&self.socket, bytes, until);
            return written.map_err(|error| self.name(error));
        }
        let flags = sys::NO_SIGNAL | sys::DONT_WAIT;
        let sent = wait::until(&self.socket, Interest::Write, until, || {
            self.socket.send_with_flags(bytes, flags)
        });
        match sent {
            Ok(Some(sent)) => Ok(sent),
            Ok(None) => Err(self.name(until.error(Operation::Write))),
            Err(error) => Err(self.name(Error::from_io(Operation::Write, error))),
        }
    }

    /// Sends the rest of an encrypted record, of which [`write_deadline`](Stream::write_deadline)
    /// has sent the beginning when its deadline passed. Later writes do so too.
    pub(crate) fn flush_deadline<'a>(&self, deadline: impl Into<Until<'a>>) -> Result<(), Error> {
        match &self.tls {
            Some(tls) if tls.has_unsent() => {
                tls.flush(&self.socket, deadline.into()).map_err(|error| self.name(error))
            }
            _ => Ok(()),
        }
    }

    /// Sets whether [`Read`] and [`Write`] return
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting. The functions with a
    /// deadline do not depend on it.
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`], if the system fails.
    pub fn set_nonblocking(&self, on: bool) -> Result<(), Error> {
        if let Some(tls) = &self.tls {
            tls.set_nonblocking(on);
            return Ok(());
        }
        self.mode
            .set(&self.socket, on)
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
                Ok(Stream {
                    socket,
                    mode: self.mode.clone(),
                    peer,
                    endpoint,
                    tls: self.tls.clone(),
                })
            }
            Err(error) => Err(self.name(Error::from_io(Operation::Open, error))),
        }
    }

    fn read_until(&self, buffer: &mut [u8], until: Until<'_>) -> Result<usize, Error> {
        let read = wait::until(&self.socket, Interest::Read, until, || {
            self.socket.recv_with_flags(sys::uninit(buffer), sys::DONT_WAIT)
        });
        match read {
            Ok(Some(read)) => Ok(read),
            Ok(None) => Err(until.error(Operation::Read)),
            Err(error) => Err(Error::from_io(Operation::Read, error)),
        }
    }
}

/// A stream under a deadline: [`Read`] and [`Write`] that together never wait beyond it.
///
/// ```
/// use std::io::Read;
/// use std::time::Duration;
/// use netcore::{Deadline, Stream};
///
/// /// A whole message of at most a kilobyte, within five seconds.
/// fn message(stream: &Stream) -> std::io::Result<String> {
///     let deadline = Deadline::after(Duration::from_secs(5));
///     let mut text = String::new();
///     stream.with_deadline(deadline).take(1024).read_to_string(&mut text)?;
///     Ok(text)
/// }
/// ```
///
/// Pass it to code that is generic over the two traits. One deadline then bounds any number of
/// reads and writes, so a peer that sends a byte a second can't prolong them. The options and the
/// blocking mode of the stream do not matter.
///
/// [`Stream::with_deadline`] makes it over `&Stream`, and [`new`](DeadlineStream::new) over a value
/// that owns or shares a stream. The payload of a failure is the [`Error`]; its kind
/// is [`TimedOut`](io::ErrorKind::TimedOut) once the deadline has passed.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineStream<S> {
    stream: S,
    deadline: Deadline,
}

impl Stream {
    /// Returns this stream under `deadline`, for code that uses std's traits.
    #[must_use]
    pub fn with_deadline(&self, deadline: Deadline) -> DeadlineStream<&Stream> {
        DeadlineStream::new(self, deadline)
    }
}

impl<S: Borrow<Stream>> DeadlineStream<S> {
    /// Puts `stream` under `deadline`. The stream is a [`Stream`], or a value that holds one, such
    /// as a reference or an [`Arc`].
    #[must_use]
    pub const fn new(stream: S, deadline: Deadline) -> DeadlineStream<S> {
        DeadlineStream { stream, deadline }
    }

    /// Returns the stream.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        self.stream.borrow()
    }

    /// Returns the deadline.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Sets the deadline of all later calls, for example of the next request on the same
    /// connection.
    pub const fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// Returns the value that [`new`](DeadlineStream::new) took.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: Borrow<Stream>> Read for DeadlineStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.stream().read_deadline(buffer, self.deadline)?)
    }
}

impl<S: Borrow<Stream>> Write for DeadlineStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.stream().write_deadline(bytes, self.deadline)?)
    }

    /// Sends the rest of an encrypted record, if the last write could not. A socket itself has no
    /// buffer to flush.
    fn flush(&mut self) -> io::Result<()> {
        Ok(self.stream().flush_deadline(self.deadline)?)
    }
}
