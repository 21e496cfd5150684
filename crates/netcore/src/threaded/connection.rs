use std::io::{self, Read, Write};
use std::net::Shutdown;
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

/// The most that one write takes, and so what a peer has the idle timeout for.
const LONGEST_WRITE: usize = 64 * 1024;
/// How long a peer may take to close its side after the handler has returned, and how long it may
/// be silent meanwhile.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_QUIET: Duration = Duration::from_millis(250);

/// A connection, as its handler has it.
///
/// [`Read`] and [`Write`] are bounded by the server's timeouts. As with [`Stream`] they take
/// `&Connection`, so a handler can read through a [`BufReader`](std::io::BufReader) and write
/// beside it. Both fail with [`TimedOut`](io::ErrorKind::TimedOut) once a timeout is over, with
/// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) once the server has cut the connection
/// off, and with the errors of [`Stream::read_deadline`] and [`Stream::write_all_deadline`]. After
/// a failed write the peer has got an unknown part of it.
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

    /// Who it is.
    #[must_use]
    pub fn peer(&self) -> &Address {
        &self.peer
    }

    /// The deadline of something that begins now: the idle timeout from here, but not beyond
    /// [`end`](Connection::end). For the functions of [`Stream`] that take one.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.idle.map_or(Deadline::never(), Deadline::after).earlier(self.end)
    }

    /// When the total timeout is over.
    #[must_use]
    pub fn end(&self) -> Deadline {
        self.end
    }

    /// Whether the server stops: a handler that serves one request after the other should take no
    /// more.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.shared.phase() > Phase::Serving
    }

    /// The stream, for all that reading and writing is not enough for.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Closes the connection without an end once the handler returns, so that the peer does not take
    /// for whole what is not: over TCP it sees a reset (RFC 9293 section 3.10.5, ABORT).
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`] if the system refuses `SO_LINGER`.
    pub fn abort(&self) -> Result<(), Error> {
        self.aborted.store(true, Ordering::Relaxed);
        SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&*self.stream)
    }

    /// As [`Stream::finish`], with a peer's time limited.
    pub(super) fn finish(&self) {
        if self.aborted.load(Ordering::Relaxed) {
            return;
        }
        let end = Deadline::after(LINGER).earlier(self.end);
        if self.stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let mut dropped = [0; 8192];
        let quiet = || Deadline::after(LINGER_QUIET).earlier(end);
        while matches!(self.stream.read_deadline(&mut dropped, quiet()), Ok(1..)) {}
    }

    fn is_cut(&self) -> bool {
        self.shared.phase() == Phase::Aborting
    }

    /// An end or a failure that comes from our own shutdown is not the peer's.
    fn cut_off(&self, operation: Operation) -> Error {
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
            _ if self.is_cut() => return Err(self.cut_off(Operation::Read).into()),
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
            Err(_) if self.is_cut() => Err(self.cut_off(Operation::Write).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Does nothing: a socket has no buffer that it could write out.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
