use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Recording, StreamLog};
use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::key::{self, field, kind};
use crate::backplane::source::{Reading, Source, Survey, SurveyedRoom};
use crate::journal::day::Day;
use crate::journal::fixture::TestDir;
use crate::journal::sync_policy::SyncPolicy;
use crate::room::store::MessageStore;
use crate::stats::Stats;

const LINES: u64 = 5;

/// An engine with one room and five lines in it, or one that is away.
#[derive(Debug)]
struct Five {
    is_away: bool,
}

impl Source for Five {
    fn survey(&mut self) -> Result<Survey, String> {
        if self.is_away {
            return Err("reset".to_owned());
        }
        let [folded, shown] = ["dev", "Dev"].map(str::to_owned);
        let room = SurveyedRoom { folded, shown, number: LINES, exists: true };
        Ok(Survey { instance: "engine".to_owned(), rooms: vec![room] })
    }

    fn read(
        &mut self,
        streams: &[(Arc<str>, EntryId)],
        _: usize,
        _: Duration,
    ) -> Result<Reading, String> {
        let [(stream, after)] = streams else { panic!("{streams:?}") };
        assert_eq!(**stream, key::room("dev"));
        let entry = |number: u64| RawEntry {
            id: EntryId { time: 1_795_608_000_000, sequence: number },
            fields: [
                (field::SEQUENCE, &*number.to_string()),
                (field::NODE, "n"),
                (field::CLIENT, "1"),
                (field::NUMBER, "9"),
                (field::KIND, kind::MESSAGE),
                (field::FROM, "ann"),
                (field::TEXT, &format!("\"{number}\"\u{7}")),
                (field::TIME, "1795608000000"),
            ]
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .into(),
        };
        let new: Vec<RawEntry> = (1..=LINES).map(entry).filter(|it| it.id > *after).collect();
        let entries = if new.is_empty() { Vec::new() } else { vec![(stream.clone(), new)] };
        Ok(Reading { instance: "engine".to_owned(), entries })
    }
}

fn start(directory: &TestDir, is_away: bool) -> Recording {
    let path = directory.path().join("log");
    let log = StreamLog::open(path, SyncPolicy::default(), Box::new(Five { is_away })).unwrap();
    let (recording, run) = log.split("n".into());
    run.start().unwrap();
    recording
}

fn written(recording: &Recording) -> [u64; 3] {
    let mut stats = Stats::default();
    recording.read(&mut stats);
    [stats.disk_written, stats.disk_synced, stats.disk_lost]
}

#[test]
fn everything_in_the_streams_is_written_before_the_log_closes() {
    let directory = TestDir::new();
    let recording = start(&directory, false);
    let other = StreamLog::open(
        directory.path().join("log"),
        SyncPolicy::Never,
        Box::new(Five { is_away: true }),
    );
    assert!(other.unwrap_err().to_string().ends_with(": another server has it"));
    recording.close();
    assert_eq!(written(&recording), [LINES, LINES, 0]);
    let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_608_000);
    let path = directory.path().join("log/dev").join(Day::of_time(day).to_string());
    let first = std::fs::read_to_string(&path).unwrap();
    let line = first.lines().next().unwrap();
    assert!(
        line.ends_with(
            "\"room\":\"Dev\",\"from\":\"ann\",\"kind\":\"message\",\"text\":\"\\\"1\\\"\",\
             \"id\":\"1795608000000-1\",\"number\":1,\"engine\":\"engine\"}"
        ),
        "{line}"
    );
    // The lock is free, and nothing is written twice.
    drop(recording);
    let recording = start(&directory, false);
    recording.close();
    assert_eq!(written(&recording), [0, 0, 0]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
}

#[test]
fn a_log_whose_engine_is_away_closes_too() {
    let directory = TestDir::new();
    let recording = start(&directory, true);
    recording.close();
    assert_eq!(written(&recording), [0, 0, 0]);
}

#[test]
fn a_log_that_was_never_started_has_ended() {
    let directory = TestDir::new();
    let path = directory.path().join("log");
    let log = StreamLog::open(path, SyncPolicy::Never, Box::new(Five { is_away: true })).unwrap();
    let (recording, run) = log.split("n".into());
    drop(run);
    recording.close();
    start(&directory, true).close();
}
