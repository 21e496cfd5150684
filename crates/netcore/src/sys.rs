//! The only module that depends on the operating system, and the only one with `unsafe`.
//!
//! It has the calls that neither std nor socket2 offers: waiting for descriptors, the kernel's own
//! copy, memchr(3), `SIGPIPE`, file locks and space, descriptors from systemd, batches of datagrams
//! and their local addresses.
#![allow(unsafe_code, reason = "system calls and a cast; each block says why it is sound")]

mod address;
mod allocate;
#[cfg(all(unix, feature = "stdio"))]
mod background;
mod batch;
mod descriptor;
mod domain;
mod flags;
mod handle;
mod identity;
#[cfg(all(windows, feature = "stdio"))]
mod interrupt;
mod local;
mod lock;
mod memchr;
mod mode;
mod options;
#[cfg(unix)]
mod passed;
mod poll;
mod positional;
mod sigpipe;
mod splice;
#[cfg(all(unix, feature = "stdio"))]
mod stdio;
mod uninit;
mod unsent;
mod wake_pipe;

use std::io;
use std::path::{Path, PathBuf};

use socket2::SockAddr;

pub(crate) use address::{other_address, other_address_of, pair};
pub(crate) use allocate::allocate;
#[cfg(all(unix, feature = "stdio"))]
pub use background::{ignore_terminal_stops, ignores_stops, stop_job};
#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
pub(crate) use batch::one_by_one;
pub(crate) use batch::{Incoming, MAX_BATCH, Names, Outgoing, recv_many, recv_one, send_many};
pub use descriptor::{AsDescriptor, BorrowedDescriptor};
pub(crate) use descriptor::{BorrowedFile, Kind, POLLS_PIPES, SocketIdentity, no_reader};
pub(crate) use domain::domain;
pub(crate) use flags::*;
pub(crate) use handle::{AsHandle, OwnedHandle, handle_traits};
pub use identity::FileIdentity;
#[cfg(all(windows, feature = "stdio"))]
pub use interrupt::{Interrupt, on_interrupt};
pub(crate) use local::{Local, tell_local};
pub(crate) use lock::{try_lock, unlock};
pub(crate) use memchr::find;
pub(crate) use mode::{SYSTEM_HAS_MODE, SocketMode, is_nonblocking};
pub(crate) use options::*;
#[cfg(unix)]
pub(crate) use passed::PassedDescriptors;
pub(crate) use poll::{Interest, PollEntry, poll};
pub use positional::{read_at, read_exact_at, write_all_at};
pub(crate) use sigpipe::NoSigpipe;
pub(crate) use splice::{Pipe, is_refusal};
#[cfg(all(unix, feature = "stdio"))]
pub use stdio::standard_output_was_closed;
pub(crate) use uninit::uninit;
pub(crate) use unsent::unsent;
pub(crate) use wake_pipe::WakePipe;

#[cfg(test)]
mod tests;

/// The most bytes in the path of a Unix socket: the size of `sun_path` in unix(7) without its NUL,
/// which is 107 on Linux and illumos, and 103 on the BSDs and Apple's systems.
#[cfg(unix)]
pub(crate) const MAX_UNIX_PATH: usize =
    size_of::<libc::sockaddr_un>() - std::mem::offset_of!(libc::sockaddr_un, sun_path) - 1;
#[cfg(not(unix))]
pub(crate) const MAX_UNIX_PATH: usize = 107;

/// `true` if `SO_REUSEADDR` only makes a listener restartable. On Windows it lets any process take
/// over a port in use.
pub(crate) const REUSE_ADDRESS_RESTARTS: bool = cfg!(unix);

/// `true` if Unix sockets are supported. Windows has streams of that family, but this crate does
/// not use them.
pub(crate) const HAS_UNIX_SOCKETS: bool = cfg!(unix);

/// `true` if Unix sockets can have abstract names, which are no files (unix(7)).
pub(crate) const HAS_ABSTRACT_NAMES: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// `true` if binding to no name makes an abstract one, to which answers can be sent (unix(7),
/// "Autobind").
pub(crate) const HAS_AUTOBIND: bool = HAS_ABSTRACT_NAMES;

/// `true` if the poller reports new readiness after a short read or write: epoll(7) and kqueue(2),
/// edge-triggered. On other systems mio does so only after a call that would have blocked.
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

/// Returns the number of a network interface: if_nametoindex(3). On Windows interfaces have numbers
/// only.
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

/// Returns the device and inode numbers of a socket's file. Returns `None` if the file is no
/// socket.
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

/// Returns the name of a Unix socket's address: a path, or an abstract name after a NUL.
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

/// Returns the name of a Unix socket's address of std.
#[cfg(unix)]
pub(crate) fn unix_name_of_std(address: &std::os::unix::net::SocketAddr) -> Option<PathBuf> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = address.as_abstract_name() {
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
