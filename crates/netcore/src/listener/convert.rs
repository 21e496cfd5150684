//! Conversions to and from the types of std, and into parts for an event loop.

use std::net::TcpListener;

use socket2::Socket;

use crate::bind;
use crate::endpoint::{Endpoint, Transport};
use crate::error::Error;
use crate::listener::Listener;
use crate::socket_file::SocketFile;
use crate::sys::{self, OwnedHandle};

impl Listener {
    /// Returns the socket (in non-blocking mode), its endpoint, and the file to remove at the end.
    /// Drop the file before the socket.
    #[must_use]
    pub fn into_parts(self) -> (OwnedHandle, Endpoint, Option<SocketFile>) {
        (self.socket.into(), self.endpoint, self.file)
    }

    pub(crate) fn taken_over(socket: Socket) -> Result<Listener, Error> {
        sys::suppress_sigpipe(&socket);
        let endpoint = bind::bound_endpoint(&socket, Endpoint::tcp)?;
        let listener = Listener {
            file: None,
            socket,
            endpoint,
            nonblocking: false,
            #[cfg(feature = "tls")]
            tls: None,
        };
        listener.set_mode(true)?;
        Ok(listener)
    }

    fn into_transport(self, wanted: Transport) -> Result<Socket, Error> {
        if self.endpoint.transport() != wanted {
            return Err(self.name(bind::other_family()));
        }
        self.set_mode(self.nonblocking)?;
        if let Some(file) = self.file {
            file.leave();
        }
        Ok(self.socket)
    }
}

impl TryFrom<TcpListener> for Listener {
    type Error = Error;

    /// # Errors
    ///
    /// If the system can't tell the address, or set the non-blocking mode.
    fn try_from(listener: TcpListener) -> Result<Listener, Error> {
        Listener::taken_over(listener.into())
    }
}

impl TryFrom<OwnedHandle> for Listener {
    type Error = Error;

    /// Takes over a socket that listens already, for example one inherited from the parent process.
    /// The file of a Unix socket is not removed.
    ///
    /// # Errors
    ///
    /// If the handle is not a socket, or the system can't set the non-blocking mode.
    fn try_from(socket: OwnedHandle) -> Result<Listener, Error> {
        Listener::taken_over(socket.into())
    }
}

impl TryFrom<Listener> for TcpListener {
    type Error = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the listener is not TCP; it
    /// is closed then.
    fn try_from(listener: Listener) -> Result<TcpListener, Error> {
        Ok(listener.into_transport(Transport::Tcp)?.into())
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixListener;

    use crate::endpoint::Transport;
    use crate::error::Error;
    use crate::listener::Listener;

    impl TryFrom<UnixListener> for Listener {
        type Error = Error;

        /// Takes the socket over. Its file is not removed.
        ///
        /// # Errors
        ///
        /// If the system can't tell the address, or set the non-blocking mode.
        fn try_from(listener: UnixListener) -> Result<Listener, Error> {
            Listener::taken_over(listener.into())
        }
    }

    impl TryFrom<Listener> for UnixListener {
        type Error = Error;

        /// Keeps the socket's file: std's type removes none.
        ///
        /// # Errors
        ///
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the listener is not a
        /// Unix socket; it is closed then.
        fn try_from(listener: Listener) -> Result<UnixListener, Error> {
            Ok(listener.into_transport(Transport::Unix)?.into())
        }
    }
}
