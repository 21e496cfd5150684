//! Errors of a run.

use std::io;

use netcore::error::debug_as_chain;

/// A run ended without a report.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A setting exceeds a limit, or contradicts another one.
    #[error("{0}")]
    Settings(&'static str),
    /// The first connection failed, or the system cannot poll sockets or start a thread.
    #[error(transparent)]
    Socket(#[from] netcore::Error),
    /// The run was stopped before the first connection was made.
    #[error("stopped before the first connection was made")]
    Stopped,
    /// The log could not be written.
    #[error("write the log: {0}")]
    Log(io::Error),
}

debug_as_chain!(
    enum BenchError {
        Settings(text),
        Socket(error),
        Stopped,
        Log(error),
    }
);

impl From<io::Error> for BenchError {
    fn from(error: io::Error) -> BenchError {
        BenchError::Log(error)
    }
}
