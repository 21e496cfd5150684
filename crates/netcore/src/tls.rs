//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446) for streams, listeners and both servers.

mod acceptor;
mod alpn;
mod connector;
mod date;
mod failure;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod info;
mod pem;
pub(crate) mod session;
#[cfg(test)]
mod tests;
mod verifier;

pub use acceptor::TlsAcceptor;
pub use connector::TlsConnector;
pub use info::TlsInfo;
#[cfg(feature = "server")]
pub use session::limits::MAX_BUFFERED;
