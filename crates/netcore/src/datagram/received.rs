//! A received datagram.

use std::net::IpAddr;

use crate::address::Address;
use crate::sys::{Incoming, Local};

/// One received datagram. The caller's buffer holds its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Bytes of the buffer that the datagram fills.
    pub len: usize,
    /// The sender.
    pub from: Address,
    /// `true` if the datagram was longer than the buffer. The rest is lost.
    pub truncated: bool,
    pub(super) local: Option<Local>,
}

impl Received {
    /// Returns the address of this machine to which the datagram was sent, and from which
    /// [`Datagram::reply`](crate::Datagram::reply) answers.
    ///
    /// Returns `None` unless [`Datagram::bind`](crate::Datagram::bind) bound the socket to every
    /// address (`:PORT`, `0.0.0.0:PORT`, `[::]:PORT`) and the system reports the address, as Linux
    /// does. For a multicast, and for a broadcast over IPv4, it is the address of the interface
    /// that an answer leaves from, or `None`.
    #[must_use]
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.local.map(|local| local.ip())
    }

    pub(super) fn of(came: &Incoming) -> Received {
        let Incoming { len, truncated, from, local } = came;
        let from = Address::from_system(from);
        Received { len: *len, from, truncated: *truncated, local: *local }
    }
}
