use std::time::{Duration, UNIX_EPOCH};

use indicatif::ProgressStyle;
use netcore::{Error, ErrorKind};
use timestamp::ping::{Answer, Order};
use timestamp::{Sample, Service};

use super::view::LINE;
use super::*;

fn target() -> Target {
    Target::new(&"127.0.0.1:7".parse().unwrap(), true, Service::Timestamp)
}

fn answer(seq: u64, micros: u64) -> Event {
    let round_trip = Duration::from_micros(micros);
    let order = Order::InTurn;
    Event::Answer(Answer { seq, round_trip, bytes: 9, order, sample: None, zone_assumed: false })
}

/// An answer through a clock that is so far ahead.
fn told(order: Order, ahead: Duration) -> Event {
    let round_trip = Duration::from_millis(2);
    let (sent, resolution) = (UNIX_EPOCH, Duration::from_nanos(1));
    let server = sent + ahead + round_trip / 2;
    let sample = Some(Sample { sent, round_trip, server, resolution, unit_assumed: false });
    Event::Answer(Answer { seq: 7, round_trip, bytes: 41, order, sample, zone_assumed: true })
}

#[test]
fn each_event_has_its_line_and_its_object() {
    let target = target();
    let refused = || Event::Error(Error::new(Operation::Connect, ErrorKind::ConnectionRefused));
    let whole = Duration::from_secs(1);
    for (event, line, object) in [
        (Event::Sent { seq: 7 }, None, None),
        (
            Event::Lost { seq: 7 },
            Some("no answer from tcp://127.0.0.1:7: seq=7\n"),
            Some("\"kind\":\"lost\""),
        ),
        (refused(), None, Some("\"error\":\"connect: connection refused\"")),
        (
            told(Order::InTurn, whole),
            Some("41 bytes from tcp://127.0.0.1:7: seq=7 time=2.000 ms\n"),
            Some("\"seq\":7,\"bytes\":41,\"seconds\":0.002000000,\"order\":\"in_turn\""),
        ),
        (
            told(Order::Duplicate, whole),
            Some("41 bytes from tcp://127.0.0.1:7: seq=7 time=2.000 ms (DUP!)\n"),
            Some("\"order\":\"duplicate\""),
        ),
        (
            told(Order::Late, whole),
            Some("41 bytes from tcp://127.0.0.1:7: seq=7 time=2.000 ms (late)\n"),
            Some("\"order\":\"late\""),
        ),
        (
            told(Order::Overtaken, whole),
            Some("41 bytes from tcp://127.0.0.1:7: seq=7 time=2.000 ms (overtaken)\n"),
            Some("\"order\":\"overtaken\""),
        ),
    ] {
        assert_eq!(report::line(&target, &event).as_deref(), line);
        let json = report::json_event(&target, &event);
        assert_eq!(json.is_some(), object.is_some(), "{event:?}");
        let json = json.unwrap_or_default();
        assert!(json.contains(object.unwrap_or_default()), "{json}");
    }
}

#[test]
fn the_table_has_the_last_of_each_server() {
    let mut target = target();
    assert_eq!(report::row(&target, &Event::Sent { seq: 1 }), None);
    for event in [Event::Sent { seq: 1 }, answer(1, 250), Event::Sent { seq: 2 }] {
        target.add(&event);
    }
    let event = Event::Lost { seq: 2 };
    target.add(&event);
    assert_eq!(
        report::row(&target, &event).unwrap(),
        "tcp://127.0.0.1:7: no answer to 2, 50% of 2 lost, p50 0.250 ms"
    );
    assert!(ProgressStyle::with_template(LINE).is_ok());
}

#[test]
fn the_offset_is_told_with_its_bound_its_side_and_what_was_assumed() {
    for (ahead, words) in [
        (Duration::ZERO, "clock offset +0.000 ± 1.000 ms (it may be none); its time has no zone"),
        (Duration::from_millis(250), "clock offset +250.000 ± 1.000 ms (the server is ahead)"),
        (Duration::from_secs(90), "clock offset +90.000000 ± 0.001000 s (the server is ahead)"),
    ] {
        let mut target = target();
        target.add(&told(Order::InTurn, ahead));
        let text = report::text(&target, false, false);
        assert!(text.contains(words), "{text}");
    }
    let json = report::json(&target(), true);
    for field in
        ["\"min_seconds\":null", "\"offset_seconds\":null", "\"histogram\":[]", "\"address\":null"]
    {
        assert!(json.contains(field), "{json}");
    }
}

#[test]
fn the_rows_of_a_histogram_have_all_times_and_the_last_one_the_outliers() {
    let mut target = target();
    assert_eq!(histogram::draw(target.statistics.round_trips()), "");
    for seq in 1..=1000 {
        target.add(&Event::Sent { seq });
        target.add(&answer(seq, if seq == 1000 { 9_000_000 } else { 15_000 + seq * 10 }));
    }
    let text = histogram::draw(target.statistics.round_trips());
    let counts: Vec<u64> =
        text.lines().map(|line| line.split_whitespace().nth(4).unwrap().parse().unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 1000, "{text}");
    assert_eq!(counts.len(), 17, "{text}");
    // The times are spread evenly over all rows but the last.
    assert!(counts[..16].iter().all(|count| (56..=68).contains(count)), "{text}");
    assert!(text.lines().last().unwrap().contains(" 9000.000 ms      10 "), "{text}");
    let longest = text.lines().map(|line| line.matches('█').count()).max();
    assert_eq!(longest, Some(50), "{text}");
}

#[test]
fn a_histogram_of_equal_times_is_one_row() {
    let mut target = target();
    for seq in 1..=3 {
        target.add(&answer(seq, 250));
    }
    let text = histogram::draw(target.statistics.round_trips());
    assert_eq!(text, format!("0.250 to 0.250 ms       3 {}\n", "█".repeat(50)));
}

#[cfg(feature = "plot")]
#[test]
fn the_points_of_a_picture_are_bounded_and_the_slowest_stays() {
    let mut target = target();
    for seq in 1..=30_000 {
        target.add(&Event::Sent { seq });
        target.add(&if seq % 3 == 0 { Event::Lost { seq } } else { answer(seq, seq % 1000) });
    }
    target.add(&Event::Sent { seq: 30_001 });
    target.add(&answer(30_001, 77_777));
    for seq in 30_002..=60_000 {
        target.add(&Event::Sent { seq });
        target.add(&answer(seq, 5));
    }
    let mut svg = String::new();
    plot::draw(&mut svg, &[target]).unwrap();
    let points = svg.matches("<circle").count();
    assert!((4_096..=8_193).contains(&points), "{points}");
    // The axis reaches to the slowest.
    assert!(svg.contains(">\n70.0\n<") || svg.contains(">\n80.0\n<"), "no label of the slowest");
}
