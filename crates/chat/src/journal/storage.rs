//! Storage: the writer's view of the file system, as a trait, so that tests can make it fail.

use std::fmt::Debug;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use netcore::file_identity::FileIdentity;

use crate::journal::day::Day;
use crate::journal::directory::{for_appending, sync_directory};
use crate::journal::lock::Lock;
#[cfg(feature = "backplane")]
use crate::journal::place::{LastPlace, last_place};
use crate::journal::repair::repair;
#[cfg(feature = "backplane")]
use crate::journal::sync_policy::SyncPolicy;

/// The longest key of a room, in bytes.
pub(crate) const MAX_KEY: usize = 128;

/// Files by room and day.
pub(crate) trait Storage {
    type File: DayFile;

    /// Opens a file for appending. Creates it and its directory if they are missing, and repairs
    /// its end.
    fn open(&mut self, room: &str, day: Day) -> io::Result<Self::File>;

    /// Syncs a file that is not open.
    fn sync(&mut self, room: &str, day: Day) -> io::Result<()>;

    /// Syncs the directory entries of a room and of its files.
    fn sync_names(&mut self, room: &str) -> io::Result<()>;

    /// Returns the place behind the last line of a room's log. Repairs the end of the newest file.
    #[cfg(feature = "backplane")]
    fn last_place(&mut self, room: &str, policy: SyncPolicy) -> io::Result<LastPlace>;
}

/// An open file of a room and a day.
pub(crate) trait DayFile: Debug {
    /// Returns `true` if the file was empty when it was opened.
    fn is_new(&self) -> bool;

    /// Returns `true` if the file's path still names this file.
    fn is_in_place(&self) -> bool;

    /// Appends some of `bytes` with one write(2). Returns their number.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts off the last `bytes` bytes.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;

    /// Syncs the file's content.
    fn sync(&mut self) -> io::Result<()>;
}

/// The locked log directory.
#[derive(Debug)]
pub(crate) struct LogDirectory {
    path: PathBuf,
    lock: Lock,
}

impl LogDirectory {
    pub(crate) fn new(path: PathBuf, lock: Lock) -> LogDirectory {
        LogDirectory { path, lock }
    }

    /// Creates and locks the directory again if somebody removed, renamed or replaced it.
    fn ensure_in_place(&mut self) -> io::Result<()> {
        if self.lock.is_in_place(&self.path) {
            return Ok(());
        }
        create_root(&self.path)?;
        self.lock = Lock::take(&self.path)?;
        log::warn!("{}: created again: somebody has removed or replaced it", self.path.display());
        Ok(())
    }
}

/// An open file in a [`LogDirectory`].
#[derive(Debug)]
pub(crate) struct LogFile {
    file: File,
    path: PathBuf,
    id: FileIdentity,
    is_new: bool,
}

impl Storage for LogDirectory {
    type File = LogFile;

    fn open(&mut self, room: &str, day: Day) -> io::Result<LogFile> {
        if !is_key(room) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the key of a room"));
        }
        self.ensure_in_place()?;
        let directory = self.path.join(room);
        create_directory(&directory)?;
        let path = directory.join(day.to_string());
        let mut options = for_appending();
        // Only the owner may read the file.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.create(true).open(&path)?;
        repair(&file, &path)?;
        let id = FileIdentity::of(&file)?;
        let is_new = file.metadata()?.len() == 0;
        Ok(LogFile { file, path, id, is_new })
    }

    fn sync(&mut self, room: &str, day: Day) -> io::Result<()> {
        for_sync(&self.path.join(room).join(day.to_string()))?.sync_data()
    }

    fn sync_names(&mut self, room: &str) -> io::Result<()> {
        sync_directory(&self.path.join(room))?;
        sync_directory(&self.path)
    }

    #[cfg(feature = "backplane")]
    fn last_place(&mut self, room: &str, policy: SyncPolicy) -> io::Result<LastPlace> {
        if !is_key(room) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the key of a room"));
        }
        self.ensure_in_place()?;
        last_place(&self.path.join(room), policy)
    }
}

impl DayFile for LogFile {
    fn is_new(&self) -> bool {
        self.is_new
    }

    fn is_in_place(&self) -> bool {
        // A symbolic link at this path is a replacement too, so it is not followed.
        FileIdentity::at(&self.path).is_ok_and(|it| it == self.id)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(not(unix))]
        io::Seek::seek(&mut self.file, io::SeekFrom::End(0))?;
        self.file.write(bytes)
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        // The length is read again, because another process may have truncated the file.
        let length = self.file.metadata()?.len();
        self.file.set_len(length.saturating_sub(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Opens a file to sync it. Windows wants the right to write for that.
fn for_sync(path: &Path) -> io::Result<File> {
    File::options().read(true).write(cfg!(windows)).open(path)
}

/// Returns `true` if a directory called `name` can be that of a room.
pub(crate) fn is_key(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'');
    name.len() <= MAX_KEY && name.starts_with(char::is_alphanumeric) && name.chars().all(allowed)
}

/// Creates the log directory and syncs its name, unless the directory exists.
pub(crate) fn create_root(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    create_directory(path)?;
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Creates a directory that only its owner can use, unless it exists.
fn create_directory(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "the parent decides who may use it"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created,
    }
}
