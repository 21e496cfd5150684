//! Commands that connect to `tls://`: what they trust, and the exit code and text of each refusal.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use netcore::tls::TlsAcceptor;
use netcore::{Deadline, Listener, Stream};
use rcgen::date_time_ymd;

use crate::common::patience::PATIENCE;
use crate::common::process::{Finished, run, run_with_input};
use crate::common::tls::{Certificates, args, params};

/// A server that echoes each connection over TLS, one thread for each. It lives until the tests
/// end. Returns its port.
fn echo(acceptor: TlsAcceptor) -> u16 {
    let listener = Listener::bind("127.0.0.1:0").expect("a free port").with_tls(acceptor);
    let port = listener.local_address().expect("its address").inet().expect("IP").port();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept(Deadline::never()) {
            thread::spawn(move || echo_one(&stream));
        }
    });
    port
}

/// Echoes until the client ends. A client that refuses the certificate is no failure.
fn echo_one(stream: &Stream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read_deadline(&mut buffer, Deadline::after(PATIENCE)) {
        if stream.write_all_deadline(&buffer[..count], Deadline::after(PATIENCE)).is_err() {
            return;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
}

/// Every command that connects, with its input and the arguments behind the endpoint.
const COMMANDS: [(&[&str], &[&str]); 6] = [
    (&["probe"], &[]),
    (&["send"], &["text", "--wait", "1m"]),
    (&["connect"], &[]),
    (&["time", "client", "--service", "echo"], &[]),
    (&["time", "ping", "--service", "echo", "-c", "1"], &[]),
    (&["time", "bench", "--duration", "10ms", "--warmup", "0"], &[]),
];

/// Runs a command on `endpoint`, with `more` arguments.
fn call(command: (&[&str], &[&str]), endpoint: &str, more: &[String]) -> Finished {
    let (words, behind) = command;
    let words = [words, &[endpoint], behind].concat();
    run_with_input(&args(&words, more), b"text\n")
}

#[test]
fn every_client_trusts_the_authority_of_cacert() {
    let certificates = Certificates::new();
    let port = echo(certificates.acceptor());
    for command in COMMANDS {
        for host in ["localhost", "127.0.0.1"] {
            let endpoint = format!("tls://{host}:{port}");
            let finished = call(command, &endpoint, &certificates.of_client());
            finished.expect_code(0).expect_quiet();
            assert!(!finished.stdout().is_empty(), "{}", finished.story());
        }
    }
}

#[test]
fn a_certificate_of_an_unknown_issuer_is_error_60() {
    let port = echo(Certificates::new().acceptor());
    let other = Certificates::new();
    for command in COMMANDS {
        let endpoint = format!("tls://127.0.0.1:{port}");
        let finished = call(command, &endpoint, &other.of_client());
        finished.expect_code(60).expect_error_line(&[
            &endpoint,
            "not trusted",
            "issuer is unknown",
        ]);
    }
}

#[test]
fn the_error_says_which_name_and_which_day_is_wrong() {
    let certificates = Certificates::new();
    let trusts = certificates.of_client();
    let send = |more: &[&str]| {
        let port = echo(certificates.acceptor());
        let endpoint = format!("tls://localhost:{port}");
        let words = [&["send", &endpoint, "text"], more].concat();
        run(&args(&words, &trusts))
    };
    let named = send(&["--servername", "b.example"]);
    named.expect_code(60).expect_error_line(&["it is for localhost, 127.0.0.1, not for b.example"]);
    certificates.renew(&["b.example"]);
    send(&["--servername", "b.example"]).expect_code(0).expect_quiet();
    send(&[]).expect_code(60).expect_error_line(&["it is for b.example, not for localhost"]);

    let mut expired = params(&["localhost"]);
    expired.not_after = date_time_ymd(2021, 2, 3);
    certificates.replace(&certificates.issue(&expired));
    send(&[]).expect_code(60).expect_error_line(&["it expired on 2021-02-03"]);
    let mut future = params(&["localhost"]);
    future.not_before = date_time_ymd(2111, 2, 3);
    certificates.replace(&certificates.issue(&future));
    send(&[]).expect_code(60).expect_error_line(&["it is not valid before 2111-02-03"]);
}

#[test]
fn with_insecure_any_certificate_will_do_and_a_warning_says_so() {
    let port = echo(Certificates::new().acceptor());
    let endpoint = format!("tls://127.0.0.1:{port}");
    for command in COMMANDS {
        let finished = call(command, &endpoint, &["--insecure".to_owned()]);
        let lines: Vec<&str> = finished.expect_code(0).stderr().lines().collect();
        assert_eq!(lines.len(), 1, "{}", finished.story());
        let warns = lines[0].contains(" WARN ") && lines[0].contains(&endpoint);
        assert!(warns && lines[0].contains("not verified"), "{}", finished.story());
    }
}

#[test]
fn a_peer_that_speaks_no_tls_is_error_35() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            // The client's first message, so that no reset destroys the greeting.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"* Welcome\n");
        }
    });
    let certificates = Certificates::new();
    for command in COMMANDS {
        let endpoint = format!("tls://{address}");
        let finished = call(command, &endpoint, &certificates.of_client());
        let says = [&endpoint, "negotiate TLS", "does not speak TLS", "* Welcome"];
        finished.expect_code(35).expect_error_line(&says);
    }
}

#[test]
fn a_handshake_that_takes_too_long_is_error_28_and_a_refused_connection_7() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("tls://{}", silent.local_addr().expect("its address"));
    let certificates = Certificates::new();
    let mut more = certificates.of_client();
    more.extend(["--timeout", "500ms"].map(String::from));
    for command in COMMANDS {
        let finished = call(command, &endpoint, &more);
        finished.expect_code(28).expect_error_line(&[&endpoint, "negotiate TLS", "timed out"]);
    }
    drop(silent);
    for command in COMMANDS {
        let finished = call(command, &endpoint, &certificates.of_client());
        finished.expect_code(7).expect_error_line(&[&endpoint, "refused"]);
    }
}

#[test]
fn a_server_may_ask_for_a_certificate_of_the_client() {
    let certificates = Certificates::new();
    let acceptor = certificates.acceptor().with_client_roots_file(certificates.path("ca.pem"));
    let port = echo(acceptor.expect("a certificate"));
    let endpoint = format!("tls://127.0.0.1:{port}");
    let trusts = certificates.of_client();
    let client = certificates.path("client.pem");
    // One file may have both.
    let own = [trusts.clone(), ["--cert", &client, "--key", &client].map(String::from).into()];
    for command in COMMANDS {
        call(command, &endpoint, &own.concat()).expect_code(0).expect_quiet();
    }
    let send = ["send", &endpoint, "text", "--wait", "1m"];
    let finished = run(&args(&send, &trusts));
    finished.expect_code(35).expect_error_line(&["certificate_required"]);
    let other = Certificates::new().client();
    certificates.write("other.pem", &(other.certificate + &other.key));
    let other = certificates.path("other.pem");
    let send = [&send[..], &["--cert", &other, "--key", &other]].concat();
    run(&args(&send, &trusts)).expect_code(35).expect_error_line(&["the peer's alert"]);
}

#[test]
fn an_unusable_file_is_77_or_58_before_anything_is_sent() {
    let certificates = Certificates::new();
    certificates.write("text.pem", "no certificate\n");
    let [missing, text, cert, key, ca] =
        ["missing.pem", "text.pem", "cert.pem", "key.pem", "ca.pem"]
            .map(|it| certificates.path(it));
    let own = |cert: &str, key: &str| ["--cert", cert, "--key", key].map(String::from);
    for command in COMMANDS {
        let call = |more: &[String]| call(command, "tls://127.0.0.1:1", more);
        for (file, why) in [(&missing, "not found"), (&text, "no certificate in PEM")] {
            let trusted = ["--cacert", file].map(String::from);
            call(&trusted).expect_code(77).expect_error_line(&[file, why]);
            call(&own(file, &key)).expect_code(58).expect_error_line(&[file, why]);
        }
        call(&own(&cert, &missing)).expect_code(58).expect_error_line(&[&missing, "not found"]);
        call(&own(&cert, &cert)).expect_code(58).expect_error_line(&[&cert, "no private key"]);
        let pair = call(&own(&ca, &key));
        pair.expect_code(58).expect_error_line(&[&key, "does not belong to the certificate"]);
    }
}

#[test]
fn options_without_tls_are_usage_errors_because_all_data_would_be_in_the_clear() {
    let certificates = Certificates::new();
    let own = ["--cert", &certificates.path("cert.pem"), "--key", &certificates.path("key.pem")];
    let [own, name, insecure] = [&own[..], &["--servername", "a.example"], &["--insecure"]]
        .map(|words| words.iter().map(|word| String::from(*word)).collect::<Vec<_>>());
    for command in COMMANDS {
        for more in [&certificates.of_client(), &own, &name, &insecure] {
            let finished = call(command, "127.0.0.1:1", more);
            finished.expect_code(2).expect_error_line(&[&more[0], "mean tls://127.0.0.1:1?"]);
        }
        let call = |more: &[&str]| {
            let more: Vec<String> = more.iter().map(|word| String::from(*word)).collect();
            call(command, "tls://127.0.0.1:1", &more)
        };
        call(&["--cert", "f"]).expect_code(2).expect_error_line(&["--key"]);
        call(&["--key", "f"]).expect_code(2).expect_error_line(&["--cert"]);
        call(&["--cacert", "f", "--insecure"]).expect_code(2).expect_error_line(&["--insecure"]);
        let named = call(&["--insecure", "--servername", "a b"]);
        named.expect_code(2).expect_error_line(&["--servername a b", "neither a DNS name"]);
    }
    run(&["send", "tls+udp://127.0.0.1:1", "a"]).expect_code(3).expect_error_line(&[]);
}

#[test]
fn a_ping_shows_the_handshake_apart_from_round_trips() {
    let certificates = Certificates::new();
    let port = echo(certificates.acceptor());
    let endpoint = format!("tls://localhost:{port}");
    let ping = ["time", "ping", "--service", "echo", "-c", "2", "-i", "1ms", &endpoint];
    let trusts = certificates.of_client();
    let finished = run(&args(&ping, &trusts));
    let lines: Vec<&str> = finished.expect_code(0).expect_quiet().stdout_text().lines().collect();
    assert!(lines[0].starts_with(&format!("PING {endpoint} (")), "{lines:#?}");
    let handshakes: Vec<_> = lines.iter().filter(|line| line.starts_with("TLS with ")).collect();
    assert_eq!(handshakes, [&lines[1]], "{lines:#?}");
    assert!(lines[1].contains("connect=") && lines[1].contains("handshake="), "{lines:#?}");
    let json = run(&args(&[&ping[..], &["--json"]].concat(), &trusts));
    let second = json.expect_code(0).stdout_text().lines().nth(1).expect("a second object");
    assert!(second.starts_with("{\"kind\":\"encrypted\","), "{second}");
    for field in ["\"connect_seconds\":0.", "\"handshake_seconds\":0.", "\"resumed\":false}"] {
        assert!(second.contains(field), "{second}");
    }
}

#[test]
fn a_bench_makes_all_of_its_connections_over_tls() {
    let certificates = Certificates::new();
    let port = echo(certificates.acceptor());
    let endpoint = format!("tls://localhost:{port}");
    let load = ["time", "bench", "--json", "--connections", "20", "--threads", "2"];
    let more = ["--size", "20k", "--pipeline", "4", "--duration", "200ms", "--warmup", "0"];
    let words = [&load[..], &more, &[&endpoint]].concat();
    let finished = run(&args(&words, &certificates.of_client()));
    let object = finished.expect_code(0).expect_quiet().stdout_text();
    for field in ["\"wrong\":0,", "\"ended\":0,", "\"unconnected\":0,", "\"failure\":null,"] {
        assert!(object.contains(field), "{}", finished.story());
    }
    assert!(!object.contains("\"answers\":0,"), "{}", finished.story());
}

#[cfg(unix)]
#[test]
fn an_end_without_close_notify_is_error_56() {
    let certificates = Certificates::new();
    let listener = Listener::bind("127.0.0.1:0").expect("a free port");
    let listener = listener.with_tls(certificates.acceptor());
    let endpoint = listener.endpoint().to_string();
    let server = thread::spawn(move || {
        for _ in 0..2 {
            let deadline = Deadline::after(PATIENCE);
            let (stream, _) = listener.accept(deadline).expect("a connection");
            stream.write_all_deadline(b"a part\n", deadline).expect("the client reads");
            let socket = std::os::fd::AsFd::as_fd(&stream).try_clone_to_owned().expect("a handle");
            // Beside TLS: the end of the connection without its close_notify.
            let raw = std::net::TcpStream::from(socket);
            raw.shutdown(std::net::Shutdown::Write).expect("an end");
            let mut rest = [0; 4096];
            raw.set_read_timeout(Some(Duration::from_millis(100))).expect("a limit");
            while matches!((&raw).read(&mut rest), Ok(1..)) {}
            std::mem::forget(stream);
        }
    });
    for command in [&["connect", &endpoint][..], &["send", &endpoint, "x", "--wait", "1m"]] {
        let finished = run(&args(command, &certificates.of_client()));
        finished.expect_code(56).expect_error_line(&["without close_notify"]);
        assert_eq!(finished.stdout_text(), "a part\n");
    }
    server.join().expect("the server");
}
