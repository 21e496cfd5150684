//! Binding a server and running it.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic;
use std::sync::Arc;
use std::thread;

use mio::Poll;

use super::accept::Acceptor;
use super::handle::{Mailbox, Shared};
use super::worker::{self, WorkerLoop, WorkerSetup};
use super::{Config, Handle, Service, Waker, Worker};
use crate::datagram::Datagram;
use crate::endpoint::{Endpoint, Host, Port, Transport};
use crate::error::{Error, Operation};
use crate::listener::Listener;
use crate::options::{Keepalive, SocketOptions};
use crate::sys;

/// A server that is bound and not yet running: peers can connect from now on and are answered once
/// it runs.
pub struct Server {
    setups: Vec<WorkerSetup>,
    endpoints: Vec<Endpoint>,
    shared: Arc<Shared>,
}

impl Server {
    /// Binds `endpoints`, TCP, UDP and Unix in any mixture, with the socket options that suit a
    /// server. `0.0.0.0:PORT` and `[::]:PORT` beside each other are one family each.
    ///
    /// # Errors
    ///
    /// What [`Listener::bind`] and [`Datagram::bind`] report, and the system's error when it gives
    /// no poller.
    pub fn bind(endpoints: &[Endpoint], config: Config) -> Result<Server, Error> {
        Server::bind_with(endpoints, &SocketOptions::default(), config)
    }

    /// As [`bind`](Self::bind), with socket options for all listeners and datagram sockets.
    ///
    /// What `options` set wins over [`Config::with_dead_peer_timeout`].
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and when an option cannot be set.
    pub fn bind_with(
        endpoints: &[Endpoint],
        options: &SocketOptions,
        config: Config,
    ) -> Result<Server, Error> {
        let options = &noticing_dead_peers(options, &config);
        let poller = |e: std::io::Error| Error::from_io(Operation::Poll, e);
        let polls: Vec<Poll> =
            (0..config.workers).map(|_| Poll::new()).collect::<Result<_, _>>().map_err(poller)?;
        let wakers = polls.iter().map(|p| mio::Waker::new(p.registry(), worker::WAKE));
        let mailboxes = wakers
            .map(|w| Ok(Mailbox::new(Some(w?))))
            .collect::<Result<Vec<_>, _>>()
            .map_err(poller)?;
        let shared = Arc::new(Shared::new(mailboxes));
        let mut setups: Vec<WorkerSetup> = polls
            .into_iter()
            .enumerate()
            .map(|(index, poll)| WorkerSetup {
                index,
                poll,
                ports: Vec::new(),
                acceptor: None,
                shared: shared.clone(),
                config: config.clone(),
            })
            .collect();

        let mut acceptor = Acceptor::new(shared.clone(), config.max_connections);
        let mut bound = Vec::new();
        let mut listeners = 0;
        let mut ports = 0;
        for endpoint in endpoints {
            let options = &leaving_ipv4(options, endpoint, endpoints);
            if endpoint.transport() == Transport::Udp {
                for socket in Datagram::bind_all(endpoint, options)? {
                    bound.push(socket.endpoint().clone());
                    let count = setups.len();
                    let setup = &mut setups[ports % count];
                    setup.add(socket)?;
                    ports += 1;
                }
            } else {
                for listener in Listener::bind_all(endpoint, options)? {
                    bound.push(listener.endpoint().clone());
                    let token = worker::listener_token(listeners);
                    acceptor.add(listener, setups[0].poll.registry(), token)?;
                    listeners += 1;
                }
            }
        }
        setups[0].acceptor = Some(acceptor);
        Ok(Server { setups, endpoints: bound, shared })
    }

    /// What was really bound, in order: with the ports that the system chose, and one for each
    /// address of a name.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// To stop it, from any thread.
    pub fn handle(&self) -> Handle {
        Handle(self.shared.clone())
    }

    /// Serves until a [`Handle`] stops it. `service` is called once for each worker, on that
    /// worker's thread; the calling thread is the first worker.
    ///
    /// # Errors
    ///
    /// The poller's, which no peer can cause, or that a thread cannot be started. The other workers
    /// are stopped then.
    ///
    /// # Panics
    ///
    /// When a service does, after the other workers were stopped.
    pub fn run<S, F>(self, service: F) -> Result<(), Error>
    where
        S: Service,
        F: Fn(Worker) -> S + Sync,
    {
        let Server { setups, shared, .. } = self;
        let work = |setup: WorkerSetup| {
            let _alone = Alone(&shared);
            let waker = Waker { shared: shared.clone(), worker: setup.index };
            let service = service(Worker { waker });
            let result = WorkerLoop::new(setup, service).run();
            result.map_err(|e| {
                Handle(shared.clone()).stop_now();
                Error::from_io(Operation::Poll, e)
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
                    Err(e) => {
                        Handle(shared.clone()).stop_now();
                        result = Err(Error::from_io(Operation::Spawn, e));
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

/// Adds what notices a vanished peer. Keepalive sends no probe while data is unacknowledged, so it
/// takes `TCP_USER_TIMEOUT` too. That option also ends the connection of a living peer that reads
/// nothing: a server without a stall timeout lets such a peer pause forever, and does not get it.
fn noticing_dead_peers(options: &SocketOptions, config: &Config) -> SocketOptions {
    let mut options = options.clone();
    let limit = config.dead_peer_timeout;
    options.set.keepalive.get_or_insert(limit.map(Keepalive::within));
    if sys::HAS_USER_TIMEOUT && config.stall_timeout.is_some() {
        options.set.user_timeout = options.set.user_timeout.or(limit);
    }
    options
}

/// A worker whose service panics takes the others with it: half a server would serve half of its
/// peers.
struct Alone<'a>(&'a Arc<Shared>);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            Handle(self.0.clone()).stop_now();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}
