//! Makes the connections of a thread, and makes them again after a failure.

use std::io;

use mio::{Events, Interest, Token};
use netcore::{Deadline, Error, ErrorKind, Operation};

use crate::bench::driver::{BOTH, Driver, MILLISECOND};
use crate::bench::error::BenchError;
use crate::bench::socket::Socket;
use crate::bench::source::SHORT_READ_IS_LAST;

/// The number of connection attempts after which events are handled: the queue of a listener is
/// bounded.
const ATTEMPTS_PER_TURN: usize = 64;

impl Driver<'_> {
    /// Makes as many connections as succeed within the timeout. The run retries the others.
    pub(super) fn connect_all(
        &mut self,
        first: Option<Socket>,
        events: &mut Events,
    ) -> Result<(), BenchError> {
        let deadline = Deadline::after(self.context.load.timeout);
        if let Some(socket) = first {
            self.register(0, socket, true);
        }
        for id in 0..self.generator.connections() {
            if self.sockets[id].is_none() {
                self.connect(id);
            }
            if id % ATTEMPTS_PER_TURN == ATTEMPTS_PER_TURN - 1 {
                self.wait(events, 0)?;
                self.handle_events(events);
            }
            if self.is_stopped() {
                return Ok(());
            }
        }
        while self.generator.open_connections() < self.generator.connections()
            && !deadline.is_expired()
            && !self.is_stopped()
        {
            self.wait(events, MILLISECOND)?;
            self.handle_events(events);
            self.handle_timeouts(self.now());
        }
        Ok(())
    }

    /// Starts to connect.
    pub(super) fn connect(&mut self, id: usize) {
        let is_connected = !self.context.target.is_inet_stream();
        match self.context.target.open(self.context.load.timeout) {
            Ok(socket) => self.register(id, socket, is_connected),
            Err(error) => self.connect_failed(id, error),
        }
    }

    /// Registers a socket that is connected or connecting.
    fn register(&mut self, id: usize, mut socket: Socket, is_connected: bool) {
        let interest = if is_connected { Interest::READABLE } else { BOTH };
        if let Err(error) = socket.register(self.poll.registry(), Token(id), interest) {
            return self.connect_failed(id, Error::from_io(Operation::Poll, error));
        }
        self.sockets[id] = Some(socket);
        let now = self.now();
        if is_connected {
            self.generator.connected(id, now);
        } else {
            self.generator.connecting(id, now);
        }
    }

    /// Checks if a connection that was being made is established or has failed.
    pub(super) fn finish_connecting(&mut self, id: usize) {
        let Some(socket) = &self.sockets[id] else { return };
        let Socket::Stream(stream, source) = socket else { return };
        if let Some(error) = source.take_error() {
            return self.connect_failed(id, Error::from_io(Operation::Connect, error));
        }
        match (stream.peer_address(), stream.local_address()) {
            // Self-connect: nobody listens on the port, and the system gave it to this socket.
            (Ok(peer), Ok(local)) if peer == local => {
                let refused = Error::new(Operation::Connect, ErrorKind::ConnectionRefused);
                self.connect_failed(id, refused);
            }
            (Ok(_), _) => self.finish_handshake(id),
            _ => match socket.receive(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => self.connect_failed(id, Error::from_io(Operation::Connect, error)),
                Ok(_) => {
                    let end = Error::new(Operation::Connect, ErrorKind::UnexpectedEnd);
                    self.connect_failed(id, end);
                }
            },
        }
    }

    /// Takes the next step of the handshake, if the load is encrypted, and uses the connection once
    /// it is ready.
    fn finish_handshake(&mut self, id: usize) {
        if let Some(encryption) = self.context.target.encryption() {
            let Some(Socket::Stream(stream, source)) = self.sockets[id].take() else { return };
            let step = encryption
                .begin(stream)
                .and_then(|stream| encryption.advance(&stream).map(|is_done| (stream, is_done)));
            match step {
                Ok((stream, is_done)) => {
                    self.sockets[id] = Some(Socket::Stream(stream, source));
                    if !is_done {
                        if !SHORT_READ_IS_LAST {
                            self.watch_for_room(id);
                        }
                        return;
                    }
                }
                Err(error) => return self.connect_failed(id, error),
            }
        }
        let now = self.now();
        self.generator.connected(id, now);
        self.read(id, false);
    }

    pub(super) fn connect_failed(&mut self, id: usize, error: Error) {
        self.sockets[id] = None;
        self.note_failure(error);
        let now = self.now();
        self.generator.connect_failed(id, now);
    }
}
