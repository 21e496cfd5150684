//! The settings of a download.

use std::time::Duration;

use netcore::backoff::Backoff;

#[cfg(feature = "digest")]
use crate::digest::Checksum;

/// The settings of a download.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) resume: bool,
    pub(super) replace: bool,
    pub(super) retries: u32,
    /// Time after the start of the download after which no further attempt starts.
    pub(super) retry_time: Option<Duration>,
    /// Errors that are not retryable are retried too.
    pub(super) any_error: bool,
    pub(super) backoff: Backoff,
    pub(super) errors: bool,
    pub(super) heads: bool,
    pub(super) server_time: bool,
    /// The number of ranges to fetch at the same time.
    pub(super) segments: usize,
    /// The digest that the content must have.
    #[cfg(feature = "digest")]
    pub(super) checksum: Option<Checksum>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            resume: false,
            replace: true,
            retries: 0,
            retry_time: None,
            any_error: false,
            backoff: Backoff::default(),
            errors: false,
            heads: false,
            server_time: true,
            segments: 1,
            #[cfg(feature = "digest")]
            checksum: None,
        }
    }
}
