//! The settings of a node.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use netcore::error::debug_as_chain;
use thiserror::Error;

/// Treatment of lines that clients say while the engine is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Offline {
    /// Answers each line with a notice that it was not sent.
    #[default]
    Refuse,
    /// Keeps up to 1 MiB of lines for each worker and sends them once the engine is back.
    Queue,
}

/// A text that is not the name of a treatment of [lines](Offline).
#[derive(Clone, PartialEq, Eq, Error)]
#[error("unknown treatment of lines while the engine is away {text:?}: not refuse or queue")]
pub struct UnknownOffline {
    text: Box<str>,
}

debug_as_chain!(UnknownOffline { text });

impl FromStr for Offline {
    type Err = UnknownOffline;

    fn from_str(text: &str) -> Result<Offline, UnknownOffline> {
        match text {
            "refuse" => Ok(Offline::Refuse),
            "queue" => Ok(Offline::Queue),
            _ => Err(UnknownOffline { text: text.into() }),
        }
    }
}

impl fmt::Display for Offline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Offline::Refuse => "refuse",
            Offline::Queue => "queue",
        })
    }
}

/// The settings of a node of a chat with a backplane.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct NodeSettings {
    pub(crate) name: Arc<str>,
    pub(crate) offline: Offline,
}

impl NodeSettings {
    /// Returns the settings of the node called `name`. No two nodes of a chat may have the same
    /// name at the same time.
    pub fn new(name: &str) -> NodeSettings {
        NodeSettings { name: name.into(), offline: Offline::default() }
    }

    /// Sets the treatment of lines while the engine is away.
    pub fn with_offline(self, offline: Offline) -> NodeSettings {
        NodeSettings { offline, ..self }
    }
}
