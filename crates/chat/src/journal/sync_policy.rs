use std::fmt;
use std::time::Duration;

/// When what was written to the log is made to survive a loss of power, by fdatasync(2).
///
/// No policy holds a message up on its way to the clients, and none holds up the writing for longer
/// than a sync takes. When the server alone dies, be it by SIGKILL, all that it has written is safe
/// under each of them; lost is what waited to be written, which is what came in the last moment, or
/// since a sync has begun. When the machine dies, lost is this as well:
///
/// - `Every(duration)`: what was written in the last `duration`, and while the disk was at work on
///   what came before;
/// - `Every(Duration::ZERO)`, on the command line `always`: the last write. Each is synced before the
///   next one begins, so the writing is as slow as the disk;
/// - `Never`: whatever the system had not put on the disk of its own accord, for which it states no
///   bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// At most so long after the first write that is not synced yet.
    Every(Duration),
    /// By the system alone.
    Never,
}

/// A second.
impl Default for SyncPolicy {
    fn default() -> SyncPolicy {
        SyncPolicy::Every(Duration::from_secs(1))
    }
}

/// `always`, `never`, or a duration in seconds or milliseconds.
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
