//! The sockets of the event loop: the calls that a connection needs, for both kinds of streams.

#[cfg(test)]
mod tests;

use std::io::{self, IoSlice, Read};
use std::net::Shutdown;

use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use socket2::SockRef;

use crate::sys::{NO_SIGNAL, SHORT_CALL_REARMS};

/// A non-blocking byte stream.
pub(crate) trait ByteStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize>;
    fn shutdown_write(&mut self) -> io::Result<()>;

    /// Returns `true` if the poller reports new readiness after a short read or write. Otherwise it
    /// does so only after a call that failed with [`WouldBlock`](io::ErrorKind::WouldBlock).
    fn short_call_rearms(&self) -> bool;
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl ByteStream for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(s) => s.read(buffer),
            #[cfg(unix)]
            Socket::Unix(s) => s.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(s) => s.try_io(|| SockRef::from(&*s).send_with_flags(bytes, NO_SIGNAL)),
            #[cfg(unix)]
            Socket::Unix(s) => s.try_io(|| SockRef::from(&*s).send_with_flags(bytes, NO_SIGNAL)),
        }
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Tcp(s) => {
                s.try_io(|| SockRef::from(&*s).send_vectored_with_flags(bytes, NO_SIGNAL))
            }
            #[cfg(unix)]
            Socket::Unix(s) => {
                s.try_io(|| SockRef::from(&*s).send_vectored_with_flags(bytes, NO_SIGNAL))
            }
        }
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        match self {
            Socket::Tcp(s) => s.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Socket::Unix(s) => s.shutdown(Shutdown::Write),
        }
    }

    fn short_call_rearms(&self) -> bool {
        SHORT_CALL_REARMS
    }
}
