//! The steps of a download, and its result.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::event::Event;
use crate::response::Response;

/// What a download does, as it does it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// What the client has to tell of an attempt.
    Event(Event<'a>),
    /// The content of an attempt begins.
    #[non_exhaustive]
    Begun {
        /// Bytes of the file that are there already.
        at: u64,
        /// Bytes of the whole file, where the response tells.
        total: Option<u64>,
        /// The response.
        response: &'a Response,
    },
    /// Content has arrived.
    #[non_exhaustive]
    Arrived {
        /// Bytes of the file that are there now.
        bytes: u64,
    },
    /// The server has nothing behind the bytes that are there: they are the whole file.
    #[non_exhaustive]
    Complete {
        /// The bytes of the file.
        bytes: u64,
    },
    /// Attempts are left, but the next one would come later than the total budget, the
    /// [retry time](Download::with_retry_time) or [`LONGEST_RETRY_AFTER`] allows. The attempt that has just ended is the last one: its response
    /// or its error counts.
    #[non_exhaustive]
    TooLate {
        /// The time until the next one.
        wait: Duration,
    },
    /// An attempt failed, and there will be another one.
    #[non_exhaustive]
    Waiting {
        /// Why it failed.
        error: &'a Error,
        /// The time until the next one.
        wait: Duration,
    },
}

/// A download that came to its end.
#[derive(Debug)]
#[non_exhaustive]
pub struct Downloaded {
    /// Bytes of the whole content.
    pub bytes: u64,
    /// Bytes of content that came over the network, in all attempts.
    pub fetched: u64,
    /// How many attempts it took.
    pub attempts: u32,
    /// Where the last attempt went on: zero if it brought everything.
    pub resumed_from: u64,
    /// The last attempt's response, its body read.
    pub response: Response,
}

impl fmt::Display for Downloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Downloaded { bytes, fetched, attempts, .. } = self;
        write!(f, "{bytes} bytes, {fetched} of them fetched, attempts: {attempts}")
    }
}
