#![cfg_attr(feature = "server", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "server"),
    doc = "A group chat. Its front page is with the feature `server`."
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
mod client;
mod config;
mod custom_command;
mod hub;
#[cfg(all(unix, feature = "journal"))]
mod journal;
mod memory_bound;
mod now;
mod protocol;
mod room;
#[cfg(feature = "server")]
mod service;
mod shard;
mod stats;

use std::sync::Arc;

#[cfg(feature = "client")]
pub use client::event::{Event, News, What};
#[cfg(feature = "client")]
pub use client::parser::Parser;
#[cfg(feature = "client")]
pub use client::{Client, ClientError, Receiver, Sender};
pub use config::{Config, Slow, UnknownSlow};
pub use custom_command::Call;
pub use hub::operator::{Occupant, Operator, Room};
#[cfg(all(unix, feature = "journal"))]
pub use journal::{Flush, JournalError};
pub use memory_bound::Ceiling;
pub use now::Now;
pub use protocol::format::{Format, UnknownFormat};
pub use protocol::name::{MAX_NAME, NameError};
pub use protocol::rate_limit::Rate;
pub use protocol::text::clean;
#[cfg(feature = "server")]
pub use service::ChatService;
pub use shard::Seat;
pub use shard::member::Member;
pub use shard::output::Outbox;
pub use stats::Stats;

use custom_command::Commands;
use hub::Hub;
#[cfg(all(unix, feature = "journal"))]
use journal::Journal;

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
        Chat { hub: Arc::new(Hub::new(self.config, self.commands, None)) }
    }

    /// The chat, with nobody in it and its rooms' logs on disk: what they have of an earlier time is
    /// its history, as if the last member of each room had just left. Private messages and comings
    /// and goings are not in them.
    ///
    /// # Errors
    ///
    /// The directory cannot be made, read or locked, or another server has it.
    #[cfg(all(unix, feature = "journal"))]
    pub fn open(
        self,
        directory: impl Into<std::path::PathBuf>,
        flush: Flush,
    ) -> Result<Chat, JournalError> {
        let (journal, found) = Journal::open(directory.into(), flush, self.config.recovered())?;
        let hub = Hub::new(self.config, self.commands, Some(Box::new(journal)));
        journal::restore::restore(&hub, found);
        Ok(Chat { hub: Arc::new(hub) })
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

    /// The most memory that it can need, for so many clients and seats, of which each reads `read`
    /// bytes at once.
    pub fn ceiling(&self, clients: usize, seats: usize, read: usize) -> Ceiling {
        Ceiling::new(&self.hub, clients, seats, read)
    }

    /// What has been said is on disk when this comes back, or after ten seconds at the most. What is
    /// said later is not. Without a log on disk it does nothing.
    pub fn close(&self) {
        self.hub.close();
    }

    /// The operator's side.
    pub fn operator(&self) -> Operator {
        Operator::new(self.hub.clone())
    }
}

#[cfg(test)]
mod tests;
