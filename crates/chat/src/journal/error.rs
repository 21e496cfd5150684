//! The error of a journal.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A journal that could not be opened.
#[derive(Debug, Error)]
#[error("can't {operation} {}", path.display())]
pub struct JournalError {
    operation: &'static str,
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl JournalError {
    /// Returns the function that makes the error of a failed `operation`, a verb.
    pub(crate) fn new(
        operation: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> JournalError {
        move |cause| JournalError { operation, path: path.to_owned(), cause }
    }

    /// Returns the path on which the operation failed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the system's error, or [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another
    /// server has the directory.
    #[must_use]
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}
