use std::collections::HashSet;

use super::*;
use crate::stats::Stats;

#[test]
fn every_figure_has_a_meaning_a_kind_and_a_value() {
    let stats = Stats { clients: 3, guests: 1, dropped_bytes: u64::MAX, ..Stats::default() };
    let text = stats.to_prometheus();
    assert!(text.ends_with('\n'));
    let lines: Vec<&str> = text.lines().collect();
    let mut names = HashSet::new();
    for (figure, (name, value)) in lines.chunks(3).zip(stats.fields()) {
        let [help, kind, sample] = figure else { panic!("{figure:?}") };
        let (found, sampled) = sample.split_once(' ').unwrap();
        assert_eq!(sampled.parse::<u64>().unwrap(), value);
        let is_counter = found.ends_with("_total");
        let suffix = if is_counter { "_total" } else { "" };
        assert_eq!(found, format!("chat_{name}{suffix}"));
        let kind_of = if is_counter { "counter" } else { "gauge" };
        assert_eq!(*kind, format!("# TYPE {found} {kind_of}"));
        let meaning = help.strip_prefix(&format!("# HELP {found} ")).expect(help);
        assert!(meaning.ends_with('.') && !meaning.contains("  "), "{help}");
        assert!(names.insert(found), "{found} twice");
    }
    assert_eq!(lines.len(), 3 * stats.fields().count());
}

#[test]
fn states_are_gauges_and_sums_are_counters() {
    let stats = Stats { clients: 3, disk_written: 7, messages: 9, ..Stats::default() };
    let text = stats.to_prometheus();
    let clients = "# HELP chat_clients Clients that are connected.\n\
                   # TYPE chat_clients gauge\n\
                   chat_clients 3\n";
    assert!(text.starts_with(clients), "{text}");
    for line in [
        "# TYPE chat_disk_queued_bytes gauge",
        "chat_disk_written_total 7",
        "# TYPE chat_dropped_bytes_total counter",
        "chat_messages_total 9",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }
    let guests = "# HELP chat_guests Clients that are connected and have not said the password \
                  yet. They do not count as `clients`.\n";
    assert!(text.contains(guests), "{text}");
}

#[test]
fn backslashes_and_line_feeds_of_a_meaning_are_escaped() {
    assert_eq!(escaped("a\\b\nc"), "a\\\\b\\nc");
}
