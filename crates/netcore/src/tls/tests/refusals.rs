//! The text of every refusal.

use std::io;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, SanType, date_time_ymd};

use super::*;
use crate::error::{ErrorKind, Operation};
use crate::tls::failure::Failure;
use crate::tls::fixture::{Authority, Issued, params, self_signed};

/// The text of a client that refuses a certificate for `reason`.
fn untrusted(reason: &str) -> String {
    format!("negotiate TLS: certificate not trusted: {reason}")
}

/// The text of a side whose peer has refused it.
fn alert(alert: &str) -> String {
    format!("negotiate TLS: handshake failed: the peer's alert: {alert}")
}

const NOT_ACCEPTED: &str = "it does not accept the certificate of this side";

fn changed(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = params(names);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    params
}

#[test]
fn a_client_says_why_it_refuses_a_server() {
    let authority = Authority::new();
    let issue = |params: &CertificateParams| authority.issue(params);
    let intermediate = authority.intermediate("an intermediate");
    let many: Vec<String> = (1..=20).map(|number| format!("host{number}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = format!("{}.example", vec!["a".repeat(60); 20].join("."));
    let rows: Vec<(Issued, &str, String, &str)> = vec![
        (
            issue(&changed(&["localhost"], |it| it.not_after = date_time_ymd(2021, 3, 4))),
            "localhost",
            "it expired on 2021-03-04".into(),
            "certificate_expired",
        ),
        (
            issue(&changed(&["localhost"], |it| it.not_before = date_time_ymd(2100, 5, 6))),
            "localhost",
            "it is not valid before 2100-05-06".into(),
            "certificate_expired",
        ),
        (
            authority.server(&["a.example", "*.b.example"]),
            "localhost",
            "it is for a.example, *.b.example, not for localhost".into(),
            "bad_certificate",
        ),
        (
            authority.server(&["*.b.example"]),
            "a.c.b.example",
            "it is for *.b.example, not for a.c.b.example".into(),
            "bad_certificate",
        ),
        (
            authority.server(&["localhost"]),
            "127.0.0.1",
            "it is for localhost, not for 127.0.0.1".into(),
            "bad_certificate",
        ),
        (
            authority.server(&["localhost", "127.0.0.1", "::1"]),
            "2001:db8::1",
            "it is for localhost, 127.0.0.1, ::1, not for 2001:db8::1".into(),
            "bad_certificate",
        ),
        (
            authority.server(&many),
            "localhost",
            "it is for host1.example, host2.example, host3.example, host4.example, host5.example, \
             host6.example, host7.example, host8.example and 12 more, not for localhost"
                .into(),
            "bad_certificate",
        ),
        (
            authority.server(&[]),
            "localhost",
            "it names no host, so it is not for localhost".into(),
            "bad_certificate",
        ),
        (
            authority.server(&[&long]),
            "localhost",
            format!("it is for {}, not for localhost", &long[..253]),
            "bad_certificate",
        ),
        (
            issue(&changed(&[], |it| {
                let name = "red\x1b[31m\n.example".try_into().unwrap();
                it.subject_alt_names = vec![SanType::DnsName(name)];
            })),
            "localhost",
            "it is for red[31m.example, not for localhost".into(),
            "bad_certificate",
        ),
        (
            Authority::named("another authority").server(&["localhost"]),
            "localhost",
            "its issuer is unknown".into(),
            "unknown_ca",
        ),
        // The server does not send the certificate of the intermediate authority.
        (
            intermediate.server(&["localhost"]),
            "localhost",
            "its issuer is unknown".into(),
            "unknown_ca",
        ),
        (
            self_signed(&params(&["localhost"])),
            "localhost",
            "it is self-signed".into(),
            "certificate_unknown",
        ),
        // As `openssl req -x509` makes it.
        (
            self_signed(&changed(&["localhost"], |it| {
                it.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            })),
            "localhost",
            "it is self-signed".into(),
            "certificate_unknown",
        ),
        // An authority of the same name and with another key.
        (
            Authority::new().server(&["localhost"]),
            "localhost",
            "its signature does not match the key of its issuer".into(),
            "decrypt_error",
        ),
        (
            authority.client(),
            "client.example",
            "it is for client authentication, not for server authentication".into(),
            "unsupported_certificate",
        ),
        (
            intermediate.itself(),
            "localhost",
            "it is the certificate of an authority".into(),
            "certificate_unknown",
        ),
    ];
    for (issued, name, reason, description) in rows {
        for version in VERSIONS {
            let connector = authority.connector().with_version(version);
            let attempt = Attempt::new(&connector, &issued.acceptor(), name);
            let [client, server] = attempt.outcomes();
            assert_eq!(client, untrusted(&reason));
            let server = server.strip_prefix(&alert(description));
            let hint = server.unwrap_or_else(|| panic!("{:?}", attempt.outcomes()));
            assert!(hint.is_empty() || hint.starts_with(" ("), "{hint}");
        }
    }
}

#[test]
fn a_server_says_why_it_refuses_a_client() {
    let authority = Authority::new();
    let acceptor = authority.server(&["localhost"]).acceptor();
    let acceptor = acceptor.with_client_roots_pem(authority.pem().as_bytes()).unwrap();
    let client = |change: fn(&mut CertificateParams)| {
        let mut params = params(&["client.example"]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        Some(authority.issue(&params))
    };
    let rows = [
        (
            client(|it| it.not_after = date_time_ymd(2021, 3, 4)),
            untrusted("it expired on 2021-03-04"),
            "certificate_expired (the certificate of this side has expired or is not valid yet)"
                .into(),
        ),
        (
            client(|it| it.not_before = date_time_ymd(2100, 5, 6)),
            untrusted("it is not valid before 2100-05-06"),
            "certificate_expired (the certificate of this side has expired or is not valid yet)"
                .into(),
        ),
        (
            Some(authority.server(&["client.example"])),
            untrusted("it is for server authentication, not for client authentication"),
            format!("unsupported_certificate ({NOT_ACCEPTED})"),
        ),
        (
            Some(Authority::named("another authority").client()),
            untrusted("its issuer is unknown"),
            format!("unknown_ca ({NOT_ACCEPTED})"),
        ),
        (
            Some(self_signed(&params(&["client.example"]))),
            untrusted("it is self-signed"),
            format!("certificate_unknown ({NOT_ACCEPTED})"),
        ),
        (
            None,
            "negotiate TLS: handshake failed: the peer has sent no certificate".into(),
            "certificate_required (it wants a certificate of this side)".into(),
        ),
    ];
    for (own, reason, description) in rows {
        for version in VERSIONS {
            let mut connector = authority.connector();
            if let Some(own) = &own {
                let (chain, key) = (own.certificate.as_bytes(), own.key.as_bytes());
                connector = connector.with_certificate_pem(chain, key).unwrap();
            }
            let connector = connector.with_version(version);
            let outcomes = Attempt::new(&connector, &acceptor, "localhost").outcomes();
            assert_eq!(outcomes, [alert(&description), reason.clone()]);
        }
    }
}

#[test]
fn plain_text_is_quoted_without_control_characters() {
    let (connector, acceptor) = crate::tls::fixture::both_sides();
    let rows: [(&[u8], &str); 6] = [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", r"GET / HTTP/1.1\r\nHost: lo"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", r"SSH-2.0-OpenSSH_9.2\r\n"),
        (b"220 mail.example ESMTP\r\n", r"220 mail.example ESMTP\r\n"),
        (b"\x1b[31mred", r"\x1b[31mred"),
        ("* Willkommen, \u{e4}\n".as_bytes(), r"* Willkommen, \xc3\xa4\n"),
    ];
    for (bytes, quoted) in rows {
        let name = "localhost";
        for mut side in [connector.session(name).unwrap(), acceptor.session().unwrap()] {
            let read = |room: &mut [u8]| {
                room[..bytes.len()].copy_from_slice(bytes);
                Ok(bytes.len())
            };
            let error = side.receive(read, &mut []).unwrap_err();
            let error: Error = error.downcast().unwrap();
            let expected = format!(
                "negotiate TLS: handshake failed: the peer does not speak TLS: its first bytes \
                 are \"{quoted}\""
            );
            assert_eq!(text(&error), expected);
        }
    }
    let mut server = acceptor.session().unwrap();
    let read = |room: &mut [u8]| {
        room[..3].copy_from_slice(&[0, 1, 2]);
        Ok(3)
    };
    let error: Error = server.receive(read, &mut []).unwrap_err().downcast().unwrap();
    let expected = "negotiate TLS: handshake failed: the peer does not speak TLS";
    assert_eq!(text(&error), expected);
}

#[test]
fn a_client_at_an_echo_server_and_two_sides_of_one_role_fail() {
    let (connector, acceptor) = crate::tls::fixture::both_sides();
    let client = || connector.session("localhost").unwrap();
    // An echo server sends the client's own message back, as another client would send its own.
    let (mut one, mut other) = (client(), client());
    assert!(carry(&mut one, &mut other));
    let error: Error = other.peek().unwrap_err().downcast().unwrap();
    let expected = "negotiate TLS: handshake failed: the peer sent ClientHello out of order";
    assert_eq!(text(&error), expected);
    // A server behind it reads the hello, and then the alert.
    let mut server = acceptor.session().unwrap();
    assert!(carry(&mut other, &mut server));
    let error: Error = server.peek().unwrap_err().downcast().unwrap();
    assert_eq!(text(&error), alert("unexpected_message"));
}

#[test]
fn every_alert_has_the_name_of_the_standard() {
    // RFC 8446 section 6, and the older ones of RFC 5246 section 7.2.
    let names = [
        (0, "close_notify"),
        (10, "unexpected_message"),
        (20, "bad_record_mac"),
        (21, "decryption_failed"),
        (22, "record_overflow"),
        (30, "decompression_failure"),
        (40, "handshake_failure"),
        (42, "bad_certificate"),
        (43, "unsupported_certificate"),
        (44, "certificate_revoked"),
        (45, "certificate_expired"),
        (46, "certificate_unknown"),
        (47, "illegal_parameter"),
        (48, "unknown_ca"),
        (49, "access_denied"),
        (50, "decode_error"),
        (51, "decrypt_error"),
        (60, "export_restriction"),
        (70, "protocol_version"),
        (71, "insufficient_security"),
        (80, "internal_error"),
        (86, "inappropriate_fallback"),
        (90, "user_canceled"),
        (100, "no_renegotiation"),
        (109, "missing_extension"),
        (110, "unsupported_extension"),
        (111, "certificate_unobtainable"),
        (112, "unrecognized_name"),
        (113, "bad_certificate_status_response"),
        (114, "bad_certificate_hash_value"),
        (115, "unknown_psk_identity"),
        (116, "certificate_required"),
        (120, "no_application_protocol"),
        (121, "ech_required"),
        (250, "number 250"),
    ];
    for (number, name) in names {
        let alert = rustls::AlertDescription::from(number);
        let text = Failure::Tls(rustls::Error::AlertReceived(alert)).to_string();
        let text = text.strip_prefix("the peer's alert: ").unwrap();
        assert_eq!(text.split(" (").next(), Some(name));
    }
}

#[test]
fn a_peer_alerts_during_the_handshake() {
    let (_, acceptor) = crate::tls::fixture::both_sides();
    for (record, expected) in [
        ([21, 3, 1, 0, 2, 2, 70], "protocol_version (it speaks other versions of TLS)"),
        ([21, 3, 3, 0, 2, 2, 112], "unrecognized_name (it does not serve the requested name)"),
        ([21, 3, 3, 0, 2, 2, 71], "insufficient_security"),
    ] {
        let mut server = acceptor.session().unwrap();
        let read = |room: &mut [u8]| {
            room[..7].copy_from_slice(&record);
            Ok(7)
        };
        let error: Error = server.receive(read, &mut []).unwrap_err().downcast().unwrap();
        assert_eq!(text(&error), alert(expected));
    }
}

#[test]
fn an_error_survives_the_way_through_io() {
    let authority = Authority::new();
    let issued = Authority::named("another authority").server(&["localhost"]);
    let attempt = Attempt::new(&authority.connector(), &issued.acceptor(), "localhost");
    let through: io::Error = attempt.client.peek().unwrap_err();
    assert_eq!(ErrorKind::of(&through), ErrorKind::CertificateUntrusted);
    let error: Error = through.downcast().unwrap();
    assert_eq!(error.kind(), ErrorKind::CertificateUntrusted);
    assert_eq!(error.operation(), Operation::Handshake);
    let before = text(&error);
    let again = io::Error::from(error);
    assert_eq!(ErrorKind::of(&again), ErrorKind::CertificateUntrusted);
    let error: Error = again.downcast().unwrap();
    assert_eq!(text(&error), before);
    crate::testing::error_law(&error);
}
