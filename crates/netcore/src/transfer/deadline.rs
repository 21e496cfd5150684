//! The two time limits of a transfer.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

use crate::deadline::Deadline;

/// How long a transfer may take, and how long its peer may pause.
///
/// A deadline alone has to be long enough for the slowest whole; a bound for pauses finds out at once
/// about a peer that has stopped. Only the wait for the peer counts as its pause, and not the time
/// that the other side takes for what has come.
///
/// ```
/// use std::time::{Duration, Instant};
/// use netcore::Deadline;
/// use netcore::transfer::TransferDeadline;
///
/// let now = Instant::now();
/// let hour = Deadline::at(now + Duration::from_secs(3600));
/// let patience = TransferDeadline::from(hour).with_stall_timeout(Duration::from_secs(30));
/// assert_eq!(patience.reading_at(now), Deadline::at(now + Duration::from_secs(30)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferDeadline {
    deadline: Deadline,
    pause: Option<Duration>,
}

impl TransferDeadline {
    /// The longest time without a byte from the peer.
    #[must_use]
    pub const fn with_stall_timeout(mut self, pause: Duration) -> TransferDeadline {
        self.pause = Some(pause);
        self
    }

    /// The deadline of the whole.
    #[must_use]
    pub const fn deadline(self) -> Deadline {
        self.deadline
    }

    /// The deadline of a wait for the peer that begins at `now`.
    #[must_use]
    pub fn reading_at(self, now: Instant) -> Deadline {
        match self.pause {
            Some(pause) => self.deadline.earlier(Deadline::after_at(now, pause)),
            None => self.deadline,
        }
    }
}

impl From<Deadline> for TransferDeadline {
    /// Any pause, up to the deadline.
    fn from(deadline: Deadline) -> TransferDeadline {
        TransferDeadline { deadline, pause: None }
    }
}
