//! Accepting: what the listeners bring goes to the least loaded worker, and nothing that a peer or
//! a shortage does ends it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
#[cfg(unix)]
use mio::net::UnixListener;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Type};

use super::Rejection;
use super::handle::Shared;
use super::transport::Socket;
use crate::address::Address;
use crate::endpoint::Transport;
use crate::error::{Error, Operation};
use crate::listener::AcceptFailure;
use crate::listener::Listener;
use crate::socket_file::SocketFile;

/// Connections accepted from one listener before the others, and the connections there are, have
/// their turn.
const BATCH: usize = 256;
/// How long accepting rests when the system has no descriptor even for turning a peer away.
const PAUSE: Duration = Duration::from_millis(100);
/// One line in the log for as long as the same shortage lasts.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// An accepted socket has the listener's options: a system call saved for each that the listener
/// was given.
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
        // RFC 6093, section 5: a byte that is sent as urgent stays in its place in the stream, such
        // as the second byte of telnet's Data Mark. A system without the option takes it out.
        let _ = socket2::SockRef::from(&socket).set_out_of_band_inline(true);
        (Source::Tcp(TcpListener::from_std(std::net::TcpListener::from(socket))), file)
    }

    fn accept(&self) -> io::Result<(Socket, Address)> {
        match self {
            Source::Tcp(l) => {
                let (socket, peer) = l.accept()?;
                if !INHERITED {
                    socket.set_nodelay(true)?;
                    let _ = socket2::SockRef::from(&socket).set_out_of_band_inline(true);
                }
                Ok((Socket::Tcp(socket), Address::from(peer)))
            }
            #[cfg(unix)]
            Source::Unix(l) => {
                let (socket, peer) = l.accept()?;
                Ok((Socket::Unix(socket), Address::from(peer)))
            }
        }
    }

    fn source(&mut self) -> &mut dyn mio::event::Source {
        match self {
            Source::Tcp(l) => l,
            #[cfg(unix)]
            Source::Unix(l) => l,
        }
    }
}

/// A bound listener and what it leaves on disk.
#[derive(Debug)]
struct Listening {
    /// Removes the file of a Unix socket; before the socket is closed.
    _file: Option<SocketFile>,
    source: Source,
    ready: bool,
}

/// The listeners of a server; they belong to its first worker.
#[derive(Debug)]
pub(super) struct Acceptor {
    listening: Vec<Listening>,
    shared: Arc<Shared>,
    max_connections: usize,
    /// Given up for a moment to turn a peer away when no other descriptor is left.
    spare: Option<socket2::Socket>,
    paused: Option<Instant>,
    said: Option<Instant>,
}

/// What is to be done with a peer.
#[derive(Debug)]
pub(super) enum Accepted {
    /// Served, by this worker.
    Serve(usize, Socket, Address),
    /// Told why not, and closed.
    Reject(Socket, Rejection),
}

impl Acceptor {
    pub(super) fn new(shared: Arc<Shared>, max_connections: usize) -> Acceptor {
        Acceptor {
            listening: Vec::new(),
            shared,
            max_connections,
            spare: spare(),
            paused: None,
            said: None,
        }
    }

    /// Takes a listener over and registers it under `token`.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot be made non-blocking or registered.
    pub(super) fn add(
        &mut self,
        listener: Listener,
        registry: &Registry,
        token: Token,
    ) -> Result<(), Error> {
        let endpoint = listener.endpoint().to_string();
        let failed = |e| Error::from_io(Operation::Listen, e).at(endpoint);
        let (mut source, file) = Source::new(listener);
        registry.register(source.source(), token, Interest::READABLE).map_err(failed)?;
        self.listening.push(Listening { source, _file: file, ready: false });
        Ok(())
    }

    /// The listener number `index` may have connections.
    pub(super) fn event(&mut self, index: usize) {
        if let Some(l) = self.listening.get_mut(index) {
            l.ready = true;
        }
    }

    /// Accepting has more to do at once.
    pub(super) fn is_busy(&self) -> bool {
        self.paused.is_none() && self.listening.iter().any(|l| l.ready)
    }

    /// When a pause ends.
    pub(super) fn paused(&self) -> Option<Instant> {
        self.paused
    }

    /// Accepts what there is, up to a share, and gives it to `take`.
    pub(super) fn run(&mut self, mut take: impl FnMut(Accepted)) {
        if let Some(until) = self.paused {
            if Instant::now() < until {
                return;
            }
            self.paused = None;
        }
        let Acceptor { listening, shared, max_connections, spare, paused, said } = self;
        for l in listening.iter_mut().filter(|l| l.ready) {
            for _ in 0..BATCH {
                match l.source.accept() {
                    Ok((socket, _)) if shared.connections() >= *max_connections => {
                        take(Accepted::Reject(socket, Rejection::Full));
                    }
                    Ok((socket, peer)) => {
                        let worker = shared.least_loaded();
                        shared.mailboxes[worker].load.fetch_add(1, Ordering::Relaxed);
                        take(Accepted::Serve(worker, socket, peer));
                    }
                    Err(e) => match AcceptFailure::of(&e) {
                        AcceptFailure::Empty => {
                            l.ready = false;
                            break;
                        }
                        AcceptFailure::Transient => log::debug!("accept: {e}"),
                        AcceptFailure::Shortage => {
                            say(said, &e);
                            // The descriptor kept for this turns the next peer away, with the
                            // reason, and comes back.
                            let freed = spare.take().is_some();
                            let next = if freed { l.source.accept().ok() } else { None };
                            if let Some((socket, _)) = next {
                                take(Accepted::Reject(socket, Rejection::Descriptors));
                                *spare = self::spare();
                                continue;
                            }
                            *spare = self::spare();
                            *paused = Some(Instant::now() + PAUSE);
                            return;
                        }
                        AcceptFailure::Fatal => {
                            log::error!("accept: {e}; this listener is given up");
                            l.ready = false;
                            break;
                        }
                    },
                }
            }
        }
    }
}

/// Any descriptor will do.
fn spare() -> Option<socket2::Socket> {
    socket2::Socket::new(Domain::IPV4, Type::DGRAM, None).ok()
}

fn say(said: &mut Option<Instant>, e: &io::Error) {
    let now = Instant::now();
    if said.is_none_or(|t| now - t >= SAY_EVERY) {
        *said = Some(now);
        log::warn!("accept: {e}; peers are turned away until descriptors come back");
    }
}
