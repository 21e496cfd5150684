//! The non-blocking sockets of a load, and the target that they connect to.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use mio::net::TcpStream;
use netcore::{
    Address, Connector, Datagram, Deadline, Endpoint, Error, Operation, SocketOptions, Stream,
    Transport,
};

use crate::bench::encryption::Encryption;

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
    Stream(Stream),
    Datagram(UdpSocket),
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
        return Ok((Socket::Datagram(socket.try_into()?), Target::Udp(target)));
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
    Ok((Socket::Stream(stream), target))
}

impl Target {
    /// Opens a socket to the target. A TCP connection is still being made when this returns;
    /// `timeout` bounds the other transports.
    pub(super) fn open(&self, timeout: Duration) -> Result<Socket, Error> {
        let options = SocketOptions::new().with_nonblocking(true);
        match self {
            Target::Tcp(address) | Target::Tls(address, _) => {
                begin_to_connect(*address).map(Socket::Stream)
            }
            Target::Unix(endpoint) => {
                let deadline = Deadline::after(FULL_QUEUE);
                Stream::connect(endpoint, &options, deadline).map(Socket::Stream)
            }
            Target::Udp(endpoint) => {
                Datagram::connect(endpoint, &options, Deadline::after(timeout))
                    .and_then(UdpSocket::try_from)
                    .map(Socket::Datagram)
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
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Stream(stream) => (&mut &*stream).read(buffer),
            Socket::Datagram(socket) => socket.recv(buffer),
        }
    }

    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Stream(stream) => (&mut &*stream).write(bytes),
            Socket::Datagram(socket) => socket.send(bytes),
        }
    }

    /// Sends the ciphertext that waits for the socket.
    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Socket::Stream(stream) => (&mut &*stream).flush(),
            Socket::Datagram(_) => Ok(()),
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Socket::Stream(stream) => stream.as_raw_fd(),
            Socket::Datagram(socket) => socket.as_raw_fd(),
        }
    }
}

/// Starts to connect a TCP stream, and does not wait for it.
fn begin_to_connect(address: SocketAddr) -> Result<Stream, Error> {
    let stream = TcpStream::connect(address)
        .map_err(|error| Error::from_io(Operation::Connect, error).on(address))?;
    let stream = Stream::from(OwnedFd::from(stream));
    SocketOptions::new().with_nodelay(true).apply(&stream)?;
    Ok(stream)
}
