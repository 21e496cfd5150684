use super::*;

/// The outcome of an attempt, with the time since its start.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Connects(u64),
    Fails(u64),
    /// A black hole.
    Silent,
}
use Fate::{Connects, Fails, Silent};

/// The events of a race, with the milliseconds since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Started(usize, u64),
    Failed(usize, u64),
    Connected(usize, u64),
    AllFailed(u64),
    DeadlinePassed(u64),
}
use Seen::{AllFailed, Connected, DeadlinePassed, Failed, Started};

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Runs a race on virtual time.
fn run(fates: &[Fate], delay: Duration, deadline: Option<u64>) -> Vec<Seen> {
    let begin = Instant::now();
    let deadline = deadline.map_or(Deadline::never(), |it| Deadline::at(begin + ms(it)));
    let mut race = Race::new(fates.len(), delay, deadline);
    let mut now = begin;
    let mut in_flight: Vec<(Instant, usize, bool)> = Vec::new();
    let mut seen = Vec::new();
    loop {
        assert!(seen.len() < 1000, "no end: {seen:?}");
        let at = u64::try_from((now - begin).as_millis()).unwrap();
        match race.poll(now) {
            Action::Start(attempt) => {
                seen.push(Started(attempt, at));
                match fates[attempt] {
                    Connects(after) => in_flight.push((now + ms(after), attempt, true)),
                    Fails(after) => in_flight.push((now + ms(after), attempt, false)),
                    Silent => {}
                }
            }
            Action::Wait(until) => {
                in_flight.sort_unstable();
                let event = in_flight.first().copied();
                let until = until.instant();
                match event {
                    Some((when, attempt, connects)) if until.is_none_or(|until| when <= until) => {
                        in_flight.remove(0);
                        now = now.max(when);
                        let at = u64::try_from((now - begin).as_millis()).unwrap();
                        if connects {
                            seen.push(Connected(attempt, at));
                            return seen;
                        }
                        seen.push(Failed(attempt, at));
                        race.failed(now);
                    }
                    _ => {
                        let until = until.expect("waits forever");
                        assert!(until > now, "a busy loop: {seen:?}");
                        now = until;
                    }
                }
            }
            Action::AllFailed => {
                seen.push(AllFailed(at));
                return seen;
            }
            Action::DeadlinePassed => {
                seen.push(DeadlinePassed(at));
                return seen;
            }
        }
    }
}

fn default(fates: &[Fate]) -> Vec<Seen> {
    run(fates, ATTEMPT_DELAY, Some(30_000))
}

#[test]
fn only_the_first_address_is_tried_if_it_answers_in_time() {
    let seen = default(&[Connects(249), Connects(0)]);
    assert_eq!(seen, [Started(0, 0), Connected(0, 249)]);
}

#[test]
fn a_black_hole_costs_the_attempt_delay() {
    let seen = default(&[Silent, Connects(20)]);
    assert_eq!(seen, [Started(0, 0), Started(1, 250), Connected(1, 270)]);
    let seen = run(&[Silent, Silent, Connects(20)], ms(100), None);
    let started = [Started(0, 0), Started(1, 100), Started(2, 200)];
    assert_eq!(seen[..3], started);
    assert_eq!(seen[3..], [Connected(2, 220)]);
}

#[test]
fn a_failure_starts_the_next_at_once() {
    let seen = default(&[Fails(3), Connects(20), Connects(0)]);
    assert_eq!(seen, [Started(0, 0), Failed(0, 3), Started(1, 3), Connected(1, 23)]);
}

#[test]
fn an_attempt_that_fails_at_once_leaves_the_others_their_pace() {
    let seen = default(&[Silent, Fails(0), Silent, Connects(1)]);
    assert_eq!(
        seen,
        [
            Started(0, 0),
            Started(1, 250),
            Failed(1, 250),
            Started(2, 250),
            Started(3, 500),
            Connected(3, 501)
        ]
    );
}

#[test]
fn an_older_attempt_may_still_win_or_fail() {
    let seen = default(&[Connects(300), Connects(100)]);
    assert_eq!(seen, [Started(0, 0), Started(1, 250), Connected(0, 300)]);
    let seen = default(&[Fails(300), Silent, Connects(5)]);
    assert_eq!(
        seen,
        [Started(0, 0), Started(1, 250), Failed(0, 300), Started(2, 300), Connected(2, 305)]
    );
}

#[test]
fn when_all_have_failed_the_race_is_over_at_once() {
    let seen = default(&[Fails(10), Fails(0), Fails(700)]);
    assert_eq!(
        seen,
        [
            Started(0, 0),
            Failed(0, 10),
            Started(1, 10),
            Failed(1, 10),
            Started(2, 10),
            Failed(2, 710),
            AllFailed(710)
        ]
    );
    assert_eq!(default(&[]), [AllFailed(0)]);
}

#[test]
fn the_last_attempt_has_all_the_time_that_is_left() {
    let seen = default(&[Silent, Connects(29_000)]);
    assert_eq!(seen.last(), Some(&Connected(1, 29_250)));
    let seen = default(&[Silent, Silent]);
    assert_eq!(seen.last(), Some(&DeadlinePassed(30_000)));
}

#[test]
fn a_deadline_in_the_middle_ends_it() {
    let seen = run(&[Fails(10), Silent, Connects(9_000)], ATTEMPT_DELAY, Some(1_000));
    assert_eq!(
        seen,
        [Started(0, 0), Failed(0, 10), Started(1, 10), Started(2, 260), DeadlinePassed(1_000)]
    );
}

#[test]
fn a_deadline_that_has_passed_starts_nothing() {
    assert_eq!(run(&[Connects(0)], ATTEMPT_DELAY, Some(0)), [DeadlinePassed(0)]);
}

#[test]
fn a_short_deadline_still_leaves_each_address_its_turn() {
    let seen = run(&[Silent, Connects(20)], ATTEMPT_DELAY, Some(200));
    assert_eq!(seen, [Started(0, 0), Started(1, 100), Connected(1, 120)]);
    let seen = run(&[Silent, Silent, Silent, Connects(20)], ATTEMPT_DELAY, Some(400));
    assert_eq!(seen[1..4], [Started(1, 100), Started(2, 200), Started(3, 300)]);
    assert_eq!(seen[4], Connected(3, 320));
}

#[test]
fn no_delay_is_below_the_minimum() {
    for (delay, deadline) in [(Duration::ZERO, None), (ATTEMPT_DELAY, Some(25))] {
        let seen = run(&[Silent, Silent, Silent, Silent, Connects(1)], delay, deadline);
        let starts: Vec<u64> = seen
            .iter()
            .filter_map(|it| if let Started(_, at) = it { Some(*at) } else { None })
            .collect();
        assert!(starts.len() > 1 && starts.windows(2).all(|two| two[1] - two[0] == 10), "{seen:?}");
    }
}

#[test]
fn with_an_endless_attempt_delay_attempts_are_sequential() {
    let seen = run(&[Fails(700), Connects(1)], Duration::MAX, None);
    assert_eq!(seen, [Started(0, 0), Failed(0, 700), Started(1, 700), Connected(1, 701)]);
}

fn list(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn families_take_turns_from_that_of_the_first() {
    let (a, b, c) = ("[2001:db8::a]:1", "[2001:db8::b]:1", "[2001:db8::c]:1");
    let (x, y, z) = ("10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1");
    for (given, order) in [
        (&[a, b, c, x, y][..], &[a, x, b, y, c][..]),
        (&[x, a, b, c], &[x, a, b, c]),
        (&[x, y, z, a], &[x, a, y, z]),
        (&[x, y, z], &[x, y, z]),
        (&[a], &[a]),
        (&[], &[]),
    ] {
        assert_eq!(interleaved(&list(given)), list(order), "{given:?}");
    }
}

#[test]
fn duplicates_are_tried_once() {
    let given = list(&["10.0.0.1:1", "10.0.0.1:1", "[::1]:1", "10.0.0.1:2", "[::1]:1"]);
    assert_eq!(interleaved(&given), list(&["10.0.0.1:1", "[::1]:1", "10.0.0.1:2"]));
}

#[test]
fn too_many_addresses_are_cut_after_the_families_took_turns() {
    let v6 = (0..100u16).map(|n| SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, n], 1)));
    let v4 = (0..100u8).map(|n| SocketAddr::from(([10, 0, 0, n], 1)));
    let order = interleaved(&v6.chain(v4).collect::<Vec<_>>());
    assert_eq!(order.len(), MAX_ADDRESSES);
    assert_eq!(order.iter().filter(|address| address.is_ipv4()).count(), MAX_ADDRESSES / 2);
    assert_eq!(order[1], SocketAddr::from(([10, 0, 0, 0], 1)));
}
