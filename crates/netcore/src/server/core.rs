//! A worker's service and its connections: what happens when a socket can be read or written, when
//! time passes, and when the server stops. No polling and no accepting here, and a socket is any
//! [`Transport`], so that all of it runs in tests without one.
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
use super::output::Output;
use super::queue::Written;
use super::table::{Due, Over, Patience, Readiness, Slot, TURN, Table};
use super::timers::NEVER;
use super::transport::Transport;
use super::turn::Turn;
use super::{Closed, Config, Service};
use crate::address::Address;

/// Calls of [`Service::ready`] in a row before the others have their turn.
const READY: usize = 16;

/// Peers that are being turned away at a time. More of them are not seen off, but closed at once.
const GUESTS: usize = 256;

/// A service and its connections.
pub(super) struct Core<S: Service, T> {
    pub(super) service: S,
    pub(super) table: Table<S::Connection, T>,
    buffer: Box<[u8]>,
}

impl<S: Service, T: Transport> Core<S, T> {
    pub(super) fn new(service: S, config: &Config, clock: Clock) -> Core<S, T> {
        let patience = Patience::new(config.idle_timeout, config.stall_timeout);
        Core {
            service,
            table: Table::new(patience, clock),
            buffer: vec![0; config.read].into_boxed_slice(),
        }
    }

    /// A new connection. Its index, by which the caller names it in [`event`](Self::event).
    pub(super) fn open(&mut self, socket: T, peer: &Address) -> u32 {
        let index = self.table.insert(socket);
        let Core { service, table, .. } = self;
        let id = table.id(index);
        if let Some(c) = table.slots[index as usize].connection.as_mut() {
            table.output.begin(id, 0);
            c.state = Some(service.open(peer, &mut table.output));
            if table.patience.idle != NEVER {
                c.heard = table.clock.millis();
            }
        }
        self.sent(index);
        self.table.arm(index);
        index
    }

    /// A connection that is told `words` and closed.
    pub(super) fn turn_away(&mut self, socket: T, words: &[u8]) -> u32 {
        let index = self.table.insert(socket);
        let id = self.table.id(index);
        if let Some(c) = self.table.connection(index) {
            c.flags.guest = true;
            self.table.guests += 1;
        }
        self.table.output.begin(id, 0);
        self.table.output.send(words);
        self.table.output.close();
        self.sent(index);
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
        c.flags.insist |= what.ended || what.urgent || what.broken;
        c.flags.writable |= what.write || what.broken;
        c.flags.broken |= what.broken;
        self.table.enqueue(index);
    }

    /// Sees to each connection that has something to do, once, until the turn's share of input is
    /// read.
    pub(super) fn run(&mut self) {
        self.table.read = 0;
        for _ in 0..self.table.ready.len() {
            let Some(index) = self.table.ready.pop_front() else { break };
            self.visit(index);
            if self.table.read >= TURN {
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

    fn visit(&mut self, index: u32) {
        let Some(c) = self.table.connection(index) else { return };
        c.flags.queued = false;
        if c.flags.writable && c.unsent.is_some() && !self.flush(index) {
            return;
        }
        self.offer(index);
        self.listen(index);
    }

    /// Writes what the connection owes. `false`: it is gone.
    fn flush(&mut self, index: u32) -> bool {
        let Some(c) = self.table.connection(index) else { return false };
        let Some(unsent) = c.unsent.as_mut() else { return true };
        match unsent.write(&mut c.socket) {
            Ok(Written::All) => {
                c.unsent = None;
                c.flags.hungry = true;
                if self.table.patience.idle != NEVER {
                    let now = self.table.clock.millis();
                    if let Some(c) = self.table.connection(index) {
                        c.heard = now;
                    }
                    self.table.arm(index);
                }
                self.settle(index);
                self.table.connection(index).is_some()
            }
            Ok(Written::Full { progress }) => {
                c.flags.writable = false;
                if progress {
                    let now = self.table.clock.millis();
                    if let Some(c) = self.table.connection(index) {
                        c.moved = now;
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
    fn offer(&mut self, index: u32) {
        for _ in 0..READY {
            let id = self.table.id(index);
            let Core { service, table, .. } = self;
            let Some(c) = table.slots[index as usize].connection.as_mut() else { return };
            if !c.flags.hungry || c.unsent.is_some() || c.flags.closing {
                return;
            }
            c.flags.hungry = false;
            let Some(state) = c.state.as_mut() else { return };
            table.output.begin(id, 0);
            service.ready(state, &mut table.output);
            self.sent(index);
        }
        // Hungry still: the others first.
        self.table.enqueue(index);
    }

    /// Reads once.
    fn listen(&mut self, index: u32) {
        let hold = self.table.hold;
        let deaf = self.table.deaf;
        let Some(c) = self.table.connection(index) else { return };
        if !c.flags.readable {
            return;
        }
        if c.flags.lingering {
            return self.linger(index);
        }
        if c.flags.broken && c.flags.ended {
            // Both ends are gone, so nothing that the service may still have can be sent.
            return self.release(index, Closed::Broken(ErrorKind::ConnectionReset.into()));
        }
        // What cannot be answered is not read. The flag stays, and the next visit after the output
        // is gone comes here.
        if c.unsent.is_some() || c.flags.closing || c.flags.ended || deaf {
            return;
        }
        if c.flags.paused && !c.flags.broken {
            return;
        }
        if hold && !c.flags.broken {
            if !c.flags.held {
                c.flags.held = true;
                self.table.held.push(index);
            }
            return;
        }
        match c.socket.read(&mut self.buffer) {
            Ok(0) if c.flags.mute => {
                // The error that this stands for was told to a write already: no orderly end.
                self.release(index, Closed::Broken(ErrorKind::ConnectionReset.into()));
            }
            Ok(0) => {
                c.flags.ended = true;
                c.flags.readable = false;
                self.call(index, |service, state, output| service.end(state, output));
            }
            Ok(n) => {
                if n < self.buffer.len() && !c.flags.insist && c.socket.short_call_rearms() {
                    // Saves the read that would tell of no more (epoll(7)).
                    c.flags.readable = false;
                }
                self.table.read += n;
                if self.table.patience.idle != NEVER {
                    let now = self.table.clock.millis();
                    if let Some(c) = self.table.connection(index) {
                        c.heard = now;
                    }
                }
                self.received(index, n);
                if self.table.connection(index).is_some_and(|c| c.flags.readable) {
                    self.table.enqueue(index);
                }
            }
            // All that had arrived is read, and nothing can be answered.
            Err(e) if e.kind() == ErrorKind::WouldBlock && c.flags.mute => {
                self.release(index, Closed::Broken(ErrorKind::ConnectionReset.into()));
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                c.flags.readable = false;
                c.flags.insist = false;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => self.table.enqueue(index),
            Err(e) => self.release(index, Closed::Broken(e)),
        }
    }

    fn received(&mut self, index: u32, n: usize) {
        let Core { service, table, buffer } = self;
        let id = table.id(index);
        let Some(c) = table.slots[index as usize].connection.as_mut() else { return };
        let Some(state) = c.state.as_mut() else { return };
        table.output.begin(id, 0);
        service.receive(state, &buffer[..n], &mut table.output);
        self.sent(index);
    }

    /// Calls the service about a connection and sends what it says.
    fn call(
        &mut self,
        index: u32,
        f: impl FnOnce(&mut S, &mut S::Connection, &mut Output),
    ) -> bool {
        let Core { service, table, .. } = self;
        let id = table.id(index);
        let Some(c) = table.slots[index as usize].connection.as_mut() else { return false };
        let Some(state) = c.state.as_mut() else { return false };
        if c.flags.closing {
            return false;
        }
        table.output.begin(id, c.unsent.as_ref().map_or(0, |q| q.len()));
        f(service, state, &mut table.output);
        self.sent(index);
        true
    }

    /// After a call of the service.
    fn sent(&mut self, index: u32) {
        if let Some(over) = self.table.conclude(index) {
            self.finish(index, over);
        }
    }

    fn finish(&mut self, index: u32, over: Over) {
        match over {
            Over::Closing => self.settle(index),
            Over::Now(why) => self.release(index, why),
        }
    }

    /// Ends a connection that is to be closed and owes nothing more.
    fn settle(&mut self, index: u32) {
        let Some(c) = self.table.connection(index) else { return };
        if !c.flags.closing || c.unsent.is_some() || c.flags.lingering {
            return;
        }
        if c.flags.ended || c.flags.mute {
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
            (c.heard, c.moved) = (now, now);
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
                c.heard = now;
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
        if c.flags.guest {
            self.table.guests -= 1;
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
            let patience = self.table.patience;
            let Some(c) = self.table.connection(index) else { continue };
            if c.timer != at {
                // Armed again since, for an earlier time, which came before this one.
                continue;
            }
            c.timer = NEVER;
            let (due, what) = c.due(patience);
            if due > seen {
                self.table.arm(index);
                continue;
            }
            match what {
                Due::Idle => {
                    c.heard = seen;
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
        let Core { service, table, .. } = self;
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
    pub(super) fn may_turn_away(&self) -> bool {
        self.table.guests < GUESTS
    }

    /// A connection that cannot be served for a reason outside of it.
    pub(super) fn give_up(&mut self, index: u32, error: io::Error) {
        self.release(index, Closed::Broken(error));
    }

    /// No more input from anybody.
    pub(super) fn deafen(&mut self) {
        self.table.deaf = true;
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
