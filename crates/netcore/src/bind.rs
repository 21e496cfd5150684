//! Binding of listeners and datagram sockets.

#[cfg(target_os = "linux")]
mod owner;
#[cfg(not(target_os = "linux"))]
mod owner {
    /// Returns `None`: only Linux shows the owner of an address.
    pub(super) fn address_owner(
        _: crate::endpoint::Transport,
        _: &crate::address::Address,
    ) -> Option<String> {
        None
    }
}

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::address::{Address, is_abstract};
use crate::deadline::Deadline;
use crate::endpoint::{Endpoint, Host, Port, Transport};
use crate::error::kind::NO_FREE_PORT;
use crate::error::{Error, ErrorKind, Operation};
use crate::options::{Keepalive, SocketOptions};
use crate::resolve::{Family, resolve};
use crate::socket_file::{self, SocketFile};
use crate::sys;

#[cfg(test)]
mod tests;

/// The time limit for looking up the name of an endpoint to bind.
const LOOKUP_LIMIT: Duration = Duration::from_secs(30);

/// Attempts to find a free port that is available on every address of an endpoint with port 0.
const PORT_TRIES: u32 = 16;

/// The backlog of a listener; listen(2) cuts it to the system's limit.
const DEFAULT_BACKLOG: u32 = 4096;

/// A bound socket, which listens if it is a stream socket. The file is the first field, so it is
/// dropped before the socket is closed.
pub(crate) struct Bound {
    pub(crate) file: Option<SocketFile>,
    pub(crate) socket: Socket,
    pub(crate) endpoint: Endpoint,
}

/// The addresses of an endpoint to bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// The first one of a family that the machine has.
    First,
    All,
}

/// Binds one socket.
pub(crate) fn bind_first(
    endpoint: &Endpoint,
    options: &SocketOptions,
    kind: Type,
) -> Result<Bound, Error> {
    let mut bound = bind(endpoint, options, kind, Addresses::First)?;
    debug_assert_eq!(bound.len(), 1, "{endpoint}");
    Ok(bound.remove(0))
}

/// Binds one socket for each of the `addresses` of the endpoint, at least one.
pub(crate) fn bind(
    endpoint: &Endpoint,
    options: &SocketOptions,
    kind: Type,
    addresses: Addresses,
) -> Result<Vec<Bound>, Error> {
    let wrong = match (endpoint.transport(), kind) {
        (Transport::Udp, Type::STREAM) => Some("a listener needs tcp://, tls:// or unix:"),
        (Transport::Tcp | Transport::Tls, Type::DGRAM) => {
            Some("a datagram socket needs udp:// or unix:")
        }
        _ => None,
    };
    if let Some(wrong) = wrong {
        return Err(Error::new(Operation::Bind, ErrorKind::InvalidInput)
            .because_text(wrong)
            .at(endpoint.as_given()));
    }
    let mut options = options.fitting(endpoint.transport());
    if endpoint.transport().is_tcp() {
        // Connections inherit these from the listener on most systems.
        options.set.nodelay.get_or_insert(true);
        options.set.keepalive.get_or_insert(Some(Keepalive::within(Keepalive::LIMIT)));
        if sys::REUSE_ADDRESS_RESTARTS {
            options.set.reuse_address.get_or_insert(true);
        }
    }
    let binder = Binder { transport: endpoint.transport(), options, kind, addresses };
    let bound = match endpoint.path() {
        Some(path) => binder.unix(path).map(|bound| vec![bound]),
        None => binder.inet(endpoint),
    };
    bound.map_err(|error| named(error, endpoint))
}

/// Adds the endpoint to the error, and the owner of an address that is in use.
fn named(error: Error, endpoint: &Endpoint) -> Error {
    let error = error.at(endpoint.as_given());
    if error.kind() != ErrorKind::AddressInUse {
        return error;
    }
    let path = endpoint.path().map(|path| Address::Unix(Some(path.to_path_buf())));
    let address = path.as_ref().or(error.address());
    if matches!(address, Some(Address::Inet(any)) if any.port() == 0) {
        return error.because_text(NO_FREE_PORT);
    }
    let owner = address.and_then(|address| owner::address_owner(endpoint.transport(), address));
    error.owned_by(owner)
}

/// The settings that all sockets of one endpoint share.
struct Binder {
    transport: Transport,
    options: SocketOptions,
    kind: Type,
    addresses: Addresses,
}

impl Binder {
    fn unix(&self, path: &Path) -> Result<Bound, Error> {
        if !sys::HAS_UNIX_SOCKETS {
            return Err(Error::new(Operation::Bind, ErrorKind::Unsupported)
                .because_text("this system has no Unix sockets"));
        }
        let socket = self.open(Domain::UNIX)?;
        let file = match is_abstract(path) {
            // A closed abstract socket leaves no file, so none can be stale.
            true => socket_file::bind_abstract(&socket, path).map(|()| None)?,
            false => Some(socket_file::bind(&socket, path, self.kind)?),
        };
        self.listen(&socket)?;
        Ok(Bound { file, socket, endpoint: Endpoint::unix(path) })
    }

    fn inet(&self, endpoint: &Endpoint) -> Result<Vec<Bound>, Error> {
        let addresses = resolve(endpoint, Family::Any, Deadline::after(LOOKUP_LIMIT))?;
        match endpoint.host() {
            Some(Host::Any) => self.any(addresses.first().map_or(0, SocketAddr::port)),
            _ => self.each(&addresses),
        }
    }

    /// Binds every interface: one socket for both families if the system supports that, else two
    /// sockets, else IPv4 only.
    fn any(&self, port: u16) -> Result<Vec<Bound>, Error> {
        let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        match self.one(v6) {
            Ok(both) => Ok(vec![both]),
            Err(error) if self.options.only_v6() == Some(true) => Err(error),
            Err(error) if error.operation() == Operation::SetOption("IPV6_V6ONLY") => {
                let options = self.options.clone().with_only_v6(true);
                self.with_options(options).each(&[v6, v4])
            }
            Err(error) if is_family_missing(&error) => self.one(v4).map(|only| vec![only]),
            Err(error) => Err(error),
        }
    }

    /// Binds each address. Port 0 becomes one free port for all of them.
    fn each(&self, addresses: &[SocketAddr]) -> Result<Vec<Bound>, Error> {
        let any_port = addresses.first().is_some_and(|address| address.port() == 0);
        let mut tries = 1;
        loop {
            match self.each_once(addresses) {
                Err(error)
                    if any_port
                        && addresses.len() > 1
                        && error.kind() == ErrorKind::AddressInUse
                        && tries < PORT_TRIES =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    fn each_once(&self, addresses: &[SocketAddr]) -> Result<Vec<Bound>, Error> {
        let mut all = Vec::new();
        let mut missing = Vec::new();
        let mut port = None;
        for &address in addresses {
            let mut address = address;
            address.set_port(port.unwrap_or(address.port()));
            match self.one(address) {
                Ok(bound) => {
                    port = bound.port().or(port);
                    all.push(bound);
                    if self.addresses == Addresses::First {
                        break;
                    }
                }
                // A name such as localhost has an IPv6 address even on a machine without IPv6.
                Err(error) if address.is_ipv6() && is_family_missing(&error) => missing.push(error),
                Err(error) => return Err(error),
            }
        }
        if all.is_empty() { Err(Error::from_attempts(Operation::Bind, missing)) } else { Ok(all) }
    }

    fn one(&self, address: SocketAddr) -> Result<Bound, Error> {
        let mut options = self.options.clone();
        if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
            // The default differs: both families on Linux, IPv6 only on Windows.
            options.set.only_v6.get_or_insert(false);
        }
        let binder = self.with_options(options);
        let on_address = |error: Error| error.on(address);
        let socket = binder.open(Domain::for_address(address)).map_err(on_address)?;
        socket
            .bind(&SockAddr::from(address))
            .map_err(|error| Error::from_io(Operation::Bind, error).on(address))?;
        binder.listen(&socket).map_err(on_address)?;
        let bound = local_address(&socket)?;
        let endpoint = match bound {
            Address::Inet(bound) => Endpoint::inet(self.transport, bound),
            _ => Endpoint::inet(self.transport, address),
        };
        Ok(Bound { file: None, socket, endpoint })
    }

    fn with_options(&self, options: SocketOptions) -> Binder {
        Binder { options, ..*self }
    }

    fn open(&self, domain: Domain) -> Result<Socket, Error> {
        let socket = Socket::new(domain, self.kind, None)
            .map_err(|error| Error::from_io(Operation::Open, error))?;
        self.options.apply_but_mode(&socket)?;
        // The two options exclude each other.
        if self.options.reuse_address() != Some(true) {
            let failed = |error| Error::from_io(Operation::SetOption("SO_EXCLUSIVEADDRUSE"), error);
            sys::set_exclusive(&socket).map_err(failed)?;
        }
        Ok(socket)
    }

    fn listen(&self, socket: &Socket) -> Result<(), Error> {
        if self.kind != Type::STREAM {
            return Ok(());
        }
        let backlog = self.options.backlog().unwrap_or(DEFAULT_BACKLOG);
        socket
            .listen(i32::try_from(backlog).unwrap_or(i32::MAX))
            .map_err(|error| Error::from_io(Operation::Listen, error))
    }
}

impl Bound {
    fn port(&self) -> Option<u16> {
        match self.endpoint.port() {
            Some(Port::Number(port)) => Some(*port),
            _ => None,
        }
    }
}

/// Returns the local address of `socket`.
pub(crate) fn local_address(socket: &Socket) -> Result<Address, Error> {
    match socket.local_addr() {
        Ok(address) => Ok(Address::from_system(&address)),
        Err(error) => Err(Error::from_io(Operation::Inspect, error)),
    }
}

fn is_family_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::AddressNotAvailable)
}

/// Returns the endpoint to which `socket` is bound. `inet` makes that of an IP address.
pub(crate) fn bound_endpoint(
    socket: &Socket,
    inet: fn(SocketAddr) -> Endpoint,
) -> Result<Endpoint, Error> {
    match local_address(socket)? {
        Address::Inet(address) => Ok(inet(address)),
        Address::Unix(path) => Ok(Endpoint::unix(path.unwrap_or_default())),
        other => Err(other_family().on(other)),
    }
}

/// Makes the error for a socket that a type can't hold.
pub(crate) fn other_family() -> Error {
    Error::new(Operation::Inspect, ErrorKind::InvalidInput)
        .because_text("the socket is of another family")
}
