//! Datagram sockets on the loop.

use std::io::{self, ErrorKind};

use mio::net::UdpSocket;
use socket2::{SockAddr, SockRef};

use super::Service;
use super::output::Reply;
use crate::{Address, sys};

/// Datagrams received from one socket before the others have their turn.
const BATCH: usize = sys::MAX_BATCH;
/// The largest datagram (RFC 768: the length is 16 bits).
const DATAGRAM: usize = 65_535;
/// What is kept of the room for answers after large ones.
const KEPT: usize = 256 * 1024;

/// Room for the datagrams of one batch. A worker has one for all of its sockets. It is zeroed memory that the system lends
/// when it is first written to, so what no datagram has filled costs nothing.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    names: sys::Names,
    /// The length and the sender of each.
    came: Vec<(usize, SockAddr)>,
}

impl Inbox {
    pub(super) fn new(ports: &[Port]) -> Inbox {
        let count = if ports.is_empty() { 0 } else { BATCH };
        let bytes = vec![0; count * DATAGRAM];
        Inbox { bytes, names: sys::Names::new(count), came: Vec::with_capacity(count) }
    }

    /// Gives whether that was all that there is.
    fn fill(&mut self, socket: &UdpSocket) -> io::Result<bool> {
        let Inbox { bytes, names, came } = self;
        came.clear();
        let (_, all) = socket.try_io(|| {
            sys::recv_many(&SockRef::from(socket), bytes, DATAGRAM, names, |len, _, from| {
                came.push((len, from.clone()));
            })
        })?;
        Ok(all)
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &SockAddr)> {
        let slots = self.bytes.chunks_exact(DATAGRAM);
        self.came.iter().zip(slots).map(|((len, from), slot)| (&slot[..*len], from))
    }
}

#[derive(Debug)]
pub(super) struct Port {
    socket: UdpSocket,
    ready: bool,
    /// Until the socket has taken all of it, nothing is received: what comes meanwhile waits in the system, or is dropped
    /// there, as datagrams are.
    outbox: Outbox,
}

/// The answers to one batch.
#[derive(Debug, Default)]
struct Outbox {
    bytes: Vec<u8>,
    /// Where in `bytes` each begins, and where it goes.
    answers: Vec<(usize, SockAddr)>,
    sent: usize,
}

impl Port {
    pub(super) fn new(socket: UdpSocket) -> Port {
        Port { socket, ready: false, outbox: Outbox::default() }
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

    /// Answers wait for room. Where there is some, there has to be an event.
    pub(super) fn is_full(&self) -> bool {
        !self.outbox.answers.is_empty()
    }

    /// Receives and answers what there is, up to a share.
    pub(super) fn run<S: Service>(
        &mut self,
        service: &mut S,
        inbox: &mut Inbox,
        reply: &mut Reply,
    ) {
        let mut share = BATCH;
        while self.ready && share > 0 {
            if !self.outbox.send(&self.socket) {
                self.ready = false;
                return;
            }
            match inbox.fill(&self.socket) {
                Ok(all) => self.ready = !all,
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    return;
                }
                Err(e) => {
                    // Usually news of an earlier answer that did not arrive (ICMP), with datagrams
                    // behind it. An error that lasts comes again until the share is used up, and
                    // then waits for the next event: it must not spin.
                    log::debug!("receiving a datagram: {e}");
                    share -= 1;
                    self.ready = share > 0;
                    continue;
                }
            }
            for (bytes, from) in inbox.iter() {
                reply.send = false;
                service.datagram(bytes, &Address::from_system(from), reply);
                if reply.send {
                    self.outbox.put(&reply.bytes, from);
                }
                share = share.saturating_sub(1);
            }
            if !self.outbox.send(&self.socket) {
                self.ready = false;
            }
        }
    }
}

impl Outbox {
    fn put(&mut self, bytes: &[u8], to: &SockAddr) {
        self.answers.push((self.bytes.len(), to.clone()));
        self.bytes.extend_from_slice(bytes);
    }

    /// `false`: the socket is full.
    fn send(&mut self, socket: &UdpSocket) -> bool {
        while self.sent < self.answers.len() {
            let sent = socket.try_io(|| {
                let count = self.answers.len() - self.sent;
                sys::send_many(&SockRef::from(socket), count, |at| self.answer(self.sent + at))
            });
            match sent {
                Ok(count) => self.sent += count,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    let (bytes, to) = self.answer(self.sent);
                    let to = Address::from_system(to);
                    log::debug!("answer of {} bytes to {to}: {e}", bytes.len());
                    self.sent += 1;
                }
            }
        }
        self.sent = 0;
        self.answers.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        true
    }

    fn answer(&self, at: usize) -> (&[u8], &SockAddr) {
        let (begin, to) = &self.answers[at];
        let end = self.answers.get(at + 1).map_or(self.bytes.len(), |next| next.0);
        (&self.bytes[*begin..end], to)
    }
}
