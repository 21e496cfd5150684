//! Where messages are kept beyond memory: what a chat needs of a log on disk.

use std::fmt;
use std::time::SystemTime;

use crate::stats::Stats;

/// A place for the messages of all rooms. With the feature `journal`, a directory is one.
pub(crate) trait Archive: fmt::Debug + Send + Sync {
    /// Where those of one room go; `key` is its folded name.
    fn shelf(&self, key: &str) -> Shelf;

    /// Fills in what has become of them.
    fn read(&self, stats: &mut Stats);

    /// All that has been put there is safe when this comes back, as far as that can be had in a
    /// bounded time.
    fn close(&self);

    /// The bytes of memory that it needs at most.
    fn memory(&self) -> usize;
}

/// Takes messages of a time, each a line of the `json` format, and how many they are. It must not
/// wait: the room's log is locked meanwhile.
pub(crate) type Shelf = Box<dyn Fn(SystemTime, &[u8], usize) + Send + Sync>;
