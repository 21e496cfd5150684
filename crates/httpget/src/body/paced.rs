//! Keeps the speed of a body below a rate.

use std::time::Instant;

use super::Body;
use crate::error::Error;
use crate::timeouts::Phase;

impl Body {
    /// Waits until the rate allows another read. The server does not count as silent meanwhile.
    pub(super) fn keep_pace(&mut self) -> Result<(), Error> {
        let Some(pace) = &self.context.pace else { return Ok(()) };
        let wait = pace.wait(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        self.context.deadlines.until().sleep(wait);
        let total = self.context.deadlines.total();
        if total.deadline.is_expired() {
            let error = total.ran_out(Phase::Body, self.received());
            return Err(self.fail(error.with_cause("the rate is limited")));
        }
        Ok(())
    }

    /// Returns `true` if the speed of the body is limited.
    pub(super) fn is_paced(&self) -> bool {
        self.context.pace.is_some()
    }

    /// Records received bytes.
    pub(super) fn record_pace(&mut self, count: usize) {
        if let Some(pace) = &mut self.context.pace {
            pace.record(Instant::now(), count as u64);
        }
    }
}
