//! The connecting side.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, UnbufferedClientConnection, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName};

use crate::error::{Error, ErrorKind, Operation};
use crate::tls::alpn;
use crate::tls::pem;
use crate::tls::session::Session;
use crate::tls::verifier::{Decide, ServerVerifier, refused};

/// The most sessions that are kept for resumption: those of 32 servers, since rustls keeps 8 for
/// each server name.
const MAX_SESSIONS: usize = 256;

/// The connecting side of TLS: the certificates that it trusts, and its own.
///
/// ```no_run
/// use std::time::Duration;
/// use netcore::tls::TlsConnector;
/// use netcore::{Connector, Deadline, Endpoint};
///
/// let connector = Connector::new().with_tls(TlsConnector::with_system_roots()?);
/// let endpoint: Endpoint = "tls://www.example.org:443".parse()?;
/// let stream = connector.connect(&endpoint, Deadline::after(Duration::from_secs(10)))?;
/// println!("{:?}", stream.tls().and_then(|tls| tls.version().map(String::from)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A clone is cheap and shares the sessions to resume. One value serves many connections, from many
/// threads.
#[derive(Clone)]
#[must_use]
pub struct TlsConnector {
    config: Arc<ClientConfig>,
    verifier: ServerVerifier,
    server_name: Option<ServerName<'static>>,
}

impl TlsConnector {
    /// Trusts the root certificates of the system.
    ///
    /// On Linux and the BSDs these are files, which `SSL_CERT_FILE` and `SSL_CERT_DIR` can name. On
    /// macOS, Windows and Android the system itself verifies the certificates.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadRoots`], if the system has no root certificates.
    pub fn with_system_roots() -> Result<TlsConnector, Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier = rustls_platform_verifier::Verifier::new(provider.clone())
            .map_err(|error| refused(Operation::LoadRoots, ErrorKind::NotFound, &error))?;
        TlsConnector::new(Some(Arc::new(verifier)), Vec::new(), provider)
    }

    /// Trusts the certificates in a PEM file instead of those of the system. A server's own
    /// certificate may be among them.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadRoots`] with the system's reason, or with
    /// [`InvalidData`](ErrorKind::InvalidData) if the file has no certificate.
    pub fn with_roots_file(path: impl AsRef<Path>) -> Result<TlsConnector, Error> {
        let path = path.as_ref();
        TlsConnector::with_roots_pem(&pem::read(path, Operation::LoadRoots)?)
            .map_err(|error| error.at(path.display().to_string()))
    }

    /// Trusts the certificates in `pem` instead of those of the system.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadRoots`] with [`InvalidData`](ErrorKind::InvalidData) if there is no
    /// certificate.
    pub fn with_roots_pem(pem: &[u8]) -> Result<TlsConnector, Error> {
        let provider = Arc::new(ring::default_provider());
        let (store, roots) = pem::roots(pem)?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone())
                .build()
                .map_err(|error| {
                    Error::new(Operation::LoadRoots, ErrorKind::InvalidData)
                        .because_text(error.to_string())
                })?;
        TlsConnector::new(Some(verifier), roots, provider)
    }

    /// Trusts every certificate. Anybody on the way to the server can then read and change all
    /// data.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadRoots`], never in practice.
    pub fn dangerous_without_verification() -> Result<TlsConnector, Error> {
        TlsConnector::new(None, Vec::new(), Arc::new(ring::default_provider()))
    }

    fn new(
        by_roots: Option<Arc<dyn ServerCertVerifier>>,
        roots: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<TlsConnector, Error> {
        let verifier = ServerVerifier {
            by_roots,
            roots: roots.into(),
            decide: None,
            provider: provider.clone(),
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(Operation::LoadRoots, ErrorKind::Unsupported, &error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.clone()))
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
        Ok(TlsConnector { config: Arc::new(config), verifier, server_name: None })
    }

    /// Lets `decide` accept or refuse a server. Its arguments are the certificates of the server in
    /// DER, the server's own first, and the verdict of the verification. Its result takes the place
    /// of that verdict.
    ///
    /// With this a program pins a certificate, or shows one that is not trusted. A resumed session
    /// was decided about before.
    pub fn dangerous_with_decision(
        self,
        decide: impl Fn(&[&[u8]], Result<(), Error>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> TlsConnector {
        let decide: Decide = Arc::new(decide);
        let verifier = ServerVerifier { decide: Some(decide), ..self.verifier };
        let mut config = (*self.config).clone();
        config.dangerous().set_certificate_verifier(Arc::new(verifier.clone()));
        // Sessions under another decision must not be resumed under this one.
        config.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
        TlsConnector { config: Arc::new(config), verifier, ..self }
    }

    /// Shows the certificate in the PEM file `certificate`, with its chain, to servers that ask for
    /// one. `key` is the file of its private key.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadCertificate`] or [`Operation::LoadKey`] with the system's reason, or with
    /// [`InvalidData`](ErrorKind::InvalidData) or [`InvalidInput`](ErrorKind::InvalidInput) if the
    /// content is unusable or the two do not belong together.
    pub fn with_certificate_files(
        self,
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<TlsConnector, Error> {
        let (certificate, key) = (certificate.as_ref(), key.as_ref());
        let chain = pem::read(certificate, Operation::LoadCertificate)?;
        let key_pem = pem::read(key, Operation::LoadKey)?;
        self.with_certificate_pem(&chain, &key_pem)
            .map_err(|error| pem::name_file(error, certificate, key))
    }

    /// Shows the certificate in `certificate`, with its chain, to servers that ask for one. Both
    /// arguments are PEM.
    ///
    /// # Errors
    ///
    /// As [`with_certificate_files`](TlsConnector::with_certificate_files).
    pub fn with_certificate_pem(
        self,
        certificate: &[u8],
        key: &[u8],
    ) -> Result<TlsConnector, Error> {
        let certified = pem::certified_key(certificate, key, &self.verifier.provider)?;
        let mut config = (*self.config).clone();
        config.client_auth_cert_resolver =
            Arc::new(rustls::sign::SingleCertAndKey::from(certified));
        // Sessions without this certificate must not be resumed in its name.
        config.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
        Ok(TlsConnector { config: Arc::new(config), ..self })
    }

    /// Expects `name` in the certificates of servers, and requests it by SNI (RFC 6066 section 3),
    /// instead of the host of each endpoint. `name` is a DNS name or an IP address.
    ///
    /// # Errors
    ///
    /// [`Operation::Handshake`] with [`InvalidInput`](ErrorKind::InvalidInput) if `name` is
    /// neither.
    pub fn with_server_name(self, name: &str) -> Result<TlsConnector, Error> {
        Ok(TlsConnector { server_name: Some(server_name(name)?), ..self })
    }

    /// Offers application protocols, most preferred first (ALPN, RFC 7301), such as `http/1.1`.
    ///
    /// # Errors
    ///
    /// [`Operation::Handshake`] with [`InvalidInput`](ErrorKind::InvalidInput) if a protocol does
    /// not have 1 to 255 bytes, or all of them have more than 16 KiB.
    pub fn with_alpn(self, protocols: &[&[u8]]) -> Result<TlsConnector, Error> {
        let mut config = (*self.config).clone();
        config.alpn_protocols = alpn::protocols(protocols)?;
        Ok(TlsConnector { config: Arc::new(config), ..self })
    }

    /// Speaks only `version`.
    #[cfg(test)]
    pub(crate) fn with_version(
        self,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> TlsConnector {
        self.with_version_and_suites(version, "")
    }

    /// Speaks only `version`, with the suites whose names contain `suites`.
    #[cfg(test)]
    pub(crate) fn with_version_and_suites(
        self,
        version: &'static rustls::SupportedProtocolVersion,
        suites: &str,
    ) -> TlsConnector {
        let mut provider = (*self.verifier.provider).clone();
        provider.cipher_suites.retain(|it| format!("{:?}", it.suite()).contains(suites));
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.verifier.clone()))
            .with_client_cert_resolver(self.config.client_auth_cert_resolver.clone());
        config.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
        config.alpn_protocols.clone_from(&self.config.alpn_protocols);
        TlsConnector { config: Arc::new(config), ..self }
    }

    #[cfg(test)]
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    /// Returns a session with the server `host`, unless
    /// [`with_server_name`](TlsConnector::with_server_name) sets another.
    pub(crate) fn session(&self, host: &str) -> Result<Session, Error> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => server_name(host)?,
        };
        UnbufferedClientConnection::new(self.config.clone(), name)
            .map(Session::client)
            .map_err(|error| refused(Operation::Handshake, ErrorKind::HandshakeFailed, &error))
    }
}

/// Two connectors are equal if one is a clone of the other.
impl PartialEq for TlsConnector {
    fn eq(&self, other: &TlsConnector) -> bool {
        Arc::ptr_eq(&self.config, &other.config) && self.server_name == other.server_name
    }
}

impl Eq for TlsConnector {}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector")
            .field("verifier", &self.verifier)
            .field("server_name", &self.server_name)
            .field("alpn", &self.config.alpn_protocols)
            .finish_non_exhaustive()
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        let hint = match name.is_ascii() {
            true => "",
            false => "; write an international name in its ASCII form, which begins with xn--",
        };
        Error::new(Operation::Handshake, ErrorKind::InvalidInput)
            .because_text(format!("{name:?} is neither a DNS name nor an IP address{hint}"))
    })
}
