//! Certificates that change while a server runs.

use std::fs;

use super::*;
use crate::testing::TestDir;
use crate::tls::fixture::{Authority, Issued};

/// The files of a server.
struct Files(TestDir);

impl Files {
    fn write(&self, issued: &Issued) {
        fs::write(self.0.path("cert.pem"), &issued.certificate).unwrap();
        fs::write(self.0.path("key.pem"), &issued.key).unwrap();
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from_files(self.0.path("cert.pem"), self.0.path("key.pem")).unwrap()
    }
}

/// Returns the certificate that a new connection gets.
fn served(connector: &TlsConnector, acceptor: &TlsAcceptor) -> Vec<u8> {
    let attempt = Attempt::new(connector, acceptor, "localhost");
    attempt.assert_ok();
    attempt.client.info().peer_certificates()[0].clone()
}

fn der(issued: &Issued) -> Vec<u8> {
    issued.der().0[0].to_vec()
}

#[test]
fn renewed_files_are_for_connections_to_come() {
    let authority = Authority::new();
    let files = Files(TestDir::new());
    let (old, new) = (authority.server(&["localhost"]), authority.server(&["localhost"]));
    files.write(&old);
    let acceptor = files.acceptor();
    let clone = acceptor.clone();
    let mut running = Attempt::new(&authority.connector(), &clone, "localhost");
    running.assert_ok();
    let mut begun = clone.session().unwrap();

    files.write(&new);
    assert_eq!(served(&authority.connector(), &clone), der(&old));
    acceptor.reload().unwrap();
    assert_eq!(served(&authority.connector(), &clone), der(&new));

    // Established connections continue, and so does a handshake that had begun.
    let mut sent = 0;
    while sent == 0 {
        let mut record = Vec::new();
        let send = |bytes: &[u8]| {
            record.extend_from_slice(bytes);
            Ok(bytes.len())
        };
        sent = running.client.send(b"data", 4, send).unwrap();
        let read = |room: &mut [u8]| {
            room[..record.len()].copy_from_slice(&record);
            Ok(record.len())
        };
        let mut buffer = [0; 10];
        assert_eq!(running.server.receive(read, &mut buffer).unwrap().0, 4);
    }
    let connector = authority.connector();
    let mut client = connector.session("localhost").unwrap();
    while carry(&mut client, &mut begun) | carry(&mut begun, &mut client) {}
    assert_eq!(client.info().peer_certificates()[0], der(&old));
}

#[test]
fn half_written_files_keep_the_earlier_certificate() {
    let authority = Authority::new();
    let files = Files(TestDir::new());
    let (old, new) = (authority.server(&["localhost"]), authority.server(&["localhost"]));
    files.write(&old);
    let acceptor = files.acceptor();
    let (certificate, key) = (files.0.path("cert.pem"), files.0.path("key.pem"));
    let half = &new.certificate[..new.certificate.len() / 2];
    for (chain, private, expected) in [
        // The certificate is new, the key is still the old one.
        (&*new.certificate, &*old.key, "the key does not belong to the certificate"),
        (half, &*old.key, "the line \"-----END CERTIFICATE-----\" is missing"),
        ("", &*old.key, "it is empty"),
        (&*new.certificate, "", "it is empty"),
    ] {
        fs::write(&certificate, chain).unwrap();
        fs::write(&key, private).unwrap();
        let error = acceptor.reload().unwrap_err();
        assert!(text(&error).ends_with(expected), "{}", text(&error));
        assert_eq!(served(&authority.connector(), &acceptor), der(&old));
    }
    fs::remove_file(&key).unwrap();
    let error = acceptor.reload().unwrap_err();
    assert_eq!(error.kind(), crate::error::ErrorKind::NotFound);
    assert_eq!(served(&authority.connector(), &acceptor), der(&old));
    files.write(&new);
    acceptor.reload().unwrap();
    assert_eq!(served(&authority.connector(), &acceptor), der(&new));
}

#[test]
fn an_acceptor_is_replaced_for_all_clones() {
    let authority = Authority::new();
    let files = Files(TestDir::new());
    let (old, new) = (authority.server(&["localhost"]), authority.server(&["localhost"]));
    files.write(&old);
    let acceptor = files.acceptor();
    let clone = acceptor.clone();
    acceptor.replace(&new.acceptor());
    assert_eq!(served(&authority.connector(), &clone), der(&new));
    // A reload now has nothing to do with the files of before.
    clone.reload().unwrap();
    assert_eq!(served(&authority.connector(), &acceptor), der(&new));
    acceptor.replace(&acceptor);
    assert_eq!(served(&authority.connector(), &acceptor), der(&new));
}

#[test]
fn a_client_whose_authority_was_removed_is_refused_even_with_a_session() {
    let authority = Authority::new();
    let (removed, kept) = (Authority::named("removed"), Authority::named("kept"));
    let dir = TestDir::new();
    let roots = dir.path("clients.pem");
    for version in VERSIONS {
        fs::write(&roots, removed.pem() + &kept.pem()).unwrap();
        let acceptor = authority.server(&["localhost"]).acceptor();
        let acceptor = acceptor.with_client_roots_file(&roots).unwrap();
        let client = removed.client();
        let (chain, key) = (client.certificate.as_bytes(), client.key.as_bytes());
        let connector = authority.connector().with_certificate_pem(chain, key).unwrap();
        let connector = connector.with_version(version);
        for is_resumed in [false, true] {
            let attempt = Attempt::new(&connector, &acceptor, "localhost");
            attempt.assert_ok();
            assert_eq!(attempt.server.info().is_resumed(), is_resumed);
        }
        fs::write(&roots, kept.pem()).unwrap();
        acceptor.reload().unwrap();
        let [_, server] = Attempt::new(&connector, &acceptor, "localhost").outcomes();
        assert_eq!(server, "negotiate TLS: certificate not trusted: its issuer is unknown");
    }
}
