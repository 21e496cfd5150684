//! One connection: its socket, its phase, its time limits (stalled, idle), and its unsent bytes.
//!
//! Nothing here calls the service.
//!
//! ```text
//!  Handshaking ─────────────────────────────────┐ failed
//!   │ done                                       ▼
//!   ▼         close()     flushed, end sent          peer's end, silence
//!  Serving ──────────► Closing ────────────► Lingering ────────────────► released
//!                                                       or the time limit
//! ```
//!
//! A connection over a bare socket begins with Serving. An error of the socket, a stall and an
//! immediate stop release the connection in every phase.

pub(super) mod closing;
mod handshaking;
pub(super) mod state;

use std::io::{self, ErrorKind};

use super::byte_stream::{ByteStream, Written};
use super::clock::Clock;
use super::output::{End, Output};
use super::send_queue::{self, SendQueue};
use super::service::Closed;
use super::timers::NEVER;
use state::{Due, Input, Phase, ReadOutcome, Readiness, Reading, Sending, Sent, Timeouts};

/// Milliseconds without a byte from the peer after which a lingering connection is released.
const LINGER_QUIET: u64 = 250;
/// Milliseconds after which a lingering connection is released in any case.
const LINGER: u64 = 5_000;
/// Milliseconds that the peer of a closing connection has to take the unsent bytes.
const CLOSING: u64 = 30_000;

/// Milliseconds that a handshake may take.
const HANDSHAKE: u64 = 10_000;

/// The service's value for a connection.
#[derive(Debug)]
enum State<C> {
    /// The connection is open for the service.
    Open(C),
    /// The service has been notified of the close, or never knew the connection.
    Closed {
        /// Time in milliseconds at which lingering began.
        linger_start: u64,
    },
}

pub(super) struct Connection<C, T> {
    socket: T,
    state: State<C>,
    unsent: Option<Box<SendQueue>>,
    /// Time of the last read in milliseconds, updated only if an idle timeout is set. For a closing
    /// connection, the time at which the service closed it. For one in a handshake, its beginning.
    last_read: u64,
    /// Time in milliseconds for which the connection's timer is armed.
    timer: u64,
    phase: Phase,
    input: Input,
    sending: Sending,
    /// A write has failed, or the poller has reported an error or a hang-up.
    hung_up: bool,
    /// The peer is rejected: it receives the reason and is never served.
    rejected: bool,
    /// The service has paused reading.
    paused: bool,
    /// The service wants a call of `ready` once nothing is unsent.
    wants_ready: bool,
}

impl<C, T> Connection<C, T> {
    /// Returns a connection that waits for its service's value.
    pub(super) fn new(socket: T, rejected: bool) -> Connection<C, T> {
        Connection {
            socket,
            state: State::Closed { linger_start: 0 },
            unsent: None,
            last_read: 0,
            timer: NEVER,
            phase: Phase::Serving,
            input: Input::Drained,
            sending: Sending::Writable,
            hung_up: false,
            rejected,
            paused: false,
            wants_ready: false,
        }
    }

    pub(super) fn socket(&mut self) -> &mut T {
        &mut self.socket
    }

    /// Opens the connection for the service.
    pub(super) fn open(&mut self, state: C) {
        self.state = State::Open(state);
    }

    /// Returns the service's value. Returns `None` once the service knows that the connection is
    /// closed.
    pub(super) fn state(&mut self) -> Option<&mut C> {
        match &mut self.state {
            State::Open(state) => Some(state),
            State::Closed { .. } => None,
        }
    }

    /// Returns the service's value of a released connection, after its socket is closed.
    pub(super) fn into_state(self) -> Option<C> {
        drop(self.socket);
        match self.state {
            State::Open(state) => Some(state),
            State::Closed { .. } => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    pub(super) fn is_serving(&self) -> bool {
        self.phase == Phase::Serving
    }

    pub(super) fn is_rejected(&self) -> bool {
        self.rejected
    }

    /// Returns `true` if input, an end or an error may wait in the socket.
    pub(super) fn is_readable(&self) -> bool {
        matches!(self.input, Input::Readable | Input::ReadToEnd)
    }

    /// Notes an event of the poller.
    pub(super) fn note(&mut self, event: Readiness) {
        self.hung_up |= event.hung_up;
        if (event.write || event.hung_up) && self.sending == Sending::Full {
            self.sending = Sending::Writable;
        }
        if !(event.read || event.ended || event.hung_up) {
            // Urgent data without input: Linux reports it again with the input before it.
            return;
        }
        let to_end = event.ended || event.urgent || event.hung_up;
        self.input = match self.input {
            Input::Ended if self.hung_up => Input::Failed,
            Input::Drained if !to_end => Input::Readable,
            Input::Drained | Input::Readable if to_end => Input::ReadToEnd,
            other => other,
        };
    }

    /// Notes input, for the idle timeout.
    pub(super) fn note_read(&mut self, now: u64) {
        self.last_read = now;
    }

    /// Pauses or resumes reading for the service. Returns `true` if input can be read now.
    pub(super) fn set_paused(&mut self, paused: bool) -> bool {
        self.paused = paused;
        !paused && self.is_readable()
    }

    /// Returns `true` if the service wants a call of `ready` and can have it now. The wish counts
    /// for one call.
    pub(super) fn take_ready(&mut self) -> bool {
        let is_due = self.wants_ready && self.unsent.is_none() && self.is_serving();
        self.wants_ready &= !is_due;
        is_due
    }

    /// Returns `true` if the service wants a call of `ready`.
    pub(super) fn wants_ready(&self) -> bool {
        self.wants_ready
    }

    /// Returns the time of the connection's next timeout in milliseconds, and its kind.
    pub(super) fn due(&self, timeouts: Timeouts) -> (u64, Due) {
        if let (Phase::Lingering, State::Closed { linger_start }) = (self.phase, &self.state) {
            let at = (self.last_read + LINGER_QUIET).min(linger_start + LINGER);
            return (at, Due::Lingered);
        }
        if self.phase == Phase::Handshaking {
            return (self.last_read + HANDSHAKE, Due::Handshake);
        }
        match &self.unsent {
            Some(queue) => {
                let stalled = queue.last_write.saturating_add(timeouts.stall);
                let closing =
                    if self.is_serving() { NEVER } else { self.last_read.saturating_add(CLOSING) };
                (stalled.min(closing), Due::Stalled)
            }
            None => (self.last_read.saturating_add(timeouts.idle), Due::Idle),
        }
    }

    /// Returns the time of the connection's timer if it has to be armed anew: it was armed for a
    /// later time or not at all.
    pub(super) fn rearm(&mut self, timeouts: Timeouts) -> Option<u64> {
        let (due, _) = self.due(timeouts);
        (due < self.timer).then(|| {
            self.timer = due;
            due
        })
    }

    /// Returns `true` if the connection's timer is armed for `at`.
    pub(super) fn is_armed_for(&self, at: u64) -> bool {
        self.timer == at
    }

    /// Notes that the timer has fired.
    pub(super) fn disarm(&mut self) {
        self.timer = NEVER;
    }

    /// Prepares for the last input after a failed write. The peer has gone, but its last bytes may
    /// still be unread; they are read until reading fails too.
    ///
    /// Returns the reason for the end if the connection is over, since its input is of no use.
    pub(super) fn fail(&mut self, error: io::Error, reading: Reading) -> Option<Closed> {
        let ended = matches!(self.input, Input::Ended | Input::Failed);
        if ended || !self.is_serving() || reading == Reading::Stopped {
            return Some(Closed::Broken(error));
        }
        self.unsent = None;
        self.sending = Sending::Failed;
        self.hung_up = true;
        self.input = Input::ReadToEnd;
        None
    }
}

impl<C, T: ByteStream> Connection<C, T> {
    /// Returns the number of bytes that the socket has not taken yet.
    pub(super) fn unsent(&self) -> usize {
        self.unsent.as_ref().map_or(0, |queue| queue.len() + self.socket.unsent())
    }

    /// Reads once, if the connection can and may be read.
    ///
    /// A connection with unsent bytes is not read: its input could not be answered.
    pub(super) fn read(&mut self, buffer: &mut [u8], reading: Reading) -> ReadOutcome {
        match (self.input, self.phase) {
            // Both directions are gone, so nothing that the service may still have can be sent.
            (Input::Failed, _) => ReadOutcome::Over(reset()),
            (Input::Drained | Input::Ended, _) | (_, Phase::Closing | Phase::Handshaking) => {
                ReadOutcome::Nothing
            }
            (_, Phase::Lingering) => self.discard(buffer),
            _ if self.unsent.is_some() || reading == Reading::Stopped => ReadOutcome::Nothing,
            // A pause does not hide that the peer has gone.
            _ if self.hung_up => self.receive(buffer),
            _ if self.paused => ReadOutcome::Nothing,
            _ if reading == Reading::Paused => ReadOutcome::Paused,
            _ => self.receive(buffer),
        }
    }

    #[inline]
    fn receive(&mut self, buffer: &mut [u8]) -> ReadOutcome {
        match self.socket.read(buffer) {
            // The error behind this end was reported to a write already: the close was not orderly.
            Ok(0) if self.sending == Sending::Failed => ReadOutcome::Over(reset()),
            Ok(0) => {
                self.input = Input::Ended;
                ReadOutcome::Ended
            }
            Ok(received) => {
                if self.input == Input::Readable
                    && self.socket.is_drained_after(received, buffer.len())
                {
                    // Saves the read that would block (epoll(7)).
                    self.input = Input::Drained;
                }
                ReadOutcome::Received(received)
            }
            Err(error) => match error.kind() {
                // All input is read, and nothing can be answered.
                ErrorKind::WouldBlock if self.sending == Sending::Failed => {
                    ReadOutcome::Over(reset())
                }
                ErrorKind::WouldBlock => {
                    self.input = Input::Drained;
                    ReadOutcome::Nothing
                }
                ErrorKind::Interrupted => ReadOutcome::Interrupted,
                _ => ReadOutcome::Over(Closed::Broken(error)),
            },
        }
    }

    /// Writes unsent bytes, if there are any and the socket takes some.
    ///
    /// Returns `true` if that was the last of them; then `ready` is to be called.
    pub(super) fn flush(&mut self, clock: &Clock) -> io::Result<bool> {
        let Some(unsent) = self.unsent.as_mut().filter(|_| self.sending == Sending::Writable)
        else {
            return Ok(false);
        };
        match unsent.write(&mut self.socket)? {
            Written::All => {
                self.wants_ready |= unsent.has_output();
                self.unsent = None;
                Ok(true)
            }
            Written::Full { progress } => {
                self.sending = Sending::Full;
                if progress {
                    unsent.last_write = clock.millis();
                }
                Ok(false)
            }
        }
    }

    /// Returns `true` if the layer below has a message of its own to send, such as the answer to
    /// one that is no data.
    pub(super) fn has_reply(&self) -> bool {
        self.socket.unsent() > 0
    }

    /// Makes the connection wait for such a message. Returns `true` if there is one.
    pub(super) fn queue_reply(&mut self, clock: &Clock) -> bool {
        let has_reply =
            self.socket.unsent() > 0 && self.unsent.is_none() && self.sending != Sending::Failed;
        if has_reply {
            self.queue_nothing(clock);
        }
        has_reply
    }

    /// Makes the connection wait until the socket has taken the bytes that the layer below holds.
    fn queue_nothing(&mut self, clock: &Clock) {
        self.unsent = Some(Box::new(SendQueue::since(clock.millis())));
    }

    /// Sends the contents of `output` behind the unsent bytes, and closes the connection if the
    /// service did.
    pub(super) fn send(&mut self, output: &mut Output, clock: &Clock) -> io::Result<Sent> {
        if output.end == End::Close && self.is_serving() {
            self.phase = Phase::Closing;
            self.last_read = clock.millis();
        }
        if self.sending == Sending::Failed {
            output.clear();
            return Ok(Sent::Dropped);
        }
        self.wants_ready |= output.call_ready;
        if let Some(unsent) = self.unsent.as_mut() {
            unsent.take(output);
        } else if let Some(mut rest) = send_queue::send(output, &mut self.socket)? {
            rest.last_write = clock.millis();
            self.unsent = Some(Box::new(rest));
            self.sending = Sending::Full;
        } else {
            return Ok(Sent::All);
        }
        Ok(Sent::Queued)
    }
}

fn reset() -> Closed {
    Closed::Broken(ErrorKind::ConnectionReset.into())
}
