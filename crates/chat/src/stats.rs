//! Statistics: the figures of a chat, and the counters behind them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Declares [`Stats`] and the counters behind it from one list.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of the whole chat since its start.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
        }

        /// The figures of a chat: its present state, and counters since its start. Everything that
        /// is refused or dropped is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct Stats {
            /// Clients that are connected.
            pub clients: u64,
            /// Clients that are connected and have not said the [password](crate::Password) yet.
            /// They do not count as `clients`.
            pub guests: u64,
            /// Rooms with members, and the lobby.
            pub rooms: u64,
            /// Bytes of all messages in memory. A message counts once, however many clients wait
            /// for it.
            pub held_bytes: u64,
            /// The part of `held_bytes` that is in histories.
            pub history_bytes: u64,
            /// Bytes by which the slowest client is behind its room, without the kernel's buffers.
            pub slowest_bytes: u64,
            /// Bytes of messages that wait to be written to the log on disk.
            pub disk_queued_bytes: u64,
            /// Messages that were written to the log on disk.
            pub disk_written: u64,
            /// The part of `disk_written` that survives a power loss.
            pub disk_synced: u64,
            /// Messages that could not be written to the log on disk.
            pub disk_lost: u64,
            /// 1 while the engine of the backplane is away, 0 otherwise.
            pub backplane_away: u64,
            /// Microseconds that the last line of a client here took to come back from the engine.
            pub backplane_lag_us: u64,
            /// Bytes of operations that the engine has not applied.
            pub backplane_backlog_bytes: u64,
            /// Lines that were refused because the engine was away.
            pub backplane_refused: u64,
            /// Entries that were removed from the engine before this node read them.
            pub backplane_missed: u64,
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            /// Copies the counters to `stats`.
            pub(crate) fn read(&self, stats: &mut Stats) {
                $(stats.$name = self.$name.load(Ordering::Relaxed);)*
            }
        }

        impl Stats {
            /// Returns every figure with its name, in the order of the fields.
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [
                    ("clients", self.clients),
                    ("guests", self.guests),
                    ("rooms", self.rooms),
                    ("held_bytes", self.held_bytes),
                    ("history_bytes", self.history_bytes),
                    ("slowest_bytes", self.slowest_bytes),
                    ("disk_queued_bytes", self.disk_queued_bytes),
                    ("disk_written", self.disk_written),
                    ("disk_synced", self.disk_synced),
                    ("disk_lost", self.disk_lost),
                    ("backplane_away", self.backplane_away),
                    ("backplane_lag_us", self.backplane_lag_us),
                    ("backplane_backlog_bytes", self.backplane_backlog_bytes),
                    ("backplane_refused", self.backplane_refused),
                    ("backplane_missed", self.backplane_missed),
                    $((stringify!($name), self.$name),)*
                ]
                .into_iter()
            }
        }
    };
}

counters! {
    /// Clients that have connected.
    entered,
    /// Messages that clients sent to rooms.
    messages,
    /// Messages delivered to clients: one message to a room of ten counts ten times.
    deliveries,
    /// Private messages.
    private,
    /// Lines refused because they were not UTF-8.
    refused_encoding,
    /// Lines refused because they were too long.
    refused_length,
    /// Names that were refused.
    refused_names,
    /// Rooms that were refused: they could not be created or entered.
    refused_rooms,
    /// Private messages that were refused: their receiver does not exist, or does not read.
    refused_private,
    /// Clients that were rejected: the chat was full, or no descriptor was left.
    refused_clients,
    /// Wrong passwords.
    refused_passwords,
    /// Bytes of deferred input that were never processed: the client exceeded its rate or had
    /// unread replies, and then its connection broke or the server stopped.
    dropped_bytes,
    /// Messages that slow clients skipped.
    skipped,
    /// Clients disconnected because they read too slowly.
    cut_slow,
    /// Clients disconnected because memory was short and they did not read.
    cut_memory,
    /// Floods in which a client exceeded its rate and was slowed down.
    slowed,
}

/// Adds `by` to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    if by > 0 {
        counter.fetch_add(by, Ordering::Relaxed);
    }
}
