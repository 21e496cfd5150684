//! Accepting connections: the least loaded worker gets the next one. No shortage ends it (EMFILE).

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
#[cfg(unix)]
use mio::net::UnixListener;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Type};

use super::byte_stream::ByteStream;
#[cfg(feature = "tls")]
use super::encrypted::Encrypted;
use super::handle::{Incoming, Shared};
use super::service::Rejection;
use super::transport::{Socket, StreamSocket};
use crate::address::Address;
use crate::endpoint::{Endpoint, Transport};
use crate::error::{Error, Operation};
use crate::listener::{AcceptFailure, Listener};
use crate::socket_file::SocketFile;
use crate::throttle::Throttle;
#[cfg(feature = "tls")]
use crate::tls::TlsAcceptor;

/// Connections accepted from one listener before the other listeners and the open connections have
/// their turn.
const BATCH: usize = 256;
/// Pause of accepting when the system has no descriptor even for rejecting a peer.
const PAUSE: Duration = Duration::from_millis(100);

/// `true` where an accepted socket inherits the listener's options. That saves a system call for
/// each option.
const INHERITED: bool = cfg!(any(target_os = "linux", target_os = "android"));

#[derive(Debug)]
enum Source {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Source {
    /// Takes a listener over. It is in non-blocking mode.
    fn new(listener: Listener) -> (Source, Option<SocketFile>) {
        let unix = listener.endpoint().transport() == Transport::Unix;
        let (socket, _, file) = listener.into_parts();
        #[cfg(unix)]
        if unix {
            let listener = std::os::unix::net::UnixListener::from(socket);
            return (Source::Unix(UnixListener::from_std(listener)), file);
        }
        #[cfg(not(unix))]
        let _ = unix;
        // RFC 6093, section 5: a byte sent as urgent stays in its place in the stream, such as the
        // second byte of telnet's Data Mark. A system without the option takes it out.
        let _ = socket2::SockRef::from(&socket).set_out_of_band_inline(true);
        (Source::Tcp(TcpListener::from_std(std::net::TcpListener::from(socket))), file)
    }

    fn accept(&self) -> io::Result<(StreamSocket, Address)> {
        match self {
            Source::Tcp(listener) => {
                let (socket, peer) = listener.accept()?;
                if !INHERITED {
                    // Apple's systems refuse options with EINVAL once the peer has reset the
                    // connection.
                    socket.set_nodelay(true).map_err(|_| io::ErrorKind::ConnectionAborted)?;
                    let _ = socket2::SockRef::from(&socket).set_out_of_band_inline(true);
                }
                Ok((StreamSocket::Tcp(socket), Address::from(peer)))
            }
            #[cfg(unix)]
            Source::Unix(listener) => {
                let (socket, peer) = listener.accept()?;
                Ok((StreamSocket::Unix(socket), Address::from(peer)))
            }
        }
    }

    fn source(&mut self) -> &mut dyn mio::event::Source {
        match self {
            Source::Tcp(listener) => listener,
            #[cfg(unix)]
            Source::Unix(listener) => listener,
        }
    }
}

/// A bound listener and its file.
#[derive(Debug)]
struct Listening {
    /// Removes the file of a Unix socket, before the socket is closed.
    _file: Option<SocketFile>,
    source: Source,
    /// The endpoint, for the log.
    endpoint: Endpoint,
    /// Number of its endpoint, as [`Incoming`] has it.
    number: usize,
    ready: bool,
    #[cfg(feature = "tls")]
    tls: Option<TlsAcceptor>,
}

impl Listening {
    /// Returns `true` if a handshake precedes each connection.
    fn is_encrypted(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Returns `true` if there may be connections, and room for one.
    fn can_accept(&self, shared: &Shared) -> bool {
        self.ready && (!self.is_encrypted() || shared.can_handshake())
    }

    fn accept(&self) -> io::Result<(Socket, Incoming)> {
        let (socket, address) = self.source.accept()?;
        let from = Incoming { address, listener: self.number };
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let session = tls.session().map_err(|_| io::ErrorKind::ConnectionAborted)?;
            return Ok((Socket::Tls(Encrypted::new(socket, session).into()), from));
        }
        Ok((Socket::Clear(socket), from))
    }
}

/// The listeners of a server. They belong to its first worker.
#[derive(Debug)]
pub(super) struct Acceptor {
    listeners: Vec<Listening>,
    shared: Arc<Shared>,
    /// A descriptor in reserve, given up for a moment to reject a peer when no other is left.
    spare: Option<socket2::Socket>,
    /// Time until which accepting is paused.
    paused: Option<Instant>,
    throttle: Throttle,
}

/// The decision about an accepted connection.
#[derive(Debug)]
pub(super) enum Accepted {
    /// The worker of this number serves the peer.
    Serve(usize, Socket, Incoming),
    /// The peer receives the reason, and the connection is closed.
    Reject(Socket, Incoming, Rejection),
}

impl Acceptor {
    pub(super) fn new(shared: Arc<Shared>) -> Acceptor {
        Acceptor {
            listeners: Vec::new(),
            shared,
            spare: spare(),
            paused: None,
            throttle: Throttle::default(),
        }
    }

    /// Takes over a listener of the endpoint `number` and registers it under `token`.
    ///
    /// # Errors
    ///
    /// Fails with the system's reason if the listener cannot be registered.
    pub(super) fn add(
        &mut self,
        listener: Listener,
        number: usize,
        registry: &Registry,
        token: Token,
    ) -> Result<(), Error> {
        let endpoint = listener.endpoint().clone();
        let failed = |error| Error::from_io(Operation::Listen, error).at(endpoint.to_string());
        #[cfg(feature = "tls")]
        let tls = listener.tls().cloned();
        let (mut source, file) = Source::new(listener);
        registry.register(source.source(), token, Interest::READABLE).map_err(failed)?;
        self.listeners.push(Listening {
            source,
            endpoint,
            number,
            _file: file,
            ready: false,
            #[cfg(feature = "tls")]
            tls,
        });
        Ok(())
    }

    /// Returns the number of listeners.
    pub(super) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Notes that the listener number `index` may have connections.
    pub(super) fn event(&mut self, index: usize) {
        if let Some(listener) = self.listeners.get_mut(index) {
            listener.ready = true;
        }
    }

    /// Returns `true` if there may be connections to accept at once.
    pub(super) fn is_busy(&self) -> bool {
        self.paused.is_none() && self.listeners.iter().any(|it| it.can_accept(&self.shared))
    }

    /// Returns the end of the pause, if accepting is paused.
    pub(super) fn paused(&self) -> Option<Instant> {
        self.paused
    }

    /// Accepts waiting connections, up to a share of each listener, and hands them to `take`.
    pub(super) fn run(&mut self, mut take: impl FnMut(Accepted)) {
        if self.paused.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.paused = None;
        for index in 0..self.listeners.len() {
            for _ in 0..BATCH {
                let listener = &self.listeners[index];
                if self.paused.is_some() || !listener.can_accept(&self.shared) {
                    break;
                }
                let accepted = match listener.accept() {
                    Ok((socket, from)) => self.assign(socket, from),
                    Err(error) => self.on_error(index, &error),
                };
                if let Some(accepted) = accepted {
                    take(accepted);
                    // A rejected peer has used the reserve, and has given it back by now.
                    self.spare = self.spare.take().or_else(spare);
                }
            }
        }
    }

    /// Chooses the worker. Returns `None` if the connection cannot be taken.
    fn assign(&self, socket: Socket, from: Incoming) -> Option<Accepted> {
        if socket.needs_handshake() {
            let worker = self.shared.begin_handshake()?;
            return Some(Accepted::Serve(worker, socket, from));
        }
        let worker = self.shared.least_loaded();
        Some(match self.shared.admit(worker) {
            true => Accepted::Serve(worker, socket, from),
            false => Accepted::Reject(socket, from, Rejection::Full),
        })
    }

    /// Handles a failed accept(2). Returns the peer that is rejected for it, if there is one.
    fn on_error(&mut self, index: usize, error: &io::Error) -> Option<Accepted> {
        let listener = &mut self.listeners[index];
        match AcceptFailure::of(error) {
            AcceptFailure::Empty => listener.ready = false,
            AcceptFailure::Transient => {
                log::debug!("{}: connection not accepted: {error}", listener.endpoint);
            }
            AcceptFailure::Shortage => return self.on_shortage(index, error),
            AcceptFailure::Fatal => {
                log::error!("{}: accepts no more connections: {error}", listener.endpoint);
                listener.ready = false;
            }
        }
        None
    }

    /// Rejects the next peer with the descriptor in reserve. Pauses if that is not possible.
    fn on_shortage(&mut self, index: usize, error: &io::Error) -> Option<Accepted> {
        if self.throttle.allows(Instant::now()) {
            log::warn!("server: rejects peers until descriptors are free again: {error}");
        }
        if self.spare.take().is_some() {
            if let Ok((socket, from)) = self.listeners[index].accept() {
                return Some(Accepted::Reject(socket, from, Rejection::Descriptors));
            }
        }
        self.spare = spare();
        self.paused = Some(Instant::now() + PAUSE);
        None
    }
}

/// Returns a descriptor for the reserve. Any kind will do.
fn spare() -> Option<socket2::Socket> {
    socket2::Socket::new(Domain::IPV4, Type::DGRAM, None).ok()
}
