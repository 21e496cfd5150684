//! The ends of a relay.

use std::io;
use std::time::Duration;

use crate::error::Error;
use crate::stream::Stream;
use crate::sys::{AsDescriptor, BorrowedDescriptor};
use crate::transfer::{Descriptor, Nonblocking};

/// One end of a [`relay`](crate::relay::relay): a stream, or two descriptors that other processes
/// may share, such as standard input and output.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    input: BorrowedDescriptor<'a>,
    output: BorrowedDescriptor<'a>,
    pub(super) stream: Option<&'a Stream>,
    pub(super) half_closed: Option<Duration>,
}

impl<'a> End<'a> {
    /// Makes an end of two descriptors: pipes, terminals, files or sockets. The relay sends the
    /// bytes of `input` to the other end, and writes that end's bytes to `output`. It does not
    /// change their blocking mode. An encrypted [`Stream`] is an end by [`From`] only.
    pub fn new(input: &'a impl AsDescriptor, output: &'a impl AsDescriptor) -> End<'a> {
        let (input, output) = (input.as_descriptor(), output.as_descriptor());
        End { input, output, stream: None, half_closed: None }
    }

    /// Sets the longest time without a transfer after this end has ended and while the other end
    /// may still answer. The relay then ends without an error.
    ///
    /// TCP does not distinguish an end that waits for its answer from one that has gone. Without
    /// this limit the relay waits as long as `idle` allows.
    #[must_use]
    pub const fn with_half_closed(mut self, limit: Duration) -> End<'a> {
        self.half_closed = Some(limit);
        self
    }

    pub(super) fn input(&self) -> io::Result<Descriptor<'a>> {
        self.stream.map_or_else(|| Descriptor::of(self.input), Descriptor::of_stream)
    }

    pub(super) fn output(&self) -> io::Result<Descriptor<'a>> {
        self.stream.map_or_else(|| Descriptor::of(self.output), Descriptor::of_stream)
    }

    pub(super) fn nonblocking(&self) -> Result<Option<Nonblocking<'a>>, Error> {
        self.stream.map(Nonblocking::set).transpose()
    }
}

impl<'a> From<&'a Stream> for End<'a> {
    fn from(stream: &'a Stream) -> End<'a> {
        let (input, output) = (stream.as_descriptor(), stream.as_descriptor());
        End { input, output, stream: Some(stream), half_closed: None }
    }
}
