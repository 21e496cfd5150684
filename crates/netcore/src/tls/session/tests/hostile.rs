//! A peer that encrypts whatever a test wants.

use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::crypto::cipher::{MessageEncrypter, OutboundPlainMessage};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::UnbufferedServerConnection;
use rustls::{
    ClientConfig, ConnectionTrafficSecrets, ContentType, ExtractedSecrets, ProtocolVersion,
    RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
};

use super::{feed, name, wire};
use crate::tls::fixture::{Authority, both_sides};
use crate::tls::session::Session;
use crate::tls::session::process::{Buffers, Machine, advance};

/// The sending side of a peer after the handshake.
pub(super) struct Hostile {
    encrypter: Box<dyn MessageEncrypter>,
    next: u64,
}

impl Hostile {
    fn new(suite: SupportedCipherSuite, secrets: ExtractedSecrets) -> Hostile {
        let (next, ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets.tx else {
            panic!("the provider has other suites");
        };
        let encrypter = match suite {
            SupportedCipherSuite::Tls12(suite) => suite.aead_alg.encrypter(key, iv.as_ref(), &[]),
            SupportedCipherSuite::Tls13(suite) => suite.aead_alg.encrypter(key, iv),
        };
        Hostile { encrypter, next }
    }

    /// Returns one encrypted record.
    pub(super) fn record(&mut self, typ: ContentType, content: &[u8]) -> Vec<u8> {
        let version = ProtocolVersion::TLSv1_2;
        let message = OutboundPlainMessage { typ, version, payload: content.into() };
        self.next += 1;
        self.encrypter.encrypt(message, self.next - 1).unwrap().encode()
    }

    pub(super) fn handshake(&mut self, content: &[u8]) -> Vec<u8> {
        self.record(ContentType::Handshake, content)
    }

    pub(super) fn data(&mut self, content: &[u8]) -> Vec<u8> {
        self.record(ContentType::ApplicationData, content)
    }
}

/// The one suite whose secrets have the same form in both versions.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|it| format!("{:?}", it.suite()).contains("CHACHA20"));
    Arc::new(provider)
}

/// Returns an established session of a server, and its hostile client.
pub(super) fn hostile_client(version: &'static SupportedProtocolVersion) -> (Session, Hostile) {
    let authority = Authority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.enable_secret_extraction = true;
    let mut peer = UnbufferedClientConnection::new(Arc::new(config), name()).unwrap();
    let mut session = authority.server(&["localhost"]).acceptor().session().unwrap();
    connect(&mut session, &mut peer);
    let suite = peer.negotiated_cipher_suite().unwrap();
    let (secrets, _) = peer.dangerous_into_kernel_connection().unwrap();
    (session, Hostile::new(suite, secrets))
}

/// Returns an established session of a client, and its hostile server.
pub(super) fn hostile_server(version: &'static SupportedProtocolVersion) -> (Session, Hostile) {
    let authority = Authority::new();
    let (chain, key) = authority.server(&["localhost"]).der();
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.enable_secret_extraction = true;
    let mut peer = UnbufferedServerConnection::new(Arc::new(config)).unwrap();
    let mut session = authority.connector().session("localhost").unwrap();
    connect(&mut session, &mut peer);
    let suite = peer.negotiated_cipher_suite().unwrap();
    let (secrets, _) = peer.dangerous_into_kernel_connection().unwrap();
    (session, Hostile::new(suite, secrets))
}

/// Makes the handshake between a session and another state machine.
pub(super) fn connect<M: Machine>(session: &mut Session, peer: &mut M) {
    let mut buffers = Buffers::default();
    let mut kept = Vec::new();
    loop {
        kept.extend(wire(session));
        let (progress, error) = advance(peer, &mut buffers, &mut kept, &mut []);
        assert!(error.is_none(), "{error:?}");
        kept.drain(..progress.consumed);
        let sent = std::mem::take(&mut buffers.outgoing);
        feed(session, &sent).unwrap();
        if sent.is_empty() && !session.has_unsent() {
            assert!(session.is_established() && buffers.established);
            return;
        }
    }
}

/// Returns two sides that know one another.
pub(super) fn pair(version: &'static SupportedProtocolVersion) -> (Session, Session) {
    let (connector, acceptor) = both_sides();
    let client = connector.with_version(version).session("localhost").unwrap();
    (client, acceptor.session().unwrap())
}
