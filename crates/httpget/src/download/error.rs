//! What went wrong around the transfers: the causes behind an [`Error`](crate::Error).

use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Span;

/// What could not be done to which file: the cause of an error of the kind
/// [`Write`](crate::ErrorKind::Write).
#[derive(Debug, thiserror::Error)]
#[error("{action} {}", Shown(path))]
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl FileError {
    /// The cause of a failed `action`, a verb.
    pub(super) fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |cause| FileError { action, path: path.to_owned(), cause }
    }

    /// Which file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the system said.
    #[must_use]
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

/// A path on one line, whatever is in it.
struct Shown<'a>(&'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string_lossy().chars().try_for_each(|c| match c.is_control() {
            true => write!(f, "{}", c.escape_default()),
            false => f.write_char(c),
        })
    }
}

/// The cause of a status for which there is no further attempt, though some are left.
#[derive(Debug, thiserror::Error)]
#[error("the next attempt would be due in {wait} only")]
pub(super) struct NotInTime {
    pub(super) wait: Span,
}
