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
            assert!(wrong <= nanos / 2048, "{nanos}: {wrong}");
            last = Some(place);
        }
    }
    assert_eq!(index(0), 0);
    let places: Vec<usize> = (0..100_000).map(index).collect();
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] <= 1));
    assert!((index(u64::MAX) + 1) * 8 < 455_000);
    assert!((index(1_000_000_000) + 1) * 8 < 175_000);
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

#[test]
fn a_merged_histogram_is_that_of_all_times() {
    let of = |times: &[u64]| {
        let mut histogram = Histogram::default();
        times.iter().for_each(|time| histogram.add(Duration::from_nanos(*time)));
        histogram
    };
    for (one, other) in [(&[5, 7_000_000][..], &[1, 9][..]), (&[], &[3]), (&[3], &[]), (&[], &[])] {
        let mut merged = of(one);
        merged.merge(&of(other));
        let whole = of(&[one, other].concat());
        assert_eq!(merged.count(), whole.count());
        assert_eq!((merged.min(), merged.max()), (whole.min(), whole.max()));
        assert_eq!(merged.mean(), whole.mean());
        assert!(merged.buckets().eq(whole.buckets()));
        merged.clear();
        assert_eq!((merged.count(), merged.mean(), merged.max()), (0, None, None));
        assert_eq!(merged.buckets().count(), 0);
    }
}

#[test]
fn the_mean_is_precise_and_within_the_ends() {
    let mut histogram = Histogram::default();
    histogram.add(Duration::from_nanos(1_000_001));
    assert_eq!(histogram.mean(), Some(Duration::from_nanos(1_000_001)));
    (1..=100_000).for_each(|value| histogram.add(Duration::from_nanos(value * 1000)));
    let mean = histogram.mean().unwrap().as_nanos() as f64;
    assert!((mean / 50_000_010.0 - 1.0).abs() < 0.001, "{mean}");
}
