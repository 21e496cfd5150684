//! The memory bound: the most memory that a chat can need.

use std::fmt;

use crate::backplane::link::max_read;
use crate::backplane::node::{MAX_KEPT, MAX_UNAPPLIED};
use crate::hub::Hub;
use crate::hub::continuations::{GONE, MAX_GONE};
use crate::hub::mailbox::MAX_PENDING_DIRECT;
use crate::protocol::format::Format;
use crate::shard::delivery::MAX_SEGMENTS;
use crate::shard::input::{MAX_DEFERRED, MAX_REPLIES};
use crate::shard::lists::MAX_LIST;
use crate::shard::state::MAX_BATCH;

#[cfg(test)]
mod tests;

/// Bytes for an idle client that is up to date, and for its connection: tables, names, counters.
const CLIENT: usize = 2 * 1024;

/// Bytes for a room in one worker, without its messages.
const ROOM: usize = 4 * 1024;

/// Bytes for the handle of a segment in a client's output, doubled because a queue grows by
/// doubling.
const HANDLE: usize = 64;

/// Bytes that a line gains when it is rendered: a time, two names, JSON.
const HEAD: usize = 512;

/// The worst case of a chat's memory, computed from its limits. Its text shows the parts.
///
/// It covers allocations of the chat itself. The program around it, the allocator's slack and the
/// kernel's socket buffers come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryBound {
    /// The most clients.
    pub clients: usize,
    /// Bytes for one client: an unfinished line, deferred input, unread replies and direct
    /// messages.
    pub client_bytes: usize,
    /// The most rooms.
    pub rooms: usize,
    /// Bytes for the history of one room.
    pub room_bytes: usize,
    /// Bytes of messages that wait for clients, in all rooms together.
    pub waiting_bytes: usize,
    /// Threads that serve.
    pub workers: usize,
    /// Bytes of messages that one worker may render in a turn, beyond the limit.
    pub worker_bytes: usize,
    /// Bytes of messages that wait for the disk.
    pub disk_bytes: usize,
    /// Bytes for TLS, of all connections and handshakes together.
    pub tls_bytes: usize,
    /// Bytes for the counts of clients that have gone.
    pub gone_bytes: usize,
    /// Bytes on their way to the engine of a backplane and back.
    pub backplane_bytes: usize,
}

impl MemoryBound {
    pub(crate) fn new(hub: &Hub, clients: usize, workers: usize, read: usize) -> MemoryBound {
        let config = &hub.config;
        // In JSON, a quote or a backslash becomes two bytes.
        let escaped = if config.format == Format::Json || config.web { 2 } else { 1 };
        // Each message is rendered once for each framing.
        let framings = if config.web { 2 } else { 1 };
        let history_bytes = config.history_bytes.saturating_mul(framings);
        let kept = config.max_line.saturating_add(HEAD);
        let line = config.max_line.saturating_mul(escaped).saturating_add(HEAD);
        let replies = line.saturating_add(MAX_REPLIES + MAX_LIST);
        // Unread direct messages, and as many that are pending.
        let direct = MAX_PENDING_DIRECT.max(line).saturating_mul(2);
        let history = if config.history > 0 { history_bytes } else { 0 };
        let input = read.max(MAX_DEFERRED);
        let client = [kept, kept, input, replies, direct, 2 * MAX_SEGMENTS * HANDLE];
        MemoryBound {
            clients,
            client_bytes: client.into_iter().fold(CLIENT, usize::saturating_add),
            rooms: config.max_rooms,
            room_bytes: history.saturating_mul(2).saturating_add(ROOM.saturating_mul(workers)),
            waiting_bytes: config.memory,
            workers,
            // A batch grows by doubling, and has an entry for each message.
            worker_bytes: line
                .saturating_mul(framings)
                .saturating_add(MAX_BATCH)
                .saturating_mul(3)
                .saturating_add(read),
            disk_bytes: hub.store_memory(),
            tls_bytes: 0,
            gone_bytes: GONE * MAX_GONE,
            backplane_bytes: hub.node.as_ref().map_or(0, |_| {
                let kept = MAX_KEPT.saturating_mul(workers).max(MAX_UNAPPLIED);
                let read = max_read(config.max_rooms.saturating_add(1));
                // Operations are copied for their request, entries when they are parsed.
                kept.saturating_add(read.saturating_mul(line)).saturating_mul(2)
            }),
        }
    }

    /// Adds the bytes for TLS, which the event loop needs and the chat does not know.
    #[must_use]
    pub fn with_tls_bytes(self, tls_bytes: usize) -> MemoryBound {
        MemoryBound { tls_bytes, ..self }
    }

    /// Returns the sum of all parts, in bytes.
    pub fn total(&self) -> usize {
        let product = usize::saturating_mul;
        product(self.clients, self.client_bytes)
            .saturating_add(product(self.rooms, self.room_bytes))
            .saturating_add(self.waiting_bytes)
            .saturating_add(product(self.workers, self.worker_bytes))
            .saturating_add(self.disk_bytes)
            .saturating_add(self.tls_bytes)
            .saturating_add(self.gone_bytes)
            .saturating_add(self.backplane_bytes)
    }
}

impl fmt::Display for MemoryBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kib = |bytes: usize| bytes.div_ceil(1024);
        write!(
            f,
            "at most {} MiB: {} clients of {} KiB, {} rooms of {} KiB, {} KiB of messages that \
             wait, {} workers of {} KiB, {} KiB on their way to the disk, {} KiB for clients that \
             are gone",
            self.total().div_ceil(1 << 20),
            self.clients,
            kib(self.client_bytes),
            self.rooms,
            kib(self.room_bytes),
            kib(self.waiting_bytes),
            self.workers,
            kib(self.worker_bytes),
            kib(self.disk_bytes),
            kib(self.gone_bytes),
        )?;
        match self.tls_bytes {
            0 => {}
            bytes => write!(f, ", {} KiB for TLS", kib(bytes))?,
        }
        match self.backplane_bytes {
            0 => Ok(()),
            bytes => write!(f, ", {} KiB for the backplane", kib(bytes)),
        }
    }
}
