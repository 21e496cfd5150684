//! The waits between attempts. There is no I/O, and the time is an argument.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use super::field::{date, decimal, single};

#[cfg(test)]
mod tests;

/// The longest wait that a server may ask for in Retry-After. After a longer one there is no retry.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

/// The waits before further attempts: about 1 s, then about 2 s, 4 s, … and at most 60 s.
///
/// ```
/// use std::time::Duration;
/// use httpget::download::Backoff;
///
/// let mut backoff = Backoff::default().with_seed(7);
/// assert!(backoff.next_wait() <= Duration::from_secs(1));
/// assert!(backoff.next_wait() >= Duration::from_secs(1));
/// backoff.reset();
/// assert!(backoff.next_wait() <= Duration::from_secs(1));
/// ```
///
/// Each wait is a random time between half of that and all of it, so that the clients of one server
/// do not return at the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    /// Each wait is exactly `first`.
    is_steady: bool,
    failures: u32,
    state: u64,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
    }
}

impl Backoff {
    /// Returns waits from about `first` to about `longest`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Backoff {
        // Each RandomState has random keys of its own.
        let state = RandomState::new().hash_one(0);
        Backoff { first, longest, is_steady: false, failures: 0, state }
    }

    /// Returns waits of exactly `wait`.
    #[must_use]
    pub fn steady(wait: Duration) -> Backoff {
        Backoff { is_steady: true, ..Backoff::new(wait, wait) }
    }

    /// Sets the seed of the random numbers: the same seed gives the same waits.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Backoff {
        Backoff { state: seed, ..self }
    }

    /// Returns the wait before the next attempt.
    pub fn next_wait(&mut self) -> Duration {
        if self.is_steady {
            return self.first;
        }
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        let full = self.first.saturating_mul(factor).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        let half = full / 2;
        half + half.mul_f64(self.fraction())
    }

    /// Starts again with short waits, after progress.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Returns a random number from 0 to below 1, by SplitMix64.
    fn fraction(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The upper 32 bits, which an f64 holds exactly.
        f64::from((mixed >> 32) as u32) / 4_294_967_296.0
    }
}

/// Returns the wait that the server asks for (RFC 9110 section 10.2.3), at the time `now`. A date
/// is compared with the server's Date, if there is one.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = single(headers, RETRY_AFTER)?;
    let text = value.to_str().ok()?;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is too long in any case.
        return Some(Duration::from_secs(decimal(text).unwrap_or(u64::MAX)));
    }
    let now = single(headers, DATE).and_then(date).unwrap_or(now);
    // A date in the past means no wait.
    Some(date(value)?.duration_since(now).unwrap_or_default())
}
