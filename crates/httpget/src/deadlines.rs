//! The deadlines of one transfer: its timeouts as points in time.

use std::time::{Duration, Instant};

use netcore::transfer::TransferDeadline;
use netcore::{CancelToken, Deadline, Until};

use crate::error::{Error, ErrorKind, NoAnswer};
use crate::min_speed::MinSpeed;
use crate::timeouts::{Phase, Timeout, Timeouts};

#[cfg(test)]
mod tests;

/// [`Timeouts`] that are running.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines {
    timeouts: Timeouts,
    /// The deadline of the whole transfer.
    total: StepDeadline,
    /// The token that cancels the transfer.
    token: Option<CancelToken>,
}

/// The deadline of one step: its own or the total one, whichever is earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepDeadline {
    pub(crate) deadline: Deadline,
    timeout: Timeout,
    /// The length of the timeout.
    length: Duration,
}

impl Deadlines {
    /// Starts `timeouts` at `start`. `outer` is a deadline that holds besides them.
    pub(crate) fn new(timeouts: Timeouts, outer: Deadline, start: Instant) -> Deadlines {
        let own = timeouts.total.map_or(Deadline::never(), |it| Deadline::after_at(start, it));
        let deadline = own.earlier(outer);
        // A deadline shared by several transfers is reported as their total timeout.
        let length = timeouts.total.or(outer.remaining_at(start)).unwrap_or_default();
        let total = StepDeadline { deadline, timeout: Timeout::Total, length };
        Deadlines { timeouts, total, token: None }
    }

    /// Sets the token that cancels the transfer.
    pub(crate) fn with_token(self, token: Option<CancelToken>) -> Deadlines {
        Deadlines { token, ..self }
    }

    /// Returns the token that cancels the transfer.
    pub(crate) fn token(&self) -> Option<&CancelToken> {
        self.token.as_ref()
    }

    /// Returns the end of the whole transfer.
    pub(crate) fn until(&self) -> Until<'_> {
        self.total.deadline.or_cancelled(self.token())
    }

    /// Returns the deadline of the whole transfer.
    pub(crate) fn total(&self) -> StepDeadline {
        self.total
    }

    /// Returns the minimum speed of the body.
    pub(crate) fn min_speed(&self) -> Option<MinSpeed> {
        self.timeouts.min_speed
    }

    /// Returns the deadline of a step that began at `since` under `timeout`.
    pub(crate) fn step(&self, timeout: Timeout, since: Instant) -> StepDeadline {
        let length = match timeout {
            Timeout::Connect => self.timeouts.connect,
            Timeout::FirstByte => self.timeouts.first_byte,
            Timeout::Stall => self.timeouts.stall,
            Timeout::MinSpeed | Timeout::Total => None,
        };
        let Some(length) = length else { return self.total };
        let deadline = Deadline::after_at(since, length);
        match deadline.earlier(self.total.deadline) == deadline {
            true => StepDeadline { deadline, timeout, length },
            false => self.total,
        }
    }

    /// Returns the total deadline, and the stall timeout for the server's pauses.
    pub(crate) fn transfer_deadline(&self) -> TransferDeadline<'_> {
        let patience = TransferDeadline::from(self.until());
        match self.timeouts.stall {
            Some(stall) => patience.with_stall_timeout(stall),
            None => patience,
        }
    }

    /// Returns the deadline that ended a wait for the server under
    /// [`transfer_deadline`](Deadlines::transfer_deadline).
    pub(crate) fn stalled(&self) -> StepDeadline {
        match self.timeouts.stall {
            Some(length) if !self.total.deadline.is_expired() => {
                let deadline = Deadline::at(Instant::now());
                StepDeadline { deadline, timeout: Timeout::Stall, length }
            }
            _ => self.total,
        }
    }
}

impl StepDeadline {
    /// Returns the earlier one of this step's deadline and `deadline`.
    pub(crate) fn earlier(self, deadline: Deadline) -> StepDeadline {
        StepDeadline { deadline: self.deadline.earlier(deadline), ..self }
    }

    /// Turns `error` into the error of a transfer in `phase`, after `received` bytes of content.
    pub(crate) fn error(self, error: netcore::Error, phase: Phase, received: u64) -> Error {
        // The system has timeouts of its own, which end a connection before its deadline.
        if !error.is_timeout() || !self.deadline.is_expired() {
            return Error::transport(error, phase, received);
        }
        self.ran_out(phase, received).with_cause(NoAnswer(error))
    }

    /// Returns the error for this deadline, expired in `phase` after `received` bytes of content.
    pub(crate) fn ran_out(self, phase: Phase, received: u64) -> Error {
        let StepDeadline { timeout, length, .. } = self;
        Error::new(ErrorKind::TimedOut { timeout, phase, received, after: length })
    }
}
