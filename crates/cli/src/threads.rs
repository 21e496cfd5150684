//! Threads, which the system may refuse: a limit on processes (`ulimit -u`, a container's) ends a
//! command with one line and never with a panic.

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::exit::{self, Failure};

/// Starts a thread called `name`.
///
/// # Errors
///
/// The system gives no thread.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    Builder::new().name(name.to_owned()).spawn(work).map_err(|e| refused(&e))
}

/// Returns the failure of a command that the system gave no thread.
pub(crate) fn refused(error: &io::Error) -> Failure {
    let message =
        format!("start a thread: {error}; the limit on processes may be reached (ulimit -u)");
    Failure::new(exit::OTHER, message)
}
