//! The two time limits of a transfer.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

use crate::deadline::Deadline;

/// The time limits of a transfer: a deadline for all of it, and a stall timeout for each wait for
/// the peer.
///
/// ```
/// use std::time::{Duration, Instant};
/// use netcore::Deadline;
/// use netcore::transfer::TransferDeadline;
///
/// let now = Instant::now();
/// let hour = Deadline::at(now + Duration::from_secs(3600));
/// let limits = TransferDeadline::from(hour).with_stall_timeout(Duration::from_secs(30));
/// assert_eq!(limits.reading_at(now), Deadline::at(now + Duration::from_secs(30)));
/// ```
///
/// A deadline has to allow for the slowest transfer; a stall timeout soon detects a peer that has
/// stopped. Only waits for the peer count as a stall, not the time that the other side takes to
/// accept the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferDeadline {
    deadline: Deadline,
    stall_timeout: Option<Duration>,
}

impl TransferDeadline {
    /// Sets the stall timeout: the longest time without a byte from the peer.
    #[must_use]
    pub const fn with_stall_timeout(mut self, timeout: Duration) -> TransferDeadline {
        self.stall_timeout = Some(timeout);
        self
    }

    /// Returns the deadline of the whole transfer.
    #[must_use]
    pub const fn deadline(self) -> Deadline {
        self.deadline
    }

    /// Returns the deadline of a wait for the peer that begins at `now`.
    #[must_use]
    pub fn reading_at(self, now: Instant) -> Deadline {
        match self.stall_timeout {
            Some(timeout) => self.deadline.earlier(Deadline::after_at(now, timeout)),
            None => self.deadline,
        }
    }
}

impl From<Deadline> for TransferDeadline {
    /// Makes limits without a stall timeout.
    fn from(deadline: Deadline) -> TransferDeadline {
        TransferDeadline { deadline, stall_timeout: None }
    }
}
