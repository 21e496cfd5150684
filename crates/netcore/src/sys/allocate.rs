//! fallocate(2), which std does not have.

use std::fs::File;
use std::io;

/// Gives `file` the size `bytes` and reserves space for it. Returns `false` if the system or the
/// file system can't reserve space.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn allocate(file: &File, bytes: u64) -> io::Result<bool> {
    use std::os::fd::AsRawFd;

    let Ok(length) = libc::off64_t::try_from(bytes) else {
        return Err(io::ErrorKind::FileTooLarge.into());
    };
    if length == 0 {
        return Ok(false);
    }
    loop {
        // SAFETY: the descriptor is open through the call, which takes no pointer.
        if unsafe { libc::fallocate64(file.as_raw_fd(), 0, 0, length) } == 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EOPNOTSUPP | libc::ENOSYS) => return Ok(false),
            _ => return Err(error),
        }
    }
}

/// Returns `false`: the system can't reserve space.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn allocate(_: &File, _: u64) -> io::Result<bool> {
    Ok(false)
}
