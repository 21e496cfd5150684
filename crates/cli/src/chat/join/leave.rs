//! The end of a session.

use std::time::Duration;

use crate::exit::{self, Failure};

/// The longest wait for the server to close the connection after `/quit`.
pub(super) const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Returns the result of a session with this number of unsent lines.
pub(super) fn result(unsent: usize) -> Result<(), Failure> {
    match unsent {
        0 => Ok(()),
        1 => Err(Failure::new(exit::OTHER, "1 line was not sent")),
        lines => Err(Failure::new(exit::OTHER, format!("{lines} lines were not sent"))),
    }
}
