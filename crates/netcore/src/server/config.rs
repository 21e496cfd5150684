//! The limits of a server.

use std::time::Duration;

use super::address_limit::AddressLimit;
use crate::options::Keepalive;
#[cfg(feature = "tls")]
use crate::tls::TlsAcceptor;

/// The workers and limits of a [`Server`](super::Server).
///
/// ```
/// use netcore::server::Config;
/// use std::time::Duration;
///
/// let config = Config::default()
///     .with_workers(1)
///     .with_idle_timeout(Some(Duration::from_secs(600)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Config {
    pub(super) workers: usize,
    pub(super) max_connections: usize,
    pub(super) address_limit: Option<AddressLimit>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) stall_timeout: Option<Duration>,
    pub(super) dead_peer_timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) read: usize,
    pub(super) max_handshakes: usize,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<TlsAcceptor>,
}

/// Returns a worker for each processor that the process may use, 10,000 connections, no idle
/// timeout, a stall timeout of 30 s and a grace period of 5 s. With TLS, 1,024 handshakes at once.
impl Default for Config {
    fn default() -> Config {
        Config {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_connections: 10_000,
            address_limit: None,
            idle_timeout: None,
            stall_timeout: Some(Duration::from_secs(30)),
            dead_peer_timeout: Some(Keepalive::LIMIT),
            grace: Duration::from_secs(5),
            read: 64 * 1024,
            max_handshakes: 1024,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Config {
    /// Sets the number of threads that serve. Zero means one.
    pub fn with_workers(self, workers: usize) -> Config {
        Config { workers: workers.max(1), ..self }
    }

    /// Returns the number of threads that serve.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Sets the most connections at a time, over all workers and listeners. Further peers are
    /// [rejected](super::Service::reject).
    pub fn with_max_connections(self, max_connections: usize) -> Config {
        Config { max_connections, ..self }
    }

    /// Limits the connections of each address, over all workers and listeners, and over all servers
    /// with the same limit. Further peers from the address are
    /// [rejected](super::Service::reject). `None`, the default, means no limit.
    pub fn with_address_limit(self, address_limit: Option<AddressLimit>) -> Config {
        Config { address_limit, ..self }
    }

    /// Sets the time without input after which [`Service::idle`](super::Service::idle) is called,
    /// exact to some milliseconds. `None` means no limit.
    pub fn with_idle_timeout(self, idle_timeout: Option<Duration>) -> Config {
        Config { idle_timeout, ..self }
    }

    /// Sets the time after which a connection is closed if its peer takes none of the unsent bytes.
    /// `None` means no limit.
    pub fn with_stall_timeout(self, stall_timeout: Option<Duration>) -> Config {
        Config { stall_timeout, ..self }
    }

    /// Sets the time after which the connection of a vanished TCP peer is
    /// [`Broken`](super::Closed::Broken), from 1 to 65,534 s and about two minutes by default.
    ///
    /// A peer has vanished if it does not answer the system's probes (`SO_KEEPALIVE`) or data
    /// (`TCP_USER_TIMEOUT`, on Linux, with a stall timeout). With `None` the connection of a
    /// vanished peer stays forever.
    pub fn with_dead_peer_timeout(self, dead_peer_timeout: Option<Duration>) -> Config {
        Config { dead_peer_timeout, ..self }
    }

    /// Sets the grace period: the time that a graceful stop has to send unsent bytes.
    pub fn with_grace(self, grace: Duration) -> Config {
        Config { grace, ..self }
    }

    /// Sets the most bytes of one read. Zero means one.
    ///
    /// If a reply is longer than its request, this bounds the replies that a peer can pile up in
    /// the server without reading them.
    pub fn with_read(self, read: usize) -> Config {
        Config { read: read.max(1), ..self }
    }

    /// Sets the certificate for the endpoints of the scheme `tls://`. Endpoints of other schemes
    /// stay in the clear.
    ///
    /// [`TlsAcceptor::reload`] and [`TlsAcceptor::replace`] change the certificate for connections
    /// to come, also while the server runs.
    ///
    /// ```no_run
    /// # use netcore::Address;
    /// # use netcore::server::{Output, Service};
    /// # struct Shout;
    /// # impl Service for Shout {
    /// #     type Connection = ();
    /// #     fn open(&mut self, _: &Address, _: &mut Output) {}
    /// #     fn receive(&mut self, _: &mut (), _: &[u8], _: &mut Output) {}
    /// # }
    /// use netcore::server::{Config, Server};
    /// use netcore::tls::TlsAcceptor;
    ///
    /// let tls = TlsAcceptor::from_files("cert.pem", "key.pem")?;
    /// let config = Config::default().with_tls(tls.clone());
    /// let server = Server::bind(&["tls://:7000".parse()?], config)?;
    /// // On another thread, once the certificate was renewed: tls.reload()?
    /// server.run(|_worker| Shout)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The service does not notice TLS. A connection reaches it once the handshake is done, which
    /// may take 10 s. A peer that ends without close_notify is
    /// [`Broken`](super::Closed::Broken) with
    /// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof).
    ///
    /// # Memory
    ///
    /// TLS adds at most [`MAX_BUFFERED`](crate::tls::MAX_BUFFERED) bytes for a connection, and as
    /// many for a [handshake](Self::with_max_handshakes): the state of the session, one record that
    /// the socket has not taken, and one message that has not arrived as a whole. So the bound is
    /// `(max_connections + max_handshakes) * MAX_BUFFERED`. An idle connection has the state only:
    /// about 3.7 KB on a 64-bit system, most of it in rustls.
    #[cfg(feature = "tls")]
    pub fn with_tls(self, tls: TlsAcceptor) -> Config {
        Config { tls: Some(tls), ..self }
    }

    /// Sets the most TLS handshakes at a time, over all workers and listeners. Zero means one for
    /// each worker.
    ///
    /// Handshakes do not count as [connections](Self::with_max_connections). At the limit further
    /// connections wait in the backlog. A handshake that has waited for its peer for over 1 s then
    /// makes room.
    #[cfg(feature = "tls")]
    pub fn with_max_handshakes(self, max_handshakes: usize) -> Config {
        Config { max_handshakes: max_handshakes.max(1), ..self }
    }
}
