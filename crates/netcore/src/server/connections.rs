//! What is known of each connection of a worker, and what can be done to it without asking the
//! service.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::Closed;
use super::clock::Clock;
use super::output::{ConnectionId, End, Output};
use super::send_queue::{self, SendQueue};
use super::timers::{NEVER, Timers};
use super::transport::ByteStream;
use super::turn::ConnectionAccess;

/// A connection that is closing has told its peer the end, and waits for the peer's: this long
/// without a byte from it, …
const LINGER_QUIET: u64 = 250;
/// … and this long in all, in milliseconds.
const LINGER: u64 = 5_000;
/// A connection that is to be closed has this long, in milliseconds, to take what it is owed.
const CLOSING: u64 = 30_000;

/// What is read in one turn, from all together, before the service has its
/// [`turn`](super::Service::turn): what one turn brings is what a broadcast must hold before it can
/// send it.
pub(super) const MAX_READ_PER_TURN: usize = 256 * 1024;

/// The limits of a worker's connections, in milliseconds; [`NEVER`]: none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) idle: u64,
    pub(super) stall: u64,
}

impl Timeouts {
    pub(super) fn new(idle: Option<Duration>, stall: Option<Duration>) -> Timeouts {
        let millis = |d: Option<Duration>| {
            d.map_or(NEVER, |d| u64::try_from(d.as_millis()).unwrap_or(NEVER).max(1))
        };
        Timeouts { idle: millis(idle), stall: millis(stall) }
    }
}

/// What the system says of a socket.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readiness {
    pub(super) read: bool,
    pub(super) write: bool,
    /// The peer sent its end, or the socket has an error: a read will tell.
    pub(super) ended: bool,
    /// Urgent data (RFC 6093) is there, at which a read stops short.
    pub(super) urgent: bool,
    /// Nothing more can be sent or received.
    pub(super) broken: bool,
}

pub(super) struct Connection<C, T> {
    pub(super) socket: T,
    /// Gone once the service has been told that it is closed; the socket may linger.
    pub(super) state: Option<C>,
    pub(super) unsent: Option<Box<SendQueue>>,
    /// Of the last input, kept only where something depends on it; for one that is to be closed, of
    /// that decision.
    pub(super) last_read: u64,
    /// Of the last output that the socket took while some had to wait; for a lingering one, the
    /// start of that.
    pub(super) last_write: u64,
    pub(super) timer: u64,
    pub(super) flags: Flags,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    /// There may be input.
    pub(super) readable: bool,
    /// A short read does not mean that there is no more.
    pub(super) read_to_end: bool,
    /// The socket takes output.
    pub(super) writable: bool,
    /// Turned away: told why, and never served.
    pub(super) rejected: bool,
    /// In `ready` already.
    pub(super) queued: bool,
    /// In `held` already.
    pub(super) held: bool,
    /// The service wants nothing read from it for now.
    pub(super) paused: bool,
    /// The service wants a call of `ready` when all is sent.
    pub(super) wants_ready: bool,
    /// To be closed when all is sent.
    pub(super) closing: bool,
    /// The end is sent; input is dropped.
    pub(super) lingering: bool,
    /// Nothing can be sent or received any more; a read will tell why.
    pub(super) hung_up: bool,
    /// Output failed, and is dropped; what the peer sent before it went may still be there.
    pub(super) write_failed: bool,
    /// The peer's end was read.
    pub(super) ended: bool,
}

pub(super) struct Slot<C, T> {
    pub(super) generation: u32,
    pub(super) connection: Option<Connection<C, T>>,
}

/// Everything of a worker but its service and its sockets' registration.
pub(super) struct Connections<C, T> {
    pub(super) slots: Vec<Slot<C, T>>,
    pub(super) free: Vec<u32>,
    /// Free from the next turn on: until then events of this one may still name them.
    pub(super) freed: Vec<u32>,
    pub(super) ready: VecDeque<u32>,
    /// Had input while reading was held.
    pub(super) held: Vec<u32>,
    pub(super) hold: bool,
    /// No more input from anybody: the server is stopping.
    pub(super) stop_reading: bool,
    pub(super) open: usize,
    pub(super) rejected: usize,
    /// Closed in this turn, rejected left out.
    pub(super) released: usize,
    /// Read in this turn.
    pub(super) read: usize,
    pub(super) timers: Timers,
    pub(super) timeouts: Timeouts,
    pub(super) output: Output,
    /// Found to be over in the service's turn, to be seen to after it.
    pub(super) over: Vec<(u32, Over)>,
    pub(super) clock: Clock,
}

/// What the service's call left of a connection.
#[derive(Debug)]
pub(super) enum Over {
    /// To be closed as soon as nothing is unsent.
    Closing,
    /// To be closed at once.
    Now(Closed),
}

pub(super) enum Due {
    Idle,
    Stalled,
    Lingered,
}

impl<C, T> Connection<C, T> {
    /// When timeouts with it ends, and with what.
    pub(super) fn due(&self, timeouts: Timeouts) -> (u64, Due) {
        if self.flags.lingering {
            let at = (self.last_read + LINGER_QUIET).min(self.last_write + LINGER);
            (at, Due::Lingered)
        } else if self.unsent.is_some() {
            let stalled = self.last_write.saturating_add(timeouts.stall);
            let closing = if self.flags.closing { self.last_read + CLOSING } else { NEVER };
            (stalled.min(closing), Due::Stalled)
        } else {
            (self.last_read.saturating_add(timeouts.idle), Due::Idle)
        }
    }
}

impl<C, T: ByteStream> Connections<C, T> {
    pub(super) fn new(timeouts: Timeouts, clock: Clock) -> Connections<C, T> {
        Connections {
            slots: Vec::new(),
            free: Vec::new(),
            freed: Vec::new(),
            ready: VecDeque::new(),
            held: Vec::new(),
            hold: false,
            stop_reading: false,
            open: 0,
            rejected: 0,
            released: 0,
            read: 0,
            timers: Timers::default(),
            timeouts,
            output: Output::new(clock.clone()),
            over: Vec::new(),
            clock,
        }
    }

    pub(super) fn insert(&mut self, socket: T) -> u32 {
        let connection = Connection {
            socket,
            state: None,
            unsent: None,
            last_read: 0,
            last_write: 0,
            timer: NEVER,
            flags: Flags { writable: true, ..Flags::default() },
        };
        self.open += 1;
        if let Some(index) = self.free.pop() {
            self.slots[index as usize].connection = Some(connection);
            return index;
        }
        self.slots.push(Slot { generation: 0, connection: Some(connection) });
        self.slots.len() as u32 - 1
    }

    pub(super) fn connection(&mut self, index: u32) -> Option<&mut Connection<C, T>> {
        self.slots.get_mut(index as usize)?.connection.as_mut()
    }

    pub(super) fn id(&self, index: u32) -> ConnectionId {
        ConnectionId { index, generation: self.slots[index as usize].generation }
    }

    pub(super) fn enqueue(&mut self, index: u32) {
        let Some(c) = self.connection(index) else { return };
        if !c.flags.queued {
            c.flags.queued = true;
            self.ready.push_back(index);
        }
    }

    /// After a call of the service: sends what it left in the output. What is to follow, if the
    /// connection is to be closed.
    pub(super) fn conclude(&mut self, index: u32) -> Option<Over> {
        if self.output.yield_turn {
            self.read = MAX_READ_PER_TURN;
        }
        if let Some(pause) = self.output.pause {
            if let Some(c) = self.connection(index) {
                c.flags.paused = pause;
                if !pause && c.flags.readable {
                    self.enqueue(index);
                }
            }
        }
        if self.output.end == End::Abort {
            self.output.clear();
            return Some(Over::Now(Closed::Aborted));
        }
        self.output.seal();
        if let Err(e) = self.transmit(index) {
            return self.fail(index, e).map(Over::Now);
        }
        (self.output.end == End::Close).then_some(Over::Closing)
    }

    /// Output has failed: the peer has gone. What it sent before may still be unread, and is read
    /// until that fails too. Otherwise, why it is over.
    pub(super) fn fail(&mut self, index: u32, error: io::Error) -> Option<Closed> {
        self.output.clear();
        let stop_reading = self.stop_reading;
        let c = self.connection(index)?;
        if c.flags.ended || c.flags.closing || stop_reading {
            return Some(Closed::Broken(error));
        }
        c.unsent = None;
        c.flags.write_failed = true;
        c.flags.hung_up = true;
        c.flags.readable = true;
        c.flags.read_to_end = true;
        self.enqueue(index);
        None
    }

    /// Sends what is in the output, behind what the connection owes already.
    fn transmit(&mut self, index: u32) -> io::Result<()> {
        let Connections { slots, output, clock, .. } = self;
        let Some(c) = slots[index as usize].connection.as_mut() else { return Ok(()) };
        if output.end == End::Close && !c.flags.closing {
            c.flags.closing = true;
            c.last_read = clock.millis();
        }
        if c.flags.write_failed {
            output.clear();
            return Ok(());
        }
        c.flags.wants_ready |= output.call_ready;
        if let Some(unsent) = c.unsent.as_mut() {
            unsent.take(output);
            if c.flags.closing {
                self.arm(index);
            }
        } else if let Some(left) = send_queue::send(output, &mut c.socket)? {
            c.unsent = Some(Box::new(left));
            c.flags.writable = false;
            c.last_write = clock.millis();
            self.arm(index);
        } else if c.flags.wants_ready {
            self.enqueue(index);
        }
        Ok(())
    }

    /// Forgets the timers of connections that are gone. Without that, a long timeout would keep one
    /// for each connection that there has been meanwhile.
    pub(super) fn prune(&mut self) {
        if self.timers.len() > 2 * self.open + 1024 {
            let Connections { timers, slots, .. } = self;
            timers.retain(|at, index, generation| {
                let slot = &slots[index as usize];
                slot.generation == generation
                    && slot.connection.as_ref().is_some_and(|c| c.timer == at)
            });
        }
    }

    /// Arms the connection's timer, unless it goes off early enough already.
    pub(super) fn arm(&mut self, index: u32) {
        let timeouts = self.timeouts;
        let generation = self.slots[index as usize].generation;
        let Some(c) = self.connection(index) else { return };
        let (due, _) = c.due(timeouts);
        if due < c.timer {
            c.timer = due;
            self.timers.arm(due, index, generation);
        }
    }
}

impl<C, T: ByteStream> Connections<C, T> {
    /// As [`Turn::with`](super::Turn::with), by place.
    fn call(&mut self, index: u32, f: &mut dyn FnMut(&mut C, &mut Output)) -> bool {
        let id = self.id(index);
        let Some(c) = self.slots[index as usize].connection.as_mut() else { return false };
        let Some(state) = c.state.as_mut() else { return false };
        let closing = c.flags.closing;
        self.output.begin(id, c.unsent.as_ref().map_or(0, |q| q.len()));
        if closing {
            // Its last words are said.
            self.output.close();
        }
        f(state, &mut self.output);
        if let Some(over) = self.conclude(index) {
            self.over.push((index, over));
        }
        true
    }
}

impl<C, T: ByteStream> ConnectionAccess<C> for Connections<C, T> {
    fn each(&mut self, f: &mut dyn FnMut(&mut C, &mut Output)) {
        for index in 0..self.slots.len() as u32 {
            if self.connection(index).is_some_and(|c| !c.flags.closing) {
                self.call(index, f);
            }
        }
    }

    fn with(&mut self, id: ConnectionId, f: &mut dyn FnMut(&mut C, &mut Output)) -> bool {
        let known =
            self.slots.get(id.index as usize).is_some_and(|s| s.generation == id.generation);
        known && self.call(id.index, f)
    }

    fn pause_reading(&mut self) {
        self.hold = true;
    }

    fn resume_reading(&mut self) {
        self.hold = false;
        for index in std::mem::take(&mut self.held) {
            if let Some(c) = self.connection(index) {
                c.flags.held = false;
            }
            self.enqueue(index);
        }
    }
}
