//! Storage beyond memory: the interface between the rooms and a log on disk.

use std::fmt;
use std::time::SystemTime;

use crate::config::Config;
use crate::stats::Stats;

/// A store for the messages of all rooms. With the feature `journal`, a directory is one.
pub(crate) trait MessageStore: fmt::Debug + Send + Sync {
    /// Returns the function that stores messages of one room. `key` is the room's folded name.
    /// Returns `None` if the store receives the messages by another way.
    fn room(&self, key: &str) -> Option<AppendMessages>;

    /// Fills in the figures of the store.
    fn read(&self, stats: &mut Stats);

    /// Makes durable all that was appended, as far as that is possible in a bounded time.
    fn close(&self);

    /// Returns the bytes of memory that the store of a chat with this configuration needs at most.
    fn memory(&self, config: &Config) -> usize;
}

/// Appends messages of one time: lines of the `json` format, and the number of messages in them. It
/// must not block, because the room's log is locked meanwhile.
pub(crate) type AppendMessages = Box<dyn Fn(SystemTime, &[u8], usize) + Send + Sync>;
