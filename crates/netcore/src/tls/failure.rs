//! The reasons of failed TLS connections, in words.

use std::fmt;
use std::io;
use std::net::Ipv6Addr;

use rustls::{
    AlertDescription, CertificateError, Error as TlsError, InvalidMessage, OtherError,
    PeerIncompatible,
};
use webpki::EndEntityCert;

use crate::error::{Error, ErrorKind, Operation};
use crate::tls::date::Date;

/// The most names of a certificate in one error.
const MAX_NAMES: usize = 8;
/// The most characters of such a name: a DNS name has no more.
const MAX_NAME: usize = 253;
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
    /// The peer has ended before the handshake was done.
    EndedInHandshake,
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

    /// Returns `true` if the peer has said why it ends.
    pub(super) fn is_alert(&self) -> bool {
        matches!(self, Failure::Tls(TlsError::AlertReceived(_)))
    }

    /// Returns the error. `established`: the handshake was done. `has_plaintext`: data of the peer
    /// has arrived.
    ///
    /// Over TLS 1.3 the handshake of a client is done before the server has checked the client's
    /// certificate. A refusal that precedes all data therefore counts as a failed handshake.
    pub(super) fn to_error(&self, established: bool, has_plaintext: bool) -> Error {
        let is_refusal = self.is_alert() && !has_plaintext;
        let operation =
            if established && !is_refusal { Operation::Read } else { Operation::Handshake };
        let kind = match self {
            Failure::Tls(TlsError::InvalidCertificate(_)) => ErrorKind::CertificateUntrusted,
            Failure::Truncated => ErrorKind::UnexpectedEnd,
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
            // RFC 5246 appendix E.2: the length, the type 1, and a version.
            Failure::NotTls(bytes) if matches!(bytes[..], [0x80..=0xff, _, 1, 0 | 2 | 3, ..]) => {
                f.write_str("the peer begins with SSL 2.0, which is not supported")
            }
            Failure::NotTls(bytes) if bytes.iter().any(u8::is_ascii_alphanumeric) => {
                let text = bytes.escape_ascii();
                write!(f, "the peer does not speak TLS: its first bytes are \"{text}\"")
            }
            Failure::NotTls(_) => f.write_str("the peer does not speak TLS"),
            Failure::Silent => {
                f.write_str("the peer ended the connection at once; it may not speak TLS")
            }
            Failure::EndedInHandshake => {
                f.write_str("the peer ended the connection during the handshake")
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
        TlsError::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => f.write_str("the peer sent bytes that are no TLS record"),
        TlsError::InvalidMessage(InvalidMessage::MessageTooLarge) => {
            f.write_str("the peer sent a record above the limit")
        }
        TlsError::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) => {
            f.write_str("the peer sent a message above the limit")
        }
        TlsError::InvalidMessage(why) => write!(f, "the peer sent a malformed message: {why:?}"),
        // Clients of TLS 1.1 and older offer no signature algorithms; all others do.
        TlsError::PeerIncompatible(
            PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::SignatureAlgorithmsExtensionRequired,
        ) => f.write_str("the peer speaks neither TLS 1.2 nor TLS 1.3"),
        TlsError::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => {
            f.write_str("the peer and this side have no cipher suite in common")
        }
        TlsError::NoApplicationProtocol => {
            f.write_str("the peer and this side have no application protocol (ALPN) in common")
        }
        TlsError::InappropriateHandshakeMessage { got_type, .. } => {
            write!(f, "the peer sent {got_type:?} out of order")
        }
        TlsError::InappropriateMessage { got_type, .. } => {
            write!(f, "the peer sent {got_type:?} out of order")
        }
        TlsError::PeerIncompatible(why) => write!(f, "the peer is incompatible: {why:?}"),
        TlsError::PeerMisbehaved(why) => write!(f, "the peer breaks the protocol: {why:?}"),
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
            write_list(presented.iter().map(|name| bare_name(name)), presented.len(), f)?;
            write!(f, ", not for {expected}")
        }
        CertificateError::NotValidForName => f.write_str("it is for another name"),
        CertificateError::UnknownIssuer => f.write_str("its issuer is unknown"),
        CertificateError::BadSignature => {
            f.write_str("its signature does not match the key of its issuer")
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            f.write_str("its signature algorithm is not supported")
        }
        CertificateError::UnhandledCriticalExtension => {
            f.write_str("it has an extension that is not supported")
        }
        CertificateError::BadEncoding => f.write_str("it is malformed"),
        CertificateError::Revoked => f.write_str("it was revoked"),
        CertificateError::InvalidPurpose => f.write_str("it was issued for another purpose"),
        CertificateError::InvalidPurposeContext { required, presented } => {
            f.write_str("it is for ")?;
            write_list(presented.iter().map(|it| it.to_string()), presented.len(), f)?;
            write!(f, ", not for {required}")
        }
        CertificateError::Other(OtherError(other)) => match other.downcast_ref() {
            Some(error) => write_path_reason(error, f),
            None => write!(f, "{other}"),
        },
        other => write!(f, "{other}"),
    }
}

/// Writes the first of `length` items.
fn write_list(
    items: impl Iterator<Item = String>,
    length: usize,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (index, item) in items.take(MAX_NAMES).enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        write!(f, "{separator}{item}")?;
    }
    match length.checked_sub(MAX_NAMES) {
        Some(more @ 1..) => write!(f, " and {more} more"),
        _ => Ok(()),
    }
}

/// Writes the reason of an error for which rustls has no name.
fn write_path_reason(error: &webpki::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match error {
        webpki::Error::CaUsedAsEndEntity => "it is the certificate of an authority",
        webpki::Error::EndEntityUsedAsCa => "its issuer is no authority",
        webpki::Error::NameConstraintViolation => "its issuer may not issue for its names",
        webpki::Error::PathLenConstraintViolated | webpki::Error::MaximumPathDepthExceeded => {
            "its chain is longer than allowed"
        }
        webpki::Error::UnsupportedCriticalExtension => "it has an extension that is not supported",
        webpki::Error::UnsupportedCertVersion => "it is not of version 3 of X.509",
        other => return write!(f, "it is unusable: {other:?}"),
    })
}

/// Returns the name in a description such as `DnsName("a.example")`.
fn bare_name(description: &str) -> String {
    let inside = description.split_once('(').map_or(description, |(_, rest)| rest);
    let inside = inside.strip_suffix(')').unwrap_or(inside).trim_matches('"');
    // The text of an IPv6 address is not the usual one.
    if let Ok(address) = inside.parse::<Ipv6Addr>() {
        return address.to_string();
    }
    inside.chars().filter(|it| !it.is_control()).take(MAX_NAME).collect()
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
        AlertDescription::EncryptedClientHelloRequired => return "ech_required".into(),
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
        AlertDescription::CertificateExpired => {
            "the certificate of this side has expired or is not valid yet"
        }
        AlertDescription::HandshakeFailure => {
            "no parameters in common, or it wants a certificate of this side"
        }
        AlertDescription::ProtocolVersion => "it speaks other versions of TLS",
        AlertDescription::UnrecognisedName => "it does not serve the requested name",
        AlertDescription::NoApplicationProtocol => "no application protocol (ALPN) in common",
        _ => return None,
    })
}
