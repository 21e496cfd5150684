//! The times at which requests are due.

#[cfg(test)]
mod tests;

const SECOND: u64 = 1_000_000_000;

/// The times at which requests are due, in nanoseconds of the generator's clock.
#[derive(Debug, Clone)]
pub(super) enum Schedule {
    /// Closed loop: a request is due as soon as an earlier one is answered.
    Closed,
    /// Open loop: requests are due at fixed times, independent of the answers.
    Open {
        next: u64,
        /// The fraction of a nanosecond that `next` leaves out, in units of 1 / `rate`.
        parts: u64,
        step: u64,
        step_parts: u64,
        rate: u64,
    },
}

impl Schedule {
    /// Creates the schedule of one share of an open loop with `rate` requests per second from
    /// `start` on: every `shares`th request, beginning with number `share`.
    pub(super) fn open_loop(start: u64, rate: u64, share: u64, shares: u64) -> Schedule {
        let (first, step) = (share * SECOND, shares * SECOND);
        Schedule::Open {
            next: start + first / rate,
            parts: first % rate,
            step: step / rate,
            step_parts: step % rate,
            rate,
        }
    }

    /// Returns the time at which the next request is due. In a closed loop that is `now`.
    pub(super) fn next(&self, now: u64) -> u64 {
        match self {
            Schedule::Closed => now,
            Schedule::Open { next, .. } => *next,
        }
    }

    /// Advances to the request after that.
    pub(super) fn advance(&mut self) {
        if let Schedule::Open { next, parts, step, step_parts, rate } = self {
            *next += *step;
            *parts += *step_parts;
            if *parts >= *rate {
                *parts -= *rate;
                *next += 1;
            }
        }
    }

    /// Returns the number of requests due before `until`, including the next one.
    pub(super) fn left(&self, until: u64) -> u64 {
        match self {
            Schedule::Closed => 0,
            Schedule::Open { next, step, step_parts, rate, .. } => {
                let span = u128::from(until.saturating_sub(*next)) * u128::from(*rate);
                let step = u128::from(*step) * u128::from(*rate) + u128::from(*step_parts);
                u64::try_from(span.div_ceil(step)).unwrap_or(u64::MAX)
            }
        }
    }
}
