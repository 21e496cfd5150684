//! What the tests of several modules need.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::thread::{self, ThreadId};

use crate::journal::{Day, RecoveryLimits};
use crate::protocol::json::Record;

/// All that there is.
pub(crate) const ALL: RecoveryLimits =
    RecoveryLimits { messages: usize::MAX, bytes: 64 << 20, rooms: usize::MAX };

/// Two seconds of different local days, whatever the time zone is.
pub(crate) const EARLIER: u64 = 1_795_608_000;
pub(crate) const LATER: u64 = EARLIER + 2 * 86_400;

/// A fresh directory, removed with all that is in it.
#[derive(Debug)]
pub(crate) struct TestDir(PathBuf);

impl TestDir {
    pub(crate) fn new() -> TestDir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chat-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        TestDir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of a room for the day of that second.
    pub(crate) fn file(&self, room: &str, second: u64) -> PathBuf {
        self.0.join(room).join(Day::of(second).to_string())
    }

    /// Makes that file.
    pub(crate) fn write(&self, room: &str, second: u64, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(room, second);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// What is in it.
    pub(crate) fn read(&self, room: &str, second: u64) -> String {
        fs::read_to_string(self.file(room, second)).unwrap()
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A message that says `text`.
pub(crate) fn line(room: &str, text: impl std::fmt::Display) -> String {
    format!(
        "{{\"time\":\"2026-11-25T12:00:00+01:00\",\"room\":\"{room}\",\"from\":\"ann\",\
         \"kind\":\"message\",\"text\":\"{text}\"}}\n"
    )
}

/// Messages that say the numbers.
pub(crate) fn lines(room: &str, numbers: impl IntoIterator<Item = u32>) -> String {
    numbers.into_iter().map(|number| line(room, number)).collect()
}

pub(crate) fn texts(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| &*record.text).collect()
}

/// What this thread has logged since it was last asked.
pub(crate) fn logged() -> Vec<String> {
    listen();
    let mut said = SAID.lock().unwrap();
    let this = thread::current().id();
    let (mine, others) = said.drain(..).partition(|(thread, _)| *thread == this);
    *said = others;
    let texts: Vec<(ThreadId, String)> = mine;
    texts.into_iter().map(|(_, text)| text).collect()
}

/// From now on, what is logged can be asked for.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(log::LevelFilter::Info);
    });
}

static SAID: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = format!("{}: {}", record.level(), record.args());
        SAID.lock().unwrap().push((thread::current().id(), text));
    }

    fn flush(&self) {}
}

pub(crate) fn key(room: &str) -> Arc<str> {
    room.into()
}
