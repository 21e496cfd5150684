//! The lock on a log directory, so that two servers do not write to it.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The lock that a server holds on its log directory.
///
/// flock(2) locks the directory itself and not a file in it: a cleaner that removes old files can
/// then not remove the lock.
#[derive(Debug)]
pub(crate) struct Lock {
    directory: File,
    /// Device and inode.
    id: (u64, u64),
}

impl Lock {
    /// Locks the directory `path`. On a file system without locks for directories (NFS, SMB), this
    /// logs a warning and continues without the lock.
    ///
    /// # Errors
    ///
    /// - `ResourceBusy`: another server holds the lock;
    /// - an I/O error, if the directory cannot be opened;
    /// - `Other`: the directory was replaced between opening and locking.
    pub(crate) fn take(path: &Path) -> io::Result<Lock> {
        let directory = File::open(path)?;
        match netcore::file_lock::try_lock(&directory) {
            Ok(true) => {}
            Ok(false) => {
                let text = "another server has it";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                log::warn!(
                    "{}: not locked, so that two servers would mix their logs: the file system has \
                     no locks for directories",
                    path.display()
                );
            }
            Err(error) => return Err(error),
        }
        let lock = Lock { id: id(&directory.metadata()?), directory };
        match lock.is_in_place(path) {
            true => Ok(lock),
            false => Err(io::Error::other("it was replaced while it was being locked")),
        }
    }

    /// Returns `true` if `path` still names the locked directory.
    pub(crate) fn is_in_place(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|it| id(&it) == self.id)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing does not suffice: a child process that is starting has a copy of the descriptor.
        let _ = netcore::file_lock::unlock(&self.directory);
    }
}

fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
