use std::collections::BTreeMap;

use netcore::testing::Random;

use super::*;

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1000 * MILLISECOND;
const ALONE: Share = Share { index: 0, of: 1 };

/// A generator whose connections are all open, at time 0.
fn started(load: &Load, stream: bool) -> Generator {
    let mut generator = Generator::new(load, ALONE, stream, false);
    for id in 0..generator.connections() {
        generator.connecting(id, 0);
        generator.connected(id, 0);
    }
    generator.start(load, ALONE, 0);
    generator
}

fn load() -> Load {
    Load::new().with_warmup(Duration::ZERO).with_timeout(Duration::from_secs(5))
}

/// Returns all pending output of a connection.
fn written(generator: &mut Generator, id: usize) -> Vec<u8> {
    let (mut bytes, mut room) = (Vec::new(), Vec::new());
    while let Some(output) = generator.output(id, &mut room) {
        let length = output.len();
        bytes.extend_from_slice(output);
        generator.sent(id, length);
    }
    bytes
}

/// Runs a load to its end on virtual time. The server answers a request that it receives at time
/// `t` at `answer(t)`.
fn run(load: &Load, mut answer: impl FnMut(u64) -> u64) -> Report {
    let mut generator = started(load, true);
    let mut answers: BTreeMap<(u64, u64), (usize, Vec<u8>)> = BTreeMap::new();
    let (mut now, mut count, mut found) = (0, 0, Vec::new());
    loop {
        while let Some(id) = generator.dispatch(now) {
            let request = written(&mut generator, id);
            count += 1;
            answers.insert((answer(now), count), (id, request));
        }
        if generator.is_over(now) {
            return generator.finish();
        }
        let next = answers.first_key_value().map_or(u64::MAX, |((time, _), _)| *time);
        now = next.min(now + generator.wait(now)).max(now);
        while let Some(entry) = answers.first_entry().filter(|entry| entry.key().0 <= now) {
            let (id, bytes) = entry.remove();
            generator.receive(id, &bytes, now).unwrap();
        }
        generator.check_timeouts(now, &mut found);
        assert_eq!(found, [], "at {now}");
    }
}

/// Asserts equality within the precision of the histogram.
#[track_caller]
fn near(found: Duration, expected: u64) {
    let ratio = found.as_nanos() as f64 / expected as f64;
    assert!((ratio - 1.0).abs() < 0.002, "{found:?}, not {expected} ns");
}

#[test]
fn a_closed_loop_sends_the_next_request_after_the_answer() {
    let report = run(&load().with_connections(3), |now| now + MILLISECOND);
    assert_eq!((report.answers, report.requests), (29_997, 30_000));
    assert_eq!(report.latency.count(), 30_000);
    near(report.latency.min(), MILLISECOND);
    near(report.latency.max(), MILLISECOND);
    assert_eq!(report.rate(), 2999.7);
    assert!(report.uncorrected.is_none() && report.lag.is_none());
}

#[test]
fn warm_up_does_not_count() {
    let load = load().with_warmup(Duration::from_secs(2)).with_duration(Duration::from_secs(1));
    let slow_at_first = |now| now + if now < SECOND { 100 } else { 10 } * MILLISECOND;
    let report = run(&load, slow_at_first);
    assert_eq!((report.answers, report.elapsed), (100, Duration::from_secs(1)));
    near(report.latency.max(), 10 * MILLISECOND);
}

/// A server that answers within 0.1 ms, except that it stalls from 4 s to 5 s.
fn stalls(now: u64) -> u64 {
    let begin = if (4 * SECOND..5 * SECOND).contains(&now) { 5 * SECOND } else { now };
    begin + MILLISECOND / 10
}

#[test]
fn an_open_loop_charges_a_stall_to_all_requests_due_in_it() {
    let report = run(&load().with_rate(Some(1000)), stalls);
    assert_eq!((report.requests, report.latency.count(), report.unsent), (10_000, 10_000, 0));
    // A tenth of the requests was due in the stall: one percent waited longer than 0.9 s, and then
    // some more until what had heaped up was done.
    let p99 = report.latency.quantile(0.99);
    assert!(p99 > Duration::from_millis(900) && p99 < Duration::from_secs(1), "{p99:?}");
    near(report.latency.quantile(0.5), MILLISECOND / 10);
    // Uncorrected, the stall is one slow request, in which nobody would look for it.
    let uncorrected = report.uncorrected.unwrap();
    near(uncorrected.quantile(0.999), MILLISECOND / 10);
    near(uncorrected.max(), SECOND + MILLISECOND / 10);
    // And none of it is this side's.
    assert_eq!(report.lag.unwrap().max(), Duration::ZERO);
}

#[test]
fn a_closed_loop_counts_a_stall_once_per_connection() {
    let report = run(&load(), stalls);
    near(report.latency.quantile(0.999), MILLISECOND / 10);
    near(report.latency.max(), SECOND + MILLISECOND / 10);
}

#[test]
fn an_overloaded_server_shows_in_latency_and_unsent_requests() {
    // One at a time, a millisecond each, where two a millisecond are due.
    let report = run(&load().with_rate(Some(2000)), |now| now + MILLISECOND);
    assert_eq!((report.answers, report.requests, report.unsent), (9999, 10_000, 10_000));
    near(report.latency.max(), 5 * SECOND + MILLISECOND / 2);
    near(report.uncorrected.unwrap().max(), MILLISECOND);
    assert_eq!(report.lag.unwrap().max(), Duration::ZERO);
}

#[test]
fn lateness_of_the_generator_is_reported_as_lag() {
    let mut generator = started(&load().with_rate(Some(1000)), true);
    let mut sent = 0;
    for now in [0, 5 * MILLISECOND] {
        while let Some(id) = generator.dispatch(now) {
            let request = written(&mut generator, id);
            generator.receive(id, &request, now).unwrap();
            sent += 1;
        }
    }
    generator.stop(6 * MILLISECOND);
    let report = generator.finish();
    assert_eq!(sent, 6);
    near(report.lag.unwrap().max(), 4 * MILLISECOND);
    near(report.latency.max(), 4 * MILLISECOND);
}

#[test]
fn a_connection_keeps_to_its_pipeline_limit() {
    let mut generator = started(&load().with_connections(3).with_pipeline(2), true);
    let mut connections = Vec::new();
    while let Some(id) = generator.dispatch(0) {
        connections.push(id);
    }
    connections.sort_unstable();
    assert_eq!(connections, [0, 0, 1, 1, 2, 2]);
    let output = written(&mut generator, 1);
    assert_eq!(output.len(), 128, "both in one write");
    generator.receive(1, &output, 1).unwrap();
    assert_eq!([generator.dispatch(1), generator.dispatch(1)], [Some(1); 2]);
    assert_eq!(generator.dispatch(1), None);
}

#[test]
fn an_open_loop_uses_the_connections_in_turn() {
    let mut generator = started(&load().with_connections(3).with_rate(Some(1000)), true);
    let connections: Vec<_> = (0..3).map(|n| generator.dispatch(n * MILLISECOND)).collect();
    assert_eq!(connections, [Some(0), Some(1), Some(2)]);
    assert_eq!(generator.dispatch(3 * MILLISECOND), None, "all are busy");
    let answer = written(&mut generator, 1);
    generator.receive(1, &answer, 3 * MILLISECOND).unwrap();
    assert_eq!(generator.dispatch(3 * MILLISECOND), Some(1));
}

#[test]
fn a_socket_may_accept_any_part_of_the_output() {
    let mut random = Random::from_env("BENCH_SEED");
    let load = load().with_pipeline(5).with_size(30);
    let (mut whole, mut cut) = (started(&load, true), started(&load, true));
    let mut room = Vec::new();
    for round in 0..200 {
        for generator in [&mut whole, &mut cut] {
            while generator.dispatch(round).is_some() {}
        }
        let expected = written(&mut whole, 0);
        let mut bytes = Vec::new();
        while let Some(output) = cut.output(0, &mut room) {
            let length = 1 + random.below(output.len());
            bytes.extend_from_slice(&output[..length]);
            cut.sent(0, length);
        }
        assert_eq!(bytes, expected, "round {round}");
        // Some of the answers only, so that slots are taken from any place on.
        let answered = (1 + round as usize % 5) * 30;
        let answered = answered.min(bytes.len());
        whole.receive(0, &bytes[..answered], round).unwrap();
        cut.receive(0, &bytes[..answered], round).unwrap();
        whole.receive(0, &bytes[answered..], round).unwrap();
        cut.receive(0, &bytes[answered..], round).unwrap();
    }
}

#[test]
fn a_wrong_answer_closes_the_connection_until_a_pause_has_passed() {
    let mut generator = started(&load().with_pipeline(3), true);
    while generator.dispatch(0).is_some() {}
    let mut answers = written(&mut generator, 0);
    answers[70] ^= 1;
    assert_eq!(generator.receive(0, &answers, 1), Err(WrongAnswer));
    assert_eq!(generator.state(0), State::Down { until: 1 + RECONNECT_PAUSE });
    assert_eq!(generator.dispatch(1), None);
    let mut found = Vec::new();
    generator.check_timeouts(RECONNECT_PAUSE, &mut found);
    assert_eq!(found, []);
    generator.check_timeouts(2 * RECONNECT_PAUSE + 1, &mut found);
    assert_eq!(found, [(0, Overdue::Connect)]);
    generator.connected(0, 3 * RECONNECT_PAUSE);
    let mut again = 0;
    while generator.dispatch(3 * RECONNECT_PAUSE).is_some() {
        again += 1;
    }
    assert_eq!(again, 3, "no slot was lost, none was won");
    generator.stop(4 * RECONNECT_PAUSE);
    let report = generator.finish();
    assert_eq!((report.answers, report.wrong, report.cut, report.ended), (1, 1, 1, 0));
    assert_eq!(report.first_wrong.unwrap(), &answers[..64]);
}

#[test]
fn an_answer_without_a_request_is_wrong() {
    for answered in [0, 1] {
        let mut generator = started(&load().with_duration(Duration::from_secs(1)), true);
        if answered > 0 {
            generator.dispatch(0);
            let answer = written(&mut generator, 0);
            generator.receive(0, &answer, 0).unwrap();
        }
        assert_eq!(generator.receive(0, b"x", 0), Err(WrongAnswer));
    }
    // Nor may it come before the request is written.
    let mut generator = started(&load(), true);
    generator.dispatch(0);
    let payload = Payload::new(64).request(0).to_vec();
    assert_eq!(generator.receive(0, &payload, 0), Err(WrongAnswer));
}

#[test]
fn requests_on_a_connection_that_ends_are_aborted() {
    let mut generator = started(&load().with_connections(2), true);
    while generator.dispatch(0).is_some() {}
    generator.disconnected(1, 5);
    let mut found = Vec::new();
    generator.check_timeouts(6 + RECONNECT_PAUSE, &mut found);
    assert_eq!(found, [(1, Overdue::Connect)]);
    generator.connecting(1, 6 + RECONNECT_PAUSE);
    generator.check_timeouts(6 + RECONNECT_PAUSE + 5 * SECOND, &mut found);
    assert!(found.contains(&(1, Overdue::Connecting)), "{found:?}");
    generator.connect_failed(1, 7 * SECOND);
    let report = generator.finish();
    assert_eq!((report.ended, report.cut, report.unconnected), (1, 1, 1));
}

#[test]
fn a_late_answer_over_a_stream_is_a_timeout() {
    let mut generator = started(&load().with_pipeline(2).with_rate(Some(1)), true);
    let mut found = Vec::new();
    assert_eq!([generator.dispatch(0), generator.dispatch(SECOND)], [Some(0); 2]);
    generator.check_timeouts(5 * SECOND, &mut found);
    assert_eq!(found, []);
    // The first is overdue, the second is not.
    generator.check_timeouts(5 * SECOND + CHECK_INTERVAL, &mut found);
    assert_eq!(found, [(0, Overdue::Answer)]);
    assert!(matches!(generator.state(0), State::Down { .. }));
    generator.stop(6 * SECOND);
    let report = generator.finish();
    assert_eq!((report.timeouts, report.cut, report.ended), (1, 1, 0));
}

#[test]
fn datagrams_may_come_in_any_order_late_twice_or_never() {
    let mut generator = started(&load().with_pipeline(3), false);
    while generator.dispatch(0).is_some() {}
    let sent = written(&mut generator, 0);
    let [a, b, c] = [0, 1, 2].map(|at| sent[at * 64..(at + 1) * 64].to_vec());
    assert!(generator.receive_datagram(0, &c, 10));
    assert!(generator.receive_datagram(0, &[b"[12] ", &a[..]].concat(), 20));
    assert!(generator.receive_datagram(0, &c, 30), "b is still under way");
    assert!(generator.receive_datagram(0, b"nonsense", 30));
    let mut found = Vec::new();
    generator.check_timeouts(6 * SECOND, &mut found);
    assert_eq!(found, [], "a socket lives on");
    assert!(!generator.receive_datagram(0, &b, 6 * SECOND), "b was given up");
    let mut again = 0;
    while generator.dispatch(7 * SECOND).is_some() {
        again += 1;
    }
    assert_eq!(again, 3);
    generator.stop(8 * SECOND);
    let report = generator.finish();
    assert_eq!((report.answers, report.lost, report.late, report.wrong), (2, 1, 2, 1));
    assert_eq!(report.latency.count(), 2);
}

#[test]
fn requests_in_flight_at_the_end_get_the_full_timeout() {
    for stream in [true, false] {
        let load = load().with_connections(2).with_duration(Duration::from_secs(1));
        let mut generator = started(&load, stream);
        while generator.dispatch(0).is_some() {}
        let answer = written(&mut generator, 0);
        assert!(!generator.is_over(SECOND));
        assert_eq!(generator.dispatch(SECOND), None, "nothing new is sent");
        match stream {
            true => generator.receive(0, &answer, 2 * SECOND).unwrap(),
            false => assert!(!generator.receive_datagram(0, &answer, 2 * SECOND)),
        }
        assert!(!generator.is_over(6 * SECOND));
        assert!(generator.is_over(6 * SECOND + 1));
        let report = generator.finish();
        assert_eq!((report.timeouts, report.lost), if stream { (1, 0) } else { (0, 1) });
        // It came after the window, to a request of the window.
        assert_eq!((report.answers, report.latency.count()), (0, 1));
    }
}

#[test]
fn a_stopped_run_reports_no_failures() {
    let mut generator = started(&load(), true);
    generator.dispatch(0);
    generator.stop(SECOND);
    assert!(generator.is_over(SECOND));
    let report = generator.finish();
    assert_eq!((report.timeouts, report.cut, report.elapsed), (0, 0, Duration::from_secs(1)));
}

#[test]
fn threads_share_connections_and_their_requests_differ() {
    let load = load().with_connections(5).with_rate(Some(1000));
    let mut texts = Vec::new();
    let mut connections = 0;
    for index in 0..2 {
        let share = Share { index, of: 2 };
        let mut generator = Generator::new(&load, share, true, false);
        connections += generator.connections();
        generator.connected(0, 0);
        assert_eq!(generator.dispatch(0), None, "it has not begun");
        generator.start(&load, share, 0);
        generator.check_timeouts(0, &mut Vec::new());
        assert_eq!(generator.wait(0), index as u64 * MILLISECOND);
        generator.dispatch(MILLISECOND);
        texts.push(written(&mut generator, 0));
    }
    assert_eq!(connections, 5);
    assert_ne!(texts[0], texts[1]);
}

#[test]
fn durations_beyond_the_clock_do_not_overflow() {
    let ages = Duration::MAX;
    let mut generator = started(&Load::new().with_warmup(ages).with_duration(ages), true);
    assert_eq!(generator.dispatch(SECOND), Some(0));
    assert!(!generator.is_over(u64::MAX - 1));
    assert_eq!(generator.finish().answers, 0);
}

/// Answers all requests of two connections at once until 1 s; then calls `event`.
fn until_a_second(rate: Option<u64>, event: impl Fn(&mut Generator, u64)) -> Report {
    let load = load().with_connections(2).with_rate(rate).with_duration(Duration::from_secs(3));
    let mut generator = started(&load, true);
    let (mut now, mut found) = (0, Vec::new());
    while !generator.is_over(now) {
        while let Some(id) = generator.dispatch(now) {
            let request = written(&mut generator, id);
            if now < SECOND {
                generator.receive(id, &request, now).unwrap();
                break;
            }
        }
        if now == SECOND {
            event(&mut generator, now);
        }
        generator.check_timeouts(now, &mut found);
        for (id, what) in found.drain(..) {
            assert_eq!(what, Overdue::Connect);
            generator.connect_failed(id, now);
        }
        now += MILLISECOND;
    }
    generator.finish()
}

#[test]
fn a_server_that_dies_is_down_and_not_the_limit() {
    for rate in [None, Some(100)] {
        let report = until_a_second(rate, |generator, now| {
            (0..2).for_each(|id| generator.disconnected(id, now));
        });
        assert_eq!(report.down, Duration::from_secs(2), "{rate:?}");
        assert_eq!((report.connections, report.ended), (2, 2));
        assert!(report.unconnected > 10 && report.limit().is_none());
        assert_eq!(report.unsent > 100, rate.is_some(), "{}", report.unsent);
    }
}

#[test]
fn a_connection_that_is_rejected_is_not_counted() {
    // The first one has the answer, and the second none.
    let mut generator = started(&load().with_connections(2), true);
    let id = generator.dispatch(0).unwrap();
    let request = written(&mut generator, id);
    generator.receive(id, &request, MILLISECOND).unwrap();
    generator.disconnected(id, MILLISECOND);
    generator.disconnected(1 - id, MILLISECOND);
    generator.stop(SECOND);
    assert_eq!(generator.finish().connections, 1);
}
