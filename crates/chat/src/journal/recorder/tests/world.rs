use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use netcore::testing::Random;
use serde_json::{Map, Value};

use crate::backplane::engine::{Begin, Reply, Request, Submission};
use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::key;
use crate::backplane::operation::{
    Limits, Line, LineKind, Move, Numbered, Operation, Registration, RoomName,
};
use crate::backplane::source::Reading;
use crate::backplane::tests::model::Model;
use crate::journal::counts::Counts;
use crate::journal::day::Day;
use crate::journal::fixture::{EARLIER, TestDir};
use crate::journal::lock::Lock;
use crate::journal::place::LastPlace;
use crate::journal::recorder::{Recorder, Step};
use crate::journal::storage::{DayFile, LogDirectory, LogFile, Storage};
use crate::journal::sync_policy::SyncPolicy;

const ROOMS: [&str; 5] = ["lobby", "dev", "ops", "qa", "x"];
const LIMITS: Limits = Limits { max_rooms: 4, max_members: 50, room_ttl: 60_000, stream: 1 << 40 };

/// The state of a disk.
#[derive(Debug)]
struct Disk {
    random: Random,
    is_full: bool,
    fails_to_sync: bool,
    /// Bytes of each file that survive a power loss.
    synced: BTreeMap<PathBuf, u64>,
}

/// A log directory on a disk that fills up and loses power.
#[derive(Debug)]
struct Faulty {
    real: LogDirectory,
    root: PathBuf,
    disk: Rc<RefCell<Disk>>,
}

#[derive(Debug)]
struct FaultyFile {
    real: LogFile,
    path: PathBuf,
    disk: Rc<RefCell<Disk>>,
}

impl Faulty {
    fn path(&self, room: &str, day: Day) -> PathBuf {
        self.root.join(room).join(day.to_string())
    }
}

impl Storage for Faulty {
    type File = FaultyFile;

    fn open(&mut self, room: &str, day: Day) -> io::Result<FaultyFile> {
        if self.disk.borrow().is_full {
            return Err(ErrorKind::StorageFull.into());
        }
        let (path, disk) = (self.path(room, day), self.disk.clone());
        Ok(FaultyFile { real: self.real.open(room, day)?, path, disk })
    }

    fn sync(&mut self, room: &str, day: Day) -> io::Result<()> {
        let path = self.path(room, day);
        self.disk.borrow_mut().sync(path)
    }

    fn sync_names(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn last_place(&mut self, room: &str, _: SyncPolicy) -> io::Result<LastPlace> {
        let last = self.real.last_place(room, SyncPolicy::Never)?;
        let files = fs::read_dir(self.root.join(room)).into_iter().flatten();
        for file in files {
            self.disk.borrow_mut().sync(file?.path())?;
        }
        Ok(last)
    }
}

impl DayFile for FaultyFile {
    fn is_new(&self) -> bool {
        self.real.is_new()
    }

    fn is_in_place(&self) -> bool {
        self.real.is_in_place()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.disk.borrow_mut();
        match disk.is_full {
            false => self.real.write(bytes),
            true => match disk.random.below(bytes.len().max(2)) {
                short if short > 0 && disk.random.below(2) == 0 => self.real.write(&bytes[..short]),
                _ => Err(ErrorKind::StorageFull.into()),
            },
        }
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        match self.disk.borrow_mut().random.below(3) {
            0 => Err(ErrorKind::Other.into()),
            _ => self.real.cut(bytes),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.borrow_mut().sync(self.path.clone())
    }
}

impl Disk {
    fn sync(&mut self, path: PathBuf) -> io::Result<()> {
        if self.fails_to_sync {
            return Err(ErrorKind::Other.into());
        }
        let length = fs::metadata(&path)?.len();
        self.synced.insert(path, length);
        Ok(())
    }
}

/// A line that the engine has had.
#[derive(Debug)]
struct Said {
    text: String,
    engine: String,
}

/// A chat in a model of an engine, and the log on disk of one node.
pub(super) struct World {
    model: Model,
    random: Random,
    seed: u64,
    directory: TestDir,
    disk: Rc<RefCell<Disk>>,
    policy: SyncPolicy,
    recorder: Option<Recorder<Faulty>>,
    counts: Arc<Counts>,
    start: Instant,
    /// Time since the start.
    now: Duration,
    sessions: u64,
    number: u64,
    texts: u64,
    engines: u64,
    said: BTreeMap<String, Vec<Said>>,
    /// By stream: the last entry that is in `said`.
    heard: BTreeMap<String, EntryId>,
    is_away: bool,
}

impl World {
    pub(super) fn new(seed: u64, policy: SyncPolicy) -> World {
        let disk = Disk {
            random: Random::new(seed ^ 0x9e37),
            is_full: false,
            fails_to_sync: false,
            synced: BTreeMap::new(),
        };
        let mut world = World {
            model: Model { now: EARLIER * 1000, ..Model::default() },
            random: Random::new(seed),
            seed,
            directory: TestDir::new(),
            disk: Rc::new(RefCell::new(disk)),
            policy,
            recorder: None,
            counts: Arc::default(),
            start: Instant::now(),
            now: Duration::ZERO,
            sessions: 0,
            number: 0,
            texts: 0,
            engines: 1,
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
            is_away: false,
        };
        world.begin();
        world.restart();
        world
    }

    fn instant(&self) -> Instant {
        self.start + self.now
    }

    fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.model.now)
    }

    /// Begins a session of the node that speaks, which registers its client.
    fn begin(&mut self) {
        self.sessions += 1;
        let begin = Begin {
            node: "n".into(),
            epoch: "epoch".into(),
            session: self.sessions,
            instance: format!("engine {}", self.engines).into(),
            limits: LIMITS,
            presence: true,
            time: self.model.now,
        };
        let reply = self.model.process(&Request::Begin(begin));
        let Reply::Begun { applied, known, .. } = reply else { panic!("{reply:?}") };
        self.number = applied;
        if !known {
            let registration = Registration {
                client: 1,
                address: "127.0.0.1:1".into(),
                chosen: None,
                room: room("lobby"),
                since: self.model.now,
            };
            self.apply(Operation::Register(registration));
            self.apply(Operation::Registered);
        }
    }

    fn apply(&mut self, operation: Operation) {
        self.number += 1;
        let reply = self.model.process(&Request::Submit(Submission {
            node: "n".into(),
            epoch: "epoch".into(),
            session: self.sessions,
            after: self.number - 1,
            limits: LIMITS,
            operations: vec![Numbered { number: self.number, operation }],
        }));
        assert!(matches!(reply, Reply::Submitted { .. }), "{reply:?}");
        self.listen();
    }

    /// Notes the new lines of all streams.
    fn listen(&mut self) {
        for (stream, entries) in &self.model.streams {
            let Some(folded) = key::folded_of(stream) else { continue };
            let heard = self.heard.entry(stream.clone()).or_default();
            let new = entries.iter().filter(|entry| entry.id > *heard);
            let lines = new.filter_map(RawEntry::to_room).filter(|line| line.sequence > 0);
            let is_line = |kind| matches!(kind, LineKind::Message | LineKind::Notice);
            let engine = self.model.instance.clone().unwrap_or_default();
            let said = lines
                .filter(|line| is_line(line.kind))
                .map(|line| Said { text: line.text, engine: engine.clone() });
            self.said.entry(folded.to_owned()).or_default().extend(said);
            if let Some(last) = entries.last() {
                *heard = last.id.max(*heard);
            }
        }
    }

    pub(super) fn say(&mut self, folded: &str, lines: u64) {
        self.begin();
        for _ in 0..lines {
            self.texts += 1;
            let text = format!("t{}", self.texts);
            let kind = if self.texts % 5 == 0 { LineKind::Notice } else { LineKind::Message };
            self.line(folded, kind, &text);
        }
        // Joins and leaves have no number.
        self.line(folded, LineKind::Presence, "somebody has left");
    }

    fn line(&mut self, folded: &str, kind: LineKind, text: &str) {
        let from = if kind == LineKind::Message { "ann" } else { "" };
        self.apply(Operation::Say(Line {
            room: folded.into(),
            client: 0,
            kind,
            from: from.into(),
            text: text.into(),
            time: self.model.now,
        }));
    }

    /// Moves the client to a room. The room that it leaves becomes vacant.
    pub(super) fn open(&mut self, name: &str) {
        self.begin();
        let to = Move { client: 1, room: room(name), since: self.model.now };
        self.apply(Operation::Move(to));
    }

    pub(super) fn reap(&mut self) {
        let time = self.model.now;
        self.model.process(&Request::Reap { limits: LIMITS, presence: true, time });
        self.listen();
    }

    pub(super) fn trim(&mut self, folded: &str, entries: usize) {
        let Some(stream) = self.model.streams.get_mut(&key::room(folded)) else { return };
        stream.drain(..entries.min(stream.len()));
    }

    pub(super) fn lose_data(&mut self) {
        self.model.lose_data();
        self.heard.clear();
        self.engines += 1;
    }

    /// Sets the clock of the engine back.
    pub(super) fn set_back(&mut self, time: Duration) {
        self.model.now -= time.as_millis() as u64;
    }

    pub(super) fn fill_disk(&mut self, is_full: bool) {
        self.disk.borrow_mut().is_full = is_full;
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.now += time;
        self.model.now += time.as_millis() as u64;
    }

    /// Ends the server without a chance to do anything.
    pub(super) fn kill(&mut self) {
        self.recorder = None;
    }

    /// Ends the machine. Of each file, `most` percent of the bytes that no sync has covered are
    /// there afterwards, perhaps with zeros in place of the others.
    pub(super) fn lose_power(&mut self, most: u64) {
        self.recorder = None;
        let mut disk = self.disk.borrow_mut();
        let rooms = fs::read_dir(self.directory.path()).unwrap();
        for file in rooms.flat_map(|room| fs::read_dir(room.unwrap().path()).unwrap()) {
            let path = file.unwrap().path();
            let length = fs::metadata(&path).unwrap().len();
            let synced = disk.synced.get(&path).copied().unwrap_or(0).min(length);
            let kept = synced + (length - synced) * most / 100;
            let mut file = File::options().append(true).open(&path).unwrap();
            file.set_len(kept).unwrap();
            if kept < length && disk.random.below(3) == 0 {
                file.write_all(&[0; 64]).unwrap();
            }
        }
    }

    /// Starts the server, if it is not running.
    pub(super) fn restart(&mut self) {
        if self.recorder.is_some() {
            return;
        }
        let root = self.directory.path().to_owned();
        let real = LogDirectory::new(root.clone(), Lock::take(&root).unwrap());
        let storage = Faulty { real, root, disk: self.disk.clone() };
        self.recorder = Some(Recorder::new("n".into(), storage, self.policy, self.counts.clone()));
    }

    /// Lets the server do what it can do now. Returns `true` if it has ended.
    pub(super) fn run(&mut self) -> bool {
        let Some(mut recorder) = self.recorder.take() else { return false };
        let ended = loop {
            let (now, time) = (self.instant(), self.time());
            match recorder.next(now) {
                Step::Survey if self.is_away => recorder.fail(now, "reset"),
                Step::Read { .. } if self.is_away => recorder.fail(now, "reset"),
                Step::Survey => recorder.take_survey(now, time, self.model.survey()),
                Step::Read { mut streams, count, .. } => {
                    // The source may return entries again.
                    let repeats = self.random.below(8) == 0;
                    if repeats {
                        streams.iter_mut().for_each(|it| it.1 = EntryId::default());
                    }
                    let read = Request::Read { streams, count };
                    let Reply::Entries(entries) = self.model.process(&read) else { panic!() };
                    let instance = self.model.instance.clone().unwrap_or_default();
                    let is_empty = entries.is_empty();
                    recorder.take_reading(now, time, Reading { instance, entries });
                    if is_empty && !repeats {
                        break recorder.next(now) == Step::End;
                    }
                }
                // Lines gather for a moment.
                Step::Wait(until) if until <= now + Duration::from_millis(50) => {
                    self.advance(until - now);
                }
                Step::Wait(_) => break false,
                Step::End => break true,
            }
        };
        self.recorder = Some(recorder);
        ended
    }

    /// Lets something happen in the chat.
    pub(super) fn act(&mut self) {
        let folded = *self.random.pick(&ROOMS);
        match self.random.below(8) {
            0 => self.open(folded),
            1 => self.reap(),
            2 => {
                self.begin();
                self.texts += 1;
                let (text, time) = (format!("all {}", self.texts).into(), self.model.now);
                self.apply(Operation::Announce { text, time });
            }
            _ => {
                let lines = 1 + self.random.below(6) as u64;
                let is_open = self.model.rooms.contains_key(folded);
                self.say(if is_open { folded } else { "lobby" }, lines);
            }
        }
    }

    /// Lets something go wrong, or right again.
    pub(super) fn fault(&mut self) {
        let folded = *self.random.pick(&ROOMS);
        match self.random.below(40) {
            0 => self.kill(),
            1 => {
                let most = self.random.below(101) as u64;
                self.lose_power(most);
            }
            2 => {
                let entries = self.random.below(20);
                self.trim(folded, entries);
            }
            3 => self.model.add_strange(&key::room(folded)),
            4 => {
                let is_full = !self.disk.borrow().is_full;
                self.fill_disk(is_full);
            }
            5 => {
                let mut disk = self.disk.borrow_mut();
                disk.fails_to_sync = !disk.fails_to_sync;
            }
            6 => self.is_away = !self.is_away,
            7 if self.random.below(3) == 0 => {
                self.lose_data();
                if self.random.below(2) == 0 {
                    let seconds = self.random.below(100_000) as u64;
                    self.set_back(Duration::from_secs(seconds));
                }
            }
            8 => self.trim(folded, usize::MAX),
            9 => {
                let hours = self.random.below(30) as u64;
                self.advance(Duration::from_secs(3600 * hours));
            }
            _ => {}
        }
    }

    /// Lets time pass, in which the server runs now and then.
    pub(super) fn pass(&mut self) {
        for _ in 0..self.random.below(4) {
            let time = Duration::from_millis(1 + self.random.below(1500) as u64);
            self.advance(time);
            if self.random.below(3) > 0 {
                self.restart();
            }
            self.run();
        }
        self.advance(Duration::from_millis(1));
    }

    /// Ends all trouble, and stops the server once it has no more to do.
    pub(super) fn finish(&mut self) {
        self.is_away = false;
        self.fill_disk(false);
        self.disk.borrow_mut().fails_to_sync = false;
        self.restart();
        for _ in 0..20 {
            self.advance(Duration::from_secs(1));
            self.run();
        }
        self.stop();
    }

    /// Stops the server in order.
    pub(super) fn stop(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.close();
        }
        let mut turns = 0;
        while !self.run() {
            turns += 1;
            assert!(turns < 1000, "seed {}: {:?}", self.seed, self.recorder);
        }
        self.recorder = None;
    }

    fn paths(&self, folded: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(self.directory.path().join(folded)).into_iter().flatten();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths
    }

    pub(super) fn files(&self, folded: &str) -> usize {
        self.paths(folded).len()
    }

    /// Returns the whole log of a room.
    pub(super) fn content(&self, folded: &str) -> String {
        let whole_lines = |path: &PathBuf| {
            let mut bytes = fs::read(path).unwrap();
            // Nobody may have repaired the end of the file yet.
            bytes.truncate(bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1));
            bytes
        };
        let bytes: Vec<u8> = self.paths(folded).iter().flat_map(whole_lines).collect();
        String::from_utf8(bytes).unwrap()
    }

    fn records(&self, folded: &str) -> Vec<Map<String, Value>> {
        let content = self.content(folded);
        let parse = |line: &str| serde_json::from_str::<Map<String, Value>>(line);
        let records = content.lines().map(parse).collect::<Result<Vec<_>, _>>();
        records.unwrap_or_else(|error| panic!("seed {}: {error} in {content}", self.seed))
    }

    /// Returns the texts in the log of a room.
    pub(super) fn texts(&self, folded: &str) -> Vec<String> {
        self.records(folded).iter().map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the number of lines that are counted as missing.
    pub(super) fn lost(&self) -> u64 {
        self.counts.lost.load(Relaxed)
    }

    /// Compares the logs with what was said.
    pub(super) fn check(&self) {
        for (folded, said) in &self.said {
            self.check_room(folded, said);
        }
    }

    fn check_room(&self, folded: &str, said: &[Said]) {
        let about = || format!("seed {}, room {folded}:\n{}", self.seed, self.content(folded));
        let mut marks: Vec<Option<u64>> = Vec::new();
        let (mut next, mut logged) = (0, BTreeSet::new());
        let mut is_first = true;
        for record in self.records(folded) {
            if let Some(missing) = record.get("missing") {
                marks.push(missing.as_u64());
                continue;
            }
            let text = record["text"].as_str().unwrap();
            // Behind the last one, so once and in order.
            let at = said[next..].iter().position(|said| said.text == text);
            let at = next + at.unwrap_or_else(|| panic!("{text} is not expected: {}", about()));
            logged.insert(at);
            let missing = (at - next) as u64;
            if !std::mem::take(&mut is_first) {
                self.check_gap(&marks, missing, &about);
            }
            marks.clear();
            next = at + 1;
        }
        let rest = &said[next..];
        let is_known = rest.iter().all(|it| Some(&it.engine) == self.model.instance.as_ref());
        if !is_first && is_known {
            self.check_gap(&marks, rest.len() as u64, &about);
        }
        let stream = self.model.streams.get(&key::room(folded)).into_iter().flatten();
        let kept: BTreeSet<String> =
            stream.filter_map(RawEntry::to_room).map(|line| line.text).collect();
        for (index, line) in said.iter().enumerate() {
            let is_current = Some(&line.engine) == self.model.instance.as_ref();
            let is_there = is_current && kept.contains(&line.text);
            assert!(
                !is_there || logged.contains(&index),
                "{} is not there: {}",
                line.text,
                about()
            );
        }
    }

    fn check_gap(&self, marks: &[Option<u64>], missing: u64, about: &impl Fn() -> String) {
        let known: u64 = marks.iter().flatten().sum();
        let is_exact = marks.iter().all(Option::is_some);
        let is_right = if is_exact { known == missing } else { known <= missing };
        assert!(is_right, "{marks:?} for {missing} lines: {}", about());
        assert!(is_exact || self.engines > 1, "{}", about());
    }
}

fn room(shown: &str) -> RoomName {
    let folded: Arc<str> = shown.to_lowercase().into();
    RoomName { shown: shown.into(), folded: folded.clone(), skeletons: [folded.clone(), folded] }
}
