//! The most memory that a chat can need.

use std::fmt;

use crate::hub::Hub;
use crate::hub::mailbox::OWED;
use crate::protocol::format::Format;
use crate::shard::{ANSWERS, BATCH, LIST, RUNS, UNHEARD};

/// What is kept of a client that neither says nor lacks anything, and of its connection: tables,
/// names, counters.
const CLIENT: usize = 2 * 1024;
/// What is kept of a room by each worker, but for its messages.
const ROOM: usize = 4 * 1024;
/// A handle of a run of messages in the output of a client, twice since a queue grows by doubling.
const HANDLE: usize = 64;
/// What the head of a line adds: a time, two names, JSON.
const HEAD: usize = 512;

/// The worst case of a chat's memory, out of its limits; printed, it shows its parts.
///
/// It is what the chat itself allocates. The program around it, the allocator's slack and the
/// buffers of the sockets, which are the kernel's, come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ceiling {
    /// The most clients.
    pub clients: usize,
    /// Bytes that one of them can hold: an unfinished line, input that was not heard yet, answers and
    /// letters that it has not taken.
    pub client_bytes: usize,
    /// The most rooms.
    pub rooms: usize,
    /// Bytes of one room's history.
    pub room_bytes: usize,
    /// Bytes of messages that wait for clients, all together.
    pub waiting_bytes: usize,
    /// Threads that serve.
    pub workers: usize,
    /// Bytes of messages that one of them may have said in a turn and beyond the limit.
    pub worker_bytes: usize,
    /// Bytes of messages that wait for the disk.
    pub disk_bytes: usize,
}

impl Ceiling {
    pub(crate) fn new(hub: &Hub, clients: usize, workers: usize, read: usize) -> Ceiling {
        let config = &hub.config;
        // In JSON, a quote or a backslash becomes two bytes.
        let escaped = if config.format == Format::Json { 2 } else { 1 };
        let kept = config.max_line.saturating_add(HEAD);
        let line = config.max_line.saturating_mul(escaped).saturating_add(HEAD);
        let answers = line.saturating_add(ANSWERS + LIST);
        // Some that it has not taken, and some that come behind those.
        let letters = OWED.max(line).saturating_mul(2);
        let history = if config.history > 0 { config.history_bytes } else { 0 };
        let client = [kept, kept, read.max(UNHEARD), answers, letters, 2 * RUNS * HANDLE];
        Ceiling {
            clients,
            client_bytes: client.into_iter().fold(CLIENT, usize::saturating_add),
            rooms: config.max_rooms,
            room_bytes: history.saturating_mul(2).saturating_add(ROOM.saturating_mul(workers)),
            waiting_bytes: config.memory,
            workers,
            // A batch grows by doubling, and each message in it has its place noted.
            worker_bytes: line.saturating_add(BATCH).saturating_mul(3).saturating_add(read),
            disk_bytes: hub.archive_memory(),
        }
    }

    /// All of it, in bytes.
    pub fn total(&self) -> usize {
        let product = usize::saturating_mul;
        product(self.clients, self.client_bytes)
            .saturating_add(product(self.rooms, self.room_bytes))
            .saturating_add(self.waiting_bytes)
            .saturating_add(product(self.workers, self.worker_bytes))
            .saturating_add(self.disk_bytes)
    }
}

impl fmt::Display for Ceiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kib = |bytes: usize| bytes.div_ceil(1024);
        write!(
            f,
            "at most {} MiB: {} clients of {} KiB, {} rooms of {} KiB, {} KiB of messages that wait, \
             {} workers of {} KiB, {} KiB on their way to the disk",
            self.total().div_ceil(1 << 20),
            self.clients,
            kib(self.client_bytes),
            self.rooms,
            kib(self.room_bytes),
            kib(self.waiting_bytes),
            self.workers,
            kib(self.worker_bytes),
            kib(self.disk_bytes),
        )
    }
}
