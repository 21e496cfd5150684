//! A self-pipe: it wakes a thread that waits in poll(2).

use std::io;

use socket2::{Domain, Socket, Type};

use crate::sys::flags::NO_SIGNAL;

/// A pair of sockets, or a socket that is connected to itself. After the first
/// [`wake`](WakePipe::wake) it stays readable.
#[derive(Debug)]
pub(crate) struct WakePipe {
    reader: Socket,
    writer: Option<Socket>,
}

impl WakePipe {
    pub(crate) fn new() -> io::Result<WakePipe> {
        #[cfg(unix)]
        let (reader, writer) = {
            let (reader, writer) = Socket::pair(Domain::UNIX, Type::STREAM, None)?;
            writer.set_nonblocking(true)?;
            (reader, Some(writer))
        };
        #[cfg(not(unix))]
        let (reader, writer) = {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
            socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
            socket.connect(&socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            (socket, None)
        };
        Ok(WakePipe { reader, writer })
    }

    pub(crate) fn wake(&self) {
        // A full buffer means that an earlier wake-up is still unread.
        let _ = self.writer.as_ref().unwrap_or(&self.reader).send_with_flags(&[1], NO_SIGNAL);
    }

    /// Returns the socket that becomes readable.
    pub(crate) fn socket(&self) -> &Socket {
        &self.reader
    }
}
