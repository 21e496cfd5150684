//! Datagram sockets on the loop.

use std::io::ErrorKind;
use std::net::SocketAddr;

use mio::net::UdpSocket;

use super::Service;
use super::output::Reply;
use crate::Address;

/// Datagrams received from one socket before the others have their turn.
const BATCH: usize = 64;

#[derive(Debug)]
pub(super) struct Port {
    socket: UdpSocket,
    ready: bool,
    /// An answer that the socket did not take. Until it does, nothing is received: what comes meanwhile waits in the
    /// system, or is dropped there, as datagrams are.
    unsent: Option<(Vec<u8>, SocketAddr)>,
}

impl Port {
    pub(super) fn new(socket: UdpSocket) -> Port {
        Port { socket, ready: false, unsent: None }
    }

    pub(super) fn socket(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }

    /// The socket can be read, or written where it could not.
    pub(super) fn event(&mut self) {
        self.ready = true;
    }

    /// There is more to do at once.
    pub(super) fn is_busy(&self) -> bool {
        self.ready
    }

    /// Receives and answers what there is, up to a share.
    pub(super) fn run<S: Service>(
        &mut self,
        service: &mut S,
        buffer: &mut [u8],
        reply: &mut Reply,
    ) {
        if !self.ready {
            return;
        }
        if let Some((bytes, to)) = self.unsent.take() {
            if !self.send(&bytes, to) {
                self.unsent = Some((bytes, to));
                self.ready = false;
                return;
            }
        }
        for _ in 0..BATCH {
            let (len, from) = match self.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    return;
                }
                Err(e) => {
                    // News of an earlier answer that did not arrive (ICMP), not of this socket.
                    log::debug!("receiving a datagram: {e}");
                    continue;
                }
            };
            reply.send = false;
            service.datagram(&buffer[..len], &Address::from(from), reply);
            if reply.send && !self.send(&reply.bytes, from) {
                self.unsent = Some((std::mem::take(&mut reply.bytes), from));
                self.ready = false;
                return;
            }
        }
    }

    /// `false`: the socket is full.
    fn send(&self, bytes: &[u8], to: SocketAddr) -> bool {
        loop {
            match self.socket.send_to(bytes, to) {
                Ok(_) => return true,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    log::debug!("answer of {} bytes to {to}: {e}", bytes.len());
                    return true;
                }
            }
        }
    }
}
