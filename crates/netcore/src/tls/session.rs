//! One TLS connection without I/O: ciphertext in, plaintext out, and the reverse.
//!
//! The functions take the calls of the socket as closures, and make no call that waits. The session
//! is over rustls's unbuffered interface, so an idle session has no buffer.

pub(crate) mod limits;
mod process;
mod scratch;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::mem;

use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;

use crate::tls::failure::Failure;
use crate::tls::info::TlsInfo;
use limits::{MAX_PLAINTEXT, MAX_RECORD};
use process::{Buffers, Progress, advance};
use scratch::Scratch;
use wire::{looks_like_tls, send_once};

/// The two roles in a handshake.
enum Role {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// A TLS connection without its socket.
pub(crate) struct Session {
    role: Role,
    /// Ciphertext of a message that has not arrived as a whole.
    incoming: Vec<u8>,
    buffers: Buffers,
    /// Number of bytes of `buffers.plaintext` that were read.
    taken: usize,
    /// Number of bytes of `buffers.outgoing` that the socket has taken.
    sent: usize,
    /// Bytes have arrived from the peer.
    has_input: bool,
    /// Plaintext has arrived from the peer.
    has_plaintext: bool,
    /// `close_notify` was queued.
    is_ended: bool,
    failure: Option<Failure>,
}

impl Session {
    /// Returns the client's side, with the first message of the handshake to send.
    pub(super) fn client(connection: UnbufferedClientConnection) -> Session {
        let mut session = Session::new(Role::Client(connection));
        session.process(&mut [], &mut []);
        session
    }

    /// Returns the server's side.
    pub(super) fn server(connection: UnbufferedServerConnection) -> Session {
        Session::new(Role::Server(connection))
    }

    fn new(role: Role) -> Session {
        Session {
            role,
            incoming: Vec::new(),
            buffers: Buffers::default(),
            taken: 0,
            sent: 0,
            has_input: false,
            has_plaintext: false,
            is_ended: false,
            failure: None,
        }
    }

    /// Returns `true` if the handshake is done. The peer's last message of it has then arrived.
    pub(crate) fn is_established(&self) -> bool {
        self.buffers.established
    }

    /// Returns `true` if ciphertext waits for the socket.
    pub(crate) fn has_unsent(&self) -> bool {
        self.sent < self.buffers.outgoing.len()
    }

    /// Returns the number of bytes of ciphertext that wait for the socket.
    #[cfg(feature = "server")]
    pub(crate) fn unsent(&self) -> usize {
        self.buffers.outgoing.len() - self.sent
    }

    /// Returns the properties of the connection.
    pub(crate) fn info(&self) -> TlsInfo {
        match &self.role {
            Role::Client(connection) => TlsInfo::of(connection),
            Role::Server(connection) => TlsInfo::of(connection),
        }
    }

    /// Takes decrypted bytes. Returns 0 at the orderly end of the peer, and `None` if more
    /// ciphertext is needed.
    ///
    /// # Errors
    ///
    /// Fails if the connection has failed.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let rest = &self.buffers.plaintext[self.taken..];
        if !rest.is_empty() || buffer.is_empty() {
            let taken = rest.len().min(buffer.len());
            buffer[..taken].copy_from_slice(&rest[..taken]);
            self.taken += taken;
            if self.taken == self.buffers.plaintext.len() {
                self.taken = 0;
                self.buffers.plaintext = Vec::new();
            }
            return Ok(Some(taken));
        }
        match &self.failure {
            Some(failure) => Err(self.error(failure)),
            None => Ok(self.buffers.peer_ended.then_some(0)),
        }
    }

    /// Returns `true` if decrypted bytes wait, `false` at the orderly end of the peer, and `None`
    /// if more ciphertext is needed.
    ///
    /// # Errors
    ///
    /// Fails if the connection has failed.
    pub(crate) fn peek(&self) -> io::Result<Option<bool>> {
        if !self.buffers.plaintext.is_empty() {
            return Ok(Some(true));
        }
        match &self.failure {
            Some(failure) => Err(self.error(failure)),
            None => Ok(self.buffers.peer_ended.then_some(false)),
        }
    }

    /// Calls `read` once for ciphertext, and decrypts it. Returns the number of bytes in `buffer`,
    /// and whether `read` filled the room it had. Further bytes are for [`take`](Session::take).
    /// 0 bytes mean that the peer has ended, or that the ciphertext was no data.
    ///
    /// # Errors
    ///
    /// Returns the errors of `read`, and fails if the peer has ended without `close_notify`, or
    /// breaks the protocol. Bytes that arrived before are returned first; the failure is returned
    /// by the next call of [`take`](Session::take).
    pub(crate) fn receive(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
        buffer: &mut [u8],
    ) -> io::Result<(usize, bool)> {
        if self.failure.is_some() {
            return self.after(0).map(|read| (read, false));
        }
        Scratch::with(|scratch| {
            let kept = self.incoming.len();
            let room = buffer.len().max(MAX_RECORD).saturating_sub(kept).max(4096);
            let input = scratch.input(kept + room.min(scratch::SIZE));
            input[..kept].copy_from_slice(&self.incoming);
            let read = read(&mut input[kept..])?;
            if read == 0 {
                self.end_of_input();
                return self.after(0).map(|read| (read, false));
            }
            let is_full = kept + read == input.len();
            let input = &mut input[..kept + read];
            if !mem::replace(&mut self.has_input, true) && !looks_like_tls(input) {
                self.failure = Some(Failure::not_tls(input));
                return self.after(0).map(|read| (read, is_full));
            }
            let Progress { consumed, written } = self.process(input, buffer);
            self.keep(&input[consumed..]);
            self.has_plaintext |= written > 0;
            self.after(written).map(|read| (read, is_full))
        })
    }

    /// Keeps the beginning of a message.
    fn keep(&mut self, rest: &[u8]) {
        let failed = self.failure.is_some() || self.buffers.peer_ended;
        if rest.is_empty() || failed {
            self.incoming = Vec::new();
            return;
        }
        let is_client = matches!(self.role, Role::Client(_));
        if rest.len() > limits::max_incoming(is_client, self.is_established()) {
            self.failure = Some(Failure::Oversized);
            self.incoming = Vec::new();
            return;
        }
        self.incoming.clear();
        self.incoming.reserve_exact(rest.len());
        self.incoming.extend_from_slice(rest);
    }

    fn after(&self, written: usize) -> io::Result<usize> {
        match &self.failure {
            Some(failure) if written == 0 && self.buffers.plaintext.is_empty() => {
                Err(self.error(failure))
            }
            _ => Ok(written),
        }
    }

    /// Notes that the peer sends nothing more.
    ///
    /// The beginning of a message stays in `incoming`: the state machine knows its length, and this
    /// side may still send.
    fn end_of_input(&mut self) {
        let is_orderly = self.buffers.peer_ended && self.is_established();
        if !is_orderly && self.failure.is_none() {
            self.failure = Some(match self.has_input {
                false => Failure::Silent,
                true if self.is_established() => Failure::Truncated,
                true => Failure::EndedInHandshake,
            });
        }
    }

    fn process(&mut self, input: &mut [u8], output: &mut [u8]) -> Progress {
        let (progress, error) = match &mut self.role {
            Role::Client(connection) => advance(connection, &mut self.buffers, input, output),
            Role::Server(connection) => advance(connection, &mut self.buffers, input, output),
        };
        if let Some(error) = error {
            self.failure.get_or_insert(Failure::Tls(error));
        }
        progress
    }

    /// Calls `send` for the ciphertext that waits, until all of it is sent. Returns `false` if the
    /// socket is full.
    ///
    /// # Errors
    ///
    /// Returns the errors of `send`, but for [`WouldBlock`](io::ErrorKind::WouldBlock).
    pub(crate) fn flush(
        &mut self,
        mut send: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<bool> {
        while self.has_unsent() {
            match send_once(&mut send, &self.buffers.outgoing[self.sent..])? {
                Some(sent) => self.sent += sent,
                None => return Ok(false),
            }
        }
        self.sent = 0;
        self.buffers.outgoing = Vec::new();
        Ok(true)
    }

    /// Encrypts the beginning of `bytes`, at most `limit` bytes and at least one record, and calls
    /// `send` for the result. Returns the number of encrypted bytes. Ciphertext that the socket
    /// does not take waits for [`flush`](Session::flush).
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if earlier ciphertext still waits or the handshake
    /// is not done, otherwise the errors of `send`. Nothing is encrypted then.
    pub(crate) fn send(
        &mut self,
        bytes: &[u8],
        limit: usize,
        mut send: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if let Some(failure) = self.final_failure() {
            return Err(self.error(failure));
        }
        if self.is_ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if !self.flush(&mut send)? || !self.is_established() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes = &bytes[..bytes.len().min(limit)];
        if bytes.is_empty() {
            return Ok(0);
        }
        Scratch::with(|scratch| {
            let records = bytes.len().div_ceil(MAX_PLAINTEXT);
            let output = scratch.output(bytes.len() + records * (MAX_RECORD - MAX_PLAINTEXT));
            let encrypted = match &mut self.role {
                Role::Client(connection) => process::encrypt(
                    connection,
                    &mut self.buffers,
                    &mut self.incoming,
                    bytes,
                    output,
                ),
                Role::Server(connection) => process::encrypt(
                    connection,
                    &mut self.buffers,
                    &mut self.incoming,
                    bytes,
                    output,
                ),
            };
            let length = encrypted.map_err(|error| {
                let failure = self.failure.insert(Failure::Tls(error)).clone();
                self.error(&failure)
            })?;
            // What the state had to send before the data, such as a key update, goes first.
            if self.has_unsent() {
                self.buffers.outgoing.extend_from_slice(&output[..length]);
                self.flush(&mut send)?;
                return Ok(bytes.len());
            }
            let mut rest = &output[..length];
            while !rest.is_empty() {
                match send_once(&mut send, rest) {
                    Ok(Some(sent)) => rest = &rest[sent..],
                    Ok(None) => break,
                    Err(error) => {
                        // A record that was sent in part cannot be sent again.
                        self.is_ended = true;
                        return Err(error);
                    }
                }
            }
            self.buffers.outgoing.extend_from_slice(rest);
            Ok(bytes.len())
        })
    }

    /// Encrypts the beginning of several slices as one record.
    ///
    /// # Errors
    ///
    /// As [`send`](Session::send).
    #[cfg(feature = "server")]
    pub(crate) fn send_vectored(
        &mut self,
        slices: &[io::IoSlice<'_>],
        send: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut gathered = Scratch::take_gathered();
        for slice in slices {
            let room = MAX_PLAINTEXT - gathered.len();
            gathered.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        let sent = self.send(&gathered, MAX_PLAINTEXT, send);
        Scratch::put_gathered(gathered);
        sent
    }

    /// Queues `close_notify`, behind the ciphertext that waits.
    pub(crate) fn end(&mut self) {
        if mem::replace(&mut self.is_ended, true) || self.final_failure().is_some() {
            return;
        }
        match &mut self.role {
            Role::Client(connection) => {
                process::end(connection, &mut self.buffers, &mut self.incoming)
            }
            Role::Server(connection) => {
                process::end(connection, &mut self.buffers, &mut self.incoming)
            }
        }
    }

    /// Returns the error of the alert with which the peer has ended the connection.
    pub(crate) fn alert(&self) -> Option<io::Error> {
        self.failure.as_ref().filter(|failure| failure.is_alert()).map(|it| self.error(it))
    }

    /// Returns the failure after which this side sends nothing more. The state machine must not be
    /// called after it, since it refers to input that is gone.
    fn final_failure(&self) -> Option<&Failure> {
        self.failure.as_ref().filter(|failure| !matches!(failure, Failure::Truncated))
    }

    /// Ends the reading side on behalf of its user: nothing more is read, and that is no failure,
    /// except for a handshake.
    pub(crate) fn end_reading(&mut self) {
        self.buffers.peer_ended |= self.is_established();
    }

    fn error(&self, failure: &Failure) -> io::Error {
        failure.to_error(self.is_established(), self.has_plaintext).into()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let role = match &self.role {
            Role::Client(_) => "Client",
            Role::Server(_) => "Server",
        };
        f.debug_struct("Session")
            .field("role", &role)
            .field("established", &self.is_established())
            .finish_non_exhaustive()
    }
}
