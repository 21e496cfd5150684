use super::*;

#[test]
fn one_line_passes_per_interval() {
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let mut throttle = Throttle::default();
    let passed: Vec<u32> = (0..=12).filter(|n| throttle.allows(start + *n * second)).collect();
    assert_eq!(passed, [0, 5, 10]);
}

#[test]
fn a_clock_that_stands_or_goes_back_lets_nothing_pass() {
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let mut throttle = Throttle::new(second);
    assert!(throttle.allows(start + second));
    assert!(!throttle.allows(start + second));
    assert!(!throttle.allows(start));
    assert!(throttle.allows(start + 2 * second));
}
