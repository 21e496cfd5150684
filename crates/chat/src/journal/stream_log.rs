//! The log on disk of a node: the thread that writes the lines of the engine.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime};

use netcore::error::FileError;

use crate::backplane::source::Source;
use crate::config::Config;
use crate::journal::CLOSE_TIMEOUT;
use crate::journal::counts::{Counts, JournalStats};
use crate::journal::lock::Lock;
use crate::journal::recorder::{MAX_READ, Recorder, Step};
use crate::journal::storage::{LogDirectory, create_root};
use crate::journal::sync_policy::SyncPolicy;
use crate::journal::writer::MAX_TRACKED;
use crate::room::store::{AppendMessages, MessageStore};
use crate::stats::Stats;
use crate::sync::lock;

#[cfg(test)]
mod tests;

/// Bytes that a line gains on disk: a time, names, JSON, its place.
const HEAD: usize = 1024;

/// A directory for the log of a node, locked.
#[derive(Debug)]
pub struct StreamLog {
    directory: LogDirectory,
    policy: SyncPolicy,
    source: Box<dyn Source>,
}

/// The log as the hub knows it.
#[derive(Debug)]
pub(crate) struct Recording {
    counts: Arc<Counts>,
    end: Arc<End>,
}

/// The content of the thread. It is dropped when the thread ends, also after a panic: first the
/// lock on the directory, and then [`EndOnDrop`].
pub(crate) struct Run {
    recorder: Recorder<LogDirectory>,
    source: Box<dyn Source>,
    end: EndOnDrop,
}

/// The end of the thread.
#[derive(Debug, Default)]
struct End {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_closing: bool,
    has_ended: bool,
}

struct EndOnDrop(Arc<End>);

impl StreamLog {
    /// Locks `directory`, and creates it if it is missing, but not its parent. `source` is the
    /// engine of the chat, over a connection of its own.
    ///
    /// # Errors
    ///
    /// The directory cannot be created or locked (`ResourceBusy`: another server holds the lock).
    pub fn open(
        directory: impl Into<PathBuf>,
        policy: SyncPolicy,
        source: Box<dyn Source>,
    ) -> Result<StreamLog, FileError> {
        let directory = directory.into();
        create_root(&directory).map_err(FileError::new("create", &directory))?;
        let lock = Lock::take(&directory).map_err(FileError::new("lock", &directory))?;
        Ok(StreamLog { directory: LogDirectory::new(directory, lock), policy, source })
    }

    /// Splits the log of `node` into the hub's part and the thread's part.
    pub(crate) fn split(self, node: Arc<str>) -> (Recording, Run) {
        let (counts, end) = (Arc::<Counts>::default(), Arc::<End>::default());
        let recorder = Recorder::new(node, self.directory, self.policy, counts.clone());
        let run = Run { recorder, source: self.source, end: EndOnDrop(end.clone()) };
        (Recording { counts, end }, run)
    }
}

impl Run {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub(crate) fn start(self) -> io::Result<()> {
        let name = "chat journal".to_owned();
        thread::Builder::new().name(name).spawn(move || self.run()).map(drop)
    }

    fn run(mut self) {
        let Run { recorder, source, end: EndOnDrop(end) } = &mut self;
        loop {
            if end.is_closing() {
                recorder.close();
            }
            let read = match recorder.next(Instant::now()) {
                Step::Survey => source.survey().map(|survey| {
                    recorder.take_survey(Instant::now(), SystemTime::now(), survey);
                }),
                Step::Read { streams, count, wait } => {
                    source.read(&streams, count, wait).map(|reading| {
                        recorder.take_reading(Instant::now(), SystemTime::now(), reading);
                    })
                }
                Step::Wait(until) => {
                    end.wait_for_closing(until);
                    Ok(())
                }
                Step::End => break,
            };
            if let Err(reason) = read {
                recorder.fail(Instant::now(), &reason);
            }
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("source", &self.source).finish_non_exhaustive()
    }
}

impl MessageStore for Recording {
    fn room(&self, _: &str) -> Option<AppendMessages> {
        None
    }

    fn read(&self, stats: &mut Stats) {
        let JournalStats { queued: _, written, synced, lost } = self.counts.stats(0);
        (stats.disk_written, stats.disk_synced, stats.disk_lost) = (written, synced, lost);
    }

    fn close(&self) {
        if !self.end.close() {
            log::error!(
                "log on disk: closed without the last lines, which the next start adds: the disk or \
                 the chat's engine is too slow"
            );
        }
    }

    fn memory(&self, config: &Config) -> usize {
        // A quote becomes two bytes. Entries are copied when they are parsed and when they are
        // rendered.
        let line = config.max_line.saturating_mul(2).saturating_add(HEAD);
        let read = MAX_READ.max(config.max_rooms.saturating_add(1));
        read.saturating_mul(line).saturating_mul(3).saturating_add(2 * MAX_TRACKED * 512)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.close();
    }
}

impl End {
    fn is_closing(&self) -> bool {
        lock(&self.state).is_closing
    }

    /// Waits for [`close`](Self::close), at most until `until`.
    fn wait_for_closing(&self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        let state = lock(&self.state);
        // Woken or not, the caller looks at the state.
        drop(self.changed.wait_timeout_while(state, left, |state| !state.is_closing));
    }

    /// Ends the thread, and waits for that. Returns `false` if it takes too long.
    fn close(&self) -> bool {
        let mut state = lock(&self.state);
        state.is_closing = true;
        self.changed.notify_all();
        let ended = self.changed.wait_timeout_while(state, CLOSE_TIMEOUT, |it| !it.has_ended);
        ended.unwrap_or_else(PoisonError::into_inner).0.has_ended
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        (state.is_closing, state.has_ended) = (true, true);
        drop(state);
        self.0.changed.notify_all();
    }
}
