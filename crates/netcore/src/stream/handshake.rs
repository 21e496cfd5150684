//! The handshake of a stream, apart from its reads and writes.

use crate::error::Error;
use crate::stream::Stream;
#[cfg(feature = "tls")]
use crate::tls::info::TlsInfo;
use crate::until::Until;

impl Stream {
    /// Completes the TLS handshake of an encrypted stream. Reads and writes do so by themselves,
    /// within their own deadlines. A server calls this function to bound the handshake apart from
    /// the exchange that follows. Without TLS the function returns at once.
    ///
    /// A deadline that has passed allows one step without waiting. Code with a poller of its own
    /// calls the function so whenever the socket is ready, until it no longer times out.
    ///
    /// # Errors
    ///
    /// [`Operation::Handshake`](crate::Operation::Handshake) with
    /// - [`CertificateUntrusted`](crate::ErrorKind::CertificateUntrusted): the peer's certificate
    ///   was refused; the source says why;
    /// - [`HandshakeFailed`](crate::ErrorKind::HandshakeFailed): the peer does not speak TLS, has
    ///   refused this side, or the two have nothing in common;
    /// - [`TimedOut`](crate::ErrorKind::TimedOut): the deadline passed first;
    /// - [`Cancelled`](crate::ErrorKind::Cancelled): the token was cancelled first;
    /// - another kind with the system's reason, often
    ///   [`ConnectionReset`](crate::ErrorKind::ConnectionReset).
    pub fn handshake<'a>(&self, deadline: impl Into<Until<'a>>) -> Result<(), Error> {
        let until = deadline.into();
        match &self.tls {
            Some(tls) => tls.handshake(&self.socket, until).map_err(|error| self.name(error)),
            None => Ok(()),
        }
    }
}

#[cfg(feature = "tls")]
impl Stream {
    /// Returns the properties of an encrypted connection. If one session runs inside another, they
    /// are those of the inner one, with the last peer. Returns `None` without TLS.
    #[must_use]
    pub fn tls(&self) -> Option<TlsInfo> {
        self.tls.as_ref().map(|tls| tls.info())
    }
}
