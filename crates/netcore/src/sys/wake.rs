//! Waking a thread that waits in poll(2).

use std::io;

use socket2::{Domain, Socket, Type};

/// A pair of sockets, or one that is connected to itself: once it was rung, it is ready to be read,
/// for good.
#[derive(Debug)]
pub(crate) struct Alarm {
    heard: Socket,
    rung: Option<Socket>,
}

impl Alarm {
    pub(crate) fn new() -> io::Result<Alarm> {
        #[cfg(unix)]
        let (heard, rung) = {
            let (heard, rung) = Socket::pair(Domain::UNIX, Type::STREAM, None)?;
            rung.set_nonblocking(true)?;
            (heard, Some(rung))
        };
        #[cfg(not(unix))]
        let (heard, rung) = {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
            socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
            socket.connect(&socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            (socket, None)
        };
        Ok(Alarm { heard, rung })
    }

    pub(crate) fn ring(&self) {
        // That it can't be sent means that enough was sent before.
        let _ = self.rung.as_ref().unwrap_or(&self.heard).send_with_flags(&[1], super::NO_SIGNAL);
    }

    /// What becomes ready.
    pub(crate) fn socket(&self) -> &Socket {
        &self.heard
    }
}
