// The example of the front page is a server and a client.
#![cfg_attr(all(feature = "server", feature = "client"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "server", feature = "client")),
    doc = "A group chat: one log, many cursors. The front page needs `server` and `client`."
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "backplane")]
pub mod backplane;
#[cfg(not(feature = "backplane"))]
mod backplane;
#[cfg(feature = "client")]
mod client;
mod config;
mod custom_command;
mod follower;
#[cfg(any(feature = "metrics", feature = "web"))]
mod http_head;
mod hub;
#[cfg(feature = "journal")]
mod journal;
mod memory_bound;
#[cfg(feature = "metrics")]
mod metrics;
mod now;
mod password;
mod protocol;
mod room;
#[cfg(feature = "server")]
mod service;
mod shard;
mod stats;
mod sync;
#[cfg(feature = "web")]
mod web;

use std::sync::Arc;

#[cfg(feature = "backplane")]
use backplane::engine::Engine;
#[cfg(feature = "backplane")]
use backplane::join_error::JoinError;
#[cfg(feature = "backplane")]
use backplane::node::Node;
#[cfg(feature = "backplane")]
use backplane::settings::NodeSettings;
#[cfg(feature = "client")]
pub use client::error::ClientError;
#[cfg(feature = "client")]
pub use client::event::{Event, EventKind, Notice};
#[cfg(feature = "client")]
pub use client::parser::Parser;
#[cfg(feature = "client")]
pub use client::{Client, Receiver, Sender};
pub use config::{Config, SlowConsumer, UnknownSlowConsumer};
pub use custom_command::CommandContext;
pub use hub::operator::{ClientInfo, Operator, RoomInfo};
#[cfg(all(feature = "journal", feature = "backplane"))]
pub use journal::stream_log::StreamLog;
#[cfg(feature = "journal")]
pub use journal::sync_policy::SyncPolicy;
pub use memory_bound::MemoryBound;
#[cfg(feature = "metrics")]
pub use metrics::health::Health;
#[cfg(feature = "metrics")]
pub use metrics::{Metrics, MetricsService};
pub use now::Now;
pub use password::{Password, PasswordError};
pub use protocol::format::{Format, UnknownFormat};
pub use protocol::name::MAX_NAME;
pub use protocol::rate_limit::Rate;
pub use protocol::text::clean;
#[cfg(feature = "server")]
pub use service::ChatService;
pub use shard::Shard;
pub use shard::member::Member;
pub use shard::output::ClientOutput;
pub use stats::Stats;
#[cfg(feature = "web")]
pub use web::origin::{InvalidOrigin, Origin};
#[cfg(feature = "web")]
pub use web::service::{WebConnection, WebService};
#[cfg(feature = "web")]
pub use web::settings::Web;

/// The crate of the sockets and of the event loop, whose types are part of this API.
pub use netcore;
#[cfg(feature = "journal")]
pub use netcore::error::FileError;

use custom_command::Commands;
use hub::Hub;
#[cfg(feature = "journal")]
use journal::Journal;
#[cfg(feature = "journal")]
use journal::recover::{RecoveryLimits, restore};
#[cfg(all(feature = "journal", feature = "backplane"))]
use room::store::MessageStore;

#[cfg(test)]
mod tests;

/// A chat, shared by the workers of a server. Clones are handles of the same chat.
#[cfg_attr(
    feature = "server",
    doc = r#"
```no_run
use chat::netcore::server::{Config as Limits, Server};
use chat::{Chat, Config};

let chat = Chat::new(Config::default().with_history(20));
let server = Server::bind(&[":60000".parse()?], Limits::default())?;
let (operator, handle) = (chat.operator(), server.handle());
std::thread::spawn(move || {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        operator.say(&line);
    }
    handle.stop();
});
server.run(|worker| chat.service(&worker))?;
chat.close();
# Ok::<(), Box<dyn std::error::Error>>(())
```

A [`Shard`] is the chat for other event loops; it does no I/O."#
)]
#[derive(Debug, Clone)]
pub struct Chat {
    hub: Arc<Hub>,
}

/// A builder for a chat with its configuration and the commands that a program adds.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Builder {
    config: Config,
    commands: Commands,
}

impl Builder {
    /// Adds the command `/name`; `/help` shows `help` for it. The command must return at once,
    /// because the clients of a worker wait for it.
    ///
    /// ```
    /// use chat::{Chat, Config};
    ///
    /// let chat = Chat::builder(Config::default())
    ///     .with_command("wave", "/wave NAME  waves", |context| {
    ///         let text = format!("{} waves to {}", context.name(), context.argument());
    ///         context.say(text);
    ///     })
    ///     .build();
    /// ```
    pub fn with_command(
        mut self,
        name: &str,
        help: &str,
        command: impl Fn(&mut CommandContext<'_>) + Send + Sync + 'static,
    ) -> Builder {
        self.commands.add(name, help, command);
        self
    }

    /// Creates the chat, without clients.
    pub fn build(self) -> Chat {
        Chat { hub: Arc::new(Hub::new(self.config, self.commands, None, None)) }
    }

    /// Creates the chat, without clients, with its rooms' logs on disk. Messages from before become
    /// the history, as if the last member of each room had just left. Private messages, joins and
    /// leaves are not logged.
    ///
    /// # Errors
    ///
    /// [`FileError`] if the directory cannot be created, read or locked. Its cause is
    /// [`ResourceBusy`](std::io::ErrorKind::ResourceBusy) if another server holds the lock.
    #[cfg(feature = "journal")]
    pub fn open(
        self,
        directory: impl Into<std::path::PathBuf>,
        policy: SyncPolicy,
    ) -> Result<Chat, FileError> {
        let limits = RecoveryLimits::of(&self.config);
        let (journal, recovered) = Journal::open(directory.into(), policy, limits)?;
        let hub = Hub::new(self.config, self.commands, Some(Box::new(journal)), None);
        restore(&hub, recovered);
        Ok(Chat { hub: Arc::new(hub) })
    }

    /// Creates the chat as a node of a chat with several servers, which `engine` orders. Waits
    /// until the engine works and the history of the lobby is there.
    ///
    /// # Errors
    ///
    /// [`JoinError`] if the engine is away, or another node has the name.
    #[cfg(feature = "backplane")]
    pub fn join(self, node: NodeSettings, engine: Box<dyn Engine>) -> Result<Chat, JoinError> {
        let node = Arc::new(Node::new(node, engine.waker()));
        let hub = Arc::new(Hub::new(self.config, self.commands, None, Some(node)));
        follower::start(&hub, engine)?;
        Ok(Chat { hub })
    }

    /// Creates the chat as a node, as [`join`](Self::join) does, with a log on disk: all messages
    /// of all rooms of the chat, in the order of the engine. The log continues where it ends, as
    /// far as the engine still has the messages, and says where messages are missing. Histories
    /// come from the engine, not from the log.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    #[cfg(all(feature = "journal", feature = "backplane"))]
    pub fn join_with_log(
        self,
        node: NodeSettings,
        engine: Box<dyn Engine>,
        log: StreamLog,
    ) -> Result<Chat, JoinError> {
        let node = Arc::new(Node::new(node, engine.waker()));
        let (recording, run) = log.split(node.name().clone());
        let store = Some(Box::new(recording) as Box<dyn MessageStore>);
        let hub = Arc::new(Hub::new(self.config, self.commands, store, Some(node)));
        if let Err(error) = follower::start(&hub, engine) {
            // The hub waits for the end of the log when it is dropped.
            drop(run);
            return Err(error);
        }
        let chat = Chat { hub };
        match run.start() {
            Ok(()) => Ok(chat),
            Err(error) => {
                chat.close();
                Err(JoinError::Thread { reason: error.to_string().into() })
            }
        }
    }
}

impl Chat {
    /// Creates a chat without clients.
    pub fn new(config: Config) -> Chat {
        Chat::builder(config).build()
    }

    /// Returns a builder for a chat with additional commands or with logs on disk.
    pub fn builder(config: Config) -> Builder {
        Builder { config, commands: Commands::default() }
    }

    /// Creates one thread's part of the chat. `wake` is called, from any thread, when another shard
    /// or the operator has sent something. A [round](Shard::begin_round) is due then.
    pub fn shard(&self, wake: impl Fn() + Send + Sync + 'static) -> Shard {
        Shard::new(self.hub.clone(), wake)
    }

    /// Creates the service for one worker of a [`Server`](netcore::server::Server).
    #[cfg(feature = "server")]
    pub fn service(&self, worker: &netcore::server::Worker) -> ChatService {
        let waker = worker.waker();
        ChatService(self.shard(move || waker.wake()))
    }

    /// Creates the service for one worker of a [`Server`](netcore::server::Server) that serves
    /// browsers at some of its endpoints and line clients at the others. The chat must be
    /// configured [for it](Config::with_web).
    #[cfg(feature = "web")]
    pub fn web_service(&self, worker: &netcore::server::Worker, web: &Web) -> WebService {
        let waker = worker.waker();
        let shard = self.shard(move || waker.wake());
        WebService::new(shard, web.clone(), self.hub.config.max_line)
    }

    /// Computes the most memory that the chat can need with `clients` clients and `shards` shards,
    /// each of which reads at most `read` bytes at once.
    pub fn memory_bound(&self, clients: usize, shards: usize, read: usize) -> MemoryBound {
        MemoryBound::new(&self.hub, clients, shards, read)
    }

    /// Flushes and closes the log on disk, waiting at most 10 s. Later messages are not logged.
    /// Without a log on disk it does nothing.
    pub fn close(&self) {
        self.hub.close();
    }

    /// Returns the operator's side of the chat.
    pub fn operator(&self) -> Operator {
        Operator::new(self.hub.clone())
    }
}
