//! Handshakes: connections that the service does not know yet.

use std::io;

use super::Reactor;
use crate::server::address_limit::Stage;
use crate::server::byte_stream::{ByteStream, Handshake};
use crate::server::connection::Connection;
use crate::server::connection::state::Reading;
use crate::server::handle::Incoming;
use crate::server::service::{Closed, Rejection, Service};

/// Steps of handshakes in one turn. A step can cost a signature, about as much as a hundred short
/// messages.
const MAX_STEPS_PER_TURN: usize = 4;

impl<S: Service, T: ByteStream> Reactor<S, T> {
    pub(super) fn begin_handshake(&mut self, socket: T, from: Incoming) -> u32 {
        let now = self.clock.millis();
        let place = self.places.take(&from.address, Stage::Handshake);
        let index = self.connections.insert(Connection::handshaking(socket, now));
        self.handshakes.insert(index, from, now);
        match place {
            Ok(place) => self.places.hold(index, place),
            // Nothing can be said before the handshake, and the address has enough of them.
            Err(_) => self.release(index, Closed::Stopped),
        }
        if self.connections.reading() == Reading::Stopped {
            self.release(index, Closed::Stopped);
        }
        self.connections.arm(index);
        index
    }

    /// Queues a handshake if it can go on.
    pub(super) fn queue_handshake(&mut self, index: u32) {
        if self.connections.get(index).is_some_and(|connection| connection.can_handshake()) {
            self.handshakes.enqueue(index);
        }
    }

    /// Takes a few steps. Further ones have to wait for the next turn, since the connections of the
    /// service must not wait for a flood of handshakes.
    pub(super) fn run_handshakes(&mut self) {
        for _ in 0..MAX_STEPS_PER_TURN {
            let Some(index) = self.handshakes.next_ready() else { return };
            self.step(index);
        }
    }

    fn step(&mut self, index: u32) {
        let Some(connection) = self.connections.get(index).filter(|c| c.is_handshaking()) else {
            return;
        };
        match connection.handshake() {
            Ok(Handshake::Done) => self.complete_handshake(index),
            Ok(Handshake::NeedsInput { replied: true }) => {
                self.handshakes.note_reply(index, self.clock.millis());
            }
            Ok(Handshake::NeedsInput { replied: false } | Handshake::NeedsRoom) => {}
            Ok(Handshake::Unfinished) => self.handshakes.enqueue(index),
            Err(error) => self.fail_handshake(index, &error),
        }
    }

    /// Opens the connection for the service, or rejects the peer if the server is full.
    fn complete_handshake(&mut self, index: u32) {
        let may_reject = self.may_reject();
        let Some(from) = self.end_handshake(index) else { return };
        let Some(connection) = self.connections.get(index) else { return };
        let (shared, worker) = &self.shared;
        let admitted = self.places.establish(index).and_then(|()| match shared.admit(*worker) {
            true => Ok(()),
            false => Err(Rejection::Full),
        });
        match admitted {
            Ok(()) => {
                connection.establish();
                self.serve(index, &from);
            }
            Err(reason) if may_reject => {
                connection.establish_rejected();
                self.connections.note_rejected();
                let mut text = Vec::new();
                self.service.reject_on(from.listener, reason, &mut text);
                self.send_rejection(index, &text);
            }
            Err(_) => return self.release(index, Closed::Stopped),
        }
        self.continue_established(index);
    }

    /// Queues what the handshake has left: input behind it, and messages of its own.
    fn continue_established(&mut self, index: u32) {
        self.queue_reply(index);
        if self.connections.get(index).is_some_and(|connection| connection.is_readable()) {
            self.connections.enqueue(index);
        }
        self.connections.arm(index);
    }

    /// Queues a message of the layer below, such as the answer to one that is no data.
    #[cold]
    pub(super) fn queue_reply(&mut self, index: u32) {
        let Some(connection) = self.connections.get(index) else { return };
        if connection.queue_reply(&self.clock) {
            self.connections.arm(index);
            self.connections.enqueue(index);
        }
    }

    /// Closes a connection whose handshake has failed, so that the peer can read the alert.
    fn fail_handshake(&mut self, index: u32, error: &io::Error) {
        let may_reject = self.may_reject();
        let Some(from) = self.end_handshake(index) else { return };
        log::debug!("{}: TLS handshake failed: {error}", from.address);
        let Some(connection) = self.connections.get(index) else { return };
        if !may_reject || connection.linger_after_handshake(&self.clock).is_err() {
            return self.release(index, Closed::Stopped);
        }
        self.connections.note_rejected();
        self.connections.enqueue(index);
        self.connections.arm(index);
    }

    /// Releases a connection in its handshake.
    pub(super) fn give_up_handshake(&mut self, index: u32, why: &str) {
        if let Some(peer) = self.handshakes.peer(index) {
            log::debug!("{peer}: TLS handshake given up: {why}");
        }
        self.release(index, Closed::Stopped);
    }

    /// Drops all handshakes.
    pub(crate) fn drop_handshakes(&mut self) {
        for index in self.connections.indices() {
            if self.connections.get(index).is_some_and(|connection| connection.is_handshaking()) {
                self.release(index, Closed::Stopped);
            }
        }
    }

    /// Gives up the handshake that has waited longest for its peer, if there is no room for another
    /// one and it has waited long.
    pub(super) fn make_room_for_handshakes(&mut self, seen: u64) {
        if let Some(index) = self.handshakes.evictable(seen) {
            self.give_up_handshake(index, "others wait for its place");
        }
    }

    /// Forgets a handshake that is over. Returns the origin of its connection.
    pub(super) fn end_handshake(&mut self, index: u32) -> Option<Incoming> {
        let from = self.handshakes.remove(index)?;
        let (shared, worker) = &self.shared;
        shared.handshake_over(*worker);
        Some(from)
    }
}
