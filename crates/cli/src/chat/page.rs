//! The page for browsers of `sockit chat serve --web`.

use ::chat::{Chat, Config, Web};

use crate::args::chat::ChatServe;
use crate::exit::Failure;
use crate::serve::Listening;

/// Messages of a room's history with a page and without `--history`. A browser that reconnects gets
/// from the history what it has missed.
pub(crate) const HISTORY: usize = 100;

/// The page, if `--web` asks for one.
pub(crate) struct Page {
    endpoints: Vec<String>,
    /// Index of the first one among the endpoints that the server binds.
    first: usize,
    web: Web,
}

impl Page {
    /// Takes the arguments of the page, whose endpoints come after `listeners` others.
    pub(crate) fn new(args: &ChatServe, listeners: usize) -> Page {
        let web = Web::new(listeners..listeners + args.web.len());
        let web = web.with_idle_timeout(args.serve.idle_timeout);
        let web = args.web_origin.iter().cloned().fold(web, Web::with_origin);
        Page { endpoints: args.web.clone(), first: listeners, web }
    }

    /// Returns the endpoints as they are given.
    pub(crate) fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// Returns the configuration of the chat with what a page needs.
    pub(crate) fn configure(&self, config: Config) -> Config {
        config.with_web(!self.endpoints.is_empty())
    }

    /// Returns the number of messages of a history without `--history`.
    pub(crate) fn history(&self) -> usize {
        if self.endpoints.is_empty() { 0 } else { HISTORY }
    }

    /// Serves until the server is stopped.
    pub(crate) fn serve(self, chat: &Chat, listening: Listening) -> Result<(), Failure> {
        if self.endpoints.is_empty() {
            return listening.run(|worker| chat.service(&worker));
        }
        let all = self.first..self.first + self.endpoints.len();
        let local: Vec<usize> = all.filter(|index| listening.is_on_loopback(*index)).collect();
        let web = self.web.with_host_check(local);
        listening.run(|worker| chat.web_service(&worker, &web))
    }
}
