//! The end of a stream: of one direction, of both, and with all bytes received.

use std::io;
use std::net::Shutdown;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::stream::Stream;
use crate::sys::{self, Interest};
use crate::wait;

impl Stream {
    /// Closes the stream after the peer has received everything that was written.
    ///
    /// Closing a socket with unread input makes TCP reset the connection (RFC 1122 section
    /// 4.2.2.13), and the reset overtakes unsent data. This function therefore ends the writing
    /// side, reads and drops input until the peer ends too, and then closes.
    ///
    /// # Errors
    ///
    /// [`Operation::Shutdown`] with [`TimedOut`](ErrorKind::TimedOut) if the peer has not ended by
    /// the deadline, or with another kind, often [`ConnectionReset`](ErrorKind::ConnectionReset).
    /// The system reports a reset once, so only if no read or write has returned it before. The
    /// stream is closed in any case.
    pub fn finish(self, deadline: Deadline) -> Result<(), Error> {
        match self.end(deadline) {
            // Both sides have ended already, or the connection was reset, which reading reports.
            Err(error) if error.kind() == ErrorKind::NotConnected => {}
            result => result?,
        }
        let mut dropped = [0; 8192];
        loop {
            let read = wait::until(&self.socket, Interest::Read, deadline, || {
                self.socket.recv_with_flags(sys::uninit(&mut dropped), sys::DONT_WAIT)
            });
            match read {
                Ok(Some(0)) => return Ok(()),
                Ok(Some(_)) => {}
                Ok(None) => return Err(self.name(Error::timed_out(Operation::Shutdown))),
                Err(error) => return Err(self.name(Error::from_io(Operation::Shutdown, error))),
            }
        }
    }

    /// Ends the writing side within the deadline. Only over TLS it may have to wait.
    pub(crate) fn end(&self, deadline: Deadline) -> Result<(), Error> {
        if let Some(tls) = &self.tls {
            tls.end(&self.socket, deadline.into()).map_err(|error| self.name(error))?;
        }
        self.end_socket().map_err(|error| self.name(Error::from_io(Operation::Shutdown, error)))
    }

    /// Ends one direction, or both: shutdown(2). After the writing side has ended, the peer reads
    /// an end.
    ///
    /// Over TLS `close_notify` precedes that end. The end of the writing side waits for it as
    /// [`Write`](std::io::Write) does; the end of both sides does not wait. After the reading side
    /// has ended, reads return 0.
    ///
    /// # Errors
    ///
    /// [`Operation::Shutdown`], usually with [`NotConnected`](ErrorKind::NotConnected): the peer
    /// has reset the connection.
    pub fn shutdown(&self, how: Shutdown) -> Result<(), Error> {
        match (&self.tls, how) {
            (Some(tls), Shutdown::Write) => tls
                .end_by_mode(&self.socket)
                .map_err(|error| self.name(Error::from_io(Operation::Shutdown, error)))?,
            (Some(tls), Shutdown::Both) => tls.end_now(&self.socket),
            _ => {}
        }
        if let (Some(tls), Shutdown::Read | Shutdown::Both) = (&self.tls, how) {
            tls.end_reading();
        }
        let ended = match how {
            Shutdown::Write => self.end_socket(),
            _ => self.socket.shutdown(how),
        };
        ended.map_err(|error| self.name(Error::from_io(Operation::Shutdown, error)))
    }

    /// Ends the writing side of the socket.
    ///
    /// Over TLS, `close_notify` has been sent. A peer that has closed its socket answers with a
    /// reset. If that arrives first there is no connection to end. Nothing is lost, and reading
    /// reports the reset of a peer that has not ended before.
    pub(super) fn end_socket(&self) -> io::Result<()> {
        match self.socket.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected && self.tls.is_some() => {
                Ok(())
            }
            ended => ended,
        }
    }
}
