//! The writer: appends lines to the files of rooms, and syncs each file when the policy says so.
//! Time is an argument.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use netcore::throttle::Throttle;

use crate::journal::counts::Counts;
use crate::journal::day::Day;
#[cfg(feature = "backplane")]
use crate::journal::place::LastPlace;
use crate::journal::queue::QueuedLines;
use crate::journal::storage::{DayFile, Storage};
use crate::journal::sync_policy::SyncPolicy;

#[cfg(test)]
mod tests;

/// The most open files.
const MAX_OPEN: usize = 64;

/// The most files that wait for a sync, and the most suspended rooms. Beyond it, a sync comes
/// early, and the writer tries a further room with each of its messages.
pub(crate) const MAX_TRACKED: usize = 4096;

/// Time for which a room is suspended after its file could not be written.
pub(crate) const RETRY: Duration = Duration::from_secs(5);

/// Interval at which errors of writing, and of syncing, are logged.
pub(crate) const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// The state of the thread that writes the journal.
#[derive(Debug)]
pub(crate) struct Writer<S: Storage> {
    storage: S,
    policy: SyncPolicy,
    counts: Arc<Counts>,
    /// Number of uses of files so far.
    uses: u64,
    open: HashMap<Arc<str>, OpenFile<S::File>>,
    unsynced: HashMap<(Arc<str>, Day), Unsynced>,
    /// Time at which the first unsynced write must be synced.
    sync_at: Option<Instant>,
    suspended: HashMap<Arc<str>, Suspended>,
    write_errors: Throttle,
    sync_errors: Throttle,
}

/// The open file of a room.
#[derive(Debug)]
struct OpenFile<F> {
    day: Day,
    file: F,
    /// `true` while the file's name is new and not marked as unsynced.
    has_new_name: bool,
    /// Number of its last use.
    used: u64,
}

/// Unsynced writes to a file.
#[derive(Debug, Default)]
struct Unsynced {
    messages: u64,
    /// `true` if the file's name must be synced too.
    has_new_name: bool,
}

/// A room whose file could not be written.
#[derive(Debug)]
struct Suspended {
    retry_at: Instant,
    /// Messages lost since then.
    lost: u64,
}

impl<S: Storage> Writer<S> {
    pub(crate) fn new(storage: S, policy: SyncPolicy, counts: Arc<Counts>) -> Writer<S> {
        Writer {
            storage,
            policy,
            counts,
            uses: 0,
            open: HashMap::new(),
            unsynced: HashMap::new(),
            sync_at: None,
            suspended: HashMap::new(),
            write_errors: Throttle::new(LOG_INTERVAL),
            sync_errors: Throttle::new(LOG_INTERVAL),
        }
    }

    /// Returns the time at which [`write`](Self::write) must be called even without lines, because
    /// a sync is due.
    pub(crate) fn next_sync(&self) -> Option<Instant> {
        self.sync_at
    }

    /// Writes lines, with one write for each file, and syncs if that is due.
    pub(crate) fn write(&mut self, now: Instant, queued: Vec<QueuedLines>) {
        let mut days: BTreeMap<(Arc<str>, Day), (Vec<u8>, u64)> = BTreeMap::new();
        for mut part in queued {
            let (lines, count) = days.entry((part.room, Day::of(part.second))).or_default();
            match lines.is_empty() {
                true => *lines = part.lines,
                false => lines.append(&mut part.lines),
            }
            *count += part.count;
        }
        for ((room, day), (lines, count)) in days {
            self.append_or_lose(now, room, day, &lines, count);
        }
        if self.sync_at.is_some_and(|at| at <= now) {
            self.sync(now);
        }
    }

    /// Syncs all unsynced writes. Returns the rooms whose sync failed: the end of their files is
    /// not known.
    pub(crate) fn sync(&mut self, now: Instant) -> Vec<Arc<str>> {
        self.sync_at = None;
        let mut failed = Vec::new();
        for ((room, day), Unsynced { messages, has_new_name }) in mem::take(&mut self.unsynced) {
            let synced = match self.open.get_mut(&room) {
                Some(open) if open.day == day => open.file.sync(),
                _ => self.storage.sync(&room, day),
            };
            let synced = synced.and_then(|()| match has_new_name {
                true => self.storage.sync_names(&room),
                false => Ok(()),
            });
            match synced {
                Ok(()) => drop(self.counts.synced.fetch_add(messages, Relaxed)),
                Err(error) => {
                    // The kernel reports a failed write-back only once: a second fsync(2) would
                    // succeed. The file may end anywhere now, so it is closed, and repaired when it
                    // is opened for the next write.
                    self.open.remove(&room);
                    if self.sync_errors.allows(now) {
                        log::error!(
                            "log of room {room}: not synced, so that up to {messages} messages may \
                             not survive a power loss: {error}"
                        );
                    }
                    failed.push(room);
                }
            }
        }
        failed
    }

    /// Appends lines to the file of a room and day. Lines that cannot be written are lost.
    fn append_or_lose(&mut self, now: Instant, room: Arc<str>, day: Day, lines: &[u8], count: u64) {
        if let Some(suspended) = self.suspended.get_mut(&room).filter(|it| now < it.retry_at) {
            suspended.lost += count;
            self.counts.lost.fetch_add(count, Relaxed);
            return;
        }
        let (written, error) = self.append(now, &room, day, lines, count);
        let lost = count.saturating_sub(written);
        self.counts.lost.fetch_add(lost, Relaxed);
        match error {
            Some(error) => self.suspend(now, room, lost, &error),
            None => {
                if let Some(Suspended { lost, .. }) = self.suspended.remove(&room) {
                    log::warn!("log of room {room}: written again: {lost} messages were lost");
                }
            }
        }
    }

    /// Appends `count` lines to the file of a room and day. Returns the number of written lines,
    /// and the error that has ended the writing.
    pub(crate) fn append(
        &mut self,
        now: Instant,
        room: &Arc<str>,
        day: Day,
        lines: &[u8],
        count: u64,
    ) -> (u64, Option<io::Error>) {
        let mut open = match self.take_file(room, day) {
            Ok(open) => open,
            Err(error) => return (0, Some(error)),
        };
        let (unwritten, error) = write_lines(&mut open.file, lines);
        let written = count.saturating_sub(count_lines(unwritten));
        if written > 0 {
            let has_new_name = mem::take(&mut open.has_new_name);
            self.mark_unsynced(now, room, day, written, has_new_name);
        }
        // After an error the file is closed, and repaired when it is opened again.
        if error.is_none() {
            self.open.insert(room.clone(), open);
        }
        self.counts.written.fetch_add(written, Relaxed);
        (written, error)
    }

    /// Returns the place behind the last line of a room's log.
    ///
    /// # Errors
    ///
    /// As [`Storage::last_place`].
    #[cfg(feature = "backplane")]
    pub(crate) fn last_place(&mut self, room: &Arc<str>) -> io::Result<LastPlace> {
        self.open.remove(room);
        self.storage.last_place(room, self.policy)
    }

    /// Removes the file of a room and day from the open files, or opens it.
    fn take_file(&mut self, room: &Arc<str>, day: Day) -> io::Result<OpenFile<S::File>> {
        let mut open = match self.open.remove(room) {
            Some(open) if open.day == day && open.file.is_in_place() => open,
            _ => {
                if self.open.len() >= MAX_OPEN {
                    let oldest = self.open.iter().min_by_key(|(_, open)| open.used);
                    if let Some(room) = oldest.map(|(room, _)| room.clone()) {
                        self.open.remove(&room);
                    }
                }
                let file = self.storage.open(room, day)?;
                OpenFile { day, has_new_name: file.is_new(), file, used: 0 }
            }
        };
        self.uses += 1;
        open.used = self.uses;
        Ok(open)
    }

    /// Suspends a room whose file cannot be written.
    fn suspend(&mut self, now: Instant, room: Arc<str>, lost: u64, error: &io::Error) {
        if self.write_errors.allows(now) {
            log::error!(
                "log of room {room}: not written, with another attempt every {} s: {error}",
                RETRY.as_secs()
            );
        }
        if self.suspended.len() >= MAX_TRACKED {
            self.suspended.retain(|_, it| now < it.retry_at);
        }
        if self.suspended.len() < MAX_TRACKED || self.suspended.contains_key(&room) {
            let new = Suspended { retry_at: now, lost: 0 };
            let suspended = self.suspended.entry(room).or_insert(new);
            suspended.retry_at = now + RETRY;
            suspended.lost += lost;
        }
    }

    /// Records an unsynced write, and the time at which it must be synced.
    fn mark_unsynced(
        &mut self,
        now: Instant,
        room: &Arc<str>,
        day: Day,
        messages: u64,
        has_new_name: bool,
    ) {
        let SyncPolicy::Every(duration) = self.policy else { return };
        let unsynced = self.unsynced.entry((room.clone(), day)).or_default();
        unsynced.messages += messages;
        unsynced.has_new_name |= has_new_name;
        let at = match self.unsynced.len() < MAX_TRACKED {
            true => now.checked_add(duration),
            false => Some(now),
        };
        self.sync_at = [self.sync_at, at].into_iter().flatten().min();
    }
}

/// Appends `lines`, or as many complete lines of them as possible. Returns the unwritten lines and
/// the error.
fn write_lines<'a>(file: &mut impl DayFile, lines: &'a [u8]) -> (&'a [u8], Option<io::Error>) {
    let mut rest = lines;
    let error = loop {
        if rest.is_empty() {
            return (rest, None);
        }
        match file.write(rest) {
            Ok(0) => break io::ErrorKind::WriteZero.into(),
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break error,
        }
    };
    let written = &lines[..lines.len() - rest.len()];
    let complete = written.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    if complete < written.len() {
        // If this fails too, the torn line is cut off when the file is opened again.
        let _ = file.cut((written.len() - complete) as u64);
    }
    (&lines[complete..], Some(error))
}

/// Returns the number of lines, which is that of the messages.
fn count_lines(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&b| b == b'\n').count() as u64
}
