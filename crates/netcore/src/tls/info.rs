//! The properties of an encrypted connection.

use rustls::{CommonState, HandshakeKind};

/// The properties of an encrypted connection, as the handshake negotiated them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    version: Option<&'static str>,
    cipher_suite: Option<String>,
    alpn: Option<Vec<u8>>,
    resumed: bool,
    peer_certificates: Vec<Vec<u8>>,
}

impl TlsInfo {
    pub(super) fn of(state: &CommonState) -> TlsInfo {
        let suite = |suite: rustls::SupportedCipherSuite| {
            let name = format!("{:?}", suite.suite());
            // rustls marks the suites of TLS 1.3, whose standard names have no mark.
            name.replace("TLS13_", "TLS_")
        };
        TlsInfo {
            version: state.protocol_version().map(|version| match version {
                rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
                _ => "TLSv1.3",
            }),
            cipher_suite: state.negotiated_cipher_suite().map(suite),
            alpn: state.alpn_protocol().map(<[u8]>::to_vec),
            resumed: state.handshake_kind() == Some(HandshakeKind::Resumed),
            peer_certificates: state
                .peer_certificates()
                .unwrap_or_default()
                .iter()
                .map(|certificate| certificate.to_vec())
                .collect(),
        }
    }

    /// Returns the protocol version, `TLSv1.2` or `TLSv1.3`. Returns `None` before the handshake
    /// has come so far.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version
    }

    /// Returns the name of the cipher suite, as in RFC 8446 appendix B.4. Returns `None` before the
    /// handshake has come so far.
    #[must_use]
    pub fn cipher_suite(&self) -> Option<&str> {
        self.cipher_suite.as_deref()
    }

    /// Returns the application protocol (ALPN, RFC 7301), if one was negotiated.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// Returns `true` if the handshake resumed an earlier session (RFC 8446 section 2.2), which
    /// spares both sides the certificates.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Returns the certificates of the peer in DER (X.509), its own first. The slice is empty if
    /// the peer has sent none.
    #[must_use]
    pub fn peer_certificates(&self) -> &[Vec<u8>] {
        &self.peer_certificates
    }
}
