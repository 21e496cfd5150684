//! Waiting until the peer has received all written bytes.

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod tests;

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::stream::Stream;
use crate::sys;
use crate::wait;

/// The longest pause between two checks: no system notifies of this event.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl Stream {
    /// Waits until the peer has received everything that was written. Over TCP the peer's system
    /// has then acknowledged it, an end of the writing side included; over a Unix socket the peer
    /// has read it. The counterpart of tcdrain(3) for a terminal. On Linux.
    ///
    /// A successful write only says that this system has the bytes. A program that ends then never
    /// learns that the peer did not receive them.
    ///
    /// # Errors
    ///
    /// - [`Operation::Write`] with [`TimedOut`](crate::ErrorKind::TimedOut) once the deadline has
    ///   passed, or with the failure of the connection, often
    ///   [`ConnectionReset`](crate::ErrorKind::ConnectionReset);
    /// - [`Operation::Inspect`] with [`Unsupported`](crate::ErrorKind::Unsupported) on a system
    ///   that does not report it.
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
        self.flush_deadline(deadline)?;
        let inspected = |error| self.name(Error::from_io(Operation::Inspect, error));
        let mut pauses = 0;
        loop {
            let unsent = sys::unsent(&self.socket).map_err(inspected)?;
            // Checked second: a peer that discards all bytes leaves nothing unsent either.
            if let Some(error) = self.socket.take_error().map_err(inspected)? {
                return Err(self.name(Error::from_io(Operation::Write, error)));
            }
            if unsent == 0 {
                return Ok(());
            }
            if deadline.is_expired() {
                return Err(self.name(Error::timed_out(Operation::Write)));
            }
            wait::pause(pauses, LONGEST_PAUSE, deadline);
            pauses += 1;
        }
    }
}
