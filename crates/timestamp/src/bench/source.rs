//! The registration of a socket with the poller.

#[cfg(unix)]
pub(super) use descriptor::Source;
#[cfg(windows)]
pub(super) use duplicate::Source;

/// `true` if the poller reports new input after a read that did not fill its buffer. On Windows it
/// does so only after a call that would have blocked.
pub(super) const SHORT_READ_IS_LAST: bool = cfg!(unix);

#[cfg(unix)]
mod descriptor {
    use std::io;
    use std::os::fd::AsRawFd;

    use mio::unix::SourceFd;
    use mio::{Interest, Registry, Token};

    /// The registration of a socket, for which its descriptor is enough.
    #[derive(Debug)]
    pub(crate) struct Source;

    impl Source {
        pub(crate) fn of_stream(_: &impl AsRawFd) -> io::Result<Source> {
            Ok(Source)
        }

        pub(crate) fn of_datagram(_: &impl AsRawFd) -> io::Result<Source> {
            Ok(Source)
        }

        pub(crate) fn register(
            &mut self,
            socket: &impl AsRawFd,
            registry: &Registry,
            token: Token,
            interest: Interest,
        ) -> io::Result<()> {
            registry.register(&mut SourceFd(&socket.as_raw_fd()), token, interest)
        }

        pub(crate) fn reregister(
            &mut self,
            socket: &impl AsRawFd,
            registry: &Registry,
            token: Token,
            interest: Interest,
        ) -> io::Result<()> {
            registry.reregister(&mut SourceFd(&socket.as_raw_fd()), token, interest)
        }

        /// Makes a call of the socket.
        #[inline]
        pub(crate) fn call<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
            call()
        }

        /// Returns `None`: a read returns the error of a failed connection.
        pub(crate) fn take_error(&self) -> Option<io::Error> {
            None
        }
    }
}

#[cfg(windows)]
mod duplicate {
    use std::io;
    use std::os::windows::io::AsSocket;

    use mio::event;
    use mio::net::{TcpStream, UdpSocket};
    use mio::{Interest, Registry, Token};

    /// The registration of a socket: a second handle of it, which the poller needs for itself.
    #[derive(Debug)]
    pub(crate) enum Source {
        Stream(TcpStream),
        Datagram(UdpSocket),
    }

    impl Source {
        pub(crate) fn of_stream(socket: &impl AsSocket) -> io::Result<Source> {
            let socket = std::net::TcpStream::from(socket.as_socket().try_clone_to_owned()?);
            Ok(Source::Stream(TcpStream::from_std(socket)))
        }

        pub(crate) fn of_datagram(socket: &impl AsSocket) -> io::Result<Source> {
            let socket = std::net::UdpSocket::from(socket.as_socket().try_clone_to_owned()?);
            Ok(Source::Datagram(UdpSocket::from_std(socket)))
        }

        pub(crate) fn register(
            &mut self,
            _: &impl AsSocket,
            registry: &Registry,
            token: Token,
            interest: Interest,
        ) -> io::Result<()> {
            registry.register(self.source(), token, interest)
        }

        pub(crate) fn reregister(
            &mut self,
            _: &impl AsSocket,
            registry: &Registry,
            token: Token,
            interest: Interest,
        ) -> io::Result<()> {
            registry.reregister(self.source(), token, interest)
        }

        /// Makes a call of the socket. If it would have blocked, the poller watches again.
        pub(crate) fn call<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
            match self {
                Source::Stream(stream) => stream.try_io(call),
                Source::Datagram(socket) => socket.try_io(call),
            }
        }

        /// Returns the error of a failed connection.
        pub(crate) fn take_error(&self) -> Option<io::Error> {
            match self {
                Source::Stream(stream) => stream.take_error().ok().flatten(),
                Source::Datagram(_) => None,
            }
        }

        fn source(&mut self) -> &mut dyn event::Source {
            match self {
                Source::Stream(stream) => stream,
                Source::Datagram(socket) => socket,
            }
        }
    }
}
