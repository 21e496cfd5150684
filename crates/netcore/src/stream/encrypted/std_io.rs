//! The calls of an encrypted stream for std's traits: by the blocking mode and the options.

use std::io;
use std::time::Duration;

use socket2::Socket;

use crate::deadline::Deadline;
use crate::stream::encrypted::calls::{end, flush};
use crate::stream::encrypted::{Encrypted, Wait};
use crate::sys::Interest;

impl Encrypted {
    /// Reads as std's trait does: by the blocking mode and `SO_RCVTIMEO`.
    pub(crate) fn read_by_mode(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let wait = self.wait_by_mode(|| socket.read_timeout())?;
        self.read_waiting(socket, buffer, wait)?.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// Writes as std's trait does: by the blocking mode and `SO_SNDTIMEO`.
    pub(crate) fn write_by_mode(&self, socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        let wait = self.wait_by_mode(|| socket.write_timeout())?;
        self.write_waiting(socket, bytes, wait)?.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// Sends the ciphertext that waits, by the blocking mode and `SO_SNDTIMEO`.
    pub(crate) fn flush_by_mode(&self, socket: &Socket) -> io::Result<()> {
        if !self.has_unsent() {
            return Ok(());
        }
        let wait = self.wait_by_mode(|| socket.write_timeout())?;
        let done = self.run(socket, Interest::Write, wait, flush)?;
        done.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// Sends `close_notify`, by the blocking mode and `SO_SNDTIMEO`.
    pub(crate) fn end_by_mode(&self, socket: &Socket) -> io::Result<()> {
        self.queue_end(socket);
        let wait = self.wait_by_mode(|| socket.write_timeout())?;
        let done = self.run(socket, Interest::Write, wait, end)?;
        done.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    fn wait_by_mode(
        &self,
        timeout: impl FnOnce() -> io::Result<Option<Duration>>,
    ) -> io::Result<Wait<'static>> {
        Ok(match self.is_nonblocking() {
            true => Wait::No,
            false => Wait::Until(timeout()?.map_or(Deadline::never(), Deadline::after).into()),
        })
    }
}
