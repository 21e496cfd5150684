//! Threads, with a failure instead of a panic if the system refuses one.
//!
//! A limit on processes does (`ulimit -u`, a container).

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::exit::{self, Failure};

/// Starts a thread called `name`.
///
/// # Errors
///
/// The system refuses a thread.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    Builder::new().name(name.to_owned()).spawn(work).map_err(|error| refused(&error))
}

/// Returns the failure of a command for which the system refused a thread.
pub(crate) fn refused(error: &io::Error) -> Failure {
    let message =
        format!("start a thread: {error} (the limit of processes may be reached; see ulimit -u)");
    Failure::new(exit::OTHER, message)
}
