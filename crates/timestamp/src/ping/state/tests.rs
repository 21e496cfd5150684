use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use netcore::testing::{Random, seed_from_env};

use super::*;
use crate::ping::event::Event;
use crate::ping::statistics::Statistics;

const MS: Duration = Duration::from_millis(1);

fn plan() -> Plan {
    Plan::default().with_interval(10 * MS).with_timeout(100 * MS)
}

/// Sends the next probe, which must be due.
#[track_caller]
fn send(ping: &mut Ping, now: Instant, seq: u64) {
    let step = match ping.poll(now) {
        // Time for answers, after the one before.
        Step::Wait(until) if until == now + MIN_WAIT => ping.poll(now),
        step => step,
    };
    assert_eq!(step, Step::Send(seq));
    ping.sent(seq, now, UNIX_EPOCH);
}

#[test]
fn probes_are_due_at_equal_intervals_and_each_is_lost_at_its_timeout() {
    let begin = Instant::now();
    let mut ping = Ping::new(plan().with_count(Some(2)));
    send(&mut ping, begin, 1);
    assert_eq!(ping.poll(begin), Step::Wait(begin + 10 * MS));
    // A millisecond late, which is not added to the next.
    send(&mut ping, begin + 11 * MS, 2);
    assert_eq!(ping.poll(begin + 11 * MS), Step::Wait(begin + 100 * MS));
    assert_eq!(ping.poll(begin + 100 * MS), Step::Lost(1));
    assert_eq!(ping.poll(begin + 100 * MS), Step::Wait(begin + 111 * MS));
    assert_eq!(ping.poll(begin + 200 * MS), Step::Lost(2));
    assert_eq!(ping.poll(begin + 200 * MS), Step::End);
}

#[test]
fn missed_probes_are_skipped() {
    let begin = Instant::now();
    let mut ping = Ping::new(plan());
    send(&mut ping, begin, 1);
    ping.answered(1, begin, 1, None).unwrap();
    let later = begin + Duration::from_secs(3600);
    send(&mut ping, later, 2);
    assert_eq!(ping.poll(later), Step::Wait(later + 10 * MS));
}

#[test]
fn the_orders_of_answers_are_told_apart() {
    let begin = Instant::now();
    let mut ping = Ping::new(plan().with_count(Some(3)));
    for seq in 1..=3 {
        send(&mut ping, begin + 10 * MS * (seq as u32 - 1), seq);
    }
    let mut order = |seq, at: u32| ping.answered(seq, begin + at * MS, 9, None).map(|a| a.order);
    assert_eq!(order(2, 31), Some(Order::InTurn));
    assert_eq!(order(1, 32), Some(Order::Overtaken));
    assert_eq!(order(1, 33), Some(Order::Duplicate));
    assert_eq!((order(0, 34), order(4, 34), order(u64::MAX, 34)), (None, None, None));
    assert_eq!(ping.poll(begin + 120 * MS), Step::Lost(3));
    let late = ping.answered(3, begin + 130 * MS, 9, None).unwrap();
    assert_eq!((late.order, late.round_trip), (Order::Late, 110 * MS));
    let again = ping.answered(3, begin + 131 * MS, 9, None).unwrap();
    assert_eq!(again.order, Order::Duplicate);
    assert_eq!(ping.poll(begin + 131 * MS), Step::End);
}

#[test]
fn with_its_connection_a_probe_is_lost_at_once_and_so_is_one_that_was_not_sent() {
    let begin = Instant::now();
    let mut ping = Ping::new(plan().with_count(Some(3)));
    send(&mut ping, begin, 1);
    send(&mut ping, begin + 10 * MS, 2);
    ping.disconnected();
    assert_eq!(ping.answered(1, begin + 11 * MS, 9, None), None);
    assert_eq!(ping.poll(begin + 11 * MS), Step::Lost(1));
    assert_eq!(ping.poll(begin + 11 * MS), Step::Lost(2));
    assert_eq!(ping.poll(begin + 11 * MS), Step::Wait(begin + 20 * MS));
    assert_eq!(ping.poll(begin + 20 * MS), Step::Send(3));
    // It was not.
    assert_eq!(ping.poll(begin + 20 * MS), Step::Lost(3));
    assert_eq!(ping.poll(begin + 20 * MS), Step::End);
}

#[test]
fn the_deadline_ends_it_whatever_is_under_way() {
    let begin = Instant::now();
    let mut ping = Ping::new(plan().with_deadline(Some(15 * MS)));
    send(&mut ping, begin, 1);
    send(&mut ping, begin + 10 * MS, 2);
    assert_eq!(ping.poll(begin + 10 * MS), Step::Wait(begin + 15 * MS));
    assert_eq!(ping.poll(begin + 15 * MS), Step::End);
}

#[test]
fn the_oldest_probe_under_way_delays_further_probes_at_the_limit() {
    let begin = Instant::now();
    let plan = Plan::default().with_interval(Duration::from_nanos(1)).with_timeout(Duration::MAX);
    let mut ping = Ping::new(plan);
    let mut now = begin;
    for seq in 1..=Ping::WINDOW {
        send(&mut ping, now, seq);
        if seq > 1 {
            ping.answered(seq, now, 9, None).unwrap();
        }
        now += Duration::from_nanos(1);
    }
    assert!(matches!(ping.poll(now), Step::Wait(until) if until > now));
    assert_eq!(ping.probes.len() as u64, Ping::WINDOW);
    ping.answered(1, now, 9, None).unwrap();
    send(&mut ping, now, Ping::WINDOW + 1);
    assert_eq!(ping.probes.len(), Ping::REMEMBERED);
    assert_eq!(ping.answered(1, now, 9, None), None, "it is forgotten");
}

#[test]
fn answers_are_read_between_probes_that_take_longer_than_the_interval() {
    let mut now = Instant::now();
    let mut ping = Ping::new(plan().with_interval(Duration::from_nanos(1)));
    for seq in 1..=3 {
        assert_eq!(ping.poll(now), Step::Send(seq));
        ping.sent(seq, now, UNIX_EPOCH);
        now += MS;
        assert_eq!(ping.poll(now), Step::Wait(now + MIN_WAIT));
        now += MIN_WAIT;
    }
}

#[test]
fn a_plan_beyond_the_range_of_the_clock_does_not_panic() {
    let begin = Instant::now();
    let plan = Plan::default().with_interval(Duration::MAX).with_timeout(Duration::MAX);
    let mut ping = Ping::new(plan.with_deadline(Some(Duration::MAX)));
    send(&mut ping, begin, 1);
    assert!(matches!(ping.poll(begin), Step::Wait(until) if until > begin));
}

/// On virtual time, a link of 20 ± 5 ms in each direction loses 2 %, doubles 1 % and delays 1 %
/// beyond the timeout. The statistics show exactly these faults.
#[test]
fn statistics_match_the_faults_of_the_link() {
    let seed = seed_from_env("PING_SEED");
    let mut random = Random::new(seed);
    let begin = Instant::now();
    let count = 5_000;
    // Shorter than the round trip, so that several are under way and overtake one another.
    let plan = plan().with_interval(2 * MS).with_count(Some(count));
    let (mut ping, mut statistics) = (Ping::new(plan), Statistics::default());
    let (mut now, mut arrivals) = (begin, BTreeMap::new());
    let (mut trips, mut lost, mut late, mut doubles) = (Vec::new(), 0, 0, 0);
    loop {
        match ping.poll(now) {
            Step::Send(seq) => {
                ping.sent(seq, now, UNIX_EPOCH);
                statistics.add(&Event::Sent { seq });
                let trip = Duration::from_nanos(15_000_000 + random.below(10_000_001) as u64);
                let mut arrive = |trip| arrivals.insert((now + trip, random.number()), seq);
                match random_fate(&mut Random::new(seed ^ seq)) {
                    0..2 => lost += 1,
                    2 => {
                        late += 1;
                        arrive(trip + 100 * MS);
                    }
                    fate => {
                        trips.push(trip);
                        arrive(trip);
                        if fate == 3 {
                            doubles += 1;
                            arrive(trip + MS);
                        }
                    }
                }
            }
            Step::Lost(seq) => statistics.add(&Event::Lost { seq }),
            Step::Wait(until) => match arrivals.first_key_value() {
                Some(((at, _), _)) if *at <= until => {
                    let ((at, _), seq) = arrivals.pop_first().unwrap();
                    now = at;
                    let answer = ping.answered(seq, now, 9, None).expect("it is remembered");
                    statistics.add(&Event::Answer(answer));
                }
                _ => now = until,
            },
            Step::End => break,
        }
    }
    // What is still on its way.
    for ((at, _), seq) in arrivals {
        statistics.add(&Event::Answer(ping.answered(seq, at, 9, None).unwrap()));
    }
    trips.sort();
    let received = trips.len() as u64;
    assert_eq!((statistics.sent(), statistics.received()), (count, received));
    assert_eq!((statistics.lost(), statistics.under_way()), (count - received, 0));
    assert_eq!(statistics.lost(), lost + late);
    assert_eq!((statistics.late(), statistics.duplicates()), (late, doubles));
    assert!(statistics.overtaken() > 0);
    let of = statistics.round_trips();
    assert_eq!((of.min(), of.max()), (trips.first().copied(), trips.last().copied()));
    for q in [0.5, 0.9, 0.99] {
        let exact = trips[(q * trips.len() as f64).ceil() as usize - 1];
        let told = of.quantile(q).unwrap();
        assert!(told.abs_diff(exact) <= exact / 1024, "p{q}: {told:?}, exactly {exact:?}");
    }
    let seconds: Vec<f64> = trips.iter().map(Duration::as_secs_f64).collect();
    let mean = seconds.iter().sum::<f64>() / received as f64;
    let mdev = (seconds.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / received as f64).sqrt();
    let near =
        |told: Option<Duration>, exact: f64| (told.unwrap().as_secs_f64() - exact).abs() < 1e-8;
    assert!(near(statistics.mean(), mean) && near(statistics.mdev(), mdev));
}

/// Draws the fate of a probe in percent: 0 and 1 are lost, 2 is late, 3 is doubled.
fn random_fate(random: &mut Random) -> usize {
    random.below(100)
}
