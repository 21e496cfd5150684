//! The waits between attempts: they double, they are random, and they have an upper bound.

use std::time::Duration;

use crate::random;

#[cfg(test)]
mod tests;

/// The waits between the attempts at an operation that fails.
///
/// ```
/// use std::thread;
/// use std::time::Duration;
/// use netcore::backoff::Backoff;
///
/// # let mut answers = [None, None, Some("pong")].into_iter();
/// # let mut ping = || answers.next().flatten();
/// let mut backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(20));
/// for _ in 0..5 {
///     match ping() {
///         Some(answer) => return println!("{answer}"),
///         None => thread::sleep(backoff.next_wait()),
///     }
/// }
/// eprintln!("no answer after five attempts");
/// ```
///
/// By default the waits are about 1 s, then about 2 s, 4 s, … and at most 60 s. Each wait is a
/// random time between half of that and all of it. Clients that lost their server at the same
/// moment therefore do not all return at the same moment.
///
/// A back-off has no clock and does not wait: [`next_wait`](Backoff::next_wait) returns a duration,
/// and the caller sleeps, sets a timer or gives up. It does not count attempts either.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    /// `true` if each wait is exactly `first`.
    is_steady: bool,
    /// Number of waits since the last success.
    failures: u32,
    /// State of the random numbers.
    state: u64,
}

impl Default for Backoff {
    /// Returns waits from about 1 s to about 60 s.
    fn default() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
    }
}

impl Backoff {
    /// Returns waits of at most `first`, then at most twice as long, and so on, and never longer
    /// than `longest`. Each is at least half of its upper bound.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Backoff {
        let first = first.min(longest);
        Backoff { first, longest, is_steady: false, failures: 0, state: random::seed() }
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
        half + half.mul_f64(random::fraction(&mut self.state))
    }

    /// Starts again with short waits, after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Starts again with short waits if the last success, such as a connection, lasted at least as
    /// long as the longest wait. A server that is full or restarts again and again may accept
    /// connections and close them immediately; it should not be asked more and more often.
    ///
    /// ```
    /// use std::time::Duration;
    /// use netcore::backoff::Backoff;
    ///
    /// let second = Duration::from_secs(1);
    /// let mut backoff = Backoff::new(second, 30 * second);
    /// backoff.next_wait();
    /// backoff.reset_if_lasted(2 * second);
    /// assert!(backoff.next_wait() >= second);
    /// backoff.reset_if_lasted(30 * second);
    /// assert!(backoff.next_wait() <= second);
    /// ```
    pub fn reset_if_lasted(&mut self, time: Duration) {
        if time >= self.longest {
            self.reset();
        }
    }
}
