//! poll(2) and WSAPoll over any number of sockets.

pub(crate) use system::{PollEntry, poll};

/// The readiness to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

#[cfg(unix)]
mod system {
    use std::io;
    use std::marker::PhantomData;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

    use crate::sys::descriptor::BorrowedFile;
    use crate::sys::poll::{Interest, wanted};

    /// A descriptor to wait for, with the result of the last wait.
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    pub(crate) struct PollEntry<'a>(libc::pollfd, PhantomData<BorrowedFd<'a>>);

    impl<'a> PollEntry<'a> {
        pub(crate) fn new(socket: &'a impl AsFd, interest: Interest) -> PollEntry<'a> {
            PollEntry::of(socket, interest == Interest::Read, interest == Interest::Write)
        }

        /// Makes an entry that becomes ready for any of the given interests.
        pub(crate) fn of(socket: &'a impl AsFd, readable: bool, writable: bool) -> PollEntry<'a> {
            let flag = |on, flag| if on { flag } else { 0 };
            let events = flag(readable, libc::POLLIN) | flag(writable, libc::POLLOUT);
            let fd = socket.as_fd().as_raw_fd();
            PollEntry(libc::pollfd { fd, events, revents: 0 }, PhantomData)
        }

        /// Makes an entry for a file, a pipe or a socket. Without an interest it becomes ready only
        /// for an error or a hang-up.
        pub(crate) fn of_file(
            file: &'a BorrowedFile<'_>,
            interest: Option<Interest>,
        ) -> PollEntry<'a> {
            let (readable, writable) = wanted(interest);
            PollEntry::of(&**file, readable, writable)
        }

        pub(crate) fn is_ready(&self) -> bool {
            self.0.revents != 0
        }

        /// Takes over the result of `polled`, a copy of this entry.
        pub(crate) fn take_result(&mut self, polled: &PollEntry<'_>) {
            self.0.revents = polled.0.revents;
        }
    }

    pub(crate) fn poll(entries: &mut [PollEntry<'_>], timeout: i32) -> io::Result<bool> {
        // The count has the width of this system's nfds_t, which can count any slice of entries.
        let count = entries.len() as libc::nfds_t;
        // SAFETY: an entry is a pollfd and no more, `entries` lives through the call, `count` is
        // its length, and each entry's lifetime keeps its descriptor open meanwhile.
        match unsafe { libc::poll(entries.as_mut_ptr().cast(), count, timeout) } {
            -1 => Err(io::Error::last_os_error()),
            ready => Ok(ready > 0),
        }
    }
}

/// Returns `true` for an interest in a read, and for one in a write.
fn wanted(interest: Option<Interest>) -> (bool, bool) {
    (interest == Some(Interest::Read), interest == Some(Interest::Write))
}

#[cfg(windows)]
mod system {
    use std::io;
    use std::marker::PhantomData;
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};
    use std::thread;
    use std::time::Duration;

    use crate::sys::descriptor::BorrowedFile;
    use crate::sys::poll::{Interest, wanted};

    /// `WSAPOLLFD` of WSAPoll.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct PollFd {
        fd: RawSocket,
        events: i16,
        revents: i16,
    }

    const POLLRDNORM: i16 = 0x100;
    const POLLWRNORM: i16 = 0x10;
    const POLLHUP: i16 = 2;

    /// The value of an entry without a socket: `INVALID_SOCKET`.
    const NO_SOCKET: RawSocket = RawSocket::MAX;

    /// The pause after a hang-up was reported to a writer.
    const HANG_UP_PAUSE: Duration = Duration::from_millis(1);

    /// The longest sleep. Callers that wait longer poll again.
    const FOREVER: Duration = Duration::from_secs(86_400);

    #[link(name = "ws2_32")]
    unsafe extern "system" {
        fn WSAPoll(fds: *mut PollFd, count: u32, timeout: i32) -> i32;
        fn WSAGetLastError() -> i32;
    }

    /// A socket to wait for, with the result of the last wait.
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    pub(crate) struct PollEntry<'a>(PollFd, PhantomData<BorrowedSocket<'a>>);

    impl<'a> PollEntry<'a> {
        pub(crate) fn new(socket: &'a impl AsSocket, interest: Interest) -> PollEntry<'a> {
            PollEntry::of(socket, interest == Interest::Read, interest == Interest::Write)
        }

        /// Makes an entry that becomes ready for any of the given interests.
        pub(crate) fn of(
            socket: &'a impl AsSocket,
            readable: bool,
            writable: bool,
        ) -> PollEntry<'a> {
            let flag = |on, flag| if on { flag } else { 0 };
            let events = flag(readable, POLLRDNORM) | flag(writable, POLLWRNORM);
            let fd = socket.as_socket().as_raw_socket();
            PollEntry(PollFd { fd, events, revents: 0 }, PhantomData)
        }

        /// Makes an entry for a file or a socket. Without an interest it becomes ready only for an
        /// error or a hang-up. A file is never ready: it can't be waited for.
        pub(crate) fn of_file(
            file: &'a BorrowedFile<'_>,
            interest: Option<Interest>,
        ) -> PollEntry<'a> {
            let (readable, writable) = wanted(interest);
            match file {
                BorrowedFile::Socket(socket) => PollEntry::of(socket, readable, writable),
                BorrowedFile::File(..) => {
                    PollEntry(PollFd { fd: NO_SOCKET, events: 0, revents: 0 }, PhantomData)
                }
            }
        }

        fn is_for_a_socket(&self) -> bool {
            self.0.fd != NO_SOCKET
        }

        pub(crate) fn is_ready(&self) -> bool {
            self.0.revents != 0
        }

        /// Takes over the result of `polled`, a copy of this entry.
        pub(crate) fn take_result(&mut self, polled: &PollEntry<'_>) {
            self.0.revents = polled.0.revents;
        }
    }

    pub(crate) fn poll(entries: &mut [PollEntry<'_>], timeout: i32) -> io::Result<bool> {
        if entries.iter().all(PollEntry::is_for_a_socket) {
            return poll_sockets(entries, timeout);
        }
        let mut sockets: Vec<_> =
            entries.iter().copied().filter(PollEntry::is_for_a_socket).collect();
        let ready = poll_sockets(&mut sockets, timeout)?;
        let of_sockets = entries.iter_mut().filter(|entry| entry.is_for_a_socket());
        of_sockets.zip(&sockets).for_each(|(entry, polled)| entry.take_result(polled));
        Ok(ready)
    }

    fn poll_sockets(entries: &mut [PollEntry<'_>], timeout: i32) -> io::Result<bool> {
        if entries.is_empty() {
            // WSAPoll refuses to wait for nothing.
            let time = u64::try_from(timeout).map_or(FOREVER, Duration::from_millis);
            thread::sleep(time);
            return Ok(false);
        }
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        // SAFETY: an entry is a WSAPOLLFD and no more, `entries` lives through the call, `count` is
        // not above its length, and each entry's lifetime keeps its socket open meanwhile.
        let ready = match unsafe { WSAPoll(entries.as_mut_ptr().cast(), count, timeout) } {
            // SAFETY: it takes nothing and reads this thread's last code.
            -1 => return Err(io::Error::from_raw_os_error(unsafe { WSAGetLastError() })),
            ready => ready > 0,
        };
        // Windows also reports a hang-up if the peer has only ended its own direction. A write then
        // may have to wait, and must not spin.
        let hangs_up = |entry: &PollEntry<'_>| {
            entry.0.revents == 0 || entry.0.events == POLLWRNORM && entry.0.revents == POLLHUP
        };
        if ready && entries.iter().all(hangs_up) {
            thread::sleep(HANG_UP_PAUSE);
        }
        Ok(ready)
    }
}
