//! Ports by service name, and service names by port.

mod well_known;

use std::net::{Ipv4Addr, SocketAddr};

use dns_lookup::LookupError;

use crate::endpoint::Transport;
use crate::error::{Error, ErrorKind, Operation};
use crate::resolve::getaddrinfo::{Answer, Family, Query, look_up};
use crate::resolve::lookup_thread::on_lookup_thread;
use crate::sys;
use crate::until::Until;

#[cfg(test)]
mod tests;

/// Returns the port of a service: `http` is 80.
///
/// The system's table comes first (`/etc/services`, or another source in nsswitch.conf(5)). A
/// built-in table with IANA's common names follows, for the many containers without a table; it
/// ignores case. A number is not a service name (RFC 6335 section 5.1), and [`Transport::Unix`] has
/// no services.
///
/// # Errors
///
/// [`Operation::Resolve`] with the kind
/// - [`ServiceNotFound`](ErrorKind::ServiceNotFound): no table has it for this transport;
/// - [`TimedOut`](ErrorKind::TimedOut): the deadline passed first;
/// - [`Cancelled`](ErrorKind::Cancelled): the token was cancelled first;
/// - [`TryAgain`](ErrorKind::TryAgain): the system's table is not available at present, or
///   [`MAX_LOOKUPS`](crate::resolve::MAX_LOOKUPS) look-ups are running, and the built-in table does
///   not have the service.
///
/// ```
/// use std::time::Duration;
/// use netcore::{Deadline, Transport};
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// assert_eq!(netcore::resolve::service_port("http", Transport::Tcp, deadline)?, 80);
/// assert_eq!(netcore::resolve::service_name(69, Transport::Udp, deadline)?, "tftp");
/// # Ok::<(), netcore::Error>(())
/// ```
pub fn service_port<'a>(
    name: &str,
    transport: Transport,
    deadline: impl Into<Until<'a>>,
) -> Result<u16, Error> {
    port_with(name, transport, deadline.into(), look_up)
        .map_err(|error| error.at(format!("{name}/{}", protocol(transport))))
}

/// Returns the name of the service on a port: 80 is `http`. The tables are those of
/// [`service_port`].
///
/// # Errors
///
/// As [`service_port`].
pub fn service_name<'a>(
    port: u16,
    transport: Transport,
    deadline: impl Into<Until<'a>>,
) -> Result<String, Error> {
    name_with(port, transport, deadline.into(), look_up_service)
        .map_err(|error| error.at(format!("{port}/{}", protocol(transport))))
}

pub(crate) fn port_with(
    name: &str,
    transport: Transport,
    until: Until<'_>,
    look_up: impl FnOnce(&Query) -> Answer + Send + 'static,
) -> Result<u16, Error> {
    // getaddrinfo(3) would take digits for the port itself.
    if transport == Transport::Unix || !name.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Err(not_found());
    }
    let query =
        Query { host: None, service: Some(String::from(name)), transport, family: Family::Any };
    let answer = on_lookup_thread(until, move || look_up(&query));
    let answer = answer.map(|addresses| addresses.first().map(SocketAddr::port));
    or_built_in(answer, well_known::port(name, transport))
}

fn name_with(
    port: u16,
    transport: Transport,
    until: Until<'_>,
    look_up: impl FnOnce(u16, Transport) -> Result<String, LookupError> + Send + 'static,
) -> Result<String, Error> {
    if transport == Transport::Unix || port == 0 {
        return Err(not_found());
    }
    let answer = on_lookup_thread(until, move || look_up(port, transport));
    // A system without a name returns the number.
    let answer =
        answer.map(|name| name.bytes().any(|byte| byte.is_ascii_alphabetic()).then_some(name));
    or_built_in(answer, well_known::name(port, transport).map(String::from))
}

/// Returns the system's answer, else that of the built-in table.
fn or_built_in<T>(answer: Result<Option<T>, Error>, built_in: Option<T>) -> Result<T, Error> {
    match (answer, built_in) {
        (Ok(Some(found)), _) => Ok(found),
        (Err(error), _) if error.is_timeout() || error.kind() == ErrorKind::Cancelled => Err(error),
        (_, Some(found)) => Ok(found),
        (Err(error), None) if error.kind() == ErrorKind::TryAgain => Err(error),
        // A system without a table reports several codes: EAI_SERVICE, EAI_NONAME, EAI_SYSTEM.
        (_, None) => Err(not_found()),
    }
}

fn not_found() -> Error {
    Error::new(Operation::Resolve, ErrorKind::ServiceNotFound)
        .because_text("it is neither in the system's table nor in the built-in one")
}

fn protocol(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp | Transport::Tls => "tcp",
        Transport::Udp => "udp",
        Transport::Unix => "unix",
    }
}

fn look_up_service(port: u16, transport: Transport) -> Result<String, LookupError> {
    let datagram = if transport == Transport::Udp { sys::NI_DGRAM } else { 0 };
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    Ok(dns_lookup::getnameinfo(&address, sys::NI_NUMERICHOST | datagram)?.1)
}
