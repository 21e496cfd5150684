//! Lines and bodies over any stream, buffered.

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::io::{self, Read, Write};

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::line::framer::{Found, Line, LineFramer, TooLong};
use crate::line::write_buffer::{WriteBuffer, error_of};
use crate::stream::{DeadlineStream, Stream};

/// How many bytes are read ahead at most.
const READ_AHEAD: usize = 8192;

/// Lines and bodies, read and written over any stream: what Python calls `makefile`.
///
/// Reading goes through a buffer, and so does writing: what was written leaves with
/// [`flush`](LineStream::flush), when the buffer is full, or before a read that has to wait for the
/// peer, so that no question stays behind while its answer is awaited. Dropping it drops what was
/// not flushed.
///
/// # Deadlines
///
/// Over [`DeadlineStream`], which [`Stream::into_lines`] makes, one deadline bounds all that is read and
/// written until [`until`](LineStream::until) sets the next: a whole line, a whole body, a whole
/// exchange. Over another stream the waits are that stream's own. Where a read ends early, because
/// of the deadline or because a non-blocking stream has nothing more, nothing is lost: the next
/// goes on where it stopped.
///
/// # Limits
///
/// The text of a line has at most the `limit` of [`new`](LineStream::new), a body the limit of its call.
/// Beside these there are 8 KiB for reading and 8 KiB for writing.
///
/// ```
/// use std::time::Duration;
/// use netcore::{Deadline, Endpoint, SocketOptions, Stream};
///
/// /// Asks a finger server (RFC 1288) for one line about a user, within five seconds.
/// fn finger(endpoint: &Endpoint, user: &str) -> Result<Option<String>, netcore::Error> {
///     let deadline = Deadline::after(Duration::from_secs(5));
///     let stream = Stream::connect(endpoint, &SocketOptions::new(), deadline)?;
///     let mut lines = stream.into_lines(1024, deadline).crlf();
///     lines.write_line(user.as_bytes())?;
///     let line = lines.read_line()?;
///     Ok(line.map(|line| String::from_utf8_lossy(line.text()).into_owned()))
/// }
/// ```
#[derive(Debug)]
pub struct LineStream<S> {
    stream: S,
    peer: Option<Box<str>>,
    framer: LineFramer,
    /// What was read ahead is from `start` to `end`.
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: WriteBuffer,
    ending: &'static [u8],
}

impl Stream {
    /// Lines over this stream, of at most `limit` bytes of text each. `deadline` is for all that is
    /// read and written until [`LineStream::until`] sets another.
    #[must_use]
    pub fn into_lines(
        self,
        limit: usize,
        deadline: Deadline,
    ) -> LineStream<DeadlineStream<Stream>> {
        let peer = self.peer_name();
        let lines = LineStream::new(DeadlineStream::new(self, deadline), limit);
        match peer {
            Some(peer) => lines.at(peer),
            None => lines,
        }
    }
}

impl<S: Borrow<Stream>> LineStream<DeadlineStream<S>> {
    /// Sets the deadline of all that follows: `lines.until(deadline).read_line()?`.
    pub const fn until(&mut self, deadline: Deadline) -> &mut Self {
        self.stream.set_deadline(deadline);
        self
    }
}

impl<S: Read + Write> LineStream<S> {
    /// Lines over `stream`, of at most `limit` bytes of text each, their ending not counted.
    #[must_use]
    pub fn new(stream: S, limit: usize) -> LineStream<S> {
        LineStream {
            stream,
            peer: None,
            framer: LineFramer::new(limit),
            input: Vec::new(),
            start: 0,
            end: 0,
            output: WriteBuffer::default(),
            ending: b"\n",
        }
    }

    /// Names the peer, for the errors of a stream that does not name it itself.
    #[must_use]
    pub fn at(mut self, peer: impl Into<String>) -> LineStream<S> {
        self.peer = Some(peer.into().into_boxed_str());
        self
    }

    /// Has [`write_line`](LineStream::write_line) end lines with CRLF, as most internet protocols want
    /// it (RFC 5321 section 2.3.8, RFC 9112 section 2.2), rather than with LF.
    #[must_use]
    pub const fn crlf(mut self) -> LineStream<S> {
        self.ending = b"\r\n";
        self
    }

    /// Reads the next line: its text, and apart from it the ending, LF or CRLF. `None`: the peer
    /// has ended. The last line of a stream may lack its ending; [`Line::ending`] is not an LF
    /// then.
    ///
    /// # Errors
    ///
    /// - [`LineTooLong`](ErrorKind::LineTooLong), once for a line that is longer than the limit, as
    ///   soon as that is certain. What is left of it is skipped by the next call;
    /// - what the stream's reading fails with, [`TimedOut`](ErrorKind::TimedOut) among it;
    /// - what [`flush`](LineStream::flush) fails with.
    pub fn read_line(&mut self) -> Result<Option<Line<'_>>, Error> {
        let found = loop {
            let mut rest = &self.input[self.start..self.end];
            let found = self.framer.find(&mut rest);
            self.start = self.end - rest.len();
            match found {
                Some(Ok(found)) => break found,
                Some(Err(error)) => return Err(self.too_long(error)),
                None if self.fill()? == 0 => return Ok(self.framer.finish()),
                None => {}
            }
        };
        Ok(Some(match found {
            Found::Input(length) => Line::new(&self.input[self.start - length..self.start]),
            Found::Kept => self.framer.given(),
        }))
    }

    /// Fills `buffer`.
    ///
    /// # Errors
    ///
    /// - [`UnexpectedEnd`](ErrorKind::UnexpectedEnd) if the peer ends before; what came until then
    ///   is in `buffer`, and the source says how much that is;
    /// - what the stream's reading and [`flush`](LineStream::flush) fail with. Here, too, `buffer` has
    ///   what came, and that will not come again.
    pub fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        let wanted = buffer.len();
        let mut filled = 0;
        while filled < wanted {
            let bytes = self.take(wanted - filled)?;
            if bytes.is_empty() {
                return Err(self.ended(filled, wanted));
            }
            buffer[filled..filled + bytes.len()].copy_from_slice(bytes);
            filled += bytes.len();
        }
        Ok(())
    }

    /// Appends the next `count` bytes to `body`, as for a body whose length was announced. Memory
    /// grows with what comes, not with what was announced. Bounding `count` is the caller's.
    ///
    /// # Errors
    ///
    /// As [`read_exact`](LineStream::read_exact); what came until then is in `body`.
    pub fn read_to(&mut self, body: &mut Vec<u8>, count: usize) -> Result<(), Error> {
        let mut left = count;
        while left > 0 {
            let bytes = self.take(left)?;
            if bytes.is_empty() {
                return Err(self.ended(count - left, count));
            }
            body.extend_from_slice(bytes);
            left -= bytes.len();
        }
        Ok(())
    }

    /// Appends all that comes until the peer ends to `body`, `limit` bytes at most. The result is
    /// how many it was.
    ///
    /// # Errors
    ///
    /// - [`TooLarge`](ErrorKind::TooLarge) if more comes; the first `limit` bytes of it are in
    ///   `body`, the others are still to be read;
    /// - what the stream's reading and [`flush`](LineStream::flush) fail with; what came until then is
    ///   in `body`.
    pub fn read_to_end(&mut self, body: &mut Vec<u8>, limit: usize) -> Result<usize, Error> {
        let mut left = limit;
        loop {
            if self.buffered()? == 0 {
                return Ok(limit - left);
            }
            if left == 0 {
                let cause = io::Error::other(format!("the peer sent more than {limit} bytes"));
                let error = Error::new(Operation::Read, ErrorKind::TooLarge).because(cause);
                return Err(self.name(error));
            }
            let bytes = self.take(left)?;
            body.extend_from_slice(bytes);
            left -= bytes.len();
        }
    }

    /// Writes `text` and the ending.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if `text` has an LF, or a CR at its end: it would
    /// be more than a line to the peer. Nothing of it is written then. Otherwise as
    /// [`write_all`](LineStream::write_all).
    pub fn write_line(&mut self, text: &[u8]) -> Result<(), Error> {
        if text.contains(&b'\n') || text.ends_with(b"\r") {
            let cause = io::Error::other("a line to write has a line ending in its text");
            let error = Error::new(Operation::Write, ErrorKind::InvalidInput).because(cause);
            return Err(self.name(error));
        }
        self.write_all(text)?;
        self.write_all(self.ending)
    }

    /// Writes all of `bytes`, into the buffer while there is room.
    ///
    /// # Errors
    ///
    /// As [`flush`](LineStream::flush). Whether `bytes` are among what will be sent is not certain then,
    /// so the stream is of no more use for writing.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.output.write_all(&mut self.stream, bytes);
        written.map_err(|error| self.name(error))
    }

    /// Sends what was written.
    ///
    /// # Errors
    ///
    /// What the stream's writing fails with, often [`TimedOut`](ErrorKind::TimedOut) or
    /// [`BrokenPipe`](ErrorKind::BrokenPipe). After [`TimedOut`](ErrorKind::TimedOut) and
    /// [`WouldBlock`](ErrorKind::WouldBlock) the next flush goes on where this one stopped. After
    /// another failure what was not sent is dropped, so that what the peer said before it went can
    /// still be read.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.output.flush(&mut self.stream).map_err(|error| self.name(error))
    }

    /// The stream. What is read or written there passes by the buffers.
    pub const fn stream(&self) -> &S {
        &self.stream
    }

    /// The stream, to be changed.
    pub const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Flushes, and gives the stream and what was read ahead of it: for a protocol that goes on in
    /// another way.
    ///
    /// # Errors
    ///
    /// As [`flush`](LineStream::flush); the stream is dropped then.
    pub fn into_parts(mut self) -> Result<(S, Vec<u8>), Error> {
        self.flush()?;
        self.take_back();
        self.input.truncate(self.end);
        self.input.drain(..self.start);
        Ok((self.stream, self.input))
    }

    /// The next bytes, `most` of them at most. Empty: the peer has ended.
    fn take(&mut self, most: usize) -> Result<&[u8], Error> {
        let count = self.buffered()?.min(most);
        self.start += count;
        Ok(&self.input[self.start - count..self.start])
    }

    /// How many bytes are in the buffer; reads some if there are none. 0: the peer has ended.
    fn buffered(&mut self) -> Result<usize, Error> {
        self.take_back();
        if self.start == self.end {
            return self.fill();
        }
        Ok(self.end - self.start)
    }

    /// Puts the beginning of a line whose reading did not come to its end back in front.
    fn take_back(&mut self) {
        let begun = self.framer.take_back();
        if !begun.is_empty() {
            self.input = [&begun, &self.input[self.start..self.end]].concat();
            (self.start, self.end) = (0, self.input.len());
        }
    }

    /// Reads into the empty buffer. 0: the peer has ended.
    fn fill(&mut self) -> Result<usize, Error> {
        self.flush()?;
        if self.input.len() != READ_AHEAD {
            self.input = vec![0; READ_AHEAD];
        }
        (self.start, self.end) = (0, 0);
        loop {
            match self.stream.read(&mut self.input) {
                Ok(read) => {
                    self.end = read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.name(error_of(Operation::Read, error))),
            }
        }
    }

    fn too_long(&self, error: TooLong) -> Error {
        let error = io::Error::other(error);
        self.name(Error::new(Operation::Read, ErrorKind::LineTooLong).because(error))
    }

    fn ended(&self, came: usize, wanted: usize) -> Error {
        let cause = io::Error::other(format!("the peer ended after {came} of {wanted} bytes"));
        self.name(Error::new(Operation::Read, ErrorKind::UnexpectedEnd).because(cause))
    }

    fn name(&self, error: Error) -> Error {
        match &self.peer {
            Some(peer) if error.endpoint().is_none() && error.address().is_none() => {
                error.at(&**peer)
            }
            _ => error,
        }
    }
}
