//! Connecting: all addresses of an endpoint, under one deadline.

mod event;
mod happy_eyeballs;
mod inet;
pub(crate) mod socket;
mod unix;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::address::Address;
use crate::datagram::Datagram;
use crate::deadline::Deadline;
use crate::endpoint::{Endpoint, ToEndpoint, Transport};
use crate::error::{Error, ErrorKind, Operation};
use crate::options::SocketOptions;
use crate::resolve::Family;
use crate::stream::Stream;
use crate::sys;
#[cfg(feature = "tls")]
use crate::tls::TlsConnector;
use crate::until::Until;
pub use event::ConnectEvent;
use event::Observer;
pub use happy_eyeballs::{ATTEMPT_DELAY, MAX_ADDRESSES, MIN_ATTEMPT_DELAY};
use inet::InetTarget;

#[cfg(test)]
mod tests;

/// The settings of a connection attempt: options, address family, local address and attempt delay.
///
/// ```no_run
/// use std::time::Duration;
/// use netcore::{Connector, Deadline, Endpoint};
/// use netcore::resolve::Family;
///
/// let endpoint: Endpoint = "db.example:5432".parse()?;
/// let connector = Connector::new().with_family(Family::Ipv4);
/// let deadline = Deadline::after(Duration::from_secs(5));
/// match connector.connect_observed(&endpoint, deadline, |event| eprintln!("{event}")) {
///     Ok(stream) => println!("connected to {}", stream.peer_address()?),
///     Err(error) => {
///         for attempt in error.attempts() {
///             println!("{attempt}, after {:?}", attempt.elapsed());
///         }
///         return Err(error.into());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// One value serves many connections, from many threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector {
    options: SocketOptions,
    family: Family,
    local_address: Option<SocketAddr>,
    attempt_delay: Duration,
    #[cfg(feature = "tls")]
    tls: Option<TlsConnector>,
}

impl Default for Connector {
    fn default() -> Connector {
        Connector::new()
    }
}

impl Connector {
    /// Makes a connector without options, for every family and any local address, with
    /// [`ATTEMPT_DELAY`].
    #[must_use]
    pub fn new() -> Connector {
        Connector {
            options: SocketOptions::new(),
            family: Family::Any,
            local_address: None,
            attempt_delay: ATTEMPT_DELAY,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Sets the options of the sockets. Options that the transport does not have are skipped.
    #[must_use]
    pub fn with_options(mut self, options: SocketOptions) -> Connector {
        self.options = options;
        self
    }

    /// Sets the family of the addresses to try. It does not apply to Unix sockets.
    #[must_use]
    pub fn with_family(mut self, family: Family) -> Connector {
        self.family = family;
        self
    }

    /// Sets the local address: bind(2). Port 0 stands for any port. Only addresses of its family
    /// are tried. A Unix socket is not bound to it.
    ///
    /// A port other than 0 sets `SO_REUSEADDR`, unless the options say otherwise. Attempts can then
    /// share the port where the system allows that, and it can be used again soon.
    #[must_use]
    pub fn with_local_address(mut self, address: SocketAddr) -> Connector {
        self.local_address = Some(address);
        self
    }

    /// Sets the time after which the next attempt joins an unfinished one; by default
    /// [`ATTEMPT_DELAY`], and at least [`MIN_ATTEMPT_DELAY`].
    /// With [`Duration::MAX`] each attempt starts after the failure of the one before it.
    #[must_use]
    pub fn with_attempt_delay(mut self, delay: Duration) -> Connector {
        self.attempt_delay = delay;
        self
    }

    /// Sets the trusted certificates, and this side's own, for endpoints of the scheme `tls://`.
    /// Without this call, the system's root certificates are read for each connection.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, tls: TlsConnector) -> Connector {
        self.tls = Some(tls);
        self
    }

    /// Returns the family of the addresses to try.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// Connects a stream to the first address of `endpoint` that answers. For `tls://` the
    /// handshake follows, and the certificate has to be for the host of `endpoint`.
    ///
    /// Addresses are tried according to Happy Eyeballs (RFC 8305 sections 4 and 5). IPv6 and IPv4
    /// addresses alternate, in the system's order within each family, up to
    /// [`MAX_ADDRESSES`].
    ///
    /// The next attempt starts at once after a failure, and otherwise after the attempt delay. The
    /// first attempt to connect wins, and the others are closed. If the deadline leaves less than
    /// the attempt delay for each address, the attempts follow one another faster.
    ///
    /// `deadline` and [`with_connect_timeout`](SocketOptions::with_connect_timeout) cover the whole
    /// operation, the look-up and the handshake included. `TCP_NODELAY` is set and the stream is in
    /// blocking mode unless the options say otherwise.
    ///
    /// # Errors
    ///
    /// - the errors of [`resolve`](crate::resolve::resolve);
    /// - [`Operation::Connect`] with the system's reason, often
    ///   [`ConnectionRefused`](ErrorKind::ConnectionRefused) or
    ///   [`HostUnreachable`](ErrorKind::HostUnreachable), or [`TimedOut`](ErrorKind::TimedOut) once
    ///   the deadline has passed. After several attempts [`Error::attempts`] has all of them;
    /// - [`Operation::Resolve`], [`Operation::Connect`] or [`Operation::Handshake`] with
    ///   [`Cancelled`](ErrorKind::Cancelled) once the token is cancelled;
    /// - [`Operation::Bind`], if the system does not give the local address;
    /// - [`Operation::SetOption`] if the system refuses an option, [`Operation::Open`] if it has no
    ///   socket left, [`Operation::Poll`] if it can't wait for the sockets;
    /// - for `tls://` [`Operation::Handshake`], as [`Stream::handshake`], and
    ///   [`Operation::LoadRoots`]; without the feature `tls`
    ///   [`Unsupported`](ErrorKind::Unsupported);
    /// - [`InvalidInput`](ErrorKind::InvalidInput) for `udp://`, a path that is too long, or a
    ///   local address of another family than the wanted one.
    pub fn connect<'a>(
        &self,
        endpoint: &Endpoint,
        deadline: impl Into<Until<'a>>,
    ) -> Result<Stream, Error> {
        self.connect_observed(endpoint, deadline, |_| {})
    }

    /// As [`connect`](Connector::connect), and calls `observer` with each event of each attempt.
    /// Time spent in `observer` is lost to the attempts.
    ///
    /// # Errors
    ///
    /// As [`connect`](Connector::connect).
    pub fn connect_observed<'a>(
        &self,
        endpoint: &Endpoint,
        deadline: impl Into<Until<'a>>,
        mut observer: impl FnMut(&ConnectEvent<'_>),
    ) -> Result<Stream, Error> {
        let mut observer = |event: &ConnectEvent<'_>| {
            log::debug!("connect to {endpoint}: {event}");
            observer(event);
        };
        let until = deadline.into();
        let until = match self.options.connect_timeout() {
            Some(timeout) => until.earlier(Deadline::after(timeout)),
            None => until,
        };
        let mut options = self.options.fitting(endpoint.transport());
        let (socket, peer) = match (endpoint.transport(), endpoint.path()) {
            (Transport::Unix, Some(path)) => {
                let address = Address::Unix(Some(path.to_path_buf()));
                let connect = || unix::stream(path, &options, until);
                observed(address, endpoint, &mut observer, connect)?
            }
            (Transport::Tcp | Transport::Tls, _) => {
                options.set.nodelay.get_or_insert(true);
                let has_port = self.local_address.is_some_and(|local| local.port() != 0);
                if has_port && sys::REUSE_ADDRESS_RESTARTS {
                    options.set.reuse_address.get_or_insert(true);
                }
                let target = self.target(endpoint, &options)?;
                inet::stream(&target, self.attempt_delay, until, &mut observer)?
            }
            _ => return Err(wrong_transport("a stream needs tcp://, tls:// or unix:", endpoint)),
        };
        let mut stream = Stream::connected(socket, peer, endpoint);
        if endpoint.transport() == Transport::Tls {
            stream = self.encrypt(stream, endpoint, until, &mut observer)?;
        }
        if self.options.nonblocking() == Some(true) {
            stream.set_nonblocking(true)?;
        }
        Ok(stream)
    }

    /// Opens a datagram socket that sends to `endpoint` and receives from `endpoint` only; see
    /// [`Datagram::connect`]. Nothing is sent, so no attempts race: the socket connects to the
    /// first address to which the system has a route.
    ///
    /// The socket is never its own peer. The system may choose the endpoint's own port as the local
    /// port if no socket listens there; the socket is then replaced.
    ///
    /// # Errors
    ///
    /// - the errors of [`resolve`](crate::resolve::resolve);
    /// - [`Operation::Connect`], [`Operation::Bind`], [`Operation::SetOption`] and
    ///   [`Operation::Open`] with the system's reason;
    /// - [`ConnectionRefused`](ErrorKind::ConnectionRefused), if the local address of
    ///   [`with_local_address`](Connector::with_local_address) is the endpoint's own;
    /// - [`InvalidInput`](ErrorKind::InvalidInput) for `tcp://`, a path that is too long, or a
    ///   local address of another family than the wanted one.
    pub fn connect_datagram<'a>(
        &self,
        endpoint: &Endpoint,
        deadline: impl Into<Until<'a>>,
    ) -> Result<Datagram, Error> {
        let options = self.options.fitting(endpoint.transport());
        let (socket, peer) = match (endpoint.transport(), endpoint.path()) {
            (Transport::Unix, Some(path)) => {
                unix::datagram(path, &options).map_err(|error| error.at(endpoint.as_given()))?
            }
            (Transport::Udp, _) => {
                inet::datagram(&self.target(endpoint, &options)?, deadline.into())?
            }
            _ => return Err(wrong_transport("a datagram socket needs udp:// or unix:", endpoint)),
        };
        Datagram::connected(socket, peer, endpoint, &self.options)
    }

    #[cfg(feature = "tls")]
    fn encrypt(
        &self,
        stream: Stream,
        endpoint: &Endpoint,
        until: Until<'_>,
        observer: Observer<'_>,
    ) -> Result<Stream, Error> {
        let begin = Instant::now();
        let stream = match &self.tls {
            Some(tls) => tls.connect_to(stream, endpoint, until)?,
            None => TlsConnector::with_system_roots()?.connect_to(stream, endpoint, until)?,
        };
        let address = &stream.peer_address()?;
        observer(&ConnectEvent::Encrypted { address, elapsed: begin.elapsed() });
        Ok(stream)
    }

    #[cfg(not(feature = "tls"))]
    fn encrypt(
        &self,
        stream: Stream,
        _: &Endpoint,
        _: Until<'_>,
        _: Observer<'_>,
    ) -> Result<Stream, Error> {
        let error = Error::new(Operation::Connect, ErrorKind::Unsupported);
        Err(stream.name(error.because_text("tls:// needs the feature `tls`")))
    }

    /// Returns the addresses to try, and the sockets to try them with.
    fn target<'a>(
        &self,
        endpoint: &'a Endpoint,
        options: &'a SocketOptions,
    ) -> Result<InetTarget<'a>, Error> {
        let family = self.wanted_family().map_err(|error| error.at(endpoint.as_given()))?;
        Ok(InetTarget { endpoint, family, local: self.local_address, options })
    }

    /// Returns the family of the addresses to try.
    fn wanted_family(&self) -> Result<Family, Error> {
        match self.local_address.map(|local| Family::of(local.ip())) {
            None => Ok(self.family),
            Some(local) if self.family.takes(local) => Ok(local),
            Some(_) => Err(Error::new(Operation::Connect, ErrorKind::InvalidInput)
                .because_text("the local address is not of the wanted family")),
        }
    }
}

impl Stream {
    /// Connects to the first address of `endpoint` that answers: [`Connector::connect`] with these
    /// options and otherwise the defaults. `endpoint` is an [`Endpoint`], a text such as
    /// `db.example:5432` or `unix:/run/app.sock`, or a socket address.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect`], and [`Operation::Parse`] if `endpoint` is a text that is no
    /// endpoint.
    pub fn connect<'a>(
        endpoint: impl ToEndpoint,
        options: &SocketOptions,
        deadline: impl Into<Until<'a>>,
    ) -> Result<Stream, Error> {
        let endpoint = endpoint.to_endpoint(Transport::Tcp)?;
        Connector::new().with_options(options.clone()).connect(&endpoint, deadline)
    }
}

impl Datagram {
    /// Opens a socket that sends to `endpoint` and receives from `endpoint` only. The transport of
    /// a text without a scheme is UDP.
    ///
    /// Nothing is sent yet. If the peer does not exist, the first [`recv`](Datagram::recv) reports
    /// that, provided that the other machine answers so. On Linux a Unix socket gets a name of its
    /// own, so that it can be answered; elsewhere it only sends.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect_datagram`], and [`Operation::Parse`] if `endpoint` is a text that is
    /// no endpoint.
    pub fn connect<'a>(
        endpoint: impl ToEndpoint,
        options: &SocketOptions,
        deadline: impl Into<Until<'a>>,
    ) -> Result<Datagram, Error> {
        let endpoint = endpoint.to_endpoint(Transport::Udp)?;
        Connector::new().with_options(options.clone()).connect_datagram(&endpoint, deadline)
    }
}

/// Makes and reports the only attempt for an endpoint that has one address.
fn observed(
    address: Address,
    endpoint: &Endpoint,
    observer: Observer<'_>,
    connect: impl FnOnce() -> Result<(Socket, Address), Error>,
) -> Result<(Socket, Address), Error> {
    observer(&ConnectEvent::Started { address: &address });
    let begin = Instant::now();
    let connected = connect();
    let elapsed = begin.elapsed();
    let connected = connected.map_err(|error| error.at(endpoint.as_given()).after(elapsed));
    let address = &address;
    observer(&match &connected {
        Ok(_) => ConnectEvent::Connected { address, elapsed },
        Err(error) => ConnectEvent::Failed { address, elapsed, error },
    });
    connected
}

fn wrong_transport(text: &'static str, endpoint: &Endpoint) -> Error {
    Error::new(Operation::Connect, ErrorKind::InvalidInput)
        .because_text(text)
        .at(endpoint.as_given())
}
