#![doc = include_str!("../README.md")]

mod address;
mod bind;
mod connect;
mod datagram;
mod deadline;
mod endpoint;
mod error;
#[cfg(test)]
mod fixture;
pub mod line;
mod lines;
mod listener;
mod options;
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
mod timed;
#[cfg(unix)]
mod transfer;

pub use address::Address;
pub use datagram::{Datagram, Received};
pub use deadline::Deadline;
pub use endpoint::{Endpoint, Host, ParseEndpointError, Port, Transport};
pub use error::{Error, ErrorKind, Operation};
pub use lines::Lines;
pub use listener::Listener;
pub use options::{Keepalive, MulticastInterface, SocketOptions};
#[cfg(unix)]
pub use relay::{End, RelayError, Relayed, Side, relay};
pub use resolve::{MAX_LOOKUPS, resolve};
pub use socket_file::SocketFile;
pub use stream::Stream;
pub use timed::Timed;
