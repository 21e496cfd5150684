//! A worker without sockets: a service, peers in memory, and a clock that the test moves.

mod pipe;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

#[cfg(all(test, feature = "tls"))]
use super::byte_stream::ByteStream;
use super::clock::Clock;
use super::config::Config;
use super::handle::{Incoming, Mailbox, Shared, Waker, Worker};
use super::reactor::Reactor;
use super::service::Service;
use super::transport::Transport;
use crate::address::Address;
use pipe::{End, Wire};

/// Drives a [`Service`] without a socket, a thread or the system's clock, by the same code as the
/// server.
///
/// ```
/// # use netcore::{Address, server::{Config, Output, Service}};
/// use netcore::testing::Harness;
///
/// struct Echo;
/// impl Service for Echo {
///     type Connection = ();
///     fn open(&mut self, _: &Address, _: &mut Output) {}
///     fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
///         output.send(input);
///     }
/// }
///
/// let mut harness = Harness::new(Config::default(), |_| Echo);
/// let peer = harness.connect();
/// peer.send(b"hello");
/// harness.run();
/// assert_eq!(peer.received(), b"hello");
/// ```
pub struct Harness<S: Service> {
    reactor: Reactor<S, Transport<End>>,
    shared: Arc<Shared>,
    clock: Clock,
    peers: Vec<(u32, Wire)>,
    stopping: bool,
    /// Sockets behave as on Windows: see [`pipe::Pipe`].
    rearms_late: bool,
}

/// A peer of a [`Harness`]: the other end of a connection in memory.
#[derive(Debug, Clone)]
pub struct Peer(Wire);

impl<S: Service> Harness<S> {
    /// Returns a worker with the limits of `config` and the service that `service` returns.
    pub fn new(config: Config, service: impl FnOnce(Worker) -> S) -> Harness<S> {
        let clock = Clock::by_hand(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let shared = Arc::new(Shared::new(vec![Mailbox::new(None)], &config));
        let waker = Waker { shared: shared.clone(), worker: 0 };
        let service = service(Worker { waker });
        let reactor = Reactor::new(service, &config, clock.clone(), (shared.clone(), 0));
        Harness { reactor, shared, clock, peers: Vec::new(), stopping: false, rearms_late: false }
    }

    /// Connects a peer from 127.0.0.1 and a port that counts up from 1.
    pub fn connect(&mut self) -> Peer {
        let address = self.next_address();
        self.connect_from(&address)
    }

    fn next_address(&self) -> Address {
        let port = u16::try_from(self.peers.len() + 1).unwrap_or(u16::MAX);
        Address::from(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Connects a peer from `address`.
    pub fn connect_from(&mut self, address: &Address) -> Peer {
        self.shared.mailboxes[0].load.fetch_add(1, Ordering::Relaxed);
        self.open(address, 0, Transport::Clear)
    }

    /// Connects a peer like [`connect`](Self::connect), by the listener of this index.
    pub fn connect_on(&mut self, listener: usize) -> Peer {
        let address = self.next_address();
        self.shared.mailboxes[0].load.fetch_add(1, Ordering::Relaxed);
        self.open(&address, listener, Transport::Clear)
    }

    fn open(
        &mut self,
        address: &Address,
        listener: usize,
        transport: impl FnOnce(End) -> Transport<End>,
    ) -> Peer {
        let wire = Wire::new(self.rearms_late);
        let from = Incoming { address: address.clone(), listener };
        let index = self.reactor.open(transport(End(wire.clone())), from);
        self.peers.push((index, wire.clone()));
        Peer(wire)
    }

    /// Runs turns of the loop until nothing is left to do.
    pub fn run(&mut self) {
        while self.turn() {}
    }

    /// Runs one turn of the loop. Returns `true` if there is more to do.
    pub fn turn(&mut self) -> bool {
        for (index, wire) in &self.peers {
            if let Some(what) = wire.readiness() {
                self.reactor.event(*index, what);
            }
        }
        self.reactor.run();
        self.reactor.expire(self.clock.millis());
        let again = self.reactor.turn(self.stopping);
        let released = self.reactor.reap();
        self.shared.mailboxes[0].load.fetch_sub(released, Ordering::Relaxed);
        // The reactor has dropped the sockets of closed connections.
        self.peers.retain(|(_, wire)| !wire.0.borrow().released);
        let due = again.is_some_and(|at| at <= self.clock.now());
        due || self.reactor.is_busy()
            || self.peers.iter().any(|(_, wire)| wire.0.borrow().has_event())
    }

    /// Moves the clock on by `time`, and [runs](Self::run) the loop.
    pub fn advance(&mut self, time: Duration) {
        self.clock.advance(time);
        self.run();
    }

    /// Stops the worker gracefully: reads no more input, and sends unsent bytes.
    pub fn stop(&mut self) {
        self.run();
        self.reactor.stop_reading();
        self.stopping = true;
        self.reactor.turn(true);
        self.reactor.stop();
        self.run();
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> usize {
        self.reactor.open_connections()
    }

    /// Returns a worker whose sockets report readiness again only after a call that would have
    /// blocked.
    #[cfg(test)]
    pub(super) fn with_late_rearming(
        config: Config,
        service: impl FnOnce(Worker) -> S,
    ) -> Harness<S> {
        Harness { rearms_late: true, ..Harness::new(config, service) }
    }

    /// Returns the most bytes of ciphertext that a connection holds.
    #[cfg(all(test, feature = "tls"))]
    pub(super) fn most_held(&mut self) -> usize {
        let indices: Vec<u32> = self.peers.iter().map(|(index, _)| *index).collect();
        let held = indices.into_iter().filter_map(|index| {
            self.reactor.socket(index).map(|socket| ByteStream::unsent(socket))
        });
        held.max().unwrap_or(0)
    }

    #[cfg(test)]
    pub(super) fn timers(&self) -> usize {
        self.reactor.timers()
    }

    /// Returns the service.
    pub fn service(&mut self) -> &mut S {
        self.reactor.service()
    }
}

impl<S: Service> fmt::Debug for Harness<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

impl Peer {
    /// Sends `bytes`. They arrive when the harness runs.
    pub fn send(&self, bytes: &[u8]) {
        let mut pipe = self.0.0.borrow_mut();
        pipe.input.extend(bytes);
        pipe.edge = true;
    }

    /// Sends the end: a half-close.
    pub fn finish(&self) {
        let mut pipe = self.0.0.borrow_mut();
        (pipe.finished, pipe.edge) = (true, true);
    }

    /// Resets the connection.
    pub fn reset(&self) {
        let mut pipe = self.0.0.borrow_mut();
        (pipe.reset, pipe.edge) = (true, true);
    }

    /// Closes the connection with unread input. The server can still read the peer's last bytes,
    /// and then reading fails, as writing does at once.
    pub fn lose(&self) {
        let mut pipe = self.0.0.borrow_mut();
        (pipe.lost, pipe.edge) = (true, true);
    }

    /// Lets the socket take `room` more bytes until it is full, or without a limit for
    /// `usize::MAX`.
    pub fn room(&self, room: usize) {
        let mut pipe = self.0.0.borrow_mut();
        (pipe.room, pipe.edge) = (room, true);
    }

    /// Takes the bytes that have arrived.
    pub fn received(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.0.borrow_mut().output)
    }

    /// Takes the bytes that have arrived, as text.
    ///
    /// # Panics
    ///
    /// Panics if the bytes are not UTF-8.
    pub fn text(&self) -> String {
        match String::from_utf8(self.received()) {
            Ok(text) => text,
            Err(error) => panic!("not UTF-8: {error}"),
        }
    }

    /// Returns `true` if the server has sent its end.
    pub fn is_closed(&self) -> bool {
        let pipe = self.0.0.borrow();
        pipe.ended || pipe.released
    }

    /// Returns the number of the server's writes.
    pub fn writes(&self) -> usize {
        self.0.0.borrow().writes
    }
}
