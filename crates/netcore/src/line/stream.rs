//! Lines and bodies over any stream, buffered.

use std::borrow::Borrow;
use std::io::{self, Read, Write};

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::line::framer::{Found, Line, LineFramer, TooLong};
use crate::line::write_buffer::{WriteBuffer, error_of};
use crate::stream::{DeadlineStream, Stream};

#[cfg(test)]
mod tests;

/// The most bytes that are read ahead.
const READ_AHEAD: usize = 8192;

/// Lines and bodies, read from and written to any stream: Python's `makefile`.
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
///
/// Reads and writes are buffered. Written bytes are sent by [`flush`](LineStream::flush), when the
/// buffer is full, or before a read that has to wait for the peer, so that a request never stays in
/// the buffer while its response is awaited. Dropping the value drops unsent bytes.
///
/// # Deadlines
///
/// Over [`DeadlineStream`], which [`Stream::into_lines`] makes, one deadline bounds all reads and
/// writes until [`until`](LineStream::until) sets the next: a whole line, a whole body, a whole
/// exchange. Over another stream the waits are that stream's own.
///
/// A read that ends early, because of the deadline or because a non-blocking stream has nothing
/// more, loses nothing: the next read continues there.
///
/// # Limits
///
/// The text of a line has at most the `limit` of [`new`](LineStream::new), a body the limit of its
/// call. The two buffers hold 8 KiB for reading and 8 KiB for writing.
#[derive(Debug)]
pub struct LineStream<S> {
    stream: S,
    peer: Option<Box<str>>,
    framer: LineFramer,
    /// The bytes that were read ahead are those from `start` to `end`.
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: WriteBuffer,
    ending: &'static [u8],
}

impl Stream {
    /// Converts this stream into one of lines with at most `limit` bytes of text each. `deadline`
    /// bounds all reads and writes until [`LineStream::until`] sets another.
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
    /// Sets the deadline of all later calls: `lines.until(deadline).read_line()?`.
    pub const fn until(&mut self, deadline: Deadline) -> &mut Self {
        self.stream.set_deadline(deadline);
        self
    }
}

impl<S: Read + Write> LineStream<S> {
    /// Wraps `stream` for lines of at most `limit` bytes of text each, without their ending.
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

    /// Names the peer in the errors of a stream that does not name it itself.
    #[must_use]
    pub fn at(mut self, peer: impl Into<String>) -> LineStream<S> {
        self.peer = Some(peer.into().into_boxed_str());
        self
    }

    /// Makes [`write_line`](LineStream::write_line) end lines with CRLF instead of LF, as most
    /// internet protocols require (RFC 5321 section 2.3.8, RFC 9112 section 2.2).
    #[must_use]
    pub const fn crlf(mut self) -> LineStream<S> {
        self.ending = b"\r\n";
        self
    }

    /// Reads the next line: its text and, separately, its ending, LF or CRLF. Returns `None` if the
    /// peer has ended the stream. The last line of a stream may lack its ending; [`Line::ending`]
    /// is then not an LF.
    ///
    /// # Errors
    ///
    /// - [`LineTooLong`](ErrorKind::LineTooLong), once for a line that is longer than the limit, as
    ///   soon as that is certain. The next call skips the rest of the line;
    /// - the errors of reading the stream, [`TimedOut`](ErrorKind::TimedOut) among them;
    /// - the errors of [`flush`](LineStream::flush).
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
    /// - [`UnexpectedEnd`](ErrorKind::UnexpectedEnd) if the peer ends before. `buffer` has the
    ///   bytes received until then, and the source says how many;
    /// - the errors of reading the stream and of [`flush`](LineStream::flush). Here, too, `buffer`
    ///   has the received bytes, and they are not returned again.
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
    /// grows with the received bytes, not with the announced length. The caller has to bound
    /// `count`.
    ///
    /// # Errors
    ///
    /// As [`read_exact`](LineStream::read_exact); `body` has the bytes received until then.
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

    /// Appends everything until the peer's end to `body`, at most `limit` bytes. Returns the number
    /// of bytes.
    ///
    /// # Errors
    ///
    /// - [`TooLarge`](ErrorKind::TooLarge) if the peer sends more. `body` has the first `limit`
    ///   bytes, and the others are still to be read;
    /// - the errors of reading the stream and of [`flush`](LineStream::flush); `body` has the bytes
    ///   received until then.
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
    /// [`InvalidInput`](ErrorKind::InvalidInput) if `text` has an LF, or a CR at its end, since the
    /// peer would see more than one line. Nothing is written then. Otherwise as
    /// [`write_all`](LineStream::write_all).
    pub fn write_line(&mut self, text: &[u8]) -> Result<(), Error> {
        if text.contains(&b'\n') || text.ends_with(b"\r") {
            let cause = io::Error::other("the text of the line contains a line ending");
            let error = Error::new(Operation::Write, ErrorKind::InvalidInput).because(cause);
            return Err(self.name(error));
        }
        self.write_all(text)?;
        self.write_all(self.ending)
    }

    /// Writes all of `bytes`, into the buffer as far as it has room.
    ///
    /// # Errors
    ///
    /// As [`flush`](LineStream::flush). It is then unknown how much of `bytes` will be sent, so the
    /// stream is of no more use for writing.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.output.write_all(&mut self.stream, bytes);
        written.map_err(|error| self.name(error))
    }

    /// Sends the buffered bytes.
    ///
    /// # Errors
    ///
    /// The errors of writing to the stream, often [`TimedOut`](ErrorKind::TimedOut) or
    /// [`BrokenPipe`](ErrorKind::BrokenPipe). After [`TimedOut`](ErrorKind::TimedOut) and
    /// [`WouldBlock`](ErrorKind::WouldBlock) the next flush continues where this one stopped. After
    /// another failure the unsent bytes are dropped, so that the peer's last data can still be
    /// read.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.output.flush(&mut self.stream).map_err(|error| self.name(error))
    }

    /// Returns the stream. Its own reads and writes bypass the buffers.
    pub const fn stream(&self) -> &S {
        &self.stream
    }

    /// Returns the stream, mutably. Its own reads and writes bypass the buffers.
    pub const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Flushes, and returns the stream and the bytes that were read ahead: for a connection that
    /// switches to another protocol.
    ///
    /// # Errors
    ///
    /// As [`flush`](LineStream::flush); the stream is then dropped.
    pub fn into_parts(mut self) -> Result<(S, Vec<u8>), Error> {
        self.flush()?;
        self.take_back();
        self.input.truncate(self.end);
        self.input.drain(..self.start);
        Ok((self.stream, self.input))
    }

    /// Returns the next bytes, at most `most`. The slice is empty if the peer has ended.
    fn take(&mut self, most: usize) -> Result<&[u8], Error> {
        let count = self.buffered()?.min(most);
        self.start += count;
        Ok(&self.input[self.start - count..self.start])
    }

    /// Returns the number of buffered bytes; reads some if there are none. 0 stands for the peer's
    /// end.
    fn buffered(&mut self) -> Result<usize, Error> {
        self.take_back();
        if self.start == self.end {
            return self.fill();
        }
        Ok(self.end - self.start)
    }

    /// Moves the beginning of an unfinished line back to the front of the buffer.
    fn take_back(&mut self) {
        let begun = self.framer.take_back();
        if !begun.is_empty() {
            self.input = [&begun, &self.input[self.start..self.end]].concat();
            (self.start, self.end) = (0, self.input.len());
        }
    }

    /// Reads into the empty buffer. Returns 0 if the peer has ended.
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
