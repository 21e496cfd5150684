//! What can be chosen for a chat, and its limits.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::protocol::format::Format;
use crate::protocol::rate_limit::Rate;
use crate::room::history::Keep;

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
/// use chat::{Config, Format, Rate};
///
/// let config = Config::default()
///     .with_format(Format::Json)
///     .with_history(50)
///     .with_rate(Some(Rate::new(10, 64 * 1024)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Config {
    pub(crate) format: Format,
    pub(crate) greeting: Option<String>,
    pub(crate) presence: bool,
    pub(crate) history: usize,
    pub(crate) history_bytes: usize,
    pub(crate) max_line: usize,
    pub(crate) max_rooms: usize,
    pub(crate) max_members: usize,
    pub(crate) room_ttl: Duration,
    pub(crate) rate: Option<Rate>,
    pub(crate) slow: Slow,
    pub(crate) backlog: usize,
    pub(crate) memory: usize,
}

/// The `line` format, no greeting, comings and goings told, no history (and 128 KiB a room where one
/// is chosen), lines of 4,096 bytes, 1,000 rooms that are remembered for an hour, as many clients in
/// each as there are, no rate, slow clients disconnected at a backlog of 4 MiB, 64 MiB of messages
/// that wait.
impl Default for Config {
    fn default() -> Config {
        Config {
            format: Format::Line,
            greeting: None,
            presence: true,
            history: 0,
            history_bytes: 128 << 10,
            max_line: 4096,
            max_rooms: 1000,
            max_members: usize::MAX,
            room_ttl: Duration::from_secs(3600),
            rate: None,
            slow: Slow::Disconnect,
            backlog: 4 << 20,
            memory: 64 << 20,
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

    /// Whether a room is told who comes, who goes and who takes another name.
    pub fn with_presence(self, presence: bool) -> Config {
        Config { presence, ..self }
    }

    /// How many of the last messages of a room a client gets as it comes there.
    pub fn with_history(self, history: usize) -> Config {
        Config { history, ..self }
    }

    /// How many bytes the history of a room has at most, however few messages that are.
    pub fn with_history_bytes(self, history_bytes: usize) -> Config {
        Config { history_bytes, ..self }
    }

    /// The longest line from a client, in bytes, its ending not counted. A longer one is refused.
    pub fn with_max_line(self, max_line: usize) -> Config {
        Config { max_line, ..self }
    }

    /// The most rooms, the lobby and those that are only remembered included. Where there are so
    /// many, the one that has been vacant for the longest is forgotten for a new one. None is taken
    /// as the lobby.
    pub fn with_max_rooms(self, max_rooms: usize) -> Config {
        Config { max_rooms: max_rooms.max(1), ..self }
    }

    /// The most clients in a room other than the lobby; none is taken as one.
    pub fn with_max_members(self, max_members: usize) -> Config {
        Config { max_members: max_members.max(1), ..self }
    }

    /// How long the history of a room is remembered after its last member has gone.
    pub fn with_room_ttl(self, room_ttl: Duration) -> Config {
        Config { room_ttl, ..self }
    }

    /// How fast a client may speak. One that is faster is told so once, and then read more slowly:
    /// nothing that it says is lost. `None`: as fast as it likes.
    pub fn with_rate(self, rate: Option<Rate>) -> Config {
        Config { rate, ..self }
    }

    /// What becomes of a client that is behind by more than the backlog.
    pub fn with_slow(self, slow: Slow) -> Config {
        Config { slow, ..self }
    }

    /// How many bytes of a room's messages may wait for a client, beside what the system holds for
    /// it. They are kept once, however many clients wait for them.
    pub fn with_backlog(self, backlog: usize) -> Config {
        Config { backlog, ..self }
    }

    /// How many bytes of messages may wait for clients in all rooms together, histories not counted.
    /// Where they are more, clients that have stopped reading are cut off, whatever
    /// [`with_slow`](Self::with_slow) says, and nobody is heard until they are less.
    pub fn with_memory(self, memory: usize) -> Config {
        Config { memory, ..self }
    }

    /// Bytes behind which a reader counts as not keeping up, so that senders may have to wait.
    pub(crate) fn far_behind(&self) -> usize {
        self.backlog / 4
    }

    pub(crate) fn keep(&self) -> Keep {
        Keep { messages: self.history, bytes: self.history_bytes, format: self.format }
    }

    /// What of earlier logs is brought back.
    #[cfg(all(unix, feature = "journal"))]
    pub(crate) fn recovered(&self) -> crate::journal::Keep {
        let Keep { messages, bytes, .. } = self.keep();
        crate::journal::Keep { messages, bytes, rooms: self.max_rooms }
    }
}
