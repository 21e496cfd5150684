//! The end of an attempt: done, or failed with another one to follow or not.

use std::time::Duration;

use crate::error::Error;
use crate::response::Response;

/// An attempt that came to its end.
pub(super) struct Done {
    pub(super) response: Response,
    /// Bytes of the whole content.
    pub(super) bytes: u64,
    /// The bytes that were there before.
    pub(super) resumed_from: u64,
    /// The file at the place is the right one, and stays.
    pub(super) stays: bool,
}

/// An attempt that failed.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) next: Next,
}

/// The attempt behind one that failed.
pub(super) enum Next {
    /// The error decides.
    Open,
    /// There is one, after this wait.
    After(Duration),
    Never,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, next: Next::Open }
    }
}
