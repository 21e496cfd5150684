//! A descriptor as one end of a transfer.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::time::Instant;

use socket2::SockRef;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::stream::Stream;
use crate::sys::{self, BorrowedFile, Interest, PollEntry};
use crate::wait;

/// POSIX's `PIPE_BUF`: the bytes that a writable pipe accepts at once, so that the write does not
/// block.
const ATOMIC_WRITE: usize = libc::PIPE_BUF as _;

/// Linux's number of `/dev/null`, major 1 and minor 3 (null(4)). No other device is known never to
/// block. On a system where another device has the number, the kernel does not copy by itself
/// either.
const NULL_DEVICE: u64 = (1 << 8) | 3;

/// The type of a descriptor. It determines how to read and write without waiting and without a
/// change of the blocking mode, which belongs to all processes that share the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A socket: a flag of recv(2) and send(2) prevents waiting.
    Socket,
    /// A pipe: poll(2) reports its readiness.
    Pipe,
    /// A regular file or a block device: always ready, waits for the disk only.
    File,
    /// A terminal or another device, treated as a pipe.
    Device,
}

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
            let (handle, kind) = (BorrowedFile::of(stream.as_fd()), Kind::Socket);
            return Ok(Descriptor { handle, kind, splices: false, encrypted: Some(stream) });
        }
        Ok(Descriptor { splices: true, ..Descriptor::of(stream.as_fd())? })
    }

    /// Wraps a descriptor. Fails for the socket of an encrypted stream, whose bytes are ciphertext.
    pub(crate) fn of(descriptor: BorrowedFd<'a>) -> io::Result<Descriptor<'a>> {
        let handle = BorrowedFile::of(descriptor);
        let metadata = handle.metadata()?;
        let kind = metadata.file_type();
        if kind.is_socket() && Stream::is_encrypted_socket(&metadata) {
            let text = "the stream is encrypted, so its descriptor has only ciphertext";
            let error = Error::new(Operation::Open, ErrorKind::InvalidInput);
            return Err(error.because_text(text).into());
        }
        let kind = match () {
            () if kind.is_socket() => Kind::Socket,
            // `/dev/null` accepts any bytes at once; the kernel's own copy does no work there.
            () if kind.is_char_device() && metadata.rdev() == NULL_DEVICE => Kind::File,
            () if kind.is_fifo() => Kind::Pipe,
            () if kind.is_char_device() => Kind::Device,
            () => Kind::File,
        };
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
            (Kind::Socket, None) => {
                SockRef::from(&*self.handle).recv_with_flags(sys::uninit(buffer), sys::DONT_WAIT)
            }
            (Kind::File, None) => (&*self.handle).read(buffer),
            (Kind::Pipe | Kind::Device, None) => {
                self.expect(Interest::Read)?;
                (&*self.handle).read(buffer)
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
            Kind::Socket => {
                let flags = sys::NO_SIGNAL | sys::DONT_WAIT;
                SockRef::from(&*self.handle).send_with_flags(bytes, flags)
            }
            Kind::File => (&*self.handle).write(bytes),
            Kind::Pipe | Kind::Device => {
                self.expect(Interest::Write)?;
                (&*self.handle).write(&bytes[..bytes.len().min(ATOMIC_WRITE)])
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
            None => PollEntry::new(self, interest),
        }
    }

    /// Returns the reason why no more can be written, after poll(2) reported an error. Returns
    /// `None` if writing is possible, or the next write will return the reason.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        match self.kind {
            Kind::Socket => SockRef::from(&*self.handle).take_error().ok().flatten(),
            // pipe(7): the last reader has closed its end.
            Kind::Pipe => Some(io::Error::from_raw_os_error(libc::EPIPE)),
            Kind::File | Kind::Device => None,
        }
    }

    fn expect(&self, interest: Interest) -> io::Result<()> {
        let now = Deadline::at(Instant::now());
        match wait::ready(&*self.handle, interest, now)? {
            true => Ok(()),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl AsFd for Descriptor<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
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
