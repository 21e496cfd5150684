//! A worker: one thread, its poller, its service and its connections.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use super::accept::{Accepted, Acceptor};
use super::clock::Clock;
use super::connection::Readiness;
use super::datagrams::{DatagramPort, ReceiveBatch};
use super::handle::{Phase, Shared};
use super::output::Reply;
use super::reactor::Reactor;
use super::transport::{ByteStream, Socket};
use super::{Config, Rejection, Service};
use crate::address::Address;
use crate::datagram::Datagram;
use crate::error::{Error, Operation};

/// Events of one wait.
const EVENTS: usize = 1024;
/// A stop reads what has arrived before it for a quarter of the grace period, and no longer than
/// this: a peer that goes on sending must not use it up.
const MAX_DRAIN: Duration = Duration::from_secs(1);

/// Tokens from the top; below them are the connections' places in the table.
pub(super) const WAKE: Token = Token(usize::MAX);
const LISTENERS: usize = usize::MAX / 4 * 3;
const PORTS: usize = usize::MAX / 2;

pub(super) fn listener_token(index: usize) -> Token {
    Token(LISTENERS + index)
}

fn port_token(index: usize) -> Token {
    Token(PORTS + index)
}

/// What a worker's thread starts with.
pub(super) struct WorkerSetup {
    pub(super) index: usize,
    pub(super) poll: Poll,
    pub(super) ports: Vec<DatagramPort>,
    /// The first worker's only.
    pub(super) acceptor: Option<Acceptor>,
    pub(super) shared: Arc<Shared>,
    pub(super) config: Config,
}

pub(super) struct WorkerLoop<S: Service> {
    setup: WorkerSetup,
    reactor: Reactor<S, Socket>,
    clock: Clock,
    inbox: ReceiveBatch,
    reply: Reply,
    /// The service's wish for its next turn.
    again: Option<Instant>,
    /// Nothing is read any more.
    drained: bool,
    /// The service was told of the stop.
    stop_announced: bool,
    /// The end of the grace period, once it has begun; one that is too long for a clock has none.
    end: Option<Instant>,
}

impl WorkerSetup {
    /// Takes a datagram socket over.
    pub(super) fn add(&mut self, socket: Datagram) -> Result<(), Error> {
        let endpoint = socket.endpoint().to_string();
        let failed = |e| Error::from_io(Operation::Listen, e).at(endpoint.as_str());
        let socket = std::net::UdpSocket::try_from(socket)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let mut port = DatagramPort::new(UdpSocket::from_std(socket)).map_err(failed)?;
        let token = port_token(self.ports.len());
        // Not for both: the system tells of room again with each datagram that has left.
        let readable = Interest::READABLE;
        self.poll.registry().register(port.socket(), token, readable).map_err(failed)?;
        self.ports.push(port);
        Ok(())
    }
}

impl<S: Service> WorkerLoop<S> {
    pub(super) fn new(setup: WorkerSetup, service: S) -> WorkerLoop<S> {
        let clock = Clock::system();
        let reactor = Reactor::new(service, &setup.config, clock.clone());
        WorkerLoop {
            inbox: ReceiveBatch::new(&setup.ports),
            setup,
            reactor,
            reply: Reply::new(clock.clone()),
            clock,
            again: None,
            drained: false,
            stop_announced: false,
            end: None,
        }
    }

    /// Serves until the server is stopped.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let timeout = self.timeout();
            // What arrived before this moment is among the events of this wait, if they fit.
            let seen = self.reactor.next_timer().map(|_| self.clock.millis());
            match self.setup.poll.poll(&mut events, timeout) {
                Ok(()) => self.clock.turn(),
                // No wait was made: what has arrived must be seen before a timer is.
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    self.clock.turn();
                    continue;
                }
                Err(e) => return Err(e),
            }
            let mut noted = 0;
            for event in &events {
                self.event(event);
                noted += 1;
            }
            if let Some(acceptor) = self.setup.acceptor.take() {
                self.setup.acceptor = Some(self.accept(acceptor));
            }
            self.answer_datagrams();
            self.reactor.run();
            if let Some(seen) = seen.filter(|_| noted < EVENTS) {
                self.reactor.expire(seen);
            }
            self.turn();
            match self.setup.shared.phase() {
                Phase::Serving => {}
                Phase::Stopping => {
                    if self.wind_down() {
                        return Ok(());
                    }
                }
                Phase::Aborting => {
                    self.reactor.abort();
                    return Ok(());
                }
            }
        }
    }

    fn answer_datagrams(&mut self) {
        for (index, port) in self.setup.ports.iter_mut().enumerate() {
            port.run(self.reactor.service(), &mut self.inbox, &mut self.reply);
            if port.is_full() {
                // Where this fails, the next datagram that comes is the occasion to try again.
                let registry = self.setup.poll.registry();
                let _ = registry.reregister(port.socket(), port_token(index), BOTH);
            }
        }
    }

    fn turn(&mut self) {
        self.again = self.reactor.turn(self.drained);
        let released = self.reactor.reap();
        if released > 0 {
            let load = &self.setup.shared.mailboxes[self.setup.index].load;
            load.fetch_sub(released, Ordering::Relaxed);
        }
    }

    /// How long to wait for events. `None`: until one comes.
    fn timeout(&self) -> Option<Duration> {
        let busy = self.reactor.is_busy()
            || self.setup.acceptor.as_ref().is_some_and(Acceptor::is_busy)
            || self.setup.ports.iter().any(DatagramPort::is_busy);
        if busy {
            return Some(Duration::ZERO);
        }
        let paused = self.setup.acceptor.as_ref().and_then(Acceptor::paused);
        let at = [paused, self.end, self.again].into_iter().flatten().min();
        let wait = at.map(|at| at.saturating_duration_since(self.clock.now()));
        let timer = self.reactor.next_timer().map(|at| self.clock.until(at));
        [wait, timer].into_iter().flatten().min()
    }

    fn event(&mut self, event: &Event) {
        match event.token() {
            WAKE => {
                self.setup.shared.mailboxes[self.setup.index].awake();
                self.open_accepted();
            }
            Token(t) if t >= LISTENERS => {
                if let Some(acceptor) = self.setup.acceptor.as_mut() {
                    acceptor.event(t - LISTENERS);
                }
            }
            Token(t) if t >= PORTS => {
                if let Some(port) = self.setup.ports.get_mut(t - PORTS) {
                    port.event();
                }
            }
            Token(t) => self.reactor.event(t as u32, readiness(event)),
        }
    }

    fn accept(&mut self, mut acceptor: Acceptor) -> Acceptor {
        let shared = self.setup.shared.clone();
        acceptor.run(|accepted| match accepted {
            Accepted::Serve(worker, socket, peer) if worker == self.setup.index => {
                self.open(socket, &peer);
            }
            Accepted::Serve(worker, socket, peer) => {
                shared.mailboxes[worker].hand_over(socket, peer);
            }
            Accepted::Reject(socket, why) => self.reject(socket, why),
        });
        acceptor
    }

    /// Opens what the first worker has handed over.
    fn open_accepted(&mut self) {
        for (socket, peer) in self.setup.shared.mailboxes[self.setup.index].take_accepted() {
            self.open(socket, &peer);
        }
    }

    fn open(&mut self, socket: Socket, peer: &Address) {
        let index = self.reactor.open(socket, peer);
        self.register(index);
    }

    fn register(&mut self, index: u32) {
        let Some(socket) = self.reactor.socket(index) else { return };
        let token = Token(index as usize);
        let registry = self.setup.poll.registry();
        let registered = match socket {
            Socket::Tcp(s) => registry.register(s, token, BOTH),
            #[cfg(unix)]
            Socket::Unix(s) => registry.register(s, token, BOTH),
        };
        if let Err(e) = registered {
            self.reactor.fail(index, e);
        }
    }

    fn reject(&mut self, mut socket: Socket, why: Rejection) {
        let mut words = Vec::new();
        self.reactor.service().reject(why, &mut words);
        if why == Rejection::Full && self.reactor.may_reject() {
            let index = self.reactor.reject(socket, &words);
            return self.register(index);
        }
        // No descriptor, or too many at once, to see it off properly. What it has sent already is
        // read, since a close over unread input would take the words back.
        let _ = socket.write(&words);
        let _ = socket.shutdown_write();
        let _ = socket.read(&mut [0; 4096]);
    }

    /// A graceful stop, a step each turn. `true`: done.
    fn wind_down(&mut self) -> bool {
        // Closes the listeners and removes their files.
        self.setup.acceptor = None;
        if !self.drained {
            self.drain_input();
            self.drained = true;
            self.end = Instant::now().checked_add(self.setup.config.grace);
            self.setup.shared.mark_drained();
        }
        if !self.setup.shared.all_drained() {
            return false;
        }
        if !self.stop_announced {
            self.stop_announced = true;
            // What the last worker to fall drained brought, be it connections or words for those of
            // this one, is with this one's service after a turn.
            self.open_accepted();
            self.turn();
            self.reactor.stop();
            self.turn();
        }
        if self.reactor.open_connections() == 0 {
            return true;
        }
        if self.end.is_some_and(|end| self.clock.now() >= end) {
            let owed = self.reactor.served();
            if owed > 0 {
                log::warn!("{owed} connections cut off at the end of the grace period");
            }
            self.reactor.abort();
            return true;
        }
        false
    }

    /// Reads what had arrived before the stop.
    fn drain_input(&mut self) {
        self.open_accepted();
        let mut events = Events::with_capacity(EVENTS);
        let until = Instant::now() + (self.setup.config.grace / 4).min(MAX_DRAIN);
        loop {
            if self.setup.poll.poll(&mut events, Some(Duration::ZERO)).is_err() {
                break;
            }
            for event in &events {
                self.event(event);
            }
            self.answer_datagrams();
            self.reactor.run();
            self.turn();
            let more = !events.is_empty() || self.reactor.is_busy();
            let aborting = self.setup.shared.phase() == Phase::Aborting;
            if !more || aborting || Instant::now() >= until {
                break;
            }
        }
        self.setup.ports.clear();
        self.reactor.stop_reading();
        self.turn();
    }
}

/// Both directions of a stream at once, for good: edge-triggered readiness makes that cheaper than to change it
/// as output comes and goes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE).add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn readiness(event: &Event) -> Readiness {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let urgent = event.is_priority();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let urgent = false;
    Readiness {
        read: event.is_readable(),
        write: event.is_writable(),
        ended: event.is_read_closed(),
        urgent,
        hung_up: event.is_error() || event.is_write_closed(),
    }
}
