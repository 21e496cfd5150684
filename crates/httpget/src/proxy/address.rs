//! The address of a proxy, with its protocol and credentials.

use std::fmt;
use std::str::FromStr;

use netcore::Endpoint;

use super::error::ParseProxyError;
use crate::url::Credentials;
use crate::url::authority::{self, Authority};
use crate::url::error::{Refusal, refuse, refuse_scheme};

/// The default port of every proxy except `https://`, as in curl.
const DEFAULT_PORT: u16 = 1080;
const DEFAULT_HTTPS_PORT: u16 = 443;

/// A proxy: its protocol, its address, and the user and password for it.
///
/// ```
/// use httpget::proxy::{Proxy, ProxyScheme};
///
/// let proxy = Proxy::parse("socks5h://ann:secret@proxy.example")?;
/// assert_eq!(proxy.scheme(), ProxyScheme::Socks5h);
/// assert_eq!(proxy.to_string(), "socks5h://proxy.example:1080");
/// # Ok::<(), httpget::proxy::ParseProxyError>(())
/// ```
///
/// Neither `Display` nor `Debug` shows user or password. Two proxies are equal if their users and
/// passwords are equal too.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    scheme: ProxyScheme,
    /// A name in lower case, or an address, without brackets.
    host: Box<str>,
    port: u16,
    /// Named after the proxy, so that errors tell it from the server.
    endpoint: Endpoint,
    credentials: Option<Credentials>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyScheme {
    /// HTTP in the clear: `http://` URLs in absolute form, and CONNECT.
    Http,
    /// HTTP over TLS. Needs the feature `tls`.
    Https,
    /// SOCKS4. Names are resolved here, to IPv4 addresses.
    Socks4,
    /// SOCKS4a. The proxy resolves names.
    Socks4a,
    /// SOCKS5. Names are resolved here.
    Socks5,
    /// SOCKS5. The proxy resolves names.
    Socks5h,
}

impl Proxy {
    /// Parses `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]`. The default scheme is `http`; the default
    /// port is 443 for `https` and otherwise 1080, as in curl. User and password are
    /// percent-encoded.
    ///
    /// # Errors
    ///
    /// The error has the offset of the wrong byte, and the fault: an unknown scheme, a path, and
    /// the faults of a host, port, user and password as in [`Url::parse`](crate::Url::parse).
    pub fn parse(text: &str) -> Result<Proxy, ParseProxyError> {
        parse(text).map_err(|refusal| ParseProxyError::new(text, refusal))
    }

    /// Sets the user and password.
    #[must_use]
    pub fn with_credentials(self, credentials: Credentials) -> Proxy {
        Proxy { credentials: Some(credentials), ..self }
    }

    /// Returns the protocol.
    #[must_use]
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Returns the host: a name in lower case, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the user and password.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Returns the endpoint to connect to. Errors call it as [`name`](Proxy::name) does.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Returns the name of the proxy in errors: `proxy p:3128`, `SOCKS5 proxy p:1080`.
    #[must_use]
    pub fn name(&self) -> String {
        let kind = match self.scheme {
            ProxyScheme::Http | ProxyScheme::Https => "",
            ProxyScheme::Socks4 | ProxyScheme::Socks4a => "SOCKS4 ",
            ProxyScheme::Socks5 | ProxyScheme::Socks5h => "SOCKS5 ",
        };
        format!("{kind}proxy {}", HostAndPort(&self.host, self.port))
    }
}

impl ProxyScheme {
    /// Returns the scheme as it stands in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
            ProxyScheme::Socks4 => "socks4",
            ProxyScheme::Socks4a => "socks4a",
            ProxyScheme::Socks5 => "socks5",
            ProxyScheme::Socks5h => "socks5h",
        }
    }

    /// Returns `true` for HTTP proxies, which take URLs in absolute form.
    pub(crate) fn is_http(self) -> bool {
        matches!(self, ProxyScheme::Http | ProxyScheme::Https)
    }

    /// Returns `true` if names are resolved before the proxy gets their address.
    pub(crate) fn resolves_here(self) -> bool {
        matches!(self, ProxyScheme::Socks4 | ProxyScheme::Socks5)
    }
}

fn parse(text: &str) -> Result<Proxy, Refusal> {
    if let Some(at) = text.find(|c: char| c == ' ' || c.is_control()) {
        return refuse(at, "no space or control character expected");
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((name, rest)) => (known(name)?, rest),
        None => (ProxyScheme::Http, text),
    };
    let offset = text.len() - rest.len();
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !matches!(tail, "" | "/") {
        return refuse(offset + authority.len(), "no path expected behind the host and port");
    }
    let default_port = match scheme {
        ProxyScheme::Https => DEFAULT_HTTPS_PORT,
        _ => DEFAULT_PORT,
    };
    let Authority { credentials, host, port, endpoint } =
        authority::parse(authority.as_bytes(), offset, default_port)?;
    let proxy = Proxy { scheme, host: host.into_boxed_str(), port, endpoint, credentials };
    let endpoint = proxy.endpoint().called(&proxy.name());
    Ok(Proxy { endpoint, ..proxy })
}

/// Schemes have no case (RFC 3986 section 3.1).
fn known(scheme: &str) -> Result<ProxyScheme, Refusal> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok(ProxyScheme::Http),
        "https" => Ok(ProxyScheme::Https),
        "socks4" => Ok(ProxyScheme::Socks4),
        "socks4a" => Ok(ProxyScheme::Socks4a),
        "socks5" => Ok(ProxyScheme::Socks5),
        "socks5h" => Ok(ProxyScheme::Socks5h),
        other => refuse_scheme(other),
    }
}

/// Prints with brackets around an IPv6 address.
struct HostAndPort<'a>(&'a str, u16);

impl fmt::Display for HostAndPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HostAndPort(host, port) = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

impl FromStr for Proxy {
    type Err = ParseProxyError;

    /// As [`Proxy::parse`].
    fn from_str(text: &str) -> Result<Proxy, ParseProxyError> {
        Proxy::parse(text)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), HostAndPort(&self.host, self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.to_string()).finish()
    }
}
