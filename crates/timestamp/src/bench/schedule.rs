//! When requests are due.

#[cfg(test)]
mod tests;

const SECOND: u64 = 1_000_000_000;

/// The times at which requests are due, in nanoseconds of the generator's clock.
#[derive(Debug, Clone)]
pub(super) enum Schedule {
    /// Closed loop: as soon as a request has its answer, the next is due.
    Answered,
    /// Open loop: whatever becomes of the others.
    Paced {
        next: u64,
        /// What `next` leaves out, in parts of a nanosecond of which there are `rate`.
        parts: u64,
        step: u64,
        step_parts: u64,
        rate: u64,
    },
}

impl Schedule {
    /// `rate` requests a second from `start` on, of which this is every `shares`th, from the one
    /// with the number `share` on.
    pub(super) fn paced(start: u64, rate: u64, share: u64, shares: u64) -> Schedule {
        let (first, step) = (share * SECOND, shares * SECOND);
        Schedule::Paced {
            next: start + first / rate,
            parts: first % rate,
            step: step / rate,
            step_parts: step % rate,
            rate,
        }
    }

    /// The time at which the next request is due, `now` where that depends on answers alone.
    pub(super) fn next(&self, now: u64) -> u64 {
        match self {
            Schedule::Answered => now,
            Schedule::Paced { next, .. } => *next,
        }
    }

    /// Goes on to the one after it.
    pub(super) fn advance(&mut self) {
        if let Schedule::Paced { next, parts, step, step_parts, rate } = self {
            *next += *step;
            *parts += *step_parts;
            if *parts >= *rate {
                *parts -= *rate;
                *next += 1;
            }
        }
    }

    /// How many requests are due before `until`, from the next on.
    pub(super) fn left(&self, until: u64) -> u64 {
        match self {
            Schedule::Answered => 0,
            Schedule::Paced { next, step, step_parts, rate, .. } => {
                let span = u128::from(until.saturating_sub(*next)) * u128::from(*rate);
                let step = u128::from(*step) * u128::from(*rate) + u128::from(*step_parts);
                u64::try_from(span.div_ceil(step)).unwrap_or(u64::MAX)
            }
        }
    }
}
