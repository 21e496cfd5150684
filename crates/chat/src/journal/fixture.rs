//! Fixtures for the tests of the journal: directories, records, and the captured log.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};
use std::thread::{self, ThreadId};

use netcore::testing;

use crate::journal::day::Day;
use crate::journal::recover::RecoveryLimits;
use crate::protocol::json::Record;

/// Limits without effect.
pub(crate) const ALL: RecoveryLimits =
    RecoveryLimits { messages: usize::MAX, bytes: 64 << 20, rooms: usize::MAX };

/// Two seconds on different local days in any time zone.
pub(crate) const EARLIER: u64 = 1_795_608_000;
pub(crate) const LATER: u64 = EARLIER + 2 * 86_400;

/// The directory of a journal. Dropping it removes it with its content.
#[derive(Debug)]
pub(crate) struct TestDir(testing::TestDir);

impl TestDir {
    pub(crate) fn new() -> TestDir {
        TestDir(testing::TestDir::new())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.root()
    }

    /// Returns the path of a room's file for the day of `second`.
    pub(crate) fn file(&self, room: &str, second: u64) -> PathBuf {
        self.0.path(room).join(Day::of(second).to_string())
    }

    /// Creates the room's file for the day of `second`. Returns its path.
    pub(crate) fn write(&self, room: &str, second: u64, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(room, second);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Returns the content of the room's file for the day of `second`.
    pub(crate) fn read(&self, room: &str, second: u64) -> String {
        fs::read_to_string(self.file(room, second)).unwrap()
    }
}

/// Returns the line of a message with this text.
pub(crate) fn line(room: &str, text: impl std::fmt::Display) -> String {
    format!(
        "{{\"time\":\"2026-11-25T12:00:00+01:00\",\"room\":\"{room}\",\"from\":\"ann\",\
         \"kind\":\"message\",\"text\":\"{text}\"}}\n"
    )
}

/// Returns the lines of messages whose texts are the numbers.
pub(crate) fn lines(room: &str, numbers: impl IntoIterator<Item = u32>) -> String {
    numbers.into_iter().map(|number| line(room, number)).collect()
}

/// Returns the texts of records.
pub(crate) fn texts(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| &*record.text).collect()
}

/// Returns the lines that this thread has logged since the last call.
pub(crate) fn logged() -> Vec<String> {
    capture_log();
    let mut all = LOGGED.lock().unwrap();
    let this = thread::current().id();
    let (mine, others) = all.drain(..).partition(|(thread, _)| *thread == this);
    *all = others;
    let texts: Vec<(ThreadId, String)> = mine;
    texts.into_iter().map(|(_, text)| text).collect()
}

/// Begins to capture the log for [`logged`].
pub(crate) fn capture_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Capture).unwrap();
        log::set_max_level(log::LevelFilter::Info);
    });
}

static LOGGED: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = format!("{}: {}", record.level(), record.args());
        LOGGED.lock().unwrap().push((thread::current().id(), text));
    }

    fn flush(&self) {}
}

/// Returns a room's key as the queue has it.
pub(crate) fn key(room: &str) -> Arc<str> {
    room.into()
}
