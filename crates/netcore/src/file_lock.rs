//! Advisory locks on files and directories: flock(2), LockFileEx.

use std::io;

use crate::sys::{self, AsDescriptor};

#[cfg(test)]
mod tests;

/// Locks a file or a directory exclusively, without waiting; flock(2). Returns `false` if another
/// descriptor holds the lock.
///
/// The lock belongs to the open file description of open(2). Every copy of the descriptor shares
/// it; another open of the same file does not, even in the same process. It ends with [`unlock`],
/// or when the last copy is closed, so with the process at the latest. The lock is advisory: it
/// binds only programs that ask for it. On Windows it is LockFileEx on a byte far behind the end
/// of the file, a second call for the same file returns `false` even for a copy, and a directory
/// has no lock.
///
/// Between opening and locking another file may have taken the name. A program that locks a file by
/// its name therefore checks afterwards that the name still refers to that file.
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
///   that is open for reading only, a directory for example (NFS, SMB);
/// - the system's other errors: no locks are left (`ENOLCK`).
pub fn try_lock(file: &impl AsDescriptor) -> io::Result<bool> {
    sys::try_lock(file.as_descriptor())
}

/// Releases the lock of [`try_lock`], at once and for all copies of the descriptor.
///
/// Closing the file is not enough in a process that starts others: a child has a copy of the
/// descriptor until it executes its program, and the lock lives until then.
///
/// # Errors
///
/// The errors of flock(2) or UnlockFileEx.
pub fn unlock(file: &impl AsDescriptor) -> io::Result<()> {
    sys::unlock(file.as_descriptor())
}
