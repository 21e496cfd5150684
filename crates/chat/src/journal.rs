//! The rooms' logs on disk.
//!
//! ```text
//!   workers ─► RoomJournal ─► queue ─► Writer ─► DIR/ROOM/2026-11-25.jsonl     appended, synced by policy
//!                       bounded  a thread               │
//!                                                       └─► recover      at the next start, backwards
//! ```
//!
//! A file has the messages of a room and a local date, in the `json` format, a line each. Only what
//! is whole is ever read from it again: what a crash has torn is cut off.
//!
//! Whoever says something never waits for the disk. What the disk cannot take is lost to the log on
//! disk, and nowhere else; it is counted, and an error says so.

pub(crate) mod day;
#[cfg(test)]
mod fixture;
pub(crate) mod lock;
pub(crate) mod queue;
pub(crate) mod recover;
pub(crate) mod repair;
pub(crate) mod restore;
pub(crate) mod reverse_lines;
pub(crate) mod storage;
pub(crate) mod sync_policy;
#[cfg(test)]
mod tests;
pub(crate) mod throttle;
pub(crate) mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

pub use crate::journal::sync_policy::SyncPolicy;

use crate::journal::day::Day;
use crate::journal::lock::Lock;
use crate::journal::queue::Queue;
use crate::journal::storage::Directory;
use crate::journal::writer::Writer;
use crate::protocol::json::Record;
use crate::room::store::{AppendMessages, MessageStore};
use crate::stats::Stats;

/// The bytes that wait to be written at most, over all rooms.
pub(crate) const QUEUE: usize = 4 << 20;

/// All that the log on disk costs in memory at most: buffers grow by doubling, and what is taken from
/// the queue is put together for each file.
pub(crate) const MEMORY: usize = 4 * QUEUE + 2 * writer::MAX_NOTED * 512;

/// How long the end of a log waits for what is not written yet.
const CLOSING: Duration = Duration::from_secs(10);

/// The longest key of a room, in bytes.
const MAX_KEY: usize = 128;

/// Why there can be no log in a directory.
#[derive(Debug, Error)]
#[error("can't {operation} {}", path.display())]
pub struct JournalError {
    operation: &'static str,
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl JournalError {
    fn new(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
        move |cause| JournalError { operation, path: path.to_owned(), cause }
    }

    /// Of what.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the system said, or that another server has it
    /// ([`ResourceBusy`](io::ErrorKind::ResourceBusy)).
    #[must_use]
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

/// What is recovered at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecoveryLimits {
    /// Of each room.
    pub(crate) messages: usize,
    /// Of each room, as they are in its files.
    pub(crate) bytes: usize,
    pub(crate) rooms: usize,
}

/// A room that was found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) key: String,
    /// As the last message has it. Only who knows how keys are made can say that it is of this key.
    pub(crate) name: String,
    /// Its last messages and notices, the oldest one first; at least one. Their texts are
    /// [clean](crate::clean).
    pub(crate) records: Vec<Record>,
}

/// What has become of the messages, and how many bytes are not written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JournalStats {
    /// Bytes.
    pub(crate) queued: usize,
    pub(crate) written: u64,
    /// Those of the written that survive a loss of power. One whose sync has failed is never
    /// among them.
    pub(crate) synced: u64,
    pub(crate) lost: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    written: AtomicU64,
    synced: AtomicU64,
    lost: AtomicU64,
}

/// A directory of logs that is being written. Clones are the same; the last one to go
/// [closes](Journal::close) it.
#[derive(Debug, Clone)]
pub(crate) struct Journal(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    queue: Arc<Queue>,
    counts: Arc<Counts>,
}

impl Journal {
    /// Takes a directory, made if it is missing (but not what it is in), and what was said in it.
    ///
    /// # Errors
    ///
    /// It can't be made, read or locked; `ResourceBusy`: another server has it. A thread can't be
    /// started.
    pub(crate) fn open(
        directory: PathBuf,
        flush: SyncPolicy,
        keep: RecoveryLimits,
    ) -> Result<(Journal, Vec<Recovered>), JournalError> {
        storage::make_root(&directory).map_err(JournalError::new("make", &directory))?;
        let lock = Lock::take(&directory).map_err(JournalError::new("lock", &directory))?;
        let recovered = recover::recover(&directory, flush, keep)
            .map_err(JournalError::new("read", &directory))?;
        let counts = Arc::new(Counts::default());
        let queue = Arc::new(Queue::new(QUEUE, counts.clone()));
        let journal = Journal(Arc::new(Handle { queue: queue.clone(), counts: counts.clone() }));
        let writer = Writer::new(Directory::new(directory.clone(), lock), flush, counts);
        thread::Builder::new()
            .name("chat journal".to_owned())
            .spawn(move || run(writer, &Writing(queue)))
            .map_err(JournalError::new("write", &directory))?;
        Ok((journal, recovered))
    }

    /// Where a room's messages go. `key` is a name for it that is a file's as well: at most 128
    /// bytes of letters, digits and `_-.'`, of which the first is a letter or a digit.
    pub(crate) fn room(&self, key: &str) -> RoomJournal {
        RoomJournal { room: key.into(), queue: self.0.queue.clone() }
    }

    pub(crate) fn stats(&self) -> JournalStats {
        let Counts { written, synced, lost } = &*self.0.counts;
        JournalStats {
            queued: self.0.queue.bytes(),
            written: written.load(Relaxed),
            synced: synced.load(Relaxed),
            lost: lost.load(Relaxed),
        }
    }
}

impl MessageStore for Journal {
    fn room(&self, key: &str) -> AppendMessages {
        let journal = Journal::room(self, key);
        Box::new(move |time, lines, count| journal.append(time, lines, count))
    }

    fn read(&self, stats: &mut Stats) {
        let JournalStats { queued, written, synced, lost } = self.stats();
        stats.disk_queued_bytes = queued as u64;
        (stats.disk_written, stats.disk_synced, stats.disk_lost) = (written, synced, lost);
    }

    fn close(&self) {
        self.0.close();
    }

    fn memory(&self) -> usize {
        MEMORY
    }
}

impl Handle {
    /// Writes and syncs all that was appended, and ends; what is appended from now on is lost.
    /// Waits for that, but not for longer than 10 s.
    fn close(&self) {
        self.queue.close();
        if !self.queue.wait(CLOSING) {
            log::error!(
                "the disk is too slow for the chat's log: {} bytes are not written at its end",
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

/// The log of one room.
#[derive(Debug, Clone)]
pub(crate) struct RoomJournal {
    room: Arc<str>,
    queue: Arc<Queue>,
}

impl RoomJournal {
    /// Adds `count` messages of that time, each a line of the `json` format, its ending included.
    /// Never waits for the disk.
    pub(crate) fn append(&self, time: SystemTime, lines: &[u8], count: usize) {
        let second = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.queue.push(&self.room, second, lines, count as u64);
    }
}

/// Tells the queue that its thread has ended, also if that panicked. The writer, and the lock with
/// it, is dropped before: a caller that waited for the end may open the directory again.
#[derive(Debug)]
struct Writing(Arc<Queue>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn run(mut writer: Writer<Directory>, Writing(queue): &Writing) {
    while let Some(entries) = queue.take(writer.due()) {
        writer.turn(Instant::now(), entries);
    }
    writer.sync(Instant::now());
}

/// Whether a directory of this name can be a room's.
fn is_key(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'');
    name.len() <= MAX_KEY && name.starts_with(char::is_alphanumeric) && name.chars().all(allowed)
}
