//! TLS of the connections of a load.

use std::time::Instant;

use netcore::endpoint::Host;
use netcore::tls::TlsConnector;
use netcore::{Connector, Deadline, Endpoint, Error, Stream, Transport};

use crate::bench::load::Load;

/// The settings of TLS, and the host of the server.
#[derive(Debug, Clone)]
pub(super) struct Encryption {
    tls: TlsConnector,
    host: String,
}

impl Encryption {
    /// Returns the encryption of a load on `endpoint`, or `None` if it is not `tls://`.
    ///
    /// # Errors
    ///
    /// The system has no root certificates, and the load has none either.
    pub(super) fn of(load: &Load, endpoint: &Endpoint) -> Result<Option<Encryption>, Error> {
        if endpoint.transport() != Transport::Tls {
            return Ok(None);
        }
        let tls = match &load.tls {
            Some(tls) => tls.clone(),
            None => TlsConnector::with_system_roots()?,
        };
        let host = match endpoint.host() {
            Some(Host::Name(name)) => name.clone(),
            Some(Host::Ip(address, _)) => address.to_string(),
            _ => "localhost".to_owned(),
        };
        Ok(Some(Encryption { tls, host }))
    }

    /// Returns `connector` with these settings.
    pub(super) fn add_to(&self, connector: Connector) -> Connector {
        connector.with_tls(self.tls.clone())
    }

    /// Starts the handshake of a stream that has just been connected.
    pub(super) fn begin(&self, stream: Stream) -> Result<Stream, Error> {
        if stream.tls().is_some() {
            return Ok(stream);
        }
        self.tls.begin(stream, &self.host)
    }

    /// Takes the next step of the handshake, without waiting. Returns `true` once it is done.
    pub(super) fn advance(&self, stream: &Stream) -> Result<bool, Error> {
        match stream.handshake(Deadline::at(Instant::now())) {
            Ok(()) => Ok(true),
            Err(error) if error.is_timeout() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
