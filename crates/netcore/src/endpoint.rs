//! Endpoints: the text forms of addresses, and their parser.

mod error;
mod parse;
mod to_endpoint;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::address::write_unix;
use crate::error::Error;
pub use error::ParseEndpointError;

#[cfg(test)]
mod tests;

/// An address to connect to or to listen on, as people write it.
///
/// ```
/// use netcore::{Endpoint, Transport};
///
/// let endpoint: Endpoint = "db.example:5432".parse()?;
/// assert_eq!(endpoint.transport(), Transport::Tcp);
/// assert_eq!(endpoint.to_string(), "tcp://db.example:5432");
/// # Ok::<(), netcore::endpoint::ParseEndpointError>(())
/// ```
///
/// | text | meaning |
/// |---|---|
/// | `db.example:5432` | a name and a port |
/// | `127.0.0.1:http` | a port may be a service's name |
/// | `:8080` | every interface, IPv4 and IPv6; to connect: this machine |
/// | `[::1]:80` | IPv6 stands in brackets |
/// | `[fe80::1%eth0]:80` | `%` precedes the zone, an interface's name or number (RFC 4007) |
/// | `unix:/run/app.sock` | a Unix socket's file |
/// | `unix:@app` | a Unix socket with an abstract name (unix(7)), on Linux |
///
/// `tcp://`, `udp://` or `tls://` (TLS over TCP) may stand before all but the last two; without it
/// the transport is TCP. `unix://PATH` is read as `unix:PATH`, and a file called `@app` is
/// `unix:./@app`.
///
/// An abstract name has no file and so no permissions: every process in the same network namespace
/// may connect. The name is free as soon as the socket is closed.
///
/// A port is all digits, from 0 to 65535, or the name of a service. A host name follows RFC 1123:
/// at most 253 bytes, and 63 in each label.
///
/// Prints with its scheme, in a form that parses to an equal endpoint. Parsing never panics and
/// looks nothing up.
#[derive(Clone)]
pub struct Endpoint {
    place: Place,
    /// The text that was parsed, for errors. It is not part of the value.
    given: Option<Box<str>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Place {
    Inet { transport: Transport, host: Host, port: Port },
    Unix(PathBuf),
}

/// The transport of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// TCP, a stream.
    Tcp,
    /// UDP, datagrams.
    Udp,
    /// A Unix socket, for a stream or datagrams.
    Unix,
    /// TLS over TCP, a stream. Its use needs the feature `tls`.
    Tls,
}

impl Transport {
    /// Returns `true` for TCP, with and without TLS on it.
    pub(crate) fn is_tcp(self) -> bool {
        matches!(self, Transport::Tcp | Transport::Tls)
    }
}

/// The host of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// No host: every interface to listen on, this machine to connect to.
    Any,
    /// An address, with the scope of a link-local one: an interface's name or number.
    Ip(IpAddr, Option<String>),
    /// A name to resolve.
    Name(String),
}

/// The port of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// A number; 0 stands for any free port.
    Number(u16),
    /// A service's name.
    Service(String),
}

impl Endpoint {
    /// Makes the endpoint of a TCP address.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Endpoint {
        Endpoint::inet(Transport::Tcp, address)
    }

    /// Makes the endpoint of a TCP address whose connections are encrypted by TLS.
    #[must_use]
    pub fn tls(address: SocketAddr) -> Endpoint {
        Endpoint::inet(Transport::Tls, address)
    }

    /// Makes the endpoint of a UDP address.
    #[must_use]
    pub fn udp(address: SocketAddr) -> Endpoint {
        Endpoint::inet(Transport::Udp, address)
    }

    /// Makes the endpoint of a Unix socket's file, or of an abstract name after a NUL (`"\0app"`).
    /// Unlike a parsed endpoint, its path may have any bytes. A path that the system can't take is
    /// refused when the endpoint is used.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Endpoint {
        let path = path.into();
        // Without a directory, a file whose name begins with `@` would print as an abstract name.
        let path = match path.as_os_str().as_encoded_bytes().first() {
            Some(b'@') => Path::new(".").join(path),
            _ => path,
        };
        Endpoint { place: Place::Unix(path), given: None }
    }

    pub(crate) fn inet(transport: Transport, address: SocketAddr) -> Endpoint {
        let scope = match address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => Some(v6.scope_id().to_string()),
            _ => None,
        };
        let host = Host::Ip(address.ip(), scope);
        let port = Port::Number(address.port());
        Endpoint { place: Place::Inet { transport, host, port }, given: None }
    }

    /// Returns the transport.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match &self.place {
            Place::Inet { transport, .. } => *transport,
            Place::Unix(_) => Transport::Unix,
        }
    }

    /// Returns the host. Returns `None` for a Unix socket.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        match &self.place {
            Place::Inet { host, .. } => Some(host),
            Place::Unix(_) => None,
        }
    }

    /// Returns the port. Returns `None` for a Unix socket.
    #[must_use]
    pub fn port(&self) -> Option<&Port> {
        match &self.place {
            Place::Inet { port, .. } => Some(port),
            Place::Unix(_) => None,
        }
    }

    /// Returns the file of a Unix socket, or its abstract name after a NUL. Returns `None` for
    /// other transports.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Inet { .. } => None,
            Place::Unix(path) => Some(path),
        }
    }

    /// Returns the endpoint with TLS over its TCP. An endpoint of another transport stays as it is.
    #[cfg(feature = "tls")]
    pub(crate) fn over_tls(&self) -> Endpoint {
        let mut endpoint = self.clone();
        if let Place::Inet { transport: transport @ Transport::Tcp, .. } = &mut endpoint.place {
            *transport = Transport::Tls;
            endpoint.given = None;
        }
        endpoint
    }

    /// Returns the endpoint under another name, by which errors and logs call it: `proxy p:3128`
    /// tells which of several hops has failed. The name is not part of the value.
    ///
    /// ```
    /// use netcore::{Deadline, Endpoint};
    /// use netcore::resolve::Family;
    ///
    /// let endpoint = "127.0.0.1:3128".parse::<Endpoint>()?.called("the proxy");
    /// let error = netcore::resolve::resolve(&endpoint, Family::Ipv6, Deadline::never());
    /// let text = error.unwrap_err().to_string();
    /// assert_eq!(text, "resolve the proxy: host has no address");
    /// # Ok::<(), netcore::endpoint::ParseEndpointError>(())
    /// ```
    #[must_use]
    pub fn called(mut self, name: &str) -> Endpoint {
        self.given = Some(name.into());
        self
    }

    /// Returns the text for errors: the parsed text, or else the printed form.
    pub(crate) fn as_given(&self) -> String {
        match &self.given {
            Some(given) => String::from(&**given),
            None => self.to_string(),
        }
    }
}

/// A value that names an endpoint: an [`Endpoint`], a text or a socket address.
///
/// ```
/// use netcore::endpoint::ToEndpoint;
/// use netcore::{Datagram, Listener, Transport};
///
/// let listener = Listener::bind("127.0.0.1:0")?;
/// assert_eq!(listener.endpoint().transport(), Transport::Tcp);
/// let datagrams = Datagram::bind("127.0.0.1:0")?;
/// assert_eq!(datagrams.endpoint().transport(), Transport::Udp);
/// let endpoint = "127.0.0.1:53".to_endpoint(Transport::Udp)?;
/// assert_eq!(endpoint.to_string(), "udp://127.0.0.1:53");
/// # Ok::<(), netcore::Error>(())
/// ```
pub trait ToEndpoint {
    /// Returns the endpoint. `transport` is the transport of a socket address and of a text without
    /// a scheme.
    ///
    /// # Errors
    ///
    /// [`Operation::Parse`](crate::Operation::Parse) with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the text is no endpoint.
    fn to_endpoint(&self, transport: Transport) -> Result<Endpoint, Error>;
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (transport, host, port) = match &self.place {
            Place::Inet { transport, host, port } => (transport, host, port),
            // `unix://x` is read as `unix:x`, so a path that begins with two slashes needs two
            // more.
            Place::Unix(path) if path.as_os_str().as_encoded_bytes().starts_with(b"//") => {
                return write!(f, "unix://{}", path.display());
            }
            Place::Unix(path) => return write_unix(f, path),
        };
        f.write_str(match transport {
            Transport::Udp => "udp://",
            Transport::Tls => "tls://",
            Transport::Tcp | Transport::Unix => "tcp://",
        })?;
        match host {
            Host::Any => {}
            Host::Ip(IpAddr::V4(ip), _) => write!(f, "{ip}")?,
            Host::Ip(IpAddr::V6(ip), None) => write!(f, "[{ip}]")?,
            Host::Ip(IpAddr::V6(ip), Some(scope)) => write!(f, "[{ip}%{scope}]")?,
            Host::Name(name) => f.write_str(name)?,
        }
        match port {
            Port::Number(number) => write!(f, ":{number}"),
            Port::Service(service) => write!(f, ":{service}"),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.to_string()).finish()
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Endpoint) -> bool {
        self.place == other.place
    }
}

impl Eq for Endpoint {}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
    }
}

impl From<SocketAddr> for Endpoint {
    /// Makes the endpoint of a TCP address.
    fn from(address: SocketAddr) -> Endpoint {
        Endpoint::tcp(address)
    }
}
