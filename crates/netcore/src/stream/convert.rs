//! Conversions to and from the types of std.

use std::net::TcpStream;

use socket2::{Domain, Socket};

use crate::address::Address;
use crate::bind;
use crate::error::{Error, ErrorKind, Operation};
use crate::stream::Stream;
use crate::sys::{self, OwnedHandle, SocketMode};
#[cfg(windows)]
use crate::sys::{AsDescriptor, BorrowedDescriptor};

impl Stream {
    /// Wraps a connected socket. `nonblocking` is its mode on a system that does not report it.
    pub(crate) fn taken_over(socket: Socket, nonblocking: bool) -> Stream {
        sys::suppress_sigpipe(&socket);
        let peer = socket.peer_addr().ok().map(|peer| Address::from_system(&peer));
        let mode = SocketMode::of(&socket, nonblocking);
        Stream { socket, mode, peer, endpoint: None, tls: None }
    }

    fn into_domain(self, wanted: impl Fn(Domain) -> bool) -> Result<Socket, Error> {
        if self.tls.is_some() {
            let error = Error::new(Operation::Inspect, ErrorKind::InvalidInput);
            return Err(self.name(error.because_text("the stream is encrypted")));
        }
        let domain = match self.socket.local_addr() {
            Ok(address) => address.domain(),
            Err(error) => return Err(self.name(Error::from_io(Operation::Inspect, error))),
        };
        if wanted(domain) {
            self.mode.release(&self.socket);
            return Ok(self.socket);
        }
        Err(self.name(bind::other_family()))
    }
}

#[cfg(windows)]
impl AsDescriptor for Stream {
    fn as_descriptor(&self) -> BorrowedDescriptor<'_> {
        BorrowedDescriptor::of_socket(std::os::windows::io::AsSocket::as_socket(&self.socket))
    }
}

impl From<TcpStream> for Stream {
    /// Takes the socket over as it is. Its blocking mode and its options do not change, except that
    /// Apple's systems set `SO_NOSIGPIPE`. Windows does not report the mode, so that the stream is
    /// in blocking mode there.
    fn from(stream: TcpStream) -> Stream {
        Stream::taken_over(stream.into(), false)
    }
}

impl From<OwnedHandle> for Stream {
    /// Takes a connected stream socket over as it is. Windows does not report the blocking mode, so
    /// that the stream is in blocking mode there.
    fn from(socket: OwnedHandle) -> Stream {
        Stream::taken_over(socket.into(), false)
    }
}

impl From<Stream> for OwnedHandle {
    fn from(stream: Stream) -> OwnedHandle {
        stream.mode.release(&stream.socket);
        stream.socket.into()
    }
}

impl TryFrom<Stream> for TcpStream {
    type Error = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the stream is not TCP, or is
    /// encrypted; it is closed then.
    fn try_from(stream: Stream) -> Result<TcpStream, Error> {
        let socket = stream.into_domain(|it| it == Domain::IPV4 || it == Domain::IPV6)?;
        Ok(socket.into())
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixStream;

    use socket2::Domain;

    use crate::error::Error;
    use crate::stream::Stream;

    impl From<UnixStream> for Stream {
        /// Takes the socket over as it is. Its blocking mode and its options do not change, except
        /// that Apple's systems set `SO_NOSIGPIPE`.
        fn from(stream: UnixStream) -> Stream {
            Stream::taken_over(stream.into(), false)
        }
    }

    impl TryFrom<Stream> for UnixStream {
        type Error = Error;

        /// # Errors
        ///
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the stream is not a Unix
        /// socket; it is closed then.
        fn try_from(stream: Stream) -> Result<UnixStream, Error> {
            Ok(stream.into_domain(|it| it == Domain::UNIX)?.into())
        }
    }
}
