//! The limits of the threaded server.

use std::time::Duration;

/// The limits of a [`Server`](super::Server).
///
/// ```
/// use netcore::threaded::Config;
/// use std::time::Duration;
///
/// let config = Config::default()
///     .with_max_connections(64)
///     .with_idle_timeout(Some(Duration::from_secs(10)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Config {
    pub(super) max_connections: usize,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) total_timeout: Option<Duration>,
    pub(super) grace: Duration,
}

/// Returns 256 connections, an idle timeout of one minute, a total timeout of one hour and a grace
/// period of 5 s.
impl Default for Config {
    fn default() -> Config {
        Config {
            max_connections: 256,
            idle_timeout: Some(Duration::from_secs(60)),
            total_timeout: Some(Duration::from_secs(3600)),
            grace: Duration::from_secs(5),
        }
    }
}

impl Config {
    /// Sets the most connections at a time, over all listeners, and so the most threads. Zero means
    /// one. Further connections wait in their listener's backlog until another ends.
    pub fn with_max_connections(self, max_connections: usize) -> Config {
        Config { max_connections: max_connections.max(1), ..self }
    }

    /// Sets the time limit of one read or write of a [`Connection`](super::Connection). `None`
    /// means no limit.
    pub fn with_idle_timeout(self, idle_timeout: Option<Duration>) -> Config {
        Config { idle_timeout, ..self }
    }

    /// Sets the time limit of a whole connection, busy or not. `None` means no limit.
    pub fn with_total_timeout(self, total_timeout: Option<Duration>) -> Config {
        Config { total_timeout, ..self }
    }

    /// Sets the grace period: the time that handlers have to return after
    /// [`Handle::stop`](super::Handle::stop).
    pub fn with_grace(self, grace: Duration) -> Config {
        Config { grace, ..self }
    }
}
