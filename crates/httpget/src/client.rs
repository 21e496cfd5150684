mod connect;
mod pool;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netcore::Connector;

use crate::connection::Connection;
use crate::error::Error;
use crate::limits::Limits;
use crate::protocol::Field;
use crate::request::Request;
use crate::response::Response;
use crate::timeouts::Timeouts;
use crate::url::Origin;
pub(crate) use connect::ConnectStep;
use pool::Pool;

/// How many idle connections a client keeps by itself, and for how long.
const IDLE: (usize, Duration) = (8, Duration::from_secs(60));

/// GETs `url`, as a new [`Client`] does. The body is still to be read.
///
/// # Errors
///
/// As [`Request::send`].
pub fn get(url: &str) -> Result<Response, Error> {
    Client::new().get(url).send()
}

/// Sends requests: what they have in common, and the connections that they take turns on.
///
/// A value to make once and use for many requests, from many threads. A clone shares the
/// connections, until one of the two is told to connect in another way.
///
/// ```no_run
/// use std::time::Duration;
/// use httpget::{Client, Limits, Timeouts};
///
/// let client = Client::new()
///     .with_limits(Limits::default().with_body(1 << 20))
///     .with_timeouts(Timeouts::default().with_total(Duration::from_secs(10)));
/// for page in ["http://example.net/a", "http://example.net/b"] {
///     let text = client.get(page).send()?.error_for_status()?.text(1 << 20)?;
///     println!("{} bytes", text.len());
/// }
/// # Ok::<(), httpget::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) settings: Arc<Settings>,
    pool: Arc<Mutex<Pool<Origin, Connection>>>,
}

/// What a client was told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) fields: Vec<Field>,
    connector: Connector,
    unix_socket: Option<PathBuf>,
    /// Which host and port are elsewhere than the resolver says.
    addresses: Vec<(Box<str>, u16, SocketAddr)>,
    idle: (usize, Duration),
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl Client {
    /// A client with the default [`Limits`] and [`Timeouts`].
    #[must_use]
    pub fn new() -> Client {
        let settings = Settings {
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            fields: Vec::new(),
            connector: Connector::new(),
            unix_socket: None,
            addresses: Vec::new(),
            idle: IDLE,
        };
        Client { pool: settings.pool(), settings: Arc::new(settings) }
    }

    /// What a server may make this side keep, read or follow.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Client {
        self.with(|settings| settings.limits = limits)
    }

    /// How long the parts of a transfer may take.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Client {
        self.with(|settings| settings.timeouts = timeouts)
    }

    /// A field for each request: one that is sent in place of a default, or a default that is not
    /// sent. [`parse_field`](crate::protocol::parse_field) makes it from a text.
    #[must_use]
    pub fn with_field(self, field: Field) -> Client {
        self.with(|settings| settings.fields.push(field))
    }

    /// How connections are made: address families, options of the sockets, the address of this
    /// side.
    #[must_use]
    pub fn with_connector(self, connector: Connector) -> Client {
        self.with(|settings| settings.connector = connector).with_connections_of_its_own()
    }

    /// Connects to this Unix socket, whatever a URL's host and port are.
    #[must_use]
    pub fn with_unix_socket(self, path: impl Into<PathBuf>) -> Client {
        self.with(|settings| settings.unix_socket = Some(path.into())).with_connections_of_its_own()
    }

    /// Connects to `address` where a URL has this host and port, and asks no resolver. `host` is
    /// compared without regard to case, and an IPv6 address has no brackets.
    #[must_use]
    pub fn with_address(self, host: &str, port: u16, address: SocketAddr) -> Client {
        self.with(|settings| settings.addresses.insert(0, (host.into(), port, address)))
            .with_connections_of_its_own()
    }

    /// Keeps at most `count` connections that no request uses, each for `time` at most; without this
    /// 8, for a minute. The oldest one makes room for the newest. Nobody watches over them: one that
    /// is too old is closed when the next one comes or is asked for.
    #[must_use]
    pub fn with_idle(self, count: usize, time: Duration) -> Client {
        self.with(|settings| settings.idle = (count, time)).with_connections_of_its_own()
    }

    /// A GET of `url`, to be sent. What is wrong with the URL is the error of sending it.
    pub fn get(&self, url: &str) -> Request {
        Request::new(self, url)
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// The time budgets.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        &self.settings.timeouts
    }

    /// The newest idle connection to `origin` that is still alive.
    pub(crate) fn reuse_at(&self, now: Instant, origin: &Origin) -> Option<Connection> {
        loop {
            let idle = self.pool().take_at(now, origin)?;
            let alive = idle.again();
            if alive.is_some() {
                return alive;
            }
        }
    }

    /// Keeps `connection` for the next request to `origin`. `false`: none are kept.
    pub(crate) fn keep_at(&self, now: Instant, origin: Origin, connection: Connection) -> bool {
        self.pool().put_at(now, origin, connection)
    }

    fn pool(&self) -> MutexGuard<'_, Pool<Origin, Connection>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Client {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Connections made in another way are not this client's.
    fn with_connections_of_its_own(mut self) -> Client {
        self.pool = self.settings.pool();
        self
    }
}

impl Settings {
    fn pool(&self) -> Arc<Mutex<Pool<Origin, Connection>>> {
        let (count, time) = self.idle;
        Arc::new(Mutex::new(Pool::new(count, time)))
    }
}
