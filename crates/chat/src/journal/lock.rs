//! The lock on a log directory, so that two servers do not write to it.

use std::fs::File;
use std::io;
use std::path::Path;

use netcore::file_identity::FileIdentity;

/// The lock that a server holds on its log directory.
///
/// flock(2) locks the directory itself and not a file in it: a cleaner that removes old files can
/// then not remove the lock. On Windows the directory is open for writing, which it shares with
/// nobody; its files can be read and written all the same.
#[derive(Debug)]
pub(crate) struct Lock {
    #[cfg_attr(not(unix), expect(dead_code, reason = "it is open as long as the lock"))]
    directory: File,
    id: FileIdentity,
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
        let directory = open_locked(path)?;
        let lock = Lock { id: FileIdentity::of(&directory)?, directory };
        match lock.is_in_place(path) {
            true => Ok(lock),
            false => Err(io::Error::other("it was replaced while it was being locked")),
        }
    }

    /// Returns `true` if `path` still names the locked directory.
    pub(crate) fn is_in_place(&self, path: &Path) -> bool {
        FileIdentity::behind(path).is_ok_and(|it| it == self.id)
    }
}

#[cfg(unix)]
impl Drop for Lock {
    fn drop(&mut self) {
        // Closing does not suffice: a child process that is starting has a copy of the descriptor.
        let _ = netcore::file_lock::unlock(&self.directory);
    }
}

/// Returns the error of a directory that is locked already.
fn busy() -> io::Error {
    io::Error::new(io::ErrorKind::ResourceBusy, "another server has it")
}

#[cfg(unix)]
fn open_locked(path: &Path) -> io::Result<File> {
    let directory = File::open(path)?;
    match netcore::file_lock::try_lock(&directory) {
        Ok(true) => {}
        Ok(false) => return Err(busy()),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            log::warn!(
                "{}: not locked, so that two servers would mix their logs: the file system has \
                 no locks for directories",
                path.display()
            );
        }
        Err(error) => return Err(error),
    }
    Ok(directory)
}

#[cfg(windows)]
fn open_locked(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;

    /// Access rights of CreateFile: `FILE_ADD_FILE` and `FILE_READ_ATTRIBUTES`.
    const RIGHTS: u32 = 0x2 | 0x80;
    /// `FILE_SHARE_READ | FILE_SHARE_DELETE`, without `FILE_SHARE_WRITE`.
    const SHARED: u32 = 1 | 4;
    /// `FILE_FLAG_BACKUP_SEMANTICS`, without which no directory can be opened.
    const DIRECTORY: u32 = 0x0200_0000;
    /// `ERROR_SHARING_VIOLATION`.
    const IN_USE: i32 = 32;

    let mut options = File::options();
    options.access_mode(RIGHTS).share_mode(SHARED).custom_flags(DIRECTORY);
    options.open(path).map_err(|error| match error.raw_os_error() {
        Some(IN_USE) => busy(),
        _ => error,
    })
}
