//! The time budgets of one transfer, as points in time.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use netcore::Deadline;
#[cfg(unix)]
use netcore::transfer::TransferDeadline;

use crate::error::Silent;
use crate::error::{Error, ErrorKind};
use crate::pace::Pace;
use crate::timeouts::{Budget, Phase, Timeouts};

/// [`Timeouts`] that have begun to run.
#[derive(Clone, Debug)]
pub(crate) struct Budgets {
    timeouts: Timeouts,
    /// The end of everything.
    total: Bound,
}

/// The end of one step: of its own budget or of the total one, whichever is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) deadline: Deadline,
    budget: Budget,
    /// How long the budget is.
    length: Duration,
}

impl Budgets {
    /// From `start` on, and up to `outer` in any case.
    pub(crate) fn new(timeouts: Timeouts, outer: Deadline, start: Instant) -> Budgets {
        let own = timeouts.total.map_or(Deadline::never(), |it| Deadline::after_at(start, it));
        let deadline = own.earlier(outer);
        // Whoever sets a point in time for several transfers has the same budget in mind.
        let length = timeouts.total.or(outer.remaining_at(start)).unwrap_or_default();
        Budgets { timeouts, total: Bound { deadline, budget: Budget::Total, length } }
    }

    /// What is left for everything.
    pub(crate) fn total(&self) -> Bound {
        self.total
    }

    /// The least speed of the body.
    pub(crate) fn pace(&self) -> Option<Pace> {
        self.timeouts.pace
    }

    /// The end of what began at `since` under `budget`.
    pub(crate) fn bound(&self, budget: Budget, since: Instant) -> Bound {
        let length = match budget {
            Budget::Connect => self.timeouts.connect,
            Budget::FirstByte => self.timeouts.first_byte,
            Budget::Stall => self.timeouts.stall,
            Budget::Pace | Budget::Total => None,
        };
        let Some(length) = length else { return self.total };
        let deadline = Deadline::after_at(since, length);
        match deadline.earlier(self.total.deadline) == deadline {
            true => Bound { deadline, budget, length },
            false => self.total,
        }
    }

    /// How long a transfer may take from now on, and how long the server may pause in it.
    #[cfg(unix)]
    pub(crate) fn patience(&self) -> TransferDeadline {
        let patience = TransferDeadline::from(self.total.deadline);
        match self.timeouts.stall {
            Some(stall) => patience.with_stall_timeout(stall),
            None => patience,
        }
    }

    /// The bound that ended a wait for the server under [`patience`](Budgets::patience).
    #[cfg(unix)]
    pub(crate) fn impatience(&self) -> Bound {
        match self.timeouts.stall {
            Some(length) if !self.total.deadline.is_expired() => {
                let deadline = Deadline::at(Instant::now());
                Bound { deadline, budget: Budget::Stall, length }
            }
            _ => self.total,
        }
    }
}

impl Bound {
    /// The same, or sooner.
    pub(crate) fn earlier(self, deadline: Deadline) -> Bound {
        Bound { deadline: self.deadline.earlier(deadline), ..self }
    }

    /// What `error` means for a transfer in `phase`, after `received` bytes of content.
    pub(crate) fn error(self, error: netcore::Error, phase: Phase, received: u64) -> Error {
        // The system has timeouts too, which end a connection before its deadline.
        if !error.is_timeout() || !self.deadline.is_expired() {
            return Error::transport(error, phase, received);
        }
        self.ran_out(phase, received).because(Silent(error))
    }

    /// It ran out in `phase`, after `received` bytes of content.
    pub(crate) fn ran_out(self, phase: Phase, received: u64) -> Error {
        let Bound { budget, length, .. } = self;
        Error::new(ErrorKind::TimedOut { budget, phase, received, after: length })
    }
}
