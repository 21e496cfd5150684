//! A file that is written in place, because it can't be replaced.
//!
//! Such a file is mounted, or its directory lets nobody create a file. New content overwrites the
//! old one at once, and a download that breaks leaves the bytes received so far.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use netcore::error::FileError;

use super::lock::lock;
use super::resume::{Partial, Version};
use super::system;

#[cfg(test)]
mod tests;

/// The file itself, locked against other downloads.
#[derive(Debug)]
pub(super) struct InPlace {
    file: File,
    path: PathBuf,
    /// `true` once new content has replaced the old.
    begun: bool,
    /// The version of that content, if it is known.
    version: Option<Version>,
}

impl InPlace {
    /// Opens and locks the file at `path`. The content stays.
    pub(super) fn open(path: &Path) -> Result<InPlace, FileError> {
        let opened = system::without_links(File::options().write(true)).open(path);
        let locked = opened.and_then(|file| lock(&file).map(|()| file));
        let file = locked.map_err(FileError::new("write", path))?;
        Ok(InPlace { file, path: path.to_owned(), begun: false, version: None })
    }

    /// Returns the file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Returns the beginning of a version. Returns `None` if the file is empty or its version is
    /// unknown.
    pub(super) fn partial(&self) -> Result<Option<Partial>, FileError> {
        let Some(version) = &self.version else { return Ok(None) };
        let bytes = self.bytes()?;
        Ok((bytes > 0).then(|| Partial { bytes, version: version.clone() }))
    }

    /// Returns the size of the old file. Returns `None` once its content is gone.
    pub(super) fn whole(&self) -> Result<Option<u64>, FileError> {
        if self.begun { Ok(None) } else { self.bytes().map(Some) }
    }

    /// Empties the file, for content of this version.
    pub(super) fn begin(&mut self, version: Option<Version>) -> Result<(), FileError> {
        self.begun = true;
        self.version = version;
        self.keep(0)
    }

    /// Truncates the file to its first `bytes`, and continues after them.
    pub(super) fn keep(&mut self, bytes: u64) -> Result<(), FileError> {
        cut(&mut self.file, bytes).map_err(FileError::new("truncate", &self.path))
    }

    /// Copies all of `from`, from its first byte on.
    pub(super) fn copy(&mut self, from: &mut File) -> Result<(), FileError> {
        from.seek(SeekFrom::Start(0))
            .and_then(|_| io::copy(from, &mut self.file))
            .map(|_| ())
            .map_err(FileError::new("write", &self.path))
    }

    /// Checks that the file has `bytes`, syncs it to disk (fsync(2)) and sets its modification
    /// time.
    pub(super) fn finish(self, bytes: u64, modified: Option<SystemTime>) -> Result<(), FileError> {
        self.sync(bytes, modified).map_err(FileError::new("write", &self.path))
    }

    fn sync(&self, bytes: u64, modified: Option<SystemTime>) -> io::Result<()> {
        if self.file.metadata()?.len() != bytes {
            return Err(io::Error::other("another program has written to it"));
        }
        match modified.map(|modified| self.file.set_modified(modified)) {
            // A file of another user keeps the time of the write (utimensat(2)).
            Some(Err(error)) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
            _ => self.file.sync_all(),
        }
    }

    fn bytes(&self) -> Result<u64, FileError> {
        self.file.metadata().map(|file| file.len()).map_err(FileError::new("inspect", &self.path))
    }
}

/// Truncates a file to its first `bytes`, and moves its position there.
pub(super) fn cut(file: &mut File, bytes: u64) -> io::Result<()> {
    file.set_len(bytes)?;
    file.seek(SeekFrom::Start(bytes)).map(|_| ())
}

impl Drop for InPlace {
    fn drop(&mut self) {
        // A child process that is just being started has a copy of the descriptor, and would hold
        // the lock for a moment longer.
        let _ = netcore::file_lock::unlock(&self.file);
    }
}
