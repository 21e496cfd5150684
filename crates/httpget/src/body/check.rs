//! The check of a body against the digests in its head and its trailers.

use http::HeaderMap;

use crate::digest::{ContentCheck, DigestMismatch};
use crate::error::{Error, ErrorKind};
use crate::protocol::ResponseHead;

/// The check of a body.
#[derive(Debug)]
pub(crate) enum Check {
    /// The response has no digest, or the check has succeeded.
    Nothing,
    Running(Box<ContentCheck>),
    Failed(Box<DigestMismatch>),
}

impl Check {
    /// Returns the check that `head` asks for. The digests in a response to a HEAD are those of a
    /// GET.
    pub(crate) fn of(head: &ResponseHead, is_head: bool) -> Check {
        match ContentCheck::of(head.status(), head.headers()) {
            Some(check) if !is_head => Check::Running(Box::new(check)),
            _ => Check::Nothing,
        }
    }

    /// Returns `true` if the content must pass through [`update`](Check::update).
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Check::Running(_))
    }

    /// Adds the next bytes of content, as they were sent.
    pub(super) fn update(&mut self, content: &[u8]) {
        if let Check::Running(check) = self {
            check.update(content);
        }
    }

    /// Compares the digests of complete content. Returns `false` if one differs.
    pub(super) fn finish(&mut self, trailers: Option<&HeaderMap>) -> bool {
        let Check::Running(check) = std::mem::replace(self, Check::Nothing) else {
            return self.result().is_ok();
        };
        if let Err(mismatch) = check.finish(trailers) {
            *self = Check::Failed(Box::new(mismatch));
        }
        self.result().is_ok()
    }

    /// Returns the error of a body that does not match.
    pub(super) fn result(&self) -> Result<(), Error> {
        match self {
            Check::Failed(mismatch) => {
                Err(Error::new(ErrorKind::Digest).with_cause(DigestMismatch::clone(mismatch)))
            }
            _ => Ok(()),
        }
    }
}
