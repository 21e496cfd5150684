//! The errors of files, and of attempts that come too late.

use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use netcore::error::Chain;

use crate::error::Span;

/// A failed operation on a file: the cause of an error of the kind
/// [`Write`](crate::ErrorKind::Write).
#[derive(thiserror::Error)]
#[error("{action} {}", EscapedPath(path))]
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl fmt::Debug for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Chain::new(self), f)
    }
}

impl FileError {
    /// Returns a constructor for the cause of a failed `action`, a verb.
    pub(super) fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |cause| FileError { action, path: path.to_owned(), cause }
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the error of the system.
    #[must_use]
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

/// A path on one line, with its control characters escaped.
struct EscapedPath<'a>(&'a Path);

impl fmt::Display for EscapedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string_lossy().chars().try_for_each(|c| match c.is_control() {
            true => write!(f, "{}", c.escape_default()),
            false => f.write_char(c),
        })
    }
}

/// The cause of a status that would be retried if the next attempt came in time.
#[derive(Debug, thiserror::Error)]
#[error("the next attempt would come too late, in {wait}")]
pub(super) struct NotInTime {
    pub(super) wait: Span,
}
