//! The end of a wait: a deadline, or the cancellation of a token.

use std::thread;
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};

#[cfg(test)]
mod tests;

/// The end of a wait: a [`Deadline`], or the cancellation of a [`CancelToken`] before it.
///
/// ```
/// use std::time::Duration;
/// use netcore::{CancelToken, Deadline, Until};
///
/// let token = CancelToken::new();
/// let until = Deadline::after(Duration::from_secs(60)).or_cancelled(&token);
/// assert!(!until.is_over());
/// token.cancel();
/// assert!(until.is_over() && until.is_cancelled());
/// assert!(!Until::from(Deadline::never()).is_over());
/// ```
///
/// Functions that take `impl Into<Until>` also accept a plain [`Deadline`].
#[derive(Clone, Copy, Debug)]
pub struct Until<'a> {
    deadline: Deadline,
    token: Option<&'a CancelToken>,
}

impl Deadline {
    /// Returns the end of a wait that also ends when `token` is cancelled. `None` stands for no
    /// token.
    #[must_use]
    pub fn or_cancelled<'a>(self, token: impl Into<Option<&'a CancelToken>>) -> Until<'a> {
        Until { deadline: self, token: token.into() }
    }
}

impl<'a> Until<'a> {
    /// Returns the deadline.
    #[must_use]
    pub const fn deadline(self) -> Deadline {
        self.deadline
    }

    /// Returns `true` if the token is cancelled.
    #[must_use]
    pub fn is_cancelled(self) -> bool {
        self.token.is_some_and(CancelToken::is_cancelled)
    }

    /// Returns `true` if the token is cancelled or the deadline has passed.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.is_cancelled() || self.deadline.is_expired()
    }

    /// Returns the end with the earlier one of its deadline and `deadline`.
    #[must_use]
    pub fn earlier(self, deadline: Deadline) -> Until<'a> {
        Until { deadline: self.deadline.earlier(deadline), ..self }
    }

    /// Sleeps for `time`, but not beyond this end.
    pub fn sleep(self, time: Duration) {
        match self.token {
            Some(token) => {
                let _ = token.wait(self.deadline.earlier(Deadline::after(time)));
            }
            None => thread::sleep(self.deadline.remaining().map_or(time, |left| left.min(time))),
        }
    }

    pub(crate) const fn token(self) -> Option<&'a CancelToken> {
        self.token
    }

    /// Returns the error of `operation`, which this end has stopped.
    pub(crate) fn error(self, operation: Operation) -> Error {
        match self.is_cancelled() {
            true => Error::new(operation, ErrorKind::Cancelled),
            false => Error::timed_out(operation),
        }
    }
}

impl From<Deadline> for Until<'_> {
    fn from(deadline: Deadline) -> Self {
        Until { deadline, token: None }
    }
}

impl<'a> From<&'a CancelToken> for Until<'a> {
    /// Makes an end without a deadline.
    fn from(token: &'a CancelToken) -> Self {
        Deadline::never().or_cancelled(token)
    }
}
