//! flock(2), which std has from Rust 1.89 on.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Locks the whole of `file` exclusively, without waiting. Returns `false` if another descriptor
/// holds the lock.
pub(crate) fn try_lock(file: &impl AsFd) -> io::Result<bool> {
    loop {
        // SAFETY: the descriptor is open through the call, which takes no pointer.
        if unsafe { libc::flock(file.as_fd().as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
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
pub(crate) fn unlock(file: &impl AsFd) -> io::Result<()> {
    // SAFETY: the descriptor is open through the call, which takes no pointer.
    match unsafe { libc::flock(file.as_fd().as_raw_fd(), libc::LOCK_UN) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
