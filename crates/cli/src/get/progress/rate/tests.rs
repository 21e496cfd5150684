use super::*;

/// Returns the rates shown for a transfer of `pieces` pieces of 20,000 bytes, `spacing` apart.
fn rates(start: Instant, spacing: Duration, pieces: u32) -> Vec<f64> {
    let mut rate = Rate::begin(start, 0);
    let piece = |number: u32| {
        let now = start + spacing * number;
        rate.note(now, 20_000 * u64::from(number)).then(|| rate.per_second())?
    };
    (1..=pieces).filter_map(piece).collect()
}

#[test]
fn a_steady_rate_is_right_from_the_first_moment_on() {
    let shown = rates(Instant::now(), Duration::from_millis(50), 400);
    assert!(shown.len() > 90);
    for rate in shown {
        assert!((rate - 400_000.0).abs() < 1.0, "{rate}");
    }
}

#[test]
fn what_was_there_before_counts_for_no_rate() {
    let start = Instant::now();
    let mut rate = Rate::begin(start, 1 << 40);
    assert_eq!(rate.per_second(), None);
    assert!(!rate.note(start + SPACING / 2, (1 << 40) + 10));
    assert!(rate.note(start + SPACING, (1 << 40) + 1000));
    assert_eq!(rate.per_second(), Some(5000.0));
    assert_eq!(rate.time_for(10_000), Some(Duration::from_secs(2)));
}

#[test]
fn a_change_is_seen_within_the_window() {
    let start = Instant::now();
    let mut rate = Rate::begin(start, 0);
    let mut bytes = 0;
    for step in 1..=200 {
        // A megabyte at each step for half of the time, and then a thousandth.
        bytes += if step <= 100 { 1_000_000 } else { 1_000 };
        rate.note(start + SPACING * step, bytes);
    }
    let shown = rate.per_second().unwrap();
    assert!((shown - 5_000.0).abs() < 1.0, "{shown}");
    assert!(rate.0.len() <= 42);
}

#[test]
fn nothing_takes_no_time_that_could_be_told() {
    let start = Instant::now();
    let mut rate = Rate::begin(start, 7);
    rate.note(start + SPACING, 7);
    assert_eq!(rate.per_second(), Some(0.0));
    assert_eq!((rate.time_for(1), rate.time_for(0)), (None, None));
}
