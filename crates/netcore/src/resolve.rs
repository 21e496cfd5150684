//! Look-ups: addresses of names, names of addresses, ports of services.

mod getaddrinfo;
mod lookup_thread;
mod service;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use dns_lookup::LookupError;

use crate::endpoint::{Endpoint, Host, Port, Transport};
use crate::error::{Error, ErrorKind, Operation};
use crate::sys;
use crate::until::Until;
pub use getaddrinfo::Family;
use getaddrinfo::{Answer, Query, look_up, look_up_name};
pub use lookup_thread::MAX_LOOKUPS;
use lookup_thread::on_lookup_thread;
pub use service::{service_name, service_port};

#[cfg(test)]
mod tests;

/// Returns the addresses of `family` that an endpoint stands for, each once, in the order that the
/// system prefers (RFC 6724).
///
/// Numeric addresses, with their zone, and names under `localhost` never go to the resolver.
/// `localhost` and `NAME.localhost` stand for the loopback addresses `[::1]` and `127.0.0.1` (RFC
/// 6761 section 6.3), for UDP with `127.0.0.1` first. `:PORT` stands for the unspecified addresses,
/// `[::]` and `0.0.0.0`. [`service_port`] looks up the name of a
/// service. The deadline covers the whole.
///
/// # Errors
///
/// [`Operation::Resolve`] with the kind
/// - [`HostNotFound`](ErrorKind::HostNotFound), [`NoData`](ErrorKind::NoData),
///   [`TryAgain`](ErrorKind::TryAgain), [`ResolverFailed`](ErrorKind::ResolverFailed): the result
///   of getaddrinfo(3);
/// - [`HostNotFound`](ErrorKind::HostNotFound): no interface has the name of the address's zone;
/// - [`NoData`](ErrorKind::NoData): there are addresses, but none of `family`;
/// - [`ServiceNotFound`](ErrorKind::ServiceNotFound): no table has the service;
/// - [`TimedOut`](ErrorKind::TimedOut): the deadline passed first;
/// - [`Cancelled`](ErrorKind::Cancelled): the token was cancelled first;
/// - [`TryAgain`](ErrorKind::TryAgain): [`MAX_LOOKUPS`] look-ups are
///   running already;
/// - [`InvalidInput`](ErrorKind::InvalidInput): the endpoint is a Unix socket.
///
/// ```
/// use netcore::{Deadline, Endpoint};
/// use netcore::resolve::Family;
///
/// let endpoint: Endpoint = "127.0.0.1:80".parse()?;
/// let addresses = netcore::resolve::resolve(&endpoint, Family::Any, Deadline::never())?;
/// assert_eq!(addresses, ["127.0.0.1:80".parse()?]);
/// assert!(netcore::resolve::resolve(&endpoint, Family::Ipv6, Deadline::never()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve<'a>(
    endpoint: &Endpoint,
    family: Family,
    deadline: impl Into<Until<'a>>,
) -> Result<Vec<SocketAddr>, Error> {
    resolve_with(endpoint, family, deadline.into(), look_up)
        .map_err(|error| error.at(endpoint.as_given()))
}

/// Returns the name of an address from the system's tables and the DNS (`PTR`, RFC 1035 section
/// 3.5): getnameinfo(3).
///
/// The owner of the address chooses the name, and may choose that of another host. The name proves
/// nothing until [`resolve`] returns the address for it. It consists of letters, digits, `-`, `_`
/// and `.` only, and is never an address.
///
/// # Errors
///
/// [`Operation::Resolve`] with the kind
/// - [`HostNotFound`](ErrorKind::HostNotFound), [`TryAgain`](ErrorKind::TryAgain),
///   [`ResolverFailed`](ErrorKind::ResolverFailed): the result of getnameinfo(3);
/// - [`InvalidData`](ErrorKind::InvalidData): the result is no host name;
/// - [`TimedOut`](ErrorKind::TimedOut): the deadline passed first;
/// - [`Cancelled`](ErrorKind::Cancelled): the token was cancelled first;
/// - [`TryAgain`](ErrorKind::TryAgain): [`MAX_LOOKUPS`] look-ups are
///   running already.
///
/// ```no_run
/// use std::time::Duration;
/// use netcore::Deadline;
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// println!("{}", netcore::resolve::reverse("192.0.2.7".parse()?, deadline)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reverse<'a>(address: IpAddr, deadline: impl Into<Until<'a>>) -> Result<String, Error> {
    reverse_with(address, deadline.into(), look_up_name)
        .map_err(|error| error.at(address.to_string()))
}

fn resolve_with(
    endpoint: &Endpoint,
    family: Family,
    until: Until<'_>,
    look_up: impl Fn(&Query) -> Answer + Clone + Send + 'static,
) -> Result<Vec<SocketAddr>, Error> {
    let (Some(host), Some(port)) = (endpoint.host(), endpoint.port()) else {
        return Err(Error::new(Operation::Resolve, ErrorKind::InvalidInput)
            .because_text("a Unix socket has no address to look up"));
    };
    let transport = endpoint.transport();
    let wanted = |ip: &IpAddr| family.takes(Family::of(*ip));
    let name = match host {
        Host::Ip(ip, _) if !wanted(ip) => return Err(no_data("the address is of another family")),
        Host::Name(name) if !is_localhost(name) => Some(name.clone()),
        _ => None,
    };
    let port = match port {
        Port::Number(number) => *number,
        Port::Service(name) => service::port_with(name, transport, until, look_up.clone())?,
    };
    let Some(name) = name else {
        let known = known(host, port, transport)?;
        return Ok(known.into_iter().filter(|it| wanted(&it.ip())).collect());
    };
    let query = Query { host: Some(name), service: None, transport, family };
    let mut addresses = Vec::new();
    for mut address in on_lookup_thread(until, move || look_up(&query))? {
        address.set_port(port);
        if wanted(&address.ip()) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(no_data("the resolver gave an empty list"));
    }
    Ok(addresses)
}

/// Returns `true` for `localhost` and every name below it (RFC 6761 section 6.3), with or without
/// the root's dot.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit('.').next().is_some_and(|top| top.eq_ignore_ascii_case("localhost"))
}

/// Returns the addresses of a host that needs no resolver.
fn known(host: &Host, port: u16, transport: Transport) -> Result<Vec<SocketAddr>, Error> {
    let both = |v6: Ipv6Addr, v4: Ipv4Addr| {
        vec![SocketAddr::from((v6, port)), SocketAddr::from((v4, port))]
    };
    Ok(match host {
        Host::Any => both(Ipv6Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED),
        Host::Ip(IpAddr::V6(ip), zone) => {
            let zone = zone.as_deref().map_or(Ok(0), interface_number)?;
            vec![SocketAddr::V6(SocketAddrV6::new(*ip, port, 0, zone))]
        }
        Host::Ip(ip, _) => vec![SocketAddr::new(*ip, port)],
        Host::Name(_) => {
            let mut loopback = both(Ipv6Addr::LOCALHOST, Ipv4Addr::LOCALHOST);
            // Datagrams go to the first address, even if no server listens there. A server with
            // only one of the two usually has the IPv4 address.
            if transport == Transport::Udp {
                loopback.reverse();
            }
            loopback
        }
    })
}

/// Returns the number of the interface that a zone identifier names (RFC 4007 section 11).
fn interface_number(zone: &str) -> Result<u32, Error> {
    zone.parse().or_else(|_| sys::interface_number(zone)).map_err(|_| {
        let text = format!("this machine has no network interface {zone:?}");
        Error::new(Operation::Resolve, ErrorKind::HostNotFound).because_text(text)
    })
}

fn no_data(why: &'static str) -> Error {
    Error::new(Operation::Resolve, ErrorKind::NoData).because_text(why)
}

fn reverse_with(
    address: IpAddr,
    until: Until<'_>,
    look_up: impl FnOnce(IpAddr) -> Result<String, LookupError> + Send + 'static,
) -> Result<String, Error> {
    // An IPv4-mapped address has its name as an IPv4 address.
    let name = on_lookup_thread(until, move || look_up(address.to_canonical()))?;
    // The parser of endpoints rejects texts that are no host names, and those that pass for an
    // address.
    let is_name = format!("{name}:0")
        .parse::<Endpoint>()
        .is_ok_and(|endpoint| matches!(endpoint.host(), Some(Host::Name(same)) if *same == name));
    if is_name && name.is_ascii() {
        return Ok(name);
    }
    let text = format!("{name:?} is not a host name");
    Err(Error::new(Operation::Resolve, ErrorKind::InvalidData).because_text(text))
}
