//! The protocol side of the event loop.

use std::io;

use super::output::{Output, Reply};
use super::turn::Turn;
use crate::address::Address;

/// A protocol on the event loop: one value for each worker, one [`Connection`](Self::Connection)
/// for each peer, and no I/O.
///
/// ```
/// use netcore::Address;
/// use netcore::server::{Output, Service};
///
/// /// Counts the bytes of each connection, and sends the number at its end.
/// struct Count;
///
/// impl Service for Count {
///     type Connection = usize;
///
///     fn open(&mut self, _: &Address, _: &mut Output) -> usize {
///         0
///     }
///
///     fn receive(&mut self, count: &mut usize, input: &[u8], _: &mut Output) {
///         *count += input.len();
///     }
///
///     fn end(&mut self, count: &mut usize, output: &mut Output) {
///         output.send(format!("{count} bytes\n").as_bytes());
///         output.close();
///     }
/// }
/// ```
///
/// Every method is called on the worker's own thread and must not block, since all connections of
/// the worker would wait with it. Bytes go in by [`receive`](Self::receive) and out by the
/// [`Output`] of each call.
///
/// A service is never shared with another thread, so it needs no lock and no `Send`. A service
/// brings the state that its workers share, and wakes them with a [`Waker`](super::Waker).
pub trait Service {
    /// The service's state of one connection. The loop adds about 60 bytes, TLS about 3.7 KB, and
    /// a buffer only while bytes are unsent.
    type Connection;

    /// Opens a connection. The bytes sent here are the first that the peer reads.
    fn open(&mut self, peer: &Address, output: &mut Output) -> Self::Connection;

    /// Opens a connection like [`open`](Self::open). `listener` is the index of the endpoint that
    /// it came in by, among those given to [`Server::bind`](super::Server::bind).
    ///
    /// By default all listeners have the same protocol, and `open` is called.
    fn open_on(
        &mut self,
        listener: usize,
        peer: &Address,
        output: &mut Output,
    ) -> Self::Connection {
        let _ = listener;
        self.open(peer, output)
    }

    /// Receives the bytes of one read, at most [`Config::with_read`](super::Config::with_read),
    /// split anywhere.
    fn receive(&mut self, connection: &mut Self::Connection, input: &[u8], output: &mut Output);

    /// Handles the end of the peer's input (a half-close). The peer may still read.
    ///
    /// By default the connection is closed once everything is sent. A service that has more to send
    /// closes the connection itself afterwards.
    fn end(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = connection;
        output.close();
    }

    /// Sends more, now that earlier output has reached the kernel. The loop calls this after queued
    /// output was flushed, and after [`Output::call_ready_when_flushed`].
    fn ready(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = (connection, output);
    }

    /// Handles a peer that has sent nothing for the idle timeout.
    ///
    /// By default the connection is closed. If a service does not close it, the timeout starts
    /// again.
    fn idle(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = connection;
        output.close();
    }

    /// Handles the stop of the server. No connection receives any more input.
    ///
    /// By default the connection is closed once everything is sent. A service that has more to send
    /// closes the connection itself within the grace period.
    fn stop(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = connection;
        output.close();
    }

    /// Takes back the state of a connection that is over. Nothing reaches the peer any more.
    fn closed(&mut self, connection: Self::Connection, reason: Closed) {
        let _ = (connection, reason);
    }

    /// Puts the last bytes for a peer that cannot be served into `text`. Keep them short: the
    /// socket's buffer must take them at once.
    fn reject(&mut self, reason: Rejection, text: &mut Vec<u8>) {
        let _ = (reason, text);
    }

    /// Rejects a peer like [`reject`](Self::reject). `listener` is as in
    /// [`open_on`](Self::open_on).
    fn reject_on(&mut self, listener: usize, reason: Rejection, text: &mut Vec<u8>) {
        let _ = listener;
        self.reject(reason, text);
    }

    /// Receives one whole datagram. For servers that listen on datagram sockets.
    fn datagram(&mut self, input: &[u8], from: &Address, reply: &mut Reply) {
        let _ = (input, from, reply);
    }

    /// Acts on several connections, after the events of one wait. The loop calls this after each
    /// wait, also if only a [`Waker`](super::Waker) ended it.
    fn turn(&mut self, turn: &mut Turn<'_, Self::Connection>) {
        let _ = turn;
    }
}

/// The reason for the end of a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Closed {
    /// The service or the peer closed the connection, and everything was sent.
    Done,
    /// The service closed the connection at once with [`Output::abort`].
    Aborted,
    /// The peer took none of the unsent bytes for the stall timeout.
    Stalled,
    /// The socket failed, most often because the peer reset the connection.
    Broken(io::Error),
    /// The server stopped before everything was sent: at the end of the grace period, or at once.
    Stopped,
}

/// The reason for rejecting a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The number of connections has reached the server's limit.
    Full,
    /// The peer's address has as many connections as its
    /// [limit](super::AddressLimit) allows.
    AddressFull {
        /// The most connections of one address.
        limit: usize,
    },
    /// The process or the system has no file descriptor left.
    Descriptors,
}
