use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn meter() -> SpeedMeter {
    SpeedMeter::new(MinSpeed { bytes: 100, time: 8 * SECOND })
}

/// The time after which a body is too slow that brings so many bytes in each of these seconds.
fn ends(rates: impl IntoIterator<Item = u64>) -> Option<usize> {
    let mut meter = meter();
    let mut bytes = 0;
    rates.into_iter().position(|rate| {
        // Byte by byte would be the same: the meter sees sums only.
        for _ in 0..4 {
            bytes += rate / 4;
            meter.record(SECOND / 4, bytes);
        }
        meter.is_too_slow()
    })
}

#[test]
fn a_body_is_not_too_slow_within_the_first_window() {
    assert_eq!(ends([0; 20]), Some(7));
    assert_eq!(ends([96; 20]), Some(7));
    assert_eq!(ends([100; 1000]), None);
    assert_eq!(ends([0, 0, 0, 0, 0, 0, 0, 800]), None);
}

#[test]
fn a_body_that_becomes_slow_is_detected() {
    let rates = [1_000_000].into_iter().chain([0; 20]);
    assert_eq!(ends(rates), Some(8));
    let rates = [100; 50].into_iter().chain([96; 50]);
    assert_eq!(ends(rates), Some(50));
}

#[test]
fn silence_is_detected_by_waits() {
    let mut meter = meter();
    let mut waited = Duration::ZERO;
    meter.record(SECOND, 10_000);
    for _ in 0..40 {
        if meter.is_too_slow() {
            break;
        }
        let wait = meter.longest_wait();
        assert!(!wait.is_zero());
        waited += wait;
        meter.record(wait, 10_000);
    }
    assert!(meter.is_too_slow());
    assert_eq!(waited, 8 * SECOND);
    assert!(meter.samples.len() <= SAMPLES as usize + 2);
}
