//! What the writer asks of the system, behind a trait so that tests can have a disk that fails.

use std::fmt::Debug;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::journal::day::Day;
use crate::journal::is_key;
use crate::journal::lock::Lock;
use crate::journal::repair::repair;

/// Files by room and day.
pub(crate) trait Storage {
    type File: DayFile;

    /// Opens a file to append to it, and makes it and its directory if they are missing. What a
    /// crash has left at its end is gone then.
    fn open(&mut self, room: &str, day: Day) -> io::Result<Self::File>;

    /// Syncs a file that is not open.
    fn sync(&mut self, room: &str, day: Day) -> io::Result<()>;

    /// Syncs the names of a room's files, and its own.
    fn sync_names(&mut self, room: &str) -> io::Result<()>;
}

/// An open file.
pub(crate) trait DayFile: Debug {
    /// Whether nothing was in it when it was opened.
    fn is_new(&self) -> bool;

    /// Whether it is still what its name stands for.
    fn is_in_place(&self) -> bool;

    /// Appends some of `bytes`, in one write(2).
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts off the last `bytes` bytes.
    fn take_back(&mut self, bytes: u64) -> io::Result<()>;

    fn sync(&mut self) -> io::Result<()>;
}

/// The files in a locked directory.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    lock: Lock,
}

impl Directory {
    pub(crate) fn new(path: PathBuf, lock: Lock) -> Directory {
        Directory { path, lock }
    }

    /// Makes and locks the directory again if somebody removed, renamed or replaced it.
    fn restore(&mut self) -> io::Result<()> {
        if self.lock.is_in_place(&self.path) {
            return Ok(());
        }
        make_root(&self.path)?;
        self.lock = Lock::take(&self.path)?;
        log::warn!("{}: the log directory was removed, and is made again", self.path.display());
        Ok(())
    }
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Open {
    file: File,
    path: PathBuf,
    id: (u64, u64),
    new: bool,
}

impl Storage for Directory {
    type File = Open;

    fn open(&mut self, room: &str, day: Day) -> io::Result<Open> {
        if !is_key(room) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no name of a room"));
        }
        self.restore()?;
        let directory = self.path.join(room);
        make_directory(&directory)?;
        let path = directory.join(day.to_string());
        let file = File::options().read(true).append(true).create(true).mode(0o600).open(&path)?;
        repair(&file, &path)?;
        let metadata = file.metadata()?;
        let id = (metadata.dev(), metadata.ino());
        Ok(Open { file, path, id, new: metadata.len() == 0 })
    }

    fn sync(&mut self, room: &str, day: Day) -> io::Result<()> {
        File::open(self.path.join(room).join(day.to_string()))?.sync_data()
    }

    fn sync_names(&mut self, room: &str) -> io::Result<()> {
        sync_directory(&self.path.join(room))?;
        sync_directory(&self.path)
    }
}

impl DayFile for Open {
    fn is_new(&self) -> bool {
        self.new
    }

    fn is_in_place(&self) -> bool {
        // Not what a link leads to.
        fs::symlink_metadata(&self.path).is_ok_and(|it| (it.dev(), it.ino()) == self.id)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn take_back(&mut self, bytes: u64) -> io::Result<()> {
        // Somebody else may have cut the file meanwhile.
        let length = self.file.metadata()?.len();
        self.file.set_len(length.saturating_sub(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Makes the log directory and syncs its name, unless it is there.
pub(crate) fn make_root(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    make_directory(path)?;
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Makes a directory for the owner alone, unless there is one.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Makes what a directory's names stand for survive a loss of power.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // fsync(2): some file systems do that with files only.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}
