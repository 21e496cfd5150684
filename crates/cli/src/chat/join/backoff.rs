//! When to try again.

#[cfg(test)]
mod tests;

use std::time::Duration;

/// The longest first pause; each one after it may be twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest of all.
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that grow, and differ from one client to another: those that lost their server at the same
/// moment are not to come back at the same moment.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The next pause: between half and all of the longest that it may be, as `random` has it.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let longest = LONGEST.min(FIRST * 2_u32.pow(self.tries.min(10)));
        self.tries += 1;
        let half = longest / 2;
        half + half.mul_f64(random as f64 / u64::MAX as f64)
    }

    /// A connection has ended that lasted for so long. One that was cut at once, by a server that is
    /// full or by one that restarts again and again, is no reason to begin anew.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= LONGEST {
            self.tries = 0;
        }
    }
}
