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

/// 256 connections, an idle timeout of one minute, a total timeout of one hour and a grace period
/// of 5 s.
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
    /// The most connections at a time, over all listeners, and so the most threads; none is taken
    /// as one. One more waits in its listener's backlog until another has ended.
    pub fn with_max_connections(self, max_connections: usize) -> Config {
        Config { max_connections: max_connections.max(1), ..self }
    }

    /// How long one read or write of a [`Connection`](super::Connection) may take. `None`: for
    /// ever.
    pub fn with_idle_timeout(self, idle_timeout: Option<Duration>) -> Config {
        Config { idle_timeout, ..self }
    }

    /// How long a connection may last, however busy it is. `None`: for ever.
    pub fn with_total_timeout(self, total_timeout: Option<Duration>) -> Config {
        Config { total_timeout, ..self }
    }

    /// How long the handlers have to return by themselves after
    /// [`Handle::stop`](super::Handle::stop).
    pub fn with_grace(self, grace: Duration) -> Config {
        Config { grace, ..self }
    }
}
