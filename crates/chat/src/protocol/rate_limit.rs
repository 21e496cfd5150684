//! The rate limit of a client's input.

use std::fmt;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// The rate limit of one client's input: messages and bytes per second, and a burst. Every line
/// counts, commands included, and bytes count with their line endings.
///
/// ```
/// use chat::Rate;
/// use std::time::Duration;
///
/// // Ten lines a second, fifty at once after five seconds of silence.
/// let rate = Rate::new(10, 64 * 1024).with_burst(Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Rate {
    messages: u32,
    bytes: usize,
    burst: Duration,
}

impl Rate {
    /// Allows `messages` and `bytes` per second, with a burst of [`Rate::BURST`]. Zero counts as
    /// one.
    pub const fn new(messages: u32, bytes: usize) -> Rate {
        let messages = if messages == 0 { 1 } else { messages };
        let bytes = if bytes == 0 { 1 } else { bytes };
        Rate { messages, bytes, burst: Rate::BURST }
    }

    /// The default burst: the amount that the rate allows in 3 s may come at once.
    pub const BURST: Duration = Duration::from_secs(3);

    /// Sets the burst: the amount that the rate allows in this time may come at once.
    pub fn with_burst(self, burst: Duration) -> Rate {
        Rate { burst, ..self }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rate { messages, bytes, .. } = self;
        write!(f, "{messages} lines and {bytes} bytes a second")
    }
}

/// Time within its rate, without a burst, after which a client's flood counts as over.
const CALM: Duration = Duration::from_secs(1);

/// The generic cell rate algorithm (ITU-T I.371) for one client: for messages and for bytes, the
/// time at which everything that it has sent would be allowed without a burst.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RateLimiter {
    messages: Option<Instant>,
    bytes: Option<Instant>,
    /// `true` if the client was notified and has not been [calm](CALM) since.
    pub(crate) is_notified: bool,
}

impl RateLimiter {
    /// Returns the time until which input must wait, or `None` if it need not.
    pub(crate) fn wait(&mut self, rate: &Rate, now: Instant) -> Option<Instant> {
        let ahead = self.messages.max(self.bytes)?;
        // A flood without a burst is at its rate whenever one of its lines may pass.
        if now.saturating_duration_since(ahead) >= CALM {
            self.is_notified = false;
        }
        // A line may pass if it fits the burst. Bytes may pass if those before them did, because
        // their number is not known yet.
        let a_line = Duration::from_secs(1) / rate.messages;
        let beyond = |at: Option<Instant>, burst| {
            at.map(|at| at.saturating_duration_since(now).saturating_sub(burst))
        };
        let lines = beyond(self.messages, rate.burst.saturating_sub(a_line));
        let wait = lines.max(beyond(self.bytes, rate.burst))?;
        (!wait.is_zero()).then(|| now + wait)
    }

    /// Counts `lines` lines and `bytes` bytes.
    pub(crate) fn spend(&mut self, rate: &Rate, now: Instant, lines: u32, bytes: usize) {
        let a_second = Duration::from_secs(1);
        let from = |at: Option<Instant>| at.map_or(now, |at| at.max(now));
        self.messages = Some(from(self.messages) + a_second / rate.messages * lines);
        let cost = a_second.mul_f64(bytes as f64 / rate.bytes as f64);
        self.bytes = Some(from(self.bytes) + cost);
    }
}
