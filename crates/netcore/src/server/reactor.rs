//! A worker's service and its connections: what happens when a socket can be read or written, when
//! time passes, and when the server stops. No polling and no accepting here, and a socket is any
//! [`ByteStream`], so that all of it runs in tests without one.
//!
//! ```text
//!             receive            output                 all sent
//!   open ─────► ▲ │ ──────────────────────► blocked ───────────────┐
//!               │ │    the socket took all  (not read)             │
//!               │ ◄────────────────────────────────────────────────┘
//!               │ close(), all sent
//!               ▼
//!           lingering ── the peer's end, quiet or the limit ──► released
//! ```
//!
//! An error of the socket, a stall and a stop at once lead to `released` from everywhere.

use std::io::{self, ErrorKind};
use std::time::Instant;

use super::clock::Clock;
use super::connections::{Connections, Due, MAX_READ_PER_TURN, Over, Readiness, Slot, Timeouts};
use super::output::Output;
use super::send_queue::Written;
use super::timers::NEVER;
use super::transport::ByteStream;
use super::turn::Turn;
use super::{Closed, Config, Service};
use crate::address::Address;

/// Calls of [`Service::ready`] in a row before the others have their turn.
const MAX_READY_CALLS: usize = 16;

/// Peers that are being turned away at a time. More of them are not seen off, but closed at once.
const MAX_REJECTED: usize = 256;

/// A service and its connections.
pub(super) struct Reactor<S: Service, T> {
    pub(super) service: S,
    pub(super) table: Connections<S::Connection, T>,
    buffer: Box<[u8]>,
}

impl<S: Service, T: ByteStream> Reactor<S, T> {
    pub(super) fn new(service: S, config: &Config, clock: Clock) -> Reactor<S, T> {
        let timeouts = Timeouts::new(config.idle_timeout, config.stall_timeout);
        Reactor {
            service,
            table: Connections::new(timeouts, clock),
            buffer: vec![0; config.read].into_boxed_slice(),
        }
    }

    /// A new connection. Its index, by which the caller names it in [`event`](Self::event).
    pub(super) fn open(&mut self, socket: T, peer: &Address) -> u32 {
        let index = self.table.insert(socket);
        let Reactor { service, table, .. } = self;
        let id = table.id(index);
        if let Some(c) = table.slots[index as usize].connection.as_mut() {
            table.output.begin(id, 0);
            c.state = Some(service.open(peer, &mut table.output));
            if table.timeouts.idle != NEVER {
                c.last_read = table.clock.millis();
            }
        }
        self.apply_output(index);
        self.table.arm(index);
        index
    }

    /// A connection that is told `words` and closed.
    pub(super) fn reject(&mut self, socket: T, words: &[u8]) -> u32 {
        let index = self.table.insert(socket);
        let id = self.table.id(index);
        if let Some(c) = self.table.connection(index) {
            c.flags.rejected = true;
            self.table.rejected += 1;
        }
        self.table.output.begin(id, 0);
        self.table.output.send(words);
        self.table.output.close();
        self.apply_output(index);
        index
    }

    /// The socket, for its registration. `None`: the connection is closed already.
    pub(super) fn socket(&mut self, index: u32) -> Option<&mut T> {
        self.table.connection(index).map(|c| &mut c.socket)
    }

    /// Something happened to a socket. It is seen to in [`run`](Self::run).
    pub(super) fn event(&mut self, index: u32, what: Readiness) {
        let Some(c) = self.table.connection(index) else { return };
        c.flags.readable |= what.read || what.ended || what.broken;
        c.flags.read_to_end |= what.ended || what.urgent || what.broken;
        c.flags.writable |= what.write || what.broken;
        c.flags.hung_up |= what.broken;
        self.table.enqueue(index);
    }

    /// Sees to each connection that has something to do, once, until the turn's share of input is
    /// read.
    pub(super) fn run(&mut self) {
        self.table.read = 0;
        for _ in 0..self.table.ready.len() {
            let Some(index) = self.table.ready.pop_front() else { break };
            self.handle(index);
            if self.table.read >= MAX_READ_PER_TURN {
                break;
            }
        }
    }

    /// There is more to do at once.
    pub(super) fn is_busy(&self) -> bool {
        !self.table.ready.is_empty()
    }

    /// Connections, those that are closing included.
    pub(super) fn open_connections(&self) -> usize {
        self.table.open
    }

    /// Connections that the service still has to do with.
    pub(super) fn served(&self) -> usize {
        let served =
            |s: &&Slot<S::Connection, T>| s.connection.as_ref().is_some_and(|c| c.state.is_some());
        self.table.slots.iter().filter(served).count()
    }

    fn handle(&mut self, index: u32) {
        let Some(c) = self.table.connection(index) else { return };
        c.flags.queued = false;
        if c.flags.writable && c.unsent.is_some() && !self.flush(index) {
            return;
        }
        self.call_ready(index);
        self.read(index);
    }

    /// Writes what the connection owes. `false`: it is gone.
    fn flush(&mut self, index: u32) -> bool {
        let Some(c) = self.table.connection(index) else { return false };
        let Some(unsent) = c.unsent.as_mut() else { return true };
        match unsent.write(&mut c.socket) {
            Ok(Written::All) => {
                c.unsent = None;
                c.flags.wants_ready = true;
                if self.table.timeouts.idle != NEVER {
                    let now = self.table.clock.millis();
                    if let Some(c) = self.table.connection(index) {
                        c.last_read = now;
                    }
                    self.table.arm(index);
                }
                self.begin_linger(index);
                self.table.connection(index).is_some()
            }
            Ok(Written::Full { progress }) => {
                c.flags.writable = false;
                if progress {
                    let now = self.table.clock.millis();
                    if let Some(c) = self.table.connection(index) {
                        c.last_write = now;
                    }
                }
                true
            }
            Err(e) => match self.table.fail(index, e) {
                Some(why) => {
                    self.release(index, why);
                    false
                }
                None => true,
            },
        }
    }

    /// Lets the service send more, where it may have more.
    fn call_ready(&mut self, index: u32) {
        for _ in 0..MAX_READY_CALLS {
            let id = self.table.id(index);
            let Reactor { service, table, .. } = self;
            let Some(c) = table.slots[index as usize].connection.as_mut() else { return };
            if !c.flags.wants_ready || c.unsent.is_some() || c.flags.closing {
                return;
            }
            c.flags.wants_ready = false;
            let Some(state) = c.state.as_mut() else { return };
            table.output.begin(id, 0);
            service.ready(state, &mut table.output);
            self.apply_output(index);
        }
        // Hungry still: the others first.
        self.table.enqueue(index);
    }

    /// Reads once.
    fn read(&mut self, index: u32) {
        let hold = self.table.hold;
        let stop_reading = self.table.stop_reading;
        let Some(c) = self.table.connection(index) else { return };
        if !c.flags.readable {
            return;
        }
        if c.flags.lingering {
            return self.linger(index);
        }
        if c.flags.hung_up && c.flags.ended {
            // Both ends are gone, so nothing that the service may still have can be sent.
            return self.release(index, Closed::Broken(ErrorKind::ConnectionReset.into()));
        }
        // What cannot be answered is not read. The flag stays, and the next handle after the output
        // is gone comes here.
        if c.unsent.is_some() || c.flags.closing || c.flags.ended || stop_reading {
            return;
        }
        if c.flags.paused && !c.flags.hung_up {
            return;
        }
        if hold && !c.flags.hung_up {
            if !c.flags.held {
                c.flags.held = true;
                self.table.held.push(index);
            }
            return;
        }
        match c.socket.read(&mut self.buffer) {
            Ok(0) if c.flags.write_failed => {
                // The error that this stands for was told to a write already: no orderly end.
                self.release(index, Closed::Broken(ErrorKind::ConnectionReset.into()));
            }
            Ok(0) => {
                c.flags.ended = true;
                c.flags.readable = false;
                self.call(index, |service, state, output| service.end(state, output));
            }
            Ok(n) => {
                if n < self.buffer.len() && !c.flags.read_to_end && c.socket.short_call_rearms() {
                    // Saves the read that would tell of no more (epoll(7)).
                    c.flags.readable = false;
                }
                self.table.read += n;
                if self.table.timeouts.idle != NEVER {
                    let now = self.table.clock.millis();
                    if let Some(c) = self.table.connection(index) {
                        c.last_read = now;
                    }
                }
                self.call_receive(index, n);
                if self.table.connection(index).is_some_and(|c| c.flags.readable) {
                    self.table.enqueue(index);
                }
            }
            // All that had arrived is read, and nothing can be answered.
            Err(e) if e.kind() == ErrorKind::WouldBlock && c.flags.write_failed => {
                self.release(index, Closed::Broken(ErrorKind::ConnectionReset.into()));
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                c.flags.readable = false;
                c.flags.read_to_end = false;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => self.table.enqueue(index),
            Err(e) => self.release(index, Closed::Broken(e)),
        }
    }

    fn call_receive(&mut self, index: u32, n: usize) {
        let Reactor { service, table, buffer } = self;
        let id = table.id(index);
        let Some(c) = table.slots[index as usize].connection.as_mut() else { return };
        let Some(state) = c.state.as_mut() else { return };
        table.output.begin(id, 0);
        service.receive(state, &buffer[..n], &mut table.output);
        self.apply_output(index);
    }

    /// Calls the service about a connection and sends what it says.
    fn call(
        &mut self,
        index: u32,
        f: impl FnOnce(&mut S, &mut S::Connection, &mut Output),
    ) -> bool {
        let Reactor { service, table, .. } = self;
        let id = table.id(index);
        let Some(c) = table.slots[index as usize].connection.as_mut() else { return false };
        let Some(state) = c.state.as_mut() else { return false };
        if c.flags.closing {
            return false;
        }
        table.output.begin(id, c.unsent.as_ref().map_or(0, |q| q.len()));
        f(service, state, &mut table.output);
        self.apply_output(index);
        true
    }

    /// After a call of the service.
    fn apply_output(&mut self, index: u32) {
        if let Some(over) = self.table.conclude(index) {
            self.finish(index, over);
        }
    }

    fn finish(&mut self, index: u32, over: Over) {
        match over {
            Over::Closing => self.begin_linger(index),
            Over::Now(why) => self.release(index, why),
        }
    }

    /// Ends a connection that is to be closed and owes nothing more.
    fn begin_linger(&mut self, index: u32) {
        let Some(c) = self.table.connection(index) else { return };
        if !c.flags.closing || c.unsent.is_some() || c.flags.lingering {
            return;
        }
        if c.flags.ended || c.flags.write_failed {
            return self.release(index, Closed::Done);
        }
        if let Err(e) = c.socket.shutdown_write() {
            return self.release(index, Closed::Broken(e));
        }
        c.flags.lingering = true;
        if let Some(state) = c.state.take() {
            self.service.closed(state, Closed::Done);
        }
        let now = self.table.clock.millis();
        if let Some(c) = self.table.connection(index) {
            (c.last_read, c.last_write) = (now, now);
            if c.flags.readable {
                self.table.enqueue(index);
            }
        }
        self.table.arm(index);
    }

    /// Drops input of a connection whose end is sent.
    fn linger(&mut self, index: u32) {
        let now = self.table.clock.millis();
        let Some(c) = self.table.connection(index) else { return };
        match c.socket.read(&mut self.buffer) {
            Ok(n) if n > 0 => {
                c.last_read = now;
                self.table.read += n;
                self.table.enqueue(index);
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => c.flags.readable = false,
            Err(e) if e.kind() == ErrorKind::Interrupted => self.table.enqueue(index),
            _ => self.release(index, Closed::Done),
        }
    }

    fn release(&mut self, index: u32, why: Closed) {
        let slot = &mut self.table.slots[index as usize];
        let Some(c) = slot.connection.take() else { return };
        slot.generation = slot.generation.wrapping_add(1);
        self.table.freed.push(index);
        self.table.open -= 1;
        if c.flags.rejected {
            self.table.rejected -= 1;
        } else {
            self.table.released += 1;
        }
        drop(c.socket);
        if let Some(state) = c.state {
            self.service.closed(state, why);
        }
    }

    /// Sees to the timers that were due at `seen`, the time until which all input is known of: one
    /// who spoke before it was due must not be taken for silent, however late the loop is.
    pub(super) fn expire(&mut self, seen: u64) {
        while let Some((at, index, generation)) = self.table.timers.pop(seen) {
            if self.table.slots[index as usize].generation != generation {
                continue;
            }
            let timeouts = self.table.timeouts;
            let Some(c) = self.table.connection(index) else { continue };
            if c.timer != at {
                // Armed again since, for an earlier time, which came before this one.
                continue;
            }
            c.timer = NEVER;
            let (due, what) = c.due(timeouts);
            if due > seen {
                self.table.arm(index);
                continue;
            }
            match what {
                Due::Idle => {
                    c.last_read = seen;
                    if c.flags.readable {
                        // It has said something, which this turn has no time left for.
                        self.table.arm(index);
                        continue;
                    }
                    self.call(index, |service, state, output| service.idle(state, output));
                    self.table.arm(index);
                }
                Due::Stalled => self.release(index, Closed::Stalled),
                Due::Lingered => self.release(index, Closed::Done),
            }
        }
    }

    /// When the next timer is due, in milliseconds on the worker's clock.
    pub(super) fn next_timer(&self) -> Option<u64> {
        self.table.timers.next()
    }

    /// The service's own turn, after the events of one wait. When it wants the next one at the
    /// latest.
    pub(super) fn turn(&mut self, stopping: bool) -> Option<Instant> {
        let Reactor { service, table, .. } = self;
        let clock = table.clock.clone();
        let mut turn = Turn { connections: table, clock: &clock, stopping, again: None };
        service.turn(&mut turn);
        let again = turn.again;
        while let Some((index, over)) = self.table.over.pop() {
            self.finish(index, over);
        }
        again
    }

    /// After a turn: no event of it is left, so the places of closed connections can be used again.
    /// How many of those that were served have been closed.
    pub(super) fn reap(&mut self) -> usize {
        self.table.free.append(&mut self.table.freed);
        self.table.prune();
        std::mem::take(&mut self.table.released)
    }

    /// There are not too many already that are being turned away.
    pub(super) fn may_reject(&self) -> bool {
        self.table.rejected < MAX_REJECTED
    }

    /// A connection that cannot be served for a reason outside of it.
    pub(super) fn fail(&mut self, index: u32, error: io::Error) {
        self.release(index, Closed::Broken(error));
    }

    /// No more input from anybody.
    pub(super) fn stop_reading(&mut self) {
        self.table.stop_reading = true;
    }

    /// Tells the service about each connection that the server stops.
    pub(super) fn stop(&mut self) {
        for index in 0..self.table.slots.len() as u32 {
            self.call(index, |service, state, output| service.stop(state, output));
        }
    }

    /// Closes everything at once.
    pub(super) fn abort(&mut self) {
        for index in 0..self.table.slots.len() as u32 {
            self.release(index, Closed::Stopped);
        }
    }
}
