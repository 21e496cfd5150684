//! The connections of a worker: a slab of slots, the queue of those with work, and the timers.

use std::collections::VecDeque;
use std::io;

use super::byte_stream::ByteStream;
use super::clock::Clock;
use super::connection::Connection;
use super::connection::state::{Due, Reading, Sent, Timeouts};
use super::output::{ConnectionId, End, Output};
use super::service::Closed;
use super::timers::{NEVER, Timers};

#[cfg(test)]
mod tests;

/// The connections of a worker.
pub(super) struct Connections<C, T> {
    slots: Vec<Slot<C, T>>,
    free: Vec<u32>,
    /// Slots that are free from the next turn on. Events of this turn may still name them.
    freed: Vec<u32>,
    /// Connections that have something to do.
    ready: VecDeque<u32>,
    /// Connections that had input while reading was paused for all.
    waiting: Vec<u32>,
    reading: Reading,
    open: usize,
    rejected: usize,
    /// Number of connections released in this turn, without rejected ones.
    released: usize,
    timers: Timers,
    timeouts: Timeouts,
    clock: Clock,
}

struct Slot<C, T> {
    /// Number of connections that the slot has had.
    generation: u32,
    /// The connection is in `ready`.
    is_ready: bool,
    /// The connection is in `waiting`.
    is_waiting: bool,
    connection: Option<Connection<C, T>>,
}

/// The end of a connection, as a call of the service left it.
#[derive(Debug)]
pub(super) enum Ending {
    /// The connection ends as soon as nothing is unsent.
    WhenFlushed,
    /// The connection ends now.
    Now(Closed),
}

impl<C, T> Connections<C, T> {
    pub(super) fn new(timeouts: Timeouts, clock: Clock) -> Connections<C, T> {
        Connections {
            slots: Vec::new(),
            free: Vec::new(),
            freed: Vec::new(),
            ready: VecDeque::new(),
            waiting: Vec::new(),
            reading: Reading::Allowed,
            open: 0,
            rejected: 0,
            released: 0,
            timers: Timers::default(),
            timeouts,
            clock,
        }
    }

    /// Adds a connection and returns its index.
    pub(super) fn insert(&mut self, connection: Connection<C, T>) -> u32 {
        self.open += 1;
        self.rejected += usize::from(connection.is_rejected());
        let connection = Some(connection);
        if let Some(index) = self.free.pop() {
            self.slots[index as usize].connection = connection;
            return index;
        }
        let slot = Slot { generation: 0, is_ready: false, is_waiting: false, connection };
        self.slots.push(slot);
        self.slots.len() as u32 - 1
    }

    pub(super) fn get(&mut self, index: u32) -> Option<&mut Connection<C, T>> {
        self.slots.get_mut(index as usize)?.connection.as_mut()
    }

    /// Returns the name of the connection in the slot `index`.
    pub(super) fn id(&self, index: u32) -> ConnectionId {
        ConnectionId { index, generation: self.slots[index as usize].generation }
    }

    /// Returns the index of the connection `id`. Returns `None` if it is over.
    pub(super) fn find(&self, id: ConnectionId) -> Option<u32> {
        let slot = self.slots.get(id.index as usize)?;
        (slot.generation == id.generation).then_some(id.index)
    }

    /// Returns the index of every slot.
    pub(super) fn indices(&self) -> std::ops::Range<u32> {
        0..self.slots.len() as u32
    }

    /// Frees the slot of a connection that is over. The slot is used again from the next turn on.
    pub(super) fn release(&mut self, index: u32) -> Option<Connection<C, T>> {
        let slot = &mut self.slots[index as usize];
        let connection = slot.connection.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.freed.push(index);
        self.open -= 1;
        match connection.is_rejected() {
            true => self.rejected -= 1,
            // A connection in a handshake does not count as one of the server yet.
            false => self.released += usize::from(!connection.is_handshaking()),
        }
        Some(connection)
    }

    /// Ends a turn: slots that became free in it can be used again. Returns how many connections
    /// were released in it, without rejected ones.
    pub(super) fn reap(&mut self) -> usize {
        self.free.append(&mut self.freed);
        self.prune_timers();
        std::mem::take(&mut self.released)
    }

    /// Returns the number of connections, with closing and rejected ones.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Returns the number of connections that are open for the service.
    pub(super) fn served(&self) -> usize {
        let served = |slot: &&Slot<C, T>| slot.connection.as_ref().is_some_and(Connection::is_open);
        self.slots.iter().filter(served).count()
    }

    /// Notes that a connection was rejected after its handshake.
    pub(super) fn note_rejected(&mut self) {
        self.rejected += 1;
    }

    /// Returns the number of rejected connections.
    pub(super) fn rejected(&self) -> usize {
        self.rejected
    }

    /// Queues a connection that has something to do.
    pub(super) fn enqueue(&mut self, index: u32) {
        let Some(slot) = self.slots.get_mut(index as usize) else { return };
        if slot.connection.is_some() && !slot.is_ready {
            slot.is_ready = true;
            self.ready.push_back(index);
        }
    }

    /// Returns the next connection that has something to do.
    pub(super) fn next_ready(&mut self) -> Option<u32> {
        let index = self.ready.pop_front()?;
        self.slots[index as usize].is_ready = false;
        Some(index)
    }

    /// Returns the number of connections that have something to do.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn reading(&self) -> Reading {
        self.reading
    }

    /// Pauses reading for all connections.
    pub(super) fn pause_reading(&mut self) {
        if self.reading == Reading::Allowed {
            self.reading = Reading::Paused;
        }
    }

    /// Ends the pause for all connections.
    pub(super) fn resume_reading(&mut self) {
        if self.reading != Reading::Paused {
            return;
        }
        self.reading = Reading::Allowed;
        for index in std::mem::take(&mut self.waiting) {
            self.slots[index as usize].is_waiting = false;
            self.enqueue(index);
        }
    }

    /// Stops reading for all connections and for good.
    pub(super) fn stop_reading(&mut self) {
        self.reading = Reading::Stopped;
    }

    /// Queues the connection for the end of the pause.
    pub(super) fn wait_for_resume(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        if !slot.is_waiting {
            slot.is_waiting = true;
            self.waiting.push(index);
        }
    }

    /// Returns the time of the next timer in milliseconds.
    pub(super) fn next_timer(&self) -> Option<u64> {
        self.timers.next()
    }

    /// Returns a connection whose timer was due at `seen`, and the kind of its timeout.
    pub(super) fn next_due(&mut self, seen: u64) -> Option<(u32, Due)> {
        while let Some((at, index, generation)) = self.timers.pop(seen) {
            let timeouts = self.timeouts;
            let slot = &mut self.slots[index as usize];
            let Some(connection) = slot.connection.as_mut() else { continue };
            if slot.generation != generation || !connection.is_armed_for(at) {
                // The timer belongs to an earlier connection, or was armed again for an earlier
                // time and has fired then.
                continue;
            }
            connection.disarm();
            match connection.due(timeouts) {
                (due, what) if due <= seen => return Some((index, what)),
                _ => self.arm(index),
            }
        }
        None
    }

    /// Arms the connection's timer, unless it fires early enough already.
    pub(super) fn arm(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        let Some(connection) = slot.connection.as_mut() else { return };
        if let Some(due) = connection.rearm(self.timeouts) {
            self.timers.arm(due, index, slot.generation);
        }
    }

    /// Notes that the peer has sent or taken something, for the idle timeout. Without that timeout
    /// the clock is not read.
    pub(super) fn note_active(&mut self, index: u32) {
        if self.timeouts.idle == NEVER {
            return;
        }
        let now = self.clock.millis();
        if let Some(connection) = self.get(index) {
            connection.note_read(now);
        }
    }

    /// Drops the timers of connections that are over. With a long timeout there would otherwise be
    /// one for each connection that ever was.
    fn prune_timers(&mut self) {
        if self.timers.len() > 2 * self.open + 1024 {
            let Connections { timers, slots, .. } = self;
            timers.retain(|at, index, generation| {
                let slot = &slots[index as usize];
                let armed = |connection: &Connection<C, T>| connection.is_armed_for(at);
                slot.generation == generation && slot.connection.as_ref().is_some_and(armed)
            });
        }
    }

    #[cfg(test)]
    pub(super) fn timers(&self) -> usize {
        self.timers.len()
    }
}

impl<C, T: ByteStream> Connections<C, T> {
    /// Calls `f` for a connection and applies the output: sends it, pauses or resumes reading.
    ///
    /// Returns `None` if the service has no such connection, otherwise how the connection ends, if
    /// it does.
    pub(super) fn call(
        &mut self,
        index: u32,
        output: &mut Output,
        f: impl FnOnce(&mut C, &mut Output),
    ) -> Option<Option<Ending>> {
        let slot = &mut self.slots[index as usize];
        let id = ConnectionId { index, generation: slot.generation };
        let connection = slot.connection.as_mut()?;
        let (unsent, is_serving) = (connection.unsent(), connection.is_serving());
        let state = connection.state()?;
        output.begin(id, unsent);
        if !is_serving {
            // The service has closed the connection earlier: nothing more is sent.
            output.close();
        }
        f(state, output);
        Some(self.apply_output(index, output))
    }

    /// Applies the output of a call of the service. Returns how the connection ends, if it does.
    pub(super) fn apply_output(&mut self, index: u32, output: &mut Output) -> Option<Ending> {
        if let Some(pause) = output.pause {
            if self.get(index).is_some_and(|connection| connection.set_paused(pause)) {
                self.enqueue(index);
            }
        }
        if output.end == End::Abort {
            output.clear();
            return Some(Ending::Now(Closed::Aborted));
        }
        output.seal();
        let connection = self.slots[index as usize].connection.as_mut()?;
        match connection.send(output, &self.clock) {
            Ok(Sent::All) if connection.wants_ready() => self.enqueue(index),
            Ok(Sent::Queued) => self.arm(index),
            Ok(Sent::All | Sent::Dropped) => {}
            Err(error) => {
                output.clear();
                return self.fail(index, error).map(Ending::Now);
            }
        }
        (output.end == End::Close).then_some(Ending::WhenFlushed)
    }

    /// Handles a failed write. The peer has gone, and its last bytes are read until reading fails
    /// too. Returns the reason for the end if the connection is over.
    pub(super) fn fail(&mut self, index: u32, error: io::Error) -> Option<Closed> {
        let reading = self.reading;
        let over = self.get(index)?.fail(error, reading);
        if over.is_none() {
            self.enqueue(index);
        }
        over
    }
}
