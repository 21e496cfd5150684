//! The error of a text that is not a netrc file.

use netcore::error::debug_as_chain;

/// The reason why a text is not a netrc file, with the number of a line. The message does not show
/// the line, which may have a password.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {expected}")]
pub struct NetrcError {
    pub(super) line: usize,
    pub(super) expected: &'static str,
}

debug_as_chain!(NetrcError { line, expected });

impl NetrcError {
    /// Returns the number of the line, from 1. Returns 0 for a file that is too long.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}
