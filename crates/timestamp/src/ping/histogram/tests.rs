use super::*;

#[test]
fn every_bucket_holds_its_middle_and_buckets_leave_no_gap() {
    let mut last = None;
    for shift in 0..64 {
        for nanos in
            [1_u64 << shift, (1 << shift) + (1 << shift) / 3, (1 << shift) | ((1 << shift) - 1)]
        {
            let place = index(nanos);
            assert!(last.is_none_or(|last| last <= place), "{nanos}");
            assert_eq!(index(middle(place)), place, "{nanos}");
            let wrong = middle(place).abs_diff(nanos);
            assert!(wrong <= nanos / 1024, "{nanos}: {wrong}");
            last = Some(place);
        }
    }
    assert_eq!(index(0), 0);
    let places: Vec<usize> = (0..100_000).map(index).collect();
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] <= 1));
    assert!((index(u64::MAX) + 1) * 8 < 235_000);
}

#[test]
fn quantiles_are_those_of_the_sorted_times() {
    let nanos = |n: u64| Duration::from_nanos(n);
    let mut distribution = Histogram::default();
    assert_eq!(
        (distribution.quantile(0.5), distribution.min(), distribution.max()),
        (None, None, None)
    );
    for n in [5, 1, 4, 2, 3] {
        distribution.add(nanos(n));
    }
    for (q, n) in [(0.0, 1), (0.2, 1), (0.21, 2), (0.5, 3), (0.8, 4), (0.9, 5), (1.0, 5), (7.0, 5)]
    {
        assert_eq!(distribution.quantile(q), Some(nanos(n)), "{q}");
    }
    let buckets: Vec<_> = distribution.buckets().collect();
    assert_eq!(buckets, (1..=5).map(|n| (nanos(n), 1)).collect::<Vec<_>>());
}

#[test]
fn quantiles_stay_between_minimum_and_maximum() {
    let mut distribution = Histogram::default();
    let time = Duration::from_nanos(1_000_001);
    for _ in 0..3 {
        distribution.add(time);
    }
    assert_eq!(distribution.quantile(0.5), Some(time));
    distribution.add(Duration::MAX);
    assert_eq!(distribution.max(), Some(Duration::MAX));
    assert_eq!(distribution.quantile(1.0), Some(Duration::MAX));
}
