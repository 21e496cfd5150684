//! A connection to a server, with a buffer of received bytes that are not yet decoded.

use std::fmt;
use std::ops::Range;
use std::time::Instant;

use netcore::{Address, CancelToken, Deadline, Stream};

use crate::deadlines::{Deadlines, StepDeadline};
use crate::error::Error;
use crate::timeouts::{Phase, Timeout};

/// The most bytes received ahead of the reader. A head and a small body arrive in one piece.
pub(crate) const BUFFER: usize = 32 << 10;

pub(crate) struct Connection {
    stream: Stream,
    local: Option<Address>,
    peer: Option<Address>,
    buffer: Box<[u8]>,
    /// The range of the buffer that was received and not yet consumed.
    unread: Range<usize>,
    /// The bytes of the request. The next request reuses their memory.
    request: Vec<u8>,
    /// `true` if an earlier request has used the connection.
    reused: bool,
    /// The most bytes of one read into the buffer.
    slice: usize,
    /// The token that cancels the transfer.
    token: Option<CancelToken>,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Connection {
        Connection::with_buffer(stream, vec![0; BUFFER].into_boxed_slice())
    }

    /// Makes a connection with the buffer of an earlier one.
    pub(crate) fn with_buffer(stream: Stream, buffer: Box<[u8]>) -> Connection {
        Connection {
            local: stream.local_address().ok(),
            peer: stream.peer_address().ok(),
            stream,
            buffer,
            unread: 0..0,
            request: Vec::new(),
            reused: false,
            slice: BUFFER,
            token: None,
        }
    }

    /// Reads at most `slice` bytes at once into the buffer.
    pub(crate) fn with_slice(self, slice: usize) -> Connection {
        Connection { slice: slice.clamp(1, BUFFER), ..self }
    }

    /// Ends all waits when `token` is cancelled.
    pub(crate) fn with_token(self, token: Option<CancelToken>) -> Connection {
        Connection { token, ..self }
    }

    /// Replaces the token that cancels the transfer.
    #[cfg(feature = "download")]
    pub(crate) fn set_token(&mut self, token: Option<CancelToken>) {
        self.token = token;
    }

    /// Waits until the connection is readable. Returns `false` if the deadline passed first.
    pub(crate) fn wait_readable(&self, deadline: Deadline) -> Result<bool, netcore::Error> {
        self.stream.wait_readable(deadline.or_cancelled(self.token.as_ref()))
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(crate) fn local(&self) -> Option<&Address> {
        self.local.as_ref()
    }

    pub(crate) fn peer(&self) -> Option<&Address> {
        self.peer.as_ref()
    }

    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Returns the connection for another request. Returns `None` if the server has sent anything
    /// meanwhile: unrequested bytes are an end of the stream, or would be taken for the next
    /// response.
    pub(crate) fn into_reused(mut self) -> Option<Connection> {
        self.reused = true;
        let is_noisy = self.stream.wait_readable(Deadline::at(Instant::now())).unwrap_or(true);
        (!is_noisy && self.unread.is_empty()).then_some(self)
    }

    /// Writes the request that `encode` makes, each piece within the stall timeout.
    pub(crate) fn send(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>),
        deadlines: &Deadlines,
    ) -> Result<(), Error> {
        self.request.clear();
        encode(&mut self.request);
        let mut rest = &self.request[..];
        while !rest.is_empty() {
            let step = deadlines.step(Timeout::Stall, Instant::now());
            let until = step.deadline.or_cancelled(self.token.as_ref());
            match self.stream.write_deadline(rest, until) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) => return Err(step.error(error, Phase::Send, 0)),
            }
        }
        Ok(())
    }

    /// Writes a message to a proxy.
    #[cfg(feature = "proxy")]
    pub(crate) fn write(
        &self,
        message: &[u8],
        step: StepDeadline,
        phase: Phase,
    ) -> Result<(), Error> {
        let until = step.deadline.or_cancelled(self.token.as_ref());
        let written = self.stream.write_all_deadline(message, until);
        written.map_err(|error| step.error(error, phase, 0))
    }

    /// Returns the stream of a connection without unread bytes, and its buffer.
    #[cfg(feature = "proxy")]
    pub(crate) fn into_parts(self) -> (Stream, Box<[u8]>) {
        debug_assert!(self.unread.is_empty());
        (self.stream, self.buffer)
    }

    /// Returns the bytes of the request that was sent last.
    pub(crate) fn request(&self) -> &[u8] {
        &self.request
    }

    /// Waits until the connection is readable. Call it if nothing can have arrived yet: it saves a
    /// read that would fail.
    pub(crate) fn wait(&self, step: StepDeadline, phase: Phase) -> Result<(), Error> {
        match self.wait_readable(step.deadline) {
            Ok(_) => Ok(()),
            Err(error) => Err(step.error(error, phase, 0)),
        }
    }

    /// Receives into the buffer, which must be consumed. Returns 0 at the end of the stream.
    pub(crate) fn fill(&mut self, step: StepDeadline, now: (Phase, u64)) -> Result<usize, Error> {
        debug_assert!(self.unread.is_empty());
        let (phase, received) = now;
        let until = step.deadline.or_cancelled(self.token.as_ref());
        let read = self.stream.read_deadline(&mut self.buffer[..self.slice], until);
        let read = read.map_err(|error| step.error(error, phase, received))?;
        self.unread = 0..read;
        Ok(read)
    }

    /// Receives content directly into `buffer`. Returns 0 at the end of the stream.
    pub(crate) fn receive(
        &self,
        buffer: &mut [u8],
        step: StepDeadline,
        received: u64,
    ) -> Result<usize, Error> {
        let until = step.deadline.or_cancelled(self.token.as_ref());
        let read = self.stream.read_deadline(buffer, until);
        read.map_err(|error| step.error(error, Phase::Body, received))
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.unread.clone()]
    }

    /// Consumes the first `count` unread bytes. They stay in the buffer until it is filled again.
    pub(crate) fn consume(&mut self, count: usize) {
        self.unread.start += count;
    }

    /// Returns the range of the last `length` bytes among the first `used`
    /// [unread](Connection::unread) ones.
    pub(crate) fn last_of(&self, used: usize, length: usize) -> Range<usize> {
        let end = self.unread.start + used;
        end - length..end
    }

    /// Moves the bytes at `range` to `end`, the end of an earlier range.
    pub(crate) fn move_to(&mut self, range: Range<usize>, end: usize) {
        self.buffer.copy_within(range, end);
    }

    /// Returns the bytes of the buffer at `range`.
    pub(crate) fn at(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("local", &self.local)
            .field("peer", &self.peer)
            .field("unread", &self.unread)
            .field("reused", &self.reused)
            .finish_non_exhaustive()
    }
}
