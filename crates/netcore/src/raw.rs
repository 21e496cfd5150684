//! Any socket that the system offers: raw packets, ICMP, sequenced packets, other address families.
//!
//! [`Socket`] is socket(2) with the deadlines, options and errors of this crate. For TCP, UDP and
//! Unix sockets prefer [`Stream`](crate::Stream), [`Listener`](crate::Listener) and
//! [`Datagram`](crate::Datagram), into which such a socket can be converted.
//!
//! A connection that keeps message boundaries:
//!
//! ```
//! use std::time::Duration;
//! use netcore::raw::{Domain, Protocol, Socket, Type};
//! use netcore::{Deadline, SocketOptions};
//!
//! # fn main() -> Result<(), netcore::Error> {
//! # if !cfg!(target_os = "linux") { return Ok(()); }
//! let options = SocketOptions::new();
//! let (one, other) = Socket::pair(Domain::Unix, Type::SeqPacket, Protocol::Default, &options)?;
//! let deadline = Deadline::after(Duration::from_secs(5));
//! one.send(b"first", deadline)?;
//! one.send(b"second", deadline)?;
//! let mut buffer = [0; 64];
//! let received = other.recv(&mut buffer, deadline)?;
//! assert_eq!(&buffer[..received.len], b"first");
//! # Ok(())
//! # }
//! ```
//!
//! The examples `icmp_ping` and `seqpacket` have more.

mod convert;
mod types;

use std::fmt;
use std::io;
use std::net::Shutdown;

use crate::address::Address;
use crate::connect::socket::{explained, goes_on};
use crate::datagram::Received;
use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::options::SocketOptions;
use crate::sys::{self, Interest};
use crate::wait;
use crate::{bind, datagram, listener};
pub use types::{Domain, Protocol, Type};

#[cfg(test)]
mod tests;

/// A socket of any domain, type and protocol.
///
/// Each call that can wait takes a [`Deadline`] and never waits longer. The socket itself is in
/// non-blocking mode. Prints as `ipv4 raw icmp`.
#[derive(Debug)]
pub struct Socket {
    socket: socket2::Socket,
    domain: Domain,
    kind: Type,
    protocol: Protocol,
    /// The blocking mode after a conversion into another type.
    nonblocking: bool,
}

sys::handle_traits!(Socket);

impl Socket {
    /// Opens a socket and sets every option of `options`: socket(2). The blocking mode applies to
    /// the [`Stream`](crate::Stream), [`Listener`](crate::Listener) or
    /// [`Datagram`](crate::Datagram) into which the socket may be converted.
    ///
    /// # Errors
    ///
    /// - [`Operation::Open`] with [`PermissionDenied`](crate::ErrorKind::PermissionDenied), since
    ///   most raw sockets need privileges; with [`Unsupported`](crate::ErrorKind::Unsupported) or
    ///   [`InvalidInput`](crate::ErrorKind::InvalidInput), if the system has no such combination;
    ///   or with another kind;
    /// - [`Operation::SetOption`] with the C constant of the first option that the system refused.
    pub fn open(
        domain: Domain,
        kind: Type,
        protocol: Protocol,
        options: &SocketOptions,
    ) -> Result<Socket, Error> {
        let number = protocol.to_system();
        match socket2::Socket::new(domain.to_system(), kind.to_system(), Some(number)) {
            Ok(socket) => Socket::opened(socket, domain, kind, protocol, options),
            Err(error) => Err(not_opened(error, domain, kind, protocol)),
        }
    }

    /// Opens two sockets that are connected to each other: socketpair(2).
    ///
    /// # Errors
    ///
    /// As [`open`](Socket::open). Most systems support it for [`Domain::Unix`] only, Windows for no
    /// domain.
    pub fn pair(
        domain: Domain,
        kind: Type,
        protocol: Protocol,
        options: &SocketOptions,
    ) -> Result<(Socket, Socket), Error> {
        let number = protocol.to_system();
        match sys::pair(domain.to_system(), kind.to_system(), Some(number)) {
            Ok((one, other)) => Ok((
                Socket::opened(one, domain, kind, protocol, options)?,
                Socket::opened(other, domain, kind, protocol, options)?,
            )),
            Err(error) => Err(not_opened(error, domain, kind, protocol)),
        }
    }

    fn opened(
        socket: socket2::Socket,
        domain: Domain,
        kind: Type,
        protocol: Protocol,
        options: &SocketOptions,
    ) -> Result<Socket, Error> {
        let nonblocking = options.nonblocking().unwrap_or(false);
        let socket = Socket::new(socket, domain, kind, protocol, nonblocking)?;
        options.apply_but_mode(&socket).map_err(|error| socket.name(error))?;
        Ok(socket)
    }

    fn new(
        socket: socket2::Socket,
        domain: Domain,
        kind: Type,
        protocol: Protocol,
        nonblocking: bool,
    ) -> Result<Socket, Error> {
        let mode = socket.set_nonblocking(true);
        let socket = Socket { socket, domain, kind, protocol, nonblocking };
        match mode {
            Ok(()) => Ok(socket),
            Err(error) => Err(socket.failed(Operation::SetOption("O_NONBLOCK"), error)),
        }
    }

    /// Binds the socket: bind(2). The caller owns the file of a Unix socket. An existing file is an
    /// error, and the socket does not remove its file.
    ///
    /// # Errors
    ///
    /// [`Operation::Bind`] with the system's reason, often
    /// [`AddressInUse`](crate::ErrorKind::AddressInUse) or
    /// [`AddressNotAvailable`](crate::ErrorKind::AddressNotAvailable), or
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for an address that is too long.
    pub fn bind(&self, to: &Address) -> Result<(), Error> {
        let bound = to.to_system().and_then(|address| self.socket.bind(&address));
        bound.map_err(|error| self.failed(Operation::Bind, error).on(to.clone()))
    }

    /// Starts to listen, for types with connections: listen(2). The system cuts the backlog to its
    /// own limit.
    ///
    /// # Errors
    ///
    /// [`Operation::Listen`] with the system's reason,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a type without connections.
    pub fn listen(&self, backlog: u32) -> Result<(), Error> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        self.socket.listen(backlog).map_err(|error| self.failed(Operation::Listen, error))
    }

    /// Waits for a connection: accept(2). Errors are retried as in
    /// [`Listener::accept`](crate::Listener::accept).
    ///
    /// # Errors
    ///
    /// As [`Listener::accept`](crate::Listener::accept).
    pub fn accept(&self, deadline: Deadline) -> Result<(Socket, Address), Error> {
        let accepted = listener::accept(&self.socket, deadline, self, |socket, peer| {
            socket.set_nonblocking(true)?;
            Ok((Socket { socket, ..*self }, Address::from_system(&peer)))
        });
        accepted.map_err(|error| self.name(error))
    }

    /// Connects the socket: connect(2). A type without connections afterwards sends to this address
    /// and receives from it only.
    ///
    /// # Errors
    ///
    /// [`Operation::Connect`] with [`TimedOut`](crate::ErrorKind::TimedOut) once the deadline has
    /// passed, or with the system's reason, often
    /// [`ConnectionRefused`](crate::ErrorKind::ConnectionRefused).
    pub fn connect(&self, to: &Address, deadline: Deadline) -> Result<(), Error> {
        match self.try_connect(to, deadline) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.name(Error::timed_out(Operation::Connect)).on(to.clone())),
            Err(error) => Err(self.failed(Operation::Connect, error).on(to.clone())),
        }
    }

    /// Returns `false` if the deadline passed.
    fn try_connect(&self, to: &Address, deadline: Deadline) -> io::Result<bool> {
        let target = to.to_system()?;
        let start = || match self.socket.connect(&target) {
            Err(error) if goes_on(&error) => Ok(false),
            // EAGAIN stands for the full backlog of a Unix socket (connect(2)): try again.
            Err(error) if matches!(to, Address::Inet(_)) => Err(explained(error)),
            result => result.map(|()| true),
        };
        // Windows reports no readiness before the attempt, and has no such backlog.
        let started = match cfg!(windows) {
            true => Some(start()?),
            false => wait::until(&self.socket, Interest::Write, deadline, start)?,
        };
        match started {
            Some(true) => return Ok(true),
            None => return Ok(false),
            Some(false) => {}
        }
        if !wait::ready(&self.socket, Interest::Write, deadline)? {
            return Ok(false);
        }
        match self.socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(true),
        }
    }

    /// Sends `bytes` to the peer of [`connect`](Socket::connect) or [`accept`](Socket::accept).
    /// Returns the number of bytes sent: all, except on a stream, which may take fewer.
    ///
    /// # Errors
    ///
    /// [`Operation::Send`] with [`MessageTooLong`](crate::ErrorKind::MessageTooLong),
    /// [`TimedOut`](crate::ErrorKind::TimedOut) once the deadline has passed, or the system's
    /// reason; [`BrokenPipe`](crate::ErrorKind::BrokenPipe) if the peer has gone.
    pub fn send(&self, bytes: &[u8], deadline: Deadline) -> Result<usize, Error> {
        let flags = sys::NO_SIGNAL | sys::DONT_WAIT;
        let sent = wait::until(&self.socket, Interest::Write, deadline, || {
            self.socket.send_with_flags(bytes, flags)
        });
        match sent {
            Ok(Some(sent)) => Ok(sent),
            Ok(None) => Err(self.name(Error::timed_out(Operation::Send))),
            Err(error) => Err(self.failed(Operation::Send, error)),
        }
    }

    /// Sends `bytes` as one message to `to`. For raw IP sockets the port is 0.
    ///
    /// # Errors
    ///
    /// As [`send`](Socket::send).
    pub fn send_to(&self, bytes: &[u8], to: &Address, deadline: Deadline) -> Result<usize, Error> {
        let failed = |error| self.failed(Operation::Send, error).on(to.clone());
        let target = to.to_system().map_err(failed)?;
        let flags = sys::NO_SIGNAL | sys::DONT_WAIT;
        let sent = wait::until(&self.socket, Interest::Write, deadline, || {
            self.socket.send_to_with_flags(bytes, &target, flags)
        });
        match sent {
            Ok(Some(sent)) => Ok(sent),
            Ok(None) => Err(self.name(Error::timed_out(Operation::Send)).on(to.clone())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Receives one message, or the available bytes of a stream.
    ///
    /// On a connection a length of 0 is the peer's end. (An empty sequenced packet looks the same.)
    /// The sender is `unix:` if the system does not report it, as for streams. A raw IPv4 socket
    /// receives the IP header too (raw(7)).
    ///
    /// # Errors
    ///
    /// [`Operation::Receive`] with [`TimedOut`](crate::ErrorKind::TimedOut) once the deadline has
    /// passed, or the system's reason.
    pub fn recv(&self, buffer: &mut [u8], deadline: Deadline) -> Result<Received, Error> {
        match datagram::receive(&self.socket, buffer, false, deadline) {
            Ok(Some(received)) => Ok(received),
            Ok(None) => Err(self.name(Error::timed_out(Operation::Receive))),
            Err(error) => Err(self.failed(Operation::Receive, error)),
        }
    }

    /// Ends one direction of a connection, or both: shutdown(2).
    ///
    /// # Errors
    ///
    /// [`Operation::Shutdown`], usually with [`NotConnected`](crate::ErrorKind::NotConnected).
    pub fn shutdown(&self, how: Shutdown) -> Result<(), Error> {
        self.socket.shutdown(how).map_err(|error| self.failed(Operation::Shutdown, error))
    }

    /// Returns the bound address.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`], if the system fails.
    pub fn local_address(&self) -> Result<Address, Error> {
        bind::local_address(&self.socket).map_err(|error| self.name(error))
    }

    /// Returns the peer's address.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`] with [`NotConnected`](crate::ErrorKind::NotConnected), if the socket
    /// has no peer.
    pub fn peer_address(&self) -> Result<Address, Error> {
        match self.socket.peer_addr() {
            Ok(peer) => Ok(Address::from_system(&peer)),
            Err(error) => Err(self.failed(Operation::Inspect, error)),
        }
    }

    /// Returns the family of its addresses.
    #[must_use]
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// Returns the type.
    #[must_use]
    pub fn kind(&self) -> Type {
        self.kind
    }

    /// Returns the requested protocol; for a socket that was taken over, the protocol that the
    /// system reports.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn failed(&self, operation: Operation, error: io::Error) -> Error {
        self.name(Error::from_io(operation, error))
    }

    fn name(&self, error: Error) -> Error {
        error.at(self.to_string())
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.domain, self.kind, self.protocol))
    }
}

fn not_opened(error: io::Error, domain: Domain, kind: Type, protocol: Protocol) -> Error {
    Error::from_io(Operation::Open, error).at(text(domain, kind, protocol))
}

fn text(domain: Domain, kind: Type, protocol: Protocol) -> String {
    match protocol {
        Protocol::Default => format!("{domain} {kind}"),
        protocol => format!("{domain} {kind} {protocol}"),
    }
}
