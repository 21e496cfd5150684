//! The system's resolver: getaddrinfo(3) and getnameinfo(3).

use std::net::{IpAddr, SocketAddr};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, SockType};

use crate::endpoint::Transport;
use crate::sys;

/// The address family of a look-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4 and IPv6 (`AF_UNSPEC`).
    #[default]
    Any,
    /// IPv4 only (`AF_INET`).
    Ipv4,
    /// IPv6 only (`AF_INET6`).
    Ipv6,
}

impl Family {
    /// Returns the family of `address`.
    #[must_use]
    pub fn of(address: IpAddr) -> Family {
        match address {
            IpAddr::V4(_) => Family::Ipv4,
            IpAddr::V6(_) => Family::Ipv6,
        }
    }

    /// Returns `true` if this family includes addresses of the family `other`.
    #[must_use]
    pub fn takes(self, other: Family) -> bool {
        self == Family::Any || self == other
    }
}

/// A query for the resolver, with a host or a service or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) host: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) family: Family,
}

pub(crate) type Answer = Result<Vec<SocketAddr>, LookupError>;

/// Asks the system's resolver for addresses: getaddrinfo(3).
pub(crate) fn look_up(query: &Query) -> Answer {
    // Without a socket type each address would come once for each type.
    let socktype = match query.transport {
        Transport::Udp => SockType::DGram,
        Transport::Tcp | Transport::Tls | Transport::Unix => SockType::Stream,
    };
    let family = match query.family {
        Family::Any => 0,
        Family::Ipv4 => AddrFamily::Inet.into(),
        Family::Ipv6 => AddrFamily::Inet6.into(),
    };
    let hints =
        AddrInfoHints { socktype: socktype.into(), address: family, ..AddrInfoHints::default() };
    let list =
        dns_lookup::getaddrinfo(query.host.as_deref(), query.service.as_deref(), Some(hints))?;
    // Skips entries of other families than IP.
    Ok(list.filter_map(Result::ok).map(|entry| entry.sockaddr).collect())
}

/// Asks the system's resolver for the name of an address: getnameinfo(3).
pub(crate) fn look_up_name(address: IpAddr) -> Result<String, LookupError> {
    let flags = sys::NI_NAMEREQD | sys::NI_NUMERICSERV;
    Ok(dns_lookup::getnameinfo(&SocketAddr::new(address, 0), flags)?.0)
}
