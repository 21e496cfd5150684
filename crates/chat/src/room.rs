//! A room: its name and its log, which all shards share.

pub(crate) mod history;
pub(crate) mod inbox;
pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod reader;
pub(crate) mod segment;
pub(crate) mod store;

use std::sync::Arc;

use crate::backplane::node::Node;
use crate::room::log::Log;

/// A room: its name and its log.
#[derive(Debug)]
pub(crate) struct Room {
    /// The name as people wrote it.
    pub(crate) name: Arc<str>,
    /// The folded form of the name, the key in the registry and on disk.
    pub(crate) folded: String,
    pub(crate) log: Arc<Log>,
    /// The node of a chat with a backplane: lines go to it instead of to the log.
    pub(crate) node: Option<Arc<Node>>,
}
