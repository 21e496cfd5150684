//! Statistics: the figures of a chat, and the counters behind them.

pub(crate) mod metric;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::stats::metric::{Kind, Metric};

/// Declares [`Stats`] and the counters behind it from one list. The comment of a figure is also its
/// help in [`Stats::to_prometheus`].
macro_rules! stats {
    (
        states { $($(#[doc = $state_doc:literal])* $state:ident,)* }
        sums { $($(#[doc = $sum_doc:literal])* $sum:ident,)* }
        counters { $($(#[doc = $doc:literal])* $name:ident,)* }
    ) => {
        /// Counters of the whole chat since its start.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $($(#[doc = $doc])* pub(crate) $name: AtomicU64,)*
        }

        /// The figures of a chat: its present state, and counters since its start. Everything that
        /// is refused or dropped is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct Stats {
            $($(#[doc = $state_doc])* pub $state: u64,)*
            $($(#[doc = $sum_doc])* pub $sum: u64,)*
            $($(#[doc = $doc])* pub $name: u64,)*
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
                self.metrics().map(|metric| (metric.name, metric.value))
            }

            /// Returns every figure with its kind and its meaning, in the order of the fields.
            fn metrics(&self) -> impl Iterator<Item = Metric> {
                let metric = |kind, name, help, value| Metric { kind, name, help, value };
                [
                    $(metric(Kind::Gauge, stringify!($state), concat!($($state_doc),*), self.$state),)*
                    $(metric(Kind::Counter, stringify!($sum), concat!($($sum_doc),*), self.$sum),)*
                    $(metric(Kind::Counter, stringify!($name), concat!($($doc),*), self.$name),)*
                ]
                .into_iter()
            }
        }
    };
}

stats! {
    states {
        /// Clients that are connected.
        clients,
        /// Clients that are connected and have not said the password yet. They do not count as
        /// `clients`.
        guests,
        /// Rooms with members, and the lobby.
        rooms,
        /// Bytes of all messages in memory. A message counts once, however many clients wait for
        /// it.
        held_bytes,
        /// The part of `held_bytes` that is in histories.
        history_bytes,
        /// Bytes by which the slowest client is behind its room, without the kernel's buffers.
        slowest_bytes,
        /// Bytes of messages that wait to be written to the log on disk.
        disk_queued_bytes,
        /// 1 while the engine of the backplane is away, 0 otherwise.
        backplane_away,
        /// Microseconds that the last line of a client here took to come back from the engine.
        backplane_lag_us,
        /// Bytes of operations that the engine has not applied.
        backplane_backlog_bytes,
    }
    sums {
        /// Messages that were written to the log on disk.
        disk_written,
        /// The part of `disk_written` that survives a power loss.
        disk_synced,
        /// Messages that could not be written to the log on disk.
        disk_lost,
        /// Lines that were refused because the engine was away.
        backplane_refused,
        /// Entries that were removed from the engine before this node read them.
        backplane_missed,
    }
    counters {
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
}

impl Stats {
    /// Media type of [`to_prometheus`](Self::to_prometheus), for the field Content-Type.
    pub const PROMETHEUS_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Returns all figures in Prometheus' text format, version 0.0.4: for each its meaning, its
    /// kind and its value. The names begin with `chat_`, and those of counters end with `_total`.
    ///
    /// ```
    /// use chat::{Chat, Config};
    ///
    /// let text = Chat::new(Config::default()).operator().stats().to_prometheus();
    /// assert!(text.contains("# TYPE chat_messages_total counter\nchat_messages_total 0\n"));
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for metric in self.metrics() {
            metric.write(&mut text);
        }
        text
    }
}

/// Adds `by` to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    if by > 0 {
        counter.fetch_add(by, Ordering::Relaxed);
    }
}
