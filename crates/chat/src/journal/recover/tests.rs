use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::{RecoveryLimits, recover};
use crate::journal::fixture::{
    ALL, EARLIER, LATER, TestDir, capture_log, line, lines, logged, texts,
};
use crate::journal::sync_policy::SyncPolicy;

const DAY: u64 = 2 * 86_400;

fn keys(directory: &TestDir, limits: RecoveryLimits) -> Vec<String> {
    let rooms = recover(directory.path(), SyncPolicy::Never, limits).unwrap();
    rooms.into_iter().map(|room| room.key).collect()
}

fn changed(path: &std::path::Path, second: u64) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
}

#[test]
fn the_last_messages_of_several_days_are_recovered_in_order() {
    let directory = TestDir::new();
    for day in 0..4 {
        let first = day * 10;
        directory.write("dev", EARLIER + u64::from(day) * DAY, lines("Dev", first..first + 10));
    }
    let all: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let bytes = line("Dev", 10).len();
    for (messages, room, expected) in
        [(40, ALL.bytes, 40), (99, ALL.bytes, 40), (1, ALL.bytes, 1), (10, ALL.bytes, 10)]
            .into_iter()
            .chain([(11, ALL.bytes, 11), (99, 3 * bytes, 3), (99, 3 * bytes - 1, 2)])
    {
        let limits = RecoveryLimits { messages, bytes: room, rooms: 1 };
        let rooms = recover(directory.path(), SyncPolicy::default(), limits).unwrap();
        assert_eq!((rooms.len(), &*rooms[0].key, &*rooms[0].name), (1, "dev", "Dev"));
        assert_eq!(texts(&rooms[0].records), all[40 - expected..]);
    }
    for limits in [
        RecoveryLimits { messages: 0, ..ALL },
        RecoveryLimits { rooms: 0, ..ALL },
        RecoveryLimits { bytes: 9, ..ALL },
    ] {
        assert_eq!(keys(&directory, limits), [""; 0]);
    }
}

#[test]
fn only_the_files_that_are_needed_are_opened() {
    capture_log();
    let directory = TestDir::new();
    directory.write("dev", LATER, lines("dev", 0..10));
    // A directory cannot be opened for writing.
    fs::create_dir(directory.file("dev", EARLIER)).unwrap();
    let limits = RecoveryLimits { messages: 10, ..ALL };
    let rooms = recover(directory.path(), SyncPolicy::Never, limits).unwrap();
    assert_eq!((rooms[0].records.len(), logged().len()), (10, 0));
    // Newer messages are recovered nevertheless.
    let rooms =
        recover(directory.path(), SyncPolicy::Never, RecoveryLimits { messages: 11, ..ALL })
            .unwrap();
    assert_eq!(rooms[0].records.len(), 10);
    let logged = logged();
    assert_eq!(logged.len(), 1);
    assert!(logged[0].starts_with("ERROR: log of room dev: not read to its beginning: "));
}

#[test]
fn rooms_with_the_latest_messages_come_first() {
    let directory = TestDir::new();
    for (room, day, second) in [
        ("old", EARLIER, LATER + 9),
        ("c", LATER, LATER + 1),
        ("a", LATER, LATER + 3),
        ("b", LATER, LATER + 2),
    ] {
        changed(&directory.write(room, day, line(room, 1)), second);
    }
    // These are not rooms.
    directory.write(".hidden", LATER, line("hidden", 1));
    directory.write("two words", LATER, line("two", 1));
    fs::create_dir(directory.path().join("empty")).unwrap();
    fs::write(directory.path().join("file"), line("file", 1)).unwrap();
    assert_eq!(keys(&directory, ALL), ["a", "b", "c", "old"]);
    assert_eq!(keys(&directory, RecoveryLimits { rooms: 2, ..ALL }), ["a", "b"]);
}

#[test]
fn lines_that_are_not_messages_are_ignored_and_logged_once() {
    capture_log();
    let directory = TestDir::new();
    let private =
        line("dev", "p").replace("\"kind\":\"message\"", "\"to\":\"b\",\"kind\":\"private\"");
    let content = [
        &*line("dev", 1),
        "garbage\n",
        &*private,
        "{\"time\":7}\n",
        "\0\0\0\n",
        &*(String::from("{\"text\":\"") + &"x".repeat(2 << 20) + "\"}\n"),
        &*line("dev", "\\u001b[31m2\\u202e"),
        "torn",
    ]
    .concat();
    let path = directory.write("dev", LATER, &content);
    // These are not logs.
    for name in ["2026-11-25.jsonl.gz", "2026-1-5.jsonl", "+2026-11-25.jsonl", "notes.jsonl"] {
        fs::write(path.with_file_name(name), "torn").unwrap();
    }
    let rooms = recover(directory.path(), SyncPolicy::Never, ALL).unwrap();
    assert_eq!(texts(&rooms[0].records), ["1", "[31m2"]);
    let shown = path.display();
    assert_eq!(
        logged(),
        [
            format!("WARN: {shown}: cut off 4 bytes: no whole record is in them"),
            format!("WARN: {shown}: ignored 5 lines: they are not messages"),
        ]
    );
    assert_eq!(fs::read(&path).unwrap(), &content.as_bytes()[..content.len() - 4]);
    assert_eq!(fs::read(path.with_file_name("notes.jsonl")).unwrap(), b"torn");
}
