//! Certificates and keys from PEM (RFC 7468).

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, RootCertStore};

use crate::error::{Error, ErrorKind, Operation};
use crate::tls::failure::Failure;

/// The most bytes of a file with certificates: several times the size of a system's root
/// certificates.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The keys that ring can use.
const UNSUPPORTED_KEY: &str = "the key is neither RSA of 2048 bits or more, nor ECDSA with P-256 \
                               or P-384, nor Ed25519";

/// Reads a file for `operation`, and names it in the error.
///
/// Opening a FIFO would wait for its writer, and reading a device may never end. Only regular files
/// are therefore read.
pub(super) fn read(path: &Path, operation: Operation) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::from_io(operation, error).at(path.display().to_string());
    let refused = |kind, text: &str| {
        Err(Error::new(operation, kind).because_text(text).at(path.display().to_string()))
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return refused(ErrorKind::InvalidInput, "it is a directory");
    }
    if !metadata.is_file() {
        return refused(ErrorKind::InvalidInput, "it is not a regular file");
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    match bytes.len() as u64 > MAX_FILE {
        true => refused(ErrorKind::TooLarge, &format!("the limit is {MAX_FILE} bytes")),
        false => Ok(bytes),
    }
}

/// Returns the certificates in `pem`, at least one.
pub(super) fn certificates(
    pem: &[u8],
    operation: Operation,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(missing(operation, pem, "certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(malformed(operation, &error)),
    }
}

/// Returns the private key in `pem`: PKCS #8, PKCS #1 or SEC 1.
pub(super) fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    let operation = Operation::LoadKey;
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(key),
        // The marks of PKCS #8 and of OpenSSL's older format.
        Err(_)
            if [&b"BEGIN ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"]
                .iter()
                .any(|mark| contains(pem, mark)) =>
        {
            let text = "the key is encrypted; decrypt it first, as by `openssl pkey`";
            Err(Error::new(operation, ErrorKind::InvalidData).because_text(text))
        }
        Err(pem::Error::NoItemsFound) => Err(missing(operation, pem, "private key")),
        Err(error) => Err(malformed(operation, &error)),
    }
}

/// Returns a store with the certificates in `pem`, and the certificates themselves.
pub(super) fn roots(pem: &[u8]) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Error> {
    let certificates = certificates(pem, Operation::LoadRoots)?;
    let mut store = RootCertStore::empty();
    for (number, certificate) in (1..).zip(&certificates) {
        store.add(certificate.clone()).map_err(|error| {
            let reason = Failure::Tls(error);
            let text = format!("certificate {number} is unusable: {reason}");
            Error::new(Operation::LoadRoots, ErrorKind::InvalidData).because_text(text)
        })?;
    }
    Ok((store, certificates))
}

fn missing(operation: Operation, pem: &[u8], what: &str) -> Error {
    let text = match pem.first() {
        None => String::from("it is empty"),
        // The first byte of a DER sequence.
        Some(0x30) => format!("it has no {what} in PEM; it may be DER"),
        Some(_) => format!("it has no {what} in PEM"),
    };
    Error::new(operation, ErrorKind::InvalidData).because_text(text)
}

fn malformed(operation: Operation, error: &pem::Error) -> Error {
    let text = match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let name = end_marker.escape_ascii();
            format!("malformed PEM: the line \"-----END {name}-----\" is missing")
        }
        pem::Error::IllegalSectionStart { .. } => {
            String::from("malformed PEM: a line with \"-----BEGIN\" is incomplete")
        }
        pem::Error::Base64Decode(_) => String::from("malformed PEM: a section is not base64"),
        other => format!("malformed PEM: {other}"),
    };
    Error::new(operation, ErrorKind::InvalidData).because_text(text)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Returns the certificate with its chain and its key.
pub(super) fn certified_key(
    certificate: &[u8],
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Error> {
    let chain = certificates(certificate, Operation::LoadCertificate)?;
    let key = self::key(key)?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        TlsError::InconsistentKeys(_) => Error::new(Operation::LoadKey, ErrorKind::InvalidInput)
            .because_text("the key does not belong to the certificate"),
        error @ TlsError::InvalidCertificate(_) => {
            Error::new(Operation::LoadCertificate, ErrorKind::InvalidData)
                .because_text(Failure::Tls(error).to_string())
        }
        _ => Error::new(Operation::LoadKey, ErrorKind::InvalidData).because_text(UNSUPPORTED_KEY),
    })
}

/// Names the file that an error of [`certified_key`] is about.
pub(super) fn name_file(error: Error, certificate: &Path, key: &Path) -> Error {
    let path = match error.operation() {
        Operation::LoadKey => key,
        _ => certificate,
    };
    error.at(path.display().to_string())
}
