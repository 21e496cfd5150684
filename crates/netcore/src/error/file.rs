//! The error of an operation on a file.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::chain::{debug_as_chain, write_causes};

/// A failed operation on a file or a directory: the action, the path and the system's reason.
///
/// `{error}` prints all three on one line, with control characters of the path escaped. The
/// [`source`](StdError::source) is that of the reason, so a printed chain says nothing twice.
///
/// ```
/// use std::fs::File;
/// use std::io;
/// use std::path::Path;
/// use netcore::error::FileError;
///
/// fn open(path: &Path) -> Result<File, FileError> {
///     File::open(path).map_err(FileError::new("open", path))
/// }
///
/// let path = Path::new("/no/such/file");
/// match open(path) {
///     Err(error) => {
///         assert_eq!(error.path(), path);
///         assert_eq!(error.cause().kind(), io::ErrorKind::NotFound);
///         assert_eq!(error.to_string(), format!("open /no/such/file: {}", error.cause()));
///     }
///     Ok(file) => println!("opened {file:?}"),
/// }
/// ```
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    cause: io::Error,
}

debug_as_chain!(FileError { action, path, cause });

impl FileError {
    /// Returns the function that makes the error of a failed `action`, a verb: `open`, `lock`.
    pub fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |cause| FileError { action, path: path.to_owned(), cause }
    }

    /// Returns the path on which the operation failed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the reason, whose text is part of this error's text.
    #[must_use]
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.action, EscapedPath(&self.path), self.cause)?;
        if f.alternate() { write_causes(self, f) } else { Ok(()) }
    }
}

impl StdError for FileError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source()
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
