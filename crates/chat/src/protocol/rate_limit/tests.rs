use std::time::{Duration, Instant};

use super::{Rate, RateLimiter};

#[test]
fn a_burst_passes_and_then_the_rate_holds() {
    let rate = Rate::new(10, 1_000_000).with_burst(Duration::from_secs(2));
    let begin = Instant::now();
    let mut limiter = RateLimiter::default();
    let mut passed = 0;
    let mut now = begin;
    while now < begin + Duration::from_secs(10) {
        match limiter.wait(&rate, now) {
            Some(at) => {
                assert!(at > now);
                now = at;
            }
            None => {
                limiter.spend(&rate, now, 1, 5);
                passed += 1;
            }
        }
    }
    // The burst passes, then one line each tenth of a second.
    assert_eq!(passed, 20 + 99);
}

#[test]
fn bytes_have_a_rate_of_their_own() {
    let rate = Rate::new(1_000_000, 1000).with_burst(Duration::from_secs(1));
    let now = Instant::now();
    let mut limiter = RateLimiter::default();
    limiter.spend(&rate, now, 1, 1000);
    assert_eq!(limiter.wait(&rate, now), None);
    limiter.spend(&rate, now, 1, 500);
    assert_eq!(limiter.wait(&rate, now), Some(now + Duration::from_millis(500)));
    limiter.is_notified = true;
    assert_eq!(limiter.wait(&rate, now + Duration::from_millis(600)), None);
    assert!(limiter.is_notified, "the silence was too short");
    assert_eq!(limiter.wait(&rate, now + Duration::from_secs(2)), None);
    assert!(limiter.is_notified, "the client is not calm yet");
    assert_eq!(limiter.wait(&rate, now + Duration::from_secs(3)), None);
    assert!(!limiter.is_notified);
}
