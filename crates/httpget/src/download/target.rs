//! The target at a path: a regular file, or a device, FIFO or socket that is written directly.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netcore::error::FileError;

use super::hash::hash;
use super::system::{self, Special};
use netcore::transfer::{AsDescriptor, BorrowedDescriptor};
use netcore::{Endpoint, SocketOptions, Stream, Until};

#[cfg(test)]
mod tests;

/// The most symbolic links followed in a row; path_resolution(7).
const MAX_LINKS: usize = 40;

/// The suffixes of a partial file and of its mark.
const PART: &str = ".part";
const MARK: &str = ".part.meta";

/// The most bytes that a shortened name keeps.
const KEPT: usize = 64;

/// The interval between checks for a reader of a FIFO.
const LOOK: Duration = Duration::from_millis(10);

/// The target of a download.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a download has one of them")]
pub(super) enum Target {
    /// A regular file, or nothing yet: written to a partial file, which is renamed when complete.
    File(FileTarget),
    /// A target that is written directly.
    Direct(Direct),
}

/// A path whose last component is not a symbolic link.
#[derive(Clone, Debug)]
pub(super) struct FileTarget {
    pub(super) path: PathBuf,
    /// The file to be replaced.
    pub(super) replaced: Option<Metadata>,
    /// `true` if a file may be replaced.
    pub(super) replace: bool,
}

/// A target that can't be replaced by a rename.
#[derive(Debug)]
pub(super) enum Direct {
    /// A device, or a FIFO.
    File(File),
    /// The connection to a socket.
    Socket(Stream),
}

impl Target {
    /// Finds the target at `path`, and opens it unless it is a [`FileTarget`]. Waits for a reader
    /// of a FIFO, or for a socket to accept.
    pub(super) fn at(path: &Path, until: Until<'_>) -> Result<Target, FileError> {
        if system::is_device_name(path) {
            return direct(path, Special::Device, until);
        }
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                Err(FileError::new("write", path)(io::ErrorKind::IsADirectory.into()))
            }
            Ok(there) if !there.is_file() => direct(path, system::special(&there), until),
            Ok(_) => resolve(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => {
                resolve(path)
            }
            Err(error) => Err(opening(path)(error)),
        }
    }
}

/// Returns the path of a regular file, or of nothing, behind symbolic links.
fn resolve(path: &Path) -> Result<Target, FileError> {
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
            check_writable(&path).map_err(opening(&path))?;
            return Ok(Target::File(FileTarget { path, replaced: Some(there), replace: true }));
        }
        let directory = fs::canonicalize(directory(&path)).map_err(opening(&path))?;
        // proc(5): such a link leads to an open file, and its text is not a path.
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

/// Checks that the file at `path` is writable. A write-protected file must not be replaced, even if
/// its directory allows it.
fn check_writable(path: &Path) -> io::Result<()> {
    match system::without_waiting(File::options().write(true)).open(path) {
        // A running program can't be written, but it can be replaced.
        Err(error) if error.kind() != io::ErrorKind::ExecutableFileBusy => Err(error),
        _ => Ok(()),
    }
}

fn direct(path: &Path, kind: Special, until: Until<'_>) -> Result<Target, FileError> {
    let opened = if kind == Special::Socket {
        Stream::connect(Endpoint::unix(path), &SocketOptions::new(), until)
            .map(Direct::Socket)
            .map_err(io::Error::from)
    } else {
        open_direct(path, kind == Special::Fifo, until).map(Direct::File)
    };
    opened.map(Target::Direct).map_err(opening(path))
}

fn open_direct(path: &Path, is_fifo: bool, until: Until<'_>) -> io::Result<File> {
    // Non-blocking, since opening a FIFO waits for its reader; fifo(7).
    loop {
        match system::for_a_device(File::options().write(true), is_fifo).open(path) {
            Err(error) if is_fifo && system::has_no_reader(&error) => {
                if until.is_over() {
                    let text = "it has no reader";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                }
                until.sleep(LOOK);
            }
            opened => return opened,
        }
    }
}

impl Direct {
    pub(super) fn as_descriptor(&self) -> BorrowedDescriptor<'_> {
        match self {
            Direct::File(file) => file.as_descriptor(),
            Direct::Socket(stream) => stream.as_descriptor(),
        }
    }
}

impl FileTarget {
    /// Returns the target of a new file at `path`, which must not exist, not even as a symbolic
    /// link.
    pub(super) fn new_file(path: &Path) -> Result<FileTarget, FileError> {
        match fs::symlink_metadata(path) {
            Ok(_) => Err(FileError::new("create", path)(io::ErrorKind::AlreadyExists.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => {
                Ok(FileTarget { path: path.to_owned(), replaced: None, replace: false })
            }
            Err(error) => Err(opening(path)(error)),
        }
    }

    /// Forbids replacing a file, now and at the end of the download.
    ///
    /// # Errors
    ///
    /// The file exists already.
    pub(super) fn for_a_new_file(self) -> Result<FileTarget, FileError> {
        match self.replaced {
            Some(_) => {
                Err(FileError::new("create", &self.path)(io::ErrorKind::AlreadyExists.into()))
            }
            None => Ok(FileTarget { replace: false, ..self }),
        }
    }

    /// Returns the paths of FILE.part and of its mark. A name without room for the suffixes is
    /// shortened, always in the same way.
    pub(super) fn partial_paths(&self) -> [PathBuf; 2] {
        let paths = [PART, MARK].map(|suffix| with_suffix(&self.path, suffix));
        match fs::symlink_metadata(&paths[1]) {
            Err(error) if system::is_name_too_long(&error) => {
                [PART, MARK].map(|suffix| with_suffix(&self.shortened(), suffix))
            }
            _ => paths,
        }
    }

    /// Returns the path with the beginning of the name, and a hash of all of it. It fits the usual
    /// limit of 255 bytes, and the 143 bytes of encrypting file systems.
    fn shortened(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default();
        let text = name.to_string_lossy();
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let kept = ends.take_while(|end| *end <= KEPT).last().unwrap_or(0);
        self.path.with_file_name(format!(
            "{}~{:016x}",
            &text[..kept],
            hash(name.as_encoded_bytes())
        ))
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

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
