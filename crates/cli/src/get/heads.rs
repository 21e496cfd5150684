//! `-D`: the heads of all responses, in a file or on standard output.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::destination;
use crate::args::get::Get;
use crate::exit::{self, Failure};

/// The target of the heads.
#[derive(Debug)]
pub(super) enum HeadDump {
    /// Standard output, in the turn of each transfer.
    Output,
    File {
        path: PathBuf,
        file: Mutex<File>,
        /// `true` if the heads of a transfer are written together at its end, because other
        /// transfers run at the same time.
        together: bool,
    },
}

impl HeadDump {
    /// Opens the target of `-D`, and empties a file.
    ///
    /// # Errors
    ///
    /// [`exit::WRITE_ERROR`] if the file cannot be opened.
    pub(super) fn of(args: &Get) -> Result<Option<HeadDump>, Failure> {
        let Some(path) = &args.files.dump_header else { return Ok(None) };
        if path == Path::new("-") {
            return Ok(Some(HeadDump::Output));
        }
        if args.files.create_dirs {
            destination::create_directory_of(path)?;
        }
        let file = File::create(path).map_err(|error| failed(path, &error))?;
        let together = args.parallel.get() > 1;
        Ok(Some(HeadDump::File { path: path.clone(), file: Mutex::new(file), together }))
    }

    pub(super) fn is_output(&self) -> bool {
        matches!(self, HeadDump::Output)
    }

    /// Writes a head at once if its transfer is the only one. Returns `false` if it must wait for
    /// the end of the transfer.
    pub(super) fn write_at_once(&self, head: &[u8]) -> Result<bool, Failure> {
        match self {
            HeadDump::File { together: false, .. } => self.write(head).map(|()| true),
            _ => Ok(false),
        }
    }

    /// Writes heads to the file.
    ///
    /// # Errors
    ///
    /// [`exit::WRITE_ERROR`].
    pub(super) fn write(&self, heads: &[u8]) -> Result<(), Failure> {
        let HeadDump::File { path, file, .. } = self else { return Ok(()) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(heads).map_err(|error| failed(path, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(exit::WRITE_ERROR, format!("-D {}: {error}", path.display()))
}
