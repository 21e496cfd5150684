//! The one place that knows which system this is, and the one place with `unsafe`: waiting for
//! descriptors, the kernel's own copy, memchr(3), `SIGPIPE`, locks of files, batches of datagrams and
//! their local addresses, which neither std nor socket2 offers, and lending initialised memory to socket2.
#![allow(unsafe_code, reason = "system calls and a cast; each block says why it is sound")]

mod address;
#[cfg(all(unix, feature = "stdio"))]
mod background;
mod batch;
mod codes;
mod domain;
mod find;
#[cfg(target_os = "linux")]
mod holder;
#[cfg(unix)]
mod lent;
mod local;
#[cfg(unix)]
mod lock;
mod options;
mod poll;
#[cfg(unix)]
mod sigpipe;
#[cfg(unix)]
mod splice;
#[cfg(all(unix, feature = "stdio"))]
mod stdio;
mod unsent;
mod wake;

#[cfg(test)]
mod tests;

use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{SockAddr, SockRef};

use crate::deadline::Deadline;
pub(crate) use address::{other_address, other_address_of, pair};
#[cfg(all(unix, feature = "stdio"))]
pub use background::ignore_terminal_stops;
#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
pub(crate) use batch::one_by_one;
pub(crate) use batch::{Came, Going, MAX_BATCH, Names, recv_many, recv_one, send_many};
pub(crate) use codes::{code_kind, code_name, lookup_code};
pub(crate) use domain::domain;
pub(crate) use find::find;
#[cfg(target_os = "linux")]
pub(crate) use holder::holder;
#[cfg(unix)]
pub(crate) use lent::LentFile;
pub(crate) use local::{Local, tell_local};
#[cfg(unix)]
pub(crate) use lock::{try_lock, unlock};
pub(crate) use options::*;
pub(crate) use poll::PollEntry;
#[cfg(unix)]
pub(crate) use sigpipe::NoSigpipe;
#[cfg(unix)]
pub(crate) use splice::Pipe;
#[cfg(all(unix, feature = "stdio"))]
pub use stdio::standard_output_was_closed;
pub(crate) use unsent::unsent;
pub(crate) use wake::Alarm;

#[cfg(unix)]
pub(crate) use std::os::fd::{AsFd as AsHandle, OwnedFd as OwnedHandle};
#[cfg(windows)]
pub(crate) use std::os::windows::io::{AsSocket as AsHandle, OwnedSocket as OwnedHandle};

/// The longest path of a Unix socket: the size of `sun_path` in unix(7) less its NUL.
pub(crate) const MAX_UNIX_PATH: usize =
    if cfg!(any(target_os = "linux", target_os = "android", windows)) { 107 } else { 103 };

/// Whether `SO_REUSEADDR` makes a listener restartable and no more. On Windows it lets any process
/// take over a port that is in use.
pub(crate) const REUSE_ADDRESS_RESTARTS: bool = cfg!(unix);

/// Whether Unix sockets are there. Windows has streams of that family, but nothing here for them.
pub(crate) const HAS_UNIX_SOCKETS: bool = cfg!(unix);

/// unix(7): Unix sockets with a name that is no file's.
pub(crate) const HAS_ABSTRACT_NAMES: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// unix(7), "Autobind": binding to no name gives an abstract one, to which answers can be sent.
pub(crate) const HAS_AUTOBIND: bool = HAS_ABSTRACT_NAMES;

/// After a short read or write the poller reports new readiness by itself: epoll(7) and
/// kqueue(2), edge-triggered. On other systems mio does so only after a call that would have blocked.
#[cfg(feature = "server")]
pub(crate) const SHORT_CALL_REARMS: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "illumos",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd",
    target_vendor = "apple",
));

/// send(2): no `SIGPIPE` where the peer has gone. Apple's systems have `SO_NOSIGPIPE` instead, which
/// socket2 sets on every socket that it makes or accepts.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(crate) const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(crate) const NO_SIGNAL: i32 = 0;

/// recv(2), send(2): this call does not block. Winsock has no such flag.
#[cfg(unix)]
pub(crate) const DONT_WAIT: i32 = libc::MSG_DONTWAIT;
#[cfg(not(unix))]
pub(crate) const DONT_WAIT: i32 = 0;

/// recv(2): leave what is read where it is.
#[cfg(unix)]
pub(crate) const PEEK: i32 = libc::MSG_PEEK;

/// getnameinfo(3): the flags, of a type that differs between the Unix systems. Winsock has them with
/// BSD's numbers.
#[cfg(unix)]
mod name_info {
    pub(crate) const NI_NUMERICHOST: i32 = libc::NI_NUMERICHOST as _;
    pub(crate) const NI_NAMEREQD: i32 = libc::NI_NAMEREQD as _;
    pub(crate) const NI_NUMERICSERV: i32 = libc::NI_NUMERICSERV as _;
    pub(crate) const NI_DGRAM: i32 = libc::NI_DGRAM as _;
}
#[cfg(windows)]
mod name_info {
    pub(crate) const NI_NUMERICHOST: i32 = 2;
    pub(crate) const NI_NAMEREQD: i32 = 4;
    pub(crate) const NI_NUMERICSERV: i32 = 8;
    pub(crate) const NI_DGRAM: i32 = 16;
}
pub(crate) use name_info::*;

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// Waits until `socket` is ready for `interest`, or has an error or an end to report. `false`: the
/// deadline passed first. A signal does not end the wait.
pub(crate) fn wait(
    socket: &impl AsHandle,
    interest: Interest,
    deadline: Deadline,
) -> io::Result<bool> {
    wait_any(&mut [PollEntry::new(socket, interest)], deadline)
}

/// Waits until one of `entries` is ready as [`wait`] has it, or more than one; each of them knows.
/// `false`: the deadline passed first.
pub(crate) fn wait_any(entries: &mut [PollEntry<'_>], deadline: Deadline) -> io::Result<bool> {
    loop {
        let remaining = deadline.remaining();
        match poll::wait(entries, poll_timeout(remaining)) {
            Ok(true) => return Ok(true),
            // The timeout is cut to what poll(2) takes, so it may end before the deadline.
            Ok(false) if remaining.is_some_and(|left| left.is_zero()) => return Ok(false),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes `call`, which must not block, until it has something other to say than that it would block,
/// or was interrupted. `None`: the deadline passed first.
pub(crate) fn until<T>(
    socket: &impl AsHandle,
    interest: Interest,
    deadline: Deadline,
    mut call: impl FnMut() -> io::Result<T>,
) -> io::Result<Option<T>> {
    let mut refusals = u32::from(DONT_WAIT == 0);
    loop {
        if deadline.is_expired() || refusals > 0 && !wait(socket, interest, deadline)? {
            return Ok(None);
        }
        match call() {
            Ok(value) => return Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => refusals += 1,
            Err(error) => return Err(error),
        }
        // poll(2) looks at the sender's side only, so for a Unix datagram to a receiver whose queue
        // is full it says "ready" each time.
        if refusals > 1 {
            pause(refusals - 2, Duration::from_millis(20), deadline);
        }
    }
}

/// Sleeps for 1 ms, doubled `doublings` times up to `longest`, but not beyond the deadline.
pub(crate) fn pause(doublings: u32, longest: Duration, deadline: Deadline) {
    let pause = Duration::from_millis(1 << doublings.min(10)).min(longest);
    std::thread::sleep(deadline.remaining().map_or(pause, |left| pause.min(left)));
}

/// poll(2) counts milliseconds. Part of one is rounded up: down would be a busy loop.
fn poll_timeout(remaining: Option<Duration>) -> i32 {
    match remaining {
        None => -1,
        Some(left) => i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX),
    }
}

/// A buffer in the form in which socket2 takes it.
pub(crate) fn uninit(buffer: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: `MaybeUninit<u8>` has the layout of `u8`. The result must not be used to write
    // uninitialised bytes; it goes to socket2's receiving functions only, which promise that.
    unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) }
}

/// Whether calls on `socket` return rather than wait. Windows can't tell; there a timeout has a code
/// of its own.
pub(crate) fn is_nonblocking(socket: &SockRef<'_>) -> bool {
    #[cfg(unix)]
    return socket.nonblocking().unwrap_or(false);
    #[cfg(not(unix))]
    {
        let _ = socket;
        true
    }
}

/// if_nametoindex(3): the number of a network interface. Unix only; on Windows they go by numbers.
pub(crate) fn interface_number(name: &str) -> io::Result<u32> {
    #[cfg(unix)]
    {
        let name = std::ffi::CString::new(name)?;
        // SAFETY: the name ends with a NUL and is borrowed for the call, which only reads it.
        match unsafe { libc::if_nametoindex(name.as_ptr()) } {
            0 => Err(io::Error::last_os_error()),
            number => Ok(number),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = name;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What tells one file from another. `None`: the file is no socket.
pub(crate) fn socket_file_identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    let metadata = path.symlink_metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};

        let is_socket = metadata.file_type().is_socket();
        Ok(is_socket.then(|| (metadata.dev(), metadata.ino())))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Ok(None)
    }
}

/// The name of a Unix socket's address: a path, or an abstract name behind a NUL.
pub(crate) fn unix_name(address: &SockAddr) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        if let Some(name) = address.as_abstract_namespace() {
            return Some(abstract_name(name));
        }
        address.as_pathname().map(PathBuf::from)
    }
    #[cfg(not(unix))]
    {
        let _ = address;
        None
    }
}

/// The name of a Unix socket's address as std has it.
#[cfg(unix)]
pub(crate) fn unix_name_of_std(address: &std::os::unix::net::SocketAddr) -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    if let Some(name) = std::os::linux::net::SocketAddrExt::as_abstract_name(address) {
        return Some(abstract_name(name));
    }
    address.as_pathname().map(PathBuf::from)
}

#[cfg(unix)]
fn abstract_name(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;

    let mut bytes = vec![0];
    bytes.extend_from_slice(name);
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

/// Only Linux tells who has an address.
#[cfg(not(target_os = "linux"))]
pub(crate) fn holder(_: crate::endpoint::Transport, _: &crate::address::Address) -> Option<String> {
    None
}

/// The socket of a wrapper type under its standard traits. The type has a field `socket`.
macro_rules! handle_traits {
    ($type:ident) => {
        #[cfg(unix)]
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                std::os::fd::AsFd::as_fd(&self.socket)
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&self.socket)
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsSocket for $type {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                std::os::windows::io::AsSocket::as_socket(&self.socket)
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsRawSocket for $type {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                std::os::windows::io::AsRawSocket::as_raw_socket(&self.socket)
            }
        }
    };
}
pub(crate) use handle_traits;
