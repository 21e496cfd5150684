//! Flags of send(2), recv(2) and getnameinfo(3). Some systems lack some of them.

/// send(2): no `SIGPIPE` if the peer has gone. Apple's systems have `SO_NOSIGPIPE` instead, which
/// socket2 sets on every socket that it makes. [`suppress_sigpipe`] sets it on others.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(crate) const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(crate) const NO_SIGNAL: i32 = 0;

/// Sets `SO_NOSIGPIPE`, on systems without `MSG_NOSIGNAL`, for a socket that other code has opened.
/// The connections of a listener inherit the option.
pub(crate) fn suppress_sigpipe(socket: &socket2::Socket) {
    // Only a handle that is no socket fails here, and each later call reports the reason.
    #[cfg(target_vendor = "apple")]
    let _ = socket.set_nosigpipe(true);
    #[cfg(not(target_vendor = "apple"))]
    let _ = socket;
}

/// recv(2), send(2): this call does not block. Winsock has no such flag.
#[cfg(unix)]
pub(crate) const DONT_WAIT: i32 = libc::MSG_DONTWAIT;
#[cfg(not(unix))]
pub(crate) const DONT_WAIT: i32 = 0;

/// recv(2): the bytes stay in the receive queue.
#[cfg(unix)]
pub(crate) const PEEK: i32 = libc::MSG_PEEK;
#[cfg(not(unix))]
pub(crate) const PEEK: i32 = 2;

/// Flags of getnameinfo(3), whose type differs between the Unix systems. Winsock has them with
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
