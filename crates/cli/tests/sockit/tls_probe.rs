//! `sockit probe tls://…`: the certificates of a server, trusted or not.

use std::thread;

use netcore::{Deadline, Listener};
use rcgen::{DnType, date_time_ymd};

use crate::common::chat::json_field;
use crate::common::patience::PATIENCE;
use crate::common::process::run;
use crate::common::tls::{Certificates, args, params};

/// A server that completes each handshake and waits for the end. Returns its endpoint.
fn serve(certificates: &Certificates) -> String {
    let listener = Listener::bind("127.0.0.1:0").expect("a free port");
    let listener = listener.with_tls(certificates.acceptor());
    let endpoint = listener.endpoint().to_string();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept(Deadline::never()) {
            thread::spawn(move || {
                let deadline = Deadline::after(PATIENCE);
                // A client that refuses the certificate is no failure.
                let _ = stream.read_deadline(&mut [0], deadline);
            });
        }
    });
    endpoint
}

#[test]
fn a_trusted_server_shows_version_suite_and_certificate() {
    let certificates = Certificates::new();
    let endpoint = serve(&certificates);
    let finished = run(&args(&["probe", &endpoint], &certificates.of_client()));
    let text = finished.expect_code(0).expect_quiet().stdout_text();
    for part in [
        " encrypted after ",
        "\ntls        TLSv1.3, TLS_",
        ", certificate trusted\n",
        "\ncertificate 1 of 1\nsubject    CN=a test\nnames      localhost, 127.0.0.1\nissuer     CN=",
        "\nvalid      2020-01-01 00:00:00 UTC to 2120-01-01 00:00:00 UTC, ",
        " days left\nsha256     ",
        "\nTCP_NODELAY ",
    ] {
        assert!(text.contains(part), "no {part:?}\n{}", finished.story());
    }
}

#[test]
fn an_untrusted_server_shows_its_chain_and_the_reason_and_is_error_60() {
    let certificates = Certificates::new();
    let mut expired = params(&["localhost", "127.0.0.1"]);
    expired.not_after = date_time_ymd(2021, 2, 3);
    certificates.replace(&certificates.issue(&expired));
    let endpoint = serve(&certificates);
    let trusts = certificates.of_client();
    let why = "certificate not trusted: it expired on 2021-02-03";
    let finished = run(&args(&["probe", &endpoint], &trusts));
    finished.expect_code(60).expect_error_line(&[&endpoint, why]);
    let text = finished.stdout_text();
    assert!(text.contains(&format!(", {why}\n")), "{}", finished.story());
    assert!(text.contains("UTC to 2021-02-03 00:00:00 UTC, expired "), "{}", finished.story());
    // The port is open, whatever the certificate.
    let open = run(&args(&["probe", "-z", &endpoint], &trusts));
    assert_eq!(
        open.expect_code(0).expect_quiet().stdout_text(),
        format!("open       {endpoint}\n")
    );
}

#[test]
fn with_json_the_session_and_each_certificate_are_objects() {
    let certificates = Certificates::new();
    let endpoint = serve(&certificates);
    let find = |more: &[String], code| {
        let finished = run(&args(&["probe", "--json", &endpoint], more));
        let text = finished.expect_code(code).stdout_text().to_owned();
        let object = |kind| {
            let line = text.lines().find(|line| json_field(line, "kind") == Some(kind));
            line.unwrap_or_else(|| panic!("no {kind}\n{}", finished.story())).to_owned()
        };
        (object("tls"), object("certificate"))
    };
    let (session, certificate) = find(&certificates.of_client(), 0);
    assert_eq!(json_field(&session, "version"), Some("TLSv1.3"));
    assert!(session.ends_with(",\"trusted\":true}"), "{session}");
    assert_eq!(json_field(&certificate, "subject"), Some("CN=a test"));
    assert_eq!(json_field(&certificate, "not_after"), Some("2120-01-01T00:00:00Z"));
    assert_eq!(json_field(&certificate, "sha256").map(str::len), Some(64));
    let names = ",\"names\":[\"localhost\",\"127.0.0.1\"],";
    assert!(
        certificate.contains(names) && certificate.contains(",\"days_left\":"),
        "{certificate}"
    );
    let (session, other) = find(&Certificates::new().of_client(), 60);
    assert_eq!(
        json_field(&session, "error"),
        Some("certificate not trusted: its issuer is unknown")
    );
    assert!(session.contains(",\"trusted\":false,"), "{session}");
    assert_eq!(other, certificate);
    let (session, _) = find(&["--insecure".to_owned()], 0);
    assert!(session.ends_with(",\"trusted\":null}"), "{session}");
}

#[test]
fn a_certificate_cannot_control_the_terminal() {
    let certificates = Certificates::new();
    let mut hostile = params(&["127.0.0.1"]);
    hostile.distinguished_name.push(DnType::OrganizationName, "red \u{1b}[31m\n\u{202e}txet");
    certificates.replace(&certificates.issue(&hostile));
    let endpoint = serve(&certificates);
    for json in [&[][..], &["--json"]] {
        let words = [&["probe", &endpoint], json].concat();
        let finished = run(&args(&words, &certificates.of_client()));
        let text = finished.expect_code(0).stdout_text();
        assert!(text.contains("red ") && text.contains("txet"), "{}", finished.story());
        let controls = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(controls), "{}", finished.story());
    }
}
