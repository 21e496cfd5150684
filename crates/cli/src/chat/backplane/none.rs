//! A chat without the feature `redis`: there is no backplane.

use ::chat::{Builder, Chat};

use crate::args::chat::ChatServe;
use crate::exit::Failure;

/// No backplane.
pub(crate) struct Backplane;

impl Backplane {
    pub(crate) fn new(_: &ChatServe) -> Result<Backplane, Failure> {
        Ok(Backplane)
    }

    pub(crate) fn open(
        self,
        chat: Builder,
        _: &ChatServe,
    ) -> Result<Result<Chat, Builder>, Failure> {
        Ok(Err(chat))
    }
}
