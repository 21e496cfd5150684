use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::{LOG_INTERVAL, MAX_OPEN, MAX_TRACKED, RETRY, Writer};
use crate::journal::counts::Counts;
use crate::journal::day::Day;
use crate::journal::fixture::{
    ALL, EARLIER, LATER, TestDir, capture_log, key, line, lines, logged, texts,
};
use crate::journal::lock::Lock;
#[cfg(feature = "backplane")]
use crate::journal::place::LastPlace;
use crate::journal::queue::QueuedLines;
use crate::journal::recover::recover;
use crate::journal::storage::{DayFile, LogDirectory, LogFile, Storage};
use crate::journal::sync_policy::SyncPolicy;

const SECOND: Duration = Duration::from_secs(1);

/// A storage in a directory that fails as its script says, and records each call. It syncs nothing.
struct Scripted {
    real: LogDirectory,
    script: Rc<RefCell<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    /// Outcomes of the next writes. Later writes succeed.
    writes: VecDeque<Next>,
    /// Error of each later open, until the script changes.
    opening: Option<ErrorKind>,
    /// Error of each later cut.
    cutting: Option<ErrorKind>,
    /// Error of each later sync.
    syncing: Option<ErrorKind>,
    /// Calls since the last look at them.
    calls: Vec<String>,
    /// Number of open files.
    open: usize,
    most_open: usize,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Short(usize),
    Fail(ErrorKind),
}

#[derive(Debug)]
struct ScriptedFile {
    real: LogFile,
    name: String,
    script: Rc<RefCell<Script>>,
}

fn outcome(error: Option<ErrorKind>) -> io::Result<()> {
    error.map_or(Ok(()), |kind| Err(kind.into()))
}

fn name(room: &str, day: Day) -> String {
    let day = if day == Day::of(LATER) { "later" } else { "earlier" };
    format!("{room} {day}")
}

impl Storage for Scripted {
    type File = ScriptedFile;

    fn open(&mut self, room: &str, day: Day) -> io::Result<ScriptedFile> {
        let name = name(room, day);
        let mut script = self.script.borrow_mut();
        script.calls.push(format!("open {name}"));
        outcome(script.opening)?;
        let real = self.real.open(room, day)?;
        script.open += 1;
        script.most_open = script.most_open.max(script.open);
        Ok(ScriptedFile { real, name, script: self.script.clone() })
    }

    fn sync(&mut self, room: &str, day: Day) -> io::Result<()> {
        let mut script = self.script.borrow_mut();
        script.calls.push(format!("sync closed {}", name(room, day)));
        outcome(script.syncing)
    }

    fn sync_names(&mut self, room: &str) -> io::Result<()> {
        self.script.borrow_mut().calls.push(format!("sync names {room}"));
        Ok(())
    }

    #[cfg(feature = "backplane")]
    fn last_place(&mut self, room: &str, policy: SyncPolicy) -> io::Result<LastPlace> {
        self.real.last_place(room, policy)
    }
}

impl DayFile for ScriptedFile {
    fn is_new(&self) -> bool {
        self.real.is_new()
    }

    fn is_in_place(&self) -> bool {
        self.real.is_in_place()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut script = self.script.borrow_mut();
        script.calls.push(format!("write {}", self.name));
        match script.writes.pop_front() {
            Some(Next::Fail(kind)) => Err(kind.into()),
            Some(Next::Short(length)) => self.real.write(&bytes[..length]),
            None => self.real.write(bytes),
        }
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        let mut script = self.script.borrow_mut();
        script.calls.push(format!("cut {}", self.name));
        outcome(script.cutting)?;
        self.real.cut(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut script = self.script.borrow_mut();
        script.calls.push(format!("sync {}", self.name));
        outcome(script.syncing)
    }
}

impl Drop for ScriptedFile {
    fn drop(&mut self) {
        self.script.borrow_mut().open -= 1;
    }
}

/// A writer with its storage, and the time.
struct Bench {
    directory: TestDir,
    script: Rc<RefCell<Script>>,
    counts: Arc<Counts>,
    writer: Writer<Scripted>,
    now: Instant,
}

impl Bench {
    fn new(policy: SyncPolicy) -> Bench {
        capture_log();
        let directory = TestDir::new();
        let script = Rc::new(RefCell::new(Script::default()));
        let counts = Arc::new(Counts::default());
        let lock = Lock::take(directory.path()).unwrap();
        let real = LogDirectory::new(directory.path().to_owned(), lock);
        let storage = Scripted { real, script: script.clone() };
        let writer = Writer::new(storage, policy, counts.clone());
        Bench { directory, script, counts, writer, now: Instant::now() }
    }

    /// Writes queued lines: their room, second, and the numbers of the messages.
    fn write(&mut self, queued: &[(&str, u64, std::ops::Range<u32>)]) {
        let entry = |(room, second, numbers): &(&str, u64, std::ops::Range<u32>)| QueuedLines {
            room: key(room),
            second: *second,
            lines: lines(room, numbers.clone()).into_bytes(),
            count: numbers.len() as u64,
        };
        self.writer.write(self.now, queued.iter().map(entry).collect());
    }

    fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.borrow_mut());
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.script.borrow_mut().calls)
    }

    /// Returns the numbers of written, synced and lost messages.
    fn counts(&self) -> [u64; 3] {
        [&self.counts.written, &self.counts.synced, &self.counts.lost].map(|it| it.load(Relaxed))
    }

    /// Returns the numbers of the messages that a new server recovers in a room.
    fn recovered(&self, room: &str) -> Vec<u32> {
        let rooms = recover(self.directory.path(), SyncPolicy::Never, ALL).unwrap();
        let room = rooms.iter().find(|found| found.key == room);
        let texts = room.map(|room| texts(&room.records)).unwrap_or_default();
        texts.into_iter().map(|text| text.parse().unwrap()).collect()
    }
}

#[test]
fn the_lines_for_a_file_are_written_at_once() {
    let mut bench = Bench::new(SyncPolicy::Never);
    bench.write(&[("dev", LATER, 0..2), ("lobby", LATER, 0..1), ("dev", LATER + 1, 2..3)]);
    assert_eq!(
        bench.calls(),
        ["open dev later", "write dev later", "open lobby later", "write lobby later"]
    );
    bench.write(&[("dev", LATER + 2, 3..4)]);
    assert_eq!(bench.calls(), ["write dev later"]);
    assert_eq!(bench.directory.read("dev", LATER), lines("dev", 0..4));
    assert_eq!(bench.directory.read("lobby", LATER), lines("lobby", 0..1));
    // The policy never syncs.
    assert_eq!((bench.counts(), bench.writer.next_sync()), ([5, 0, 0], None));
    bench.writer.sync(bench.now);
    assert_eq!(bench.calls(), [""; 0]);
}

#[test]
fn all_writes_are_synced_at_the_interval() {
    let mut bench = Bench::new(SyncPolicy::Every(5 * SECOND));
    let first = bench.now;
    bench.write(&[("dev", EARLIER, 0..1)]);
    bench.now += 3 * SECOND;
    // The day changes, which closes the file.
    bench.write(&[("dev", LATER, 1..3)]);
    bench.calls();
    assert_eq!((bench.writer.next_sync(), bench.counts()), (Some(first + 5 * SECOND), [3, 0, 0]));
    bench.now = first + 5 * SECOND - Duration::from_nanos(1);
    bench.write(&[]);
    assert_eq!(bench.calls(), [""; 0]);
    bench.now = first + 5 * SECOND;
    bench.write(&[("dev", LATER, 3..4)]);
    let mut calls = bench.calls();
    assert_eq!(calls.remove(0), "write dev later");
    // The order is unspecified.
    assert_eq!(calls.iter().filter(|it| *it == "sync names dev").count(), 2);
    let calls: BTreeSet<&str> = calls.iter().map(|it| &**it).collect();
    let expected = ["sync closed dev earlier", "sync dev later", "sync names dev"];
    assert_eq!(calls, BTreeSet::from(expected));
    assert_eq!((bench.writer.next_sync(), bench.counts()), (None, [4, 4, 0]));
    // A name is new only once.
    bench.write(&[("dev", LATER, 4..5)]);
    assert_eq!(bench.writer.next_sync(), Some(bench.now + 5 * SECOND));
    bench.writer.sync(bench.now);
    assert_eq!(bench.calls(), ["write dev later", "sync dev later"]);
    assert_eq!((bench.writer.next_sync(), bench.counts()), (None, [5, 5, 0]));
}

#[test]
fn a_zero_interval_syncs_each_write_and_an_endless_one_none() {
    let mut bench = Bench::new(SyncPolicy::Every(Duration::ZERO));
    bench.write(&[("dev", LATER, 0..1)]);
    assert_eq!(
        bench.calls(),
        ["open dev later", "write dev later", "sync dev later", "sync names dev"]
    );
    assert_eq!((bench.writer.next_sync(), bench.counts()), (None, [1, 1, 0]));
    let mut bench = Bench::new(SyncPolicy::Every(Duration::MAX));
    bench.write(&[("dev", LATER, 0..1)]);
    assert_eq!(bench.writer.next_sync(), None);
    bench.writer.sync(bench.now);
    assert_eq!(bench.counts(), [1, 1, 0]);
}

#[test]
fn a_clock_that_is_set_back_appends_to_the_file_of_that_day() {
    let mut bench = Bench::new(SyncPolicy::Never);
    bench.write(&[("dev", EARLIER, 0..2)]);
    bench.write(&[("dev", LATER, 10..11), ("dev", EARLIER, 2..3), ("dev", LATER, 11..12)]);
    // Within a day, the order is that of the queue.
    bench.write(&[("dev", EARLIER + 9, 3..4), ("dev", EARLIER - 9, 4..5)]);
    assert_eq!(bench.recovered("dev"), [0, 1, 2, 3, 4, 10, 11]);
    assert_eq!(bench.directory.read("dev", EARLIER), lines("dev", 0..5));
}

#[test]
fn a_full_disk_suspends_a_room_until_a_retry_succeeds() {
    for full in [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::Other,
    ] {
        // The disk is full at each byte of three messages.
        let three = lines("dev", 10..13);
        for fits in 0..three.len() {
            let mut bench = Bench::new(SyncPolicy::Every(SECOND));
            bench.write(&[("dev", LATER, 0..10)]);
            let short = (fits > 0).then_some(Next::Short(fits));
            bench.script(|it| it.writes = short.into_iter().chain([Next::Fail(full)]).collect());
            bench.write(&[("dev", LATER, 10..13)]);
            let whole = three[..fits].matches('\n').count() as u32;
            let there = lines("dev", 0..10 + whole);
            assert_eq!(bench.directory.read("dev", LATER), there, "{fits}");
            assert_eq!(bench.counts(), [u64::from(10 + whole), 0, u64::from(3 - whole)], "{fits}");
            let logged_first = logged();
            assert_eq!(logged_first.len(), 1, "{logged_first:?}");
            assert!(logged_first[0].starts_with(
                "ERROR: log of room dev: not written, with another attempt every 5 s: "
            ));
            // The written messages are synced when that is due.
            bench.calls();
            bench.now += SECOND;
            bench.write(&[]);
            assert!(bench.calls().contains(&"sync closed dev later".to_owned()));
            assert_eq!(bench.counts()[1], u64::from(10 + whole));
            // The room is suspended.
            bench.now += RETRY - SECOND - Duration::from_nanos(1);
            bench.write(&[("dev", LATER, 20..24)]);
            assert_eq!(bench.calls(), [""; 0]);
            bench.now += Duration::from_nanos(1);
            bench.write(&[("dev", LATER, 30..31)]);
            assert_eq!(bench.directory.read("dev", LATER), there + &lines("dev", 30..31), "{fits}");
            let lost = 7 - whole;
            assert_eq!(bench.counts()[2], u64::from(lost), "{fits}");
            let text = format!("WARN: log of room dev: written again: {lost} messages were lost");
            assert_eq!(logged(), [text]);
        }
    }
}

#[test]
fn a_torn_line_that_cannot_be_cut_is_repaired_before_the_next_write() {
    let mut bench = Bench::new(SyncPolicy::Never);
    let one = line("dev", 0).len();
    bench.script(|it| {
        it.writes = [Next::Short(one + 7), Next::Fail(ErrorKind::StorageFull)].into();
        it.cutting = Some(ErrorKind::Other);
    });
    bench.write(&[("dev", LATER, 0..2)]);
    assert_eq!(bench.directory.read("dev", LATER).len(), one + 7);
    assert_eq!(bench.counts(), [1, 0, 1]);
    bench.now += RETRY;
    bench.write(&[("dev", LATER, 2..3)]);
    assert_eq!(bench.recovered("dev"), [0, 2]);
}

#[test]
fn short_and_interrupted_writes_continue() {
    let mut bench = Bench::new(SyncPolicy::Never);
    let interrupted = Next::Fail(ErrorKind::Interrupted);
    bench.script(|it| it.writes = [Next::Short(3), interrupted, Next::Short(200)].into());
    bench.write(&[("dev", LATER, 0..9)]);
    assert_eq!((bench.recovered("dev").len(), bench.counts()), (9, [9, 0, 0]));
}

#[test]
fn errors_of_all_rooms_are_logged_at_intervals() {
    let mut bench = Bench::new(SyncPolicy::Never);
    bench.script(|it| it.opening = Some(ErrorKind::StorageFull));
    bench.write(&[("a", LATER, 0..1), ("b", LATER, 0..2), ("c", LATER, 0..3)]);
    assert_eq!((logged().len(), bench.counts()), (1, [0, 0, 6]));
    bench.now += RETRY;
    bench.write(&[("a", LATER, 1..2)]);
    assert_eq!(logged(), [""; 0]);
    bench.now += LOG_INTERVAL - RETRY;
    bench.write(&[("a", LATER, 2..3)]);
    assert_eq!(logged().len(), 1);
    bench.script(|it| it.opening = None);
    bench.now += RETRY;
    bench.write(&[("a", LATER, 3..4), ("c", LATER, 3..4)]);
    assert_eq!(
        logged(),
        [
            "WARN: log of room a: written again: 3 messages were lost",
            "WARN: log of room c: written again: 3 messages were lost"
        ]
    );
    assert_eq!(bench.counts(), [2, 0, 8]);
}

#[test]
fn messages_whose_sync_failed_never_count_as_synced() {
    let mut bench = Bench::new(SyncPolicy::Every(SECOND));
    bench.write(&[("dev", LATER, 0..3)]);
    bench.script(|it| it.syncing = Some(ErrorKind::Other));
    bench.now += SECOND;
    bench.write(&[]);
    assert_eq!(bench.counts(), [3, 0, 0]);
    let logged = logged();
    assert_eq!(logged.len(), 1);
    let begin = "ERROR: log of room dev: not synced, so that up to 3 messages may not survive a power loss: ";
    assert!(logged[0].starts_with(begin), "{logged:?}");
    // The file is opened again. The success of the next sync says nothing about the failed one.
    bench.script(|it| it.syncing = None);
    bench.calls();
    bench.write(&[("dev", LATER, 3..5)]);
    bench.writer.sync(bench.now);
    assert_eq!(bench.calls(), ["open dev later", "write dev later", "sync dev later"]);
    assert_eq!(bench.counts(), [5, 2, 0]);
    assert_eq!(bench.recovered("dev"), [0, 1, 2, 3, 4]);
}

#[test]
fn a_file_that_was_removed_is_created_again() {
    let mut bench = Bench::new(SyncPolicy::Never);
    let file = bench.directory.file("dev", LATER);
    bench.write(&[("dev", LATER, 0..1)]);
    fs::remove_file(&file).unwrap();
    bench.write(&[("dev", LATER, 1..2)]);
    assert_eq!(bench.recovered("dev"), [1]);
    fs::rename(&file, bench.directory.path().join("dev/rotated")).unwrap();
    bench.write(&[("dev", LATER, 2..3)]);
    assert_eq!(bench.recovered("dev"), [2]);
    fs::remove_dir_all(bench.directory.path().join("dev")).unwrap();
    bench.write(&[("dev", LATER, 3..4)]);
    assert_eq!(bench.recovered("dev"), [3]);
    // A file that somebody truncated gets no hole.
    fs::write(&file, "").unwrap();
    bench.script(|it| it.writes = [Next::Short(9), Next::Fail(ErrorKind::StorageFull)].into());
    bench.write(&[("dev", LATER, 4..5)]);
    assert_eq!(fs::read(&file).unwrap(), b"");
    assert_eq!(logged().len(), 1);
}

#[test]
fn a_log_directory_that_was_removed_is_created_and_locked_again() {
    let mut bench = Bench::new(SyncPolicy::Never);
    let path = bench.directory.path().to_owned();
    bench.write(&[("dev", LATER, 0..1)]);
    fs::remove_dir_all(&path).unwrap();
    bench.write(&[("dev", LATER, 1..2), ("ops", LATER, 0..1)]);
    assert_eq!((bench.recovered("dev"), bench.recovered("ops")), (vec![1], vec![0]));
    assert_eq!(Lock::take(&path).unwrap_err().kind(), ErrorKind::ResourceBusy);
    assert_eq!(bench.counts(), [3, 0, 0]);
    assert_eq!(logged().len(), 1);
    // Another server that has created and locked the directory first keeps it.
    fs::remove_dir_all(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let other = Lock::take(&path).unwrap();
    bench.write(&[("dev", LATER, 2..3)]);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    assert_eq!(bench.counts(), [3, 0, 1]);
    assert!(logged()[0].contains("another server has it"));
    drop(other);
    bench.now += RETRY;
    bench.write(&[("dev", LATER, 3..4)]);
    assert_eq!(bench.recovered("dev"), [3]);
}

#[test]
fn files_that_are_not_logs_are_not_written() {
    let mut bench = Bench::new(SyncPolicy::Never);
    let file = bench.directory.write("dev", LATER, "hello");
    bench.write(&[("dev", LATER, 0..1), ("../out", LATER, 0..1), (".lock", LATER, 0..1)]);
    assert_eq!((fs::read(&file).unwrap(), bench.counts()), (b"hello".to_vec(), [0, 0, 3]));
    assert_eq!(fs::read_dir(bench.directory.path()).unwrap().count(), 1);
}

#[test]
fn the_number_of_open_files_is_bounded() {
    let mut bench = Bench::new(SyncPolicy::Every(SECOND));
    let rooms: Vec<String> = (0..3 * MAX_OPEN).map(|number| format!("room{number:04}")).collect();
    for number in 0..3 {
        let entries: Vec<_> =
            rooms.iter().map(|room| (&**room, LATER, number..number + 1)).collect();
        bench.write(&entries);
    }
    assert_eq!((bench.script.borrow().open, bench.script.borrow().most_open), (MAX_OPEN, MAX_OPEN));
    // The file that was written last stays open.
    bench.calls();
    bench.write(&[(&rooms[3 * MAX_OPEN - 1], LATER, 3..4), (&rooms[0], LATER, 3..4)]);
    bench.write(&[(&rooms[3 * MAX_OPEN - 1], LATER, 4..5)]);
    let last = &rooms[3 * MAX_OPEN - 1];
    let calls = bench.calls();
    assert!(!calls.contains(&format!("open {last} later")), "{calls:?}");
    bench.now += SECOND;
    bench.write(&[]);
    let syncs = bench.calls().into_iter().filter(|it| it.starts_with("sync r")).count();
    let closed = 3 * MAX_OPEN - syncs;
    assert_eq!((syncs, closed), (MAX_OPEN, 2 * MAX_OPEN));
    assert_eq!(bench.counts(), [9 * MAX_OPEN as u64 + 3, 9 * MAX_OPEN as u64 + 3, 0]);
    for room in [&rooms[0], &rooms[MAX_OPEN], last] {
        assert_eq!(bench.recovered(room)[..3], [0, 1, 2]);
    }
}

#[test]
fn the_number_of_tracked_files_and_rooms_is_bounded() {
    let mut bench = Bench::new(SyncPolicy::Every(Duration::MAX));
    let rooms: Vec<String> = (0..=MAX_TRACKED).map(|number| number.to_string()).collect();
    let entries: Vec<_> = rooms.iter().map(|room| (&**room, LATER, 0..1)).collect();
    bench.write(&entries[..MAX_TRACKED - 1]);
    assert_eq!(bench.counts()[1], 0);
    bench.write(&entries[MAX_TRACKED - 1..]);
    assert_eq!(bench.counts()[1], MAX_TRACKED as u64 + 1);
    bench.script(|it| it.opening = Some(ErrorKind::StorageFull));
    let entries: Vec<_> = rooms.iter().map(|room| (&**room, EARLIER, 0..1)).collect();
    bench.write(&entries);
    assert_eq!(bench.writer.suspended.len(), MAX_TRACKED);
    // Rooms that may be retried are dropped from the list.
    bench.now += RETRY;
    bench.write(&[("new", EARLIER, 0..1)]);
    assert_eq!(bench.writer.suspended.len(), 1);
}
