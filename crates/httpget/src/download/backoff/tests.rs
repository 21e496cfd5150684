use std::time::UNIX_EPOCH;

use http::HeaderValue;

use super::*;

#[test]
fn waits_double_up_to_a_minute_within_their_halves() {
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
fn progress_resets_the_waits() {
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
fn retry_after_is_seconds_or_a_date() {
    let now = UNIX_EPOCH + Duration::from_secs(784_123_200);
    let ask = |value: &'static str, date: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        retry_after(&headers, now).map(|wait| wait.as_secs())
    };
    assert_eq!(ask("120", None), Some(120));
    assert_eq!(ask("0", None), Some(0));
    assert_eq!(ask("99999999999999999999", None), Some(u64::MAX));
    assert_eq!(ask("Sun, 06 Nov 1994 12:00:30 GMT", None), Some(30));
    assert_eq!(ask("Sun, 06 Nov 1994 11:00:00 GMT", None), Some(0));
    // By the server's clock it is half a minute.
    let theirs = Some("Sun, 06 Nov 2016 12:00:00 GMT");
    assert_eq!(ask("Sun, 06 Nov 2016 12:00:30 GMT", theirs), Some(30));
    for nonsense in ["", "-1", "+1", "1.5", "soon"] {
        assert_eq!(ask(nonsense, None), None, "{nonsense}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
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
