//! Conversions to and from the types of std, and into parts for an event loop.

use std::net::UdpSocket;

use socket2::Socket;

use crate::address::Address;
use crate::bind;
use crate::datagram::Datagram;
use crate::endpoint::{Endpoint, Transport};
use crate::error::Error;
use crate::socket_file::SocketFile;
use crate::sys::{self, OwnedHandle, SocketMode};

impl Datagram {
    /// Returns the socket, its endpoint, and the file to remove at the end. Drop the file before
    /// the socket.
    #[must_use]
    pub fn into_parts(self) -> (OwnedHandle, Endpoint, Option<SocketFile>) {
        self.mode.release(&self.socket);
        (self.socket.into(), self.endpoint, self.file)
    }

    /// Wraps a socket. `nonblocking` is its mode on a system that does not report it.
    pub(crate) fn taken_over(socket: Socket, nonblocking: bool) -> Result<Datagram, Error> {
        sys::suppress_sigpipe(&socket);
        let mode = SocketMode::of(&socket, nonblocking);
        let endpoint = bind::bound_endpoint(&socket, Endpoint::udp)?;
        let peer = socket.peer_addr().ok().map(|peer| Address::from_system(&peer));
        Ok(Datagram { file: None, socket, mode, endpoint, peer, tells: false })
    }

    fn into_transport(self, wanted: Transport) -> Result<Socket, Error> {
        if self.endpoint.transport() != wanted {
            return Err(self.name(bind::other_family()));
        }
        if let Some(file) = self.file {
            file.leave();
        }
        self.mode.release(&self.socket);
        Ok(self.socket)
    }
}

impl TryFrom<UdpSocket> for Datagram {
    type Error = Error;

    /// Takes the socket over as it is. Its blocking mode and its options do not change, except that
    /// Apple's systems set `SO_NOSIGPIPE`.
    ///
    /// # Errors
    ///
    /// If the system can't tell the address.
    fn try_from(socket: UdpSocket) -> Result<Datagram, Error> {
        Datagram::taken_over(socket.into(), false)
    }
}

impl TryFrom<OwnedHandle> for Datagram {
    type Error = Error;

    /// Takes a datagram socket over as it is. Its blocking mode and its options do not change,
    /// except that Apple's systems set `SO_NOSIGPIPE`. The file of a Unix socket is not removed.
    ///
    /// # Errors
    ///
    /// If the handle is not a socket.
    fn try_from(socket: OwnedHandle) -> Result<Datagram, Error> {
        Datagram::taken_over(socket.into(), false)
    }
}

impl TryFrom<Datagram> for UdpSocket {
    type Error = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the socket is not UDP; it is
    /// closed then.
    fn try_from(datagram: Datagram) -> Result<UdpSocket, Error> {
        Ok(datagram.into_transport(Transport::Udp)?.into())
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixDatagram;

    use crate::datagram::Datagram;
    use crate::endpoint::Transport;
    use crate::error::Error;

    impl TryFrom<UnixDatagram> for Datagram {
        type Error = Error;

        /// Takes the socket over as it is. Its file is not removed.
        ///
        /// # Errors
        ///
        /// If the system can't tell the address.
        fn try_from(socket: UnixDatagram) -> Result<Datagram, Error> {
            Datagram::taken_over(socket.into(), false)
        }
    }

    impl TryFrom<Datagram> for UnixDatagram {
        type Error = Error;

        /// Keeps the socket's file: std's type removes none.
        ///
        /// # Errors
        ///
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the socket is not a Unix
        /// socket; it is closed then.
        fn try_from(datagram: Datagram) -> Result<UnixDatagram, Error> {
            Ok(datagram.into_transport(Transport::Unix)?.into())
        }
    }
}
