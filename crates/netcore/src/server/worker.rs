//! The loop of a worker: one thread, its poller and its service, up to the graceful stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use super::accept::{Accepted, Acceptor};
use super::clock::Clock;
use super::config::Config;
use super::connection::state::Readiness;
use super::datagrams::{DatagramPort, ReceiveBatch};
use super::handle::{Incoming, Mailbox, Shared};
use super::output::Reply;
use super::reactor::Reactor;
use super::service::{Rejection, Service};
use super::transport::{Socket, StreamSocket};
use crate::datagram::Datagram;
use crate::error::{Error, Operation};
use crate::shutdown::{Control, Phase};

/// The most events of one wait.
const EVENTS: usize = 1024;
/// The longest time for which a stop reads input that arrived before it, at most a quarter of the
/// grace period. A peer that keeps sending must not use up the grace period.
const MAX_DRAIN: Duration = Duration::from_secs(1);

// Tokens are counted down from the top. The numbers at the bottom are connections' slots.
pub(super) const WAKE: Token = Token(usize::MAX);
const LISTENERS: usize = usize::MAX / 4 * 3;
const PORTS: usize = usize::MAX / 2;

pub(super) fn listener_token(index: usize) -> Token {
    Token(LISTENERS + index)
}

fn port_token(index: usize) -> Token {
    Token(PORTS + index)
}

/// A worker before it runs.
pub(super) struct WorkerSetup {
    pub(super) index: usize,
    pub(super) poll: Poll,
    ports: Vec<DatagramPort>,
    /// `Some` for the first worker.
    pub(super) acceptor: Option<Acceptor>,
    shared: Arc<Shared>,
    config: Config,
}

impl WorkerSetup {
    pub(super) fn new(index: usize, poll: Poll, shared: Arc<Shared>, config: Config) -> Self {
        WorkerSetup { index, poll, ports: Vec::new(), acceptor: None, shared, config }
    }

    /// Takes a datagram socket over.
    pub(super) fn add(&mut self, socket: Datagram) -> Result<(), Error> {
        let endpoint = socket.endpoint().to_string();
        let failed = |error| Error::from_io(Operation::Listen, error).at(endpoint.as_str());
        let socket = std::net::UdpSocket::try_from(socket)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let mut port = DatagramPort::new(UdpSocket::from_std(socket)).map_err(failed)?;
        let token = port_token(self.ports.len());
        // Not writable: the system would report room again after each sent datagram.
        let readable = Interest::READABLE;
        self.poll.registry().register(port.socket(), token, readable).map_err(failed)?;
        self.ports.push(port);
        Ok(())
    }

    fn mailbox(&self) -> &Mailbox {
        &self.shared.mailboxes[self.index]
    }
}

pub(super) struct WorkerLoop<S: Service> {
    setup: WorkerSetup,
    reactor: Reactor<S, Socket>,
    clock: Clock,
    batch: ReceiveBatch,
    reply: Reply,
    /// Time at which the service wants its next turn.
    next_turn: Option<Instant>,
    /// The worker has read its last input.
    drained: bool,
    /// The service has been notified of the stop.
    stop_announced: bool,
    /// End of the grace period once it has begun. `None` if it is too long for the clock.
    grace_end: Option<Instant>,
}

impl<S: Service> WorkerLoop<S> {
    pub(super) fn new(setup: WorkerSetup, service: S) -> WorkerLoop<S> {
        let clock = Clock::system();
        let reactor = Reactor::new(
            service,
            &setup.config,
            clock.clone(),
            (setup.shared.clone(), setup.index),
        );
        WorkerLoop {
            batch: ReceiveBatch::new(&setup.ports),
            setup,
            reactor,
            reply: Reply::new(clock.clone()),
            clock,
            next_turn: None,
            drained: false,
            stop_announced: false,
            grace_end: None,
        }
    }

    /// Serves until the server is stopped.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let timeout = self.timeout();
            // Input that arrived before this moment is among the events of this wait, if they fit.
            let seen = self.reactor.next_timer().map(|_| self.clock.millis());
            match self.setup.poll.poll(&mut events, timeout) {
                Ok(()) => self.clock.turn(),
                // No wait was made: events must be handled before any timer.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.clock.turn();
                    continue;
                }
                Err(error) => return Err(error),
            }
            let handled = self.handle(&events);
            self.accept();
            self.answer_datagrams();
            self.reactor.run();
            if let Some(seen) = seen.filter(|_| handled < EVENTS) {
                self.reactor.expire(seen);
            }
            self.turn();
            let is_over = match self.setup.shared.phase() {
                Phase::Serving => false,
                Phase::Stopping => self.stop_step(),
                Phase::Aborting => {
                    self.reactor.abort();
                    true
                }
            };
            if is_over {
                return Ok(());
            }
        }
    }

    /// Returns how long to wait for events. Returns `None` to wait without a limit.
    fn timeout(&self) -> Option<Duration> {
        let busy = self.reactor.is_busy()
            || self.setup.acceptor.as_ref().is_some_and(Acceptor::is_busy)
            || self.setup.ports.iter().any(DatagramPort::is_busy);
        if busy {
            return Some(Duration::ZERO);
        }
        let paused = self.setup.acceptor.as_ref().and_then(Acceptor::paused);
        let at = [paused, self.grace_end, self.next_turn].into_iter().flatten().min();
        let wait = at.map(|at| at.saturating_duration_since(self.clock.now()));
        let timer = self.reactor.next_timer().map(|at| self.clock.until(at));
        [wait, timer].into_iter().flatten().min()
    }

    /// Passes the events of one wait on, and returns their number.
    fn handle(&mut self, events: &Events) -> usize {
        let mut handled = 0;
        for event in events {
            self.event(event);
            handled += 1;
        }
        handled
    }

    fn event(&mut self, event: &Event) {
        match event.token() {
            WAKE => {
                self.setup.mailbox().note_awake();
                self.open_accepted();
            }
            Token(token) if token >= LISTENERS => {
                if let Some(acceptor) = self.setup.acceptor.as_mut() {
                    acceptor.event(token - LISTENERS);
                }
            }
            Token(token) if token >= PORTS => {
                if let Some(port) = self.setup.ports.get_mut(token - PORTS) {
                    port.event();
                }
            }
            Token(token) => self.reactor.event(token as u32, readiness(event)),
        }
    }

    fn answer_datagrams(&mut self) {
        for (index, port) in self.setup.ports.iter_mut().enumerate() {
            port.run(self.reactor.service(), &mut self.batch, &mut self.reply);
            if port.is_full() {
                // If this fails, the next datagram that arrives is the occasion to try again.
                let registry = self.setup.poll.registry();
                let _ = registry.reregister(port.socket(), port_token(index), BOTH);
            }
        }
    }

    fn turn(&mut self) {
        self.next_turn = self.reactor.turn(self.drained);
        let released = self.reactor.reap();
        if released > 0 {
            self.setup.mailbox().load.fetch_sub(released, Ordering::Relaxed);
        }
    }

    /// Accepts connections, if this is the first worker.
    fn accept(&mut self) {
        let Some(mut acceptor) = self.setup.acceptor.take() else { return };
        acceptor.run(|accepted| match accepted {
            Accepted::Serve(worker, socket, from) if worker == self.setup.index => {
                self.open(socket, from);
            }
            Accepted::Serve(worker, socket, from) => {
                self.setup.shared.mailboxes[worker].hand_over(socket, from);
            }
            Accepted::Reject(socket, from, reason) => self.reject(socket, &from, reason),
        });
        self.setup.acceptor = Some(acceptor);
    }

    /// Opens the connections that the first worker has handed over.
    fn open_accepted(&mut self) {
        for (socket, from) in self.setup.mailbox().take_accepted() {
            self.open(socket, from);
        }
    }

    fn open(&mut self, socket: Socket, from: Incoming) {
        let index = self.reactor.open(socket, from);
        self.register(index);
    }

    fn register(&mut self, index: u32) {
        let Some(socket) = self.reactor.socket(index) else { return };
        let token = Token(index as usize);
        let registry = self.setup.poll.registry();
        let registered = match socket.socket() {
            StreamSocket::Tcp(stream) => registry.register(stream, token, BOTH),
            #[cfg(unix)]
            StreamSocket::Unix(stream) => registry.register(stream, token, BOTH),
        };
        if let Err(error) = registered {
            self.reactor.fail(index, error);
        }
    }

    fn reject(&mut self, mut socket: Socket, from: &Incoming, reason: Rejection) {
        if reason == Rejection::Full && self.reactor.may_reject() {
            let mut text = Vec::new();
            self.reactor.service().reject_on(from.listener, reason, &mut text);
            let index = self.reactor.reject(socket, &text);
            return self.register(index);
        }
        // Descriptors are short, or too many rejected connections linger already.
        self.reactor.reject_at_once(&mut socket, from, reason);
    }

    /// Takes one step of a graceful stop in each turn. Returns `true` if it is done.
    fn stop_step(&mut self) -> bool {
        // Closes the listeners and removes their files.
        self.setup.acceptor = None;
        if !self.drained {
            self.drain_input();
            self.drained = true;
            self.grace_end = Instant::now().checked_add(self.setup.config.grace);
            self.setup.shared.mark_drained();
        }
        if !self.setup.shared.all_drained() {
            return false;
        }
        if !self.stop_announced {
            self.stop_announced = true;
            // The last worker to be drained may have brought this one connections, or bytes for its
            // peers. They reach this worker's service in a turn before the stop.
            self.open_accepted();
            self.turn();
            self.reactor.stop();
            self.turn();
        }
        if self.reactor.open_connections() == 0 {
            return true;
        }
        if self.grace_end.is_some_and(|end| self.clock.now() >= end) {
            let served = self.reactor.served();
            if served > 0 {
                log::warn!("server: aborted {served} connections: the grace period is over");
            }
            self.reactor.abort();
            return true;
        }
        false
    }

    /// Reads input that arrived before the stop.
    fn drain_input(&mut self) {
        self.open_accepted();
        self.reactor.drop_handshakes();
        let mut events = Events::with_capacity(EVENTS);
        let until = Instant::now() + (self.setup.config.grace / 4).min(MAX_DRAIN);
        loop {
            if self.setup.poll.poll(&mut events, Some(Duration::ZERO)).is_err() {
                break;
            }
            self.handle(&events);
            self.answer_datagrams();
            self.reactor.run();
            self.turn();
            let is_drained = events.is_empty() && !self.reactor.is_busy();
            let aborting = self.setup.shared.phase() == Phase::Aborting;
            if is_drained || aborting || Instant::now() >= until {
                break;
            }
        }
        self.setup.ports.clear();
        self.reactor.stop_reading();
        self.turn();
    }
}

/// Both directions of a stream, registered once. With edge-triggered readiness that is cheaper than
/// a change whenever output comes and goes.
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
