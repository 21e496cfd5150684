pub(crate) mod connect;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use netcore::Connector;

use crate::limits::Limits;
use crate::pool::Pool;
use crate::protocol::Field;
use crate::timeouts::Timeouts;

/// How many idle connections a client keeps by itself, and for how long.
const IDLE: (usize, Duration) = (8, Duration::from_secs(60));

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
    pub(crate) pool: Pool,
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
    fn pool(&self) -> Pool {
        let (count, time) = self.idle;
        Pool::new(count, time)
    }
}
