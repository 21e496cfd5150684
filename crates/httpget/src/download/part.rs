//! The file that a download is written to until it is whole.
//!
//! ```text
//!   nothing ──open──► FILE.part, locked ──begin──► FILE.part ──content──► finish ──► FILE
//!                     FILE.part.meta, the mark     FILE.part.meta           │
//!                        └─ nothing came: removed                           └─ anything else: both stay
//! ```
//!
//! A FILE that can't be replaced, such as a mounted one, gets a copy of FILE.part when that is whole.
//!
//! FILE.part is ours only if the mark beside it says so. Another file of that name is neither read nor
//! written nor removed: browsers name their own partial files in the same way.
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
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::FileError;
use super::in_place::{InPlace, cut};
use super::lock::lock;
use super::resume::{Partial, Version};

use super::sidecar::{self, Found, Mark};
use super::target::FileTarget;

/// How often the file may be gone, or be another, once it is locked: somebody else's download has
/// come to its end just then.
const TRIES: usize = 16;

/// Only the owner may read what is to replace a file, until it has the permissions of that.
const PRIVATE: u32 = 0o600;

/// The end of the message about a file that is in the way.
const NOT_OURS: &str = "this program did not make it here, so it stays untouched: move it away, or \
                        choose another name for the download";

/// FILE.part, which nobody else writes meanwhile.
#[derive(Debug)]
pub(super) struct PartFile {
    file: File,
    path: PathBuf,
    sidecar: PathBuf,
    mark: Mark,
    place: FileTarget,
    finished: bool,
}

impl PartFile {
    /// Opens the one for `place`, or makes it. The content that it has stays.
    pub(super) fn open(place: FileTarget) -> Result<PartFile, FileError> {
        let [path, sidecar] = place.aside();
        let (file, mark) = open_locked(&path, &sidecar, &place)?;
        Ok(PartFile { file, path, sidecar, mark, place, finished: false })
    }

    /// How many bytes it has.
    pub(super) fn bytes(&self) -> Result<u64, FileError> {
        self.file.metadata().map(|file| file.len()).map_err(FileError::new("inspect", &self.path))
    }

    /// The beginning of a version. Returns `None` if it is empty, or its version is not known.
    pub(super) fn partial(&self) -> Result<Option<Partial>, FileError> {
        let Some(version) = &self.mark.version else { return Ok(None) };
        let bytes = self.bytes()?;
        let sound = bytes > 0 && version.total.is_none_or(|total| bytes <= total);
        Ok(sound.then(|| Partial { bytes, version: version.clone() }))
    }

    /// The size of the file at the place. Returns `None` if there is none, or the partial one has
    /// content.
    pub(super) fn whole(&self) -> Result<Option<u64>, FileError> {
        match &self.place.replaced {
            Some(replaced) if self.bytes()? == 0 => Ok(Some(replaced.len())),
            _ => Ok(None),
        }
    }

    /// Empties it, for content of this version.
    pub(super) fn begin(&mut self, version: Option<Version>) -> Result<(), FileError> {
        // First: of an empty file the mark may name any version.
        self.keep(0)?;
        let had = std::mem::replace(&mut self.mark.version, version);
        self.write_mark(had.is_some())
    }

    /// Cuts it to its first `bytes`, and goes on behind them.
    pub(super) fn keep(&mut self, bytes: u64) -> Result<(), FileError> {
        cut(&mut self.file, bytes).map_err(FileError::new("truncate", &self.path))
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
        match self.replace() {
            Ok(()) => self.finished = true,
            Err(error) if is_irreplaceable(&error) && self.place.replaced.is_some() => {
                log::info!("{} can't be replaced: written in place", self.place.path.display());
                return self.overwrite(bytes, modified);
            }
            Err(error) => return Err(FileError::new("replace", &self.place.path)(error)),
        }
        let directory = self.place.directory();
        match File::open(directory).and_then(|directory| directory.sync_all()) {
            // fsync(2): some file systems do that with files only; a directory may be unreadable.
            Err(error) if !matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EACCES)) => {
                Err(FileError::new("sync", directory)(error))
            }
            _ => Ok(()),
        }
    }

    fn replace(&self) -> io::Result<()> {
        // Before the new name: behind it, another download's mark may be there.
        sidecar::remove(&self.sidecar)?;
        self.rename().inspect_err(|_| {
            // The first error is the one to be told. Without a mark, the part would be in the way of
            // the next download.
            let _ = sidecar::write(&self.sidecar, &self.mark, false);
        })
    }

    /// Copies the whole over the file at the place. If that fails, the part still has all of it.
    fn overwrite(&mut self, bytes: u64, modified: Option<SystemTime>) -> Result<(), FileError> {
        let mut target = InPlace::open(&self.place.path)?;
        target.begin(None)?;
        target.copy(&mut self.file)?;
        target.finish(bytes, modified)?;
        // Nothing is lost if they stay. The mark first: behind the part, another download's may be
        // there.
        let removed = sidecar::remove(&self.sidecar).and_then(|()| fs::remove_file(&self.path));
        if let Err(error) = removed {
            log::info!("{} stays: {error}", self.path.display());
        }
        self.finished = true;
        Ok(())
    }

    /// Gives it the name of the place.
    fn rename(&self) -> io::Result<()> {
        if self.place.replace {
            return fs::rename(&self.path, &self.place.path);
        }
        // Unlike rename(2), link(2) fails if somebody has made the file meanwhile.
        match fs::hard_link(&self.path, &self.place.path) {
            Ok(()) => {
                // The file is there. A second name of it does no harm.
                let _ = fs::remove_file(&self.path);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // FAT and its like have no links.
            Err(_) => match fs::symlink_metadata(&self.place.path) {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(&self.path, &self.place.path),
            },
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

    fn write_mark(&self, over_a_version: bool) -> Result<(), FileError> {
        sidecar::write(&self.sidecar, &self.mark, over_a_version)
            .map_err(FileError::new("write", &self.sidecar))
    }
}

impl AsFd for PartFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.finished && self.file.metadata().is_ok_and(|file| file.len() == 0) {
            // Nobody is there to be told, and what stays behind does no harm.
            let _ = sidecar::remove(&self.sidecar);
            let _ = fs::remove_file(&self.path);
        }
        // Where a child process is just being started, it has a copy of the descriptor, and would
        // have the lock for a moment longer.
        let _ = netcore::file_lock::unlock(&self.file);
    }
}

/// Opens and locks the file at `path` and reads its mark at `sidecar`, or makes both.
fn open_locked(path: &Path, sidecar: &Path, place: &FileTarget) -> Result<(File, Mark), FileError> {
    for _ in 0..TRIES {
        let (file, is_new) = match open(path, false, place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match create_marked(path, sidecar, place)? {
                    Some(file) => (file, true),
                    None => continue,
                }
            }
            opened => (opened.map_err(FileError::new("write", path))?, false),
        };
        if !lock_at(&file, path).map_err(FileError::new("write", path))? {
            continue;
        }
        let born =
            file.metadata().map(|file| birth(&file)).map_err(FileError::new("inspect", path))?;
        let found = sidecar::read(sidecar).map_err(FileError::new("read", sidecar))?;
        let mark = match found {
            Found::Ours(_) | Found::Nothing if is_new => {
                let mark = Mark { born, version: None };
                // The mark of a file that is gone; or none, because another download that has just
                // ended took this one for its own.
                if found != Found::Ours(Mark::default()) {
                    sidecar::write(sidecar, &mark, true)
                        .map_err(FileError::new("write", sidecar))?;
                }
                mark
            }
            Found::Ours(mark) if mark.born.is_none() || mark.born == born => Mark { born, ..mark },
            _ => return Err(in_the_way(path)),
        };
        if place.replaced.is_some() {
            make_private(&file).map_err(FileError::new("write", path))?;
        }
        return Ok((file, mark));
    }
    Err(FileError::new("write", path)(io::Error::other("it is replaced again and again")))
}

/// Makes the file at `path`, and its mark before: whoever finds the file finds it marked. Returns
/// `None` if another download was faster.
fn create_marked(
    path: &Path,
    sidecar: &Path,
    place: &FileTarget,
) -> Result<Option<File>, FileError> {
    let found = sidecar::read(sidecar).map_err(FileError::new("read", sidecar))?;
    if found == Found::Foreign {
        return Err(in_the_way(sidecar));
    }
    let is_marked = match found {
        Found::Nothing => sidecar::write(sidecar, &Mark::default(), false),
        _ => Ok(()),
    };
    match is_marked.and_then(|()| open(path, true, place)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => {
            if found == Found::Nothing {
                // The first error is the one to be told.
                let _ = sidecar::remove(sidecar);
            }
            Err(FileError::new("write", path)(error))
        }
    }
}

fn open(path: &Path, create: bool, place: &FileTarget) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create_new(create)
        .mode(if place.replaced.is_some() { PRIVATE } else { 0o666 })
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// Locks `file`. Returns `false` if it is not at `path` any more: then another download has just come
/// to its end.
fn lock_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    if !ours.is_file() || ours.nlink() > 1 {
        let text = "it is no file of its own: remove it, or choose another name";
        return Err(io::Error::other(text));
    }
    lock(file)?;
    is_at(&ours, path)
}

fn make_private(file: &File) -> io::Result<()> {
    match file.metadata()?.mode() & 0o777 {
        PRIVATE => Ok(()),
        _ => file.set_permissions(Permissions::from_mode(PRIVATE)),
    }
}

/// Returns `true` if the file at the place can't be replaced (rename(2)): it is a mount point, or its
/// directory is sticky and another user's, or read-only.
fn is_irreplaceable(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    matches!(code, Some(libc::EBUSY | libc::EXDEV | libc::EPERM | libc::EACCES | libc::EROFS))
}

fn in_the_way(path: &Path) -> FileError {
    FileError::new("write", path)(io::Error::new(io::ErrorKind::AlreadyExists, NOT_OURS))
}

/// The time at which a file was made, which tells it from another one at its path. Returns `None`
/// where the file system keeps none.
fn birth(file: &Metadata) -> Option<String> {
    let born = file.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}.{:09}", born.as_secs(), born.subsec_nanos()))
}

/// Whether `file` is what is at `path`.
fn is_at(file: &Metadata, path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (file.dev(), file.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
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
