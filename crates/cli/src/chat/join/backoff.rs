//! Pauses between attempts to reconnect.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// Upper bound of the first pause; each further bound is twice as high.
const FIRST: Duration = Duration::from_secs(1);
/// Upper bound of every pause.
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that grow and are random, so that clients which lost their server at the same moment do
/// not all return at the same moment.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// Returns the next pause. `random` selects it between half of the upper bound and all of it.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let longest = LONGEST.min(FIRST * 2_u32.pow(self.tries.min(10)));
        self.tries += 1;
        let half = longest / 2;
        half + half.mul_f64(random as f64 / u64::MAX as f64)
    }

    /// Records the duration of a connection that ended. Only a long one resets the pauses, because
    /// a full or repeatedly restarting server may accept connections and close them immediately.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= LONGEST {
            self.tries = 0;
        }
    }
}
