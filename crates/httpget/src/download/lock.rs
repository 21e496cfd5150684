//! The lock that keeps two downloads to one file apart.

use std::fs::File;
use std::io;

/// Locks `file` until it is closed (flock(2)).
///
/// # Errors
///
/// `ResourceBusy` if another download has the lock.
pub(super) fn lock(file: &File) -> io::Result<()> {
    match netcore::file_lock::try_lock(file) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let text = "another download is writing it";
            Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
        }
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            log::warn!(
                "no locks on this file system: two downloads to one file are not kept apart"
            );
            Ok(())
        }
        Err(error) => Err(error),
    }
}
