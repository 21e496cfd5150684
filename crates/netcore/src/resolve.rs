#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use dns_lookup::{AddrInfoHints, LookupError, SockType};

use crate::service::well_known_port;
use crate::{Deadline, Endpoint, Error, ErrorKind, Host, Operation, Port, Transport};

/// How many look-ups this process has under way at most. getaddrinfo(3) can't be interrupted, so a
/// look-up whose deadline passed keeps its thread until the resolver gives up.
pub const MAX_LOOKUPS: usize = 64;

/// The addresses that an endpoint stands for, in the order in which the system prefers them (RFC
/// 6724), each once.
///
/// A numeric address is never given to the resolver. `:PORT` stands for the two unspecified
/// addresses, `[::]` and `0.0.0.0`. A service's name is looked for in the system's table first, then
/// in a built-in one with IANA's common names.
///
/// # Errors
///
/// [`Operation::Resolve`] with the kind
/// - [`HostNotFound`](ErrorKind::HostNotFound), [`NoData`](ErrorKind::NoData),
///   [`TryAgain`](ErrorKind::TryAgain), [`ResolverFailed`](ErrorKind::ResolverFailed): as
///   getaddrinfo(3) says;
/// - [`ServiceNotFound`](ErrorKind::ServiceNotFound): neither table has the service;
/// - [`TimedOut`](ErrorKind::TimedOut): the deadline passed first;
/// - [`TryAgain`](ErrorKind::TryAgain): [`MAX_LOOKUPS`] are under way already;
/// - [`InvalidInput`](ErrorKind::InvalidInput): the endpoint is a Unix socket.
///
/// ```
/// use netcore::{Deadline, Endpoint};
///
/// let endpoint: Endpoint = "127.0.0.1:80".parse()?;
/// let addresses = netcore::resolve(&endpoint, Deadline::never())?;
/// assert_eq!(addresses, ["127.0.0.1:80".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve(endpoint: &Endpoint, deadline: Deadline) -> Result<Vec<SocketAddr>, Error> {
    resolve_with(endpoint, deadline, look_up).map_err(|error| error.at(endpoint.as_given()))
}

/// What a resolver is asked. At least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Query {
    host: Option<String>,
    service: Option<String>,
    transport: Transport,
}

type Answer = Result<Vec<SocketAddr>, LookupError>;

fn resolve_with(
    endpoint: &Endpoint,
    deadline: Deadline,
    look_up: impl Fn(&Query) -> Answer + Clone + Send + 'static,
) -> Result<Vec<SocketAddr>, Error> {
    let (Some(host), Some(port)) = (endpoint.host(), endpoint.port()) else {
        return Err(Error::new(Operation::Resolve, ErrorKind::InvalidInput)
            .because(io::Error::other("a Unix socket has no address to look up")));
    };
    let transport = endpoint.transport();
    let port = match port {
        Port::Number(number) => *number,
        Port::Service(name) => service_port(name, transport, deadline, look_up.clone())?,
    };
    let name = match host {
        Host::Any => {
            let any: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
            return Ok(any.map(|ip| SocketAddr::new(ip, port)).to_vec());
        }
        Host::Ip(ip, None) => return Ok(vec![SocketAddr::new(*ip, port)]),
        Host::Ip(ip, Some(scope)) => match (ip, scope.parse()) {
            (IpAddr::V6(ip), Ok(scope)) => {
                return Ok(vec![SocketAddr::V6(SocketAddrV6::new(*ip, port, 0, scope))]);
            }
            // An interface's name. The system turns it into a number without asking any server.
            _ => format!("{ip}%{scope}"),
        },
        Host::Name(name) => name.clone(),
    };
    let query = Query { host: Some(name), service: None, transport };
    let mut addresses = Vec::new();
    for mut address in on_helper(deadline, move || look_up(&query))? {
        address.set_port(port);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(Error::new(Operation::Resolve, ErrorKind::NoData)
            .because(io::Error::other("the resolver gave an empty list")));
    }
    Ok(addresses)
}

fn service_port(
    name: &str,
    transport: Transport,
    deadline: Deadline,
    look_up: impl Fn(&Query) -> Answer + Send + 'static,
) -> Result<u16, Error> {
    let query = Query { host: None, service: Some(String::from(name)), transport };
    let answer = on_helper(deadline, move || look_up(&query));
    match answer {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses[0].port()),
        Err(error) if error.is_timeout() => Err(error),
        // A system without a table answers in several ways: EAI_SERVICE, EAI_NONAME, EAI_SYSTEM.
        _ => well_known_port(name).ok_or_else(|| {
            let text = format!("neither the system's table nor the built-in one has {name:?}");
            Error::new(Operation::Resolve, ErrorKind::ServiceNotFound)
                .because(io::Error::other(text))
        }),
    }
}

fn look_up(query: &Query) -> Answer {
    // One socket type, for else each address comes once for each type.
    let socktype = match query.transport {
        Transport::Udp => SockType::DGram,
        Transport::Tcp | Transport::Unix => SockType::Stream,
    };
    let hints = AddrInfoHints { socktype: socktype.into(), ..AddrInfoHints::default() };
    let list =
        dns_lookup::getaddrinfo(query.host.as_deref(), query.service.as_deref(), Some(hints))?;
    // An entry of a family that is not IP is no address for us.
    Ok(list.filter_map(Result::ok).map(|entry| entry.sockaddr).collect())
}

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// One of the [`MAX_LOOKUPS`], given back when its thread ends, however it ends.
struct Place<'a>(&'a AtomicUsize);

impl Place<'_> {
    fn take(count: &AtomicUsize) -> Option<Place<'_>> {
        let take = |taken| (taken < MAX_LOOKUPS).then_some(taken + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok().map(|_| Place(count))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn on_helper(
    deadline: Deadline,
    look_up: impl FnOnce() -> Answer + Send + 'static,
) -> Result<Vec<SocketAddr>, Error> {
    if deadline.is_expired() {
        return Err(Error::timed_out(Operation::Resolve));
    }
    let Some(place) = Place::take(&UNDER_WAY) else {
        let text = format!("{MAX_LOOKUPS} look-ups are under way");
        return Err(
            Error::new(Operation::Resolve, ErrorKind::TryAgain).because(io::Error::other(text))
        );
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    let work = move || {
        let answer = look_up();
        drop(place);
        // Nobody waits any more where the deadline has passed.
        let _ = sender.send(answer);
    };
    thread::Builder::new()
        .name(String::from("resolve"))
        .spawn(work)
        .map_err(|error| Error::from_io(Operation::Resolve, error))?;
    let answer = match deadline.remaining() {
        Some(left) => receiver.recv_timeout(left),
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match answer {
        Ok(answer) => answer.map_err(Error::from_lookup),
        Err(RecvTimeoutError::Timeout) => Err(Error::timed_out(Operation::Resolve)),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Error::new(Operation::Resolve, ErrorKind::Other)
                .because(io::Error::other("the look-up ended without an answer")))
        }
    }
}
