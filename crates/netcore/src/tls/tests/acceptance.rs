//! Certificates that are trusted, names, decisions, and the system's roots.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};

use super::*;
use crate::tls::fixture::{Authority, Issued, params, self_signed};

fn trusting(pem: &str) -> TlsConnector {
    TlsConnector::with_roots_pem(pem.as_bytes()).unwrap()
}

#[test]
fn a_file_may_have_several_roots() {
    let (one, other) = (Authority::named("one"), Authority::named("other"));
    let both = trusting(&format!("# a comment\n{}\n{}", one.pem(), other.pem()));
    for authority in [one, other] {
        for version in VERSIONS {
            let acceptor = authority.server(&["localhost"]).acceptor();
            Attempt::new(&both.clone().with_version(version), &acceptor, "localhost").assert_ok();
        }
    }
}

#[test]
fn a_chain_may_have_intermediates() {
    let root = Authority::new();
    let middle = root.intermediate("an intermediate");
    let last = middle.intermediate("the last intermediate");
    let Issued { certificate, key } = last.server(&["localhost"]);
    let chain = [certificate, last.pem(), middle.pem()].concat();
    let acceptor = Issued { certificate: chain, key }.acceptor();
    for version in VERSIONS {
        let attempt = Attempt::new(&root.connector().with_version(version), &acceptor, "localhost");
        attempt.assert_ok();
        assert_eq!(attempt.client.info().peer_certificates().len(), 3);
    }
    // A client may trust an intermediate authority instead of the root.
    Attempt::new(&last.connector(), &acceptor, "localhost").assert_ok();
}

/// Returns the certificate of `openssl req -x509`: its own issuer, and an authority.
fn as_openssl_makes_it(names: &[&str]) -> Issued {
    let mut params = params(names);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    self_signed(&params)
}

#[test]
fn a_server_may_use_a_trusted_certificate_as_its_own() {
    let authority = Authority::new();
    let mut pinned = authority.server(&["localhost"]);
    // The chain of a server whose certificate is trusted by itself does not matter.
    pinned.certificate.push_str(&Authority::named("unrelated").pem());
    let stranger = Authority::new();
    let rows = [
        (as_openssl_makes_it(&["localhost"]), String::new()),
        (self_signed(&params(&["localhost"])), String::new()),
        (authority.server(&["localhost"]), String::new()),
        (pinned, String::new()),
        // Another trusted certificate has the issuer's name and another key.
        (authority.server(&["localhost"]), stranger.pem()),
        (as_openssl_makes_it(&["localhost"]), as_openssl_makes_it(&["localhost"]).certificate),
    ];
    for (issued, others) in rows {
        for version in VERSIONS {
            let connector = trusting(&format!("{others}{}", issued.certificate));
            let connector = connector.with_version(version);
            Attempt::new(&connector, &issued.acceptor(), "localhost").assert_ok();
            // Its names and its purpose still count.
            let [client, _] = Attempt::new(&connector, &issued.acceptor(), "a.example").outcomes();
            let expected =
                "negotiate TLS: certificate not trusted: it is for localhost, not for a.example";
            assert_eq!(client, expected);
        }
    }
    let mut expired = params(&["localhost"]);
    expired.not_after = date_time_ymd(2021, 3, 4);
    let expired = self_signed(&expired);
    let connector = trusting(&expired.certificate);
    let [client, _] = Attempt::new(&connector, &expired.acceptor(), "localhost").outcomes();
    assert_eq!(client, "negotiate TLS: certificate not trusted: it expired on 2021-03-04");
    let client = authority.client();
    let connector = trusting(&client.certificate);
    let [client, _] = Attempt::new(&connector, &client.acceptor(), "client.example").outcomes();
    let expected = "negotiate TLS: certificate not trusted: it is for client authentication, not \
                    for server authentication";
    assert_eq!(client, expected);
}

#[test]
fn a_trusted_client_certificate_is_accepted_without_an_issuer() {
    let authority = Authority::new();
    let client = authority.client();
    let acceptor = authority.server(&["localhost"]).acceptor();
    let acceptor = acceptor.with_client_roots_pem(client.certificate.as_bytes()).unwrap();
    for version in VERSIONS {
        let connector = authority.connector();
        let (chain, key) = (client.certificate.as_bytes(), client.key.as_bytes());
        let connector = connector.with_certificate_pem(chain, key).unwrap();
        let connector = connector.with_version(version);
        // The second one resumes, and the server still knows the certificate.
        for is_resumed in [false, true] {
            let attempt = Attempt::new(&connector, &acceptor, "localhost");
            attempt.assert_ok();
            assert_eq!(attempt.server.info().is_resumed(), is_resumed);
            assert_eq!(attempt.server.info().peer_certificates().len(), 1);
        }
    }
}

#[test]
fn names_are_compared_as_names() {
    let authority = Authority::new();
    let names = ["www.example.org", "*.wild.example", "127.0.0.1", "::1", "xn--mnchen-3ya.example"];
    let acceptor = authority.server(&names).acceptor();
    for name in [
        "www.example.org",
        "WWW.Example.ORG",
        "www.example.org.",
        "a.wild.example",
        "127.0.0.1",
        "::1",
        "0:0::0:1",
        "xn--mnchen-3ya.example",
    ] {
        Attempt::new(&authority.connector(), &acceptor, name).assert_ok();
    }
    for name in ["example.org", "wild.example", "a.b.wild.example", "127.0.0.2", "::2"] {
        let [client, _] = Attempt::new(&authority.connector(), &acceptor, name).outcomes();
        assert!(client.contains(&format!(", not for {name}")), "{client}");
    }
}

#[test]
fn texts_that_are_no_names_are_refused() {
    let connector = Authority::new().connector();
    let ascii = "is neither a DNS name nor an IP address";
    let idn = "write an international name in its ASCII form, which begins with xn--";
    for (name, expected) in [
        ("", format!("\"\" {ascii}")),
        (".", format!("\".\" {ascii}")),
        ("two words", format!("\"two words\" {ascii}")),
        ("[::1]", format!("\"[::1]\" {ascii}")),
        ("a\x1b[31m", format!("\"a\\u{{1b}}[31m\" {ascii}")),
        ("münchen.example", format!("\"münchen.example\" {ascii}; {idn}")),
    ] {
        let error = connector.clone().with_server_name(name).unwrap_err();
        assert_eq!(text(&error), format!("negotiate TLS: invalid input: {expected}"));
    }
}

#[test]
fn unverified_connections_have_to_be_asked_for() {
    let issued = self_signed(&params(&["a.example"]));
    let connector = TlsConnector::dangerous_without_verification().unwrap();
    for version in VERSIONS {
        let connector = connector.clone().with_version(version);
        Attempt::new(&connector, &issued.acceptor(), "localhost").assert_ok();
    }
    let connector = Authority::new().connector();
    let [client, _] = Attempt::new(&connector, &issued.acceptor(), "localhost").outcomes();
    assert!(client.starts_with("negotiate TLS: certificate not trusted: "), "{client}");
}

#[test]
fn a_program_may_decide_about_a_certificate() {
    let authority = Authority::new();
    let pinned = authority.server(&["localhost"]);
    let (chain, _) = pinned.der();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let pin = move |certificates: &[&[u8]], verdict: Result<(), Error>| {
        count.fetch_add(1, Ordering::Relaxed);
        verdict?;
        match certificates[0] == chain[0].as_ref() {
            true => Ok(()),
            false => Err(Error::new(
                crate::error::Operation::Handshake,
                crate::error::ErrorKind::CertificateUntrusted,
            )
            .because_text("it is not the one that was pinned")),
        }
    };
    let connector = authority.connector().dangerous_with_decision(pin);
    Attempt::new(&connector, &pinned.acceptor(), "localhost").assert_ok();
    let renewed = authority.server(&["localhost"]).acceptor();
    let [client, server] = Attempt::new(&connector, &renewed, "localhost").outcomes();
    let expected = "negotiate TLS: certificate not trusted: it is not the one that was pinned";
    assert_eq!(client, expected);
    let expected = "negotiate TLS: handshake failed: the peer's alert: certificate_unknown (it \
                    does not accept the certificate of this side)";
    assert_eq!(server, expected);
    // The verdict of the verification has its reason.
    let [client, _] = Attempt::new(&connector, &pinned.acceptor(), "a.example").outcomes();
    let expected = "negotiate TLS: certificate not trusted: it is for localhost, not for a.example";
    assert_eq!(client, expected);
    assert_eq!(calls.load(Ordering::Relaxed), 3);

    // A decision may also accept a certificate that is not trusted.
    let all = TlsConnector::with_roots_pem(Authority::named("x").pem().as_bytes()).unwrap();
    let all = all.dangerous_with_decision(|_, verdict| {
        assert!(verdict.is_err());
        Ok(())
    });
    Attempt::new(&all, &pinned.acceptor(), "a.example").assert_ok();
}

#[test]
fn a_session_is_not_resumed_past_a_stricter_connector() {
    let authority = Authority::new();
    let acceptor = authority.server(&["localhost"]).acceptor();
    for version in VERSIONS {
        let lenient = authority.connector().with_version(version);
        for is_resumed in [false, true] {
            let attempt = Attempt::new(&lenient, &acceptor, "localhost");
            attempt.assert_ok();
            assert_eq!(attempt.client.info().is_resumed(), is_resumed);
        }
        let refuse = |_: &[&[u8]], _: Result<(), Error>| {
            let operation = crate::error::Operation::Handshake;
            Err(Error::new(operation, crate::error::ErrorKind::CertificateUntrusted))
        };
        let strict = lenient.clone().dangerous_with_decision(refuse);
        let [client, _] = Attempt::new(&strict, &acceptor, "localhost").outcomes();
        let expected = "negotiate TLS: certificate not trusted: the program refused it";
        assert_eq!(client, expected);
    }
}

#[test]
#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn the_roots_of_the_system_are_those_of_the_environment() {
    use crate::fixture::in_child;
    let name = "tls::tests::acceptance::the_roots_of_the_system_are_those_of_the_environment";
    let dir = crate::fixture::TestDir::new();
    let authority = Authority::new();
    let server = authority.server(&["localhost"]);
    let paths = ["roots", "certificate", "key"].map(|it| dir.path(it));
    for (path, content) in paths.iter().zip([authority.pem(), server.certificate, server.key]) {
        std::fs::write(path, content).unwrap();
    }
    let [roots, certificate, key] = paths.map(|it| it.display().to_string());
    let setup = format!(
        "export SSL_CERT_FILE='{roots}' TEST_CERTIFICATE='{certificate}' TEST_KEY='{key}'; unset \
         SSL_CERT_DIR"
    );
    in_child(name, &setup, || {
        let path = |name| std::env::var(name).unwrap();
        let acceptor = TlsAcceptor::from_files(path("TEST_CERTIFICATE"), path("TEST_KEY")).unwrap();
        let connector = TlsConnector::with_system_roots().unwrap();
        Attempt::new(&connector, &acceptor, "localhost").assert_ok();
        let stranger = Authority::named("stranger").server(&["localhost"]).acceptor();
        let [client, _] = Attempt::new(&connector, &stranger, "localhost").outcomes();
        assert_eq!(client, "negotiate TLS: certificate not trusted: its issuer is unknown");
    });
}

#[test]
#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn a_system_without_roots_is_an_error() {
    let name = "tls::tests::acceptance::a_system_without_roots_is_an_error";
    let setup = "export SSL_CERT_FILE=/nonexistent/roots; unset SSL_CERT_DIR";
    crate::fixture::in_child(name, setup, || {
        let error = TlsConnector::with_system_roots().unwrap_err();
        assert_eq!(error.operation(), crate::error::Operation::LoadRoots);
        assert_eq!(error.kind(), crate::error::ErrorKind::NotFound);
        crate::testing::error_law(&error);
    });
}

#[test]
fn connectors_are_equal_if_one_is_a_clone() {
    let connector = Authority::new().connector();
    assert_eq!(connector, connector.clone());
    assert_ne!(connector, connector.clone().with_server_name("a.example").unwrap());
    assert_ne!(connector, connector.clone().with_alpn(&[b"x"]).unwrap());
    let text = format!("{connector:?}");
    assert!(text.starts_with("TlsConnector"), "{text}");
}

#[test]
fn the_purpose_is_free_if_the_certificate_names_none() {
    let authority = Authority::new();
    let mut both = params(&["localhost"]);
    both.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    for params in [params(&["localhost"]), both] {
        let own = authority.issue(&params);
        let acceptor = own.acceptor().with_client_roots_pem(authority.pem().as_bytes()).unwrap();
        let connector = authority.connector();
        let (chain, key) = (own.certificate.as_bytes(), own.key.as_bytes());
        let connector = connector.with_certificate_pem(chain, key).unwrap();
        Attempt::new(&connector, &acceptor, "localhost").assert_ok();
    }
}
