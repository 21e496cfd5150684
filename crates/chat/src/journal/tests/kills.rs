//! A process that appends numbered messages is killed a hundred times.
//!
//! Each new process continues after the last number that it recovers. Every message that a process
//! reported as written must be recovered, once, and in order.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use netcore::testing::Random;

use crate::journal::fixture::{TestDir, line, texts};
use crate::journal::recover::RecoveryLimits;
use crate::journal::sync_policy::SyncPolicy;
use crate::journal::{Journal, MAX_QUEUED};

const KILLS: u64 = 100;

/// Environment variables with the directory and the policy of the killed process.
const DIRECTORY: &str = "CHAT_JOURNAL_DIRECTORY";
const POLICY: &str = "CHAT_JOURNAL_POLICY";

/// Environment variable with the seed, to repeat a run.
const SEED: &str = "CHAT_JOURNAL_SEED";

/// Returns the text of a message: its number, and padding that makes some writes long enough to be
/// torn.
fn text(number: u64) -> String {
    let length = if number % 29 == 0 { number * 7919 % 20_000 } else { number % 50 };
    format!("{number} {}", "x".repeat(length as usize))
}

fn number(text: &str) -> u64 {
    text.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn written_messages_survive_a_hundred_kills() {
    let mut random = Random::from_env(SEED);
    let directory = TestDir::new();
    let path = directory.path().join("log");
    let (mut last, mut torn) = (0, 0);
    for kill in 0..KILLS {
        let policy = *random.pick(&["never", "20", "0"]);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::tests::kills::appends_until_it_is_killed", "--nocapture"])
            .env(DIRECTORY, &path)
            .env(POLICY, policy)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        // The lines of the test harness do not begin in this way.
        let mut written = || loop {
            let line = output.next()?.unwrap();
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

        // The last round recovers all messages, the others the newest.
        let messages = if kill == KILLS - 1 { usize::MAX } else { 100 };
        let limits = RecoveryLimits { messages, bytes: usize::MAX, rooms: 1 };
        let (_journal, recovered) = Journal::open(path.clone(), SyncPolicy::Never, limits).unwrap();
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

/// Returns the path of the newest file.
fn newest(log: &std::path::Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(log.join("dev")).unwrap();
    files.map(|file| file.unwrap().path()).max().unwrap()
}

/// Runs as the killed process of the test above; does nothing as a test of its own.
#[test]
fn appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(DIRECTORY) else { return };
    let policy = match std::env::var(POLICY).unwrap().as_str() {
        "never" => SyncPolicy::Never,
        millis => SyncPolicy::Every(Duration::from_millis(millis.parse().unwrap())),
    };
    let limits = RecoveryLimits { messages: 1, bytes: usize::MAX, rooms: 1 };
    let (journal, recovered) = Journal::open(path.into(), policy, limits).unwrap();
    let records = recovered.first().map(|room| texts(&room.records)).unwrap_or_default();
    let first = records.last().map_or(0, |text| number(text)) + 1;
    let room = journal.room("dev");
    let mut reported = 0;
    let mut out = std::io::stdout();
    for next in first.. {
        room.append(SystemTime::now(), line("dev", text(next)).as_bytes(), 1);
        loop {
            let stats = journal.stats();
            assert_eq!(stats.lost, 0);
            if stats.written > reported {
                reported = stats.written;
                writeln!(out, "written {}.", first - 1 + reported).unwrap();
            }
            if stats.queued < MAX_QUEUED / 64 {
                break;
            }
            thread::yield_now();
        }
    }
}
