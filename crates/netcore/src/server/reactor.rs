//! The reactor of a worker: it handles ready connections, fires timers, and calls the service.
//!
//! The reactor has no poller and no listener, and a socket is any [`ByteStream`]. Tests therefore
//! run all of it without a socket.

mod handshaking;
mod rejecting;
mod turn_connections;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::address_limit::{Places, Stage};
use super::byte_stream::ByteStream;
use super::clock::Clock;
use super::config::Config;
use super::connection::Connection;
use super::connection::closing::Lingering;
use super::connection::state::{Due, ReadOutcome, Readiness, Timeouts};
use super::connections::{Connections, Ending};
use super::handle::{Incoming, Shared};
use super::handshakes::Handshakes;
use super::output::Output;
use super::service::{Closed, Service};
use super::turn::Turn;
use turn_connections::TurnConnections;

/// The most bytes read from all connections in one turn, except for the last read, which may exceed
/// it. The limit bounds the buffers of a broadcasting service, which sends in its
/// [`turn`](Service::turn).
const MAX_READ_PER_TURN: usize = 256 * 1024;

/// Calls of [`Service::ready`] in a row for one connection. The other connections come next.
const MAX_READY_CALLS: usize = 16;

/// A service and its connections.
pub(super) struct Reactor<S: Service, T> {
    service: S,
    connections: Connections<S::Connection, T>,
    handshakes: Handshakes,
    /// The places of the connections in the limit of their addresses.
    places: Places,
    /// The state that the workers share, and the number of this one.
    shared: (Arc<Shared>, usize),
    /// Output of the current call of the service.
    output: Output,
    /// Input of the current read.
    buffer: Box<[u8]>,
    /// Bytes read in this turn.
    read_in_turn: usize,
    /// Connections that ended in the service's turn. They are handled after it.
    ended_in_turn: Vec<(u32, Ending)>,
    clock: Clock,
}

impl<S: Service, T: ByteStream> Reactor<S, T> {
    pub(super) fn new(
        service: S,
        config: &Config,
        clock: Clock,
        shared: (Arc<Shared>, usize),
    ) -> Reactor<S, T> {
        let timeouts = Timeouts::new(config.idle_timeout, config.stall_timeout);
        Reactor {
            service,
            connections: Connections::new(timeouts, clock.clone()),
            places: Places::new(config.address_limit.clone()),
            handshakes: Handshakes::new(shared.0.max_handshakes()),
            shared,
            output: Output::new(clock.clone()),
            buffer: vec![0; config.read].into_boxed_slice(),
            read_in_turn: 0,
            ended_in_turn: Vec::new(),
            clock,
        }
    }

    pub(super) fn service(&mut self) -> &mut S {
        &mut self.service
    }

    /// Opens a connection for the service, if its socket needs no handshake before. Returns its
    /// index, by which the caller names it in [`event`](Self::event).
    ///
    /// The caller has counted the connection, or the handshake, in the shared state.
    pub(super) fn open(&mut self, socket: T, from: Incoming) -> u32 {
        if socket.needs_handshake() {
            return self.begin_handshake(socket, from);
        }
        let place = match self.places.take(&from.address, Stage::Served) {
            Ok(place) => place,
            Err(reason) => return self.refuse(socket, &from, reason),
        };
        let index = self.connections.insert(Connection::new(socket, false));
        self.places.hold(index, place);
        self.serve(index, &from);
        index
    }

    /// Opens a connection for the service.
    fn serve(&mut self, index: u32, from: &Incoming) {
        self.output.begin(self.connections.id(index), 0);
        let state = self.service.open_on(from.listener, &from.address, &mut self.output);
        if let Some(connection) = self.connections.get(index) {
            connection.open(state);
        }
        self.connections.note_active(index);
        let ending = self.connections.apply_output(index, &mut self.output);
        self.finish(index, ending);
        self.connections.arm(index);
    }

    /// Returns the socket of a connection, to register it. Returns `None` if the connection is
    /// closed already.
    pub(super) fn socket(&mut self, index: u32) -> Option<&mut T> {
        self.connections.get(index).map(|connection| connection.socket())
    }

    /// Releases a connection that cannot be registered with the poller.
    pub(super) fn fail(&mut self, index: u32, error: io::Error) {
        self.release(index, Closed::Broken(error));
    }

    /// Notes an event of a socket. [`run`](Self::run) handles it.
    pub(super) fn event(&mut self, index: u32, event: Readiness) {
        let Some(connection) = self.connections.get(index) else { return };
        connection.note(event);
        if connection.is_handshaking() {
            return self.queue_handshake(index);
        }
        self.connections.enqueue(index);
    }

    /// Handles each connection that has something to do, once, until the turn's share of input is
    /// read. Takes a few steps of handshakes.
    pub(super) fn run(&mut self) {
        self.run_connections();
        if self.handshakes.is_busy() {
            self.run_handshakes();
        }
    }

    fn run_connections(&mut self) {
        self.read_in_turn = 0;
        for _ in 0..self.connections.ready() {
            let Some(index) = self.connections.next_ready() else { break };
            self.handle(index);
            if self.read_in_turn >= MAX_READ_PER_TURN {
                break;
            }
        }
    }

    /// Returns `true` if some connection has something to do at once.
    pub(super) fn is_busy(&self) -> bool {
        self.connections.ready() > 0 || self.handshakes.is_busy()
    }

    /// Writes unsent bytes, calls `ready` if it is due, and reads once.
    fn handle(&mut self, index: u32) {
        if self.flush(index) {
            self.call_ready(index);
            self.read(index);
        }
    }

    /// Writes unsent bytes. Returns `false` if the connection is over.
    fn flush(&mut self, index: u32) -> bool {
        let Some(connection) = self.connections.get(index) else { return false };
        match connection.flush(&self.clock) {
            Ok(false) => true,
            Ok(true) => {
                self.connections.note_active(index);
                self.connections.arm(index);
                self.begin_linger(index);
                self.connections.get(index).is_some()
            }
            Err(error) => match self.connections.fail(index, error) {
                Some(why) => {
                    self.release(index, why);
                    false
                }
                None => true,
            },
        }
    }

    /// Calls `ready` as often as the service asks for it and the socket takes everything.
    fn call_ready(&mut self, index: u32) {
        for _ in 0..MAX_READY_CALLS {
            let is_due = self.connections.get(index).is_some_and(|c| c.take_ready());
            if !is_due {
                return;
            }
            self.call(index, |service, state, output| service.ready(state, output));
        }
        // The service asks again. The other connections come first.
        self.connections.enqueue(index);
    }

    /// Reads once, and hands the input to the service.
    fn read(&mut self, index: u32) {
        let reading = self.connections.reading();
        let Some(connection) = self.connections.get(index) else { return };
        let outcome = connection.read(&mut self.buffer, reading);
        if connection.has_reply() {
            self.queue_reply(index);
        }
        match outcome {
            ReadOutcome::Nothing => {}
            ReadOutcome::Paused => self.connections.wait_for_resume(index),
            ReadOutcome::Received(bytes) => self.receive(index, bytes),
            ReadOutcome::Discarded(bytes) => {
                self.read_in_turn += bytes;
                let now = self.clock.millis();
                if let Some(connection) = self.connections.get(index) {
                    connection.note_read(now);
                }
                self.connections.enqueue(index);
            }
            ReadOutcome::Ended => {
                self.call(index, |service, state, output| service.end(state, output));
            }
            ReadOutcome::Interrupted => self.connections.enqueue(index),
            ReadOutcome::Over(why) => self.release(index, why),
        }
    }

    /// Hands `bytes` bytes of the buffer to the service.
    fn receive(&mut self, index: u32, bytes: usize) {
        self.read_in_turn += bytes;
        self.connections.note_active(index);
        let buffer = std::mem::take(&mut self.buffer);
        self.call(index, |service, state, output| service.receive(state, &buffer[..bytes], output));
        self.buffer = buffer;
        if self.connections.get(index).is_some_and(|connection| connection.is_readable()) {
            self.connections.enqueue(index);
        }
    }

    /// Calls the service for a connection that it has not closed, and applies the output.
    fn call(&mut self, index: u32, f: impl FnOnce(&mut S, &mut S::Connection, &mut Output)) {
        let Reactor { service, connections, output, .. } = self;
        if !connections.get(index).is_some_and(|connection| connection.is_serving()) {
            return;
        }
        let call = |state: &mut S::Connection, output: &mut Output| f(service, state, output);
        let Some(ending) = connections.call(index, output, call) else { return };
        if output.yield_turn {
            self.read_in_turn = MAX_READ_PER_TURN;
        }
        self.finish(index, ending);
    }

    fn finish(&mut self, index: u32, ending: Option<Ending>) {
        match ending {
            None => {}
            Some(Ending::WhenFlushed) => self.begin_linger(index),
            Some(Ending::Now(why)) => self.release(index, why),
        }
    }

    /// Sends the end of a closing connection that has nothing unsent.
    ///
    /// The connection lingers then: the socket stays open and discards input, since a close over
    /// unread input makes TCP drop bytes on their way to the peer (RFC 1122, 4.2.2.13).
    fn begin_linger(&mut self, index: u32) {
        let Some(connection) = self.connections.get(index).filter(|c| c.is_flushed()) else {
            return;
        };
        match connection.begin_linger(&self.clock) {
            Ok(Lingering::Pending) => self.connections.arm(index),
            Ok(Lingering::Begun(state)) => {
                if connection.is_readable() {
                    self.connections.enqueue(index);
                }
                self.connections.arm(index);
                if let Some(state) = state {
                    self.service.closed(state, Closed::Done);
                }
            }
            Err(why) => self.release(index, why),
        }
    }

    fn release(&mut self, index: u32, why: Closed) {
        let Some(connection) = self.connections.release(index) else { return };
        self.places.release(index);
        if connection.is_handshaking() {
            self.end_handshake(index);
        }
        if let Some(state) = connection.into_state() {
            self.service.closed(state, why);
        }
    }

    /// Fires the timers due at `seen`, the time up to which all input has been read. A peer that
    /// sent data before its timer was due is therefore never treated as idle, even if the loop is
    /// late.
    pub(super) fn expire(&mut self, seen: u64) {
        while let Some((index, due)) = self.connections.next_due(seen) {
            match due {
                Due::Idle => self.call_idle(index, seen),
                Due::Stalled => self.release(index, Closed::Stalled),
                Due::Lingered => self.release(index, Closed::Done),
                Due::Handshake => self.give_up_handshake(index, "it took too long"),
            }
        }
        self.make_room_for_handshakes(seen);
    }

    fn call_idle(&mut self, index: u32, seen: u64) {
        let Some(connection) = self.connections.get(index) else { return };
        connection.note_read(seen);
        // A readable connection is not idle: this turn had no time left for its input.
        if !connection.is_readable() {
            self.call(index, |service, state, output| service.idle(state, output));
        }
        self.connections.arm(index);
    }

    /// Returns the time of the next timer, in milliseconds on the worker's clock.
    pub(super) fn next_timer(&self) -> Option<u64> {
        let next = self.connections.next_timer();
        match self.handshakes.next_eviction() {
            None => next,
            Some(at) => Some(next.map_or(at, |next| next.min(at))),
        }
    }

    /// Calls the service's own turn, after the events of one wait. Returns the time until which the
    /// service wants the next one.
    pub(super) fn turn(&mut self, stopping: bool) -> Option<Instant> {
        let Reactor { service, connections, output, ended_in_turn: ended, clock, .. } = self;
        let mut connections = TurnConnections { connections, output, ended };
        let mut turn = Turn { connections: &mut connections, clock, stopping, again: None };
        service.turn(&mut turn);
        let again = turn.again;
        while let Some((index, ending)) = self.ended_in_turn.pop() {
            self.finish(index, Some(ending));
        }
        again
    }

    /// Ends a turn: no event of it is left. Returns how many served connections were released in
    /// it.
    pub(super) fn reap(&mut self) -> usize {
        self.connections.reap()
    }

    /// Returns the number of connections, with closing ones.
    pub(super) fn open_connections(&self) -> usize {
        self.connections.open()
    }

    /// Returns the number of connections that are open for the service.
    pub(super) fn served(&self) -> usize {
        self.connections.served()
    }

    /// Reads no more input from any connection. No handshake can bring any.
    pub(super) fn stop_reading(&mut self) {
        self.connections.stop_reading();
        self.drop_handshakes();
    }

    /// Calls [`Service::stop`] for each connection.
    pub(super) fn stop(&mut self) {
        for index in self.connections.indices() {
            self.call(index, |service, state, output| service.stop(state, output));
        }
    }

    /// Releases all connections at once.
    pub(super) fn abort(&mut self) {
        for index in self.connections.indices() {
            self.release(index, Closed::Stopped);
        }
    }

    #[cfg(test)]
    pub(super) fn timers(&self) -> usize {
        self.connections.timers()
    }
}
