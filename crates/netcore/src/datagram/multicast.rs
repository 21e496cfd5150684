//! Multicast groups. Where multicasts leave, how far they go and whether this machine hears its own
//! is said by [`SocketOptions`](crate::SocketOptions).

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::Datagram;
use crate::error::{Error, Operation};

impl Datagram {
    /// `IP_ADD_MEMBERSHIP`: receives what is sent to `group` on the interface that has the address
    /// `interface`; `0.0.0.0` leaves the choice to the system. Ends with [`leave_v4`] or the
    /// socket.
    ///
    /// Bind the socket to `0.0.0.0` and the group's port. Several sockets can hear the same port if
    /// each is bound with [`with_reuse_address`](crate::SocketOptions::with_reuse_address). Linux
    /// gives such a socket what any socket of the machine has joined (ip(7), `IP_MULTICAST_ALL`).
    ///
    /// [`leave_v4`]: Datagram::leave_v4
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`] with the C constant:
    /// - [`InvalidInput`](crate::ErrorKind::InvalidInput): `group` is no multicast address
    ///   (RFC 5771);
    /// - [`NotFound`](crate::ErrorKind::NotFound): no interface has that address, or none is chosen
    ///   by the system;
    /// - [`AddressInUse`](crate::ErrorKind::AddressInUse): it has joined already;
    /// - [`NoBuffers`](crate::ErrorKind::NoBuffers): it has joined as many as the system allows;
    /// - [`Unsupported`](crate::ErrorKind::Unsupported): it is no IPv4 socket.
    pub fn join_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> Result<(), Error> {
        let joined = self.socket.join_multicast_v4(&group, &interface);
        self.membership("IP_ADD_MEMBERSHIP", joined)
    }

    /// `IP_DROP_MEMBERSHIP`: undoes [`join_v4`](Datagram::join_v4) with the same arguments.
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`] with the C constant, usually
    /// [`AddressNotAvailable`](crate::ErrorKind::AddressNotAvailable): it has not joined.
    pub fn leave_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> Result<(), Error> {
        let left = self.socket.leave_multicast_v4(&group, &interface);
        self.membership("IP_DROP_MEMBERSHIP", left)
    }

    /// `IPV6_JOIN_GROUP` (RFC 3493 section 5.2): receives what is sent to `group` on the interface
    /// with the number `interface`; 0 leaves the choice to the system. Ends with [`leave_v6`] or
    /// the socket. How to bind is said at [`join_v4`](Datagram::join_v4).
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

    /// `IPV6_LEAVE_GROUP`: undoes [`join_v6`](Datagram::join_v6) with the same arguments.
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
