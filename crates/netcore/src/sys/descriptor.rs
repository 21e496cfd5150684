//! Files, pipes, terminals and sockets as ends of a transfer.

#[cfg(unix)]
pub use unix::{AsDescriptor, BorrowedDescriptor};
#[cfg(unix)]
pub(crate) use unix::{BorrowedFile, SocketIdentity, no_reader};

#[cfg(windows)]
pub use windows::{AsDescriptor, BorrowedDescriptor};
#[cfg(windows)]
pub(crate) use windows::{BorrowedFile, SocketIdentity, no_reader};

/// The type of a descriptor. It determines how to read and write without waiting and without a
/// change of the blocking mode, which belongs to all processes that share the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A socket: a flag of recv(2) and send(2) prevents waiting.
    Socket,
    /// A pipe: poll(2) reports its readiness.
    Pipe,
    /// A regular file or a block device: always ready, waits for the disk only.
    File,
    /// A terminal or another device, treated as a pipe.
    Device,
}

/// `true` if poll(2) reports the readiness of pipes and terminals.
pub(crate) const POLLS_PIPES: bool = cfg!(unix);

#[cfg(unix)]
mod unix {
    use std::fs::{File, Metadata};
    use std::io;
    use std::io::{Read, Write};
    use std::marker::PhantomData;
    use std::mem::ManuallyDrop;
    use std::ops::Deref;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd};
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    use socket2::SockRef;

    use crate::sys::descriptor::Kind;
    use crate::sys::flags::{DONT_WAIT, NO_SIGNAL};
    use crate::sys::positional::read_at;
    use crate::sys::uninit::uninit;

    /// A descriptor that a transfer borrows. On Unix it is std's.
    pub type BorrowedDescriptor<'a> = BorrowedFd<'a>;

    /// An end of a transfer. On Unix that is everything with a descriptor: each type that
    /// implements [`AsFd`].
    pub trait AsDescriptor {
        /// Borrows the descriptor.
        fn as_descriptor(&self) -> BorrowedDescriptor<'_>;
    }

    impl<T: AsFd + ?Sized> AsDescriptor for T {
        fn as_descriptor(&self) -> BorrowedDescriptor<'_> {
            self.as_fd()
        }
    }

    /// POSIX's `PIPE_BUF`: the bytes that a writable pipe accepts at once, so that the write does
    /// not block.
    const ATOMIC_WRITE: usize = libc::PIPE_BUF as _;

    /// Linux's number of `/dev/null`, major 1 and minor 3 (null(4)). No other device is known never
    /// to block. On a system where another device has the number, the kernel does not copy by
    /// itself either.
    const NULL_DEVICE: u64 = (1 << 8) | 3;

    /// The device and the inode of a socket. Its other descriptors have the same.
    pub(crate) type SocketIdentity = (u64, u64);

    /// A borrowed descriptor as a [`File`], without a second handle of it. std reads and writes any
    /// descriptor as a file.
    #[derive(Debug)]
    pub(crate) struct BorrowedFile<'a> {
        file: ManuallyDrop<File>,
        lent: PhantomData<BorrowedFd<'a>>,
    }

    impl<'a> BorrowedFile<'a> {
        pub(crate) fn of(descriptor: BorrowedDescriptor<'a>) -> BorrowedFile<'a> {
            // SAFETY: the descriptor is open for 'a, which outlives the file, and it is not closed
            // with the file, which is never dropped and can't be taken out.
            let file = unsafe { File::from_raw_fd(descriptor.as_raw_fd()) };
            BorrowedFile { file: ManuallyDrop::new(file), lent: PhantomData }
        }

        pub(crate) fn of_socket(socket: &'a impl AsFd) -> BorrowedFile<'a> {
            BorrowedFile::of(socket.as_fd())
        }

        /// Returns the type of the descriptor, and the identity of a socket. Systems on which
        /// sockets have no inodes do not report the latter.
        pub(crate) fn inspect(&self) -> io::Result<(Kind, Option<SocketIdentity>)> {
            let metadata = self.file.metadata()?;
            let kind = metadata.file_type();
            let kind = match () {
                () if kind.is_socket() => return Ok((Kind::Socket, identity(&metadata))),
                // `/dev/null` accepts any bytes at once; the kernel's own copy does no work there.
                () if kind.is_char_device() && metadata.rdev() == NULL_DEVICE => Kind::File,
                () if kind.is_fifo() => Kind::Pipe,
                () if kind.is_char_device() => Kind::Device,
                () => Kind::File,
            };
            Ok((kind, None))
        }

        pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
            (&*self.file).read(buffer)
        }

        pub(crate) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
            read_at(&self.file, buffer, position)
        }

        pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            (&*self.file).write(bytes)
        }

        /// Writes a part of `bytes` that a pipe with room accepts without blocking.
        pub(crate) fn write_to_pipe(&self, bytes: &[u8]) -> io::Result<usize> {
            self.write(&bytes[..bytes.len().min(ATOMIC_WRITE)])
        }

        /// Receives from a socket, without waiting.
        pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
            SockRef::from(&*self.file).recv_with_flags(uninit(buffer), DONT_WAIT)
        }

        /// Sends to a socket, without waiting.
        pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
            SockRef::from(&*self.file).send_with_flags(bytes, NO_SIGNAL | DONT_WAIT)
        }

        /// Returns the error of a socket: `SO_ERROR`.
        pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
            SockRef::from(&*self.file).take_error()
        }
    }

    impl Deref for BorrowedFile<'_> {
        type Target = File;

        fn deref(&self) -> &File {
            &self.file
        }
    }

    fn identity(metadata: &Metadata) -> Option<SocketIdentity> {
        (metadata.ino() != 0).then(|| (metadata.dev(), metadata.ino()))
    }

    /// Returns the error of a pipe whose last reader has closed its end: pipe(7).
    pub(crate) fn no_reader() -> io::Error {
        io::Error::from_raw_os_error(libc::EPIPE)
    }
}

#[cfg(windows)]
mod windows {
    use std::fs::File;
    use std::io;
    use std::io::{Read, Write};
    use std::marker::PhantomData;
    use std::mem::ManuallyDrop;
    use std::net::SocketAddr;
    use std::os::windows::io::{
        AsHandle, AsRawHandle, AsSocket, BorrowedHandle, BorrowedSocket, FromRawHandle, RawHandle,
    };

    use socket2::SockRef;
    use windows_sys::Win32::Foundation::{ERROR_SUCCESS, GetLastError};
    use windows_sys::Win32::Storage::FileSystem::{
        FILE_TYPE_CHAR, FILE_TYPE_DISK, FILE_TYPE_PIPE, FILE_TYPE_UNKNOWN, GetFileType,
    };
    use windows_sys::Win32::System::Console::GetConsoleMode;

    use crate::sys::descriptor::Kind;
    use crate::sys::flags::{DONT_WAIT, NO_SIGNAL};
    use crate::sys::positional::read_at;
    use crate::sys::uninit::uninit;

    /// A handle or a socket that a transfer borrows.
    #[derive(Clone, Copy, Debug)]
    pub struct BorrowedDescriptor<'a>(Either<'a>);

    #[derive(Clone, Copy, Debug)]
    enum Either<'a> {
        Handle(BorrowedHandle<'a>),
        Socket(BorrowedSocket<'a>),
    }

    /// An end of a transfer. On Windows that is everything with a handle ([`AsHandle`]: files,
    /// pipes, the standard streams), and a [`Stream`](crate::Stream).
    pub trait AsDescriptor {
        /// Borrows the handle or the socket.
        fn as_descriptor(&self) -> BorrowedDescriptor<'_>;
    }

    impl<T: AsHandle + ?Sized> AsDescriptor for T {
        fn as_descriptor(&self) -> BorrowedDescriptor<'_> {
            BorrowedDescriptor(Either::Handle(self.as_handle()))
        }
    }

    impl AsDescriptor for BorrowedDescriptor<'_> {
        fn as_descriptor(&self) -> BorrowedDescriptor<'_> {
            *self
        }
    }

    impl<'a> BorrowedDescriptor<'a> {
        pub(crate) fn of_socket(socket: BorrowedSocket<'a>) -> BorrowedDescriptor<'a> {
            BorrowedDescriptor(Either::Socket(socket))
        }
    }

    /// The two addresses of a connected socket. Its other handles have the same.
    pub(crate) type SocketIdentity = (SocketAddr, SocketAddr);

    /// A borrowed handle as a [`File`], or a socket, without a second handle of it. std reads and
    /// writes any handle as a file.
    #[derive(Debug)]
    pub(crate) enum BorrowedFile<'a> {
        File(ManuallyDrop<File>, PhantomData<BorrowedHandle<'a>>),
        Socket(BorrowedSocket<'a>),
    }

    impl<'a> BorrowedFile<'a> {
        pub(crate) fn of(descriptor: BorrowedDescriptor<'a>) -> BorrowedFile<'a> {
            match descriptor.0 {
                Either::Handle(handle) => {
                    // SAFETY: the handle is open for 'a, which outlives the file, and it is not
                    // closed with the file, which is never dropped and can't be taken out.
                    let file = unsafe { File::from_raw_handle(handle.as_raw_handle()) };
                    BorrowedFile::File(ManuallyDrop::new(file), PhantomData)
                }
                Either::Socket(socket) => BorrowedFile::Socket(socket),
            }
        }

        pub(crate) fn of_socket(socket: &'a impl AsSocket) -> BorrowedFile<'a> {
            BorrowedFile::Socket(socket.as_socket())
        }

        /// Returns the type of the handle, and the identity of a socket.
        pub(crate) fn inspect(&self) -> io::Result<(Kind, Option<SocketIdentity>)> {
            match self {
                BorrowedFile::File(file, _) => Ok((kind(file.as_raw_handle())?, None)),
                BorrowedFile::Socket(socket) => {
                    let socket = SockRef::from(socket);
                    let ours = socket.local_addr().ok().and_then(|it| it.as_socket());
                    let theirs = socket.peer_addr().ok().and_then(|it| it.as_socket());
                    Ok((Kind::Socket, ours.zip(theirs)))
                }
            }
        }

        pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut file = self.file()?;
            file.read(buffer)
        }

        pub(crate) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
            read_at(self.file()?, buffer, position)
        }

        pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            let mut file = self.file()?;
            file.write(bytes)
        }

        /// Writes to a pipe or a console, and waits for its reader.
        pub(crate) fn write_to_pipe(&self, bytes: &[u8]) -> io::Result<usize> {
            self.write(bytes)
        }

        /// Receives from a socket.
        pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
            SockRef::from(self.socket()?).recv_with_flags(uninit(buffer), DONT_WAIT)
        }

        /// Sends to a socket.
        pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
            SockRef::from(self.socket()?).send_with_flags(bytes, NO_SIGNAL | DONT_WAIT)
        }

        /// Returns the error of a socket: `SO_ERROR`.
        pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
            SockRef::from(self.socket()?).take_error()
        }

        /// Returns the file, unless it is a socket.
        pub(crate) fn file(&self) -> io::Result<&File> {
            match self {
                BorrowedFile::File(file, _) => Ok(file),
                BorrowedFile::Socket(_) => Err(io::ErrorKind::Unsupported.into()),
            }
        }

        fn socket(&self) -> io::Result<&BorrowedSocket<'a>> {
            match self {
                BorrowedFile::File(..) => Err(io::ErrorKind::Unsupported.into()),
                BorrowedFile::Socket(socket) => Ok(socket),
            }
        }
    }

    fn kind(handle: RawHandle) -> io::Result<Kind> {
        // SAFETY: the handle is open through the call, which takes no pointer.
        match unsafe { GetFileType(handle) } {
            FILE_TYPE_DISK => Ok(Kind::File),
            FILE_TYPE_PIPE => Ok(Kind::Pipe),
            // `NUL` and its like accept any bytes at once.
            FILE_TYPE_CHAR => Ok(if is_console(handle) { Kind::Device } else { Kind::File }),
            // SAFETY: it takes nothing and reads this thread's last code.
            FILE_TYPE_UNKNOWN => match unsafe { GetLastError() } {
                ERROR_SUCCESS => Ok(Kind::Device),
                code => Err(io::Error::from_raw_os_error(code as i32)),
            },
            _ => Ok(Kind::Device),
        }
    }

    fn is_console(handle: RawHandle) -> bool {
        let mut mode = 0;
        // SAFETY: the handle is open through the call, and there is room for the mode.
        unsafe { GetConsoleMode(handle, &raw mut mode) != 0 }
    }

    /// Returns the error of a pipe whose last reader has closed its end.
    pub(crate) fn no_reader() -> io::Error {
        io::ErrorKind::BrokenPipe.into()
    }
}
