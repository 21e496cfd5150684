//! One connection of the threaded server.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::config::Config;
use super::shared::Shared;
use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::options::SocketOptions;
use crate::shutdown::{Control, Phase};
use crate::stream::Stream;

/// The most bytes of one write. The peer has the idle timeout to take them.
const LONGEST_WRITE: usize = 64 * 1024;
/// The longest time for which input is discarded after the handler has returned.
const LINGER: Duration = Duration::from_secs(5);
/// The longest silence of the peer in that time.
const LINGER_QUIET: Duration = Duration::from_millis(250);

/// A connection of a handler.
///
/// [`Read`] and [`Write`] are bounded by the server's timeouts. Like those of [`Stream`] they take
/// `&Connection`, so a handler can read through a [`BufReader`](std::io::BufReader) and write at
/// the same time.
///
/// Both fail with [`TimedOut`](io::ErrorKind::TimedOut) once a timeout is over, and with
/// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) once the server's grace period is over.
/// Their other errors are those of [`Stream::read_deadline`] and [`Stream::write_all_deadline`].
/// After a failed write the peer has received an unknown part of the bytes.
#[derive(Debug)]
pub struct Connection {
    stream: Arc<Stream>,
    peer: Address,
    idle: Option<Duration>,
    end: Deadline,
    aborted: AtomicBool,
    shared: Arc<Shared>,
}

impl Connection {
    pub(super) fn new(
        stream: Arc<Stream>,
        peer: Address,
        config: &Config,
        shared: Arc<Shared>,
    ) -> Connection {
        let end = config.total_timeout.map_or(Deadline::never(), Deadline::after);
        let aborted = AtomicBool::new(false);
        Connection { stream, peer, idle: config.idle_timeout, end, aborted, shared }
    }

    /// Returns the address of the peer.
    #[must_use]
    pub fn peer(&self) -> &Address {
        &self.peer
    }

    /// Returns the deadline of an operation that begins now: the idle timeout from here, at most
    /// [`end`](Connection::end). Use it for functions of [`Stream`] that take a deadline.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.idle.map_or(Deadline::never(), Deadline::after).earlier(self.end)
    }

    /// Returns the end of the total timeout.
    #[must_use]
    pub fn end(&self) -> Deadline {
        self.end
    }

    /// Returns `true` if the server stops. A handler of many requests should take no more of them
    /// then.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.shared.phase() > Phase::Serving
    }

    /// Returns the stream, for everything beyond reading and writing.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Closes the connection without an orderly end once the handler returns, so that the peer does
    /// not mistake a partial reply for a whole one. A TCP peer sees a reset (RFC 9293 section
    /// 3.10.5, ABORT).
    ///
    /// # Errors
    ///
    /// Fails with [`Operation::SetOption`] if the system refuses `SO_LINGER`.
    pub fn abort(&self) -> Result<(), Error> {
        self.aborted.store(true, Ordering::Relaxed);
        SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&*self.stream)
    }

    /// Sends the end and waits for the peer's, like [`Stream::finish`], with a time limit.
    pub(super) fn finish(&self) {
        if self.aborted.load(Ordering::Relaxed) {
            return;
        }
        let end = Deadline::after(LINGER).earlier(self.end);
        if self.stream.end(end).is_err() {
            return;
        }
        let mut dropped = [0; 8192];
        let quiet = || Deadline::after(LINGER_QUIET).earlier(end);
        while matches!(self.stream.read_deadline(&mut dropped, quiet()), Ok(1..)) {}
    }

    fn is_aborting(&self) -> bool {
        self.shared.phase() == Phase::Aborting
    }

    /// Returns the error for an end or a failure that our own shutdown has caused.
    fn aborted_error(&self, operation: Operation) -> Error {
        let error = Error::new(operation, ErrorKind::ConnectionAborted)
            .because(io::Error::other("the server stops"));
        match &self.peer {
            Address::Unix(None) => error,
            peer => error.on(peer.clone()),
        }
    }
}

impl Read for &Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read_deadline(buffer, self.deadline());
        match read {
            Ok(1..) => {}
            Ok(0) if buffer.is_empty() => {}
            _ if self.is_aborting() => return Err(self.aborted_error(Operation::Read).into()),
            _ => {}
        }
        Ok(read?)
    }
}

impl Write for &Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(LONGEST_WRITE)];
        match self.stream.write_all_deadline(bytes, self.deadline()) {
            Ok(()) => Ok(bytes.len()),
            Err(_) if self.is_aborting() => Err(self.aborted_error(Operation::Write).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Does nothing: the connection has no buffer.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
