//! The identity of a file, which tells it from another one of the same name.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

/// The identity of a file: on Unix its device and its inode, on Windows the volume and the number
/// of the file. Two open files, or an open file and a name, can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    device: u64,
    file: u64,
}

impl FileIdentity {
    /// Returns the identity of an open file.
    ///
    /// # Errors
    ///
    /// The system's, as of fstat(2).
    pub fn of(file: &File) -> io::Result<FileIdentity> {
        system::of(file)
    }

    /// Returns the identity of the file or directory at `path`. A symbolic link at `path` itself is
    /// not followed.
    ///
    /// # Errors
    ///
    /// The system's, as of lstat(2): often [`NotFound`](io::ErrorKind::NotFound).
    pub fn at(path: &Path) -> io::Result<FileIdentity> {
        system::at(path)
    }

    /// Returns the identity of the file or directory to which `path` leads. Symbolic links are
    /// followed.
    ///
    /// # Errors
    ///
    /// The system's, as of stat(2): often [`NotFound`](io::ErrorKind::NotFound).
    pub fn behind(path: &Path) -> io::Result<FileIdentity> {
        system::behind(path)
    }
}

impl fmt::Display for FileIdentity {
    /// Writes a text that no other file of the same machine has at this time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}", self.device, self.file)
    }
}

#[cfg(unix)]
mod system {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use crate::sys::identity::FileIdentity;

    pub(super) fn of(file: &File) -> io::Result<FileIdentity> {
        file.metadata().map(|file| identity(&file))
    }

    pub(super) fn at(path: &Path) -> io::Result<FileIdentity> {
        path.symlink_metadata().map(|file| identity(&file))
    }

    pub(super) fn behind(path: &Path) -> io::Result<FileIdentity> {
        path.metadata().map(|file| identity(&file))
    }

    fn identity(file: &Metadata) -> FileIdentity {
        FileIdentity { device: file.dev(), file: file.ino() }
    }
}

#[cfg(windows)]
mod system {
    use std::fs::File;
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::windows::fs::OpenOptionsExt;
    use std::os::windows::io::AsRawHandle;
    use std::path::Path;

    use windows_sys::Win32::Storage::FileSystem::{
        BY_HANDLE_FILE_INFORMATION, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
        GetFileInformationByHandle,
    };

    use crate::sys::identity::FileIdentity;

    pub(super) fn of(file: &File) -> io::Result<FileIdentity> {
        let mut info = MaybeUninit::<BY_HANDLE_FILE_INFORMATION>::zeroed();
        // SAFETY: the handle is open through the call, and there is room for the result.
        if unsafe { GetFileInformationByHandle(file.as_raw_handle(), info.as_mut_ptr()) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: zeros are valid in a struct of numbers, and the call has written it.
        let info = unsafe { info.assume_init() };
        let file = (u64::from(info.nFileIndexHigh) << 32) | u64::from(info.nFileIndexLow);
        Ok(FileIdentity { device: info.dwVolumeSerialNumber.into(), file })
    }

    pub(super) fn at(path: &Path) -> io::Result<FileIdentity> {
        open(path, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
    }

    pub(super) fn behind(path: &Path) -> io::Result<FileIdentity> {
        open(path, FILE_FLAG_BACKUP_SEMANTICS)
    }

    fn open(path: &Path, flags: u32) -> io::Result<FileIdentity> {
        // Without an access right the file opens even if others use it.
        of(&File::options().access_mode(0).custom_flags(flags).open(path)?)
    }
}
