//! Space for a file whose size is known before its content.

use std::fs::File;
use std::io;

use crate::sys;

/// Gives `file` the size `bytes` and reserves the space on disk, so that no later write within it
/// finds the disk full (fallocate(2), on Linux and Android). Existing content stays, up to that
/// size. Without support by the system or the file system, only the size is set.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("file-space-{}", std::process::id()));
/// let file = std::fs::File::create(&path)?;
/// netcore::file_space::allocate(&file, 1 << 20)?;
/// assert_eq!(file.metadata()?.len(), 1 << 20);
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
///
/// The disk is full, or the size is above a limit of the file system or the process.
pub fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    sys::allocate(file, bytes)?;
    // fallocate(2) only enlarges a file.
    file.set_len(bytes)
}
