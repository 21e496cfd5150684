//! The kernel's own copy from one descriptor to another: splice(2).

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use system::{Pipe, is_refusal};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use nowhere::{Pipe, is_refusal};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
    use std::ptr;

    use crate::sys::descriptor::BorrowedFile;

    /// A pipe through which the kernel moves bytes without showing them to the process.
    #[derive(Debug)]
    pub(crate) struct Pipe {
        entrance: OwnedFd,
        exit: OwnedFd,
    }

    impl Pipe {
        /// Makes a pipe with room for `size` bytes, if the system allows that much: pipe(2).
        pub(crate) fn open(size: usize) -> io::Result<Pipe> {
            let mut ends = [-1; 2];
            // SAFETY: `ends` has room for the two descriptors that pipe2(2) writes.
            if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } != 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: pipe2(2) has just made the two, and nobody else has them.
            let [exit, entrance] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
            let size = libc::c_int::try_from(size).unwrap_or(libc::c_int::MAX);
            // A refusal leaves it at the size that it has, which does as well.
            // SAFETY: the descriptor is open, and F_SETPIPE_SZ takes an int.
            unsafe { libc::fcntl(entrance.as_raw_fd(), libc::F_SETPIPE_SZ, size) };
            Ok(Pipe { entrance, exit })
        }

        /// Moves at most `most` bytes from `from` into the pipe, from `position` or from its
        /// current position. Returns 0 if `from` has ended.
        pub(crate) fn fill(
            &self,
            from: &BorrowedFile<'_>,
            position: Option<u64>,
            most: usize,
        ) -> io::Result<usize> {
            let Ok(mut offset) = libc::loff_t::try_from(position.unwrap_or(0)) else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            let offset =
                if position.is_some() { ptr::from_mut(&mut offset) } else { ptr::null_mut() };
            let from = from.as_fd().as_raw_fd();
            let entrance = self.entrance.as_raw_fd();
            // SAFETY: both descriptors are open through the call, and `offset` is null or points to
            // a number that lives through it.
            let moved = unsafe {
                libc::splice(from, offset, entrance, ptr::null_mut(), most, libc::SPLICE_F_NONBLOCK)
            };
            usize::try_from(moved).map_err(|_| io::Error::last_os_error())
        }

        /// Moves at most `most` bytes from the pipe into `to`.
        pub(crate) fn drain(&self, to: &BorrowedFile<'_>, most: usize) -> io::Result<usize> {
            let to = to.as_fd().as_raw_fd();
            let exit = self.exit.as_raw_fd();
            let flags = libc::SPLICE_F_NONBLOCK;
            // SAFETY: both descriptors are open through the call, and null stands for no offset.
            let moved =
                unsafe { libc::splice(exit, ptr::null_mut(), to, ptr::null_mut(), most, flags) };
            usize::try_from(moved).map_err(|_| io::Error::last_os_error())
        }

        /// Returns the end from which the content can be read.
        pub(crate) fn into_exit(self) -> File {
            File::from(self.exit)
        }
    }

    /// Returns `true` if splice(2) does not support one of the files, or refuses because of
    /// `O_APPEND`.
    pub(crate) fn is_refusal(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod nowhere {
    use std::convert::Infallible;
    use std::fs::File;
    use std::io;

    use crate::sys::descriptor::BorrowedFile;

    /// A type without values: this system has no splice(2).
    #[derive(Debug)]
    pub(crate) struct Pipe(Infallible);

    impl Pipe {
        pub(crate) fn open(_: usize) -> io::Result<Pipe> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn fill(
            &self,
            _: &BorrowedFile<'_>,
            _: Option<u64>,
            _: usize,
        ) -> io::Result<usize> {
            match self.0 {}
        }

        pub(crate) fn drain(&self, _: &BorrowedFile<'_>, _: usize) -> io::Result<usize> {
            match self.0 {}
        }

        pub(crate) fn into_exit(self) -> File {
            match self.0 {}
        }
    }

    pub(crate) fn is_refusal(_: &io::Error) -> bool {
        false
    }
}
