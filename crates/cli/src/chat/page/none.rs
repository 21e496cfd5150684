//! A chat without the feature `web`: there is no page.

use ::chat::{Chat, Config};

use crate::args::chat::ChatServe;
use crate::exit::Failure;
use crate::serve::Listening;

/// No page.
pub(crate) struct Page;

impl Page {
    pub(crate) fn new(_: &ChatServe, _: usize) -> Page {
        Page
    }

    pub(crate) fn endpoints(&self) -> &[String] {
        &[]
    }

    pub(crate) fn configure(&self, config: Config) -> Config {
        config
    }

    pub(crate) fn history(&self) -> usize {
        0
    }

    pub(crate) fn serve(self, chat: &Chat, listening: Listening) -> Result<(), Failure> {
        listening.run(|worker| chat.service(&worker))
    }
}
