//! The reasons of failed TLS connections, in words.

use std::fmt;
use std::io;

use rustls::{
    AlertDescription, CertificateError, Error as TlsError, InvalidMessage, PeerIncompatible,
};
use webpki::EndEntityCert;

use crate::error::{Error, ErrorKind, Operation};
use crate::tls::date::Date;

/// The most names of a certificate in one error.
const MAX_NAMES: usize = 8;
/// The most bytes of a peer's plain text in one error.
const MAX_QUOTED: usize = 24;

/// The reason why a connection is of no more use.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The state machine has failed.
    Tls(TlsError),
    /// The first bytes of the peer are no TLS; these are the first of them.
    NotTls(Vec<u8>),
    /// The peer has ended without a byte.
    Silent,
    /// The peer has ended without `close_notify`.
    Truncated,
    /// A message is larger than allowed.
    Oversized,
}

impl Failure {
    /// Returns the failure of a peer whose first bytes are no TLS.
    pub(super) fn not_tls(input: &[u8]) -> Failure {
        Failure::NotTls(input[..input.len().min(MAX_QUOTED)].to_vec())
    }

    /// Returns the error. `established`: the handshake was done. `has_plaintext`: data of the peer
    /// has arrived.
    ///
    /// Over TLS 1.3 the handshake of a client is done before the server has checked the client's
    /// certificate. A refusal that precedes all data therefore counts as a failed handshake.
    pub(super) fn to_error(&self, established: bool, has_plaintext: bool) -> Error {
        let is_refusal = matches!(self, Failure::Tls(TlsError::AlertReceived(_))) && !has_plaintext;
        let operation =
            if established && !is_refusal { Operation::Read } else { Operation::Handshake };
        let kind = match self {
            Failure::Tls(TlsError::InvalidCertificate(_)) => ErrorKind::CertificateUntrusted,
            Failure::Truncated if established => ErrorKind::UnexpectedEnd,
            _ if operation == Operation::Handshake => ErrorKind::HandshakeFailed,
            Failure::Tls(TlsError::AlertReceived(_)) => ErrorKind::ConnectionReset,
            _ => ErrorKind::InvalidData,
        };
        Error::new(operation, kind).because(io::Error::other(self.to_string()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Tls(error) => write_reason(error, f),
            Failure::NotTls(bytes) if bytes.iter().any(u8::is_ascii_alphanumeric) => {
                let text = bytes.escape_ascii();
                write!(f, "the peer does not speak TLS: its first bytes are \"{text}\"")
            }
            Failure::NotTls(_) => f.write_str("the peer does not speak TLS"),
            Failure::Silent => {
                f.write_str("the peer ended the connection at once; it may not speak TLS")
            }
            Failure::Truncated => {
                f.write_str("the peer ended without close_notify, so data may be missing")
            }
            Failure::Oversized => f.write_str("the peer sent a message above the limit"),
        }
    }
}

fn write_reason(error: &TlsError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        TlsError::InvalidCertificate(error) => write_certificate_reason(error, f),
        TlsError::AlertReceived(alert) => {
            write!(f, "the peer's alert: {}", alert_name(*alert))?;
            match alert_hint(*alert) {
                Some(hint) => write!(f, " ({hint})"),
                None => Ok(()),
            }
        }
        TlsError::NoCertificatesPresented => f.write_str("the peer has sent no certificate"),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            f.write_str("the peer sent bytes that are no TLS record")
        }
        TlsError::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled)
        | TlsError::PeerIncompatible(PeerIncompatible::SupportedVersionsExtensionRequired) => {
            f.write_str("the peer speaks neither TLS 1.2 nor TLS 1.3")
        }
        TlsError::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => {
            f.write_str("the peer and this side have no cipher suite in common")
        }
        TlsError::NoApplicationProtocol => {
            f.write_str("the peer and this side have no application protocol (ALPN) in common")
        }
        TlsError::DecryptError => f.write_str("a record does not decrypt"),
        TlsError::PeerSentOversizedRecord => f.write_str("the peer sent a record above the limit"),
        TlsError::General(text) => f.write_str(text),
        other => write!(f, "{other}"),
    }
}

fn write_certificate_reason(error: &CertificateError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            write!(f, "it expired on {}", Date::of(*not_after))
        }
        CertificateError::Expired => f.write_str("it has expired"),
        CertificateError::NotValidYetContext { not_before, .. } => {
            write!(f, "it is not valid before {}", Date::of(*not_before))
        }
        CertificateError::NotValidYet => f.write_str("it is not valid yet"),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            if presented.is_empty() {
                return write!(f, "it names no host, so it is not for {expected}");
            }
            f.write_str("it is for ")?;
            for (index, name) in presented.iter().take(MAX_NAMES).enumerate() {
                let separator = if index > 0 { ", " } else { "" };
                write!(f, "{separator}{}", bare_name(name))?;
            }
            match presented.len().checked_sub(MAX_NAMES) {
                Some(more @ 1..) => write!(f, " and {more} other names, not for {expected}"),
                _ => write!(f, ", not for {expected}"),
            }
        }
        CertificateError::NotValidForName => f.write_str("it is for another name"),
        CertificateError::UnknownIssuer => f.write_str("its issuer is unknown"),
        CertificateError::BadSignature => f.write_str("its signature is wrong"),
        CertificateError::BadEncoding => f.write_str("it is malformed"),
        CertificateError::Revoked => f.write_str("it was revoked"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            f.write_str("it was issued for another purpose")
        }
        CertificateError::Other(other) => write!(f, "{other}"),
        other => write!(f, "{other}"),
    }
}

/// Returns the name in a description such as `DnsName("a.example")`.
fn bare_name(description: &str) -> String {
    let inside = description.split_once('(').map_or(description, |(_, rest)| rest);
    let inside = inside.strip_suffix(')').unwrap_or(inside).trim_matches('"');
    inside.chars().filter(|it| !it.is_control()).collect()
}

/// A certificate that is its own issuer, and is trusted by nobody else.
#[derive(Debug)]
pub(super) struct SelfSigned;

impl fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is self-signed")
    }
}

impl std::error::Error for SelfSigned {}

/// Returns `true` if the subject of a certificate is its issuer.
pub(super) fn is_self_signed(certificate: &rustls::pki_types::CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|it| it.issuer() == it.subject())
}

/// Returns the name of RFC 8446 section 6 for an alert.
fn alert_name(alert: AlertDescription) -> String {
    let name = format!("{alert:?}");
    match alert {
        AlertDescription::UnknownCA => return "unknown_ca".into(),
        AlertDescription::UnknownPSKIdentity => return "unknown_psk_identity".into(),
        AlertDescription::UnrecognisedName => return "unrecognized_name".into(),
        AlertDescription::Unknown(code) => return format!("number {code}"),
        _ => {}
    }
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// Returns the meaning of an alert that its name does not say.
fn alert_hint(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::CertificateRequired => "it wants a certificate of this side",
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate => {
            "it does not accept the certificate of this side"
        }
        AlertDescription::CertificateExpired => "the certificate of this side has expired",
        AlertDescription::HandshakeFailure => {
            "no parameters in common, or it wants a certificate of this side"
        }
        AlertDescription::ProtocolVersion => "it speaks other versions of TLS",
        AlertDescription::UnrecognisedName => "it does not serve the requested name",
        AlertDescription::NoApplicationProtocol => "no application protocol (ALPN) in common",
        _ => return None,
    })
}
