//! What is at the path that a download goes to, and so how it is written.

#[cfg(test)]
mod tests;

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use netcore::{Deadline, Endpoint, SocketOptions, Stream};

use super::error::FileError;

/// How many symbolic links may follow one another; path_resolution(7).
const MAX_LINKS: usize = 40;

/// The suffixes of a partial file and of its mark.
const PART: &str = ".part";
const MARK: &str = ".part.meta";

/// The most bytes that a shortened name keeps.
const KEPT: usize = 64;

/// How often to look whether somebody reads from a FIFO.
const LOOK: Duration = Duration::from_millis(10);

/// Where the content goes.
#[derive(Debug)]
pub(super) enum Target {
    /// A regular file, or nothing yet: written aside, and renamed when whole.
    File(FileTarget),
    /// Written as it comes.
    Direct(Direct),
}

/// A path without symbolic links at its end.
#[derive(Clone, Debug)]
pub(super) struct FileTarget {
    pub(super) path: PathBuf,
    /// The file that is replaced.
    pub(super) replaced: Option<Metadata>,
    /// A file may be replaced at all.
    pub(super) replace: bool,
}

/// What can't be renamed over.
#[derive(Debug)]
pub(super) enum Direct {
    /// A device, or a FIFO.
    File(File),
    /// The socket's other side.
    Socket(Stream),
}

impl Target {
    /// Finds out what is at `path`, and opens it unless it is a [`FileTarget`]. A FIFO is waited for until
    /// somebody reads from it, a socket until somebody accepts, `deadline` at the latest.
    pub(super) fn at(path: &Path, deadline: Deadline) -> Result<Target, FileError> {
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                Err(FileError::new("write", path)(io::ErrorKind::IsADirectory.into()))
            }
            Ok(there) if !there.is_file() => direct(path, &there, deadline),
            Ok(_) => named(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => {
                named(path)
            }
            Err(error) => Err(opening(path)(error)),
        }
    }
}

/// The place of a regular file, or of nothing.
fn named(path: &Path) -> Result<Target, FileError> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let there = match fs::symlink_metadata(&path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Target::File(FileTarget { path, replaced: None, replace: true }));
            }
            Err(error) => return Err(opening(&path)(error)),
        };
        if !there.is_symlink() {
            may_write(&path).map_err(opening(&path))?;
            return Ok(Target::File(FileTarget { path, replaced: Some(there), replace: true }));
        }
        let directory = fs::canonicalize(directory(&path)).map_err(opening(&path))?;
        // proc(5): a link there is a file that some process has open, and its text is no path.
        if directory.starts_with("/proc") {
            let file = File::options().append(true).open(&path).map_err(opening(&path))?;
            return Ok(Target::Direct(Direct::File(file)));
        }
        path = directory.join(fs::read_link(&path).map_err(opening(&path))?);
    }
    Err(opening(&path)(io::Error::other("too many symbolic links")))
}

fn opening(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    FileError::new("open", path)
}

/// Whether `path` could be written in place. Where it could not, to replace it would go behind
/// somebody's back, though the directory allows it.
fn may_write(path: &Path) -> io::Result<()> {
    match File::options().write(true).custom_flags(libc::O_NONBLOCK).open(path) {
        // A program that runs can't be written, but well be replaced.
        Err(error) if error.kind() != io::ErrorKind::ExecutableFileBusy => Err(error),
        _ => Ok(()),
    }
}

fn direct(path: &Path, there: &Metadata, deadline: Deadline) -> Result<Target, FileError> {
    let kind = there.file_type();
    let opened = if kind.is_socket() {
        Stream::connect(&Endpoint::unix(path), &SocketOptions::new(), deadline)
            .map(Direct::Socket)
            .map_err(io::Error::from)
    } else {
        open_direct(path, kind.is_fifo(), deadline).map(Direct::File)
    };
    opened.map(Target::Direct).map_err(opening(path))
}

fn open_direct(path: &Path, is_fifo: bool, deadline: Deadline) -> io::Result<File> {
    // Non-blocking, since to open a FIFO waits for its reader; fifo(7).
    let flags = libc::O_NOCTTY | if is_fifo { libc::O_NONBLOCK } else { 0 };
    loop {
        match File::options().write(true).custom_flags(flags).open(path) {
            Err(error) if is_fifo && error.raw_os_error() == Some(libc::ENXIO) => {
                match deadline.remaining() {
                    Some(left) if left.is_zero() => {
                        let text = "nobody reads from it";
                        return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                    }
                    left => thread::sleep(left.map_or(LOOK, |left| left.min(LOOK))),
                }
            }
            opened => return opened,
        }
    }
}

impl AsFd for Direct {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Direct::File(file) => file.as_fd(),
            Direct::Socket(stream) => stream.as_fd(),
        }
    }
}

impl FileTarget {
    /// Lets nothing be replaced, now or at the end of the download.
    ///
    /// # Errors
    ///
    /// There is a file already.
    pub(super) fn for_a_new_file(self) -> Result<FileTarget, FileError> {
        match self.replaced {
            Some(_) => {
                Err(FileError::new("create", &self.path)(io::ErrorKind::AlreadyExists.into()))
            }
            None => Ok(FileTarget { replace: false, ..self }),
        }
    }

    /// The paths of FILE.part and of its mark. A name that has no room for them is shortened, for each
    /// download in the same way.
    pub(super) fn aside(&self) -> [PathBuf; 2] {
        let paths = [PART, MARK].map(|suffix| with_suffix(&self.path, suffix));
        match fs::symlink_metadata(&paths[1]) {
            Err(error) if error.raw_os_error() == Some(libc::ENAMETOOLONG) => {
                [PART, MARK].map(|suffix| with_suffix(&self.shortened(), suffix))
            }
            _ => paths,
        }
    }

    /// Returns the path with the beginning of the name, and a hash of all of it. It fits where names
    /// have 255 bytes, and where they have 143 because the file system encrypts them.
    fn shortened(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default();
        let text = name.to_string_lossy();
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let kept = ends.take_while(|end| *end <= KEPT).last().unwrap_or(0);
        self.path.with_file_name(format!("{}~{:016x}", &text[..kept], hash(name.as_bytes())))
    }

    pub(super) fn directory(&self) -> &Path {
        directory(&self.path)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// The hash FNV-1a of 64 bits. Unlike the standard library's, it stays the same in each release.
fn hash(bytes: &[u8]) -> u64 {
    let begin = 0xcbf2_9ce4_8422_2325;
    bytes
        .iter()
        .fold(begin, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
