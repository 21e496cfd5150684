//! The one that writes: what it is given to write, and when it syncs. Time is an argument.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::journal::queue::Entry;
use crate::journal::storage::{DayFile, Storage};
use crate::journal::throttle::Throttle;
use crate::journal::{Counts, Day, SyncPolicy};

/// Files that are open at once.
pub(crate) const MAX_OPEN: usize = 64;

/// Files that wait for a sync, and rooms whose writing has stopped. A sync comes early rather than
/// that more wait; a room that is one too many is tried with each of its messages.
pub(crate) const MAX_NOTED: usize = 4096;

/// How long a room is not written after that has failed.
pub(crate) const RETRY: Duration = Duration::from_secs(5);

/// How often an error says that rooms cannot be written, or synced.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Writer<D: Storage> {
    disk: D,
    flush: SyncPolicy,
    counts: Arc<Counts>,
    /// How often a file was used.
    uses: u64,
    open: HashMap<Arc<str>, OpenDay<D::File>>,
    unsynced: HashMap<(Arc<str>, Day), Unsynced>,
    /// When the first of the unsynced has waited for long enough.
    due: Option<Instant>,
    stopped: HashMap<Arc<str>, Stopped>,
    unwritten: Throttle,
    failed: Throttle,
}

/// The file that a room is written to.
#[derive(Debug)]
struct OpenDay<F> {
    day: Day,
    file: F,
    /// Its name is not noted to be synced yet.
    new: bool,
    /// The number of its last use.
    used: u64,
}

#[derive(Debug, Default)]
struct Unsynced {
    messages: u64,
    /// The file's name is to be synced as well.
    new: bool,
}

/// A room that could not be written.
#[derive(Debug)]
struct Stopped {
    retry: Instant,
    lost: u64,
}

impl<D: Storage> Writer<D> {
    pub(crate) fn new(disk: D, flush: SyncPolicy, counts: Arc<Counts>) -> Writer<D> {
        Writer {
            disk,
            flush,
            counts,
            uses: 0,
            open: HashMap::new(),
            unsynced: HashMap::new(),
            due: None,
            stopped: HashMap::new(),
            unwritten: Throttle::new(PAUSE),
            failed: Throttle::new(PAUSE),
        }
    }

    /// When the next turn is due, though nothing has come.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes what has come, each file at once, and syncs if it is time.
    pub(crate) fn turn(&mut self, now: Instant, entries: Vec<Entry>) {
        let mut days: BTreeMap<(Arc<str>, Day), (Vec<u8>, u64)> = BTreeMap::new();
        for mut entry in entries {
            let (lines, count) = days.entry((entry.room, Day::of(entry.second))).or_default();
            match lines.is_empty() {
                true => *lines = entry.lines,
                false => lines.append(&mut entry.lines),
            }
            *count += entry.count;
        }
        for ((room, day), (lines, count)) in days {
            self.append(now, room, day, &lines, count);
        }
        if self.due.is_some_and(|due| due <= now) {
            self.sync(now);
        }
    }

    /// Syncs what is not synced yet.
    pub(crate) fn sync(&mut self, now: Instant) {
        self.due = None;
        for ((room, day), Unsynced { messages, new }) in mem::take(&mut self.unsynced) {
            let synced = match self.open.get_mut(&room) {
                Some(open) if open.day == day => open.file.sync(),
                _ => self.disk.sync(&room, day),
            };
            let synced = synced.and_then(|()| match new {
                true => self.disk.sync_names(&room),
                false => Ok(()),
            });
            match synced {
                Ok(()) => drop(self.counts.synced.fetch_add(messages, Relaxed)),
                Err(error) => {
                    // The system tells of what it could not write just once, and a second fsync(2)
                    // would say that all is well. The file may end anywhere now; so it is looked at
                    // anew before more is written.
                    self.open.remove(&room);
                    if self.failed.is_due(now) {
                        log::error!(
                            "the log of room {room} can't be synced: {error}: up to {messages} of \
                             its messages may not survive a loss of power"
                        );
                    }
                }
            }
        }
    }

    fn append(&mut self, now: Instant, room: Arc<str>, day: Day, lines: &[u8], count: u64) {
        if let Some(stopped) = self.stopped.get_mut(&room).filter(|it| now < it.retry) {
            stopped.lost += count;
            self.counts.lost.fetch_add(count, Relaxed);
            return;
        }
        let (rest, failed) = match self.take_open(&room, day) {
            Err(error) => (lines, Some(error)),
            Ok(mut open) => {
                let (rest, failed) = write(&mut open.file, lines);
                let written = count.saturating_sub(messages(rest));
                if written > 0 {
                    self.note(now, &room, day, written, mem::take(&mut open.new));
                }
                // One that could not be written is closed, and looked at when it is opened again.
                if failed.is_none() {
                    self.open.insert(room.clone(), open);
                }
                (rest, failed)
            }
        };
        let lost = messages(rest);
        self.counts.written.fetch_add(count.saturating_sub(lost), Relaxed);
        self.counts.lost.fetch_add(lost, Relaxed);
        match failed {
            Some(error) => self.stop(now, room, lost, &error),
            None => {
                if let Some(Stopped { lost, .. }) = self.stopped.remove(&room) {
                    log::warn!("the log of room {room} is written again; {lost} messages are lost");
                }
            }
        }
    }

    /// The open file of a room and day, out of the open ones.
    fn take_open(&mut self, room: &Arc<str>, day: Day) -> io::Result<OpenDay<D::File>> {
        let mut open = match self.open.remove(room) {
            Some(open) if open.day == day && open.file.is_in_place() => open,
            _ => {
                if self.open.len() >= MAX_OPEN {
                    let oldest = self.open.iter().min_by_key(|(_, open)| open.used);
                    if let Some(room) = oldest.map(|(room, _)| room.clone()) {
                        self.open.remove(&room);
                    }
                }
                let file = self.disk.open(room, day)?;
                OpenDay { day, new: file.is_new(), file, used: 0 }
            }
        };
        self.uses += 1;
        open.used = self.uses;
        Ok(open)
    }

    /// A room cannot be written.
    fn stop(&mut self, now: Instant, room: Arc<str>, lost: u64, error: &io::Error) {
        if self.unwritten.is_due(now) {
            log::error!(
                "the log of room {room} can't be written: {error}: its messages are lost; tried \
                 again every {} s",
                RETRY.as_secs()
            );
        }
        if self.stopped.len() >= MAX_NOTED {
            self.stopped.retain(|_, it| now < it.retry);
        }
        if self.stopped.len() < MAX_NOTED || self.stopped.contains_key(&room) {
            let stopped = self.stopped.entry(room).or_insert(Stopped { retry: now, lost: 0 });
            stopped.retry = now + RETRY;
            stopped.lost += lost;
        }
    }

    /// Remembers that there is something to sync.
    fn note(&mut self, now: Instant, room: &Arc<str>, day: Day, messages: u64, new: bool) {
        let SyncPolicy::Every(duration) = self.flush else { return };
        let unsynced = self.unsynced.entry((room.clone(), day)).or_default();
        unsynced.messages += messages;
        unsynced.new |= new;
        let due = match self.unsynced.len() < MAX_NOTED {
            true => now.checked_add(duration),
            false => Some(now),
        };
        self.due = [self.due, due].into_iter().flatten().min();
    }
}

/// Appends `lines`, or whole ones of them. What is missing then, and why.
fn write<'a>(file: &mut impl DayFile, lines: &'a [u8]) -> (&'a [u8], Option<io::Error>) {
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
    let whole = written.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    if whole < written.len() {
        // If that fails too, it is cut off when the file is opened again.
        let _ = file.take_back((written.len() - whole) as u64);
    }
    (&lines[whole..], Some(error))
}

/// A message is a line.
fn messages(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&b| b == b'\n').count() as u64
}
