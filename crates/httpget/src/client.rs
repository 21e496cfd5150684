//! The client: settings and idle connections that requests share.

pub(crate) mod connect;
mod credentials;
#[cfg(feature = "proxy")]
mod through;
#[cfg(feature = "tls")]
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "tls")]
use netcore::tls::TlsConnector;
use netcore::{CancelToken, Connector};

#[cfg(feature = "cookies")]
use crate::cookies::jar::CookieJar;
use crate::limits::Limits;
#[cfg(feature = "netrc")]
use crate::netrc::Netrc;
use crate::pool::Pool;
use crate::protocol::{Field, RequestHead};
#[cfg(feature = "proxy")]
use crate::proxy::ProxyRules;
use crate::route::Routes;
use crate::timeouts::Timeouts;
use crate::url::to_ascii;
#[cfg(feature = "tls")]
use tls::Tls;

#[cfg(test)]
mod tests;

/// The default limit of idle connections, and the longest time that one is kept.
const IDLE: (usize, Duration) = (8, Duration::from_secs(60));

/// A client: the settings and the idle connections that its requests share.
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
///
/// Make one client and use it for many requests, from any number of threads. A clone shares the
/// idle connections until one of the two gets another connector, socket or address.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) settings: Arc<Settings>,
    pub(crate) pool: Pool,
}

/// The settings of a client.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) fields: Vec<Field>,
    /// `true` if content codings are asked for and undone.
    pub(crate) decode: bool,
    pub(crate) downgrade: bool,
    pub(crate) token: Option<CancelToken>,
    #[cfg(feature = "cookies")]
    pub(crate) cookies: Option<CookieJar>,
    #[cfg(feature = "netrc")]
    netrc: Option<Arc<Netrc>>,
    connector: Connector,
    #[cfg(feature = "proxy")]
    proxies: ProxyRules,
    #[cfg(feature = "tls")]
    tls: Tls,
    unix_socket: Option<PathBuf>,
    /// Fixed addresses: host, port, and the address used instead of the resolver's answer.
    addresses: Vec<(Box<str>, u16, SocketAddr)>,
    idle: (usize, Duration),
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl Client {
    /// Returns a client with the default [`Limits`] and [`Timeouts`].
    #[must_use]
    pub fn new() -> Client {
        let settings = Settings {
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            fields: Vec::new(),
            decode: false,
            downgrade: false,
            token: None,
            #[cfg(feature = "cookies")]
            cookies: None,
            #[cfg(feature = "netrc")]
            netrc: None,
            connector: Connector::new(),
            #[cfg(feature = "proxy")]
            proxies: ProxyRules::new(),
            #[cfg(feature = "tls")]
            tls: Tls::default(),
            unix_socket: None,
            addresses: Vec::new(),
            idle: IDLE,
        };
        Client { pool: settings.pool(), settings: Arc::new(settings) }
    }

    /// Sets the limits on what a server can make this client keep, read or follow.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Client {
        self.with(|settings| settings.limits = limits)
    }

    /// Sets the timeouts for the parts of a transfer.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Client {
        self.with(|settings| settings.timeouts = timeouts)
    }

    /// Adds a field to each request. It replaces a default field, or removes one if it has no
    /// value. [`parse_field`](crate::protocol::parse_field) reads it from a text.
    #[must_use]
    pub fn with_field(self, field: Field) -> Client {
        self.with(|settings| settings.fields.push(field))
    }

    /// Asks for the content codings that are built in, and undoes the codings of a response:
    /// [`Body`](crate::Body) gives decoded content. The default is `false`: content comes as it was
    /// sent. [`Request::with_decoding`](crate::Request::with_decoding) sets it for one request.
    ///
    /// An `Accept-Encoding` set or removed by hand stays that way. Content-Length, ranges and
    /// [`Body::received`](crate::Body::received) count coded bytes, and
    /// [`Body::decoded`](crate::Body::decoded) the others. Available with one of the features
    /// `gzip`, `brotli` and `zstd`.
    ///
    /// ```no_run
    /// use httpget::{Client, Limits};
    ///
    /// let limits = Limits::default().with_body(100 << 20);
    /// let client = Client::new().with_decoding(true).with_limits(limits);
    /// let page = client.get("http://example.net/").send()?.text(1 << 20)?;
    /// # Ok::<(), httpget::Error>(())
    /// ```
    #[cfg(feature = "coding")]
    #[must_use]
    pub fn with_decoding(self, decode: bool) -> Client {
        self.with(|settings| settings.decode = decode)
    }

    /// Cancels all requests when `token` is cancelled, those of
    /// [`get_all`](Client::get_all) included; see [`Request::with_cancel`].
    ///
    /// [`Request::with_cancel`]: crate::Request::with_cancel
    #[must_use]
    pub fn with_cancel(self, token: CancelToken) -> Client {
        self.with(|settings| settings.token = Some(token))
    }

    /// Sets the connector: address families, socket options, and the local address.
    #[must_use]
    pub fn with_connector(self, connector: Connector) -> Client {
        self.with(|settings| settings.connector = connector).with_connections_of_its_own()
    }

    /// Sets the TLS settings of `https://` URLs: the trusted roots, an own certificate. By default
    /// the first such URL loads the roots of the system. The server's name comes from the URL. The
    /// application protocol is always `http/1.1`. Feature `tls`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(self, connector: TlsConnector) -> Client {
        self.with(|settings| settings.tls = Tls::new(connector)).with_connections_of_its_own()
    }

    /// Follows redirects from `https://` to `http://`, whose target anybody on the way can read and
    /// change. By default such a redirect is an error, [`ErrorKind::InsecureRedirect`].
    ///
    /// [`ErrorKind::InsecureRedirect`]: crate::ErrorKind::InsecureRedirect
    #[must_use]
    pub fn with_insecure_redirects(self, follow: bool) -> Client {
        self.with(|settings| settings.downgrade = follow)
    }

    /// Keeps cookies in `jar`, and sends them. The client's clones, and other clients with a clone
    /// of the jar, share them. Feature `cookies`.
    ///
    /// A field `Cookie` that is set by hand replaces them on its origin.
    #[cfg(feature = "cookies")]
    #[must_use]
    pub fn with_cookies(self, jar: CookieJar) -> Client {
        self.with(|settings| settings.cookies = Some(jar))
    }

    /// Sets the proxies. By default there are none, whatever the environment says; see
    /// [`ProxyRules::from_env`]. Feature `proxy`.
    ///
    /// ```no_run
    /// use httpget::Client;
    /// use httpget::proxy::{Proxy, ProxyRules};
    ///
    /// let proxy = Proxy::parse("socks5h://localhost:9050")?;
    /// let client = Client::new().with_proxies(ProxyRules::from(proxy));
    /// println!("{}", client.get("https://example.com/").send()?.status());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// `http://` URLs go to an HTTP proxy in absolute form. `https://` URLs go through a tunnel, as
    /// all URLs do through a SOCKS proxy. The certificate of an `https://` proxy has to be for its
    /// own name; the other settings of TLS are those for servers. [`Timeouts::connect`] covers the
    /// proxy's handshake.
    ///
    /// The user and password of a proxy go to it only, and so does a `Proxy-Authorization` that is
    /// set as a field of a request: no server gets that field.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn with_proxies(self, proxies: ProxyRules) -> Client {
        self.with(|settings| settings.proxies = proxies)
    }

    /// Connects to this Unix socket instead of a URL's host and port, and instead of a proxy.
    #[must_use]
    pub fn with_unix_socket(self, path: impl Into<PathBuf>) -> Client {
        self.with(|settings| settings.unix_socket = Some(path.into())).with_connections_of_its_own()
    }

    /// Connects to `address` for URLs with this host and port, without asking a resolver. `host` is
    /// compared without regard to case, and an IPv6 address has no brackets. This applies to the
    /// host of a proxy too, but not to names that a proxy resolves.
    #[must_use]
    pub fn with_address(self, host: &str, port: u16, address: SocketAddr) -> Client {
        let ascii = if host.is_ascii() { None } else { to_ascii(host).ok() };
        let host = ascii.as_deref().unwrap_or(host);
        self.with(|settings| settings.addresses.insert(0, (host.into(), port, address)))
            .with_connections_of_its_own()
    }

    /// Keeps at most `count` idle connections, each for at most `time`. The default is 8 for a
    /// minute. The oldest connection makes room for the newest. An expired connection is closed
    /// when the next one is added or requested.
    #[must_use]
    pub fn with_idle(self, count: usize, time: Duration) -> Client {
        self.with(|settings| settings.idle = (count, time)).with_connections_of_its_own()
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// Returns the timeouts.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        &self.settings.timeouts
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Client {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Gives this client a pool of its own: connections made with other settings must not be used.
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

    /// Returns the fixed address for a host and port.
    fn address_of(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let mut fixed = self.addresses.iter();
        fixed.find(|it| it.1 == port && it.0.eq_ignore_ascii_case(host)).map(|it| it.2)
    }

    /// Returns the routes of a transfer that begins with this request. As in curl, a Unix socket
    /// takes the place of proxies too.
    #[cfg(feature = "proxy")]
    pub(crate) fn routes(&self, head: &mut RequestHead) -> Routes<'_> {
        Routes::new(self.unix_socket.is_none().then_some(&self.proxies), head)
    }

    /// Returns the routes of a transfer.
    #[cfg(not(feature = "proxy"))]
    pub(crate) fn routes(&self, _: &mut RequestHead) -> Routes {
        Routes
    }
}
