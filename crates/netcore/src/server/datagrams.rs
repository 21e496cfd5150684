//! Datagram sockets on the event loop.

use std::io::{self, ErrorKind};

use mio::net::UdpSocket;
use socket2::{SockAddr, SockRef};

use super::output::Reply;
use super::service::Service;
use crate::address::Address;
use crate::sys::{self, Incoming, Local, Outgoing};

/// Datagrams received from one socket before the other sockets have their turn.
const BATCH: usize = sys::MAX_BATCH;
/// The largest datagram (RFC 768: the length is 16 bits).
const DATAGRAM: usize = 65_535;
/// Bytes of the reply buffer that are kept after large replies.
const KEPT: usize = 256 * 1024;

/// The datagrams of one batch. A worker has one buffer for all of its sockets.
///
/// The buffer is zeroed memory, which the system provides at the first write to each page. Space
/// that no datagram has filled costs nothing.
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

    /// Receives a batch. Returns `true` if the socket has no more datagrams.
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
    /// The system reports the local address of each datagram.
    tells: bool,
    ready: bool,
    /// Replies of the last batch. The socket is not read until it has taken them all. Meanwhile
    /// datagrams wait in the system, which drops some if its buffer is full.
    replies: ReplyQueue,
}

/// The replies to one batch.
#[derive(Debug, Default)]
struct ReplyQueue {
    bytes: Vec<u8>,
    queue: Vec<QueuedReply>,
    sent: usize,
}

#[derive(Debug)]
struct QueuedReply {
    /// Offset of the reply in the queue's bytes.
    begin: usize,
    to: SockAddr,
    local: Option<Local>,
}

impl DatagramPort {
    /// Takes over a socket that is bound and in non-blocking mode.
    ///
    /// # Errors
    ///
    /// Fails with the system's reason if it cannot report the local address of datagrams.
    pub(super) fn new(socket: UdpSocket) -> io::Result<DatagramPort> {
        let tells = sys::tell_local(&SockRef::from(&socket))?;
        Ok(DatagramPort { socket, tells, ready: false, replies: ReplyQueue::default() })
    }

    pub(super) fn socket(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }

    /// Notes that the socket can be read, or written again.
    pub(super) fn event(&mut self) {
        self.ready = true;
    }

    /// Returns `true` if there may be datagrams to handle at once.
    pub(super) fn is_busy(&self) -> bool {
        self.ready
    }

    /// Returns `true` if replies wait for room in the socket. The poller must report room then.
    pub(super) fn is_full(&self) -> bool {
        !self.replies.queue.is_empty()
    }

    /// Receives and answers datagrams, up to a share.
    pub(super) fn run<S: Service>(
        &mut self,
        service: &mut S,
        inbox: &mut ReceiveBatch,
        reply: &mut Reply,
    ) {
        let mut share = BATCH;
        while self.ready && share > 0 {
            if !self.replies.send(&self.socket) {
                self.ready = false;
                return;
            }
            match inbox.fill(&self.socket, self.tells) {
                Ok(all) => self.ready = !all,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    return;
                }
                Err(error) => {
                    // Usually an earlier reply that did not arrive (ICMP), with datagrams behind
                    // the error. A lasting error is repeated until the share is used up, and then
                    // waits for the next event: the loop must not spin.
                    log::debug!("receiving a datagram: {error}");
                    share -= 1;
                    self.ready = share > 0;
                    continue;
                }
            }
            for (bytes, came) in inbox.iter() {
                reply.send = false;
                service.datagram(bytes, &Address::from_system(&came.from), reply);
                if reply.send {
                    self.replies.push(&reply.bytes, came);
                }
                share = share.saturating_sub(1);
            }
            if !self.replies.send(&self.socket) {
                self.ready = false;
            }
        }
    }
}

impl ReplyQueue {
    /// Queues a reply to `came`. The reply leaves from the address that the datagram was sent to.
    fn push(&mut self, bytes: &[u8], came: &Incoming) {
        let answer =
            QueuedReply { begin: self.bytes.len(), to: came.from.clone(), local: came.local };
        self.queue.push(answer);
        self.bytes.extend_from_slice(bytes);
    }

    /// Sends queued replies. Returns `false` if the socket is full.
    fn send(&mut self, socket: &UdpSocket) -> bool {
        while self.sent < self.queue.len() {
            let sent = socket.try_io(|| {
                let count = self.queue.len() - self.sent;
                sys::send_many(&SockRef::from(socket), count, |at| self.outgoing(self.sent + at))
            });
            match sent {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.on_error(&error),
            }
        }
        self.sent = 0;
        self.queue.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        true
    }

    /// Drops the next reply after a failed send. A reply with a source address is tried again
    /// without it: the address may be a broadcast address, or may no longer be one of this
    /// machine's.
    fn on_error(&mut self, error: &io::Error) {
        let answer = &mut self.queue[self.sent];
        if answer.local.take().is_some() {
            return;
        }
        let to = Address::from_system(&answer.to);
        log::debug!("reply of {} bytes to {to}: {error}", self.outgoing(self.sent).bytes.len());
        self.sent += 1;
    }

    fn outgoing(&self, at: usize) -> Outgoing<'_> {
        let QueuedReply { begin, to, local } = &self.queue[at];
        let end = self.queue.get(at + 1).map_or(self.bytes.len(), |next| next.begin);
        Outgoing { bytes: &self.bytes[*begin..end], to, local: *local }
    }
}
