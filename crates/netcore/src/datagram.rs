//! Datagram sockets: UDP and Unix.

mod batch;
mod batch_io;
mod convert;
mod multicast;
mod received;

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4};

use socket2::{SockAddr, SockRef, Socket, Type};

use crate::address::Address;
use crate::bind::{self, Addresses, Bound};
use crate::deadline::Deadline;
use crate::endpoint::{Endpoint, ToEndpoint, Transport};
use crate::error::{Error, ErrorKind, Operation};
use crate::options::SocketOptions;
use crate::socket_file::SocketFile;
use crate::sys::{self, Interest, Local, Outgoing, SocketMode};
use crate::wait;
pub use batch::Batch;
pub use received::Received;

#[cfg(test)]
mod tests;

/// A datagram socket: UDP or Unix.
///
/// ```
/// use std::time::Duration;
/// use netcore::{Datagram, Deadline, SocketOptions};
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// let server = Datagram::bind("127.0.0.1:0")?;
/// let client = Datagram::connect(server.endpoint(), &SocketOptions::new(), deadline)?;
/// client.send(b"ping", deadline)?;
///
/// let mut buffer = [0; 1500];
/// let received = server.recv_from(&mut buffer, deadline)?;
/// assert_eq!(&buffer[..received.len], b"ping");
/// server.reply(b"pong", &received, deadline)?;
/// let received = client.recv(&mut buffer, deadline)?;
/// assert_eq!(&buffer[..received.len], b"pong");
/// # Ok::<(), netcore::Error>(())
/// ```
///
/// [`recv_batch`](Datagram::recv_batch) and [`send_batch`](Datagram::send_batch) move several
/// datagrams in one call. [`join_v4`](Datagram::join_v4) and [`join_v6`](Datagram::join_v6) join
/// multicast groups. Broadcasts need [`with_broadcast`](SocketOptions::with_broadcast).
///
/// Each call takes a [`Deadline`] and never waits longer, regardless of the options and the
/// blocking mode.
#[derive(Debug)]
pub struct Datagram {
    // Declared before the socket: the file must be removed before the socket is closed.
    file: Option<SocketFile>,
    socket: Socket,
    mode: SocketMode,
    endpoint: Endpoint,
    peer: Option<Address>,
    /// `true` if the system reports the local address of each datagram.
    tells: bool,
}

sys::handle_traits!(Datagram);

impl Datagram {
    /// Binds one address. `endpoint` is an [`Endpoint`], a text such as `127.0.0.1:0`, `:8080` or
    /// `unix:/run/app.sock`, or a socket address. The transport of a text without a scheme is UDP.
    ///
    /// A name that stands for several addresses is bound to the first one of a family that the
    /// machine has; [`bind_all`](Datagram::bind_all) binds all of them.
    ///
    /// # Errors
    ///
    /// As [`bind_with`](Datagram::bind_with).
    pub fn bind(endpoint: impl ToEndpoint) -> Result<Datagram, Error> {
        Datagram::bind_with(endpoint, &SocketOptions::new())
    }

    /// Binds one address, with `options`, by the rules of
    /// [`Listener::bind_with`](crate::Listener::bind_with), but without `SO_REUSEADDR`: for
    /// datagrams that option lets another process take the port.
    ///
    /// # Errors
    ///
    /// As [`Listener::bind_with`](crate::Listener::bind_with), and
    /// [`InvalidInput`](ErrorKind::InvalidInput) for `tcp://`.
    pub fn bind_with(
        endpoint: impl ToEndpoint,
        options: &SocketOptions,
    ) -> Result<Datagram, Error> {
        let endpoint = endpoint.to_endpoint(Transport::Udp)?;
        Datagram::bound(bind::bind_first(&endpoint, options, Type::DGRAM)?, options)
    }

    /// Binds every address that `endpoint` stands for, with one socket for each; otherwise as
    /// [`bind_with`](Datagram::bind_with).
    ///
    /// # Errors
    ///
    /// As [`bind_with`](Datagram::bind_with). If one address fails, none is left bound.
    pub fn bind_all(
        endpoint: impl ToEndpoint,
        options: &SocketOptions,
    ) -> Result<Vec<Datagram>, Error> {
        let endpoint = endpoint.to_endpoint(Transport::Udp)?;
        let bound = bind::bind(&endpoint, options, Type::DGRAM, Addresses::All)?;
        bound.into_iter().map(|bound| Datagram::bound(bound, options)).collect()
    }

    fn bound(bound: Bound, options: &SocketOptions) -> Result<Datagram, Error> {
        let Bound { file, socket, endpoint } = bound;
        let tells = sys::tell_local(&SockRef::from(&socket));
        let mode = SocketMode::of(&socket, false);
        let datagram = Datagram { file, socket, mode, endpoint, peer: None, tells: false };
        let tells = tells.map_err(|error| {
            datagram.name(Error::from_io(Operation::SetOption("IP_PKTINFO"), error))
        })?;
        Datagram { tells, ..datagram }.with_mode(options)
    }

    /// Wraps a socket that was connected to `endpoint`.
    pub(crate) fn connected(
        socket: Socket,
        peer: Address,
        endpoint: &Endpoint,
        options: &SocketOptions,
    ) -> Result<Datagram, Error> {
        let (mode, endpoint) = (SocketMode::of(&socket, false), endpoint.clone());
        Datagram { file: None, socket, mode, endpoint, peer: Some(peer), tells: false }
            .with_mode(options)
    }

    /// Sends `bytes` as one datagram to `to`.
    ///
    /// # Errors
    ///
    /// [`Operation::Send`] with [`MessageTooLong`](ErrorKind::MessageTooLong) (nothing was sent),
    /// [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed, or the system's reason.
    pub fn send_to(&self, bytes: &[u8], to: &Address, deadline: Deadline) -> Result<(), Error> {
        self.send_from(bytes, to, None, deadline)
    }

    /// Sends `bytes` as one datagram to the sender of `received`, from the address to which the
    /// sender had sent.
    ///
    /// On a socket that is bound to every address, [`send_to`](Datagram::send_to) lets the route
    /// choose the source address. A peer that sent to another address of this machine does not
    /// recognise the answer, and firewalls drop it. If the system refuses that source address, the
    /// route chooses it here too.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Datagram::send_to).
    pub fn reply(
        &self,
        bytes: &[u8],
        received: &Received,
        deadline: Deadline,
    ) -> Result<(), Error> {
        match self.send_from(bytes, &received.from, received.local, deadline) {
            // The address may be a broadcast address, or no longer belong to this machine. The
            // route knows another one.
            Err(error) if received.local.is_some() && !error.is_timeout() => {
                self.send_to(bytes, &received.from, deadline)
            }
            result => result,
        }
    }

    fn send_from(
        &self,
        bytes: &[u8],
        to: &Address,
        local: Option<Local>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let failed = |error| Error::from_io(Operation::Send, error).on(to.clone());
        let target = self.target(to).map_err(failed)?;
        let socket = SockRef::from(&self.socket);
        let sent = wait::until(&self.socket, Interest::Write, deadline, || {
            sys::send_many(&socket, 1, |_| Outgoing { bytes, to: &target, local })
        });
        match sent {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Error::timed_out(Operation::Send).on(to.clone())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Receives one datagram.
    ///
    /// An unconnected socket skips the errors of its earlier datagrams (`ECONNREFUSED`,
    /// `ECONNRESET`, `EHOSTUNREACH`, `ENETUNREACH`; Windows reports them here). They say nothing
    /// about the next datagram.
    ///
    /// # Errors
    ///
    /// [`Operation::Receive`] with [`TimedOut`](ErrorKind::TimedOut) once the deadline has passed,
    /// or the system's reason.
    pub fn recv_from(&self, buffer: &mut [u8], deadline: Deadline) -> Result<Received, Error> {
        loop {
            match receive(&self.socket, buffer, self.tells, deadline) {
                Ok(Some(received)) => return Ok(received),
                Ok(None) => return Err(self.name(Error::timed_out(Operation::Receive))),
                Err(error) if self.peer.is_none() && is_news_of_others(&error) => {}
                Err(error) => return Err(self.name(not_received(error))),
            }
        }
    }

    /// Sends `bytes` as one datagram to the peer of [`connect`](Datagram::connect).
    ///
    /// # Errors
    ///
    /// As [`send_to`](Datagram::send_to); [`ConnectionRefused`](ErrorKind::ConnectionRefused) if no
    /// socket received an earlier datagram; [`NotConnected`](ErrorKind::NotConnected) without a
    /// peer.
    pub fn send(&self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        let flags = sys::NO_SIGNAL | sys::DONT_WAIT;
        let sent = wait::until(&self.socket, Interest::Write, deadline, || {
            self.socket.send_with_flags(bytes, flags)
        });
        match sent {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(self.name(Error::timed_out(Operation::Send))),
            Err(error) => Err(self.name(Error::from_io(Operation::Send, error))),
        }
    }

    /// Receives one datagram from the peer of [`connect`](Datagram::connect).
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Datagram::recv_from); [`ConnectionRefused`](ErrorKind::ConnectionRefused)
    /// if no socket received an earlier datagram; [`NotConnected`](ErrorKind::NotConnected) without
    /// a peer.
    pub fn recv(&self, buffer: &mut [u8], deadline: Deadline) -> Result<Received, Error> {
        if self.peer.is_none() {
            let cause = io::Error::other("the datagram socket has no peer");
            let error = Error::new(Operation::Receive, ErrorKind::NotConnected).because(cause);
            return Err(self.name(error));
        }
        self.recv_from(buffer, deadline)
    }

    /// Returns the bound endpoint, with the port that the system chose. For a connected socket it
    /// is the endpoint of the peer.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the bound address.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`], if the system fails.
    pub fn local_address(&self) -> Result<Address, Error> {
        bind::local_address(&self.socket).map_err(|error| self.name(error))
    }

    /// Returns the address of the peer. Returns `None` if the socket is not connected.
    #[must_use]
    pub fn peer_address(&self) -> Option<&Address> {
        self.peer.as_ref()
    }

    fn with_mode(self, options: &SocketOptions) -> Result<Datagram, Error> {
        if let Some(on) = options.nonblocking() {
            self.mode.set(&self.socket, on).map_err(|error| {
                self.name(Error::from_io(Operation::SetOption("O_NONBLOCK"), error))
            })?;
        }
        Ok(self)
    }

    /// Converts an address. An IPv6 socket accepts IPv4 addresses in their mapped form only (RFC
    /// 4291 section 2.5.5.2).
    fn target(&self, to: &Address) -> io::Result<SockAddr> {
        if let Address::Inet(SocketAddr::V4(v4)) = to {
            if self.socket.local_addr()?.is_ipv6() {
                return Ok(mapped(*v4));
            }
        }
        to.to_system()
    }

    fn name(&self, error: Error) -> Error {
        let error = error.at(match &self.peer {
            Some(_) => self.endpoint.as_given(),
            None => self.endpoint.to_string(),
        });
        match &self.peer {
            Some(peer) => error.on(peer.clone()),
            None => error,
        }
    }
}

fn mapped(v4: SocketAddrV4) -> SockAddr {
    SockAddr::from(SocketAddr::new(IpAddr::V6(v4.ip().to_ipv6_mapped()), v4.port()))
}

/// Receives one message on a socket of any kind. Returns `None` if the deadline passed first.
pub(crate) fn receive(
    socket: &Socket,
    buffer: &mut [u8],
    tells: bool,
    deadline: Deadline,
) -> io::Result<Option<Received>> {
    let from = SockRef::from(socket);
    let came =
        wait::until(socket, Interest::Read, deadline, || sys::recv_one(&from, buffer, tells))?;
    Ok(came.as_ref().map(Received::of))
}

/// Returns the error of a receiving socket. A port without a socket is `ECONNREFUSED`, and
/// `WSAECONNRESET` on Windows.
fn not_received(error: io::Error) -> Error {
    match ErrorKind::of(&error) {
        ErrorKind::ConnectionReset if cfg!(windows) => {
            Error::new(Operation::Receive, ErrorKind::ConnectionRefused).because(error)
        }
        _ => Error::from_io(Operation::Receive, error),
    }
}

/// Returns `true` for an error that concerns an earlier datagram, to any peer.
fn is_news_of_others(error: &io::Error) -> bool {
    matches!(
        ErrorKind::of(error),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
    )
}
