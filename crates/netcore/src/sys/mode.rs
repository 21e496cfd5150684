//! The blocking mode of a socket.

use socket2::SockRef;

#[cfg(unix)]
pub(crate) use kept::SocketMode;
#[cfg(not(unix))]
pub(crate) use remembered::SocketMode;

/// `true` if the system has the blocking mode of a socket. A blocking call that would have to wait
/// has then waited as long as `SO_RCVTIMEO` or `SO_SNDTIMEO` says (socket(7)).
///
/// Windows neither reports the mode, nor has it a flag for one call that does not block. There the
/// socket of a stream or of datagrams is always in non-blocking mode, and its owner waits by
/// itself.
pub(crate) const SYSTEM_HAS_MODE: bool = cfg!(unix);

/// Returns `true` if calls on `socket` return instead of waiting. Windows does not report it; there
/// a timeout has its own code.
pub(crate) fn is_nonblocking(socket: &SockRef<'_>) -> bool {
    #[cfg(unix)]
    return socket.nonblocking().unwrap_or(false);
    #[cfg(not(unix))]
    {
        let _ = socket;
        true
    }
}

#[cfg(unix)]
mod kept {
    use std::io;

    use socket2::{SockRef, Socket};

    use crate::sys::mode::is_nonblocking;

    /// The blocking mode of a socket, which the system has.
    #[derive(Clone, Debug)]
    pub(crate) struct SocketMode;

    impl SocketMode {
        pub(crate) fn of(_: &Socket, _: bool) -> SocketMode {
            SocketMode
        }

        pub(crate) fn set(&self, socket: &Socket, on: bool) -> io::Result<()> {
            socket.set_nonblocking(on)
        }

        pub(crate) fn is_nonblocking(&self, socket: &Socket) -> bool {
            is_nonblocking(&SockRef::from(socket))
        }

        /// Prepares the socket for other code.
        pub(crate) fn release(&self, _: &Socket) {}
    }
}

#[cfg(not(unix))]
mod remembered {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use socket2::Socket;

    /// The blocking mode of a socket, which all of its handles share. The socket itself is in
    /// non-blocking mode.
    #[derive(Clone, Debug)]
    pub(crate) struct SocketMode(Arc<AtomicBool>);

    impl SocketMode {
        /// Takes a socket over that is in the mode `nonblocking`.
        pub(crate) fn of(socket: &Socket, nonblocking: bool) -> SocketMode {
            // This fails only for a handle that is no socket, as every later call.
            let _ = socket.set_nonblocking(true);
            SocketMode(Arc::new(AtomicBool::new(nonblocking)))
        }

        pub(crate) fn set(&self, _: &Socket, on: bool) -> io::Result<()> {
            self.0.store(on, Ordering::Relaxed);
            Ok(())
        }

        pub(crate) fn is_nonblocking(&self, _: &Socket) -> bool {
            self.0.load(Ordering::Relaxed)
        }

        /// Prepares the socket for other code: gives it the mode of its user.
        pub(crate) fn release(&self, socket: &Socket) {
            let _ = socket.set_nonblocking(self.0.load(Ordering::Relaxed));
        }
    }
}
