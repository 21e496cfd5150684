//! Listening sockets, TCP and Unix: binding, and accepting under a deadline.

mod convert;

use std::fmt;
use std::io;
use std::time::Duration;

use socket2::{SockAddr, Socket, Type};

use crate::address::Address;
use crate::bind::{self, Addresses, Bound};
use crate::deadline::Deadline;
use crate::endpoint::{Endpoint, ToEndpoint, Transport};
use crate::error::{Error, ErrorKind, Operation};
use crate::options::SocketOptions;
use crate::socket_file::SocketFile;
use crate::stream::Stream;
use crate::sys::{self, Interest};
#[cfg(feature = "tls")]
use crate::tls::TlsAcceptor;
use crate::wait;

#[cfg(test)]
mod tests;

/// A listening socket: TCP or Unix.
///
/// ```no_run
/// use std::time::Duration;
/// use netcore::{Deadline, Listener};
///
/// let listener = Listener::bind("127.0.0.1:8080")?;
/// loop {
///     let (stream, peer) = listener.accept(Deadline::never())?;
///     let deadline = Deadline::after(Duration::from_secs(5));
///     // A peer that resets its connection ends only that connection.
///     let greeted = stream.write_all_deadline(b"hello\n", deadline);
///     if let Err(error) = greeted.and_then(|()| stream.finish(deadline)) {
///         eprintln!("{peer}: {error}");
///     }
/// }
/// # Ok::<(), netcore::Error>(())
/// ```
///
/// Dropping the listener removes a Unix socket's file, if it is still the listener's own.
///
/// The socket itself is in non-blocking mode: [`accept`](Listener::accept) waits with poll(2), so
/// that its deadline holds. The conversions to std's types restore the blocking mode.
#[derive(Debug)]
pub struct Listener {
    // Declared before the socket: the file must be removed before the socket is closed.
    file: Option<SocketFile>,
    socket: Socket,
    endpoint: Endpoint,
    /// The blocking mode of accepted streams.
    nonblocking: bool,
    #[cfg(feature = "tls")]
    tls: Option<TlsAcceptor>,
}

sys::handle_traits!(Listener);

impl Listener {
    /// Listens on one address, with the options that suit a server. `endpoint` is an [`Endpoint`],
    /// a text such as `127.0.0.1:0`, `:8080` or `unix:/run/app.sock`, or a socket address.
    ///
    /// A name that stands for several addresses is bound to the first one of a family that the
    /// machine has; [`bind_all`](Listener::bind_all) listens on all of them.
    ///
    /// # Errors
    ///
    /// As [`bind_with`](Listener::bind_with).
    pub fn bind(endpoint: impl ToEndpoint) -> Result<Listener, Error> {
        Listener::bind_with(endpoint, &SocketOptions::new())
    }

    /// Listens on one address, with `options`; otherwise as [`bind`](Listener::bind).
    ///
    /// - `:PORT` and `[::]:PORT` are one socket for IPv6 and IPv4, unless
    ///   [`with_only_v6`](SocketOptions::with_only_v6) says otherwise. `:PORT` is IPv4 only where
    ///   the machine has no IPv6.
    /// - Port 0 takes a free port; [`endpoint`](Listener::endpoint) has it.
    /// - On Unix `SO_REUSEADDR` is set unless `options` say otherwise, so a server can be started
    ///   again at once.
    /// - `TCP_NODELAY` is set, and `SO_KEEPALIVE` so that a vanished peer is noticed after about
    ///   [two minutes](crate::options::Keepalive::LIMIT), unless `options` say otherwise. Accepted
    ///   connections inherit both and the buffer sizes from here.
    /// - A Unix socket's file on which no process accepts is replaced. A file on which a process
    ///   does, and any other file, is left untouched.
    /// - The backlog is 4096, or the system's limit if that is lower, unless `options` say
    ///   otherwise.
    ///
    /// # Errors
    ///
    /// - [`Operation::Parse`] if `endpoint` is a text that is no endpoint;
    /// - the errors of [`resolve`](crate::resolve::resolve); a look-up may take 30 seconds;
    /// - [`Operation::Bind`] with [`AddressInUse`](ErrorKind::AddressInUse),
    ///   [`AddressNotAvailable`](ErrorKind::AddressNotAvailable),
    ///   [`PermissionDenied`](ErrorKind::PermissionDenied) or another kind;
    /// - [`Operation::Listen`], [`Operation::SetOption`] and [`Operation::Open`] with the system's
    ///   reason;
    /// - [`InvalidInput`](ErrorKind::InvalidInput) for `udp://`, or a path that is too long.
    pub fn bind_with(
        endpoint: impl ToEndpoint,
        options: &SocketOptions,
    ) -> Result<Listener, Error> {
        let endpoint = endpoint.to_endpoint(Transport::Tcp)?;
        let bound = bind::bind_first(&endpoint, options, Type::STREAM)?;
        Listener::new(bound, options.nonblocking().unwrap_or(false))
    }

    /// Listens on every address that `endpoint` stands for, with one listener for each; otherwise
    /// as [`bind_with`](Listener::bind_with).
    ///
    /// Port 0 takes the same free port for all addresses of a name. `:PORT` is two listeners where
    /// one socket can't serve both families.
    ///
    /// # Errors
    ///
    /// As [`bind_with`](Listener::bind_with). If one address fails, none is left bound.
    pub fn bind_all(
        endpoint: impl ToEndpoint,
        options: &SocketOptions,
    ) -> Result<Vec<Listener>, Error> {
        let endpoint = endpoint.to_endpoint(Transport::Tcp)?;
        let nonblocking = options.nonblocking().unwrap_or(false);
        let bound = bind::bind(&endpoint, options, Type::STREAM, Addresses::All)?;
        bound.into_iter().map(|bound| Listener::new(bound, nonblocking)).collect()
    }

    fn new(bound: Bound, nonblocking: bool) -> Result<Listener, Error> {
        let Bound { file, socket, endpoint } = bound;
        let listener = Listener {
            file,
            socket,
            endpoint,
            nonblocking,
            #[cfg(feature = "tls")]
            tls: None,
        };
        listener.set_mode(true)?;
        Ok(listener)
    }

    /// Encrypts the accepted streams, and gives the endpoint the scheme `tls://`.
    ///
    /// [`accept`](Listener::accept) does not wait for the handshake, so that a slow peer delays no
    /// other one. The first read or write of a stream makes it, or [`Stream::handshake`]. A Unix
    /// listener stays in the clear.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, acceptor: TlsAcceptor) -> Listener {
        if self.endpoint.transport().is_tcp() {
            self.endpoint = self.endpoint.over_tls();
            self.tls = Some(acceptor);
        }
        self
    }

    /// Returns the acceptor that encrypts the accepted streams.
    #[cfg(all(feature = "tls", feature = "server"))]
    pub(crate) fn tls(&self) -> Option<&TlsAcceptor> {
        self.tls.as_ref()
    }

    /// Waits for a connection.
    ///
    /// Errors that concern a single connection or are temporary are retried: a connection that was
    /// aborted before it was accepted, the network errors that accept(2) passes on, and a lack of
    /// descriptors or memory (retried after a pause of up to 100 ms).
    ///
    /// The `options` of the listener determine `TCP_NODELAY` and the blocking mode of the stream,
    /// regardless of the values that the system passes on.
    ///
    /// # Errors
    ///
    /// [`Operation::Accept`] with
    /// - [`TimedOut`](ErrorKind::TimedOut): the deadline passed;
    /// - [`DescriptorsExhausted`](ErrorKind::DescriptorsExhausted) or
    ///   [`NoBuffers`](ErrorKind::NoBuffers): the deadline passed during such a shortage;
    /// - [`InvalidInput`](ErrorKind::InvalidInput): the endpoint is `tls://`, and the listener has
    ///   no certificate;
    /// - another kind for a permanent error.
    pub fn accept(&self, deadline: Deadline) -> Result<(Stream, Address), Error> {
        self.check_certificate()?;
        accept(&self.socket, deadline, &self.endpoint, |socket, peer| self.take(socket, &peer))
            .map_err(|error| self.name(error))
    }

    /// Calls accept(2) once, without waiting.
    pub(crate) fn accept_now(&self) -> io::Result<(Stream, Address)> {
        self.check_certificate()?;
        let (socket, peer) = self.socket.accept()?;
        // The system refuses options on a connection that is gone already.
        self.take(socket, &peer).map_err(|_| io::ErrorKind::ConnectionAborted.into())
    }

    /// Returns the bound endpoint, with the port that the system chose.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the bound address.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`], if the system fails.
    pub fn local_address(&self) -> Result<Address, Error> {
        bind::local_address(&self.socket).map_err(|error| self.name(error))
    }

    fn take(&self, socket: Socket, peer: &SockAddr) -> io::Result<(Stream, Address)> {
        // On the BSDs and Apple's systems the new socket inherits the listener's mode.
        socket.set_nonblocking(self.nonblocking)?;
        let peer = Address::from_system(peer);
        let stream = Stream::accepted(socket, peer.clone(), self.nonblocking);
        #[cfg(feature = "tls")]
        if let Some(acceptor) = &self.tls {
            let stream = acceptor.accept(stream)?;
            stream.set_nonblocking(self.nonblocking)?;
            return Ok((stream, peer));
        }
        Ok((stream, peer))
    }

    /// Fails if the streams are to be encrypted, but the listener cannot encrypt them.
    pub(crate) fn check_certificate(&self) -> Result<(), Error> {
        #[cfg(feature = "tls")]
        let (can_encrypt, why) = (self.tls.is_some(), "tls:// needs a certificate: see with_tls");
        #[cfg(not(feature = "tls"))]
        let (can_encrypt, why) = (false, "tls:// needs the feature `tls`");
        if can_encrypt || self.endpoint.transport() != Transport::Tls {
            return Ok(());
        }
        let error = Error::new(Operation::Accept, ErrorKind::InvalidInput);
        Err(self.name(error.because_text(why)))
    }

    fn set_mode(&self, nonblocking: bool) -> Result<(), Error> {
        self.socket
            .set_nonblocking(nonblocking)
            .map_err(|error| self.name(Error::from_io(Operation::SetOption("O_NONBLOCK"), error)))
    }

    fn name(&self, error: Error) -> Error {
        error.at(self.endpoint.to_string())
    }
}

/// Waits for a connection on `socket`, which must be in non-blocking mode. Errors are retried as in
/// [`Listener::accept`]. `take` fails if the connection is gone already.
pub(crate) fn accept<T>(
    socket: &Socket,
    deadline: Deadline,
    name: &dyn fmt::Display,
    take: impl Fn(Socket, SockAddr) -> io::Result<T>,
) -> Result<T, Error> {
    let mut shortage: Option<io::Error> = None;
    let mut pauses = 0;
    loop {
        let accepted = wait::until(socket, Interest::Read, deadline, || socket.accept());
        let error = match accepted {
            Ok(Some((accepted, peer))) => match take(accepted, peer) {
                Ok(taken) => return Ok(taken),
                // The system refuses options on a connection that is gone already.
                Err(_) => continue,
            },
            Ok(None) => break,
            Err(error) => error,
        };
        match AcceptFailure::of(&error) {
            AcceptFailure::Empty | AcceptFailure::Transient => shortage = None,
            AcceptFailure::Shortage => {
                if shortage.is_none() {
                    log::warn!("{name}: accepting is delayed: {error}");
                }
                shortage = Some(error);
                wait::pause(pauses, LONGEST_PAUSE, deadline);
                pauses += 1;
            }
            AcceptFailure::Fatal => return Err(Error::from_io(Operation::Accept, error)),
        }
    }
    Err(match shortage {
        Some(error) => Error::from_io(Operation::Accept, error),
        None => Error::timed_out(Operation::Accept),
    })
}

/// The longest pause between attempts while descriptors or memory are short.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The meaning of a failed accept(2) for the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcceptFailure {
    /// No connection is waiting.
    Empty,
    /// The error concerns one connection, or none: try again.
    Transient,
    /// Descriptors or memory are short: try again after a pause.
    Shortage,
    /// The error is permanent.
    Fatal,
}

impl AcceptFailure {
    /// Classifies an error of accept(2) by the list of its manual page, "Error handling".
    /// EOPNOTSUPP is left out: a socket that does not listen returns it for each call.
    pub(crate) fn of(error: &io::Error) -> AcceptFailure {
        match ErrorKind::of(error) {
            ErrorKind::WouldBlock => AcceptFailure::Empty,
            ErrorKind::Interrupted
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::TimedOut
            // Wine's error for a connection that the peer has reset already.
            | ErrorKind::NotConnected
            // A firewall rule forbids this connection.
            | ErrorKind::PermissionDenied => AcceptFailure::Transient,
            ErrorKind::DescriptorsExhausted | ErrorKind::NoBuffers => AcceptFailure::Shortage,
            _ => AcceptFailure::Fatal,
        }
    }
}
