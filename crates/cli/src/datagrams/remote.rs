//! Datagram sockets for a single peer, a broadcast address or a multicast group.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use netcore::datagram::Received;
use netcore::endpoint::Host;
use netcore::resolve::{Family, resolve};
use netcore::{Address, Connector, Datagram, Deadline, Endpoint, Error, SocketOptions};

use crate::exit::{self, Failure};

/// Binds `endpoint`, and joins the multicast group if it names one.
pub(crate) fn bind(endpoint: &Endpoint, options: SocketOptions) -> Result<Vec<Datagram>, Error> {
    if !is_group(endpoint) {
        return Datagram::bind_all(endpoint, &options);
    }
    // Several programs of this machine can listen to the same group.
    let sockets = Datagram::bind_all(endpoint, &options.with_reuse_address(true))?;
    for socket in &sockets {
        match socket.local_address()?.inet() {
            Some(SocketAddr::V4(group)) => socket.join_v4(*group.ip(), Ipv4Addr::UNSPECIFIED)?,
            Some(SocketAddr::V6(group)) => socket.join_v6(*group.ip(), group.scope_id())?,
            None => {}
        }
    }
    Ok(sockets)
}

/// Returns `true` if the host of `endpoint` is a multicast address.
fn is_group(endpoint: &Endpoint) -> bool {
    matches!(endpoint.host(), Some(Host::Ip(ip, _)) if ip.is_multicast())
}

/// Refuses `--broadcast` for endpoints other than UDP.
pub(crate) fn only_for_udp(broadcast: bool) -> Result<(), Failure> {
    match broadcast {
        true => Err(Failure::new(exit::USAGE, "--broadcast needs a udp:// endpoint")),
        false => Ok(()),
    }
}

/// The peer of a command, or the peers behind a broadcast or multicast address.
pub(crate) struct Remote {
    socket: Datagram,
    /// The multicast or broadcast address. The socket is not connected to it, because replies have
    /// the addresses of the hosts that it reaches.
    all: Option<Address>,
}

impl Remote {
    /// Resolves `endpoint` and makes a socket for it, bound to `local` if given.
    pub(crate) fn find(
        connector: Connector,
        endpoint: &Endpoint,
        broadcast: bool,
        local: Option<SocketAddr>,
        deadline: Deadline,
    ) -> Result<Remote, Failure> {
        if !broadcast && !is_group(endpoint) {
            let socket = connector.connect_datagram(endpoint, deadline)?;
            return Ok(Remote { socket, all: None });
        }
        // IPv6 has no broadcasts.
        let family = if broadcast { Family::Ipv4 } else { Family::Any };
        let addresses = resolve(endpoint, family, deadline)?;
        let Some(&address) = addresses.first() else {
            let message = format!("{endpoint} has no address");
            return Err(Failure::new(exit::HOST_NOT_RESOLVED, message));
        };
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let options = SocketOptions::new().with_broadcast(broadcast);
        let socket = Datagram::bind_with(Endpoint::udp(local.unwrap_or(any)), &options)?;
        Ok(Remote { socket, all: Some(Address::Inet(address)) })
    }

    pub(crate) fn send(&self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        match &self.all {
            Some(all) => self.socket.send_to(bytes, all, deadline),
            None => self.socket.send(bytes, deadline),
        }
    }

    pub(crate) fn recv(&self, buffer: &mut [u8], deadline: Deadline) -> Result<Received, Error> {
        match &self.all {
            Some(_) => self.socket.recv_from(buffer, deadline),
            None => self.socket.recv(buffer, deadline),
        }
    }
}
