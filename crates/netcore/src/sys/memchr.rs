//! A search for a byte, at the speed of the system's memchr(3).

#[cfg(not(unix))]
pub(crate) use by_words::find;
#[cfg(unix)]
pub(crate) use system::find;

#[cfg(unix)]
mod system {
    /// Returns the index of the first `byte` in `bytes`.
    pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
        let begin = bytes.as_ptr();
        // SAFETY: memchr(3) reads at most `bytes.len()` bytes from `begin`: those of the slice.
        let found = unsafe { libc::memchr(begin.cast(), byte.into(), bytes.len()) };
        if found.is_null() { None } else { Some(found.addr() - begin.addr()) }
    }
}

/// The same search without the system; slower if the byte is far away.
#[cfg(any(test, not(unix)))]
pub(crate) mod by_words {
    use std::io::BufRead;

    pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        // Reading from a slice can't fail.
        let passed = rest.skip_until(byte).unwrap_or(0);
        bytes[..passed].ends_with(&[byte]).then(|| passed - 1)
    }
}
