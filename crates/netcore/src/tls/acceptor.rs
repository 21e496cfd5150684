//! The listening side.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{UnbufferedServerConnection, WebPkiClientVerifier};

use crate::error::{Error, ErrorKind, Operation};
use crate::lock::lock;
use crate::tls::alpn;
use crate::tls::pem;
use crate::tls::session::Session;
use crate::tls::verifier::{ClientVerifier, refused};

/// The listening side of TLS: the certificate of the server, and the clients that it accepts.
///
/// ```no_run
/// use netcore::Listener;
/// use netcore::tls::TlsAcceptor;
///
/// let acceptor = TlsAcceptor::from_files("cert.pem", "key.pem")?;
/// let listener = Listener::bind("127.0.0.1:8443")?.with_tls(acceptor.clone());
/// // Later, when the certificate was renewed:
/// acceptor.reload()?;
/// # Ok::<(), netcore::Error>(())
/// ```
///
/// A clone is cheap and stands for the same certificate: [`reload`](TlsAcceptor::reload) and
/// [`replace`](TlsAcceptor::replace) change it for all clones, and so for running servers. The
/// functions that begin with `with_` return another acceptor, whose changes earlier clones do not
/// see. Set everything before a server gets its clone.
///
/// Each load of the files begins without sessions to resume. A client whose authority was removed
/// cannot return by an earlier session.
#[derive(Clone)]
pub struct TlsAcceptor(Arc<Mutex<Current>>);

struct Current {
    settings: Settings,
    config: Arc<ServerConfig>,
}

#[derive(Clone)]
struct Settings {
    certificate: Source,
    key: Source,
    client_roots: Option<Source>,
    alpn: Vec<Vec<u8>>,
}

/// The origin of PEM.
#[derive(Clone)]
enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl TlsAcceptor {
    /// Returns an acceptor with the certificate in the PEM file `certificate`, followed there by
    /// its chain, and the private key in the PEM file `key`.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadCertificate`] or [`Operation::LoadKey`] with the system's reason, or with
    /// [`InvalidData`](ErrorKind::InvalidData) or [`InvalidInput`](ErrorKind::InvalidInput) if the
    /// content is unusable or the two do not belong together.
    pub fn from_files(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<TlsAcceptor, Error> {
        TlsAcceptor::new(Settings {
            certificate: Source::File(certificate.into()),
            key: Source::File(key.into()),
            client_roots: None,
            alpn: Vec::new(),
        })
    }

    /// Returns an acceptor with the certificate and its chain in `certificate`, and the private key
    /// in `key`. Both are PEM.
    ///
    /// # Errors
    ///
    /// As [`from_files`](TlsAcceptor::from_files).
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<TlsAcceptor, Error> {
        TlsAcceptor::new(Settings {
            certificate: Source::Bytes(certificate.to_vec()),
            key: Source::Bytes(key.to_vec()),
            client_roots: None,
            alpn: Vec::new(),
        })
    }

    fn new(settings: Settings) -> Result<TlsAcceptor, Error> {
        let config = Arc::new(settings.load()?);
        Ok(TlsAcceptor(Arc::new(Mutex::new(Current { settings, config }))))
    }

    /// Accepts only clients with a certificate that one in the PEM file `path` has issued, or that
    /// is itself there.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadRoots`] with the system's reason, or with
    /// [`InvalidData`](ErrorKind::InvalidData) if the file has no certificate.
    pub fn with_client_roots_file(self, path: impl Into<PathBuf>) -> Result<TlsAcceptor, Error> {
        self.with_client_roots(Source::File(path.into()))
    }

    /// Accepts only clients with a certificate that one in `pem` has issued, or that is itself
    /// there.
    ///
    /// # Errors
    ///
    /// [`Operation::LoadRoots`] with [`InvalidData`](ErrorKind::InvalidData) if there is no
    /// certificate.
    pub fn with_client_roots_pem(self, pem: &[u8]) -> Result<TlsAcceptor, Error> {
        self.with_client_roots(Source::Bytes(pem.to_vec()))
    }

    fn with_client_roots(self, roots: Source) -> Result<TlsAcceptor, Error> {
        let settings = lock(&self.0).settings.clone();
        TlsAcceptor::new(Settings { client_roots: Some(roots), ..settings })
    }

    /// Offers application protocols, most preferred first (ALPN, RFC 7301). A client that offers
    /// only others is refused; one that offers none is accepted.
    ///
    /// # Errors
    ///
    /// [`Operation::Handshake`] with [`InvalidInput`](ErrorKind::InvalidInput) if a protocol does
    /// not have 1 to 255 bytes, or all of them have more than 16 KiB. The function reads the files
    /// again, and also fails as [`from_files`](TlsAcceptor::from_files).
    pub fn with_alpn(self, protocols: &[&[u8]]) -> Result<TlsAcceptor, Error> {
        let settings = lock(&self.0).settings.clone();
        let alpn = alpn::protocols(protocols)?;
        TlsAcceptor::new(Settings { alpn, ..settings })
    }

    /// Reads the files again, for connections to come. Established connections continue.
    ///
    /// # Errors
    ///
    /// As [`from_files`](TlsAcceptor::from_files) and
    /// [`with_client_roots_file`](TlsAcceptor::with_client_roots_file). The earlier certificate
    /// then stays in use.
    pub fn reload(&self) -> Result<(), Error> {
        let settings = lock(&self.0).settings.clone();
        let config = Arc::new(settings.load()?);
        // Another thread may have replaced the settings meanwhile.
        *lock(&self.0) = Current { settings, config };
        Ok(())
    }

    /// Takes the settings of `other`, for connections to come of all clones.
    pub fn replace(&self, other: &TlsAcceptor) {
        let (settings, config) = {
            let other = lock(&other.0);
            (other.settings.clone(), other.config.clone())
        };
        *lock(&self.0) = Current { settings, config };
    }

    #[cfg(test)]
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        lock(&self.0).config.clone()
    }

    /// Returns a session with a client.
    pub(crate) fn session(&self) -> Result<Session, Error> {
        let config = lock(&self.0).config.clone();
        UnbufferedServerConnection::new(config)
            .map(Session::server)
            .map_err(|error| refused(Operation::Handshake, ErrorKind::HandshakeFailed, &error))
    }
}

impl Settings {
    fn load(&self) -> Result<ServerConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let certified = {
            let certificate = self.certificate.read(Operation::LoadCertificate)?;
            let key = self.key.read(Operation::LoadKey)?;
            let certified = pem::certified_key(&certificate, &key, &provider);
            certified.map_err(|error| match (&self.certificate, &self.key) {
                (Source::File(certificate), Source::File(key)) => {
                    pem::name_file(error, certificate, key)
                }
                _ => error,
            })?
        };
        let unsupported =
            |error| refused(Operation::LoadCertificate, ErrorKind::Unsupported, &error);
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unsupported)?;
        let builder = match &self.client_roots {
            Some(roots) => {
                builder.with_client_cert_verifier(Arc::new(client_verifier(roots, provider)?))
            }
            None => builder.with_no_client_auth(),
        };
        let mut config =
            builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
        config.alpn_protocols.clone_from(&self.alpn);
        config.ticketer = ring::Ticketer::new().map_err(unsupported)?;
        Ok(config)
    }
}

impl Source {
    fn read(&self, operation: Operation) -> Result<Vec<u8>, Error> {
        match self {
            Source::File(path) => pem::read(path, operation),
            Source::Bytes(bytes) => Ok(bytes.clone()),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Source::File(path) => Some(path),
            Source::Bytes(_) => None,
        }
    }
}

fn client_verifier(
    source: &Source,
    provider: Arc<CryptoProvider>,
) -> Result<ClientVerifier, Error> {
    let name = |error: Error| match source.path() {
        Some(path) => error.at(path.display().to_string()),
        None => error,
    };
    let (store, roots) = pem::roots(&source.read(Operation::LoadRoots)?).map_err(name)?;
    let by_roots = WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider)
        .build()
        .map_err(|error| {
        let refused = Error::new(Operation::LoadRoots, ErrorKind::InvalidData);
        name(refused.because_text(error.to_string()))
    })?;
    Ok(ClientVerifier { by_roots, roots })
}

/// Two acceptors are equal if one is a clone of the other.
impl PartialEq for TlsAcceptor {
    fn eq(&self, other: &TlsAcceptor) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TlsAcceptor {}

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = lock(&self.0);
        f.debug_struct("TlsAcceptor")
            .field("certificate", &current.settings.certificate.path())
            .field("client_roots", &current.settings.client_roots.as_ref().map(Source::path))
            .finish_non_exhaustive()
    }
}
