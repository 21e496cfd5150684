//! The last phases of a connection: the end is sent, and the peer's input is discarded.

use std::io::ErrorKind;

use super::state::{Input, Phase, ReadOutcome, Sending};
use super::{Connection, State};
use crate::server::byte_stream::{ByteStream, Written};
use crate::server::clock::Clock;
use crate::server::service::Closed;

/// The result of [`Connection::begin_linger`].
#[derive(Debug)]
pub(crate) enum Lingering<C> {
    /// The end is sent. The value is the service's, which a rejected peer does not have.
    Begun(Option<C>),
    /// The socket has no room for the end.
    Pending,
}

impl<C, T: ByteStream> Connection<C, T> {
    /// Returns `true` if the connection is closing and has nothing unsent.
    pub(crate) fn is_flushed(&self) -> bool {
        self.phase == Phase::Closing && self.unsent.is_none()
    }

    /// Sends the end and begins to linger. Returns `Pending` if the socket has no room for the end;
    /// the end is then unsent, and the connection still closing.
    ///
    /// # Errors
    ///
    /// Fails with the reason for the end if the connection is over, since it need not linger.
    pub(crate) fn begin_linger(&mut self, clock: &Clock) -> Result<Lingering<C>, Closed> {
        if self.input == Input::Failed || self.sending == Sending::Failed {
            return Err(Closed::Done);
        }
        let peer_ended = self.input == Input::Ended;
        match self.socket.end() {
            Ok(Written::All) => {}
            Ok(Written::Full { .. }) => {
                self.queue_nothing(clock);
                self.sending = Sending::Full;
                return Ok(Lingering::Pending);
            }
            // A peer that has ended need not wait for our end.
            Err(_) if peer_ended => {}
            Err(error) => return Err(Closed::Broken(error)),
        }
        if peer_ended {
            return Err(Closed::Done);
        }
        self.socket.shutdown_write().map_err(Closed::Broken)?;
        Ok(match self.linger(clock.millis()) {
            State::Open(state) => Lingering::Begun(Some(state)),
            State::Closed { .. } => Lingering::Begun(None),
        })
    }

    /// Enters the last phase. Returns the state that the connection had.
    pub(super) fn linger(&mut self, now: u64) -> State<C> {
        self.phase = Phase::Lingering;
        self.last_read = now;
        std::mem::replace(&mut self.state, State::Closed { linger_start: now })
    }

    /// Reads input of a lingering connection, which nobody needs.
    pub(super) fn discard(&mut self, buffer: &mut [u8]) -> ReadOutcome {
        match self.socket.discard(buffer) {
            Ok(received @ 1..) => ReadOutcome::Discarded(received),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.input = Input::Drained;
                ReadOutcome::Nothing
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => ReadOutcome::Interrupted,
            _ => ReadOutcome::Over(Closed::Done),
        }
    }
}
