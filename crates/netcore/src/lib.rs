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
// The page's examples are tests, of this crate with all of its features.
#[cfg(all(doctest, unix, feature = "server"))]
#[doc = include_str!("../../../docs/from-python.md")]
mod from_python {}
pub mod line;
mod listener;
mod options;
mod resolve;
#[cfg(feature = "server")]
pub mod server;
mod service;
mod socket_file;
mod stream;
mod sys;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use address::Address;
pub use datagram::{Datagram, Received};
pub use deadline::Deadline;
pub use endpoint::{Endpoint, Host, ParseEndpointError, Port, Transport};
pub use error::{Error, ErrorKind, Operation};
pub use listener::Listener;
pub use options::{
    Granted, Keepalive, MulticastInterface, Report, ReportRow, SocketOptions, Verdict,
};
pub use resolve::{MAX_LOOKUPS, resolve};
pub use socket_file::SocketFile;
pub use stream::Stream;
