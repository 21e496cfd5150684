use super::*;

#[test]
fn waits_double_up_to_the_longest_within_their_halves() {
    for seed in 0..100 {
        let mut backoff = Backoff::default().with_seed(seed);
        for full in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let full = Duration::from_secs(full);
            let wait = backoff.next_wait();
            assert!(full / 2 <= wait && wait <= full, "seed {seed}: {wait:?} of {full:?}");
        }
    }
}

#[test]
fn waits_are_random_and_depend_only_on_the_seed() {
    let first = |seed| Backoff::default().with_seed(seed).next_wait();
    assert_eq!(first(1), first(1));
    let mut waits: Vec<_> = (0..100).map(first).collect();
    waits.sort();
    waits.dedup();
    assert!(waits.len() > 90, "{} different waits of 100", waits.len());
    let spread = waits[waits.len() - 1] - waits[0];
    assert!(spread > Duration::from_millis(400), "{spread:?}");
}

#[test]
fn a_success_resets_the_waits() {
    let mut backoff = Backoff::default().with_seed(3);
    for _ in 0..5 {
        backoff.next_wait();
    }
    backoff.reset();
    assert!(backoff.next_wait() <= Duration::from_secs(1));
    // Long enough to overflow what is not bounded.
    for _ in 0..100 {
        assert!(backoff.next_wait() <= Duration::from_secs(60));
    }
}

#[test]
fn a_short_success_resets_nothing() {
    let mut backoff = Backoff::default().with_seed(3);
    for _ in 0..5 {
        backoff.next_wait();
    }
    backoff.reset_if_lasted(Duration::from_millis(59_999));
    assert!(backoff.next_wait() >= Duration::from_secs(16));
    backoff.reset_if_lasted(Duration::from_secs(60));
    assert!(backoff.next_wait() <= Duration::from_secs(1));
}

#[test]
fn a_steady_backoff_is_always_the_same() {
    let wait = Duration::from_millis(1234);
    let mut backoff = Backoff::steady(wait);
    for _ in 0..40 {
        assert_eq!(backoff.next_wait(), wait);
    }
    backoff.reset();
    assert_eq!(backoff.next_wait(), wait);
}

#[test]
fn extreme_waits_do_not_overflow() {
    for (first, longest) in [(Duration::MAX, Duration::MAX), (Duration::MAX, Duration::ZERO)] {
        let mut backoff = Backoff::new(first, longest);
        for _ in 0..3 {
            assert!(backoff.next_wait() <= longest);
        }
    }
}
