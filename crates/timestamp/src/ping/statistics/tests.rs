use std::time::UNIX_EPOCH;

use super::*;
use crate::offset::sample::Sample;
use crate::ping::event::Answer;

fn answer(order: Order, ms: u64) -> Event {
    let round_trip = Duration::from_millis(ms);
    let (server, resolution) = (UNIX_EPOCH, Duration::from_nanos(1));
    let sample =
        Some(Sample { sent: UNIX_EPOCH, round_trip, server, resolution, unit_assumed: false });
    Event::Answer(Answer { seq: 1, round_trip, bytes: 9, order, sample, zone_assumed: false })
}

#[test]
fn each_event_is_counted_in_its_place() {
    let mut statistics = Statistics::default();
    assert!(!statistics.is_alive());
    assert_eq!((statistics.mean(), statistics.mdev(), statistics.loss()), (None, None, 0.0));
    for seq in 1..=5 {
        statistics.add(&Event::Sent { seq });
    }
    statistics.add(&Event::Lost { seq: 1 });
    statistics.add(&answer(Order::Late, 900));
    assert!(statistics.is_alive());
    for (order, ms) in [(Order::InTurn, 2), (Order::Overtaken, 4), (Order::Duplicate, 800)] {
        statistics.add(&answer(order, ms));
    }
    assert_eq!((statistics.sent(), statistics.received(), statistics.lost()), (5, 2, 1));
    assert_eq!((statistics.late(), statistics.duplicates(), statistics.overtaken()), (1, 1, 1));
    assert_eq!(statistics.under_way(), 2);
    assert!((statistics.loss() - 1.0 / 3.0).abs() < 1e-12);
    // Neither the late one nor the duplicate is a round trip.
    assert_eq!(statistics.mean(), Some(Duration::from_millis(3)));
    assert_eq!(statistics.mdev(), Some(Duration::from_millis(1)));
    assert_eq!(statistics.round_trips().max(), Some(Duration::from_millis(4)));
    // But each of them told a time.
    assert_eq!(statistics.estimator().samples(), 4);
    assert!(!statistics.is_zone_assumed());
}
