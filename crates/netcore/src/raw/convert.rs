//! Conversions to and from the system's handles, and into the other sockets of this crate.

use crate::datagram::Datagram;
use crate::error::{Error, ErrorKind, Operation};
use crate::listener::Listener;
use crate::raw::Socket;
use crate::raw::types::{Domain, Protocol, Type};
use crate::stream::Stream;
use crate::sys::{self, OwnedHandle};

impl Socket {
    fn into_type(self, fits: bool, wanted: &'static str) -> Result<socket2::Socket, Error> {
        if !fits {
            let error = Error::new(Operation::Inspect, ErrorKind::InvalidInput);
            return Err(self.name(error.because_text(wanted)));
        }
        match self.socket.set_nonblocking(self.nonblocking) {
            Ok(()) => Ok(self.socket),
            Err(error) => Err(self.name(Error::from_io(Operation::SetOption("O_NONBLOCK"), error))),
        }
    }
}

impl TryFrom<OwnedHandle> for Socket {
    type Error = Error;

    /// Takes any socket over and sets its non-blocking mode.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`] if the handle is no socket, [`Operation::SetOption`] if the mode
    /// can't be set.
    fn try_from(handle: OwnedHandle) -> Result<Socket, Error> {
        let inspect = |error| Error::from_io(Operation::Inspect, error);
        let socket = socket2::Socket::from(handle);
        sys::suppress_sigpipe(&socket);
        let domain = sys::domain(&(&socket).into()).map_err(inspect)?;
        let kind = socket.r#type().map_err(inspect)?;
        let nonblocking = cfg!(unix) && sys::is_nonblocking(&(&socket).into());
        let protocol = sys::protocol(&(&socket).into()).ok().flatten();
        Socket::new(
            socket,
            Domain::from_system(domain),
            Type::from_system(kind),
            protocol.map_or(Protocol::Default, Protocol::from_system),
            nonblocking,
        )
    }
}

impl From<Socket> for OwnedHandle {
    /// Returns the handle, in non-blocking mode.
    fn from(socket: Socket) -> OwnedHandle {
        socket.socket.into()
    }
}

impl TryFrom<Socket> for Stream {
    type Error = Error;

    /// Converts a connected socket.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the socket is not of type [`Stream`](Type::Stream), and
    /// [`Operation::SetOption`] if the blocking mode can't be set. The socket is then closed.
    fn try_from(socket: Socket) -> Result<Stream, Error> {
        let (fits, nonblocking) = (socket.kind == Type::Stream, socket.nonblocking);
        let socket = socket.into_type(fits, "a stream needs the type stream")?;
        Ok(Stream::taken_over(socket, nonblocking))
    }
}

impl TryFrom<Socket> for Listener {
    type Error = Error;

    /// Converts a listening socket.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the socket is not of type [`Stream`](Type::Stream), or is of
    /// a domain that a listener does not have, and the system's errors. The socket is then closed.
    fn try_from(socket: Socket) -> Result<Listener, Error> {
        let fits = socket.kind == Type::Stream;
        Listener::taken_over(socket.into_type(fits, "a listener needs the type stream")?)
    }
}

impl TryFrom<Socket> for Datagram {
    type Error = Error;

    /// Converts a UDP or Unix datagram socket.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the socket is of another type, domain or protocol, and the
    /// system's errors. The socket is then closed.
    fn try_from(socket: Socket) -> Result<Datagram, Error> {
        let nonblocking = socket.nonblocking;
        let fits = socket.kind == Type::Datagram
            && matches!(socket.protocol, Protocol::Default | Protocol::Udp);
        let socket = socket.into_type(fits, "a datagram socket needs UDP or Unix")?;
        Datagram::taken_over(socket, nonblocking)
    }
}
