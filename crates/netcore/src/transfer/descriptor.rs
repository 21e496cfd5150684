//! A descriptor as one end of a transfer.

use std::io;
use std::time::Instant;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::stream::Stream;
use crate::sys::{
    AsDescriptor, BorrowedDescriptor, BorrowedFile, Interest, Kind, POLLS_PIPES, PollEntry,
    no_reader,
};
use crate::wait;

/// One end of a transfer.
#[derive(Debug)]
pub(crate) struct Descriptor<'a> {
    handle: BorrowedFile<'a>,
    kind: Kind,
    /// `true` if the kernel may copy by itself, since the descriptor does not block.
    splices: bool,
    /// The stream if it is encrypted: its bytes go through the session.
    encrypted: Option<&'a Stream>,
}

impl<'a> Descriptor<'a> {
    /// Wraps `stream`, which must be in non-blocking mode during the transfer.
    pub(crate) fn of_stream(stream: &'a Stream) -> io::Result<Descriptor<'a>> {
        if stream.is_encrypted() {
            let (handle, kind) = (BorrowedFile::of_socket(stream), Kind::Socket);
            return Ok(Descriptor { handle, kind, splices: false, encrypted: Some(stream) });
        }
        Ok(Descriptor { splices: true, ..Descriptor::of(stream.as_descriptor())? })
    }

    /// Wraps a descriptor. Fails for the socket of an encrypted stream, whose bytes are ciphertext.
    pub(crate) fn of(descriptor: BorrowedDescriptor<'a>) -> io::Result<Descriptor<'a>> {
        let handle = BorrowedFile::of(descriptor);
        let (kind, identity) = handle.inspect()?;
        if identity.is_some_and(Stream::is_encrypted_socket) {
            let text = "the stream is encrypted, so its descriptor has only ciphertext";
            let error = Error::new(Operation::Open, ErrorKind::InvalidInput);
            return Err(error.because_text(text).into());
        }
        let splices = matches!(kind, Kind::Pipe | Kind::File);
        Ok(Descriptor { handle, kind, splices, encrypted: None })
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted.is_some()
    }

    pub(super) fn splices(&self) -> bool {
        self.splices
    }

    pub(super) fn is_pipe(&self) -> bool {
        self.kind == Kind::Pipe
    }

    pub(super) fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Returns the text that errors call the descriptor if it has no other name.
    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Socket => "the socket",
            Kind::Pipe => "the pipe",
            Kind::File => "the file",
            Kind::Device => "the device",
        }
    }

    /// Reads the available bytes, at `position` or at the current position.
    pub(super) fn read(&self, buffer: &mut [u8], position: Option<u64>) -> io::Result<usize> {
        if let Some(stream) = self.encrypted {
            return stream.try_read(buffer);
        }
        match (self.kind, position) {
            (_, Some(position)) => self.handle.read_at(buffer, position),
            (Kind::Socket, None) => self.handle.recv(buffer),
            (Kind::File, None) => self.handle.read(buffer),
            (Kind::Pipe | Kind::Device, None) => {
                self.expect(Interest::Read)?;
                self.handle.read(buffer)
            }
        }
    }

    /// Writes as many bytes as there is room for. An encrypted stream also accepts bytes that wait
    /// for [`flush`](Descriptor::flush).
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(stream) = self.encrypted {
            return stream.try_write(bytes);
        }
        match self.kind {
            Kind::Socket => self.handle.send(bytes),
            Kind::File => self.handle.write(bytes),
            Kind::Pipe | Kind::Device => {
                self.expect(Interest::Write)?;
                self.handle.write_to_pipe(bytes)
            }
        }
    }

    /// Sends the accepted bytes that the socket has not taken yet.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.encrypted.map_or(Ok(()), Stream::try_flush)
    }

    /// Returns `true` if accepted bytes wait for [`flush`](Descriptor::flush).
    pub(super) fn has_unsent(&self) -> bool {
        self.encrypted.is_some_and(Stream::has_unsent)
    }

    /// Returns `true` if a read returns at once although poll(2) may report nothing: decrypted
    /// bytes wait in the session.
    pub(super) fn has_input(&self) -> bool {
        self.encrypted.is_some_and(Stream::has_input)
    }

    /// Returns the entry of poll(2) for a read or a write that would have waited.
    pub(crate) fn poll_entry(&self, interest: Interest) -> PollEntry<'_> {
        match self.encrypted {
            Some(stream) => stream.poll_entry(interest),
            None => PollEntry::of_file(&self.handle, Some(interest)),
        }
    }

    /// Returns the entry of poll(2) that becomes ready only for an error or a hang-up.
    pub(crate) fn trouble_entry(&self) -> PollEntry<'_> {
        PollEntry::of_file(&self.handle, None)
    }

    /// Returns the reason why no more can be written, after poll(2) reported an error. Returns
    /// `None` if writing is possible, or the next write will return the reason.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        match self.kind {
            Kind::Socket => self.handle.take_error().ok().flatten(),
            Kind::Pipe => Some(no_reader()),
            Kind::File | Kind::Device => None,
        }
    }

    /// Fails unless a pipe or a device is ready. Without poll(2) for them, a write waits for the
    /// reader, and nothing can be read.
    fn expect(&self, interest: Interest) -> io::Result<()> {
        if !POLLS_PIPES {
            let text = "this system cannot wait for it: transfer::pollable reads it on a thread";
            return match interest {
                Interest::Read => Err(io::Error::new(io::ErrorKind::Unsupported, text)),
                Interest::Write => Ok(()),
            };
        }
        let now = Deadline::at(Instant::now());
        let mut entry = [PollEntry::of_file(&self.handle, Some(interest))];
        match wait::any_ready(&mut entry, now)? {
            true => Ok(()),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Returns the descriptor itself.
    pub(super) fn handle(&self) -> &BorrowedFile<'a> {
        &self.handle
    }
}

/// Converts the error of inspecting a descriptor.
pub(crate) fn not_opened(error: io::Error) -> Error {
    error_of(Operation::Open, error)
}

/// Returns the [`Error`] inside `error`, or a new one with `error` as its cause.
pub(crate) fn error_of(operation: Operation, error: io::Error) -> Error {
    error.downcast().unwrap_or_else(|error| Error::from_io(operation, error))
}
