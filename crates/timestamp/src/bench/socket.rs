//! The non-blocking sockets of a load, and the target that they connect to.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
#[cfg(unix)]
use std::os::fd::OwnedFd as OwnedHandle;
#[cfg(windows)]
use std::os::windows::io::OwnedSocket as OwnedHandle;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use netcore::{
    Address, Connector, Datagram, Deadline, Endpoint, Error, Operation, SocketOptions, Stream,
    Transport,
};

use crate::bench::encryption::Encryption;
use crate::bench::source::Source;

/// The longest time for which the full queue of a Unix listener may block a thread.
const FULL_QUEUE: Duration = Duration::from_millis(1);

/// The address of the server, as the first connection found it.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Tcp(SocketAddr),
    Tls(SocketAddr, Encryption),
    Udp(Endpoint),
    Unix(Endpoint),
}

#[derive(Debug)]
pub(super) enum Socket {
    Stream(Stream, Source),
    Datagram(UdpSocket, Source),
}

/// Makes the first connection. It resolves the name, and its error says why a server cannot be
/// reached.
pub(super) fn connect(
    endpoint: &Endpoint,
    encryption: Option<Encryption>,
    deadline: Deadline,
) -> Result<(Socket, Target), Error> {
    let options = SocketOptions::new().with_nonblocking(true);
    let connector = Connector::new().with_options(options);
    if endpoint.transport() == Transport::Udp {
        let socket = connector.connect_datagram(endpoint, deadline)?;
        let target = match socket.peer_address().and_then(Address::inet) {
            Some(peer) => Endpoint::udp(peer),
            None => endpoint.clone(),
        };
        return Ok((Socket::of_datagram(socket.try_into()?)?, Target::Udp(target)));
    }
    let connector = match &encryption {
        Some(encryption) => encryption.add_to(connector),
        None => connector,
    };
    let stream = connector.connect(endpoint, deadline)?;
    let target = match (stream.peer_address()?.inet(), encryption) {
        (Some(peer), Some(encryption)) => Target::Tls(peer, encryption),
        (Some(peer), None) => Target::Tcp(peer),
        (None, _) => Target::Unix(endpoint.clone()),
    };
    Ok((Socket::of_stream(stream)?, target))
}

impl Target {
    /// Opens a socket to the target. A TCP connection is still being made when this returns;
    /// `timeout` bounds the other transports.
    pub(super) fn open(&self, timeout: Duration) -> Result<Socket, Error> {
        let options = SocketOptions::new().with_nonblocking(true);
        match self {
            Target::Tcp(address) | Target::Tls(address, _) => {
                begin_to_connect(*address).and_then(Socket::of_stream)
            }
            Target::Unix(endpoint) => {
                let deadline = Deadline::after(FULL_QUEUE);
                Stream::connect(endpoint, &options, deadline).and_then(Socket::of_stream)
            }
            Target::Udp(endpoint) => {
                Datagram::connect(endpoint, &options, Deadline::after(timeout))
                    .and_then(UdpSocket::try_from)
                    .and_then(Socket::of_datagram)
            }
        }
    }

    /// Returns `true` if [`open`](Target::open) returns before the connection is made.
    pub(super) fn is_inet_stream(&self) -> bool {
        matches!(self, Target::Tcp(_) | Target::Tls(..))
    }

    /// Returns the encryption of the connections, if there is any.
    pub(super) fn encryption(&self) -> Option<&Encryption> {
        match self {
            Target::Tls(_, encryption) => Some(encryption),
            _ => None,
        }
    }
}

impl Socket {
    fn of_stream(stream: Stream) -> Result<Socket, Error> {
        let source = Source::of_stream(&stream).map_err(not_registered)?;
        Ok(Socket::Stream(stream, source))
    }

    fn of_datagram(socket: UdpSocket) -> Result<Socket, Error> {
        let source = Source::of_datagram(&socket).map_err(not_registered)?;
        Ok(Socket::Datagram(socket, source))
    }

    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Stream(stream, source) => source.call(|| (&mut &*stream).read(buffer)),
            Socket::Datagram(socket, source) => source.call(|| socket.recv(buffer)),
        }
    }

    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Stream(stream, source) => source.call(|| (&mut &*stream).write(bytes)),
            Socket::Datagram(socket, source) => source.call(|| socket.send(bytes)),
        }
    }

    /// Sends the ciphertext that waits for the socket.
    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Socket::Stream(stream, source) => source.call(|| (&mut &*stream).flush()),
            Socket::Datagram(..) => Ok(()),
        }
    }

    /// Registers the socket with a poller.
    pub(super) fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self {
            Socket::Stream(stream, source) => source.register(stream, registry, token, interest),
            Socket::Datagram(socket, source) => source.register(socket, registry, token, interest),
        }
    }

    /// Changes the interest. The poller also reports readiness that exists already.
    pub(super) fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self {
            Socket::Stream(stream, source) => source.reregister(stream, registry, token, interest),
            Socket::Datagram(socket, source) => {
                source.reregister(socket, registry, token, interest)
            }
        }
    }
}

fn not_registered(error: io::Error) -> Error {
    Error::from_io(Operation::Poll, error)
}

/// Starts to connect a TCP stream, and does not wait for it.
fn begin_to_connect(address: SocketAddr) -> Result<Stream, Error> {
    let stream = TcpStream::connect(address)
        .map_err(|error| Error::from_io(Operation::Connect, error).on(address))?;
    let stream = Stream::from(OwnedHandle::from(stream));
    if cfg!(windows) {
        // Windows does not report the mode of the socket.
        stream.set_nonblocking(true)?;
    }
    SocketOptions::new().with_nodelay(true).apply(&stream)?;
    Ok(stream)
}
