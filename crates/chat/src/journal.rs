//! The journal: the logs of all rooms on disk.
//!
//! ```text
//!   workers ─► RoomJournal ─► Queue ─► Writer ─► DIR/ROOM/2026-11-25.jsonl   appended, synced
//!                            bounded  a thread          │
//!                                                       └─► recover  at the next start, backwards
//! ```
//!
//! A file contains the messages of one room and one local date in the `json` format, one per line.
//! Recovery reads complete lines only and cuts off a line that a crash has torn.
//!
//! A worker never waits for the disk. A message that the disk cannot take is lost in the journal,
//! but is delivered to the clients; it is counted, and an error is logged.
//!
//! With a backplane there is no queue. A thread reads the streams of all rooms from the places that
//! the files name, and writes what it reads:
//!
//! ```text
//!   engine ─► Source ─► Recorder ─► Writer ─► DIR/ROOM/2026-11-25.jsonl
//!                          ▲                          │
//!                          └────────── Place ─────────┘  at the start, and after an error
//! ```

#[cfg(feature = "backplane")]
pub(crate) mod chunks;
pub(crate) mod counts;
pub(crate) mod day;
pub(crate) mod directory;
#[cfg(test)]
mod fixture;
#[cfg(feature = "backplane")]
pub(crate) mod followed;
pub(crate) mod lock;
#[cfg(feature = "backplane")]
pub(crate) mod place;
pub(crate) mod queue;
#[cfg(feature = "backplane")]
pub(crate) mod recorder;
pub(crate) mod recover;
pub(crate) mod repair;
pub(crate) mod reverse_lines;
pub(crate) mod storage;
#[cfg(feature = "backplane")]
pub(crate) mod stream_log;
pub(crate) mod sync_policy;
pub(crate) mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use netcore::error::FileError;

use crate::config::Config;
use crate::journal::counts::{Counts, JournalStats};
use crate::journal::lock::Lock;
use crate::journal::queue::Queue;
use crate::journal::recover::{Recovered, RecoveryLimits, recover};
use crate::journal::storage::LogDirectory;
use crate::journal::sync_policy::SyncPolicy;
use crate::journal::writer::{MAX_TRACKED, Writer};
use crate::room::store::{AppendMessages, MessageStore};
use crate::stats::Stats;

#[cfg(test)]
mod tests;

/// The most bytes that wait to be written, over all rooms.
const MAX_QUEUED: usize = 4 << 20;

/// The most bytes of memory that the journal needs. Buffers grow by doubling, and the writer joins
/// the queued lines of each file.
const MEMORY: usize = 4 * MAX_QUEUED + 2 * MAX_TRACKED * 512;

/// Time that [`Journal::close`] waits for unwritten messages.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A directory of logs and the thread that writes it. Clones are handles of the same journal, which
/// closes when the last one is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Journal(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    queue: Arc<Queue>,
    counts: Arc<Counts>,
}

impl Journal {
    /// Locks `directory`, recovers the last messages of its rooms, and starts the writer. Creates
    /// the directory if it is missing, but not its parent.
    ///
    /// # Errors
    ///
    /// The directory cannot be created, read or locked (`ResourceBusy`: another server holds the
    /// lock), or the thread cannot be started.
    pub(crate) fn open(
        directory: PathBuf,
        policy: SyncPolicy,
        limits: RecoveryLimits,
    ) -> Result<(Journal, Vec<Recovered>), FileError> {
        storage::create_root(&directory).map_err(FileError::new("create", &directory))?;
        let lock = Lock::take(&directory).map_err(FileError::new("lock", &directory))?;
        let recovered =
            recover(&directory, policy, limits).map_err(FileError::new("read", &directory))?;
        let counts = Arc::new(Counts::default());
        let queue = Arc::new(Queue::new(MAX_QUEUED, counts.clone()));
        let journal = Journal(Arc::new(Handle { queue: queue.clone(), counts: counts.clone() }));
        let writer = Writer::new(LogDirectory::new(directory.clone(), lock), policy, counts);
        thread::Builder::new()
            .name("chat journal".to_owned())
            .spawn(move || run(writer, &EndOnDrop(queue)))
            .map_err(FileError::new("write", &directory))?;
        Ok((journal, recovered))
    }

    /// Returns the journal of one room. `key` names its directory: at most 128 bytes of letters,
    /// digits and `_-.'`, the first a letter or a digit.
    fn room(&self, key: &str) -> RoomJournal {
        RoomJournal { room: key.into(), queue: self.0.queue.clone() }
    }

    fn stats(&self) -> JournalStats {
        self.0.counts.stats(self.0.queue.bytes())
    }
}

impl MessageStore for Journal {
    fn room(&self, key: &str) -> Option<AppendMessages> {
        let room = Journal::room(self, key);
        Some(Box::new(move |time, lines, count| room.append(time, lines, count)))
    }

    fn read(&self, stats: &mut Stats) {
        let JournalStats { queued, written, synced, lost } = self.stats();
        stats.disk_queued_bytes = queued as u64;
        (stats.disk_written, stats.disk_synced, stats.disk_lost) = (written, synced, lost);
    }

    fn close(&self) {
        self.0.close();
    }

    fn memory(&self, _: &Config) -> usize {
        MEMORY
    }
}

impl Handle {
    /// Writes and syncs all appended messages, waiting at most 10 s. Later messages are lost.
    fn close(&self) {
        self.queue.close();
        if !self.queue.wait_for_end(CLOSE_TIMEOUT) {
            log::error!(
                "log on disk: {} bytes not written at the end: the disk is too slow",
                self.queue.bytes()
            );
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

/// The journal of one room.
#[derive(Debug, Clone)]
struct RoomJournal {
    room: Arc<str>,
    queue: Arc<Queue>,
}

impl RoomJournal {
    /// Appends `count` messages of one time, each a line of the `json` format with its ending.
    /// Never waits for the disk.
    fn append(&self, time: SystemTime, lines: &[u8], count: usize) {
        let second = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.queue.push(&self.room, second, lines, count as u64);
    }
}

/// Marks the queue as ended when the writer's thread ends, also after a panic. The writer is
/// dropped first, and its lock with it: a caller that waited for the end may open the directory
/// again.
#[derive(Debug)]
struct EndOnDrop(Arc<Queue>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn run(mut writer: Writer<LogDirectory>, EndOnDrop(queue): &EndOnDrop) {
    while let Some(lines) = queue.take(writer.next_sync()) {
        writer.write(Instant::now(), lines);
    }
    writer.sync(Instant::now());
}
