//! Several datagrams in one call.

use std::net::SocketAddr;

use socket2::{SockAddr, SockRef};

use crate::address::Address;
use crate::datagram::batch::Batch;
use crate::datagram::received::Received;
use crate::datagram::{Datagram, is_news_of_others, mapped, not_received};
use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::sys::{self, Interest, Local, Outgoing};
use crate::wait;

#[cfg(test)]
mod tests;

impl Datagram {
    /// Waits for a datagram, and receives it together with the others that have arrived, as far as
    /// `batch` has room. Returns their number, at least 1.
    ///
    /// Linux has recvmmsg(2) and needs one system call; other systems need one for each datagram.
    /// [`recv_from`](Datagram::recv_from) lists the errors that an unconnected socket skips.
    ///
    /// # Errors
    ///
    /// As [`recv`](Datagram::recv), except that a socket without a peer receives from every peer.
    /// `batch` is empty after an error. An error behind received datagrams is returned by the next
    /// call.
    pub fn recv_batch(&self, batch: &mut Batch, deadline: Deadline) -> Result<usize, Error> {
        let Batch { bytes, size, received, names } = batch;
        let socket = SockRef::from(&self.socket);
        loop {
            received.clear();
            let result = wait::until(&self.socket, Interest::Read, deadline, || {
                sys::recv_many(&socket, self.tells, bytes, *size, names, |came| {
                    received.push(Received::of(&came));
                })
            });
            match result {
                Ok(Some((count, _all))) => return Ok(count),
                Ok(None) => return Err(self.name(Error::timed_out(Operation::Receive))),
                Err(error) if self.peer.is_none() && is_news_of_others(&error) => {}
                Err(error) => return Err(self.name(not_received(error))),
            }
        }
    }

    /// Sends each of `messages` as one datagram to its address, in order. Returns the number of
    /// sent datagrams, at least 1. The others failed or the deadline passed; another call with the
    /// rest returns the reason.
    ///
    /// Linux has sendmmsg(2) and needs one system call for each [`Batch::MAX`] datagrams; other
    /// systems need one for each datagram.
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

    /// Sends each of `replies` to the sender of its datagram, from the address to which it was
    /// sent: [`reply`](Datagram::reply) for several datagrams, otherwise as
    /// [`send_batch`](Datagram::send_batch).
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

    /// Sends as many of the `count` messages as one system call takes, at least one. An error is
    /// that of the first message.
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
        let result = wait::until(&self.socket, Interest::Write, deadline, || {
            sys::send_many(&socket, targets.len(), |at| {
                let (bytes, _, local) = message(at);
                Outgoing { bytes, to: &targets[at], local }
            })
        });
        match result {
            Ok(Some(count)) => Ok(count),
            Ok(None) => Err(Error::timed_out(Operation::Send).on(first.clone())),
            Err(error) => Err(failed(error)),
        }
    }
}
