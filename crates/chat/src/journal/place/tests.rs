use std::fs;

use super::{LastPlace, MAX_SEARCHED, Place, add_missing, last_place};
use crate::backplane::entry::EntryId;
use crate::journal::day::Day;
use crate::journal::fixture::{EARLIER, LATER, TestDir, capture_log, line, lines};
use crate::journal::sync_policy::SyncPolicy;
use crate::protocol::json::Record;

fn place(number: u64) -> Place {
    Place { engine: "e\"1".into(), id: EntryId { time: number, sequence: 7 }, number }
}

fn placed(number: u64) -> String {
    let mut line = line("dev", number).into_bytes();
    place(number).add_to(&mut line);
    String::from_utf8(line).unwrap()
}

fn found(directory: &TestDir) -> LastPlace {
    last_place(&directory.path().join("dev"), SyncPolicy::default()).unwrap()
}

#[test]
fn a_line_with_its_place_is_a_message_for_everybody_else() {
    let mut text = line("dev", "hello").into_bytes();
    let plain = Record::parse(&text).unwrap();
    add_missing(Some(3), &mut text);
    place(5).add_to(&mut text);
    assert!(text.ends_with(
        b",\"text\":\"hello\",\"missing\":3,\"id\":\"5-7\",\"number\":5,\"engine\":\"e\\\"1\"}\n"
    ));
    assert_eq!(Record::parse(&text).unwrap(), plain);
    assert_eq!(Place::parse(&text), Some(place(5)));
    assert_eq!(Place::parse(line("dev", "hello").as_bytes()), None);
}

#[test]
fn the_last_place_is_that_of_the_last_whole_line_that_has_one() {
    capture_log();
    let directory = TestDir::new();
    assert_eq!(found(&directory), LastPlace::default());
    directory.write("dev", EARLIER, placed(1) + &placed(2));
    let day = |second| Some(Day::of(second));
    assert_eq!(found(&directory), LastPlace { place: Some(place(2)), day: day(EARLIER) });
    // A torn line is cut off.
    let torn = placed(4);
    let file = directory.write("dev", LATER, placed(3) + &torn[..torn.len() - 1]);
    assert_eq!(found(&directory), LastPlace { place: Some(place(3)), day: day(LATER) });
    assert_eq!(fs::read_to_string(&file).unwrap(), placed(3));
    // A server without a backplane has written the newest file.
    directory.write("dev", LATER, lines("dev", 0..9));
    assert_eq!(found(&directory), LastPlace { place: Some(place(2)), day: day(LATER) });
    // A file in which nothing is whole.
    directory.write("dev", LATER, &torn[..40]);
    assert_eq!(found(&directory), LastPlace { place: Some(place(2)), day: day(LATER) });
}

#[test]
fn long_logs_without_places_are_not_searched_to_their_beginning() {
    let directory = TestDir::new();
    let many = lines("dev", 0..1000).repeat(MAX_SEARCHED / lines("dev", 0..1000).len() + 2);
    directory.write("dev", EARLIER, placed(1) + &many);
    assert_eq!(found(&directory).place, None);
}

#[test]
fn a_file_that_is_not_a_log_has_no_end() {
    let directory = TestDir::new();
    directory.write("dev", LATER, "hello\n");
    let room = directory.path().join("dev");
    assert!(last_place(&room, SyncPolicy::Never).is_err());
}
