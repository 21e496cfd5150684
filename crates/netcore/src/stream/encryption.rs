//! The encryption of a connected stream, by the settings of either side.

use std::sync::Arc;

use crate::endpoint::{Endpoint, Host};
use crate::error::Error;
use crate::stream::Stream;
use crate::stream::encrypted::Encrypted;
use crate::tls::session::Session;
use crate::tls::{TlsAcceptor, TlsConnector};
use crate::until::Until;

impl TlsConnector {
    /// Encrypts a connected stream, for protocols that begin in the clear. `host` is the name of
    /// the server, unless [`with_server_name`](TlsConnector::with_server_name) sets another.
    ///
    /// A stream that is encrypted already carries the new session inside its own, as for a server
    /// behind a proxy that is itself reached over TLS. [`Stream::tls`] then reports the new
    /// session. Clones of the stream from before keep to the earlier one.
    ///
    /// # Errors
    ///
    /// As [`Stream::handshake`], and [`InvalidInput`](crate::ErrorKind::InvalidInput) if `host` is
    /// neither a DNS name nor an IP address.
    pub fn connect<'a>(
        &self,
        stream: Stream,
        host: &str,
        deadline: impl Into<Until<'a>>,
    ) -> Result<Stream, Error> {
        let stream = self.begin(stream, host)?;
        stream.handshake(deadline)?;
        Ok(stream)
    }

    /// Encrypts a connected stream as [`connect`](TlsConnector::connect), and leaves the handshake
    /// to the first use of the stream, or to [`Stream::handshake`].
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), if `host` is neither a DNS name nor an IP
    /// address.
    pub fn begin(&self, stream: Stream, host: &str) -> Result<Stream, Error> {
        let session = self.session(host).map_err(|error| stream.name(error))?;
        stream.encrypted(session)
    }

    /// Encrypts a stream that was connected to `endpoint`.
    pub(crate) fn connect_to(
        &self,
        stream: Stream,
        endpoint: &Endpoint,
        deadline: Until<'_>,
    ) -> Result<Stream, Error> {
        match endpoint.host() {
            Some(Host::Name(name)) => self.connect(stream, name, deadline),
            Some(Host::Ip(ip, _)) => self.connect(stream, &ip.to_string(), deadline),
            Some(Host::Any) | None => self.connect(stream, "localhost", deadline),
        }
    }
}

impl TlsAcceptor {
    /// Encrypts an accepted stream, for protocols that begin in the clear. The first use of the
    /// stream makes the handshake, or [`Stream::handshake`].
    ///
    /// A stream that is encrypted already carries the new session inside its own, as
    /// [`TlsConnector::connect`] describes.
    ///
    /// # Errors
    ///
    /// [`HandshakeFailed`](crate::ErrorKind::HandshakeFailed), never in practice.
    pub fn accept(&self, stream: Stream) -> Result<Stream, Error> {
        let session = self.session().map_err(|error| stream.name(error))?;
        stream.encrypted(session)
    }
}

impl Stream {
    /// Puts the session between this stream and its user.
    pub(crate) fn encrypted(self, session: Session) -> Result<Stream, Error> {
        let encrypted = match &self.tls {
            Some(below) => Ok(Encrypted::over(below.clone(), session)),
            None => {
                let nonblocking = self.mode.is_nonblocking(&self.socket);
                Encrypted::new(session, &self.socket, nonblocking)
            }
        };
        match encrypted {
            Ok(tls) => Ok(Stream { tls: Some(Arc::new(tls)), ..self }),
            Err(error) => Err(self.name(error)),
        }
    }
}
