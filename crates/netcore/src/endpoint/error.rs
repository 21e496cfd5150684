//! The error of parsing an endpoint.

use crate::error::{Error, ErrorKind, Operation, debug_as_chain};

/// A text that is no [`Endpoint`](crate::Endpoint).
///
/// Prints the text, the byte at which parsing failed and the expected text. Everything that could
/// disturb a terminal is escaped.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no endpoint: at byte {offset}: {expected}")]
pub struct ParseEndpointError {
    pub(super) text: Box<str>,
    pub(super) offset: usize,
    pub(super) expected: &'static str,
}

debug_as_chain!(ParseEndpointError { text, offset, expected });

impl ParseEndpointError {
    /// Returns the index of the byte at which parsing failed: the first byte of a character, or the
    /// end of the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns a description of the text that was expected there.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

impl From<ParseEndpointError> for Error {
    fn from(error: ParseEndpointError) -> Error {
        Error::new(Operation::Parse, ErrorKind::InvalidInput).because_text(error)
    }
}
