use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Log;
use crate::protocol::format::Format;
use crate::protocol::framing::Framing;
use crate::room::history::Retention;
use crate::room::memory::MemoryAccount;
use crate::room::reader::Reader;
use crate::room::segment::{Batch, EntryKind, SEGMENT, SPARE};

fn say(batch: &mut Batch, text: &str) {
    batch.push_bytes(EntryKind::Message, text.as_bytes());
}

fn reader(log: &Arc<Log>) -> Reader {
    Reader::new(log.clone(), Arc::new(|| {}))
}

/// Creates a log with a history of `messages` messages and an inbox limit of `limit` bytes.
fn log(messages: usize, limit: usize) -> Arc<Log> {
    let retention = Retention { messages, bytes: usize::MAX, format: Format::Line, web: false };
    Arc::new(Log::new(retention, limit, Arc::new(MemoryAccount::new(usize::MAX)), None))
}

fn publish(log: &Log, texts: &[&str]) {
    let mut batch = Batch::default();
    texts.iter().for_each(|text| say(&mut batch, text));
    log.publish(&mut batch, None);
    assert!(batch.is_empty());
}

fn text<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    pieces.into_iter().map(|p| String::from_utf8_lossy(p).into_owned()).collect()
}

fn window(reader: &Reader, from: u64) -> String {
    text(reader.from(from).map(|s| &**s.bytes(Framing::Lines)))
}

#[test]
fn a_reader_receives_segments_published_after_its_begin() {
    let log = log(0, 1000);
    publish(&log, &["before"]);
    let mut reader = reader(&log);
    let start = reader.end();
    assert!(!reader.take());
    publish(&log, &["a", "b"]);
    publish(&log, &["c"]);
    assert!(reader.take());
    assert_eq!(window(&reader, start.segment), "abc");
    assert_eq!(reader.behind(start.segment, Framing::Lines), (3, 3));
    assert_eq!(window(&reader, start.segment + 1), "c");
    assert_eq!(reader.behind(start.segment + 1, Framing::Lines), (1, 1));
    assert_eq!(reader.behind(reader.end().segment, Framing::Lines), (0, 0));
    reader.trim(start.segment + 1);
    assert_eq!(window(&reader, start.segment), "c");
    reader.trim(u64::MAX);
    assert_eq!(window(&reader, 0), "");
}

#[test]
fn the_history_has_the_last_messages_and_ends_at_the_cursor() {
    for keep in 0..8 {
        let log = log(keep, 1000);
        let mut reader = reader(&log);
        let all = ["1", "22", "333", "4444", "55555", "6"];
        publish(&log, &all[..1]);
        publish(&log, &all[1..4]);
        publish(&log, &all[4..5]);
        let (mark, history) = log.join(Framing::Lines);
        publish(&log, &all[5..]);
        reader.take();
        let expected: String = all[5 - keep.min(5)..5].concat();
        assert_eq!(text(history.iter().map(|b| &**b)), expected, "keep {keep}");
        assert_eq!(window(&reader, mark.segment), "6", "keep {keep}");
    }
}

#[test]
fn long_batches_are_cut_between_messages() {
    let log = log(0, usize::MAX);
    let mut reader = reader(&log);
    let long = "x".repeat(SEGMENT + 1);
    let short = "y".repeat(SEGMENT / 2);
    publish(&log, &[&short, &short, &short, &long, &long, "end"]);
    reader.take();
    let lengths: Vec<usize> = reader.from(0).map(|s| s.bytes(Framing::Lines).len()).collect();
    assert_eq!(lengths, [SEGMENT, SEGMENT / 2, SEGMENT + 1, SEGMENT + 1, 3]);
    assert_eq!(reader.behind(1, Framing::Lines), (4, (SEGMENT / 2 + 2 * (SEGMENT + 1) + 3) as u64));
}

#[test]
fn an_inbox_above_its_limit_adds_pressure_until_it_is_emptied() {
    let woken = Arc::new(AtomicUsize::new(0));
    let log = log(0, 10);
    let mut reader = reader(&log);
    let other = {
        let woken = woken.clone();
        let wake = move || {
            woken.fetch_add(1, Ordering::Relaxed);
        };
        Reader::new(log.clone(), Arc::new(wake))
    };
    drop(other);
    publish(&log, &["0123456789"]);
    assert!(!log.is_pressed());
    publish(&log, &["x"]);
    publish(&log, &["y"]);
    assert!(log.is_pressed());
    reader.take();
    assert!(!log.is_pressed());
    reader.press(true);
    reader.press(true);
    assert!(log.is_pressed());
    drop(reader);
    assert!(!log.is_pressed());
    assert_eq!(woken.load(Ordering::Relaxed), 0, "a dropped reader is not woken");
}

#[test]
fn all_readers_receive_one_order_from_many_publishers() {
    let log = log(0, usize::MAX);
    let mut readers: Vec<Reader> = (0..3).map(|_| reader(&log)).collect();
    thread::scope(|scope| {
        for n in 0..4 {
            let log = &log;
            scope.spawn(move || (0..500).for_each(|m| publish(log, &[&format!("{n}.{m} ")])));
        }
        let seen: Vec<String> = readers
            .iter_mut()
            .map(|reader| {
                scope.spawn(|| {
                    while reader.end().message < 2000 {
                        reader.take();
                    }
                    window(reader, 0)
                })
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|thread| thread.join().expect("a reader panicked"))
            .collect();
        assert!(seen.iter().all(|s| *s == seen[0]));
        for n in 0..4 {
            let own: Vec<&str> =
                seen[0].split(' ').filter(|m| m.starts_with(&format!("{n}."))).collect();
            let expected: Vec<String> = (0..500).map(|m| format!("{n}.{m}")).collect();
            assert_eq!(own, expected);
        }
    });
}

#[test]
fn the_capacity_for_a_flood_is_released() {
    let log = log(0, usize::MAX);
    let mut reader = reader(&log);
    let mut batch = Batch::default();
    for _ in 0..1000 {
        (0..50).for_each(|_| say(&mut batch, "many words"));
        log.publish(&mut batch, None);
    }
    assert!(reader.take());
    reader.trim(reader.end().segment);
    let spare = [&batch.capacities()[..], &reader.capacities()[..]].concat();
    assert!(spare.iter().all(|bytes| *bytes <= SPARE), "{spare:?}");
}
