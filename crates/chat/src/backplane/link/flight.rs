//! Requests on their way to the engine, and back as replies.

use std::sync::Arc;
use std::time::Instant;

/// A request without a reply. Replies come in the order of the requests.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) content: Content,
    pub(super) session: u64,
    pub(super) at: Instant,
}

/// Kinds of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Begin,
    Submission,
    Reap,
    History(Arc<str>),
}
