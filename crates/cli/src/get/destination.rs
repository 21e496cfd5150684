//! The destination of a body: standard output, a file, or a JSON object.

use std::collections::HashSet;
use std::fs::{self, DirBuilder};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use httpget::protocol::proposed_file_name;
use httpget::{Response, Url};

use crate::exit::{self, Failure};

/// The destination of a body.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// Standard output. With `binary`, a terminal receives binary data too.
    Output {
        binary: bool,
    },
    File(PathBuf),
    /// A new file with the name that the response proposes, or else this one.
    Proposed(PathBuf),
    /// The object that `--json` prints.
    Object,
}

impl Destination {
    pub(crate) fn is_output(&self) -> bool {
        matches!(self, Destination::Output { .. })
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Destination::File(file) | Destination::Proposed(file) => Some(file),
            _ => None,
        }
    }
}

/// The file of `-O` for the URL of a directory, as in wget.
const INDEX: &str = "index.html";

/// Returns the file that `-O` writes, in the current directory.
pub(crate) fn name_of(url: &str) -> Result<PathBuf, Failure> {
    let parsed = Url::parse(url).map_err(httpget::Error::from)?;
    let path = parsed.target().split('?').next().unwrap_or_default();
    match parsed.file_name() {
        Some(name) => Ok(PathBuf::from(name)),
        None if path.ends_with('/') => Ok(PathBuf::from(INDEX)),
        None => {
            let message = format!(
                "-O: the last part of {parsed} is not a file name; name the file with -o FILE"
            );
            Err(Failure::new(exit::USAGE, message))
        }
    }
}

/// Creates the directory of a file for `--create-dirs`, with the mode of curl's, 0750.
///
/// # Errors
///
/// [`exit::WRITE_ERROR`].
pub(super) fn create_directory_of(file: &Path) -> Result<(), Failure> {
    let Some(directory) = file.parent() else { return Ok(()) };
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    let created = builder.recursive(true).create(directory);
    created
        .or_else(|error| {
            // mkdir(2) of an empty path, the current directory, is ENOENT.
            if directory.as_os_str().is_empty() { Ok(()) } else { Err(error) }
        })
        .map_err(|error| {
            let message = format!("--create-dirs: create {}: {error}", directory.display());
            Failure::new(exit::WRITE_ERROR, message)
        })
}

/// Returns the file that `response` proposes beside `fallback`, or `fallback`.
pub(super) fn proposed(response: &Response, fallback: &Path) -> PathBuf {
    match proposed_file_name(response.headers()) {
        Some(name) => fallback.with_file_name(name),
        None => fallback.to_owned(),
    }
}

/// The last number that `--no-clobber` appends to a name, as in curl.
const LAST_NUMBER: u32 = 100;

/// The names that transfers with `--no-clobber` have chosen, including files that do not exist yet.
#[derive(Debug, Default)]
pub(super) struct FreeNames(Mutex<HashSet<PathBuf>>);

impl FreeNames {
    /// Returns `file` if it does not exist, or else the first free name of `FILE.1` to `FILE.100`.
    /// The name of a device or FIFO is always free, because writing to it loses nothing.
    ///
    /// # Errors
    ///
    /// [`exit::WRITE_ERROR`] if none of them is free.
    pub(super) fn free(&self, file: &Path) -> Result<PathBuf, Failure> {
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for number in 0..=LAST_NUMBER {
            let path = match number {
                0 => file.to_owned(),
                number => {
                    let mut name = file.as_os_str().to_owned();
                    name.push(format!(".{number}"));
                    PathBuf::from(name)
                }
            };
            match fs::metadata(&path) {
                Ok(there) if !there.is_file() && !there.is_dir() => return Ok(path),
                Ok(_) => {}
                // The download reports every other error of the name.
                Err(_) if chosen.insert(path.clone()) => return Ok(path),
                Err(_) => {}
            }
        }
        let name = file.display();
        let message =
            format!("--no-clobber: {name} and {name}.1 to {name}.{LAST_NUMBER} all exist");
        Err(Failure::new(exit::WRITE_ERROR, message))
    }
}
