//! Handshakes: versions, groups, resumption, early data, application protocols.

use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::crypto::ring;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::ConnectionState;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, ServerConfig};

use super::hostile::{connect, pair};
use super::*;
use crate::tls::fixture::{Authority, both_sides};
use crate::tls::session::process::{Machine, advance};

/// Returns the first message of a client up to its suites, for the highest version `version`.
pub(super) fn old_hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    // No session, two suites, no compression, no extensions.
    body.extend([0, 0, 4, 0, 47, 0, 53, 1, 0]);
    let message = [&[1, 0, 0, body.len() as u8], &body[..]].concat();
    record(22, &message)
}

#[test]
fn old_versions_are_refused_by_name_and_by_alert() {
    for version in [[3, 0], [3, 1], [3, 2]] {
        let (_, mut server) = pair(&TLS13);
        let error = feed(&mut server, &old_hello(version)).unwrap_err();
        let expected =
            "negotiate TLS: handshake failed: the peer speaks neither TLS 1.2 nor TLS 1.3";
        assert_eq!(text(&error), expected);
        // Fatal, handshake_failure.
        assert_eq!(wire(&mut server), record(21, &[2, 40]));
    }
}

#[test]
fn a_hello_of_ssl_2_is_recognised() {
    let (_, mut server) = pair(&TLS13);
    let hello = [0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10];
    let error = feed(&mut server, &hello).unwrap_err();
    let expected =
        "negotiate TLS: handshake failed: the peer begins with SSL 2.0, which is not supported";
    assert_eq!(text(&error), expected);
}

#[test]
fn peers_without_a_suite_in_common_say_so() {
    for version in VERSIONS {
        let (connector, acceptor) = both_sides();
        let mut provider = ring::default_provider();
        provider.cipher_suites.retain(|it| format!("{:?}", it.suite()).contains("CHACHA20"));
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(acceptor.config().cert_resolver.clone());
        config.max_fragment_size = None;
        let mut client = connector.with_version_and_suites(version, "AES_128").session("localhost");
        let client = client.as_mut().unwrap();
        let mut server = UnbufferedServerConnection::new(Arc::new(config)).unwrap();
        let mut buffers = Buffers::default();
        let (_, error) = advance(&mut server, &mut buffers, &mut wire(client), &mut []);
        let error = Failure::Tls(error.unwrap()).to_string();
        assert_eq!(error, "the peer and this side have no cipher suite in common");
        let error = feed(client, &buffers.outgoing).unwrap_err();
        let expected = "negotiate TLS: handshake failed: the peer's alert: handshake_failure (no parameters in \
                        common, or it wants a certificate of this side)";
        assert_eq!(text(&error), expected);
    }
}

#[test]
fn a_server_may_ask_for_another_group() {
    let (connector, acceptor) = both_sides();
    let mut provider = ring::default_provider();
    provider.kx_groups.retain(|it| format!("{:?}", it.name()) == "secp384r1");
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(acceptor.config().cert_resolver.clone());
    let mut server = UnbufferedServerConnection::new(Arc::new(config)).unwrap();
    let mut client = connector.session("localhost").unwrap();
    connect(&mut client, &mut server);
    assert_eq!(server.handshake_kind(), Some(HandshakeKind::FullWithHelloRetryRequest));
    assert!(!client.info().is_resumed());
}

#[test]
fn sessions_are_resumed_in_both_versions_and_roles() {
    for version in VERSIONS {
        let (connector, acceptor) = both_sides();
        let connector = connector.with_version(version);
        for is_resumed in [false, true, true] {
            let mut client = connector.session("localhost").unwrap();
            let mut server = acceptor.session().unwrap();
            shake(&mut client, &mut server).unwrap();
            assert_eq!(client.info().is_resumed(), is_resumed);
            assert_eq!(server.info().is_resumed(), is_resumed);
            // The certificate is known though it was not sent again.
            assert_eq!(client.info().peer_certificates().len(), 1);
            let records = encrypted(&mut client, b"data").unwrap();
            assert_eq!(feed(&mut server, &records).unwrap(), b"data");
        }
    }
}

#[test]
fn the_server_is_established_only_after_the_clients_last_message() {
    for version in VERSIONS {
        let (mut client, mut server) = pair(version);
        let hello = wire(&mut client);
        feed(&mut server, &hello).unwrap();
        assert!(!server.is_established());
        let flight = wire(&mut server);
        let error = encrypted(&mut server, b"data").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        feed(&mut client, &flight).unwrap();
        shake(&mut client, &mut server).unwrap();
        assert!(server.is_established());
    }
}

#[test]
fn early_data_is_skipped() {
    let authority = Authority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.enable_early_data = true;
    let config = Arc::new(config);

    // Another server of that name accepts early data, and says so in its ticket.
    let acceptor = authority.server(&["localhost"]).acceptor();
    let mut generous = (*acceptor.config()).clone();
    generous.max_early_data_size = 1 << 14;
    generous.ticketer = ring::Ticketer::new().unwrap();
    let mut server = Session::server(UnbufferedServerConnection::new(Arc::new(generous)).unwrap());
    let mut peer = UnbufferedClientConnection::new(config.clone(), name()).unwrap();
    connect(&mut server, &mut peer);

    let mut peer = UnbufferedClientConnection::new(config, name()).unwrap();
    let mut outgoing = Vec::new();
    loop {
        match peer.step(&mut []).state.unwrap() {
            ConnectionState::EncodeTlsData(mut message) => {
                let mut buffer = [0; 4096];
                let length = message.encode(&mut buffer).unwrap();
                outgoing.extend_from_slice(&buffer[..length]);
            }
            ConnectionState::TransmitTlsData(mut message) => {
                if let Some(mut early) = message.may_encrypt_early_data() {
                    let mut buffer = [0; 4096];
                    let length = early.encrypt(b"early data", &mut buffer).unwrap();
                    outgoing.extend_from_slice(&buffer[..length]);
                }
                message.done();
            }
            ConnectionState::BlockedHandshake => break,
            state => panic!("{state:?}"),
        }
    }
    let mut session = acceptor.session().unwrap();
    assert_eq!(feed(&mut session, &outgoing).unwrap(), b"");
    connect(&mut session, &mut peer);
    assert!(!session.info().is_resumed());
}

#[test]
fn application_protocols_are_negotiated_or_refused() {
    for version in VERSIONS {
        let (connector, acceptor) = both_sides();
        let connector = connector.with_version(version);
        let acceptor = acceptor.with_alpn(&[b"http/1.1", b"chat"]).unwrap();
        let agreed = |protocols: &[&[u8]]| {
            let mut client = connector.clone().with_alpn(protocols).unwrap().session("localhost");
            let client = client.as_mut().unwrap();
            let mut server = acceptor.session().unwrap();
            shake(client, &mut server).map(|()| {
                assert_eq!(client.info().alpn(), server.info().alpn());
                client.info().alpn().map(<[u8]>::to_vec)
            })
        };
        // The server prefers.
        assert_eq!(agreed(&[b"chat", b"http/1.1"]).unwrap().unwrap(), b"http/1.1");
        assert_eq!(agreed(&[b"h2", b"chat"]).unwrap().unwrap(), b"chat");
        assert_eq!(agreed(&[]).unwrap(), None);
        let error = agreed(&[b"h2"]).unwrap_err();
        let expected = "negotiate TLS: handshake failed: the peer and this side have no application protocol \
                        (ALPN) in common";
        assert_eq!(text(&error), expected);
    }
}

#[test]
fn application_protocols_have_a_length() {
    let (connector, acceptor) = both_sides();
    let long = [b'x'; 256];
    for (protocols, expected) in [
        (&[&b""[..]][..], "an ALPN protocol has 1 to 255 bytes, not 0"),
        (&[&long[..]], "an ALPN protocol has 1 to 255 bytes, not 256"),
        (&[&long[..255]; 65], "the ALPN protocols have 16640 bytes; the limit is 16384"),
    ] {
        let expected = format!("negotiate TLS: invalid input: {expected}");
        let error = connector.clone().with_alpn(protocols).unwrap_err();
        assert_eq!(format!("{error:#}"), expected);
        let error = acceptor.clone().with_alpn(protocols).unwrap_err();
        assert_eq!(format!("{error:#}"), expected);
    }
    // The longest list fits into a handshake.
    let acceptor = acceptor.with_alpn(&[&long[..255]; 64]).unwrap();
    let connector = connector.with_alpn(&[&long[..255]; 64]).unwrap();
    let mut client = connector.session("localhost").unwrap();
    shake(&mut client, &mut acceptor.session().unwrap()).unwrap();
    assert_eq!(client.info().alpn().unwrap(), &long[..255]);
}
