//! The verification of the peer's certificate.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, OtherError,
    SignatureScheme,
};

use crate::error::{Error, ErrorKind, Operation};
use crate::tls::failure::{Failure, SelfSigned, is_self_signed};

/// A decision of the program about the certificates of a server, after they were verified.
pub(super) type Decide =
    Arc<dyn Fn(&[&[u8]], Result<(), Error>) -> Result<(), Error> + Send + Sync>;

/// Verifies the certificate of a server.
#[derive(Clone)]
pub(super) struct ServerVerifier {
    /// The verification by trusted roots. `None` trusts every certificate.
    pub(super) by_roots: Option<Arc<dyn ServerCertVerifier>>,
    /// The roots of the program. A server may use one of them as its own certificate.
    pub(super) roots: Arc<[CertificateDer<'static>]>,
    pub(super) decide: Option<Decide>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerVerifier {
    fn verify(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), TlsError> {
        let Some(by_roots) = &self.by_roots else { return Ok(()) };
        let is_root = self.roots.iter().any(|root| root == own);
        // A trusted certificate needs no issuer, so the rest of the chain does not matter.
        let others = if is_root { &[] } else { others };
        match by_roots.verify_server_cert(own, others, name, ocsp, now) {
            Ok(_) => Ok(()),
            Err(error) if is_root && is_about_issuer(&error) => {
                verify_server_name(&ParsedCertificate::try_from(own)?, name)
            }
            Err(error) => Err(explain(error, own)),
        }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verdict = self.verify(own, others, name, ocsp, now);
        let verdict = match &self.decide {
            None => verdict,
            Some(decide) => {
                let chain: Vec<&[u8]> =
                    std::iter::once(own).chain(others).map(|it| it.as_ref()).collect();
                let verdict = verdict.map_err(|error| Failure::Tls(error).to_error(false, false));
                decide(&chain, verdict).map_err(|error| other(Refused(error)))
            }
        };
        verdict.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, own, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, own, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for ServerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerVerifier")
            .field("verifies", &self.by_roots.is_some())
            .finish_non_exhaustive()
    }
}

/// Verifies the certificate of a client by the roots of the program.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    pub(super) by_roots: Arc<dyn ClientCertVerifier>,
    /// The roots. A client may use one of them as its own certificate.
    pub(super) roots: Vec<CertificateDer<'static>>,
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.by_roots.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        let is_root = self.roots.iter().any(|root| root == own);
        let others = if is_root { &[] } else { others };
        match self.by_roots.verify_client_cert(own, others, now) {
            Err(error) if is_root && is_about_issuer(&error) => Ok(ClientCertVerified::assertion()),
            result => result.map_err(|error| explain(error, own)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.by_roots.verify_tls12_signature(message, own, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.by_roots.verify_tls13_signature(message, own, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_roots.supported_verify_schemes()
    }
}

/// Returns `true` if the verification failed for the issuer only. The validity of a certificate is
/// verified before its issuer is sought.
///
/// A trusted certificate needs no issuer. OpenSSL accepts it too, with `X509_V_FLAG_PARTIAL_CHAIN`
/// or if it is self-signed. A wrong signature is about the issuer: another trusted certificate has
/// the issuer's name and another key.
fn is_about_issuer(error: &TlsError) -> bool {
    match error {
        TlsError::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => true,
        TlsError::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            is_authority_as_peer(&**other)
        }
        _ => false,
    }
}

/// Returns `true` if the error says that a peer uses the certificate of an authority as its own.
fn is_authority_as_peer(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Says `self-signed` if that is the reason.
fn explain(error: TlsError, own: &CertificateDer<'_>) -> TlsError {
    if is_about_issuer(&error) && is_self_signed(own) { other(SelfSigned) } else { error }
}

fn other(reason: impl std::error::Error + Send + Sync + 'static) -> TlsError {
    TlsError::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
}

/// The reason of the program's decision, without the words that the error has anyway.
#[derive(Debug)]
struct Refused(Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.reason(), std::error::Error::source(&self.0)) {
            (Some(reason), _) => fmt::Display::fmt(reason, f),
            (None, Some(source)) => fmt::Display::fmt(source, f),
            (None, None) => f.write_str("the program refused it"),
        }
    }
}

impl std::error::Error for Refused {}

/// Returns an error for a value of the program that rustls refuses.
pub(super) fn refused(operation: Operation, kind: ErrorKind, error: &TlsError) -> Error {
    Error::new(operation, kind).because(io::Error::other(error.to_string()))
}
