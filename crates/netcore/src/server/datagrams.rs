//! Datagram sockets on the loop.

use std::io::{self, ErrorKind};

use mio::net::UdpSocket;
use socket2::{SockAddr, SockRef};

use super::output::Reply;
use super::service::Service;
use crate::address::Address;
use crate::sys::{self, Incoming, Local, Outgoing};

/// Datagrams received from one socket before the others have their turn.
const BATCH: usize = sys::MAX_BATCH;
/// The largest datagram (RFC 768: the length is 16 bits).
const DATAGRAM: usize = 65_535;
/// What is kept of the room for answers after large ones.
const KEPT: usize = 256 * 1024;

/// Room for the datagrams of one batch. A worker has one for all of its sockets. It is zeroed memory that the system lends
/// when it is first written to, so what no datagram has filled costs nothing.
#[derive(Debug)]
pub(super) struct ReceiveBatch {
    bytes: Vec<u8>,
    names: sys::Names,
    came: Vec<Incoming>,
}

impl ReceiveBatch {
    pub(super) fn new(ports: &[DatagramPort]) -> ReceiveBatch {
        let count = if ports.is_empty() { 0 } else { BATCH };
        let bytes = vec![0; count * DATAGRAM];
        ReceiveBatch { bytes, names: sys::Names::new(count), came: Vec::with_capacity(count) }
    }

    /// Gives whether that was all that there is.
    fn fill(&mut self, socket: &UdpSocket, tells: bool) -> io::Result<bool> {
        let ReceiveBatch { bytes, names, came } = self;
        came.clear();
        let (_, all) = socket.try_io(|| {
            let socket = SockRef::from(socket);
            sys::recv_many(&socket, tells, bytes, DATAGRAM, names, |one| came.push(one))
        })?;
        Ok(all)
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &Incoming)> {
        let slots = self.bytes.chunks_exact(DATAGRAM);
        self.came.iter().zip(slots).map(|(came, slot)| (&slot[..came.len], came))
    }
}

#[derive(Debug)]
pub(super) struct DatagramPort {
    socket: UdpSocket,
    /// The system tells the local address of each datagram.
    tells: bool,
    ready: bool,
    /// Until the socket has taken all of it, nothing is received: what comes meanwhile waits in the system, or is dropped
    /// there, as datagrams are.
    outbox: ReplyQueue,
}

/// The answers to one batch.
#[derive(Debug, Default)]
struct ReplyQueue {
    bytes: Vec<u8>,
    answers: Vec<QueuedReply>,
    sent: usize,
}

#[derive(Debug)]
struct QueuedReply {
    /// Where in the outbox's bytes it begins.
    begin: usize,
    to: SockAddr,
    local: Option<Local>,
}

impl DatagramPort {
    /// Takes over a socket that is bound and in non-blocking mode.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot tell the local address of datagrams.
    pub(super) fn new(socket: UdpSocket) -> io::Result<DatagramPort> {
        let tells = sys::tell_local(&SockRef::from(&socket))?;
        Ok(DatagramPort { socket, tells, ready: false, outbox: ReplyQueue::default() })
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
        inbox: &mut ReceiveBatch,
        reply: &mut Reply,
    ) {
        let mut share = BATCH;
        while self.ready && share > 0 {
            if !self.outbox.send(&self.socket) {
                self.ready = false;
                return;
            }
            match inbox.fill(&self.socket, self.tells) {
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
            for (bytes, came) in inbox.iter() {
                reply.send = false;
                service.datagram(bytes, &Address::from_system(&came.from), reply);
                if reply.send {
                    self.outbox.put(&reply.bytes, came);
                }
                share = share.saturating_sub(1);
            }
            if !self.outbox.send(&self.socket) {
                self.ready = false;
            }
        }
    }
}

impl ReplyQueue {
    /// Adds the answer to `came`. It leaves from the address that was asked.
    fn put(&mut self, bytes: &[u8], came: &Incoming) {
        let answer =
            QueuedReply { begin: self.bytes.len(), to: came.from.clone(), local: came.local };
        self.answers.push(answer);
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
                Err(e) => self.refused(&e),
            }
        }
        self.sent = 0;
        self.answers.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        true
    }

    /// Drops the next answer, which the system refuses. One with a source is tried again without
    /// it: it may be a broadcast's address, or no longer one of this machine's.
    fn refused(&mut self, error: &io::Error) {
        let answer = &mut self.answers[self.sent];
        if answer.local.take().is_some() {
            return;
        }
        let to = Address::from_system(&answer.to);
        log::debug!("answer of {} bytes to {to}: {error}", self.answer(self.sent).bytes.len());
        self.sent += 1;
    }

    fn answer(&self, at: usize) -> Outgoing<'_> {
        let QueuedReply { begin, to, local } = &self.answers[at];
        let end = self.answers.get(at + 1).map_or(self.bytes.len(), |next| next.begin);
        Outgoing { bytes: &self.bytes[*begin..end], to, local: *local }
    }
}
