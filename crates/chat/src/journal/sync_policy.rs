//! The sync policy: the longest time between a write and its fdatasync(2).

use std::fmt;
use std::time::Duration;

/// Policy for syncing the log to the disk with fdatasync(2).
///
/// No policy delays a message on its way to the clients, and none delays writing for longer than a
/// sync takes. If only the server dies, even by SIGKILL, everything that it has written is safe
/// under each policy. Only messages that were not written yet are lost: those of the last moment,
/// or those since a sync began. If the machine dies, these are lost too:
///
/// - `Every(duration)`: messages written in the last `duration`, and those written while the disk
///   synced earlier ones;
/// - `Every(Duration::ZERO)`, on the command line `always`: the last write. Each write is synced
///   before the next one begins, so writing is as slow as the disk;
/// - `Never`: everything that the kernel had not written to the disk yet, for which it gives no
///   bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Syncs this long after the first unsynced write.
    Every(Duration),
    /// Leaves syncing to the kernel.
    Never,
}

/// Every second.
impl Default for SyncPolicy {
    fn default() -> SyncPolicy {
        SyncPolicy::Every(Duration::from_secs(1))
    }
}

/// Formats `always`, `never`, or a duration in seconds or milliseconds.
impl fmt::Display for SyncPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SyncPolicy::Never => f.write_str("never"),
            SyncPolicy::Every(Duration::ZERO) => f.write_str("always"),
            SyncPolicy::Every(duration) if duration.subsec_nanos() == 0 => {
                write!(f, "{}s", duration.as_secs())
            }
            SyncPolicy::Every(duration) => write!(f, "{}ms", duration.as_millis().max(1)),
        }
    }
}
