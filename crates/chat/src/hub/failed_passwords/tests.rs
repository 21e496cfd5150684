use std::net::SocketAddr;

use super::*;

fn source(number: u32) -> Source {
    Source::Group(AddressGroup::from(SocketAddr::from((number.to_be_bytes(), 1))))
}

fn starts(lines: &[String]) -> Vec<&str> {
    let mut starts: Vec<_> =
        lines.iter().filter_map(|line| Some(line.split_once(": the next line")?.0)).collect();
    starts.sort_unstable();
    starts
}

#[test]
fn an_address_has_one_line_a_minute_with_the_number_of_wrong_passwords() {
    let (all, start) = (FailedPasswords::default(), Instant::now());
    let first = all.count(source(1), start);
    assert_eq!(starts(first.as_slice()), ["0.0.0.1: 1 wrong password"]);
    for _ in 0..4 {
        assert_eq!(all.count(source(1), start + INTERVAL / 2), None);
    }
    // Another address does not wait.
    let other = all.count(source(2), start + INTERVAL / 2);
    assert_eq!(starts(other.as_slice()), ["0.0.0.2: 1 wrong password"]);
    let (lines, is_empty) = all.take_due(start + INTERVAL);
    assert_eq!((starts(&lines), is_empty), (vec!["0.0.0.1: 4 wrong passwords"], false));
}

#[test]
fn quiet_addresses_are_forgotten() {
    let (all, start) = (FailedPasswords::default(), Instant::now());
    all.note(source(1), start);
    assert_eq!(all.report(start + INTERVAL / 2), Some(start + INTERVAL / 2 + INTERVAL));
    assert_eq!(all.report(start + INTERVAL), None);
}

#[test]
fn addresses_beyond_the_limit_share_a_line() {
    let (all, start) = (FailedPasswords::default(), Instant::now());
    for number in 0..MAX_SOURCES as u32 {
        assert!(all.count(source(number), start).is_some());
    }
    let line = all.count(source(u32::MAX), start);
    assert_eq!(starts(line.as_slice()), ["other addresses: 1 wrong password"]);
    assert_eq!(all.count(source(u32::MAX - 1), start), None);
    let (lines, _) = all.take_due(start + INTERVAL);
    assert_eq!(starts(&lines), ["other addresses: 1 wrong password"]);
}
