//! A limit on log lines that the same trouble causes again and again.

use std::time::{Duration, Instant};

/// The shortest time between two lines.
const INTERVAL: Duration = Duration::from_secs(5);

/// Lets one log line pass every 5 s.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Option<Instant>);

impl Throttle {
    /// Returns `true` if a line may be written now. The caller writes it.
    pub(crate) fn allows(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self.0.is_none_or(|last| now - last >= INTERVAL);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}
