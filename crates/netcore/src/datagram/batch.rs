//! Several datagrams in one call.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use socket2::{SockAddr, SockRef};

use super::{Datagram, Received, is_news_of_others, mapped};
use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::sys::{self, Going, Interest, Local};

/// Room for several datagrams, which [`Datagram::recv_batch`] fills again and again.
///
/// ```
/// use std::time::Duration;
/// use netcore::datagram::Batch;
/// use netcore::{Datagram, Deadline, SocketOptions};
///
/// let patience = Duration::from_secs(5);
/// let options = SocketOptions::new();
/// let server = Datagram::bind_with("udp://127.0.0.1:0", &options)?;
/// let client = Datagram::connect(server.endpoint(), &options, Deadline::after(patience))?;
/// let to = server.local_address()?;
/// client.send_batch(&[(b"one", &to), (b"two", &to)], Deadline::after(patience))?;
///
/// let mut batch = Batch::new(32, 1500);
/// let mut seen = Vec::new();
/// while seen.len() < 2 {
///     server.recv_batch(&mut batch, Deadline::after(patience))?;
///     seen.extend(batch.iter().map(|(bytes, _)| bytes.to_vec()));
/// }
/// assert_eq!(seen, [b"one", b"two"]);
/// # Ok::<(), netcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    size: usize,
    received: Vec<Received>,
    names: sys::Names,
}

impl Batch {
    /// The most datagrams of one batch.
    pub const MAX: usize = sys::MAX_BATCH;

    /// Room for `count` datagrams, from 1 to [`MAX`](Batch::MAX), of `size` bytes each, at least 1;
    /// what is beyond is taken as the nearest.
    ///
    /// A datagram longer than `size` is cut and marked so. UDP's longest has 65,507 bytes over IPv4
    /// (RFC 768), those of most protocols fit 1500.
    #[must_use]
    pub fn new(count: usize, size: usize) -> Batch {
        let count = count.clamp(1, Batch::MAX);
        let size = size.max(1);
        Batch {
            bytes: vec![0; count.saturating_mul(size)],
            size,
            received: Vec::with_capacity(count),
            names: sys::Names::new(count),
        }
    }

    /// The datagrams of the last call, in the order in which they came, each with what is known of
    /// it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &Received)> {
        let slots = self.bytes.chunks_exact(self.size);
        self.received.iter().zip(slots).map(|(received, slot)| (&slot[..received.len], received))
    }
}

impl Datagram {
    /// Waits for a datagram, and takes with it what else is there, as far as `batch` has room.
    /// Gives how many there were, at least one.
    ///
    /// One system call where the system has recvmmsg(2), which is Linux; elsewhere the same by one
    /// for each datagram. What an unconnected socket skips is said at
    /// [`recv_from`](Datagram::recv_from).
    ///
    /// # Errors
    ///
    /// As [`recv`](Datagram::recv), but that a socket without a peer receives from everybody.
    /// `batch` is empty then. An error that stands behind datagrams comes with the next call.
    pub fn recv_batch(&self, batch: &mut Batch, deadline: Deadline) -> Result<usize, Error> {
        let Batch { bytes, size, received, names } = batch;
        let socket = SockRef::from(&self.socket);
        loop {
            received.clear();
            let result = sys::until(&self.socket, Interest::Read, deadline, || {
                sys::recv_many(&socket, self.tells, bytes, *size, names, |came| {
                    received.push(Received::of(&came));
                })
            });
            match result {
                Ok(Some((count, _all))) => return Ok(count),
                Ok(None) => return Err(self.name(Error::timed_out(Operation::Receive))),
                Err(error) if self.peer.is_none() && is_news_of_others(&error) => {}
                Err(error) => return Err(self.name(Error::from_io(Operation::Receive, error))),
            }
        }
    }

    /// Sends each of `messages` as one datagram to its address, in order. Returns how many were
    /// sent: all, or those before the first that failed or that the deadline left no time for, at
    /// least one. Calling again with the rest tells why.
    ///
    /// A system call for each [`Batch::MAX`] of them where the system has sendmmsg(2), which is
    /// Linux; elsewhere one for each.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Datagram::send_to), if not even the first was sent.
    pub fn send_batch(
        &self,
        messages: &[(&[u8], &Address)],
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let message = |at: usize| (messages[at].0, messages[at].1, None);
        let mut sent = 0;
        while sent < messages.len() {
            match self.send_some(messages.len() - sent, |at| message(sent + at), deadline) {
                Ok(count) => sent += count,
                Err(error) if sent == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(sent)
    }

    /// Sends each of `replies` to the sender of its datagram, from the address that it had asked:
    /// [`reply`](Datagram::reply) for several, otherwise as [`send_batch`](Datagram::send_batch).
    ///
    /// # Errors
    ///
    /// As [`send_to`](Datagram::send_to), if not even the first was sent.
    pub fn reply_batch(
        &self,
        replies: &[(&[u8], &Received)],
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let message = |at: usize| (replies[at].0, &replies[at].1.from, replies[at].1.local);
        let mut sent = 0;
        while sent < replies.len() {
            match self.send_some(replies.len() - sent, |at| message(sent + at), deadline) {
                Ok(count) => sent += count,
                // The system may have refused the source.
                Err(_) => match self.reply(replies[sent].0, replies[sent].1, deadline) {
                    Ok(()) => sent += 1,
                    Err(error) if sent == 0 => return Err(error),
                    Err(_) => break,
                },
            }
        }
        Ok(sent)
    }

    /// Sends as many of the `count` messages as one system call takes. The error is that of the first message, which there must be.
    fn send_some<'a>(
        &self,
        count: usize,
        message: impl Fn(usize) -> (&'a [u8], &'a Address, Option<Local>),
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let first = message(0).1;
        let failed = |error| Error::from_io(Operation::Send, error).on(first.clone());
        let socket = SockRef::from(&self.socket);
        let v6 = socket.local_addr().map_err(failed)?.is_ipv6();
        let mut targets: Vec<SockAddr> = Vec::new();
        for at in 0..count.min(Batch::MAX) {
            match message(at).1 {
                Address::Inet(SocketAddr::V4(v4)) if v6 => targets.push(mapped(*v4)),
                to => match to.to_system() {
                    Ok(target) => targets.push(target),
                    Err(error) if targets.is_empty() => return Err(failed(error)),
                    Err(_) => break,
                },
            }
        }
        let result = sys::until(&self.socket, Interest::Write, deadline, || {
            sys::send_many(&socket, targets.len(), |at| {
                let (bytes, _, local) = message(at);
                Going { bytes, to: &targets[at], local }
            })
        });
        match result {
            Ok(Some(count)) => Ok(count),
            Ok(None) => Err(Error::timed_out(Operation::Send).on(first.clone())),
            Err(error) => Err(failed(error)),
        }
    }
}
