//! The first phase of a connection whose socket needs a handshake.

use std::io::{self, ErrorKind};

use super::Connection;
use super::state::{Input, Phase, Sending};
use crate::server::byte_stream::{ByteStream, Handshake};
use crate::server::clock::Clock;

impl<C, T> Connection<C, T> {
    /// Returns a connection whose handshake begins now.
    pub(crate) fn handshaking(socket: T, now: u64) -> Connection<C, T> {
        let connection = Connection::new(socket, false);
        Connection { phase: Phase::Handshaking, last_read: now, ..connection }
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.phase == Phase::Handshaking
    }

    /// Ends the handshake, and waits for the service's value.
    pub(crate) fn establish(&mut self) {
        self.phase = Phase::Serving;
    }

    /// Ends the handshake of a peer that receives only the reason why it is rejected.
    pub(crate) fn establish_rejected(&mut self) {
        self.phase = Phase::Serving;
        self.rejected = true;
    }
}

impl<C, T: ByteStream> Connection<C, T> {
    /// Returns `true` if the handshake can go on: the peer has sent something, or the socket has
    /// room again.
    pub(crate) fn can_handshake(&self) -> bool {
        match self.socket.unsent() {
            0 => self.is_readable(),
            _ => self.sending == Sending::Writable,
        }
    }

    /// Takes a step of the handshake.
    ///
    /// # Errors
    ///
    /// Fails if the handshake has failed, or the socket has.
    pub(crate) fn handshake(&mut self) -> io::Result<Handshake> {
        let step = match self.socket.handshake() {
            Err(error) if error.kind() == ErrorKind::Interrupted => Handshake::Unfinished,
            step => step?,
        };
        match step {
            Handshake::NeedsInput { .. } => self.input = Input::Drained,
            Handshake::NeedsRoom => self.sending = Sending::Full,
            Handshake::Done => self.note_rest(),
            Handshake::Unfinished => {}
        }
        Ok(step)
    }

    /// Notes whether the first bytes for the service came along with the end of the handshake.
    fn note_rest(&mut self) {
        match (self.input, self.socket.is_drained_after(0, 1)) {
            (Input::Readable, true) => self.input = Input::Drained,
            (Input::Drained, false) => self.input = Input::Readable,
            _ => {}
        }
    }

    /// Sends the end after a failed handshake, and lingers, so that the peer can read the reason.
    ///
    /// # Errors
    ///
    /// Fails if the connection is over already.
    pub(crate) fn linger_after_handshake(&mut self, clock: &Clock) -> io::Result<()> {
        self.socket.shutdown_write()?;
        self.linger(clock.millis());
        self.rejected = true;
        self.input = Input::ReadToEnd;
        Ok(())
    }
}
