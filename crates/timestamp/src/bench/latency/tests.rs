use super::*;

#[test]
fn quantiles_are_exact_to_a_thousandth() {
    let mut latency = Latency::default();
    (1..=100_000).for_each(|value| latency.record(value * 1000));
    for (quantile, exact) in [(0.5, 50_000), (0.9, 90_000), (0.99, 99_000), (0.999, 99_900)] {
        let found = latency.quantile(quantile).as_nanos() as f64;
        let exact = f64::from(exact) * 1000.0;
        assert!((found / exact - 1.0).abs() < 0.001, "{quantile}: {found}, not {exact}");
    }
    assert_eq!(latency.count(), 100_000);
    assert_eq!(latency.quantile(1.0), latency.max());
    assert!(latency.min() <= Duration::from_micros(1));
    assert!((latency.mean().as_nanos() as f64 / 50_000_500.0 - 1.0).abs() < 0.001);
}

#[test]
fn an_empty_distribution_is_zero_and_the_longest_latency_is_an_hour() {
    let mut latency = Latency::default();
    assert_eq!((latency.count(), latency.mean()), (0, Duration::ZERO));
    assert_eq!((latency.max(), latency.quantile(0.99)), (Duration::ZERO, Duration::ZERO));
    latency.record(u64::MAX);
    latency.record(0);
    assert_eq!(latency.count(), 2);
    assert!(latency.max().abs_diff(Duration::from_secs(3600)) < Duration::from_secs(4));
}

#[test]
fn distributions_are_added_and_cleared() {
    let [mut a, mut b] = [Latency::default(), Latency::default()];
    a.record(10);
    b.record(30);
    a.add(&b);
    assert_eq!((a.count(), a.max()), (2, Duration::from_nanos(30)));
    a.clear();
    assert_eq!(a.count(), 0);
}
