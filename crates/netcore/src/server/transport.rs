//! The sockets of the event loop, with and without TLS.

#[cfg(test)]
mod tests;

use std::io::{self, IoSlice, Read};
use std::net::Shutdown;

use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use socket2::SockRef;

use super::byte_stream::{ByteStream, Handshake, Written};
#[cfg(feature = "tls")]
use super::encrypted::Encrypted;
use crate::sys::{NO_SIGNAL, SHORT_CALL_REARMS};

/// The byte stream of a connection: a socket, with or without TLS on it.
#[derive(Debug)]
pub(crate) enum Transport<T> {
    Clear(T),
    /// The box keeps connections in the clear small.
    #[cfg(feature = "tls")]
    Tls(Box<Encrypted<T>>),
}

/// The byte stream of a connection of a server.
pub(crate) type Socket = Transport<StreamSocket>;

/// A socket of the system.
#[derive(Debug)]
pub(crate) enum StreamSocket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl<T> Transport<T> {
    /// Returns the socket, to register it.
    pub(crate) fn socket(&mut self) -> &mut T {
        match self {
            Transport::Clear(socket) => socket,
            #[cfg(feature = "tls")]
            Transport::Tls(encrypted) => encrypted.socket(),
        }
    }
}

/// Calls a method of either stream.
macro_rules! either {
    ($transport:expr, $stream:ident => $call:expr) => {
        match $transport {
            Transport::Clear($stream) => $call,
            #[cfg(feature = "tls")]
            Transport::Tls($stream) => $call,
        }
    };
}

impl<T: ByteStream> ByteStream for Transport<T> {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(self, stream => stream.read(buffer))
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        either!(self, stream => stream.write(bytes))
    }

    #[inline]
    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        either!(self, stream => stream.write_vectored(bytes))
    }

    #[inline]
    fn shutdown_write(&mut self) -> io::Result<()> {
        either!(self, stream => stream.shutdown_write())
    }

    #[inline]
    fn short_call_rearms(&self) -> bool {
        either!(self, stream => stream.short_call_rearms())
    }

    #[inline]
    fn is_drained_after(&self, received: usize, room: usize) -> bool {
        either!(self, stream => stream.is_drained_after(received, room))
    }

    #[inline]
    fn is_full_after(&self, taken: usize, offered: usize) -> bool {
        either!(self, stream => stream.is_full_after(taken, offered))
    }

    #[inline]
    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(self, stream => stream.discard(buffer))
    }

    #[inline]
    fn needs_handshake(&self) -> bool {
        either!(self, stream => stream.needs_handshake())
    }

    #[inline]
    fn handshake(&mut self) -> io::Result<Handshake> {
        either!(self, stream => stream.handshake())
    }

    #[inline]
    fn unsent(&self) -> usize {
        either!(self, stream => stream.unsent())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<Written> {
        either!(self, stream => stream.flush())
    }

    #[inline]
    fn end(&mut self) -> io::Result<Written> {
        either!(self, stream => stream.end())
    }
}

impl ByteStream for StreamSocket {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            StreamSocket::Tcp(s) => s.read(buffer),
            #[cfg(unix)]
            StreamSocket::Unix(s) => s.read(buffer),
        }
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            StreamSocket::Tcp(s) => {
                s.try_io(|| SockRef::from(&*s).send_with_flags(bytes, NO_SIGNAL))
            }
            #[cfg(unix)]
            StreamSocket::Unix(s) => {
                s.try_io(|| SockRef::from(&*s).send_with_flags(bytes, NO_SIGNAL))
            }
        }
    }

    #[inline]
    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            StreamSocket::Tcp(s) => {
                s.try_io(|| SockRef::from(&*s).send_vectored_with_flags(bytes, NO_SIGNAL))
            }
            #[cfg(unix)]
            StreamSocket::Unix(s) => {
                s.try_io(|| SockRef::from(&*s).send_vectored_with_flags(bytes, NO_SIGNAL))
            }
        }
    }

    #[inline]
    fn shutdown_write(&mut self) -> io::Result<()> {
        match self {
            StreamSocket::Tcp(s) => s.shutdown(Shutdown::Write),
            #[cfg(unix)]
            StreamSocket::Unix(s) => s.shutdown(Shutdown::Write),
        }
    }

    #[inline]
    fn short_call_rearms(&self) -> bool {
        SHORT_CALL_REARMS
    }
}
