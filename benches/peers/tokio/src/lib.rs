//! The runtime of the peers on tokio.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Returns the current thread's runtime, or one with the threads that `--workers` names.
///
/// # Errors
///
/// If the system has no resources for it.
pub fn runtime(words: &[String]) -> io::Result<Runtime> {
    let workers = words.iter().position(|word| word == "--workers");
    match workers.and_then(|at| words.get(at + 1)?.parse().ok()) {
        Some(workers) if workers > 1 => {
            Builder::new_multi_thread().worker_threads(workers).enable_all().build()
        }
        _ => Builder::new_current_thread().enable_all().build(),
    }
}
