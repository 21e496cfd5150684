//! Decides which failures are followed by another attempt, and when: by status, error and time.
//!
//! [`Error::is_retryable`] lists the statuses and the errors.

use std::time::{Duration, SystemTime};

use super::Engine;
use super::attempt::{Failure, Next};
use crate::download::progress::Progress;
use crate::download::resume::Held;
use crate::download::retry_after::{LONGEST_RETRY_AFTER, retry_after};
use crate::error::{Error, ErrorKind, Span};
use crate::response::Response;
use crate::timeouts::{Phase, Timeout};

impl Engine<'_> {
    /// Returns an error if the content is not the requested one and must not replace it, or if
    /// another attempt may bring the requested one. If no attempt is left, this response counts.
    pub(super) fn check_status(&mut self, response: &Response, held: &Held) -> Result<(), Failure> {
        let status = response.status();
        let mut error = Error::new(ErrorKind::Status(status)).with_url(response.url());
        let is_answer = self.is_answer(status, held);
        let may_help = error.is_retryable() || (self.options.any_error && !is_answer);
        if may_help && self.has_another() {
            let asked = retry_after(response.headers(), SystemTime::now());
            match self.wait_in_time(asked) {
                Ok(wait) => return Err(Failure { error, next: Next::After(wait) }),
                Err(late) => error = error.with_cause(late),
            }
        }
        match is_answer {
            true => Ok(()),
            false => Err(Failure { error, next: Next::Never }),
        }
    }

    /// Returns the failure for an error after which the server asks for a wait.
    pub(super) fn failure_after(&mut self, error: Error, asked: Option<Duration>) -> Failure {
        if asked.is_none() || !self.has_another() {
            return error.into();
        }
        match self.wait_in_time(asked) {
            Ok(wait) => Failure { error, next: Next::After(wait) },
            Err(late) => Failure { error: error.with_cause(late), next: Next::Never },
        }
    }

    /// Waits before the next attempt. Returns the last error if there is no further attempt.
    pub(super) fn wait(&mut self, failure: Failure) -> Result<(), Error> {
        let Failure { error, next } = failure;
        let wait = match next {
            Next::After(wait) => Some(wait),
            Next::Open if self.is_worth_retrying(&error) => self.wait_in_time(None).ok(),
            Next::Open | Next::Never => None,
        };
        let Some(wait) = wait else { return Err(error) };
        (self.progress)(Progress::Waiting { error: &error, wait });
        self.last_error = Some(error);
        self.until().sleep(wait);
        match self.until().is_cancelled() {
            true => Err(Error::cancelled(Phase::Retry, 0).with_url(&self.prepared.url)),
            false => Ok(()),
        }
    }

    /// Returns `true` if a further attempt is left and may help. A status is not an error here:
    /// [`check_status`](Engine::check_status) decides about it.
    fn is_worth_retrying(&self, error: &Error) -> bool {
        let is_of_this_side = matches!(
            error.kind(),
            ErrorKind::Write
                | ErrorKind::Cancelled { .. }
                | ErrorKind::TimedOut { timeout: Timeout::Total, .. }
        );
        let any = self.options.any_error && !is_of_this_side;
        (any || error.is_retryable()) && self.has_another()
    }

    pub(super) fn has_another(&self) -> bool {
        !self.is_last() && (!self.sink.is_stuck() || self.carried.is_some())
    }

    /// Returns the wait before the next attempt: the one `asked` for by the server, or the
    /// back-off's. Reports an attempt that would come too late, and returns an error.
    fn wait_in_time(&mut self, asked: Option<Duration>) -> Result<Duration, NotInTime> {
        let wait = asked.unwrap_or_else(|| self.options.backoff.next_wait());
        let too_long = asked.is_some() && wait > LONGEST_RETRY_AFTER;
        let end = self.total.deadline.earlier(self.retry_until);
        if too_long || end.remaining().is_some_and(|left| left <= wait) {
            (self.progress)(Progress::TooLate { wait });
            return Err(NotInTime { wait: Span(wait) });
        }
        Ok(wait)
    }

    /// Returns `true` if no attempt follows this one.
    pub(super) fn is_last(&self) -> bool {
        self.attempts > self.options.retries
    }
}

/// The cause of a status that would be retried if the next attempt came in time.
#[derive(Debug, thiserror::Error)]
#[error("the next attempt would come too late, in {wait}")]
struct NotInTime {
    wait: Span,
}
