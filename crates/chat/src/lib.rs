#![cfg_attr(feature = "server", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "server"),
    doc = "A group chat. Its front page is with the feature `server`."
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
mod ceiling;
mod command;
mod config;
mod counters;
mod format;
mod hub;
mod local;
mod log;
mod memory;
mod name;
mod now;
mod operator;
mod pace;
mod post;
mod seat;
#[cfg(feature = "server")]
mod server;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

pub use call::Call;
pub use ceiling::Ceiling;
pub use config::{Config, Slow, UnknownSlow};
pub use counters::Stats;
pub use format::{Format, UnknownFormat};
pub use name::{MAX_NAME, NameError};
pub use now::Now;
pub use operator::{Occupant, Operator, Room};
pub use pace::Rate;
pub use seat::{Member, Outbox, Seat};
#[cfg(feature = "server")]
pub use server::ChatService;
pub use text::clean;

use call::Commands;
use hub::Hub;

/// A chat: what the workers of a server share. Clones are the same chat.
#[derive(Debug, Clone)]
pub struct Chat {
    hub: Arc<Hub>,
}

/// A chat that is being made: its limits, and the commands that a program adds.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Builder {
    config: Config,
    commands: Commands,
}

impl Builder {
    /// Adds the command `/name`, for which `help` is shown by `/help`. What it does, it must do at
    /// once: the clients of a worker wait for it.
    ///
    /// ```
    /// let chat = chat::Chat::builder(chat::Config::default())
    ///     .with_command("slap", "/slap NAME  slaps", |call| {
    ///         let words = format!("{} slaps {} with a trout", call.name(), call.argument());
    ///         call.say(words);
    ///     })
    ///     .build();
    /// ```
    pub fn with_command(
        mut self,
        name: &str,
        help: &str,
        command: impl Fn(&mut Call<'_>) + Send + Sync + 'static,
    ) -> Builder {
        self.commands.add(name, help, command);
        self
    }

    /// The chat, with nobody in it.
    pub fn build(self) -> Chat {
        Chat { hub: Arc::new(Hub::new(self.config, self.commands)) }
    }
}

impl Chat {
    /// A chat with nobody in it.
    pub fn new(config: Config) -> Chat {
        Chat::builder(config).build()
    }

    /// A chat with more to it than limits.
    pub fn builder(config: Config) -> Builder {
        Builder { config, commands: Commands::default() }
    }

    /// One thread's part of it. `wake` is called, from any thread, when something was said at
    /// another seat or by the operator: a [round](Seat::begin) is due then.
    pub fn seat(&self, wake: impl Fn() + Send + Sync + 'static) -> Seat {
        Seat::new(self.hub.clone(), wake)
    }

    /// The service for one worker of a [`Server`](netcore::server::Server).
    #[cfg(feature = "server")]
    pub fn service(&self, worker: &netcore::server::Worker) -> ChatService {
        let waker = worker.waker();
        ChatService(self.seat(move || waker.wake()))
    }

    /// The operator's side.
    pub fn operator(&self) -> Operator {
        Operator::new(self.hub.clone())
    }
}
