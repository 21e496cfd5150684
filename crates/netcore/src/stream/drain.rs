//! Waiting until all that was written has been taken.

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod tests;

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::stream::Stream;
use crate::sys;

/// The longest pause before another look: no system tells when it is so far.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl Stream {
    /// Waits until all that was written has been taken: over TCP by the peer's system, which has
    /// acknowledged it, an end of the writing side included; over a Unix socket by the peer, which
    /// has read it. What tcdrain(3) is for a terminal. On Linux.
    ///
    /// A successful write says no more than that this system has the bytes. A program that ends
    /// then will never learn that the peer did not want them.
    ///
    /// # Errors
    ///
    /// - [`Operation::Write`] with [`TimedOut`](crate::ErrorKind::TimedOut) once the deadline has
    ///   passed, or with what befell the connection, often
    ///   [`ConnectionReset`](crate::ErrorKind::ConnectionReset);
    /// - [`Operation::Inspect`] with [`Unsupported`](crate::ErrorKind::Unsupported) on a system that
    ///   does not tell.
    ///
    /// ```
    /// use std::net::Shutdown;
    /// use netcore::{Deadline, Error, Stream};
    ///
    /// /// Sends all there is to say, and knows that it has arrived.
    /// fn deliver(stream: &Stream, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
    ///     stream.write_all_deadline(bytes, deadline)?;
    ///     stream.shutdown(Shutdown::Write)?;
    ///     stream.drain(deadline)
    /// }
    /// ```
    pub fn drain(&self, deadline: Deadline) -> Result<(), Error> {
        let inspected = |error| self.name(Error::from_io(Operation::Inspect, error));
        let mut pauses = 0;
        loop {
            let unsent = sys::unsent(&self.socket).map_err(inspected)?;
            // Asked second: a peer that throws all away leaves nothing unsent either.
            if let Some(error) = self.socket.take_error().map_err(inspected)? {
                return Err(self.name(Error::from_io(Operation::Write, error)));
            }
            if unsent == 0 {
                return Ok(());
            }
            if deadline.is_expired() {
                return Err(self.name(Error::timed_out(Operation::Write)));
            }
            sys::pause(pauses, LONGEST_PAUSE, deadline);
            pauses += 1;
        }
    }
}
