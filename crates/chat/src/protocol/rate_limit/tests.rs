use std::time::{Duration, Instant};

use super::{Rate, RateLimiter};

#[test]
fn a_burst_passes_and_then_the_rate_holds() {
    let rate = Rate::new(10, 1_000_000).with_burst(Duration::from_secs(2));
    let begin = Instant::now();
    let mut pace = RateLimiter::default();
    let mut heard = 0;
    let mut now = begin;
    while now < begin + Duration::from_secs(10) {
        match pace.wait(&rate, now) {
            Some(at) => {
                assert!(at > now);
                now = at;
            }
            None => {
                pace.spend(&rate, now, 1, 5);
                heard += 1;
            }
        }
    }
    // The burst, and one each tenth of a second behind it.
    assert_eq!(heard, 20 + 99);
}

#[test]
fn bytes_have_a_rate_of_their_own() {
    let rate = Rate::new(1_000_000, 1000).with_burst(Duration::from_secs(1));
    let now = Instant::now();
    let mut pace = RateLimiter::default();
    pace.spend(&rate, now, 1, 1000);
    assert_eq!(pace.wait(&rate, now), None);
    pace.spend(&rate, now, 1, 500);
    assert_eq!(pace.wait(&rate, now), Some(now + Duration::from_millis(500)));
    pace.is_notified = true;
    assert_eq!(pace.wait(&rate, now + Duration::from_millis(600)), None);
    assert!(pace.is_notified, "it has not been silent for long enough");
    assert_eq!(pace.wait(&rate, now + Duration::from_secs(2)), None);
    assert!(pace.is_notified, "nor is it calm yet");
    assert_eq!(pace.wait(&rate, now + Duration::from_secs(3)), None);
    assert!(!pace.is_notified);
}
