//! The session of an encrypted stream as the transport of another one.

use std::io;

use socket2::Socket;

use crate::stream::encrypted::transport::Below;
use crate::stream::encrypted::{Encrypted, calls};

impl Below for Encrypted {
    fn send(&self, socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        // The session above bounds its calls, and so their ciphertext.
        self.attempt(socket, |session, transport| {
            calls::write(session, transport, bytes, usize::MAX)
        })
    }

    fn receive(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        self.attempt(socket, |session, transport| calls::read(session, transport, buffer))
    }

    fn flush(&self, socket: &Socket) -> io::Result<bool> {
        match self.attempt(socket, calls::flush) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn end(&self, socket: &Socket) -> io::Result<()> {
        self.attempt(socket, calls::end)
    }
}
