//! The far end of a tunnel.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::url::Url;

/// The host and port at the far end of a tunnel.
///
/// Prints as the request target of CONNECT (RFC 9112 section 3.2.3): `example.com:443`,
/// `[::1]:443`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TunnelTarget {
    host: TunnelHost,
    port: u16,
}

/// The host of a [`TunnelTarget`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TunnelHost {
    /// A name that the proxy resolves.
    Name(Box<str>),
    /// An address.
    Ip(IpAddr),
}

impl TunnelTarget {
    /// Returns the server of a URL. The scope of an IPv6 address belongs to this machine, so the
    /// proxy does not get it.
    #[must_use]
    pub fn of(url: &Url) -> TunnelTarget {
        let host = url.host();
        let unscoped = host.split_once('%').map_or(host, |(ip, _)| ip);
        let host = match unscoped.parse() {
            Ok(ip) => TunnelHost::Ip(ip),
            Err(_) => TunnelHost::Name(host.into()),
        };
        TunnelTarget { host, port: url.port() }
    }

    /// Returns the host.
    #[must_use]
    pub fn host(&self) -> &TunnelHost {
        &self.host
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl From<SocketAddr> for TunnelTarget {
    /// Makes the target of an address, without its scope.
    fn from(address: SocketAddr) -> TunnelTarget {
        TunnelTarget { host: TunnelHost::Ip(address.ip()), port: address.port() }
    }
}

impl fmt::Display for TunnelTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.host {
            TunnelHost::Name(name) => write!(f, "{name}:{port}"),
            TunnelHost::Ip(IpAddr::V4(ip)) => write!(f, "{ip}:{port}"),
            TunnelHost::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{port}"),
        }
    }
}
