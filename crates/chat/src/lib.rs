#![cfg_attr(feature = "server", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "server"),
    doc = "A group chat. Its front page is with the feature `server`."
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
mod client;
mod command;
mod config;
#[cfg(feature = "client")]
mod event;
mod format;
mod hub;
#[cfg(any(feature = "journal", feature = "client"))]
#[allow(dead_code, reason = "each of its two users needs a part of a record")]
mod json;
mod log;
mod name;
mod operator;
#[cfg(feature = "client")]
mod parser;
mod seat;
#[cfg(feature = "server")]
mod server;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

#[cfg(feature = "client")]
pub use client::{Client, ClientError, Receiver, Sender};
pub use config::{Config, Slow, UnknownSlow};
#[cfg(feature = "client")]
pub use event::{Event, News, What};
pub use format::{Format, UnknownFormat};
pub use name::{MAX_NAME, NameError};
pub use operator::{Operator, Room};
#[cfg(feature = "client")]
pub use parser::Parser;
pub use seat::{Member, Outbox, Round, Seat};
#[cfg(feature = "server")]
pub use server::ChatService;
pub use text::clean;

use hub::Hub;

/// A chat: what the workers of a server share. Clones are the same chat.
#[derive(Debug, Clone)]
pub struct Chat {
    hub: Arc<Hub>,
}

impl Chat {
    /// A chat with nobody in it.
    pub fn new(config: Config) -> Chat {
        Chat { hub: Arc::new(Hub::new(config)) }
    }

    /// One thread's part of it. `wake` is called, from any thread, when something was said at
    /// another seat or by the operator: a [round](Seat::round) is due then.
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
