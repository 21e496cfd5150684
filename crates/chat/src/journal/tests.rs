mod kills;

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use netcore::testing::error_law;

use crate::journal::Journal;
use crate::journal::counts::JournalStats;
use crate::journal::fixture::{ALL, EARLIER, LATER, TestDir, lines, texts};
use crate::journal::recover::{Recovered, RecoveryLimits};
use crate::journal::storage::{MAX_KEY, is_key};
use crate::journal::sync_policy::SyncPolicy;
use crate::room::store::MessageStore;

fn open(directory: &TestDir) -> (Journal, Vec<Recovered>) {
    Journal::open(directory.path().join("log"), SyncPolicy::default(), ALL).unwrap()
}

fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}

#[test]
fn messages_are_recovered_after_a_restart() {
    let directory = TestDir::new();
    let (journal, recovered) = open(&directory);
    assert!(recovered.is_empty());
    let dev = journal.room("dev");
    for (second, numbers) in [(EARLIER, 0..3), (LATER, 3..4), (LATER + 1, 4..9)] {
        let count = numbers.len();
        dev.append(at(second), lines("Dev", numbers).as_bytes(), count);
    }
    // A lock file would have this name.
    journal.room("lock").append(at(EARLIER), lines("Lock", 0..1).as_bytes(), 1);
    journal.close();
    let all = JournalStats { queued: 0, written: 10, synced: 10, lost: 0 };
    assert_eq!(journal.stats(), all);
    dev.append(at(LATER), lines("Dev", 9..10).as_bytes(), 1);
    journal.close();
    assert_eq!(journal.stats(), JournalStats { lost: 1, ..all });

    let (journal, recovered) = open(&directory);
    let rooms: Vec<_> =
        recovered.iter().map(|it| (&*it.key, &*it.name, texts(&it.records).len())).collect();
    assert_eq!(rooms, [("dev", "Dev", 9), ("lock", "Lock", 1)]);
    assert_eq!(texts(&recovered[0].records), ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    // The last handle closes the journal. A room is no handle.
    let room = journal.room("dev");
    let other = journal.clone();
    drop(journal);
    room.append(at(LATER), lines("Dev", 9..10).as_bytes(), 1);
    drop(other);
    let (_journal, recovered) = open(&directory);
    assert_eq!(recovered[0].records.len(), 10);
}

#[test]
fn only_one_server_can_open_a_directory() {
    let directory = TestDir::new();
    let (journal, _) = open(&directory);
    let path = directory.path().join("log");
    let error = Journal::open(path.clone(), SyncPolicy::Never, ALL).unwrap_err();
    let expected = format!("lock {}: another server has it", path.display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.cause().kind(), ErrorKind::ResourceBusy);
    assert_eq!(error.path(), path);
    // The lock is not a file in the directory: a cleaner cannot remove it.
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    drop(journal);
    open(&directory);
}

#[test]
fn a_directory_that_cannot_be_created_is_an_error() {
    let directory = TestDir::new();
    for (name, operation, kind) in
        [("no/log", "create", ErrorKind::NotFound), ("file", "create", ErrorKind::AlreadyExists)]
    {
        let path = directory.path().join(name);
        fs::write(directory.path().join("file"), "").unwrap();
        let error = Journal::open(path.clone(), SyncPolicy::Never, ALL).unwrap_err();
        let text = format!("{operation} {}: {}", path.display(), error.cause());
        assert_eq!(error_law(&error), text);
        assert_eq!(error.cause().kind(), kind);
    }
}

#[cfg(unix)]
#[test]
fn other_users_cannot_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    use crate::journal::day::Day;

    let directory = TestDir::new();
    let (journal, _) = open(&directory);
    journal.room("dev").append(at(LATER), lines("dev", 0..1).as_bytes(), 1);
    journal.close();
    let path = directory.path().join("log");
    let file = format!("dev/{}", Day::of(LATER));
    for (name, mode) in [("", 0o700), ("dev", 0o700), (&file, 0o600)] {
        let found = fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}: {found:o}");
    }
}

#[test]
fn nothing_is_recovered_without_a_history() {
    let directory = TestDir::new();
    let (journal, _) = open(&directory);
    journal.room("dev").append(at(LATER), lines("dev", 0..1).as_bytes(), 1);
    drop(journal);
    let limits = RecoveryLimits { messages: 0, ..ALL };
    let path = directory.path().join("log");
    let (_journal, recovered) = Journal::open(path, SyncPolicy::default(), limits).unwrap();
    assert!(recovered.is_empty());
}

#[test]
fn keys_cannot_be_paths() {
    let longest = "x".repeat(MAX_KEY);
    for good in ["dev", "7of9", "o'neil", "a.b-c_d", "x..", "你好", &longest] {
        assert!(is_key(good), "{good}");
    }
    for bad in ["", ".", "..", ".lock", "-a", "a/b", "a\0", "a b", "../a", &(longest + "x")] {
        assert!(!is_key(bad), "{bad:?}");
    }
}
