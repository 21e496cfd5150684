use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::address::Address;
use crate::error::Error;

/// What happens while a [`Connector`](crate::Connector) connects, as it happens.
///
/// Each attempt is [`Started`](ConnectEvent::Started) once and ends once, as one of the others.
/// `elapsed` counts from its start. Prints as one line: `10.0.0.7:80 failed after 1.2ms: connection
/// refused`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ConnectEvent<'a> {
    /// The addresses are known. Not for Unix sockets.
    Resolved {
        /// In the order in which they will be tried.
        addresses: &'a [SocketAddr],
        /// How long it took.
        elapsed: Duration,
    },
    /// An attempt begins.
    Started {
        /// The address that is tried.
        address: &'a Address,
    },
    /// An attempt failed. The next one, if there is one, is started at once.
    Failed {
        /// The address that was tried.
        address: &'a Address,
        /// How long it took.
        elapsed: Duration,
        /// Why; [`TimedOut`](crate::ErrorKind::TimedOut) if the deadline passed.
        error: &'a Error,
    },
    /// An attempt was the first to connect.
    Connected {
        /// The address of the peer.
        address: &'a Address,
        /// How long it took.
        elapsed: Duration,
    },
    /// An attempt was dropped because another one was first.
    Cancelled {
        /// The address that was tried.
        address: &'a Address,
        /// How long it had waited.
        elapsed: Duration,
    },
}

impl fmt::Display for ConnectEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectEvent::Resolved { addresses, elapsed } => {
                write!(f, "resolved in {elapsed:.1?}:")?;
                addresses.iter().try_for_each(|address| write!(f, " {address}"))
            }
            ConnectEvent::Started { address } => write!(f, "{address} is tried"),
            ConnectEvent::Failed { address, elapsed, error } => {
                write!(f, "{address} failed after {elapsed:.1?}: {}", error.kind())
            }
            ConnectEvent::Connected { address, elapsed } => {
                write!(f, "{address} connected after {elapsed:.1?}")
            }
            ConnectEvent::Cancelled { address, elapsed } => {
                write!(f, "{address} cancelled after {elapsed:.1?}")
            }
        }
    }
}
