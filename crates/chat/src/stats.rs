//! What has happened in a chat, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Makes [`Stats`] and the counters behind it from one list.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What has been counted, in the whole chat and since its start.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
        }

        /// Figures of a chat: what there is, and what has happened since its start. Of what was
        /// refused or dropped, everything is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct Stats {
            /// Clients that are there.
            pub clients: u64,
            /// Rooms that somebody is in, and the lobby.
            pub rooms: u64,
            /// Bytes of all messages in memory, each once, however many clients wait for it.
            pub held_bytes: u64,
            /// Of these, bytes of messages in histories.
            pub history_bytes: u64,
            /// Bytes by which the slowest client is behind its room, beside what the system holds for it.
            pub slowest_bytes: u64,
            /// Bytes of messages that wait to be written to the log on disk.
            pub disk_queued_bytes: u64,
            /// Messages that are written to it.
            pub disk_written: u64,
            /// Of these, messages that survive a loss of power.
            pub disk_synced: u64,
            /// Messages that could not be written to it.
            pub disk_lost: u64,
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            /// Fills in the counted part.
            pub(crate) fn read(&self, stats: &mut Stats) {
                $(stats.$name = self.$name.load(Ordering::Relaxed);)*
            }
        }

        impl Stats {
            /// Every figure with its name, in the order of the fields.
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [
                    ("clients", self.clients),
                    ("rooms", self.rooms),
                    ("held_bytes", self.held_bytes),
                    ("history_bytes", self.history_bytes),
                    ("slowest_bytes", self.slowest_bytes),
                    ("disk_queued_bytes", self.disk_queued_bytes),
                    ("disk_written", self.disk_written),
                    ("disk_synced", self.disk_synced),
                    ("disk_lost", self.disk_lost),
                    $((stringify!($name), self.$name),)*
                ]
                .into_iter()
            }
        }
    };
}

counters! {
    /// Clients that have come.
    entered,
    /// Messages that were said in rooms.
    messages,
    /// Messages handed to clients: one message to a room of ten is ten.
    deliveries,
    /// Private messages.
    private,
    /// Lines refused because they were no UTF-8.
    refused_encoding,
    /// Lines refused because they were too long.
    refused_length,
    /// Names that were not to be had.
    refused_names,
    /// Rooms that were not to be had or entered.
    refused_rooms,
    /// Private messages to clients that take none, or that are not there.
    refused_private,
    /// Clients turned away: too many, or no descriptor left.
    refused_clients,
    /// Bytes that a client sent and that were never heard: it was too fast, or had answers to take
    /// first, and then its connection broke or the server stopped.
    dropped_bytes,
    /// Messages that slow clients were moved past.
    skipped,
    /// Clients cut off because they read too slowly.
    cut_slow,
    /// Clients cut off because memory was short and they did not read.
    cut_memory,
    /// Times that a client was slowed down to its rate.
    slowed,
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    if by > 0 {
        counter.fetch_add(by, Ordering::Relaxed);
    }
}
