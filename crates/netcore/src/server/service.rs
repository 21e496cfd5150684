//! The protocol side of the loop.

use std::io;

use super::output::{Output, Reply};
use super::turn::Turn;
use crate::address::Address;

/// A protocol on the event loop: one value for each worker, one [`Connection`](Self::Connection)
/// for each peer, and no I/O.
///
/// Every method is called on the worker's own thread and must not block: what it waits for, all
/// connections of the worker wait for. Bytes go in by [`receive`](Self::receive) and out by the
/// [`Output`] that comes with each call. A value on a worker is never shared with another thread,
/// so it needs no lock and no `Send`; what workers share, the service brings itself, and it wakes
/// them with a [`Waker`](super::Waker).
pub trait Service {
    /// What is kept for one connection. The loop adds about 100 bytes, and no buffer while nothing
    /// is unsent.
    type Connection;

    /// A peer has connected. What is sent here is the first that it reads.
    fn open(&mut self, peer: &Address, output: &mut Output) -> Self::Connection;

    /// Bytes came: as many as one read brought, at most [`Config::with_read`](super::Config::with_read), cut anywhere.
    fn receive(&mut self, connection: &mut Self::Connection, input: &[u8], output: &mut Output);

    /// The peer has sent all that it will (a half-close). It may still read. Without a service's
    /// own method, the connection is closed once everything is sent; a service that owes more
    /// closes it itself when it has sent that.
    fn end(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = connection;
        output.close();
    }

    /// What was sent earlier is with the system and there is room for more. Called after output had
    /// to wait, and where [`Output::call_ready_when_flushed`] asked for it.
    fn ready(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = (connection, output);
    }

    /// The peer said nothing for the idle timeout. Without a service's own method, the connection
    /// is closed; if it is not closed here, the timeout begins anew.
    fn idle(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = connection;
        output.close();
    }

    /// The server stops, and no more input comes from anybody. Without a service's own method, the
    /// connection is closed once everything is sent; a service that owes more closes it itself,
    /// within the grace period.
    fn stop(&mut self, connection: &mut Self::Connection, output: &mut Output) {
        let _ = connection;
        output.close();
    }

    /// The connection is over; nothing reaches the peer any more.
    fn closed(&mut self, connection: Self::Connection, why: Closed) {
        let _ = (connection, why);
    }

    /// A peer cannot be served. What is put into `words` (kept short: they must fit the socket's
    /// buffer at once) is the last that it reads.
    fn reject(&mut self, why: Rejection, words: &mut Vec<u8>) {
        let _ = (why, words);
    }

    /// A datagram came, whole. Only for servers that listen on datagram sockets.
    fn datagram(&mut self, input: &[u8], from: &Address, reply: &mut Reply) {
        let _ = (input, from, reply);
    }

    /// The events of one wait are seen to. Called after each wait, also when only a
    /// [`Waker`](super::Waker) ended it.
    fn turn(&mut self, turn: &mut Turn<'_, Self::Connection>) {
        let _ = turn;
    }
}

/// Why a connection is over.
#[derive(Debug)]
#[non_exhaustive]
pub enum Closed {
    /// All was sent, and the service or the peer closed it.
    Done,
    /// The service cut it off with [`Output::abort`].
    Aborted,
    /// The peer took none of what was waiting for it for the stall timeout.
    Stalled,
    /// The socket failed: most often the peer reset it.
    Broken(io::Error),
    /// The server stopped before all was sent: at the end of the grace period, or at once.
    Stopped,
}

/// Why a peer is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// There are as many connections as the server's limit allows.
    Full,
    /// The process or the system has no file descriptor left for it.
    Descriptors,
}
