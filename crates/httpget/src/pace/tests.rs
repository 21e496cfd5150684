use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Reads as fast as `pace` allows for `time`. Returns the bytes.
fn read_for(pace: &mut Pace, mut now: Instant, time: Duration) -> u64 {
    let (end, mut bytes) = (now + time, 0);
    let slice = Pace::slice(pace.rate) as u64;
    loop {
        now += pace.wait(now);
        if now >= end {
            return bytes;
        }
        pace.record(now, slice);
        bytes += slice;
    }
}

#[test]
fn the_speed_is_the_rate() {
    // The highest has more than 32 bits, and a slice of it takes some microseconds.
    for rate in [10, 1000, 1024 * 1024, 1 << 33] {
        let start = Instant::now();
        let mut pace = Pace::new(rate, start);
        let bytes = read_for(&mut pace, start, 10 * SECOND) as f64;
        let expected = 10.0 * rate as f64;
        // One slice and the burst.
        assert!((0.98 * expected..=1.03 * expected).contains(&bytes), "{rate}: {bytes}");
    }
}

#[test]
fn slices_are_a_tenth_of_a_second_and_fit_the_buffer() {
    for (rate, slice) in
        [(0, 1), (1, 1), (10, 1), (1000, 100), (1 << 20, BUFFER), (u64::MAX, BUFFER)]
    {
        assert_eq!(Pace::slice(rate), slice, "{rate}");
    }
}

#[test]
fn a_pause_of_the_server_is_not_made_up_for() {
    let start = Instant::now();
    let mut pace = Pace::new(1000, start);
    pace.record(start, 100);
    let later = start + 60 * SECOND;
    assert_eq!(pace.wait(later), Duration::ZERO);
    let bytes = read_for(&mut pace, later, SECOND);
    assert!((1000..=1200).contains(&bytes), "{bytes}");
}

#[test]
fn many_bytes_at_once_are_paid_for() {
    let start = Instant::now();
    let mut pace = Pace::new(1000, start);
    pace.record(start, 5000);
    assert!(pace.wait(start) >= 4 * SECOND);
    pace.record(start, u64::MAX);
    assert!(pace.wait(start) >= 86_400 * SECOND);
}
