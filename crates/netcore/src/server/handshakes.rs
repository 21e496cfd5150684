//! The handshakes of a worker: their queue, and the bound on their number.

use std::collections::{HashMap, VecDeque};

use super::handle::Incoming;
use crate::address::Address;

#[cfg(test)]
mod tests;

/// Milliseconds for which a handshake may wait for its peer while others wait for its place.
const PATIENCE: u64 = 1_000;

/// Connections whose handshake is not done, by the index of their slot.
#[derive(Debug)]
pub(super) struct Handshakes {
    pending: HashMap<u32, Pending>,
    /// Handshakes that can go on, in the order in which they became ready.
    ready: VecDeque<u32>,
    /// The most handshakes at once. The acceptor leaves further connections in the backlog.
    limit: usize,
    /// Time at which a handshake has to make room, in milliseconds.
    next_eviction: Option<u64>,
}

#[derive(Debug)]
struct Pending {
    from: Incoming,
    /// Time since which the peer has the turn, in milliseconds: that of the last reply, or of the
    /// beginning. Input that is answered by nothing does not count, so a peer that sends its
    /// message byte by byte gains no time.
    since: u64,
    /// The handshake is in the queue.
    is_ready: bool,
}

impl Handshakes {
    pub(super) fn new(limit: usize) -> Handshakes {
        Handshakes { pending: HashMap::new(), ready: VecDeque::new(), limit, next_eviction: None }
    }

    pub(super) fn insert(&mut self, index: u32, from: Incoming, now: u64) {
        self.pending.insert(index, Pending { from, since: now, is_ready: false });
    }

    /// Forgets a handshake. Returns the origin of its connection.
    pub(super) fn remove(&mut self, index: u32) -> Option<Incoming> {
        self.pending.remove(&index).map(|pending| pending.from)
    }

    pub(super) fn peer(&self, index: u32) -> Option<&Address> {
        self.pending.get(&index).map(|pending| &pending.from.address)
    }

    /// Queues a handshake that can go on.
    pub(super) fn enqueue(&mut self, index: u32) {
        let Some(pending) = self.pending.get_mut(&index) else { return };
        if !std::mem::replace(&mut pending.is_ready, true) {
            self.ready.push_back(index);
        }
    }

    /// Returns the next handshake that can go on.
    pub(super) fn next_ready(&mut self) -> Option<u32> {
        loop {
            let index = self.ready.pop_front()?;
            // The slot of a handshake that is over may have another one by now, which is then in
            // the queue behind this entry or not at all.
            if let Some(pending) = self.pending.get_mut(&index) {
                if std::mem::take(&mut pending.is_ready) {
                    return Some(index);
                }
            }
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Notes a reply: from `now` on the peer has the turn.
    pub(super) fn note_reply(&mut self, index: u32, now: u64) {
        if let Some(pending) = self.pending.get_mut(&index) {
            pending.since = now;
        }
    }

    /// Returns the handshake that has waited longest for its peer, if it has to make room. `seen`
    /// is the time up to which all input is known. To be called in each turn.
    pub(super) fn evictable(&mut self, seen: u64) -> Option<u32> {
        self.next_eviction = None;
        if self.pending.len() < self.limit {
            return None;
        }
        let waiting = self.pending.iter().filter(|(_, pending)| !pending.is_ready);
        let longest = waiting.min_by_key(|(_, pending)| pending.since);
        let (&index, pending) = longest?;
        let at = pending.since + PATIENCE;
        self.next_eviction = Some(at);
        (at <= seen).then_some(index)
    }

    /// Returns the time at which a handshake has to make room, in milliseconds.
    pub(super) fn next_eviction(&self) -> Option<u64> {
        self.next_eviction
    }
}
