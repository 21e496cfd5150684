//! An encrypted stream: a TLS session and its transport, the socket or another session.
//!
//! Several threads and handles may use one stream. The lock is held for calls that return at once,
//! never during a wait, so that one thread can read while another one writes.

mod below;
mod calls;
mod nonblocking;
mod registry;
mod std_io;
mod transport;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::Socket;

use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::lock::lock;
use crate::sys::{Interest, PollEntry};
use crate::tls::info::TlsInfo;
use crate::tls::session::Session;
use crate::tls::session::limits::MAX_PLAINTEXT;
use crate::until::Until;
use crate::wait;
use calls::{end, exchange, flush, handshake, has_more, is_transient, read, write};
use registry::Registration;
pub(super) use registry::is_encrypted_socket;
use transport::{Below, Transport};

/// The most plaintext bytes that one call encrypts.
const MAX_WRITE: usize = 4 * MAX_PLAINTEXT;
/// The longest wait for the handshake, which another thread may complete unnoticed. It may take the
/// first data too, so readers have to look again as well.
const HANDSHAKE_SLICE: Duration = Duration::from_millis(20);
/// The most rounds of a call that must not wait, for a peer that sends messages without data.
const MAX_ROUNDS: u32 = 64;

/// The most reads for session tickets before the end of the writing side.
const MAX_ABSORBED: usize = 4;

/// The TLS part of a [`Stream`](crate::Stream). The socket itself is in non-blocking mode.
#[derive(Debug)]
pub(super) struct Encrypted {
    session: Mutex<Session>,
    /// The blocking mode of the stream.
    nonblocking: AtomicBool,
    /// The number of readers that wait for the socket. Nobody else may then read from it: they
    /// would not notice data that lies in the session.
    waiting_readers: AtomicUsize,
    /// The session that carries the ciphertext of this one. `None` if the socket does.
    below: Option<Arc<Encrypted>>,
    /// `None` over another session, which has it.
    _registration: Option<Registration>,
}

/// The wait of a call that cannot continue.
#[derive(Debug, Clone, Copy)]
enum Wait<'a> {
    /// The call fails with [`WouldBlock`](io::ErrorKind::WouldBlock).
    No,
    Until(Until<'a>),
}

/// The readiness of the socket that a call waits for.
#[derive(Debug, Clone, Copy)]
struct Readiness {
    readable: bool,
    writable: bool,
    established: bool,
}

impl Encrypted {
    /// Puts `session` between `socket` and the user of the stream, which is in the mode
    /// `nonblocking`.
    pub(super) fn new(
        session: Session,
        socket: &Socket,
        nonblocking: bool,
    ) -> Result<Encrypted, Error> {
        let nonblocking = AtomicBool::new(nonblocking);
        let failed = |error| Error::from_io(Operation::SetOption("O_NONBLOCK"), error);
        socket.set_nonblocking(true).map_err(failed)?;
        Ok(Encrypted {
            session: Mutex::new(session),
            nonblocking,
            waiting_readers: AtomicUsize::new(0),
            below: None,
            _registration: Some(Registration::of(socket)),
        })
    }

    /// Puts `session` between the session `below` and the user of the stream.
    pub(super) fn over(below: Arc<Encrypted>, session: Session) -> Encrypted {
        Encrypted {
            session: Mutex::new(session),
            nonblocking: AtomicBool::new(below.is_nonblocking()),
            waiting_readers: AtomicUsize::new(0),
            below: Some(below),
            _registration: None,
        }
    }

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
    pub(super) fn handshake(&self, socket: &Socket, until: Until<'_>) -> Result<(), Error> {
        // One step precedes the deadline.
        let done = match self.run(socket, Interest::Read, Wait::No, handshake) {
            Err(error) if is_transient(&error) => {
                self.run(socket, Interest::Read, Wait::Until(until), handshake)
            }
            done => done,
        };
        result(Operation::Handshake, until, done)
    }

    pub(super) fn read(
        &self,
        socket: &Socket,
        buffer: &mut [u8],
        until: Until<'_>,
    ) -> Result<usize, Error> {
        let wait = Wait::Until(until);
        let read = self.read_waiting(socket, buffer, wait);
        result(self.operation(Operation::Read), until, read)
    }

    fn read_waiting(
        &self,
        socket: &Socket,
        buffer: &mut [u8],
        wait: Wait<'_>,
    ) -> io::Result<Option<usize>> {
        self.run(socket, Interest::Read, wait, |session, transport| {
            read(session, transport, buffer)
        })
    }

    /// Encrypts the beginning of `bytes`, and sends it as far as the deadline allows. Ciphertext
    /// that is unsent then precedes everything that is sent later.
    pub(super) fn write(
        &self,
        socket: &Socket,
        bytes: &[u8],
        until: Until<'_>,
    ) -> Result<usize, Error> {
        let wait = Wait::Until(until);
        let written = self.write_waiting(socket, bytes, wait);
        result(self.operation(Operation::Write), until, written)
    }

    fn write_waiting(
        &self,
        socket: &Socket,
        bytes: &[u8],
        wait: Wait<'_>,
    ) -> io::Result<Option<usize>> {
        let written = self.run(socket, Interest::Write, wait, |session, transport| {
            write(session, transport, bytes, MAX_WRITE)
        })?;
        if written.is_some() {
            match self.run(socket, Interest::Write, wait, flush) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        Ok(written)
    }

    /// Sends the ciphertext that waits.
    pub(super) fn flush(&self, socket: &Socket, until: Until<'_>) -> Result<(), Error> {
        let wait = Wait::Until(until);
        let done = self.run(socket, Interest::Write, wait, flush);
        result(Operation::Write, until, done)
    }

    /// Returns `true` if ciphertext waits for the socket.
    pub(super) fn has_unsent(&self) -> bool {
        lock(&self.session).has_unsent() || self.has_unsent_below()
    }

    fn has_unsent_below(&self) -> bool {
        self.below.as_ref().is_some_and(|below| below.has_unsent())
    }

    /// Sends `close_notify`, unless the handshake is not done or the connection has failed.
    pub(super) fn end(&self, socket: &Socket, until: Until<'_>) -> Result<(), Error> {
        self.queue_end(socket);
        let wait = Wait::Until(until);
        result(Operation::Write, until, self.run(socket, Interest::Write, wait, end))
    }

    /// Makes all later reads return the end.
    pub(super) fn end_reading(&self) {
        lock(&self.session).end_reading();
    }

    /// Sends `close_notify` if the socket has room for it.
    pub(super) fn end_now(&self, socket: &Socket) {
        self.queue_end(socket);
        let _ = end(&mut lock(&self.session), self.transport(socket));
    }

    /// Queues `close_notify`. Session tickets that have arrived are read first: TCP resets a
    /// connection that is closed with unread input, and the reset overtakes unsent data.
    fn queue_end(&self, socket: &Socket) {
        let mut session = lock(&self.session);
        for _ in 0..MAX_ABSORBED {
            let has_readers = self.waiting_readers.load(Ordering::Relaxed) > 0;
            let is_idle = session.is_established() && matches!(session.peek(), Ok(None));
            let is_idle = is_idle && !has_readers;
            if !is_idle || exchange(&mut session, self.transport(socket), &mut []).is_err() {
                break;
            }
        }
        session.end();
    }

    /// Waits until a read returns at once. Returns `false` if the deadline passed first.
    pub(super) fn wait_readable(&self, socket: &Socket, until: Until<'_>) -> Result<bool, Error> {
        // One check precedes the deadline, as without TLS.
        match self.run(socket, Interest::Read, Wait::No, has_more) {
            Err(error) if is_transient(&error) => {}
            _ => return Ok(true),
        }
        let wait = Wait::Until(until);
        match self.run(socket, Interest::Read, wait, has_more) {
            Ok(more) => Ok(more.is_some()),
            // The read returns the error.
            Err(_) => Ok(true),
        }
    }

    /// Returns `true` if the peer sends more, `false` at its orderly end.
    pub(super) fn has_more(&self, socket: &Socket, until: Until<'_>) -> Result<bool, Error> {
        let wait = Wait::Until(until);
        let more = self.run(socket, Interest::Read, wait, has_more);
        result(self.operation(Operation::Read), until, more)
    }

    /// Returns the operation that a timeout is about.
    fn operation(&self, operation: Operation) -> Operation {
        if lock(&self.session).is_established() { operation } else { Operation::Handshake }
    }

    /// Returns the transport of the session, over `socket`. The lock of a session is taken before
    /// that of the session below.
    fn transport<'a>(&'a self, socket: &'a Socket) -> Transport<'a> {
        Transport::new(socket, self.below.as_deref().map(|below| below as &dyn Below))
    }

    /// Makes `call`, and repeats it a few times if it asks for another call.
    fn attempt<T>(
        &self,
        socket: &Socket,
        mut call: impl FnMut(&mut Session, Transport<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        for _ in 0..MAX_ROUNDS {
            match call(&mut lock(&self.session), self.transport(socket)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Returns the readiness for a read or a write that `session`, the locked one of this value,
    /// cannot complete.
    fn readiness(&self, session: &Session, interest: Interest) -> Readiness {
        // The session below makes its handshake first, whatever this one needs.
        if let Some(below) = &self.below {
            let readiness = below.readiness(&lock(&below.session), interest);
            if !readiness.established {
                return readiness;
            }
        }
        let established = session.is_established();
        let readable = interest == Interest::Read || !established;
        let has_unsent = session.has_unsent() || self.has_unsent_below();
        Readiness { readable, writable: !readable || has_unsent, established }
    }

    /// Repeats `call`, which must not block, until it returns anything other than "would block".
    /// Returns `None` if the deadline passed first.
    fn run<T>(
        &self,
        socket: &Socket,
        interest: Interest,
        wait: Wait<'_>,
        mut call: impl FnMut(&mut Session, Transport<'_>) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let transport = self.transport(socket);
        let mut rounds = 0;
        loop {
            rounds += 1;
            if matches!(wait, Wait::Until(until) if until.is_over()) {
                return Ok(None);
            }
            let readiness = {
                let mut session = lock(&self.session);
                match call(&mut session, transport) {
                    Ok(value) => return Ok(Some(value)),
                    Err(error) if !is_transient(&error) => return Err(error),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        if matches!(wait, Wait::No) && rounds > MAX_ROUNDS {
                            return Err(error);
                        }
                        continue;
                    }
                    Err(error) if matches!(wait, Wait::No) => return Err(error),
                    Err(_) => {
                        // Under the lock, so that no reader waits unseen.
                        if interest == Interest::Read {
                            self.waiting_readers.fetch_add(1, Ordering::Relaxed);
                        }
                        self.readiness(&session, interest)
                    }
                }
            };
            let Wait::Until(until) = wait else { continue };
            let until = match readiness.established {
                true => until,
                false => until.earlier(Deadline::after(HANDSHAKE_SLICE)),
            };
            let entry = PollEntry::of(socket, readiness.readable, readiness.writable);
            let waited = wait::any_ready(&mut [entry], until);
            if interest == Interest::Read {
                self.waiting_readers.fetch_sub(1, Ordering::Relaxed);
            }
            waited?;
        }
    }
}

/// Returns the value, or the error with the operation that was not done in time.
fn result<T>(
    operation: Operation,
    until: Until<'_>,
    value: io::Result<Option<T>>,
) -> Result<T, Error> {
    match value {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(until.error(operation)),
        Err(error) => Err(match error.downcast::<Error>() {
            // The session below may have failed, whose own handshake was done.
            Ok(error) if operation == Operation::Handshake => error.during(operation),
            Ok(error) => error,
            Err(error) => Error::from_io(operation, error),
        }),
    }
}
