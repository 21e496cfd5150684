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
use super::core::Core;
use super::datagrams::{Inbox, Port};
use super::handle::{Phase, Shared};
use super::output::Reply;
use super::table::Readiness;
use super::transport::{Socket, Transport};
use super::{Config, Rejection, Service};
use crate::address::Address;
use crate::datagram::Datagram;
use crate::error::{Error, Operation};

/// Events of one wait.
const EVENTS: usize = 1024;
/// A stop reads what has arrived before it for a quarter of the grace period, and no longer than
/// this: a peer that goes on sending must not use it up.
const HEARING: Duration = Duration::from_secs(1);

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
pub(super) struct Seat {
    pub(super) index: usize,
    pub(super) poll: Poll,
    pub(super) ports: Vec<Port>,
    /// The first worker's only.
    pub(super) acceptor: Option<Acceptor>,
    pub(super) shared: Arc<Shared>,
    pub(super) config: Config,
}

pub(super) struct Running<S: Service> {
    seat: Seat,
    core: Core<S, Socket>,
    clock: Clock,
    inbox: Inbox,
    reply: Reply,
    /// The service's wish for its next turn.
    again: Option<Instant>,
    /// Nothing is read any more.
    quiet: bool,
    /// The service was told of the stop.
    told: bool,
    /// The end of the grace period, once it has begun; one that is too long for a clock has none.
    end: Option<Instant>,
}

impl Seat {
    /// Takes a datagram socket over.
    pub(super) fn add(&mut self, socket: Datagram) -> Result<(), Error> {
        let endpoint = socket.endpoint().to_string();
        let failed = |e| Error::from_io(Operation::Listen, e).at(endpoint.as_str());
        let socket = std::net::UdpSocket::try_from(socket)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let mut port = Port::new(UdpSocket::from_std(socket)).map_err(failed)?;
        let token = port_token(self.ports.len());
        // Not for both: the system tells of room again with each datagram that has left.
        let readable = Interest::READABLE;
        self.poll.registry().register(port.socket(), token, readable).map_err(failed)?;
        self.ports.push(port);
        Ok(())
    }
}

impl<S: Service> Running<S> {
    pub(super) fn new(seat: Seat, service: S) -> Running<S> {
        let clock = Clock::system();
        let core = Core::new(service, &seat.config, clock.clone());
        Running {
            inbox: Inbox::new(&seat.ports),
            seat,
            core,
            reply: Reply::new(clock.clone()),
            clock,
            again: None,
            quiet: false,
            told: false,
            end: None,
        }
    }

    /// Serves until the server is stopped.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let timeout = self.timeout();
            // What arrived before this moment is among the events of this wait, if they fit.
            let seen = self.core.next_timer().map(|_| self.clock.millis());
            match self.seat.poll.poll(&mut events, timeout) {
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
            if let Some(acceptor) = self.seat.acceptor.take() {
                self.seat.acceptor = Some(self.accept(acceptor));
            }
            self.answer_datagrams();
            self.core.run();
            if let Some(seen) = seen.filter(|_| noted < EVENTS) {
                self.core.expire(seen);
            }
            self.turn();
            match self.seat.shared.phase() {
                Phase::Serving => {}
                Phase::Stopping => {
                    if self.wind_down() {
                        return Ok(());
                    }
                }
                Phase::Aborting => {
                    self.core.abort();
                    return Ok(());
                }
            }
        }
    }

    fn answer_datagrams(&mut self) {
        for (index, port) in self.seat.ports.iter_mut().enumerate() {
            port.run(&mut self.core.service, &mut self.inbox, &mut self.reply);
            if port.is_full() {
                // Where this fails, the next datagram that comes is the occasion to try again.
                let registry = self.seat.poll.registry();
                let _ = registry.reregister(port.socket(), port_token(index), BOTH);
            }
        }
    }

    fn turn(&mut self) {
        self.again = self.core.turn(self.quiet);
        let released = self.core.reap();
        if released > 0 {
            let load = &self.seat.shared.mailboxes[self.seat.index].load;
            load.fetch_sub(released, Ordering::Relaxed);
        }
    }

    /// How long to wait for events. `None`: until one comes.
    fn timeout(&self) -> Option<Duration> {
        let busy = self.core.is_busy()
            || self.seat.acceptor.as_ref().is_some_and(Acceptor::is_busy)
            || self.seat.ports.iter().any(Port::is_busy);
        if busy {
            return Some(Duration::ZERO);
        }
        let paused = self.seat.acceptor.as_ref().and_then(Acceptor::paused);
        let at = [paused, self.end, self.again].into_iter().flatten().min();
        let wait = at.map(|at| at.saturating_duration_since(self.clock.now()));
        let timer = self.core.next_timer().map(|at| self.clock.until(at));
        [wait, timer].into_iter().flatten().min()
    }

    fn event(&mut self, event: &Event) {
        match event.token() {
            WAKE => {
                self.seat.shared.mailboxes[self.seat.index].awake();
                self.open_accepted();
            }
            Token(t) if t >= LISTENERS => {
                if let Some(acceptor) = self.seat.acceptor.as_mut() {
                    acceptor.event(t - LISTENERS);
                }
            }
            Token(t) if t >= PORTS => {
                if let Some(port) = self.seat.ports.get_mut(t - PORTS) {
                    port.event();
                }
            }
            Token(t) => self.core.event(t as u32, readiness(event)),
        }
    }

    fn accept(&mut self, mut acceptor: Acceptor) -> Acceptor {
        let shared = self.seat.shared.clone();
        acceptor.run(|accepted| match accepted {
            Accepted::Serve(worker, socket, peer) if worker == self.seat.index => {
                self.open(socket, &peer);
            }
            Accepted::Serve(worker, socket, peer) => {
                shared.mailboxes[worker].hand_over(socket, peer);
            }
            Accepted::TurnAway(socket, why) => self.turn_away(socket, why),
        });
        acceptor
    }

    /// Opens what the first worker has handed over.
    fn open_accepted(&mut self) {
        for (socket, peer) in self.seat.shared.mailboxes[self.seat.index].take_accepted() {
            self.open(socket, &peer);
        }
    }

    fn open(&mut self, socket: Socket, peer: &Address) {
        let index = self.core.open(socket, peer);
        self.register(index);
    }

    fn register(&mut self, index: u32) {
        let Some(socket) = self.core.socket(index) else { return };
        let token = Token(index as usize);
        let registry = self.seat.poll.registry();
        let registered = match socket {
            Socket::Tcp(s) => registry.register(s, token, BOTH),
            #[cfg(unix)]
            Socket::Unix(s) => registry.register(s, token, BOTH),
        };
        if let Err(e) = registered {
            self.core.give_up(index, e);
        }
    }

    fn turn_away(&mut self, mut socket: Socket, why: Rejection) {
        let mut words = Vec::new();
        self.core.service.reject(why, &mut words);
        if why == Rejection::Full && self.core.may_turn_away() {
            let index = self.core.turn_away(socket, &words);
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
        self.seat.acceptor = None;
        if !self.quiet {
            self.hear_out();
            self.quiet = true;
            self.end = Instant::now().checked_add(self.seat.config.grace);
            self.seat.shared.fall_quiet();
        }
        if !self.seat.shared.is_quiet() {
            return false;
        }
        if !self.told {
            self.told = true;
            // What the last worker to fall quiet brought, be it connections or words for those of
            // this one, is with this one's service after a turn.
            self.open_accepted();
            self.turn();
            self.core.stop();
            self.turn();
        }
        if self.core.open_connections() == 0 {
            return true;
        }
        if self.end.is_some_and(|end| self.clock.now() >= end) {
            let owed = self.core.served();
            if owed > 0 {
                log::warn!("{owed} connections cut off at the end of the grace period");
            }
            self.core.abort();
            return true;
        }
        false
    }

    /// Reads what had arrived before the stop.
    fn hear_out(&mut self) {
        self.open_accepted();
        let mut events = Events::with_capacity(EVENTS);
        let until = Instant::now() + (self.seat.config.grace / 4).min(HEARING);
        loop {
            if self.seat.poll.poll(&mut events, Some(Duration::ZERO)).is_err() {
                break;
            }
            for event in &events {
                self.event(event);
            }
            self.answer_datagrams();
            self.core.run();
            self.turn();
            let more = !events.is_empty() || self.core.is_busy();
            let aborting = self.seat.shared.phase() == Phase::Aborting;
            if !more || aborting || Instant::now() >= until {
                break;
            }
        }
        self.seat.ports.clear();
        self.core.deafen();
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
        broken: event.is_error() || event.is_write_closed(),
    }
}
