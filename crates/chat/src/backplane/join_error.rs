//! The failures of joining a backplane.

use std::sync::Arc;

use netcore::error::debug_as_chain;
use thiserror::Error;

/// The reason for which a chat could not become a node.
#[derive(Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The engine cannot be reached, or refuses what a node needs.
    #[error("the chat's engine is away: {reason}")]
    Away {
        /// The reason.
        reason: Arc<str>,
    },
    /// Another living node has the name. That of a node that was killed is free after 10 s.
    #[error("another node is called {name}")]
    NodeTaken {
        /// The name.
        name: Arc<str>,
    },
    /// The system refuses a thread.
    #[error("can't start the thread of the node: {reason}")]
    Thread {
        /// The reason.
        reason: Arc<str>,
    },
}

debug_as_chain!(enum JoinError { Away { reason }, NodeTaken { name }, Thread { reason } });
