//! Waits for the next bytes of a body, and the minimum speed.

use std::time::Instant;

use netcore::Deadline;

use super::Body;
use crate::deadlines::StepDeadline;
use crate::error::{Bytes, Error, ErrorKind};
use crate::min_speed::MinSpeed;
use crate::timeouts::{Phase, Timeout};

impl Body {
    /// Waits until the connection is readable and checks the minimum speed meanwhile. Any other
    /// error is left for the next read.
    pub(super) fn wait_at_min_speed(&mut self) -> Result<(), Error> {
        let step = self.stall();
        let received = self.received();
        let (Some(connection), Some(meter)) = (&self.connection, &mut self.meter) else {
            return Ok(());
        };
        loop {
            let begin = Instant::now();
            let soon = Deadline::after_at(begin, meter.longest_wait());
            let waited = connection.wait_readable(step.deadline.earlier(soon));
            meter.record(begin.elapsed(), received);
            if meter.is_too_slow() {
                break;
            }
            if step.deadline.is_expired() || waited.unwrap_or(true) {
                return Ok(());
            }
        }
        let MinSpeed { bytes, time: after } = meter.min_speed();
        let kind =
            ErrorKind::TimedOut { timeout: Timeout::MinSpeed, phase: Phase::Body, received, after };
        let slow = Error::new(kind).with_cause(format!("slower than {} a second", Bytes(bytes)));
        Err(self.fail(slow))
    }

    pub(super) fn stall(&self) -> StepDeadline {
        self.context.deadlines.step(Timeout::Stall, Instant::now())
    }
}
