//! Waiting for several descriptors at once.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::{Interest, poll, poll_timeout};
use crate::Deadline;

/// One of the descriptors to wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch<'a> {
    pub(crate) descriptor: BorrowedFd<'a>,
    /// `None`: only errors and a hang-up count.
    pub(crate) interest: Option<Interest>,
}

/// The most descriptors that one wait takes.
const MOST: usize = 4;

/// Waits until one of `all`, four at most, is ready or has an error or an end to report, and says
/// which are. `None`: the deadline passed first. A signal does not end the wait.
pub(crate) fn watch(all: &[Watch<'_>], deadline: Deadline) -> io::Result<Option<[bool; MOST]>> {
    // poll(2) passes over an entry with a negative descriptor.
    let mut entries = [libc::pollfd { fd: -1, events: 0, revents: 0 }; MOST];
    for (entry, watch) in entries.iter_mut().zip(all) {
        entry.fd = watch.descriptor.as_raw_fd();
        entry.events = watch.interest.map_or(0, poll::events);
    }
    loop {
        let remaining = deadline.remaining();
        let timeout = poll_timeout(remaining);
        // SAFETY: `entries` are as many initialised pollfd as the count says and live through the
        // call, and `all` keeps the descriptors open meanwhile.
        let ready = unsafe { libc::poll(entries.as_mut_ptr(), MOST as libc::nfds_t, timeout) };
        match ready {
            0 if remaining.is_some_and(|left| left.is_zero()) => return Ok(None),
            0 => {}
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            _ => return Ok(Some(entries.map(|entry| entry.revents != 0))),
        }
    }
}
