//! An encrypted stream: a TLS session and its socket.
//!
//! Several threads and handles may use one stream. The lock is held for calls that return at once,
//! never during a wait, so that one thread can read while another one writes.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::Socket;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::lock::lock;
use crate::stream::Stream;
use crate::sys::{self, Interest, PollEntry};
use crate::tls::info::TlsInfo;
use crate::tls::session::Session;
use crate::tls::session::limits::MAX_PLAINTEXT;

/// The most plaintext bytes that one call encrypts.
const MAX_WRITE: usize = 4 * MAX_PLAINTEXT;
/// The longest wait for the handshake, which another thread may complete unnoticed. It may take the
/// first data too, so readers have to look again as well.
const HANDSHAKE_SLICE: Duration = Duration::from_millis(20);
/// The most rounds of a call that must not wait, for a peer that sends messages without data.
const MAX_ROUNDS: u32 = 64;

/// The TLS part of a [`Stream`]. The socket itself is in non-blocking mode.
#[derive(Debug)]
pub(super) struct Encrypted {
    session: Mutex<Session>,
    /// The blocking mode of the stream.
    nonblocking: AtomicBool,
}

/// The wait of a call that cannot continue.
#[derive(Debug, Clone, Copy)]
enum Wait {
    /// The call fails with [`WouldBlock`](io::ErrorKind::WouldBlock).
    No,
    Until(Deadline),
}

impl Encrypted {
    pub(super) fn is_nonblocking(&self) -> bool {
        self.nonblocking.load(Ordering::Relaxed)
    }

    pub(super) fn set_nonblocking(&self, on: bool) {
        self.nonblocking.store(on, Ordering::Relaxed);
    }

    pub(super) fn info(&self) -> TlsInfo {
        lock(&self.session).info()
    }

    /// Completes the handshake.
    pub(super) fn handshake(&self, socket: &Socket, deadline: Deadline) -> Result<(), Error> {
        let wait = Wait::Until(deadline);
        let done = self.run(socket, Interest::Read, wait, |session| handshake(session, socket));
        result(Operation::Handshake, done)
    }

    pub(super) fn read(
        &self,
        socket: &Socket,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let wait = Wait::Until(deadline);
        let read = self.run(socket, Interest::Read, wait, |session| read(session, socket, buffer));
        result(self.operation(Operation::Read), read)
    }

    /// Reads as std's trait does: by the blocking mode and `SO_RCVTIMEO`.
    pub(super) fn read_by_mode(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let wait = self.wait_by_mode(|| socket.read_timeout())?;
        let read =
            self.run(socket, Interest::Read, wait, |session| read(session, socket, buffer))?;
        read.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// Encrypts the beginning of `bytes`, and sends it as far as the deadline allows. Ciphertext
    /// that is unsent then precedes everything that is sent later.
    pub(super) fn write(
        &self,
        socket: &Socket,
        bytes: &[u8],
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let wait = Wait::Until(deadline);
        let written = self.write_waiting(socket, bytes, wait);
        result(self.operation(Operation::Write), written)
    }

    /// Writes as std's trait does: by the blocking mode and `SO_SNDTIMEO`.
    pub(super) fn write_by_mode(&self, socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        let wait = self.wait_by_mode(|| socket.write_timeout())?;
        self.write_waiting(socket, bytes, wait)?.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    fn write_waiting(
        &self,
        socket: &Socket,
        bytes: &[u8],
        wait: Wait,
    ) -> io::Result<Option<usize>> {
        let written = self.run(socket, Interest::Write, wait, |session| {
            if !session.is_established() {
                handshake(session, socket)?;
            }
            let sent = session.send(bytes, MAX_WRITE, |bytes| send(socket, bytes));
            sent.map_err(|error| refusal(session, socket, error))
        })?;
        if written.is_some() {
            match self.run(socket, Interest::Write, wait, |session| flush(session, socket)) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        Ok(written)
    }

    /// Sends the ciphertext that waits.
    pub(super) fn flush(&self, socket: &Socket, deadline: Deadline) -> Result<(), Error> {
        let wait = Wait::Until(deadline);
        let done = self.run(socket, Interest::Write, wait, |session| flush(session, socket));
        result(Operation::Write, done)
    }

    /// Sends the ciphertext that waits, by the blocking mode and `SO_SNDTIMEO`.
    pub(super) fn flush_by_mode(&self, socket: &Socket) -> io::Result<()> {
        if !self.has_unsent() {
            return Ok(());
        }
        let wait = self.wait_by_mode(|| socket.write_timeout())?;
        let done = self.run(socket, Interest::Write, wait, |session| flush(session, socket))?;
        done.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// Returns `true` if ciphertext waits for the socket.
    pub(super) fn has_unsent(&self) -> bool {
        lock(&self.session).has_unsent()
    }

    /// Sends `close_notify`, unless the handshake is not done or the connection has failed.
    pub(super) fn end(&self, socket: &Socket, deadline: Deadline) -> Result<(), Error> {
        lock(&self.session).end();
        self.flush(socket, deadline)
    }

    /// Sends `close_notify`, by the blocking mode and `SO_SNDTIMEO`.
    pub(super) fn end_by_mode(&self, socket: &Socket) -> io::Result<()> {
        lock(&self.session).end();
        self.flush_by_mode(socket)
    }

    /// Sends `close_notify` if the socket has room for it.
    pub(super) fn end_now(&self, socket: &Socket) {
        let mut session = lock(&self.session);
        session.end();
        let _ = flush(&mut session, socket);
    }

    /// Waits until a read returns at once. Returns `false` if the deadline passed first.
    pub(super) fn wait_readable(&self, socket: &Socket, deadline: Deadline) -> Result<bool, Error> {
        // One check precedes the deadline, as without TLS.
        match self.run(socket, Interest::Read, Wait::No, |session| has_more(session, socket)) {
            Err(error) if is_transient(&error) => {}
            _ => return Ok(true),
        }
        let wait = Wait::Until(deadline);
        match self.run(socket, Interest::Read, wait, |session| has_more(session, socket)) {
            Ok(more) => Ok(more.is_some()),
            // The read returns the error.
            Err(_) => Ok(true),
        }
    }

    /// Returns `true` if the peer sends more, `false` at its orderly end.
    #[cfg(unix)]
    pub(super) fn has_more(&self, socket: &Socket, deadline: Deadline) -> Result<bool, Error> {
        let wait = Wait::Until(deadline);
        let more = self.run(socket, Interest::Read, wait, |session| has_more(session, socket));
        result(self.operation(Operation::Read), more)
    }

    /// Returns the operation that a timeout is about.
    fn operation(&self, operation: Operation) -> Operation {
        if lock(&self.session).is_established() { operation } else { Operation::Handshake }
    }

    fn wait_by_mode(
        &self,
        timeout: impl FnOnce() -> io::Result<Option<Duration>>,
    ) -> io::Result<Wait> {
        Ok(match self.is_nonblocking() {
            true => Wait::No,
            false => Wait::Until(timeout()?.map_or(Deadline::never(), Deadline::after)),
        })
    }

    /// Repeats `call`, which must not block, until it returns anything other than "would block".
    /// Returns `None` if the deadline passed first.
    fn run<T>(
        &self,
        socket: &Socket,
        interest: Interest,
        wait: Wait,
        mut call: impl FnMut(&mut Session) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let mut rounds = 0;
        loop {
            rounds += 1;
            if matches!(wait, Wait::Until(deadline) if deadline.is_expired()) {
                return Ok(None);
            }
            let (established, unsent) = {
                let mut session = lock(&self.session);
                match call(&mut session) {
                    Ok(value) => return Ok(Some(value)),
                    Err(error) if !is_transient(&error) => return Err(error),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        if matches!(wait, Wait::No) && rounds > MAX_ROUNDS {
                            return Err(error);
                        }
                        continue;
                    }
                    Err(error) if matches!(wait, Wait::No) => return Err(error),
                    Err(_) => (session.is_established(), session.has_unsent()),
                }
            };
            let Wait::Until(deadline) = wait else { continue };
            let (reads, writes) = (interest == Interest::Read || !established, unsent);
            let until = match established {
                false => deadline.earlier(Deadline::after(HANDSHAKE_SLICE)),
                true => deadline,
            };
            let mut entries = Vec::with_capacity(2);
            if reads {
                entries.push(PollEntry::new(socket, Interest::Read));
            }
            if writes || !reads {
                entries.push(PollEntry::new(socket, Interest::Write));
            }
            sys::wait_any(&mut entries, until)?;
        }
    }
}

/// Returns the value, or the error with the operation of a timeout.
fn result<T>(operation: Operation, value: io::Result<Option<T>>) -> Result<T, Error> {
    match value {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Error::timed_out(operation)),
        Err(error) => {
            Err(error.downcast().unwrap_or_else(|error| Error::from_io(operation, error)))
        }
    }
}

/// Returns `true` if the call that failed is to be repeated, after a wait or at once.
fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    socket.send_with_flags(bytes, sys::NO_SIGNAL | sys::DONT_WAIT)
}

fn receive(session: &mut Session, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    let receive = |buffer: &mut [u8]| socket.recv_with_flags(sys::uninit(buffer), sys::DONT_WAIT);
    session.receive(receive, buffer).map(|(received, _)| received)
}

fn flush(session: &mut Session, socket: &Socket) -> io::Result<()> {
    match session.flush(|bytes| send(socket, bytes)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(refusal(session, socket, error)),
    }
}

/// Returns the reason why the peer takes nothing more, if it has sent one before it closed the
/// connection. Otherwise returns `error`, the failure to send.
fn refusal(session: &mut Session, socket: &Socket, error: io::Error) -> io::Error {
    if !is_transient(&error) && matches!(session.peek(), Ok(None)) {
        let _ = receive(session, socket, &mut []);
    }
    session.alert().unwrap_or(error)
}

/// Sends the ciphertext that waits and receives more. Returns the number of bytes in `buffer`.
fn exchange(session: &mut Session, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    let flushed = session.flush(|bytes| send(socket, bytes));
    let received = receive(session, socket, buffer);
    // An alert of this side, or another reply.
    let replied = session.flush(|bytes| send(socket, bytes));
    match received {
        // The peer takes nothing more, and has not said why.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            flushed?;
            replied?;
            Err(error)
        }
        received => received,
    }
}

/// Returns the request for another call.
///
/// A peer can send messages without data faster than they are read. The caller therefore checks its
/// deadline and releases the lock between any two of the calls below.
fn again() -> io::Error {
    io::ErrorKind::Interrupted.into()
}

fn handshake(session: &mut Session, socket: &Socket) -> io::Result<()> {
    if !session.is_established() {
        exchange(session, socket, &mut [])?;
    }
    match session.is_established() {
        true => flush(session, socket),
        false => Err(again()),
    }
}

fn read(session: &mut Session, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    if let Some(taken) = session.take(buffer)? {
        return Ok(taken);
    }
    match exchange(session, socket, buffer)? {
        0 => Err(again()),
        read => Ok(read),
    }
}

fn has_more(session: &mut Session, socket: &Socket) -> io::Result<bool> {
    if let Some(more) = session.peek()? {
        return Ok(more);
    }
    exchange(session, socket, &mut [])?;
    session.peek()?.ok_or_else(again)
}

impl Stream {
    /// Puts the session between this stream and its user. A stream has one session.
    pub(crate) fn encrypted(self, session: Session) -> Result<Stream, Error> {
        if self.tls.is_some() {
            let error = Error::new(Operation::Handshake, ErrorKind::InvalidInput);
            return Err(self.name(error.because_text("the stream is encrypted already")));
        }
        let nonblocking = sys::is_nonblocking(&socket2::SockRef::from(&self.socket));
        // Windows does not report the mode. Streams are in blocking mode unless an option says
        // otherwise.
        let nonblocking = AtomicBool::new(cfg!(unix) && nonblocking);
        let failed = |error| Error::from_io(Operation::SetOption("O_NONBLOCK"), error);
        if let Err(error) = self.socket.set_nonblocking(true) {
            return Err(self.name(failed(error)));
        }
        let tls = Some(Encrypted { session: Mutex::new(session), nonblocking }.into());
        Ok(Stream { tls, ..self })
    }

    /// Returns the properties of an encrypted connection. Returns `None` without TLS.
    #[must_use]
    pub fn tls(&self) -> Option<TlsInfo> {
        self.tls.as_ref().map(|tls| tls.info())
    }
}
