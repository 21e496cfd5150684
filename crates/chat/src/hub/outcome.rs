//! Outcomes: what an engine has decided about a client's request.

use std::sync::Arc;

use crate::backplane::answer::Answer;
use crate::backplane::operation::Operation;
use crate::room::Room;

/// The outcome of a client's request to the engine, on its way to the client's shard.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) operation: Operation,
    /// The answer, or the reason for which there is none.
    pub(crate) answer: Result<Answer, Arc<str>>,
    /// The room that the client has moved to.
    pub(crate) room: Option<Arc<Room>>,
}
