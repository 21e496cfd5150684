//! The password of a chat: its text, its file, and a comparison in constant time.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use netcore::Secret;
use netcore::error::{FileError, debug_as_chain};
use subtle::ConstantTimeEq;
use thiserror::Error;

#[cfg(test)]
mod tests;

/// The password that each client of a chat says first, as `/pass PASSWORD`.
///
/// Neither `Debug` nor an error shows it, and its memory is overwritten when it is dropped.
///
/// ```
/// use chat::{Chat, Config, Password};
///
/// let password = Password::new("open sesame")?;
/// let chat = Chat::new(Config::default().with_password(Some(password)));
/// # Ok::<(), chat::PasswordError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password(Secret);

/// A password that cannot be used, or a file without one.
#[derive(Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] FileError),
    /// The password is empty.
    #[error("the password is empty")]
    Empty,
    /// The password is longer than [`Password::MAX`].
    #[error("the password is longer than {} bytes", Password::MAX)]
    TooLong,
    /// The password is not UTF-8, which no line of a client could equal.
    #[error("the password is not UTF-8")]
    NotUtf8,
    /// The password has a control character, which no line of a client may have.
    #[error("the password has a control character")]
    Control,
}

debug_as_chain!(
    enum PasswordError {
        Unreadable(error),
        Empty,
        TooLong,
        NotUtf8,
        Control,
    }
);

impl Password {
    /// The longest password in bytes.
    pub const MAX: usize = 512;

    /// Creates a password. Spaces at its ends are part of it.
    ///
    /// # Errors
    ///
    /// Every [`PasswordError`] except [`Unreadable`](PasswordError::Unreadable) and
    /// [`NotUtf8`](PasswordError::NotUtf8).
    pub fn new(text: &str) -> Result<Password, PasswordError> {
        if text.is_empty() {
            return Err(PasswordError::Empty);
        }
        if text.len() > Password::MAX {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        Ok(Password(Secret::new(text)))
    }

    /// Reads the first line of a file, without its ending (LF or CRLF). The rest is ignored.
    ///
    /// A warning is logged if every user of the system can read the file.
    ///
    /// # Errors
    ///
    /// [`PasswordError`] if the file cannot be read, or if its first line is no password.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Password, PasswordError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(FileError::new("open", path))?;
        if file.metadata().is_ok_and(|metadata| is_public(&metadata)) {
            let path = path.display();
            log::warn!(
                "{path}: readable: every user of this system can learn the password; chmod 600 {path}"
            );
        }
        // One byte more than the longest line and its ending shows that a password is too long.
        let mut bytes = Vec::with_capacity(Password::MAX + 3);
        let read = file.take(Password::MAX as u64 + 3).read_to_end(&mut bytes);
        let password = match read {
            Ok(_) => Password::from_first_line(&bytes),
            Err(error) => Err(FileError::new("read", path)(error).into()),
        };
        if let Ok(text) = String::from_utf8(bytes) {
            // Overwrites the buffer.
            drop(Secret::new(text));
        }
        password
    }

    fn from_first_line(bytes: &[u8]) -> Result<Password, PasswordError> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(text) => Password::new(text),
            // The limit may have cut a character in two.
            Err(_) if line.len() > Password::MAX => Err(PasswordError::TooLong),
            Err(_) => Err(PasswordError::NotUtf8),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns `true` if `attempt` is the password.
    ///
    /// Both are compared in the same steps, whatever their lengths and contents are: as
    /// [`MAX`](Self::MAX) bytes, padded with zeros, and their lengths. Only the copies into
    /// these bytes depend on the lengths, by a few nanoseconds.
    pub(crate) fn is(&self, attempt: &str) -> bool {
        let (own, other) = (padded(self.expose()), padded(attempt));
        bool::from(own.ct_eq(&other) & self.expose().len().ct_eq(&attempt.len()))
    }
}

/// Returns the first [`Password::MAX`] bytes of `text`, padded with zeros.
fn padded(text: &str) -> [u8; Password::MAX] {
    let mut padded = [0; Password::MAX];
    let length = text.len().min(Password::MAX);
    padded[..length].copy_from_slice(&text.as_bytes()[..length]);
    padded
}

/// Returns `true` if every user of the system can read a regular file.
#[cfg(unix)]
fn is_public(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.is_file() && metadata.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn is_public(_: &Metadata) -> bool {
    false
}
