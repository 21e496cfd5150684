//! The destination of a body: standard output, a file, or a JSON object.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use httpget::Url;

use crate::exit::{self, Failure};

/// The destination of a body.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// Standard output. With `binary`, a terminal receives binary data too.
    Output {
        binary: bool,
    },
    File(PathBuf),
    /// The object that `--json` prints.
    Object,
}

impl Destination {
    pub(crate) fn is_output(&self) -> bool {
        matches!(self, Destination::Output { .. })
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Destination::File(file) => Some(file),
            _ => None,
        }
    }
}

/// Returns the file that `-O` writes, in the current directory.
pub(crate) fn name_of(url: &str) -> Result<PathBuf, Failure> {
    let parsed = Url::parse(url).map_err(httpget::Error::from)?;
    match parsed.file_name() {
        Some(name) => Ok(PathBuf::from(name)),
        None => {
            let message = format!(
                "-O: the last part of {parsed} is not a file name; name the file with -o FILE"
            );
            Err(Failure::new(exit::USAGE, message))
        }
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
