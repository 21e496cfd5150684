//! Conversions to and from the types of std.

use std::net::TcpStream;

use socket2::{Domain, Socket};

use crate::address::Address;
use crate::bind;
use crate::error::{Error, ErrorKind, Operation};
use crate::stream::Stream;
use crate::sys::OwnedHandle;

impl Stream {
    pub(crate) fn taken_over(socket: Socket) -> Stream {
        let peer = socket.peer_addr().ok().map(|peer| Address::from_system(&peer));
        Stream { socket, peer, endpoint: None, tls: None }
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
            return Ok(self.socket);
        }
        Err(self.name(bind::other_family()))
    }
}

impl From<TcpStream> for Stream {
    /// Takes the socket over as it is; its options and its blocking mode do not change.
    fn from(stream: TcpStream) -> Stream {
        Stream::taken_over(stream.into())
    }
}

impl From<OwnedHandle> for Stream {
    /// Takes a connected stream socket over as it is.
    fn from(socket: OwnedHandle) -> Stream {
        Stream::taken_over(socket.into())
    }
}

impl From<Stream> for OwnedHandle {
    fn from(stream: Stream) -> OwnedHandle {
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
        /// Takes the socket over as it is; its options and its blocking mode do not change.
        fn from(stream: UnixStream) -> Stream {
            Stream::taken_over(stream.into())
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
