//! The file that a download is written to until it is whole.
//!
//! ```text
//!   nothing ──open──► FILE.part, locked ──begin──► FILE.part ──content──► finish ──► FILE
//!                        │                         FILE.part.meta           │
//!                        └─ nothing came: removed                           └─ anything else: both stay
//! ```
//!
//! Whoever writes FILE.part holds the lock on it (flock(2)), which ends with the process. The death
//! of the process loses nothing that was written. At the end the content is on the disk (fsync(2))
//! before FILE is it, and its name is on the disk before the download has succeeded; so after a loss
//! of power FILE is what it was or the whole download, never a part of one. What FILE.part is after
//! a loss of power is the file system's to say: one that notes a size before the bytes are there
//! would leave a hole to be gone on behind.

#[cfg(test)]
mod tests;

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::resume::{Partial, Validator};
use super::target::Place;
use super::{FileError, sidecar};

/// How often the file may be gone, or be another, once it is locked: somebody else's download has
/// come to its end just then.
const TRIES: usize = 16;

/// Only the owner may read what is to replace a file, until it has the permissions of that.
const PRIVATE: u32 = 0o600;

/// FILE.part, which nobody else writes meanwhile.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    sidecar: PathBuf,
    place: Place,
    finished: bool,
}

impl Part {
    /// Opens the one for `place`, or makes it. What it has stays.
    pub(super) fn open(place: Place) -> Result<Part, FileError> {
        let path = place.beside(".part");
        let sidecar = place.beside(".part.meta");
        let file = open_locked(&path, &place).map_err(FileError::new("write", &path))?;
        Ok(Part { file, path, sidecar, place, finished: false })
    }

    /// How many bytes it has.
    pub(super) fn bytes(&self) -> Result<u64, FileError> {
        self.file.metadata().map(|file| file.len()).map_err(FileError::new("inspect", &self.path))
    }

    /// What it is the beginning of, if that is known and there is something.
    pub(super) fn partial(&self) -> Result<Option<Partial>, FileError> {
        let known = sidecar::read(&self.sidecar).map_err(FileError::new("read", &self.sidecar))?;
        let Some((validator, total)) = known else { return Ok(None) };
        let bytes = self.bytes()?;
        let sound = bytes > 0 && total.is_none_or(|total| bytes <= total);
        Ok(sound.then_some(Partial { bytes, validator, total }))
    }

    /// Empties it, for content of this version and size.
    pub(super) fn begin(
        &mut self,
        validator: Option<&Validator>,
        total: Option<u64>,
    ) -> Result<(), FileError> {
        // First: what is there is not of the new version.
        sidecar::remove(&self.sidecar).map_err(FileError::new("remove", &self.sidecar))?;
        self.keep(0)?;
        match validator {
            None => Ok(()),
            Some(validator) => self.write_sidecar(&sidecar::text(validator, total)),
        }
    }

    /// Cuts it to its first `bytes`, and goes on behind them.
    pub(super) fn keep(&mut self, bytes: u64) -> Result<(), FileError> {
        self.file
            .set_len(bytes)
            .and_then(|()| self.file.seek(SeekFrom::Start(bytes)))
            .map_err(FileError::new("truncate", &self.path))?;
        Ok(())
    }

    /// Makes it the file at the place: with the owner and the permissions of the one that it
    /// replaces, and with the time of the last change that is given. The owner stays where the
    /// system does not let it be changed.
    ///
    /// It must have just `bytes`, all of them put there by us.
    pub(super) fn finish(
        mut self,
        bytes: u64,
        modified: Option<SystemTime>,
    ) -> Result<(), FileError> {
        let prepared = self.prepare(bytes, modified);
        prepared.map_err(FileError::new("write", &self.path))?;
        self.may_replace().map_err(FileError::new("replace", &self.place.path))?;
        let known = sidecar::read(&self.sidecar).ok().flatten();
        // Before the new name: behind it, somebody else's may be there.
        sidecar::remove(&self.sidecar).map_err(FileError::new("remove", &self.sidecar))?;
        if let Err(error) = fs::rename(&self.path, &self.place.path) {
            if let Some((validator, total)) = known {
                self.write_sidecar(&sidecar::text(&validator, total))?;
            }
            return Err(FileError::new("replace", &self.place.path)(error));
        }
        self.finished = true;
        let directory = self.place.directory();
        match File::open(directory).and_then(|directory| directory.sync_all()) {
            // fsync(2): some file systems do that with files only; a directory may be unreadable.
            Err(error) if !matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EACCES)) => {
                Err(FileError::new("sync", directory)(error))
            }
            _ => Ok(()),
        }
    }

    fn prepare(&self, bytes: u64, modified: Option<SystemTime>) -> io::Result<()> {
        let ours = self.file.metadata()?;
        if ours.len() != bytes || !is_at(&ours, &self.path)? {
            return Err(io::Error::other("somebody else has written to it"));
        }
        if let Some(replaced) = &self.place.replaced {
            take_after(&self.file, replaced)?;
        }
        if let Some(modified) = modified {
            self.file.set_modified(modified)?;
        }
        self.file.sync_all()
    }

    /// Whether there is still a file at the place, or nothing.
    fn may_replace(&self) -> io::Result<()> {
        match fs::symlink_metadata(&self.place.path) {
            Ok(there) if there.is_file() => Ok(()),
            Ok(_) => Err(io::Error::other("it is no file any more")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn write_sidecar(&self, text: &[u8]) -> Result<(), FileError> {
        sidecar::write(&self.sidecar, text).map_err(FileError::new("write", &self.sidecar))
    }
}

impl AsFd for Part {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.finished && self.file.metadata().is_ok_and(|file| file.len() == 0) {
            // Nobody is there to be told, and what stays behind does no harm.
            let _ = sidecar::remove(&self.sidecar);
            let _ = fs::remove_file(&self.path);
        }
        // Where a child process is just being started, it has a copy of the descriptor, and would
        // have the lock for a moment longer.
        let _ = netcore::unlock_file(&self.file);
    }
}

fn open_locked(path: &Path, place: &Place) -> io::Result<File> {
    for _ in 0..TRIES {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(if place.replaced.is_some() { PRIVATE } else { 0o666 })
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path)?;
        let ours = file.metadata()?;
        if !ours.is_file() || ours.nlink() > 1 {
            let text = "it is no file of its own: remove it, or choose another name";
            return Err(io::Error::other(text));
        }
        lock(&file)?;
        if is_at(&ours, path)? {
            if place.replaced.is_some() && ours.mode() & 0o777 != PRIVATE {
                file.set_permissions(Permissions::from_mode(PRIVATE))?;
            }
            return Ok(file);
        }
    }
    Err(io::Error::other("it is replaced again and again"))
}

/// Whether `file` is what is at `path`.
fn is_at(file: &Metadata, path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (file.dev(), file.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn lock(file: &File) -> io::Result<()> {
    match netcore::try_lock_file(file) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let text = "another download is writing it";
            Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
        }
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            log::warn!("no locks on this file system: two downloads to one file would mix");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Gives `file` the owner, the group and the permissions of `replaced`, but for set-user-ID and its
/// like, which new content has not earned.
fn take_after(file: &File, replaced: &Metadata) -> io::Result<()> {
    let ours = file.metadata()?;
    let mut mode = replaced.mode() & 0o777;
    if (ours.uid(), ours.gid()) != (replaced.uid(), replaced.gid())
        && fchown(file, Some(replaced.uid()), Some(replaced.gid())).is_err()
        && ours.gid() != replaced.gid()
        && fchown(file, None, Some(replaced.gid())).is_err()
    {
        // What the old group could do is not for another one.
        mode &= !0o070 | ((mode & 0o007) << 3);
    }
    file.set_permissions(Permissions::from_mode(mode))
}
