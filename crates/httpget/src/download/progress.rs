//! The steps of a download, and its result.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::event::Event;
use crate::response::Response;

/// A step of a download, as it happens.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// An event of the client in one attempt.
    Event(Event<'a>),
    /// The content of an attempt begins.
    #[non_exhaustive]
    Begun {
        /// Bytes of the file that exist already.
        at: u64,
        /// Bytes of the complete file, if the response announces them.
        total: Option<u64>,
        /// The response.
        response: &'a Response,
    },
    /// The content is fetched in several ranges at once. Only the first request has
    /// [events](Progress::Event).
    #[non_exhaustive]
    Split {
        /// The most connections at the same time.
        segments: usize,
    },
    /// Content has arrived.
    #[non_exhaustive]
    Arrived {
        /// Bytes of the file so far.
        bytes: u64,
    },
    /// The existing file is complete: the server has no further bytes.
    #[non_exhaustive]
    Complete {
        /// The bytes of the file.
        bytes: u64,
    },
    /// Attempts are left, but the next one would come later than the total timeout, the [retry
    /// time](super::Download::with_retry_time) or
    /// [`LONGEST_RETRY_AFTER`](super::LONGEST_RETRY_AFTER) allows. The response or the error of the
    /// last attempt counts.
    #[non_exhaustive]
    TooLate {
        /// Time until the next attempt would start.
        wait: Duration,
    },
    /// An attempt failed, and another one follows.
    #[non_exhaustive]
    Waiting {
        /// The error of the attempt.
        error: &'a Error,
        /// Time until the next attempt.
        wait: Duration,
    },
}

/// The result of a successful download.
#[derive(Debug)]
#[non_exhaustive]
pub struct Downloaded {
    /// Bytes of the complete content.
    pub bytes: u64,
    /// Bytes of content received over the network, in all attempts.
    pub fetched: u64,
    /// Number of attempts.
    pub attempts: u32,
    /// Offset in bytes at which the last attempt resumed; 0 if it brought everything.
    pub resumed_from: u64,
    /// The last attempt's response, with its body read.
    pub response: Response,
}

impl fmt::Display for Downloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Downloaded { bytes, fetched, attempts, .. } = self;
        write!(f, "{bytes} bytes, {fetched} of them fetched, attempts: {attempts}")
    }
}
