//! Peers that are not served: they receive the reason, and are closed.

use std::sync::atomic::Ordering;

use super::Reactor;
use crate::server::byte_stream::ByteStream;
use crate::server::connection::Connection;
use crate::server::handle::Incoming;
use crate::server::service::{Closed, Rejection, Service};

/// The most rejected connections that are closed gracefully at once. Further ones are closed
/// immediately.
const MAX_REJECTED: usize = 256;

impl<S: Service, T: ByteStream> Reactor<S, T> {
    /// Sends `reason` to a peer that is not served, and closes the connection. Returns its index.
    pub(crate) fn reject(&mut self, socket: T, reason: &[u8]) -> u32 {
        let index = self.connections.insert(Connection::new(socket, true));
        self.send_rejection(index, reason);
        index
    }

    pub(super) fn send_rejection(&mut self, index: u32, reason: &[u8]) {
        self.output.begin(self.connections.id(index), 0);
        self.output.send(reason);
        self.output.close();
        let ending = self.connections.apply_output(index, &mut self.output);
        self.finish(index, ending);
    }

    /// Returns `true` if another rejected connection can be closed gracefully.
    pub(crate) fn may_reject(&self) -> bool {
        self.connections.rejected() < MAX_REJECTED
    }

    /// Rejects a peer that was counted as a connection of this worker. Returns its index.
    pub(super) fn refuse(&mut self, socket: T, from: &Incoming, reason: Rejection) -> u32 {
        let (shared, worker) = &self.shared;
        shared.mailboxes[*worker].load.fetch_sub(1, Ordering::Relaxed);
        if !self.may_reject() {
            return self.turn_away(socket, from, reason);
        }
        let mut text = Vec::new();
        self.service.reject_on(from.listener, reason, &mut text);
        self.reject(socket, &text)
    }

    /// Sends the reason if the socket takes it at once, and closes the connection. Returns its
    /// index, which nothing has from the next turn on.
    fn turn_away(&mut self, mut socket: T, from: &Incoming, reason: Rejection) -> u32 {
        self.reject_at_once(&mut socket, from, reason);
        let index = self.connections.insert(Connection::new(socket, true));
        self.release(index, Closed::Stopped);
        index
    }

    /// Sends the reason if the socket takes it at once.
    pub(crate) fn reject_at_once(&mut self, socket: &mut T, from: &Incoming, reason: Rejection) {
        let mut text = Vec::new();
        self.service.reject_on(from.listener, reason, &mut text);
        // The input is read first, since a close over unread input would make TCP drop the text.
        let _ = socket.write(&text);
        let _ = socket.shutdown_write();
        let _ = socket.discard(&mut [0; 4096]);
    }
}
