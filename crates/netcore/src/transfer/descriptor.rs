use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::time::Instant;

use socket2::SockRef;

use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::stream::Stream;
use crate::sys::{self, BorrowedFile, Interest};

/// POSIX's `PIPE_BUF`: what a pipe that is ready for writing takes at once, so that writing it does
/// not block.
const ATOMIC_WRITE: usize = libc::PIPE_BUF as _;

/// Linux's number of `/dev/null`, major 1 and minor 3 (null(4)). No other device is known never to
/// block; where the number is another one's, the kernel does not copy by itself either.
const NULL_DEVICE: u64 = (1 << 8) | 3;

/// What a descriptor is. It decides how to read and write without waiting, and without a change of
/// its blocking mode, which belongs to all processes that share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// recv(2) and send(2) can be told not to wait.
    Socket,
    /// poll(2) says when it is ready.
    Pipe,
    /// A regular file or a block device: always ready, it waits for the disk alone.
    File,
    /// A terminal or another device: as a pipe.
    Device,
}

/// One end of a transfer.
#[derive(Debug)]
pub(crate) struct Descriptor<'a> {
    handle: BorrowedFile<'a>,
    kind: Kind,
    /// The kernel may copy here by itself, since it does not block.
    splices: bool,
}

impl<'a> Descriptor<'a> {
    /// `stream` must be in non-blocking mode for as long as this lives.
    pub(crate) fn of_stream(stream: &'a Stream) -> io::Result<Descriptor<'a>> {
        Ok(Descriptor { splices: true, ..Descriptor::of(stream.as_fd())? })
    }

    pub(crate) fn of(descriptor: BorrowedFd<'a>) -> io::Result<Descriptor<'a>> {
        let handle = BorrowedFile::of(descriptor);
        let metadata = handle.metadata()?;
        let kind = metadata.file_type();
        let kind = match () {
            () if kind.is_socket() => Kind::Socket,
            // It takes whatever comes, at once; the kernel's own copy is none at all there.
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

    /// What errors call it, where it has no other name.
    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Socket => "the socket",
            Kind::Pipe => "the pipe",
            Kind::File => "the file",
            Kind::Device => "the device",
        }
    }

    /// Reads what is there, at `position` or where it stands.
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

    /// Writes what there is room for.
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

    /// What poll(2) reported though nobody waited for it: why nothing more can be written here.
    /// `None`: it can be, or the next write will tell.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        match self.kind {
            Kind::Socket => SockRef::from(&*self.handle).take_error().ok().flatten(),
            // pipe(7): the last reader has gone.
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
