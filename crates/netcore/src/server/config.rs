//! The limits of a server.

use std::time::Duration;

use crate::options::Keepalive;

/// How a [`Server`](super::Server) works, and its limits.
///
/// ```
/// use netcore::server::Config;
/// use std::time::Duration;
///
/// let config = Config::default().with_workers(1).with_idle_timeout(Some(Duration::from_secs(600)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Config {
    pub(super) workers: usize,
    pub(super) max_connections: usize,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) stall_timeout: Option<Duration>,
    pub(super) dead_peer_timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) read: usize,
}

/// A worker for each processor that the process may use, 10,000 connections, no idle timeout, a
/// stall timeout of 30 s and a grace period of 5 s.
impl Default for Config {
    fn default() -> Config {
        Config {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_connections: 10_000,
            idle_timeout: None,
            stall_timeout: Some(Duration::from_secs(30)),
            dead_peer_timeout: Some(Keepalive::LIMIT),
            grace: Duration::from_secs(5),
            read: 64 * 1024,
        }
    }
}

impl Config {
    /// The number of threads that serve; none is taken as one.
    pub fn with_workers(self, workers: usize) -> Config {
        Config { workers: workers.max(1), ..self }
    }

    /// The number of threads that serve.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// The most connections at a time, over all workers and listeners. One more is told so
    /// ([`Service::reject`](super::Service::reject)) and closed.
    pub fn with_max_connections(self, max_connections: usize) -> Config {
        Config { max_connections, ..self }
    }

    /// How long a peer may say nothing before [`Service::idle`](super::Service::idle) is called for
    /// it; exact to some milliseconds. `None`: for ever.
    pub fn with_idle_timeout(self, idle_timeout: Option<Duration>) -> Config {
        Config { idle_timeout, ..self }
    }

    /// How long a peer may take none of the output that waits for it before it is cut off. `None`:
    /// for ever.
    pub fn with_stall_timeout(self, stall_timeout: Option<Duration>) -> Config {
        Config { stall_timeout, ..self }
    }

    /// How long a TCP peer may leave the system's probes (`SO_KEEPALIVE`) and data
    /// (`TCP_USER_TIMEOUT`, on Linux, with a stall timeout) unanswered before its connection is
    /// [`Broken`](super::Closed::Broken): after about two minutes by default, from 1 to 65,534 s.
    /// `None`: the connection of a peer that vanished stays forever.
    pub fn with_dead_peer_timeout(self, dead_peer_timeout: Option<Duration>) -> Config {
        Config { dead_peer_timeout, ..self }
    }

    /// How long a graceful stop may take to send what is owed.
    pub fn with_grace(self, grace: Duration) -> Config {
        Config { grace, ..self }
    }

    /// How many bytes one read takes at most; none is taken as one. Where answers are longer than
    /// what they answer, this bounds what a peer that does not take them can make the server hold.
    pub fn with_read(self, read: usize) -> Config {
        Config { read: read.max(1), ..self }
    }
}
