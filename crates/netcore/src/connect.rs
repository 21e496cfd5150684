//! Connecting: all addresses of an endpoint, under one deadline.

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::sys::{self, Interest};
use crate::{Address, Deadline, Endpoint, Error, ErrorKind, Host, Operation, SocketOptions};
use crate::{Transport, resolve};

/// A connected stream socket in blocking mode, and its peer.
pub(crate) fn stream(
    endpoint: &Endpoint,
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<(Socket, Address), Error> {
    let deadline = match options.connect_timeout() {
        Some(timeout) => deadline.earlier(Deadline::after(timeout)),
        None => deadline,
    };
    let mut options = options.fitting(endpoint.transport());
    let connected = match (endpoint.transport(), endpoint.path()) {
        (Transport::Unix, Some(path)) => unix(path, &options, deadline),
        (Transport::Tcp, _) => {
            options.set.nodelay.get_or_insert(true);
            in_order(endpoint, deadline, |address, deadline| tcp(address, &options, deadline))
        }
        _ => Err(Error::new(Operation::Connect, ErrorKind::InvalidInput)
            .because(io::Error::other("a stream needs tcp:// or unix:"))),
    };
    connected.map_err(|error| error.at(endpoint.as_given()))
}

/// A connected datagram socket and its peer.
pub(crate) fn datagram(
    endpoint: &Endpoint,
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<(Socket, Address), Error> {
    let options = options.fitting(endpoint.transport());
    let connected = match (endpoint.transport(), endpoint.path()) {
        (Transport::Unix, Some(path)) => unix_datagram(path, &options),
        (Transport::Udp, _) => in_order(endpoint, deadline, |address, _| udp(address, &options)),
        _ => Err(Error::new(Operation::Connect, ErrorKind::InvalidInput)
            .because(io::Error::other("a datagram socket needs udp:// or unix:"))),
    };
    connected.map_err(|error| error.at(endpoint.as_given()))
}

/// The first address that can be connected to. Each attempt has an equal part of the time that is
/// left, so that one silent address does not use up all of it.
fn in_order(
    endpoint: &Endpoint,
    deadline: Deadline,
    attempt: impl Fn(SocketAddr, Deadline) -> Result<Socket, Error>,
) -> Result<(Socket, Address), Error> {
    let mut addresses = resolve(endpoint, crate::Family::Any, deadline)?;
    if endpoint.host() == Some(&Host::Any) {
        for address in &mut addresses {
            address.set_ip(loopback(address.ip()));
        }
    }
    let mut failures = Vec::new();
    for (done, &address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - done).unwrap_or(u32::MAX);
        match attempt(address, deadline.share_at(Instant::now(), left)) {
            Ok(socket) => return Ok((socket, Address::Inet(address))),
            Err(error) => failures.push(error.on(address).at(endpoint.as_given())),
        }
    }
    Err(Error::from_attempts(Operation::Connect, failures))
}

/// `:PORT` is this machine. Only some systems take the unspecified address for it.
fn loopback(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

fn failed(error: io::Error) -> Error {
    Error::from_io(Operation::Connect, error)
}

fn open(domain: Domain, kind: Type, options: &SocketOptions) -> Result<Socket, Error> {
    let socket =
        Socket::new(domain, kind, None).map_err(|error| Error::from_io(Operation::Open, error))?;
    options.apply_but_mode(&socket)?;
    Ok(socket)
}

fn tcp(address: SocketAddr, options: &SocketOptions, deadline: Deadline) -> Result<Socket, Error> {
    if deadline.is_expired() {
        return Err(Error::timed_out(Operation::Connect));
    }
    let socket = open(Domain::for_address(address), Type::STREAM, options)?;
    socket.set_nonblocking(true).map_err(failed)?;
    match socket.connect(&SockAddr::from(address)) {
        Ok(()) => {}
        // connect(2): an interrupted attempt goes on, too.
        Err(error)
            if matches!(ErrorKind::of(&error), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
        {
            if !sys::wait(&socket, Interest::Write, deadline).map_err(failed)? {
                return Err(Error::timed_out(Operation::Connect));
            }
            if let Some(error) = socket.take_error().map_err(failed)? {
                return Err(failed(error));
            }
        }
        Err(error) => return Err(failed(error)),
    }
    socket.set_nonblocking(false).map_err(failed)?;
    Ok(socket)
}

fn udp(address: SocketAddr, options: &SocketOptions) -> Result<Socket, Error> {
    let socket = open(Domain::for_address(address), Type::DGRAM, options)?;
    socket.connect(&SockAddr::from(address)).map_err(failed)?;
    Ok(socket)
}

/// Connects in blocking mode: with `O_NONBLOCK` a full backlog is an error on Linux (connect(2)),
/// without it `SO_SNDTIMEO` bounds the wait for a place.
fn unix(
    path: &Path,
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<(Socket, Address), Error> {
    let address = Address::Unix(Some(path.to_path_buf()));
    let target = unix_target(&address)?;
    let socket = open(Domain::UNIX, Type::STREAM, options)?;
    loop {
        if deadline.is_expired() {
            return Err(Error::timed_out(Operation::Connect));
        }
        let left = deadline.remaining().map(|left| left.max(Duration::from_micros(1)));
        socket.set_write_timeout(left).map_err(failed)?;
        match socket.connect(&target) {
            Ok(()) => break,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
                ) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    socket.set_write_timeout(None).map_err(failed)?;
    if let Some(timeout) = options.write_timeout() {
        SocketOptions::new().with_write_timeout(timeout).apply(&socket)?;
    }
    Ok((socket, address))
}

fn unix_datagram(path: &Path, options: &SocketOptions) -> Result<(Socket, Address), Error> {
    let address = Address::Unix(Some(path.to_path_buf()));
    let target = unix_target(&address)?;
    let socket = open(Domain::UNIX, Type::DGRAM, options)?;
    if sys::HAS_AUTOBIND {
        let own = Address::Unix(None).to_system().map_err(failed)?;
        socket.bind(&own).map_err(|error| Error::from_io(Operation::Bind, error))?;
    }
    socket.connect(&target).map_err(failed)?;
    Ok((socket, address))
}

fn unix_target(address: &Address) -> Result<SockAddr, Error> {
    if !sys::HAS_UNIX_SOCKETS {
        return Err(Error::new(Operation::Connect, ErrorKind::Unsupported)
            .because(io::Error::other("this system has no Unix sockets")));
    }
    address.to_system().map_err(failed)
}
