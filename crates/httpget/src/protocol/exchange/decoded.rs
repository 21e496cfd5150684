//! Responses whose content is decoded, by a decoder with its own limits.

use super::{Exchange, State};
use crate::protocol::error::ProtocolError;

impl Exchange {
    /// Lifts the limit on the body, because a decoder checks the decoded content instead. Call it
    /// directly after the head.
    pub(crate) fn lift_body_limit(&mut self) {
        self.limits.body = u64::MAX;
        if let (State::Failed(ProtocolError::TooLarge { limit: "body", .. }), Some(left)) =
            (&self.state, self.expected)
        {
            self.state = State::Length { left };
        }
    }
}
