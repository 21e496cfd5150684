//! How much of what was written is still on this side.

#[cfg(any(target_os = "linux", target_os = "android"))]
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
pub(crate) fn unsent(_: &impl super::AsHandle) -> std::io::Result<usize> {
    Err(std::io::ErrorKind::Unsupported.into())
}
