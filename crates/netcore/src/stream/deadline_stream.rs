//! [`Read`] and [`Write`] under one deadline.

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::io::{self, Read, Write};

use crate::deadline::Deadline;
use crate::stream::Stream;

/// A stream under a deadline: [`Read`] and [`Write`] that together never wait beyond it.
///
/// For whatever is generic over the two traits: it gets one deadline for all that it does, however
/// many reads and writes that takes, so that a peer that sends a byte a second can't outlast it.
/// The options and the blocking mode of the stream are of no matter.
///
/// Made by [`Stream::with_deadline`] over `&Stream`, or by [`new`](DeadlineStream::new) over what owns or shares a
/// stream. A failure's payload is the [`Error`](crate::Error) with all that it says; its kind is
/// [`TimedOut`](io::ErrorKind::TimedOut) once the deadline has passed.
///
/// ```
/// use std::io::Read;
/// use std::time::Duration;
/// use netcore::{Deadline, Stream};
///
/// /// A whole message of at most a kilobyte, within five seconds.
/// fn message(stream: &Stream) -> std::io::Result<String> {
///     let mut text = String::new();
///     stream.with_deadline(Deadline::after(Duration::from_secs(5))).take(1024).read_to_string(&mut text)?;
///     Ok(text)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DeadlineStream<S> {
    stream: S,
    deadline: Deadline,
}

impl Stream {
    /// This stream under `deadline`, for whatever reads and writes by std's traits.
    #[must_use]
    pub fn with_deadline(&self, deadline: Deadline) -> DeadlineStream<&Stream> {
        DeadlineStream::new(self, deadline)
    }
}

impl<S: Borrow<Stream>> DeadlineStream<S> {
    /// `stream` under `deadline`. The stream is a [`Stream`], or something that holds one, as a
    /// reference and an [`Arc`](std::sync::Arc) do.
    #[must_use]
    pub const fn new(stream: S, deadline: Deadline) -> DeadlineStream<S> {
        DeadlineStream { stream, deadline }
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        self.stream.borrow()
    }

    /// The deadline.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Sets the deadline of all that follows, as for the next request on the same connection.
    pub const fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// What [`new`](DeadlineStream::new) took.
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

    /// Does nothing: a socket has no buffer that it could write out.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
