//! Advisory locks on files and directories: flock(2). On Unix.

#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::AsFd;

use crate::sys;

/// Locks a file or a directory for its holder alone, without waiting; flock(2). `false`: somebody else has it. On
/// Unix.
///
/// The lock belongs to what open(2) made: every copy of that descriptor has it, another open of the
/// same file has not, be it in the same process. It ends with [`unlock`], or when the last copy
/// is closed, so with the process at the latest. It binds only those who ask for it.
///
/// A name may have been given to another file between opening and locking, so whoever locks a file
/// by its name looks afterwards whether it is still that file.
///
/// ```
/// use std::fs::File;
///
/// fn open_alone(path: &std::path::Path) -> std::io::Result<File> {
///     let file = File::options().append(true).create(true).open(path)?;
///     match netcore::file_lock::try_lock(&file)? {
///         true => Ok(file),
///         false => Err(std::io::ErrorKind::ResourceBusy.into()),
///     }
/// }
/// ```
///
/// # Errors
///
/// - [`Unsupported`](io::ErrorKind::Unsupported): the file system has no locks, or none for a file
///   that is open only for reading, a directory for example (NFS, SMB);
/// - the system's other errors: no locks are left (`ENOLCK`).
pub fn try_lock(file: &impl AsFd) -> io::Result<bool> {
    sys::try_lock(file)
}

/// Ends the lock that [`try_lock`] got, at once and for all copies of the descriptor. On Unix.
///
/// To close the file is not the same where the process starts others: a child has a copy until it
/// executes its program, and a lock that outlives its holder for as long.
///
/// # Errors
///
/// The system's.
pub fn unlock(file: &impl AsFd) -> io::Result<()> {
    sys::unlock(file)
}
