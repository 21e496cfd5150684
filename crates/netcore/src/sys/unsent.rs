//! Bytes that were written and have not left this machine, or were not acknowledged.

#[cfg(any(target_os = "linux", target_os = "android"))]
/// Returns the number of bytes that were written and that the peer has not acknowledged.
pub(crate) fn unsent(socket: &impl std::os::fd::AsFd) -> std::io::Result<usize> {
    use std::os::fd::AsRawFd;

    let mut bytes: libc::c_int = 0;
    let descriptor = socket.as_fd().as_raw_fd();
    // TIOCOUTQ is what tcp(7) and unix(7) call SIOCOUTQ.
    // SAFETY: the descriptor is open, and `bytes` is the int that the request writes to.
    match unsafe { libc::ioctl(descriptor, libc::TIOCOUTQ, &raw mut bytes) } {
        0 => Ok(usize::try_from(bytes).unwrap_or(0)),
        _ => Err(std::io::Error::last_os_error()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn unsent(_: &impl crate::sys::handle::AsHandle) -> std::io::Result<usize> {
    Err(std::io::ErrorKind::Unsupported.into())
}
