//! The configuration of a chat: its format, policies and limits.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use netcore::error::debug_as_chain;
use thiserror::Error;

use crate::password::Password;
use crate::protocol::format::Format;
use crate::protocol::rate_limit::Rate;

#[cfg(test)]
mod tests;

/// Policy for a client that reads so slowly that more than the [backlog](Config::with_backlog)
/// waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SlowConsumer {
    /// Disconnects the client.
    #[default]
    Disconnect,
    /// Moves the client to the end of the log. When it reads again, a notice states how many
    /// messages it has lost.
    Skip,
}

/// A text that is not the name of a treatment of [slow consumers](SlowConsumer).
#[derive(Clone, PartialEq, Eq, Error)]
#[error("unknown treatment of slow consumers {text:?}: not disconnect or skip")]
pub struct UnknownSlowConsumer {
    text: Box<str>,
}

debug_as_chain!(UnknownSlowConsumer { text });

impl FromStr for SlowConsumer {
    type Err = UnknownSlowConsumer;

    fn from_str(text: &str) -> Result<SlowConsumer, UnknownSlowConsumer> {
        match text {
            "disconnect" => Ok(SlowConsumer::Disconnect),
            "skip" => Ok(SlowConsumer::Skip),
            _ => Err(UnknownSlowConsumer { text: text.into() }),
        }
    }
}

impl fmt::Display for SlowConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SlowConsumer::Disconnect => "disconnect",
            SlowConsumer::Skip => "skip",
        })
    }
}

/// The configuration of a chat.
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
    pub(crate) web: bool,
    pub(crate) greeting: Option<String>,
    pub(crate) presence: bool,
    pub(crate) history: usize,
    pub(crate) history_bytes: usize,
    pub(crate) max_line: usize,
    pub(crate) max_rooms: usize,
    pub(crate) max_members: usize,
    pub(crate) room_ttl: Duration,
    pub(crate) rate: Option<Rate>,
    pub(crate) slow_consumer: SlowConsumer,
    pub(crate) backlog: usize,
    pub(crate) memory: usize,
    pub(crate) password: Option<Password>,
}

/// The `line` format, no greeting, presence on, no history (at most 128 KiB per room if there is
/// one), lines of 4,096 bytes, 1,000 rooms that expire after an hour, no limit for members, no rate
/// limit, slow clients disconnected at a backlog of 4 MiB, 64 MiB of waiting messages, no password.
impl Default for Config {
    fn default() -> Config {
        Config {
            format: Format::Line,
            web: false,
            greeting: None,
            presence: true,
            history: 0,
            history_bytes: 128 << 10,
            max_line: 4096,
            max_rooms: 1000,
            max_members: usize::MAX,
            room_ttl: Duration::from_secs(3600),
            rate: None,
            slow_consumer: SlowConsumer::Disconnect,
            backlog: 4 << 20,
            memory: 64 << 20,
            password: None,
        }
    }
}

impl Config {
    /// Sets the format of messages and notices.
    pub fn with_format(self, format: Format) -> Config {
        Config { format, ..self }
    }

    /// Renders each message as a WebSocket message too, once for all clients that receive those
    /// (see [`Shard::connect_web`](crate::Shard::connect_web)).
    pub fn with_web(self, web: bool) -> Config {
        Config { web, ..self }
    }

    /// Sets the notice that each client receives when it connects.
    pub fn with_greeting(self, greeting: Option<String>) -> Config {
        Config { greeting, ..self }
    }

    /// Sends joins, leaves and renames to the room.
    pub fn with_presence(self, presence: bool) -> Config {
        Config { presence, ..self }
    }

    /// Sets the number of messages of a room's history, which a client receives when it joins.
    pub fn with_history(self, history: usize) -> Config {
        Config { history, ..self }
    }

    /// Sets the most bytes of a room's history, which may hold fewer messages then. With
    /// [`with_web`](Self::with_web), the history for browsers has the same messages and this limit
    /// too.
    pub fn with_history_bytes(self, history_bytes: usize) -> Config {
        Config { history_bytes, ..self }
    }

    /// Sets the longest line from a client in bytes, without its ending. A longer one is refused.
    pub fn with_max_line(self, max_line: usize) -> Config {
        Config { max_line, ..self }
    }

    /// Sets the most rooms, the lobby and vacant ones included. At the limit, a new room replaces
    /// the one that has been vacant longest. Zero counts as one, the lobby.
    pub fn with_max_rooms(self, max_rooms: usize) -> Config {
        Config { max_rooms: max_rooms.max(1), ..self }
    }

    /// Sets the most clients in a room other than the lobby. Zero counts as one.
    pub fn with_max_members(self, max_members: usize) -> Config {
        Config { max_members: max_members.max(1), ..self }
    }

    /// Sets the time after which a room without members expires, with its history.
    pub fn with_room_ttl(self, room_ttl: Duration) -> Config {
        Config { room_ttl, ..self }
    }

    /// Limits the rate of each client's input; `None` removes the limit. A client that exceeds it
    /// is notified once and then read more slowly. None of its input is lost.
    pub fn with_rate(self, rate: Option<Rate>) -> Config {
        Config { rate, ..self }
    }

    /// Sets the policy for a client that is behind by more than the backlog.
    pub fn with_slow_consumer(self, slow_consumer: SlowConsumer) -> Config {
        Config { slow_consumer, ..self }
    }

    /// Sets the most bytes of a room's messages that may wait for a client, without the kernel's
    /// buffers. Messages are kept once, however many clients wait for them.
    pub fn with_backlog(self, backlog: usize) -> Config {
        Config { backlog, ..self }
    }

    /// Sets the most bytes of messages that may wait for clients in all rooms together, histories
    /// not counted. Beyond it, clients that have stopped reading are disconnected, whatever
    /// [`with_slow_consumer`](Self::with_slow_consumer) says, and no input is processed until there
    /// is room.
    pub fn with_memory(self, memory: usize) -> Config {
        Config { memory, ..self }
    }

    /// Sets the password that each client has to say first, as `/pass PASSWORD`. Until then the
    /// client is in no room, nobody sees it, and it receives nothing but notices. Three wrong
    /// passwords, or 30 s without the right one, close its connection.
    ///
    /// The limit of [`with_max_line`](Self::with_max_line) has to fit `/pass `, a space and the
    /// password.
    pub fn with_password(self, password: Option<Password>) -> Config {
        Config { password, ..self }
    }

    /// Returns the bytes behind the log beyond which a reader counts as not keeping up, so that
    /// senders wait.
    pub(crate) fn far_behind(&self) -> usize {
        self.backlog / 4
    }
}
