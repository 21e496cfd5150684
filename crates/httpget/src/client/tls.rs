//! The TLS settings of a client. The roots of the system are loaded for the first `https://` URL.

use std::sync::{Arc, OnceLock};

use netcore::tls::TlsConnector;

#[cfg(test)]
mod tests;

/// The connector of a client, shared by its clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls(Arc<OnceLock<TlsConnector>>);

impl Tls {
    /// Returns the settings that use `connector`.
    pub(crate) fn new(connector: TlsConnector) -> Tls {
        // The name of the only protocol that is spoken here (RFC 9110 section 7.8, RFC 7301) is
        // short enough, so nothing fails.
        let connector = connector.clone().with_alpn(&[b"http/1.1"]).unwrap_or(connector);
        Tls(Arc::new(connector.into()))
    }

    /// Returns the connector.
    ///
    /// # Errors
    ///
    /// Those of [`TlsConnector::with_system_roots`].
    pub(crate) fn connector(&self) -> Result<TlsConnector, netcore::Error> {
        if let Some(connector) = self.0.get() {
            return Ok(connector.clone());
        }
        let connector = TlsConnector::with_system_roots()?.with_alpn(&[b"http/1.1"])?;
        Ok(self.0.get_or_init(|| connector).clone())
    }
}
