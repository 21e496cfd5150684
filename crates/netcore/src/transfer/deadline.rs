//! The two time limits of a transfer.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

use crate::deadline::Deadline;
use crate::until::Until;

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
#[derive(Clone, Copy, Debug)]
pub struct TransferDeadline<'a> {
    until: Until<'a>,
    stall_timeout: Option<Duration>,
}

impl<'a> TransferDeadline<'a> {
    /// Sets the stall timeout: the longest time without a byte from the peer.
    #[must_use]
    pub const fn with_stall_timeout(mut self, timeout: Duration) -> TransferDeadline<'a> {
        self.stall_timeout = Some(timeout);
        self
    }

    /// Returns the deadline of the whole transfer.
    #[must_use]
    pub const fn deadline(self) -> Deadline {
        self.until.deadline()
    }

    /// Returns the deadline of a wait for the peer that begins at `now`.
    #[must_use]
    pub fn reading_at(self, now: Instant) -> Deadline {
        match self.stall_timeout {
            Some(timeout) => self.deadline().earlier(Deadline::after_at(now, timeout)),
            None => self.deadline(),
        }
    }

    /// Returns the end of the whole transfer.
    pub(super) const fn until(self) -> Until<'a> {
        self.until
    }
}

impl From<Deadline> for TransferDeadline<'_> {
    /// Makes limits without a stall timeout.
    fn from(deadline: Deadline) -> Self {
        Until::from(deadline).into()
    }
}

impl<'a> From<Until<'a>> for TransferDeadline<'a> {
    /// Makes limits without a stall timeout, for a transfer that can be cancelled.
    fn from(until: Until<'a>) -> Self {
        TransferDeadline { until, stall_timeout: None }
    }
}
