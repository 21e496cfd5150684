//! The result of an attempt, and the attempt after a failed one.

use std::time::Duration;

use crate::error::Error;
use crate::response::Response;

/// A successful attempt.
pub(super) struct Done {
    pub(super) response: Response,
    /// Bytes of all content.
    pub(super) bytes: u64,
    /// Bytes that existed before.
    pub(super) resumed_from: u64,
    /// The existing file is the right one and stays.
    pub(super) stays: bool,
}

/// A failed attempt.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) next: Next,
}

/// The attempt after a failed one.
pub(super) enum Next {
    /// The error decides.
    Open,
    /// There is one after this wait.
    After(Duration),
    Never,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, next: Next::Open }
    }
}
