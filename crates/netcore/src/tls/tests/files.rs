//! Files of certificates and keys: every form, and the text of every failure.

use rcgen::{CustomExtension, KeyPair};

use super::*;
use crate::testing::TestDir;
use crate::tls::fixture::{Authority, Issued, params};

const RSA: &str = include_str!("keys/rsa_pkcs8.pem");
const P256: &str = include_str!("keys/p256_pkcs8.pem");
const P384: &str = include_str!("keys/p384_pkcs8.pem");
const ED25519: &str = include_str!("keys/ed25519_pkcs8.pem");

#[test]
fn keys_of_every_kind_and_form_are_read_in_both_roles() {
    let authority = Authority::new();
    for (pkcs8, key) in [
        (RSA, RSA),
        (RSA, include_str!("keys/rsa_pkcs1.pem")),
        (P256, P256),
        (P256, include_str!("keys/p256_sec1.pem")),
        (P256, include_str!("keys/p256_with_parameters.pem")),
        (P384, P384),
        (P384, include_str!("keys/p384_sec1.pem")),
        (ED25519, ED25519),
    ] {
        let pair = KeyPair::from_pem(pkcs8).unwrap();
        let certificate = authority.issue_for(&params(&["localhost"]), &pair);
        let own = Issued { certificate, key: key.into() };
        let acceptor = own.acceptor().with_client_roots_pem(authority.pem().as_bytes()).unwrap();
        let connector = authority.connector();
        let (chain, key) = (own.certificate.as_bytes(), own.key.as_bytes());
        let connector = connector.with_certificate_pem(chain, key).unwrap();
        for version in VERSIONS {
            let connector = connector.clone().with_version(version);
            Attempt::new(&connector, &acceptor, "localhost").assert_ok();
        }
        // One file may have both.
        let both = format!("{}{}", own.key, own.certificate);
        TlsAcceptor::from_pem(both.as_bytes(), both.as_bytes()).unwrap();
    }
}

/// Asserts the text of an acceptor and of a connector for two files.
fn assert_unusable(certificate: &str, key: &str, expected: &str) {
    let dir = TestDir::new();
    let (certificate_path, key_path) = (dir.path("cert.pem"), dir.path("key.pem"));
    std::fs::write(&certificate_path, certificate).unwrap();
    std::fs::write(&key_path, key).unwrap();
    let place = |text: String| {
        text.replace(&certificate_path.display().to_string(), "CERT")
            .replace(&key_path.display().to_string(), "KEY")
    };
    let error = TlsAcceptor::from_files(&certificate_path, &key_path).unwrap_err();
    assert_eq!(place(text(&error)), expected);
    crate::testing::error_law(&error);
    let connector = Authority::new().connector();
    let error = connector.with_certificate_files(&certificate_path, &key_path).unwrap_err();
    assert_eq!(place(text(&error)), expected);
}

#[test]
fn unusable_content_is_named() {
    let Issued { certificate, key } = Authority::new().server(&["localhost"]);
    let encrypted = "load private key KEY: invalid data: the key is encrypted; decrypt it \
                     first, as by `openssl pkey`";
    for (chain, key, expected) in [
        (&*certificate, include_str!("keys/encrypted_pkcs8.pem"), encrypted),
        (&*certificate, include_str!("keys/encrypted_pkcs1.pem"), encrypted),
        (
            &*certificate,
            P384,
            "load private key KEY: invalid input: the key does not belong to the certificate",
        ),
        (&*certificate, "", "load private key KEY: invalid data: it is empty"),
        ("", &*key, "load certificate CERT: invalid data: it is empty"),
        (
            &*certificate,
            &*certificate,
            "load private key KEY: invalid data: it has no private key in PEM",
        ),
        (&*key, &*key, "load certificate CERT: invalid data: it has no certificate in PEM"),
        (
            "0\x19 and so on",
            &*key,
            "load certificate CERT: invalid data: it has no certificate in PEM; it may be DER",
        ),
        (
            &*certificate,
            "0\x19 and so on",
            "load private key KEY: invalid data: it has no private key in PEM; it may be DER",
        ),
        (
            &certificate[..200],
            &*key,
            "load certificate CERT: invalid data: malformed PEM: the line \"-----END \
             CERTIFICATE-----\" is missing",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &*key,
            "load certificate CERT: invalid data: it is malformed",
        ),
        (
            "-----BEGIN CERTIFICATE-----\n!?\n-----END CERTIFICATE-----\n",
            &*key,
            "load certificate CERT: invalid data: malformed PEM: a section is not base64",
        ),
        (
            &*certificate,
            include_str!("keys/p521_pkcs8.pem"),
            "load private key KEY: invalid data: the key is neither RSA of 2048 bits or more, \
             nor ECDSA with P-256 or P-384, nor Ed25519",
        ),
        (
            &*certificate,
            include_str!("keys/rsa_1024.pem"),
            "load private key KEY: invalid data: the key is neither RSA of 2048 bits or more, \
             nor ECDSA with P-256 or P-384, nor Ed25519",
        ),
    ] {
        assert_unusable(chain, key, expected);
    }
}

#[test]
fn a_certificate_that_no_peer_would_accept_is_not_loaded() {
    let mut params = params(&["localhost"]);
    let mut critical = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    critical.set_criticality(true);
    params.custom_extensions = vec![critical];
    let Issued { certificate, key } = Authority::new().issue(&params);
    let expected = "load certificate CERT: invalid data: it has an extension that is not supported";
    assert_unusable(&certificate, &key, expected);
}

#[test]
fn unusable_roots_are_named() {
    let dir = TestDir::new();
    let path = dir.path("roots.pem");
    let authority = Authority::new();
    let acceptor = authority.server(&["localhost"]).acceptor();
    let malformed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (content, expected) in [
        (String::new(), "it is empty"),
        (String::from(P256), "it has no certificate in PEM"),
        (String::from("0\x19"), "it has no certificate in PEM; it may be DER"),
        (authority.pem() + malformed, "certificate 2 is unusable: it is malformed"),
    ] {
        std::fs::write(&path, content).unwrap();
        let name = path.display();
        let expected = format!("load root certificates {name}: invalid data: {expected}");
        let error = TlsConnector::with_roots_file(&path).unwrap_err();
        assert_eq!(text(&error), expected);
        let error = acceptor.clone().with_client_roots_file(&path).unwrap_err();
        assert_eq!(text(&error), expected);
    }
}

#[test]
#[cfg(unix)]
fn unreadable_files_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TestDir::new();
    let locked = dir.path("locked");
    std::fs::write(&locked, P256).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
    let fifo = dir.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let large = dir.path("large");
    std::fs::File::create(&large).unwrap().set_len(17 << 20).unwrap();
    let certificate = dir.path("certificate");
    std::fs::write(&certificate, Authority::new().pem()).unwrap();

    let mut rows = vec![
        (dir.path("missing"), "not found: ENOENT (os error 2)"),
        (dir.path(""), "invalid input: it is a directory"),
        (fifo, "invalid input: it is not a regular file"),
        ("/dev/null".into(), "invalid input: it is not a regular file"),
        (large, "too large: the limit is 16777216 bytes"),
    ];
    // For root no file is locked.
    match std::fs::File::open(&locked) {
        Ok(_) => println!("this user may read every file: that part is not tested"),
        Err(_) => rows.push((locked, "permission denied: EACCES (os error 13)")),
    }
    for (path, expected) in rows {
        let name = path.display();
        let error = TlsConnector::with_roots_file(&path).unwrap_err();
        assert_eq!(text(&error), format!("load root certificates {name}: {expected}"));
        let error = TlsAcceptor::from_files(&path, &certificate).unwrap_err();
        assert_eq!(text(&error), format!("load certificate {name}: {expected}"));
        let error = TlsAcceptor::from_files(&certificate, &path).unwrap_err();
        assert_eq!(text(&error), format!("load private key {name}: {expected}"));
        crate::testing::error_law(&error);
    }
}
