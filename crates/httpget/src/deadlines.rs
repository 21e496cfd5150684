//! The time budgets of one transfer, as points in time.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use netcore::Deadline;
#[cfg(unix)]
use netcore::transfer::TransferDeadline;

use crate::error::NoAnswer;
use crate::error::{Error, ErrorKind};
use crate::min_speed::MinSpeed;
use crate::timeouts::{Phase, Timeout, Timeouts};

/// [`Timeouts`] that have begun to run.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines {
    timeouts: Timeouts,
    /// The end of everything.
    total: StepDeadline,
}

/// The end of one step: of its own budget or of the total one, whichever is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepDeadline {
    pub(crate) deadline: Deadline,
    timeout: Timeout,
    /// How long the budget is.
    length: Duration,
}

impl Deadlines {
    /// From `start` on, and up to `outer` in any case.
    pub(crate) fn new(timeouts: Timeouts, outer: Deadline, start: Instant) -> Deadlines {
        let own = timeouts.total.map_or(Deadline::never(), |it| Deadline::after_at(start, it));
        let deadline = own.earlier(outer);
        // Whoever sets a point in time for several transfers has the same budget in mind.
        let length = timeouts.total.or(outer.remaining_at(start)).unwrap_or_default();
        Deadlines { timeouts, total: StepDeadline { deadline, timeout: Timeout::Total, length } }
    }

    /// What is left for everything.
    pub(crate) fn total(&self) -> StepDeadline {
        self.total
    }

    /// The least speed of the body.
    pub(crate) fn min_speed(&self) -> Option<MinSpeed> {
        self.timeouts.min_speed
    }

    /// The end of what began at `since` under `budget`.
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

    /// How long a transfer may take from now on, and how long the server may pause in it.
    #[cfg(unix)]
    pub(crate) fn transfer_deadline(&self) -> TransferDeadline {
        let patience = TransferDeadline::from(self.total.deadline);
        match self.timeouts.stall {
            Some(stall) => patience.with_stall_timeout(stall),
            None => patience,
        }
    }

    /// The bound that ended a wait for the server under [`patience`](Deadlines::patience).
    #[cfg(unix)]
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
    /// The same, or sooner.
    pub(crate) fn earlier(self, deadline: Deadline) -> StepDeadline {
        StepDeadline { deadline: self.deadline.earlier(deadline), ..self }
    }

    /// What `error` means for a transfer in `phase`, after `received` bytes of content.
    pub(crate) fn error(self, error: netcore::Error, phase: Phase, received: u64) -> Error {
        // The system has timeouts too, which end a connection before its deadline.
        if !error.is_timeout() || !self.deadline.is_expired() {
            return Error::transport(error, phase, received);
        }
        self.ran_out(phase, received).with_cause(NoAnswer(error))
    }

    /// It ran out in `phase`, after `received` bytes of content.
    pub(crate) fn ran_out(self, phase: Phase, received: u64) -> Error {
        let StepDeadline { timeout, length, .. } = self;
        Error::new(ErrorKind::TimedOut { timeout, phase, received, after: length })
    }
}
