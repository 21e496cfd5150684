//! The partial file, FILE.part: checked to be ours before it is resumed, and renamed when complete.
//!
//! ```text
//!   nothing ──open──► FILE.part, locked ─begin─► FILE.part ─content─► finish ──► FILE
//!                     FILE.part.meta, the mark   FILE.part.meta       │
//!                        └─ nothing came: removed                     └─ anything else: both stay
//! ```
//!
//! A download in [segments](super::segments) gives FILE.part its full size at once. Its mark lists
//! the missing ranges.
//!
//! A FILE that can't be replaced, such as a mounted one, gets a copy of the complete FILE.part.
//!
//! FILE.part is ours only if the mark beside it says so. Another file of that name is never read,
//! written or removed: browsers name their own partial files in the same way.
//!
//! The process that writes FILE.part holds a lock on it (flock(2)), which ends with the process. If
//! the process dies, nothing written is lost. At the end, the content is synced to disk (fsync(2))
//! before FILE is replaced, and the name before the download succeeds. So after a power loss FILE
//! is the old one or the complete new one, never a mixture. After a power loss the content of
//! FILE.part depends on the file system: one that records a size before the data could leave a
//! hole, and a resumed download would continue after it.

mod segmented;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use netcore::error::FileError;
use netcore::file_identity::FileIdentity;

use super::in_place::{InPlace, cut};
use super::lock::lock;
use super::resume::{Partial, Version};
use super::sidecar::{self, Found, Mark};
use super::system;
use super::target::FileTarget;

#[cfg(test)]
mod tests;

/// Attempts to lock a file that is not replaced at the same time by another download that ends.
const TRIES: usize = 16;

/// The end of the message about a foreign file at this path.
const NOT_OURS: &str = "this program did not make it here, so it stays untouched: move it away, or \
                        choose another name for the download";

/// FILE.part, locked against other downloads.
#[derive(Debug)]
pub(super) struct PartFile {
    file: File,
    path: PathBuf,
    sidecar: PathBuf,
    mark: Mark,
    target: FileTarget,
    finished: bool,
}

impl PartFile {
    /// Opens the partial file for `target`, or creates it. Existing content stays.
    pub(super) fn open(target: FileTarget) -> Result<PartFile, FileError> {
        let [path, sidecar] = target.partial_paths();
        let (file, mark) = open_locked(&path, &sidecar, &target)?;
        Ok(PartFile { file, path, sidecar, mark, target, finished: false })
    }

    /// Returns the number of bytes in the file.
    pub(super) fn bytes(&self) -> Result<u64, FileError> {
        self.file.metadata().map(|file| file.len()).map_err(FileError::new("inspect", &self.path))
    }

    /// Returns the beginning of a version. Returns `None` if the file is empty or its version is
    /// unknown.
    pub(super) fn partial(&self) -> Result<Option<Partial>, FileError> {
        let Some(version) = &self.mark.version else { return Ok(None) };
        let bytes = match (self.left()?, &self.mark.left) {
            (Some(left), _) => left.first().map_or(self.bytes()?, |first| first.start),
            (None, None) => self.bytes()?,
            (None, Some(_)) => 0,
        };
        let sound = bytes > 0 && version.total.is_none_or(|total| bytes <= total);
        Ok(sound.then(|| Partial { bytes, version: version.clone() }))
    }

    /// Returns the size of the file to be replaced. Returns `None` if there is none, or if the
    /// partial file has content.
    pub(super) fn whole(&self) -> Result<Option<u64>, FileError> {
        match &self.target.replaced {
            Some(replaced) if self.bytes()? == 0 => Ok(Some(replaced.len())),
            _ => Ok(None),
        }
    }

    /// Returns the partial file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Opens the file to be replaced.
    pub(super) fn open_whole(&self) -> Result<File, FileError> {
        let path = &self.target.path;
        File::open(path).map_err(FileError::new("read", path))
    }

    /// Empties the file, for content of this version.
    pub(super) fn begin(&mut self, version: Option<Version>) -> Result<(), FileError> {
        // Truncate first: the mark of an empty file may name any version.
        self.keep(0)?;
        let had = std::mem::replace(&mut self.mark.version, version);
        self.mark.left = None;
        self.write_mark(had.is_some())
    }

    /// Truncates the file to its first `bytes`, and continues after them.
    pub(super) fn keep(&mut self, bytes: u64) -> Result<(), FileError> {
        cut(&mut self.file, bytes).map_err(FileError::new("truncate", &self.path))
    }

    /// Renames the file to its final path. It gets the owner and the permissions of the replaced
    /// file, and the modification time given. The owner stays if the system does not allow a
    /// change.
    ///
    /// The file must have exactly `bytes`, all written by this download.
    pub(super) fn finish(
        mut self,
        bytes: u64,
        modified: Option<SystemTime>,
    ) -> Result<(), FileError> {
        let prepared = self.prepare(bytes, modified);
        prepared.map_err(FileError::new("write", &self.path))?;
        self.check_replaceable().map_err(FileError::new("replace", &self.target.path))?;
        match self.replace() {
            Ok(()) => self.finished = true,
            Err(error) if system::is_irreplaceable(&error) && self.target.replaced.is_some() => {
                log::info!("{} can't be replaced: written in place", self.target.path.display());
                return self.overwrite(bytes, modified);
            }
            Err(error) => return Err(FileError::new("replace", &self.target.path)(error)),
        }
        let directory = self.target.directory();
        system::sync_directory(directory).map_err(FileError::new("sync", directory))
    }

    fn replace(&self) -> io::Result<()> {
        // Remove the mark before the rename: after it, the mark may be that of another download.
        sidecar::remove(&self.sidecar)?;
        self.rename().inspect_err(|_| {
            // The first error is reported. Without its mark, the partial file would block the next
            // download.
            let _ = sidecar::write(&self.sidecar, &self.mark, false);
        })
    }

    /// Copies the complete content over the file. If that fails, the partial file still has all of
    /// it.
    fn overwrite(&mut self, bytes: u64, modified: Option<SystemTime>) -> Result<(), FileError> {
        let mut target = InPlace::open(&self.target.path)?;
        target.begin(None)?;
        target.copy(&mut self.file)?;
        target.finish(bytes, modified)?;
        // Files left behind do no harm. Remove the mark first: after the removal of the partial
        // file, the mark may be that of another download.
        let removed = sidecar::remove(&self.sidecar).and_then(|()| fs::remove_file(&self.path));
        if let Err(error) = removed {
            log::info!("{} stays: {error}", self.path.display());
        }
        self.finished = true;
        Ok(())
    }

    /// Gives the file its final name.
    fn rename(&self) -> io::Result<()> {
        if self.target.replace {
            return fs::rename(&self.path, &self.target.path);
        }
        // Unlike rename(2), link(2) fails if another program has created the file meanwhile.
        match fs::hard_link(&self.path, &self.target.path) {
            Ok(()) => {
                // The file is complete. A second name does no harm.
                let _ = fs::remove_file(&self.path);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // FAT and similar file systems have no hard links.
            Err(_) => match fs::symlink_metadata(&self.target.path) {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(&self.path, &self.target.path),
            },
        }
    }

    fn prepare(&self, bytes: u64, modified: Option<SystemTime>) -> io::Result<()> {
        let ours = self.file.metadata()?;
        if ours.len() != bytes || !is_at(&self.file, &self.path)? {
            return Err(io::Error::other("another program has written to it"));
        }
        if let Some(replaced) = &self.target.replaced {
            system::copy_owner_and_mode(&self.file, replaced)?;
        }
        if let Some(modified) = modified {
            self.file.set_modified(modified)?;
        }
        self.file.sync_all()
    }

    /// Checks that the path still has a file, or nothing.
    fn check_replaceable(&self) -> io::Result<()> {
        match fs::symlink_metadata(&self.target.path) {
            Ok(there) if there.is_file() => Ok(()),
            Ok(_) => Err(io::Error::other("not a regular file any more")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn write_mark(&self, over_a_version: bool) -> Result<(), FileError> {
        sidecar::write(&self.sidecar, &self.mark, over_a_version)
            .map_err(FileError::new("write", &self.sidecar))
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.finished && self.is_blank() {
            // A destructor can't report errors, and files left behind do no harm.
            let _ = sidecar::remove(&self.sidecar);
            let _ = fs::remove_file(&self.path);
        }
        // A child process that is just being started has a copy of the descriptor and would hold
        // the lock for a moment longer.
        let _ = netcore::file_lock::unlock(&self.file);
    }
}

/// Opens and locks the file at `path` and reads its mark at `sidecar`, or creates both.
fn open_locked(
    path: &Path,
    sidecar: &Path,
    target: &FileTarget,
) -> Result<(File, Mark), FileError> {
    for _ in 0..TRIES {
        let (file, is_new) = match open(path, false, target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match create_marked(path, sidecar, target)? {
                    Some(file) => (file, true),
                    None => continue,
                }
            }
            opened => (opened.map_err(FileError::new("write", path))?, false),
        };
        if !lock_at(&file, path).map_err(FileError::new("write", path))? {
            continue;
        }
        let born = system::birth(&file).map_err(FileError::new("inspect", path))?;
        let found = sidecar::read(sidecar).map_err(FileError::new("read", sidecar))?;
        let mark = match found {
            Found::Ours(_) | Found::Nothing if is_new => {
                let mark = Mark { born, ..Mark::default() };
                // The mark may belong to a removed file. It may also be missing, if another
                // download that just ended took this file for its own.
                if found != Found::Ours(Mark::default()) {
                    sidecar::write(sidecar, &mark, true)
                        .map_err(FileError::new("write", sidecar))?;
                }
                mark
            }
            Found::Ours(mark) if mark.born.is_none() || mark.born == born => Mark { born, ..mark },
            _ => return Err(foreign_file(path)),
        };
        if target.replaced.is_some() {
            system::make_private(&file).map_err(FileError::new("write", path))?;
        }
        return Ok((file, mark));
    }
    Err(FileError::new("write", path)(io::Error::other("replaced repeatedly by other downloads")))
}

/// Creates the mark and then the file at `path`, so that the file is never seen without its mark.
/// Returns `None` if another download was faster.
fn create_marked(
    path: &Path,
    sidecar: &Path,
    target: &FileTarget,
) -> Result<Option<File>, FileError> {
    let found = sidecar::read(sidecar).map_err(FileError::new("read", sidecar))?;
    if found == Found::Foreign {
        return Err(foreign_file(sidecar));
    }
    let is_marked = match found {
        Found::Nothing => sidecar::write(sidecar, &Mark::default(), false),
        _ => Ok(()),
    };
    match is_marked.and_then(|()| open(path, true, target)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => {
            if found == Found::Nothing {
                // The first error is reported.
                let _ = sidecar::remove(sidecar);
            }
            Err(FileError::new("write", path)(error))
        }
    }
}

fn open(path: &Path, create: bool, target: &FileTarget) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(create);
    system::private(&mut options, target.replaced.is_some());
    system::without_links(&mut options).open(path)
}

/// Locks `file`. Returns `false` if another file is at `path` by now: another download has just
/// ended.
fn lock_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    if !ours.is_file() || !system::has_one_name(&ours) {
        let text = "not a regular file with a single name: remove it, or choose another name";
        return Err(io::Error::other(text));
    }
    lock(file)?;
    is_at(file, path)
}

fn foreign_file(path: &Path) -> FileError {
    FileError::new("write", path)(io::Error::new(io::ErrorKind::AlreadyExists, NOT_OURS))
}

/// Returns `true` if `file` is the file at `path`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match FileIdentity::at(path) {
        Ok(there) => Ok(there == FileIdentity::of(file)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
