//! A descriptor as one end of a transfer.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::time::Instant;

use socket2::SockRef;

use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::stream::Stream;
use crate::sys::{self, BorrowedFile, Interest};

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
}

impl<'a> Descriptor<'a> {
    /// Wraps `stream`, which must be in non-blocking mode during the transfer.
    pub(crate) fn of_stream(stream: &'a Stream) -> io::Result<Descriptor<'a>> {
        Ok(Descriptor { splices: true, ..Descriptor::of(stream.as_fd())? })
    }

    pub(crate) fn of(descriptor: BorrowedFd<'a>) -> io::Result<Descriptor<'a>> {
        let handle = BorrowedFile::of(descriptor);
        let metadata = handle.metadata()?;
        let kind = metadata.file_type();
        let kind = match () {
            () if kind.is_socket() => Kind::Socket,
            // `/dev/null` accepts any bytes at once; the kernel's own copy does no work there.
            () if kind.is_char_device() && metadata.rdev() == NULL_DEVICE => Kind::File,
            () if kind.is_fifo() => Kind::Pipe,
            () if kind.is_char_device() => Kind::Device,
            () => Kind::File,
        };
        Ok(Descriptor { handle, kind, splices: matches!(kind, Kind::Pipe | Kind::File) })
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

    /// Writes as many bytes as there is room for.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
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
        match sys::wait(&*self.handle, interest, now)? {
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
    Error::from_io(Operation::Open, error)
}
