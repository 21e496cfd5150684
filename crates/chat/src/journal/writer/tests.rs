use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::{MAX_NOTED, MAX_OPEN, PAUSE, RETRY, Writer};
use crate::journal::fixture::{
    ALL, EARLIER, LATER, TestDir, key, line, lines, listen, logged, texts,
};
use crate::journal::lock::Lock;
use crate::journal::queue::Entry;
use crate::journal::recover::recover;
use crate::journal::storage::{DayFile, Directory, Open, Storage};
use crate::journal::{Counts, Day, SyncPolicy};

const SECOND: Duration = Duration::from_secs(1);

/// A disk in a directory that fails as it is told to, and tells what was asked of it. It syncs
/// nothing.
struct Scripted {
    real: Directory,
    script: Rc<RefCell<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    /// What the next writes do. Behind the last of them, the rest of the test's disk is well.
    writes: VecDeque<Next>,
    /// Each of these fails, until it is set to something else.
    opening: Option<ErrorKind>,
    taking_back: Option<ErrorKind>,
    syncing: Option<ErrorKind>,
    /// All that was asked for since it was last looked at.
    asked: Vec<String>,
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
    real: Open,
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
        script.asked.push(format!("open {name}"));
        outcome(script.opening)?;
        let real = self.real.open(room, day)?;
        script.open += 1;
        script.most_open = script.most_open.max(script.open);
        Ok(ScriptedFile { real, name, script: self.script.clone() })
    }

    fn sync(&mut self, room: &str, day: Day) -> io::Result<()> {
        let mut script = self.script.borrow_mut();
        script.asked.push(format!("sync closed {}", name(room, day)));
        outcome(script.syncing)
    }

    fn sync_names(&mut self, room: &str) -> io::Result<()> {
        self.script.borrow_mut().asked.push(format!("sync names {room}"));
        Ok(())
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
        script.asked.push(format!("write {}", self.name));
        match script.writes.pop_front() {
            Some(Next::Fail(kind)) => Err(kind.into()),
            Some(Next::Short(length)) => self.real.write(&bytes[..length]),
            None => self.real.write(bytes),
        }
    }

    fn take_back(&mut self, bytes: u64) -> io::Result<()> {
        let mut script = self.script.borrow_mut();
        script.asked.push(format!("take back {}", self.name));
        outcome(script.taking_back)?;
        self.real.take_back(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut script = self.script.borrow_mut();
        script.asked.push(format!("sync {}", self.name));
        outcome(script.syncing)
    }
}

impl Drop for ScriptedFile {
    fn drop(&mut self) {
        self.script.borrow_mut().open -= 1;
    }
}

/// A writer, its disk, and the time.
struct Rig {
    directory: TestDir,
    script: Rc<RefCell<Script>>,
    counts: Arc<Counts>,
    writer: Writer<Scripted>,
    now: Instant,
}

impl Rig {
    fn new(flush: SyncPolicy) -> Rig {
        listen();
        let directory = TestDir::new();
        let script = Rc::new(RefCell::new(Script::default()));
        let counts = Arc::new(Counts::default());
        let lock = Lock::take(directory.path()).unwrap();
        let real = Directory::new(directory.path().to_owned(), lock);
        let disk = Scripted { real, script: script.clone() };
        let writer = Writer::new(disk, flush, counts.clone());
        Rig { directory, script, counts, writer, now: Instant::now() }
    }

    /// A turn with these entries: the room, the second, and the messages' numbers.
    fn turn(&mut self, entries: &[(&str, u64, std::ops::Range<u32>)]) {
        let entry = |(room, second, numbers): &(&str, u64, std::ops::Range<u32>)| Entry {
            room: key(room),
            second: *second,
            lines: lines(room, numbers.clone()).into_bytes(),
            count: numbers.len() as u64,
        };
        self.writer.turn(self.now, entries.iter().map(entry).collect());
    }

    fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.borrow_mut());
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.script.borrow_mut().asked)
    }

    /// Written, synced, lost.
    fn counts(&self) -> [u64; 3] {
        [&self.counts.written, &self.counts.synced, &self.counts.lost].map(|it| it.load(Relaxed))
    }

    /// The numbers that a new start finds in a room.
    fn found(&self, room: &str) -> Vec<u32> {
        let rooms = recover(self.directory.path(), SyncPolicy::Never, ALL).unwrap();
        let found = rooms.iter().find(|found| found.key == room);
        let texts = found.map(|found| texts(&found.records)).unwrap_or_default();
        texts.into_iter().map(|text| text.parse().unwrap()).collect()
    }
}

#[test]
fn a_file_gets_all_that_has_come_for_it_in_one_write() {
    let mut rig = Rig::new(SyncPolicy::Never);
    rig.turn(&[("dev", LATER, 0..2), ("lobby", LATER, 0..1), ("dev", LATER + 1, 2..3)]);
    assert_eq!(
        rig.asked(),
        ["open dev later", "write dev later", "open lobby later", "write lobby later"]
    );
    rig.turn(&[("dev", LATER + 2, 3..4)]);
    assert_eq!(rig.asked(), ["write dev later"]);
    assert_eq!(rig.directory.read("dev", LATER), lines("dev", 0..4));
    assert_eq!(rig.directory.read("lobby", LATER), lines("lobby", 0..1));
    // Nothing is ever synced.
    assert_eq!((rig.counts(), rig.writer.due()), ([5, 0, 0], None));
    rig.writer.sync(rig.now);
    assert_eq!(rig.asked(), [""; 0]);
}

#[test]
fn every_so_often_all_that_was_written_is_synced() {
    let mut rig = Rig::new(SyncPolicy::Every(5 * SECOND));
    let first = rig.now;
    rig.turn(&[("dev", EARLIER, 0..1)]);
    rig.now += 3 * SECOND;
    // The day changes, which closes a file.
    rig.turn(&[("dev", LATER, 1..3)]);
    rig.asked();
    assert_eq!((rig.writer.due(), rig.counts()), (Some(first + 5 * SECOND), [3, 0, 0]));
    rig.now = first + 5 * SECOND - Duration::from_nanos(1);
    rig.turn(&[]);
    assert_eq!(rig.asked(), [""; 0]);
    rig.now = first + 5 * SECOND;
    rig.turn(&[("dev", LATER, 3..4)]);
    let mut asked = rig.asked();
    assert_eq!(asked.remove(0), "write dev later");
    // In whatever order.
    assert_eq!(asked.iter().filter(|it| *it == "sync names dev").count(), 2);
    let asked: BTreeSet<&str> = asked.iter().map(|it| &**it).collect();
    let expected = ["sync closed dev earlier", "sync dev later", "sync names dev"];
    assert_eq!(asked, BTreeSet::from(expected));
    assert_eq!((rig.writer.due(), rig.counts()), (None, [4, 4, 0]));
    // Names are new just once.
    rig.turn(&[("dev", LATER, 4..5)]);
    assert_eq!(rig.writer.due(), Some(rig.now + 5 * SECOND));
    rig.writer.sync(rig.now);
    assert_eq!(rig.asked(), ["write dev later", "sync dev later"]);
    assert_eq!((rig.writer.due(), rig.counts()), (None, [5, 5, 0]));
}

#[test]
fn always_is_within_the_turn_and_a_long_time_never() {
    let mut rig = Rig::new(SyncPolicy::Every(Duration::ZERO));
    rig.turn(&[("dev", LATER, 0..1)]);
    assert_eq!(
        rig.asked(),
        ["open dev later", "write dev later", "sync dev later", "sync names dev"]
    );
    assert_eq!((rig.writer.due(), rig.counts()), (None, [1, 1, 0]));
    let mut rig = Rig::new(SyncPolicy::Every(Duration::MAX));
    rig.turn(&[("dev", LATER, 0..1)]);
    assert_eq!(rig.writer.due(), None);
    rig.writer.sync(rig.now);
    assert_eq!(rig.counts(), [1, 1, 0]);
}

#[test]
fn a_clock_that_is_set_back_goes_on_where_that_day_ended() {
    let mut rig = Rig::new(SyncPolicy::Never);
    rig.turn(&[("dev", EARLIER, 0..2)]);
    rig.turn(&[("dev", LATER, 10..11), ("dev", EARLIER, 2..3), ("dev", LATER, 11..12)]);
    // Within a day, the order is that of the log.
    rig.turn(&[("dev", EARLIER + 9, 3..4), ("dev", EARLIER - 9, 4..5)]);
    assert_eq!(rig.found("dev"), [0, 1, 2, 3, 4, 10, 11]);
    assert_eq!(rig.directory.read("dev", EARLIER), lines("dev", 0..5));
}

#[test]
fn a_full_disk_stops_the_writing_until_it_is_not() {
    for full in [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::Other,
    ] {
        // It is full within each byte of three messages.
        let three = lines("dev", 10..13);
        for fits in 0..three.len() {
            let mut rig = Rig::new(SyncPolicy::Every(SECOND));
            rig.turn(&[("dev", LATER, 0..10)]);
            let short = (fits > 0).then_some(Next::Short(fits));
            rig.script(|it| it.writes = short.into_iter().chain([Next::Fail(full)]).collect());
            rig.turn(&[("dev", LATER, 10..13)]);
            let whole = three[..fits].matches('\n').count() as u32;
            let there = lines("dev", 0..10 + whole);
            assert_eq!(rig.directory.read("dev", LATER), there, "{fits}");
            assert_eq!(rig.counts(), [u64::from(10 + whole), 0, u64::from(3 - whole)], "{fits}");
            let logged_first = logged();
            assert_eq!(logged_first.len(), 1, "{logged_first:?}");
            assert!(logged_first[0].starts_with("ERROR: the log of room dev can't be written: "));
            // What was written is synced when that is due.
            rig.asked();
            rig.now += SECOND;
            rig.turn(&[]);
            assert!(rig.asked().contains(&"sync closed dev later".to_owned()));
            assert_eq!(rig.counts()[1], u64::from(10 + whole));
            // The disk is left in peace for a while.
            rig.now += RETRY - SECOND - Duration::from_nanos(1);
            rig.turn(&[("dev", LATER, 20..24)]);
            assert_eq!(rig.asked(), [""; 0]);
            rig.now += Duration::from_nanos(1);
            rig.turn(&[("dev", LATER, 30..31)]);
            assert_eq!(rig.directory.read("dev", LATER), there + &lines("dev", 30..31), "{fits}");
            let lost = 7 - whole;
            assert_eq!(rig.counts()[2], u64::from(lost), "{fits}");
            let text =
                format!("WARN: the log of room dev is written again; {lost} messages are lost");
            assert_eq!(logged(), [text]);
        }
    }
}

#[test]
fn what_cannot_be_taken_back_is_cut_off_before_more_is_written() {
    let mut rig = Rig::new(SyncPolicy::Never);
    let one = line("dev", 0).len();
    rig.script(|it| {
        it.writes = [Next::Short(one + 7), Next::Fail(ErrorKind::StorageFull)].into();
        it.taking_back = Some(ErrorKind::Other);
    });
    rig.turn(&[("dev", LATER, 0..2)]);
    assert_eq!(rig.directory.read("dev", LATER).len(), one + 7);
    assert_eq!(rig.counts(), [1, 0, 1]);
    rig.now += RETRY;
    rig.turn(&[("dev", LATER, 2..3)]);
    assert_eq!(rig.found("dev"), [0, 2]);
}

#[test]
fn short_and_interrupted_writes_go_on() {
    let mut rig = Rig::new(SyncPolicy::Never);
    let interrupted = Next::Fail(ErrorKind::Interrupted);
    rig.script(|it| it.writes = [Next::Short(3), interrupted, Next::Short(200)].into());
    rig.turn(&[("dev", LATER, 0..9)]);
    assert_eq!((rig.found("dev").len(), rig.counts()), (9, [9, 0, 0]));
}

#[test]
fn errors_are_told_at_intervals_over_all_rooms() {
    let mut rig = Rig::new(SyncPolicy::Never);
    rig.script(|it| it.opening = Some(ErrorKind::StorageFull));
    rig.turn(&[("a", LATER, 0..1), ("b", LATER, 0..2), ("c", LATER, 0..3)]);
    assert_eq!((logged().len(), rig.counts()), (1, [0, 0, 6]));
    rig.now += RETRY;
    rig.turn(&[("a", LATER, 1..2)]);
    assert_eq!(logged(), [""; 0]);
    rig.now += PAUSE - RETRY;
    rig.turn(&[("a", LATER, 2..3)]);
    assert_eq!(logged().len(), 1);
    rig.script(|it| it.opening = None);
    rig.now += RETRY;
    rig.turn(&[("a", LATER, 3..4), ("c", LATER, 3..4)]);
    assert_eq!(
        logged(),
        [
            "WARN: the log of room a is written again; 3 messages are lost",
            "WARN: the log of room c is written again; 3 messages are lost"
        ]
    );
    assert_eq!(rig.counts(), [2, 0, 8]);
}

#[test]
fn what_could_not_be_synced_never_counts_as_that() {
    let mut rig = Rig::new(SyncPolicy::Every(SECOND));
    rig.turn(&[("dev", LATER, 0..3)]);
    rig.script(|it| it.syncing = Some(ErrorKind::Other));
    rig.now += SECOND;
    rig.turn(&[]);
    assert_eq!(rig.counts(), [3, 0, 0]);
    let logged = logged();
    assert_eq!(logged.len(), 1);
    assert!(logged[0].starts_with("ERROR: the log of room dev can't be synced: "), "{logged:?}");
    assert!(logged[0].ends_with(": up to 3 of its messages may not survive a loss of power"));
    // The file is opened again; and that the next sync is well does not mean that this one was.
    rig.script(|it| it.syncing = None);
    rig.asked();
    rig.turn(&[("dev", LATER, 3..5)]);
    rig.writer.sync(rig.now);
    assert_eq!(rig.asked(), ["open dev later", "write dev later", "sync dev later"]);
    assert_eq!(rig.counts(), [5, 2, 0]);
    assert_eq!(rig.found("dev"), [0, 1, 2, 3, 4]);
}

#[test]
fn a_file_that_somebody_takes_away_is_made_anew() {
    let mut rig = Rig::new(SyncPolicy::Never);
    let file = rig.directory.file("dev", LATER);
    rig.turn(&[("dev", LATER, 0..1)]);
    fs::remove_file(&file).unwrap();
    rig.turn(&[("dev", LATER, 1..2)]);
    assert_eq!(rig.found("dev"), [1]);
    fs::rename(&file, rig.directory.path().join("dev/rotated")).unwrap();
    rig.turn(&[("dev", LATER, 2..3)]);
    assert_eq!(rig.found("dev"), [2]);
    fs::remove_dir_all(rig.directory.path().join("dev")).unwrap();
    rig.turn(&[("dev", LATER, 3..4)]);
    assert_eq!(rig.found("dev"), [3]);
    // What somebody cuts off does not come back as a hole.
    fs::write(&file, "").unwrap();
    rig.script(|it| it.writes = [Next::Short(9), Next::Fail(ErrorKind::StorageFull)].into());
    rig.turn(&[("dev", LATER, 4..5)]);
    assert_eq!(fs::read(&file).unwrap(), b"");
    assert_eq!(logged().len(), 1);
}

#[test]
fn a_log_directory_that_somebody_takes_away_is_made_and_locked_again() {
    let mut rig = Rig::new(SyncPolicy::Never);
    let path = rig.directory.path().to_owned();
    rig.turn(&[("dev", LATER, 0..1)]);
    fs::remove_dir_all(&path).unwrap();
    rig.turn(&[("dev", LATER, 1..2), ("ops", LATER, 0..1)]);
    assert_eq!((rig.found("dev"), rig.found("ops")), (vec![1], vec![0]));
    assert_eq!(Lock::take(&path).unwrap_err().kind(), ErrorKind::ResourceBusy);
    assert_eq!(rig.counts(), [3, 0, 0]);
    assert_eq!(logged().len(), 1);
    // A server that was faster with a directory of that name keeps it.
    fs::remove_dir_all(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let other = Lock::take(&path).unwrap();
    rig.turn(&[("dev", LATER, 2..3)]);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    assert_eq!(rig.counts(), [3, 0, 1]);
    assert!(logged()[0].contains("another server has it"));
    drop(other);
    rig.now += RETRY;
    rig.turn(&[("dev", LATER, 3..4)]);
    assert_eq!(rig.found("dev"), [3]);
}

#[test]
fn files_of_others_are_not_written_to() {
    let mut rig = Rig::new(SyncPolicy::Never);
    let file = rig.directory.write("dev", LATER, "hello");
    rig.turn(&[("dev", LATER, 0..1), ("../out", LATER, 0..1), (".lock", LATER, 0..1)]);
    assert_eq!((fs::read(&file).unwrap(), rig.counts()), (b"hello".to_vec(), [0, 0, 3]));
    assert_eq!(fs::read_dir(rig.directory.path()).unwrap().count(), 1);
}

#[test]
fn only_so_many_files_are_open() {
    let mut rig = Rig::new(SyncPolicy::Every(SECOND));
    let rooms: Vec<String> = (0..3 * MAX_OPEN).map(|number| format!("room{number:04}")).collect();
    for number in 0..3 {
        let entries: Vec<_> =
            rooms.iter().map(|room| (&**room, LATER, number..number + 1)).collect();
        rig.turn(&entries);
    }
    assert_eq!((rig.script.borrow().open, rig.script.borrow().most_open), (MAX_OPEN, MAX_OPEN));
    // The one that was written last is not the one that is closed.
    rig.asked();
    rig.turn(&[(&rooms[3 * MAX_OPEN - 1], LATER, 3..4), (&rooms[0], LATER, 3..4)]);
    rig.turn(&[(&rooms[3 * MAX_OPEN - 1], LATER, 4..5)]);
    let last = &rooms[3 * MAX_OPEN - 1];
    let asked = rig.asked();
    assert!(!asked.contains(&format!("open {last} later")), "{asked:?}");
    rig.now += SECOND;
    rig.turn(&[]);
    let syncs = rig.asked().into_iter().filter(|it| it.starts_with("sync r")).count();
    let closed = 3 * MAX_OPEN - syncs;
    assert_eq!((syncs, closed), (MAX_OPEN, 2 * MAX_OPEN));
    assert_eq!(rig.counts(), [9 * MAX_OPEN as u64 + 3, 9 * MAX_OPEN as u64 + 3, 0]);
    for room in [&rooms[0], &rooms[MAX_OPEN], last] {
        assert_eq!(rig.found(room)[..3], [0, 1, 2]);
    }
}

#[test]
fn what_is_remembered_has_a_limit() {
    let mut rig = Rig::new(SyncPolicy::Every(Duration::MAX));
    let rooms: Vec<String> = (0..=MAX_NOTED).map(|number| number.to_string()).collect();
    let entries: Vec<_> = rooms.iter().map(|room| (&**room, LATER, 0..1)).collect();
    rig.turn(&entries[..MAX_NOTED - 1]);
    assert_eq!(rig.counts()[1], 0);
    rig.turn(&entries[MAX_NOTED - 1..]);
    assert_eq!(rig.counts()[1], MAX_NOTED as u64 + 1);
    rig.script(|it| it.opening = Some(ErrorKind::StorageFull));
    let entries: Vec<_> = rooms.iter().map(|room| (&**room, EARLIER, 0..1)).collect();
    rig.turn(&entries);
    assert_eq!(rig.writer.stopped.len(), MAX_NOTED);
    // Those that may be tried again make place.
    rig.now += RETRY;
    rig.turn(&[("new", EARLIER, 0..1)]);
    assert_eq!(rig.writer.stopped.len(), 1);
}
