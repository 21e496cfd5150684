//! flock(2) and LockFileEx, which std has from Rust 1.89 on.

pub(crate) use system::{try_lock, unlock};

#[cfg(unix)]
mod system {
    use std::io;
    use std::os::fd::AsRawFd;

    #[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
    use libc::{LOCK_EX, LOCK_NB, LOCK_UN, flock};
    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    use solarish::{LOCK_EX, LOCK_NB, LOCK_UN, flock};

    use crate::sys::descriptor::BorrowedDescriptor;

    /// The crate libc does not declare flock(3C) of these systems. The numbers are those of
    /// `sys/file.h`.
    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    mod solarish {
        use libc::c_int;

        pub(super) const LOCK_EX: c_int = 2;
        pub(super) const LOCK_NB: c_int = 4;
        pub(super) const LOCK_UN: c_int = 8;

        unsafe extern "C" {
            pub(super) fn flock(descriptor: c_int, operation: c_int) -> c_int;
        }
    }

    /// Locks the whole of `file` exclusively, without waiting. Returns `false` if another
    /// descriptor holds the lock.
    pub(crate) fn try_lock(file: BorrowedDescriptor<'_>) -> io::Result<bool> {
        loop {
            // SAFETY: the descriptor is open through the call, which takes no pointer.
            if unsafe { flock(file.as_raw_fd(), LOCK_EX | LOCK_NB) } == 0 {
                return Ok(true);
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => return Ok(false),
                // flock(2): NFS and SMB lock only files that are open for writing, and a directory
                // never is.
                _ if error.raw_os_error() == Some(libc::EBADF) => {
                    return Err(io::Error::new(io::ErrorKind::Unsupported, error));
                }
                _ => return Err(error),
            }
        }
    }

    /// Releases the lock of [`try_lock`] for all copies of the descriptor.
    pub(crate) fn unlock(file: BorrowedDescriptor<'_>) -> io::Result<()> {
        // SAFETY: the descriptor is open through the call, which takes no pointer.
        match unsafe { flock(file.as_raw_fd(), LOCK_UN) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(windows)]
mod system {
    use std::io;
    use std::os::windows::io::AsRawHandle;

    use windows_sys::Win32::Foundation::{ERROR_LOCK_VIOLATION, HANDLE};
    use windows_sys::Win32::Storage::FileSystem::{
        LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFileEx,
    };
    use windows_sys::Win32::System::IO::OVERLAPPED;

    use crate::sys::descriptor::{BorrowedDescriptor, BorrowedFile};

    /// Locks `file` exclusively, without waiting. Returns `false` if another handle holds the lock.
    ///
    /// Windows keeps others from reading and writing the locked bytes. The lock is therefore one
    /// byte beyond the end of every file.
    pub(crate) fn try_lock(file: BorrowedDescriptor<'_>) -> io::Result<bool> {
        let mut place = place();
        let flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
        with_handle(file, |file| {
            // SAFETY: the handle is open through the call, and the struct lives through it.
            match unsafe { LockFileEx(file, flags, 0, 1, 0, &raw mut place) } {
                0 => match io::Error::last_os_error() {
                    error if error.raw_os_error() == Some(ERROR_LOCK_VIOLATION as i32) => Ok(false),
                    error => Err(error),
                },
                _ => Ok(true),
            }
        })
    }

    /// Releases the lock of [`try_lock`].
    pub(crate) fn unlock(file: BorrowedDescriptor<'_>) -> io::Result<()> {
        let mut place = place();
        with_handle(file, |file| {
            // SAFETY: the handle is open through the call, and the struct lives through it.
            match unsafe { UnlockFileEx(file, 0, 1, 0, &raw mut place) } {
                0 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            }
        })
    }

    fn with_handle<T>(
        file: BorrowedDescriptor<'_>,
        call: impl FnOnce(HANDLE) -> io::Result<T>,
    ) -> io::Result<T> {
        call(BorrowedFile::of(file).file()?.as_raw_handle())
    }

    /// Returns the position of the locked byte, as the system takes it.
    fn place() -> OVERLAPPED {
        let mut place = OVERLAPPED::default();
        place.Anonymous.Anonymous.Offset = u32::MAX - 1;
        place.Anonymous.Anonymous.OffsetHigh = u32::MAX >> 1;
        place
    }
}
