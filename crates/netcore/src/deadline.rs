//! Deadlines: points in time that bound operations.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// A point in time that every step of an operation shares.
///
/// ```
/// use std::time::{Duration, Instant};
/// use netcore::Deadline;
///
/// let now = Instant::now();
/// let deadline = Deadline::at(now + Duration::from_secs(5));
/// assert_eq!(deadline.remaining_at(now + Duration::from_secs(2)), Some(Duration::from_secs(3)));
/// assert!(deadline.is_expired_at(now + Duration::from_secs(5)));
/// ```
///
/// A timeout for each call lets a peer that sends one byte a second hold the caller forever; a
/// deadline does not. It never moves: no step gains time from another. A deadline has passed at its
/// very instant. A point too far away for [`Instant`] is [`never`](Deadline::never).
///
/// The functions that end in `_at` take the time as an argument and read no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Makes the deadline `duration` from the present.
    #[must_use]
    pub fn after(duration: Duration) -> Deadline {
        Deadline::after_at(Instant::now(), duration)
    }

    /// Makes the deadline `duration` from `now`.
    #[must_use]
    pub fn after_at(now: Instant, duration: Duration) -> Deadline {
        Deadline(now.checked_add(duration))
    }

    /// Makes the deadline at `instant`.
    #[must_use]
    pub const fn at(instant: Instant) -> Deadline {
        Deadline(Some(instant))
    }

    /// Makes a deadline that never passes.
    #[must_use]
    pub const fn never() -> Deadline {
        Deadline(None)
    }

    /// Returns the point in time. Returns `None` if the deadline never passes.
    #[must_use]
    pub const fn instant(self) -> Option<Instant> {
        self.0
    }

    /// Returns the time left at `now`: zero if the deadline has passed, `None` if it never does.
    #[must_use]
    pub fn remaining_at(self, now: Instant) -> Option<Duration> {
        self.0.map(|instant| instant.saturating_duration_since(now))
    }

    /// Returns the time left: zero if the deadline has passed, `None` if it never does.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.remaining_at(Instant::now())
    }

    /// Returns `true` if the deadline has passed at `now`.
    #[must_use]
    pub fn is_expired_at(self, now: Instant) -> bool {
        self.0.is_some_and(|instant| instant <= now)
    }

    /// Returns `true` if the deadline has passed.
    #[must_use]
    pub fn is_expired(self) -> bool {
        self.0.is_some() && self.is_expired_at(Instant::now())
    }

    /// Returns the earlier of the two deadlines.
    #[must_use]
    pub fn earlier(self, other: Deadline) -> Deadline {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Deadline(Some(a.min(b))),
            (a, b) => Deadline(a.or(b)),
        }
    }

    /// Returns the deadline of the next of `parts` consecutive steps. Each step has an equal part
    /// of the time that is left at `now`. If `parts` is 0 or 1, the step has all of it.
    #[must_use]
    pub fn share_at(self, now: Instant, parts: u32) -> Deadline {
        match self.remaining_at(now) {
            Some(remaining) if parts > 1 => Deadline::after_at(now, remaining / parts),
            _ => self,
        }
    }
}
