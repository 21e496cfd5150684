//! Errors of the handshakes: refused, malformed, or cut off.

use std::fmt;

use http::StatusCode;
use netcore::error::debug_as_chain;

use super::refusal::SocksRefusal;
use crate::protocol::error::ProtocolError;

/// The reason why a proxy did not open a tunnel. The first error of a
/// [`Handshake`](super::handshake::Handshake) is final.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The status of the reply to CONNECT is not a 2xx.
    #[error("{0}")]
    Status(StatusCode),
    /// The reply to CONNECT is not a valid head, is larger than the [`Limits`](crate::Limits)
    /// allow, or ended too early.
    #[error("{0}")]
    Head(ProtocolError),
    /// A SOCKS proxy refused the tunnel.
    #[error("{0}")]
    Refused(SocksRefusal),
    /// A SOCKS5 proxy requires a method of authentication that was not offered.
    #[error("{}", NoMethod(*login))]
    Method {
        /// `true` if a user and password were offered.
        login: bool,
    },
    /// A SOCKS5 proxy did not accept the user and password.
    #[error("user or password not accepted")]
    Login,
    /// Bytes that violate SOCKS.
    #[error("malformed reply at byte {offset}: {what}")]
    Malformed {
        /// Their offset in bytes from the start of the reply.
        offset: usize,
        /// The fault.
        what: &'static str,
    },
    /// A SOCKS proxy closed the connection within a reply, or instead of it.
    #[error("{}", Cut(*received))]
    Closed {
        /// Bytes of the reply that came.
        received: usize,
    },
    /// Bytes came through the tunnel before the client had sent any. In HTTP and TLS the client
    /// speaks first, so they could only be mistaken for an answer.
    #[error("{}", Early(*count))]
    Early {
        /// Their number.
        count: usize,
    },
    /// The protocol of the proxy can't express the request. Nothing was sent.
    #[error("{0}")]
    Unsupported(&'static str),
}

debug_as_chain!(enum ProxyError {
    Status(status),
    Head(error),
    Refused(refusal),
    Method { login },
    Login,
    Malformed { offset, what },
    Closed { received },
    Early { count },
    Unsupported(what),
});

impl ProxyError {
    /// Returns `true` if the same handshake may succeed later: after the statuses 408, 429, 500 and
    /// above, a connection that was cut off, and a SOCKS refusal that the server caused.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            ProxyError::Status(status) => {
                status.is_server_error()
                    || *status == StatusCode::REQUEST_TIMEOUT
                    || *status == StatusCode::TOO_MANY_REQUESTS
            }
            ProxyError::Head(error) => matches!(error, ProtocolError::Incomplete { .. }),
            ProxyError::Refused(refusal) => refusal.is_retryable(),
            ProxyError::Closed { .. } => true,
            _ => false,
        }
    }
}

/// The message of [`ProxyError::Method`].
struct NoMethod(bool);

impl fmt::Display for NoMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoMethod(true) => "user and password refused as the method of authentication",
            NoMethod(false) => "authentication required",
        })
    }
}

/// The message of [`ProxyError::Closed`].
struct Cut(usize);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cut(0) => f.write_str("closed without a reply"),
            Cut(1) => f.write_str("closed after 1 byte of a reply"),
            Cut(received) => write!(f, "closed after {received} bytes of a reply"),
        }
    }
}

/// The message of [`ProxyError::Early`].
struct Early(usize);

impl fmt::Display for Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Early(1) => f.write_str("1 byte came before anything was requested"),
            Early(count) => write!(f, "{count} bytes came before anything was requested"),
        }
    }
}
