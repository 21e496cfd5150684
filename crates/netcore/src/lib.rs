#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
pub mod backoff;
mod bind;
mod cancel;
pub mod connect;
pub mod datagram;
mod deadline;
pub mod endpoint;
pub mod error;
pub mod file_at;
pub mod file_identity;
pub mod file_lock;
pub mod file_space;
#[cfg(test)]
mod fixture;
// The page's examples are tests, of this crate with all of its features.
#[cfg(all(doctest, unix, feature = "server"))]
#[doc = include_str!("../../../docs/from-python.md")]
mod from_python {}
pub mod line;
mod listener;
mod lock;
pub mod options;
mod random;
pub mod raw;
pub mod relay;
pub mod resolve;
mod secret;
#[cfg(feature = "server")]
pub mod server;
mod shutdown;
pub mod socket_file;
#[cfg(feature = "stdio")]
pub mod stdio;
pub mod stream;
mod sys;
#[cfg(unix)]
pub mod systemd;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod threaded;
pub mod throttle;
#[cfg(feature = "tls")]
pub mod tls;
pub mod transfer;
mod until;
mod wait;

pub use address::Address;
pub use address::group::AddressGroup;
pub use cancel::CancelToken;
#[doc(inline)]
pub use connect::Connector;
#[doc(inline)]
pub use datagram::Datagram;
pub use deadline::Deadline;
#[doc(inline)]
pub use endpoint::{Endpoint, Transport};
#[doc(inline)]
pub use error::{Error, ErrorKind, Operation};
pub use listener::Listener;
#[doc(inline)]
pub use options::SocketOptions;
pub use secret::Secret;
#[doc(inline)]
pub use stream::Stream;
pub use until::Until;
