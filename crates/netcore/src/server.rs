//! An event-loop server for protocols that do no I/O.
//!
//! A [`Service`] is bytes in, bytes out. [`Server`] brings it to TCP, Unix and UDP sockets, on as
//! many threads as you say, and does what is easily got wrong:
//!
//! - output that a socket does not take at once is kept and sent in order; until then nothing is
//!   read from that peer;
//! - a peer is read once a turn, 64 KiB at most, so that none starves the others;
//! - idle and stalled peers are closed, more than the limit are told so and turned away;
//! - a half-closed peer gets what it is owed, and a close never cuts off the last bytes;
//! - aborted connections, signals and a lack of file descriptors do not end it, nor make it spin;
//! - a stop accepts no more, reads what has arrived, sends what is owed, and is bounded by a grace
//!   period.
//!
//! ```
//! use netcore::server::{Config, Output, Server, Service};
//! use netcore::{Address, Deadline, SocketOptions, Stream};
//! use std::time::Duration;
//!
//! /// Answers with what came, in capitals.
//! struct Shout;
//!
//! impl Service for Shout {
//!     type Connection = ();
//!
//!     fn open(&mut self, _: &Address, _: &mut Output) {}
//!
//!     fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
//!         output.buffer().extend(input.iter().map(u8::to_ascii_uppercase));
//!     }
//! }
//!
//! let server = Server::bind(&["127.0.0.1:0".parse()?], Config::default())?;
//! let (endpoint, handle) = (server.endpoints()[0].clone(), server.handle());
//! let running = std::thread::spawn(move || server.run(|_| Shout));
//!
//! let deadline = Deadline::after(Duration::from_secs(5));
//! let client = Stream::connect(&endpoint, &SocketOptions::default(), deadline)?;
//! client.write_all_deadline(b"hello", deadline)?;
//! let mut answer = [0; 5];
//! client.read_exact_deadline(&mut answer, deadline)?;
//! assert_eq!(&answer, b"HELLO");
//!
//! handle.stop();
//! running.join().map_err(|_| "the server panicked")??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! Each worker is a thread with a poller and a service of its own. Sockets are registered once, for
//! both directions, edge-triggered; a turn of the loop waits for events, reads each connection that
//! has input, gives its bytes to the service and writes the answer at once, without a buffer for
//! the connection unless the socket is full. A read that brings less than was asked for is known to
//! be the last, so an exchange costs one read and one write. Then the service has its
//! [`turn`](Service::turn), for what concerns more than one connection.
//!
//! The first worker accepts and hands each connection to the worker that has the fewest.

mod accept;
mod clock;
mod config;
mod connection;
mod connections;
mod datagrams;
mod handle;
mod output;
mod reactor;
mod send_queue;
mod serve;
mod service;
mod timers;
mod transport;
mod turn;
mod worker;

#[cfg(any(test, feature = "testing"))]
pub(crate) mod harness;
#[cfg(test)]
mod tests;

pub use crate::shutdown::Handle;
pub use config::Config;
pub use handle::{Waker, Worker};
pub use output::{ConnectionId, Output, Reply};
pub use serve::Server;
pub use service::{Closed, Rejection, Service};
pub use turn::Turn;
