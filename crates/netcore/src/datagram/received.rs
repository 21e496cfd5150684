//! A received datagram.

use std::net::IpAddr;

use crate::address::Address;
use crate::sys::{Incoming, Local};

/// One datagram, in the buffer that was given for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// How many bytes of the buffer it fills.
    pub len: usize,
    /// Who sent it.
    pub from: Address,
    /// Whether it was longer than the buffer. The rest is lost.
    pub truncated: bool,
    pub(super) local: Option<Local>,
}

impl Received {
    /// The address of this machine that the datagram was sent to, and from which
    /// [`Datagram::reply`] answers.
    ///
    /// `None` unless the socket was bound by [`Datagram::bind`] to every address (`:PORT`,
    /// `0.0.0.0:PORT`, `[::]:PORT`) and the system tells, which is Linux. Of a multicast or, over
    /// IPv4, a broadcast it is the address of the interface that an answer leaves from, or `None`.
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
