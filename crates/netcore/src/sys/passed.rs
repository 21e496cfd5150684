//! Descriptors that the process was started with.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// `true` once the descriptors of this process were taken.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The right to take the descriptors that the process was started with, which exists once.
#[derive(Debug)]
pub(crate) struct PassedDescriptors(());

impl PassedDescriptors {
    /// Returns the right, or `None` if it was handed out before.
    pub(crate) fn once() -> Option<PassedDescriptors> {
        (!TAKEN.swap(true, Ordering::AcqRel)).then_some(PassedDescriptors(()))
    }

    /// Takes the `count` descriptors from `first` on, and closes them in programs that this one
    /// starts (`FD_CLOEXEC`). Consumes the right.
    ///
    /// # Errors
    ///
    /// The system's reason, for example that a descriptor is not open.
    pub(crate) fn take(self, first: RawFd, count: RawFd) -> io::Result<Vec<OwnedFd>> {
        let mut taken = Vec::new();
        for descriptor in first..first + count {
            // SAFETY: fcntl(2) with these commands reads and writes no memory of ours.
            let flags = check(unsafe { libc::fcntl(descriptor, libc::F_GETFD) })?;
            // SAFETY: as above.
            check(unsafe { libc::fcntl(descriptor, libc::F_SETFD, flags | libc::FD_CLOEXEC) })?;
            // SAFETY: the descriptor is open. By sd_listen_fds(3) the service manager has opened it
            // for this process, whose own descriptors have other numbers, and it is taken once.
            taken.push(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
        Ok(taken)
    }
}

/// Returns the result of a system call, or the reason of its failure.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
