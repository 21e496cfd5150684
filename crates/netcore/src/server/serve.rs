//! Binding a server and running it.

mod adopted;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic;
use std::sync::Arc;
use std::thread;

use mio::Poll;

use super::accept::Acceptor;
use super::config::Config;
use super::handle::{Mailbox, Shared, Waker, Worker};
use super::service::Service;
use super::worker::{self, WorkerLoop, WorkerSetup};
use crate::datagram::Datagram;
use crate::endpoint::{Endpoint, Host, Port, Transport};
use crate::error::{Error, ErrorKind, Operation};
use crate::listener::Listener;
use crate::options::{Keepalive, SocketOptions};
use crate::shutdown::{Control, Handle, Phase};
use crate::sys;

#[cfg(test)]
mod tests;

/// A server that is bound and not yet running: peers can connect from now on, and are served once
/// it runs.
///
/// ```no_run
/// # use netcore::Address;
/// # use netcore::server::{Output, Service};
/// # struct Shout;
/// # impl Service for Shout {
/// #     type Connection = ();
/// #     fn open(&mut self, _: &Address, _: &mut Output) {}
/// #     fn receive(&mut self, _: &mut (), _: &[u8], _: &mut Output) {}
/// # }
/// use netcore::server::{Config, Server};
///
/// let server = Server::bind(&["127.0.0.1:7000".parse()?], Config::default())?;
/// println!("listening on {}", server.endpoints()[0]);
/// // `Shout` is a `Service`, and each worker gets one of its own.
/// server.run(|_worker| Shout)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    setups: Vec<WorkerSetup>,
    endpoints: Vec<Endpoint>,
    /// For each bound endpoint, the index of the given one.
    given: Vec<usize>,
    shared: Arc<Shared>,
}

impl Server {
    /// Binds `endpoints`, TCP, TLS, UDP and Unix in any mixture, with the socket options that suit
    /// a server.
    ///
    /// Beside `0.0.0.0:PORT`, `[::]:PORT` takes IPv6 only, so that each is one family.
    ///
    /// # Errors
    ///
    /// Fails as [`Listener::bind_all`] and [`Datagram::bind_all`] do, and with [`Operation::Poll`]
    /// if the system gives no poller. Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput)
    /// for an endpoint `tls://` without a certificate or without the feature `tls`.
    pub fn bind(endpoints: &[Endpoint], config: Config) -> Result<Server, Error> {
        Server::bind_with(endpoints, &SocketOptions::default(), config)
    }

    /// Binds like [`bind`](Self::bind), with socket options for all listeners and datagram sockets.
    ///
    /// `options` take precedence over [`Config::with_dead_peer_timeout`].
    ///
    /// # Errors
    ///
    /// Fails like [`bind`](Self::bind), and if an option cannot be set.
    pub fn bind_with(
        endpoints: &[Endpoint],
        options: &SocketOptions,
        config: Config,
    ) -> Result<Server, Error> {
        let options = &noticing_dead_peers(options, &config);
        let (mut setups, shared) =
            workers(&config).map_err(|error| Error::from_io(Operation::Poll, error))?;
        let mut acceptor = Acceptor::new(shared.clone());
        let (mut bound, mut given) = (Vec::new(), Vec::new());
        let mut listeners = 0;
        let mut datagram_sockets = 0;
        for (number, endpoint) in endpoints.iter().enumerate() {
            let options = &leaving_ipv4(options, endpoint, endpoints);
            if endpoint.transport() == Transport::Udp {
                for socket in Datagram::bind_all(endpoint, options)? {
                    bound.push(socket.endpoint().clone());
                    let worker = datagram_sockets % setups.len();
                    setups[worker].add(socket)?;
                    datagram_sockets += 1;
                }
            } else {
                check_certificate(endpoint, &config)?;
                for listener in Listener::bind_all(endpoint, options)? {
                    #[cfg(feature = "tls")]
                    let listener = encrypted(listener, endpoint, &config);
                    bound.push(listener.endpoint().clone());
                    let token = worker::listener_token(listeners);
                    acceptor.add(listener, number, setups[0].poll.registry(), token)?;
                    listeners += 1;
                }
            }
            given.resize(bound.len(), number);
        }
        setups[0].acceptor = Some(acceptor);
        Ok(Server { setups, endpoints: bound, given, shared })
    }

    /// Returns the bound endpoints in order: with the ports that the system chose, and one for each
    /// address of a name.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Returns the bound endpoints of the given endpoint number `index`, in order. A connection
    /// that came in by one of them has `index` in [`Service::open_on`].
    pub fn endpoints_of(&self, index: usize) -> impl Iterator<Item = &Endpoint> {
        let bound = self.endpoints.iter().zip(&self.given);
        bound.filter(move |(_, given)| **given == index).map(|(endpoint, _)| endpoint)
    }

    /// Returns a handle that stops the server from any thread.
    pub fn handle(&self) -> Handle {
        Handle::new(self.shared.clone())
    }

    /// Serves until a [`Handle`] stops the server. `service` is called once for each worker, on
    /// that worker's thread; the calling thread is the first worker.
    ///
    /// # Errors
    ///
    /// Fails with [`Operation::Spawn`] if a thread cannot be started, and with [`Operation::Poll`]
    /// if a poller fails, which no peer can cause. The other workers are stopped first.
    ///
    /// # Panics
    ///
    /// Panics if a service does, after the other workers were stopped.
    pub fn run<S, F>(self, service: F) -> Result<(), Error>
    where
        S: Service,
        F: Fn(Worker) -> S + Sync,
    {
        let Server { setups, shared, .. } = self;
        let work = |setup: WorkerSetup| {
            let _abort = AbortOnPanic(&shared);
            let waker = Waker { shared: shared.clone(), worker: setup.index };
            let service = service(Worker { waker });
            WorkerLoop::new(setup, service).run().map_err(|error| {
                shared.advance(Phase::Aborting);
                Error::from_io(Operation::Poll, error)
            })
        };
        thread::scope(|scope| {
            let mut setups = setups.into_iter();
            let first = setups.next();
            let mut others = Vec::new();
            let mut result = Ok(());
            for setup in setups {
                let name = format!("worker {}", setup.index);
                match thread::Builder::new().name(name).spawn_scoped(scope, || work(setup)) {
                    Ok(thread) => others.push(thread),
                    Err(error) => {
                        shared.advance(Phase::Aborting);
                        result = Err(Error::from_io(Operation::Spawn, error));
                        break;
                    }
                }
            }
            result = result.and(first.map_or(Ok(()), work));
            for other in others {
                let ended = other.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
                result = result.and(ended);
            }
            result
        })
    }
}

/// Creates each worker's poller, and the state that the workers share.
fn workers(config: &Config) -> io::Result<(Vec<WorkerSetup>, Arc<Shared>)> {
    let polls: Vec<Poll> = (0..config.workers).map(|_| Poll::new()).collect::<io::Result<_>>()?;
    let mailbox = |poll: &Poll| {
        let waker = mio::Waker::new(poll.registry(), worker::WAKE)?;
        Ok(Mailbox::new(Some(waker)))
    };
    let mailboxes = polls.iter().map(mailbox).collect::<io::Result<_>>()?;
    let shared = Arc::new(Shared::new(mailboxes, config));
    let setup = |(index, poll)| WorkerSetup::new(index, poll, shared.clone(), config.clone());
    Ok((polls.into_iter().enumerate().map(setup).collect(), shared))
}

/// Fails if connections to `endpoint` are to be encrypted, but the server cannot do that.
fn check_certificate(endpoint: &Endpoint, config: &Config) -> Result<(), Error> {
    #[cfg(feature = "tls")]
    let (can_encrypt, why) = (config.tls.is_some(), "tls:// needs a certificate: Config::with_tls");
    #[cfg(not(feature = "tls"))]
    let (can_encrypt, why) = (false, "tls:// needs the feature `tls`");
    #[cfg(not(feature = "tls"))]
    let _ = config;
    if can_encrypt || endpoint.transport() != Transport::Tls {
        return Ok(());
    }
    let error = Error::new(Operation::Listen, ErrorKind::InvalidInput);
    Err(error.at(endpoint.to_string()).because_text(why))
}

/// Encrypts the connections of a listener if its endpoint says so.
#[cfg(feature = "tls")]
fn encrypted(listener: Listener, endpoint: &Endpoint, config: &Config) -> Listener {
    match &config.tls {
        Some(tls) if endpoint.transport() == Transport::Tls => listener.with_tls(tls.clone()),
        _ => listener,
    }
}

/// Leaves IPv4 to the `0.0.0.0:PORT` of `all`, if `endpoint` is its `[::]:PORT`, which takes both
/// families otherwise.
fn leaving_ipv4(options: &SocketOptions, endpoint: &Endpoint, all: &[Endpoint]) -> SocketOptions {
    let is_any = |endpoint: &Endpoint, any: IpAddr| match endpoint.host() {
        Some(Host::Ip(ip, _)) => *ip == any && endpoint.port() != Some(&Port::Number(0)),
        _ => false,
    };
    let is_its_ipv4 = |other: &Endpoint| {
        is_any(other, Ipv4Addr::UNSPECIFIED.into())
            && (other.transport(), other.port()) == (endpoint.transport(), endpoint.port())
    };
    let mut options = options.clone();
    if is_any(endpoint, Ipv6Addr::UNSPECIFIED.into()) && all.iter().any(is_its_ipv4) {
        options.set.only_v6.get_or_insert(true);
    }
    options
}

/// Returns `options` with those that detect a vanished peer.
///
/// Keepalive sends no probe while data is unacknowledged, so `TCP_USER_TIMEOUT` is set too. The
/// option also ends the connection of a living peer that reads nothing. A server without a stall
/// timeout lets such a peer pause forever, and therefore does not get the option.
fn noticing_dead_peers(options: &SocketOptions, config: &Config) -> SocketOptions {
    let mut options = options.clone();
    let limit = config.dead_peer_timeout;
    options.set.keepalive.get_or_insert(limit.map(Keepalive::within));
    if sys::HAS_USER_TIMEOUT && config.stall_timeout.is_some() {
        options.set.user_timeout = options.set.user_timeout.or(limit);
    }
    options
}

/// Stops the other workers if a worker's service panics: half a server would serve half of its
/// peers.
struct AbortOnPanic<'a>(&'a Shared);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.advance(Phase::Aborting);
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}
