//! An event-loop server for protocols that do no I/O.
//!
//! A [`Service`] is bytes in, bytes out. [`Server`] connects it to TCP, Unix and UDP sockets on any
//! number of threads, and handles the hard parts:
//!
//! - bytes that a socket does not take at once are queued and sent in order; until then the
//!   connection is not read;
//! - a connection is read once a turn, at most 64 KiB, so that no peer starves the others;
//! - idle and stalled connections are closed, and peers beyond the limit are rejected with a
//!   reason;
//! - a half-closed peer gets all its replies, and a close never drops the last bytes;
//! - aborted connections, signals and a lack of file descriptors neither end the server nor make it
//!   spin;
//! - a stop accepts no more peers, reads input that has arrived, sends unsent bytes, and is bounded
//!   by a grace period.
//!
//! ```
//! use netcore::server::{Config, Output, Server, Service};
//! use netcore::{Address, Deadline, SocketOptions, Stream};
//! use std::time::Duration;
//!
//! /// Answers with its input in capitals.
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
//! both directions and edge-triggered.
//!
//! A turn of the loop waits for events and reads each connection that has input. It hands the bytes
//! to the service and writes the reply at once, without a buffer for the connection unless the
//! socket is full. A short read is known to be the last, so an exchange costs one read and one
//! write. At the end the service has its [`turn`](Service::turn), for actions on several
//! connections.
//!
//! The first worker accepts, and hands each connection to the worker with the fewest.
//!
//! # TLS
//!
//! With the feature `tls`, [`Config::with_tls`](crate::server::Config) and an endpoint `tls://` a
//! service is served over TLS without a change. The loop makes the handshakes, a few steps in a
//! turn, so that a flood of them delays nobody. Output that many connections share is encrypted for
//! each, one record at a time.

mod accept;
mod address_limit;
mod byte_stream;
mod clock;
mod config;
mod connection;
mod connections;
mod datagrams;
#[cfg(feature = "tls")]
mod encrypted;
mod handle;
mod handshakes;
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
pub use address_limit::AddressLimit;
pub use config::Config;
pub use handle::{Waker, Worker};
pub use output::{ConnectionId, Output, Reply};
pub use serve::Server;
pub use service::{Closed, Rejection, Service};
pub use turn::Turn;
