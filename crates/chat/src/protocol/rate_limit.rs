//! How fast a client may speak.

use std::fmt;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// How much of one client's input is heard: messages and bytes a second, and how much at once after
/// a silence. Lines count whatever they are, commands too, and bytes with their line endings.
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
    /// So many messages and bytes a second, with a burst of [`Rate::BURST`]. None of either is taken
    /// as one.
    pub fn new(messages: u32, bytes: usize) -> Rate {
        Rate { messages: messages.max(1), bytes: bytes.max(1), burst: Rate::BURST }
    }

    /// The burst where none is chosen: what the rate allows in 3 s may come at once.
    pub const BURST: Duration = Duration::from_secs(3);

    /// How much may come at once after a silence, as the time in which the rate allows it.
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

/// A flood is over when its client has been within its rate, without a burst, for this long.
const CALM: Duration = Duration::from_secs(1);

/// How far a client is ahead of its rate: for messages and for bytes, the time at which all that it
/// has sent would be allowed without a burst (the generic cell rate algorithm, ITU-T I.371).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    messages: Option<Instant>,
    bytes: Option<Instant>,
    /// It has been told that it is too fast, and has not been [calm](CALM) since.
    pub(crate) told: bool,
}

impl Pace {
    /// Until when nothing more is heard. `None`: it may speak.
    pub(crate) fn wait(&mut self, rate: &Rate, now: Instant) -> Option<Instant> {
        let ahead = self.messages.max(self.bytes)?;
        // Without a burst, a flood is at its rate whenever a line of it may pass.
        if now.saturating_duration_since(ahead) >= CALM {
            self.told = false;
        }
        // A line may pass if it fits the burst; bytes may if those before them did, since how many
        // come is not known yet.
        let a_line = Duration::from_secs(1) / rate.messages;
        let beyond = |at: Option<Instant>, burst| {
            at.map(|at| at.saturating_duration_since(now).saturating_sub(burst))
        };
        let lines = beyond(self.messages, rate.burst.saturating_sub(a_line));
        let wait = lines.max(beyond(self.bytes, rate.burst))?;
        (!wait.is_zero()).then(|| now + wait)
    }

    /// It has sent a line, or `bytes` of one.
    pub(crate) fn spend(&mut self, rate: &Rate, now: Instant, lines: u32, bytes: usize) {
        let a_second = Duration::from_secs(1);
        let from = |at: Option<Instant>| at.map_or(now, |at| at.max(now));
        self.messages = Some(from(self.messages) + a_second / rate.messages * lines);
        let cost = a_second.mul_f64(bytes as f64 / rate.bytes as f64);
        self.bytes = Some(from(self.bytes) + cost);
    }
}
