use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::UNITS;
use crate::offset::Estimator;
use crate::offset::sample::Sample;
use crate::parse::ParsedTime;
use crate::zone::Zone;

const MS: u64 = 1_000_000;
/// Our clock as the first exchange begins, in nanoseconds: in 2026.
const BEGIN: u64 = 1_795_194_662_123_456_789;

fn ours(after: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(BEGIN + after)
}

/// Returns an exchange of 2 ms that begins `after` nanoseconds, with this number in the middle.
fn exchange(after: u64, number: i128) -> Sample {
    let reading = ParsedTime::parse(&number.to_string(), Zone::Utc, ours(after)).unwrap();
    assert!(reading.unit_assumed);
    Sample {
        sent: ours(after),
        round_trip: Duration::from_nanos(2 * MS),
        server: reading.time,
        resolution: reading.resolution,
        unit_assumed: true,
    }
}

/// A server whose clock showed `stood` nanoseconds since 1970 when ours showed `BEGIN`.
fn told(after: u64, stood: i128, unit: i128) -> Sample {
    exchange(after, (stood + i128::from(after + MS)).div_euclid(unit))
}

#[test]
fn each_unit_is_found_for_any_time() {
    for unit in UNITS {
        // Windows has no time before 1601, so no guess for the first of them.
        let all = [-90_000 * UNITS[0], 0, 3_600 * UNITS[0], i128::from(BEGIN)];
        for &stood in &all[usize::from(cfg!(windows))..] {
            let mut estimator = Estimator::default();
            for number in 0..20 {
                estimator.add(&told(number * 200 * MS, stood, unit));
            }
            let expected = stood - i128::from(BEGIN);
            let told = estimator.offset().expect("the unit shows within 4 s");
            let wrong = (told.nanos - expected).unsigned_abs();
            assert!(wrong <= told.error.as_nanos(), "{told:?}, not {expected}, with {unit}");
            assert!(told.error <= Duration::from_millis(1_012), "{told:?}");
            assert_eq!((estimator.samples(), estimator.steps()), (20, 0), "{unit}, {stood}");
            assert!(!estimator.is_unit_unknown());
        }
    }
}

#[test]
fn a_single_number_has_no_unit() {
    for number in [7, 1_795_194_662, 1_795_194_662_123, 1_795_194_662_123_456_789] {
        let mut estimator = Estimator::default();
        estimator.add(&exchange(0, number));
        assert_eq!(estimator.offset(), None, "{number}");
        assert!(estimator.is_unit_unknown());
    }
}

#[test]
fn a_number_that_is_not_a_clock_gives_no_offset() {
    // It stands still, counts the ticks of a kernel, counts requests, or runs back.
    let numbers: [fn(u64) -> i128; 4] = [
        |_| 1_795_194_662,
        |at| i128::from(at / (10 * MS)),
        |at| i128::from(at / (100 * MS)),
        |at| -i128::from(at / MS),
    ];
    for (which, number) in numbers.into_iter().enumerate() {
        let mut estimator = Estimator::default();
        for at in (0..300).map(|seq| seq * 100 * MS) {
            estimator.add(&exchange(at, number(at)));
        }
        assert_eq!(estimator.offset(), None, "number {which}");
    }
}

#[test]
fn a_clock_that_is_set_is_a_step_and_its_unit_stays() {
    let mut estimator = Estimator::default();
    for number in 0..40 {
        let stood = if number < 20 { 0 } else { 3_600 * UNITS[0] };
        estimator.add(&told(number * 20 * MS, stood, UNITS[1]));
    }
    let told = estimator.offset().unwrap();
    let expected = 3_600 * UNITS[0] - i128::from(BEGIN);
    assert!((told.nanos - expected).unsigned_abs() <= told.error.as_nanos(), "{told:?}");
    assert_eq!((estimator.samples(), estimator.steps()), (40, 1));
}

#[test]
fn exchanges_in_another_order_give_the_same_unit() {
    let mut estimator = Estimator::default();
    for number in [3, 1, 2, 0, 5, 4] {
        estimator.add(&told(number * 20 * MS, 0, UNITS[2]));
    }
    let told = estimator.offset().unwrap();
    assert!((told.nanos + i128::from(BEGIN)).unsigned_abs() <= told.error.as_nanos(), "{told:?}");
}
