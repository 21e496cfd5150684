use super::*;

fn first(mut schedule: Schedule, count: usize) -> Vec<u64> {
    let next = |_| {
        let next = schedule.next(0);
        schedule.advance();
        next
    };
    (0..count).map(next).collect()
}

#[test]
fn times_do_not_drift() {
    for rate in [1, 3, 7, 1000, 999_983, 1_000_000_000, 3_000_000_000] {
        let times = first(Schedule::open_loop(5, rate, 0, 1), 10_000);
        for (number, time) in times.iter().enumerate() {
            let exact = 5 + (number as u128 * 1_000_000_000 / u128::from(rate)) as u64;
            assert_eq!(*time, exact, "request {number} at {rate}/s");
        }
    }
}

#[test]
fn shares_make_up_the_whole() {
    let whole = first(Schedule::open_loop(0, 7, 0, 1), 300);
    let mut parts: Vec<u64> =
        (0..3).flat_map(|share| first(Schedule::open_loop(0, 7, share, 3), 100)).collect();
    parts.sort_unstable();
    assert_eq!(parts, whole);
}

#[test]
fn left_counts_the_requests_due_before_the_end() {
    for (rate, shares) in [(7, 1), (1000, 3), (999_983, 1)] {
        let mut schedule = Schedule::open_loop(100, rate, 0, shares);
        for until in [0, 100, 101, 1_000_000, 500_000_000] {
            let counted = first(schedule.clone(), 600_000);
            let counted = counted.iter().filter(|time| **time < until).count() as u64;
            assert_eq!(schedule.left(until), counted, "{rate} {shares} {until}");
        }
        schedule.advance();
        assert_eq!(schedule.left(101), 0);
    }
    assert_eq!(Schedule::Closed.left(u64::MAX), 0);
}

#[test]
fn in_a_closed_loop_a_request_is_due_at_once() {
    let mut schedule = Schedule::Closed;
    schedule.advance();
    assert_eq!(schedule.next(42), 42);
}
