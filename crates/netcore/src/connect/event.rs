//! Events of a connection attempt, for observers.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::address::Address;
use crate::error::Error;

/// The function that receives each event.
pub(super) type Observer<'a> = &'a mut dyn FnMut(&ConnectEvent<'_>);

/// An event while a [`Connector`](crate::Connector) connects.
///
/// Each attempt is [`Started`](ConnectEvent::Started) once and ends once, as one of the others.
/// `elapsed` counts from its start. Prints as one line: `10.0.0.7:80 failed after 1.2ms: connection
/// refused`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ConnectEvent<'a> {
    /// The addresses are known. Unix sockets have no such event.
    Resolved {
        /// The addresses in the order in which they will be tried.
        addresses: &'a [SocketAddr],
        /// Time of the look-up.
        elapsed: Duration,
    },
    /// An attempt begins.
    Started {
        /// The address that is tried.
        address: &'a Address,
    },
    /// An attempt failed. The next attempt, if there is one, starts at once.
    Failed {
        /// The address that was tried.
        address: &'a Address,
        /// Time from the start of the attempt.
        elapsed: Duration,
        /// The reason; [`TimedOut`](crate::ErrorKind::TimedOut) if the deadline passed.
        error: &'a Error,
    },
    /// An attempt was the first to connect.
    Connected {
        /// The address of the peer.
        address: &'a Address,
        /// Time from the start of the attempt.
        elapsed: Duration,
    },
    /// The handshake of `tls://` is done.
    Encrypted {
        /// The address of the peer.
        address: &'a Address,
        /// Time of the handshake.
        elapsed: Duration,
    },
    /// An attempt was cancelled because another one connected first.
    Cancelled {
        /// The address that was tried.
        address: &'a Address,
        /// Time from the start of the attempt.
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
            ConnectEvent::Encrypted { address, elapsed } => {
                write!(f, "{address} encrypted after {elapsed:.1?} more")
            }
            ConnectEvent::Cancelled { address, elapsed } => {
                write!(f, "{address} cancelled after {elapsed:.1?}")
            }
        }
    }
}
