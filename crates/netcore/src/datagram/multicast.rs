//! Multicast groups: joining and leaving.
//!
//! [`SocketOptions`](crate::SocketOptions) set the interface of outgoing multicasts, their hop
//! limit, and whether this machine receives its own.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::datagram::Datagram;
use crate::error::{Error, Operation};

#[cfg(test)]
mod tests;

impl Datagram {
    /// Joins `group` on the interface with the address `interface`: `IP_ADD_MEMBERSHIP`. `0.0.0.0`
    /// leaves the interface to the system. The membership ends with [`leave_v4`] or the socket.
    ///
    /// Bind the socket to `0.0.0.0` and the group's port. Several sockets can receive on the same
    /// port if each is bound with [`with_reuse_address`](crate::SocketOptions::with_reuse_address).
    /// Linux delivers to such a socket the groups of every socket of the machine (ip(7),
    /// `IP_MULTICAST_ALL`).
    ///
    /// [`leave_v4`]: Datagram::leave_v4
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`] with the C constant:
    /// - [`InvalidInput`](crate::ErrorKind::InvalidInput): `group` is no multicast address
    ///   (RFC 5771);
    /// - [`NotFound`](crate::ErrorKind::NotFound): no interface has that address, or the system
    ///   chooses none;
    /// - [`AddressInUse`](crate::ErrorKind::AddressInUse): the socket has joined already;
    /// - [`NoBuffers`](crate::ErrorKind::NoBuffers): the socket has joined as many groups as the
    ///   system allows;
    /// - [`Unsupported`](crate::ErrorKind::Unsupported): the socket is no IPv4 socket.
    pub fn join_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> Result<(), Error> {
        let joined = self.socket.join_multicast_v4(&group, &interface);
        self.membership("IP_ADD_MEMBERSHIP", joined)
    }

    /// Leaves a group that [`join_v4`](Datagram::join_v4) joined with the same arguments:
    /// `IP_DROP_MEMBERSHIP`.
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`] with the C constant, usually
    /// [`AddressNotAvailable`](crate::ErrorKind::AddressNotAvailable): the socket has not joined
    /// the group.
    pub fn leave_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> Result<(), Error> {
        let left = self.socket.leave_multicast_v4(&group, &interface);
        self.membership("IP_DROP_MEMBERSHIP", left)
    }

    /// Joins `group` on the interface with the number `interface`: `IPV6_JOIN_GROUP` (RFC 3493
    /// section 5.2). 0 leaves the interface to the system. The membership ends with [`leave_v6`] or
    /// the socket. [`join_v4`](Datagram::join_v4) describes how to bind the socket.
    ///
    /// [`leave_v6`]: Datagram::leave_v6
    ///
    /// # Errors
    ///
    /// As [`join_v4`](Datagram::join_v4).
    pub fn join_v6(&self, group: Ipv6Addr, interface: u32) -> Result<(), Error> {
        let joined = self.socket.join_multicast_v6(&group, interface);
        self.membership("IPV6_JOIN_GROUP", joined)
    }

    /// Leaves a group that [`join_v6`](Datagram::join_v6) joined with the same arguments:
    /// `IPV6_LEAVE_GROUP`.
    ///
    /// # Errors
    ///
    /// As [`leave_v4`](Datagram::leave_v4).
    pub fn leave_v6(&self, group: Ipv6Addr, interface: u32) -> Result<(), Error> {
        let left = self.socket.leave_multicast_v6(&group, interface);
        self.membership("IPV6_LEAVE_GROUP", left)
    }

    fn membership(&self, option: &'static str, result: io::Result<()>) -> Result<(), Error> {
        result.map_err(|error| self.name(Error::from_io(Operation::SetOption(option), error)))
    }
}
