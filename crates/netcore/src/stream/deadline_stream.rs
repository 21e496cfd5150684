//! A stream under a deadline, for code that uses std's traits.

use std::borrow::Borrow;
use std::io::{self, Read, Write};

use crate::deadline::Deadline;
use crate::stream::Stream;

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
/// that owns or shares a stream. The payload of a failure is the [`Error`](crate::Error); its kind
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
    /// as a reference or an [`Arc`](std::sync::Arc).
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
