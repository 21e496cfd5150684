#![doc = include_str!("../README.md")]

mod address;
mod bind;
mod connect;
mod datagram;
mod deadline;
mod endpoint;
mod error;
#[cfg(unix)]
mod file_lock;
#[cfg(test)]
mod fixture;
// The page's examples are tests, of this crate with all of its features.
#[cfg(all(doctest, unix, feature = "server"))]
#[doc = include_str!("../../../docs/from-python.md")]
mod from_python {}
pub mod line;
mod lines;
mod listener;
mod options;
#[cfg(unix)]
mod patience;
pub mod raw;
#[cfg(unix)]
mod relay;
mod resolve;
#[cfg(feature = "server")]
pub mod server;
mod service;
mod socket_file;
mod stream;
mod sys;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod threaded;
mod timed;
#[cfg(unix)]
mod transfer;

pub use address::Address;
pub use connect::Connector;
pub use connect::event::ConnectEvent;
pub use connect::happy_eyeballs::{ATTEMPT_DELAY, MAX_ADDRESSES, MIN_ATTEMPT_DELAY};
pub use datagram::{Batch, Datagram, Received};
pub use deadline::Deadline;
pub use endpoint::{Endpoint, Host, ParseEndpointError, Port, Transport};
pub use error::{Error, ErrorKind, Operation};
#[cfg(unix)]
pub use file_lock::{try_lock_file, unlock_file};
pub use lines::Lines;
pub use listener::Listener;
pub use options::{
    Granted, Keepalive, MulticastInterface, Report, ReportRow, SocketOptions, Verdict,
};
#[cfg(unix)]
pub use patience::Patience;
#[cfg(unix)]
pub use relay::{End, RelayError, Relayed, Side, relay};
pub use resolve::helper::MAX_LOOKUPS;
pub use resolve::{Family, resolve, reverse};
pub use service::{service_name, service_port};
pub use socket_file::SocketFile;
pub use stream::Stream;
#[cfg(all(unix, feature = "stdio"))]
pub use sys::{ignore_terminal_stops, standard_output_was_closed};
pub use timed::Timed;
#[cfg(unix)]
pub use transfer::write_all_to;
