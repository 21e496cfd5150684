//! A process that appends numbered messages, killed a hundred times.
//!
//! Its next life goes on behind the last number that it finds. What it has told to be written must
//! be there, once, and in order.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use super::super::fixture::{TestDir, line, texts};
use super::super::{Journal, QUEUE, RecoveryLimits, SyncPolicy};

const KILLS: u64 = 100;

/// In the process that is killed: its directory and its policy.
const DIRECTORY: &str = "CHAT_JOURNAL_DIRECTORY";
const FLUSH: &str = "CHAT_JOURNAL_FLUSH";

/// To repeat a run.
const SEED: &str = "CHAT_JOURNAL_SEED";

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// The text of a message: its number, and as much behind it as makes some writes long enough to be
/// torn.
fn text(number: u64) -> String {
    let length = if number % 29 == 0 { number * 7919 % 20_000 } else { number % 50 };
    format!("{number} {}", "x".repeat(length as usize))
}

fn number(text: &str) -> u64 {
    text.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn what_was_written_survives_a_hundred_kills() {
    let seed = std::env::var(SEED)
        .map_or_else(|_| RandomState::new().hash_one(0) | 1, |text| text.parse().unwrap());
    println!("{SEED}={seed}");
    let mut random = Random(seed);
    let directory = TestDir::new();
    let path = directory.path().join("log");
    let (mut last, mut torn) = (0, 0);
    for kill in 0..KILLS {
        let flush = ["never", "20", "0"][random.below(3) as usize];
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::tests::kills::appends_until_it_is_killed", "--nocapture"])
            .env(DIRECTORY, &path)
            .env(FLUSH, flush)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        // Whatever the test's harness says has no such beginning.
        let mut written = || loop {
            let line = told.next()?.unwrap();
            if let Some(number) = line.strip_prefix("written ") {
                // The last line may be torn itself.
                return number.strip_suffix('.').and_then(|number| number.parse::<u64>().ok());
            }
        };
        let mut acknowledged = 0;
        for _ in 0..=random.below(20) {
            acknowledged = written().unwrap_or_else(|| panic!("it ended by itself at kill {kill}"));
        }
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(number) = written() {
            acknowledged = number;
        }
        let file = newest(&path);
        torn += u64::from(!std::fs::read(&file).unwrap().ends_with(b"\n"));

        // All of it at the end, and mostly what is new.
        let messages = if kill == KILLS - 1 { usize::MAX } else { 100 };
        let keep = RecoveryLimits { messages, bytes: usize::MAX, rooms: 1 };
        let (_journal, recovered) = Journal::open(path.clone(), SyncPolicy::Never, keep).unwrap();
        let texts = texts(&recovered[0].records);
        last = number(texts[texts.len() - 1]);
        assert!(last >= acknowledged, "{last} of {acknowledged} at kill {kill}");
        assert_eq!(texts.len() as u64, last.min(messages as u64), "at kill {kill}");
        for (found, expected) in texts.iter().rev().zip((1..=last).rev()) {
            assert_eq!(*found, text(expected), "at kill {kill}");
        }
    }
    println!("{KILLS} kills, {last} messages, {torn} torn lines");
}

fn newest(log: &std::path::Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(log.join("dev")).unwrap();
    files.map(|file| file.unwrap().path()).max().unwrap()
}

/// Not a test by itself, but the process of the one above.
#[test]
fn appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(DIRECTORY) else { return };
    let flush = match std::env::var(FLUSH).unwrap().as_str() {
        "never" => SyncPolicy::Never,
        millis => SyncPolicy::Every(Duration::from_millis(millis.parse().unwrap())),
    };
    let keep = RecoveryLimits { messages: 1, bytes: usize::MAX, rooms: 1 };
    let (journal, recovered) = Journal::open(path.into(), flush, keep).unwrap();
    let records = recovered.first().map(|room| texts(&room.records)).unwrap_or_default();
    let first = records.last().map_or(0, |text| number(text)) + 1;
    let room = journal.room("dev");
    let mut told = 0;
    let mut out = std::io::stdout();
    for next in first.. {
        room.append(SystemTime::now(), line("dev", text(next)).as_bytes(), 1);
        loop {
            let stats = journal.stats();
            assert_eq!(stats.lost, 0);
            if stats.written > told {
                told = stats.written;
                writeln!(out, "written {}.", first - 1 + told).unwrap();
            }
            if stats.queued < QUEUE / 64 {
                break;
            }
            thread::yield_now();
        }
    }
}
