//! What can be chosen for a chat, and its limits.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::Format;

/// What becomes of a client that takes its messages so slowly that more than the
/// [backlog](Config::with_backlog) waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Slow {
    /// It is cut off.
    #[default]
    Disconnect,
    /// It is moved to the end of the log; when it reads on, a notice says how many messages it has
    /// lost.
    Skip,
}

/// The word is none of `disconnect` and `skip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected disconnect or skip")]
pub struct UnknownSlow;

impl FromStr for Slow {
    type Err = UnknownSlow;

    fn from_str(word: &str) -> Result<Slow, UnknownSlow> {
        match word {
            "disconnect" => Ok(Slow::Disconnect),
            "skip" => Ok(Slow::Skip),
            _ => Err(UnknownSlow),
        }
    }
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Slow::Disconnect => "disconnect",
            Slow::Skip => "skip",
        })
    }
}

/// How a chat works.
///
/// ```
/// use chat::{Config, Format};
///
/// let config = Config::default().with_format(Format::Json).with_history(50);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Config {
    pub(crate) format: Format,
    pub(crate) greeting: Option<String>,
    pub(crate) history: usize,
    pub(crate) max_line: usize,
    pub(crate) slow: Slow,
    pub(crate) backlog: usize,
}

/// The `line` format, no greeting, no history, lines of 4,096 bytes, slow clients disconnected at a
/// backlog of 4 MiB.
impl Default for Config {
    fn default() -> Config {
        Config {
            format: Format::Line,
            greeting: None,
            history: 0,
            max_line: 4096,
            slow: Slow::Disconnect,
            backlog: 4 << 20,
        }
    }
}

impl Config {
    /// How messages and notices are written.
    pub fn with_format(self, format: Format) -> Config {
        Config { format, ..self }
    }

    /// A notice for each client as it comes.
    pub fn with_greeting(self, greeting: Option<String>) -> Config {
        Config { greeting, ..self }
    }

    /// How many of the last messages a client gets as it comes.
    pub fn with_history(self, history: usize) -> Config {
        Config { history, ..self }
    }

    /// The longest line from a client, in bytes, its ending not counted. A longer one is refused.
    pub fn with_max_line(self, max_line: usize) -> Config {
        Config { max_line, ..self }
    }

    /// What becomes of a client that is behind by more than the backlog.
    pub fn with_slow(self, slow: Slow) -> Config {
        Config { slow, ..self }
    }

    /// How many bytes of messages may wait for a client, beside what the system holds for it. They
    /// are kept once, however many clients wait for them, so this bounds the memory that slow
    /// clients cost all together.
    pub fn with_backlog(self, backlog: usize) -> Config {
        Config { backlog, ..self }
    }

    /// Bytes behind which a reader counts as not keeping up, so that senders may have to wait.
    pub(crate) fn far_behind(&self) -> usize {
        self.backlog / 4
    }
}
