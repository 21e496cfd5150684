//! Commands that listen on `tls://`: whom they accept, and the certificate that they renew.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::common::client::Client;
use crate::common::crowd::{Crowd, Member, expect_same_order};
use crate::common::listening::{Listening, bytes};
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, run, run_with_input, sockit};
use crate::common::server::Server;
use crate::common::tls::{Certificates, args};

const LOOPBACK: &str = "tls://127.0.0.1:0";

/// Starts a server on `tls://`, with the certificates of the test.
fn serve(words: &[&str], certificates: &Certificates) -> Server {
    let own = certificates.of_server();
    Server::start(&args(&[words, &["--listen", LOOPBACK]].concat(), &own))
}

/// Starts a chat that logs what it does.
fn chat(certificates: &Certificates) -> Server {
    serve(&["chat", "serve", "-v"], certificates)
}

/// The TCP address of a server on `tls://`.
fn address(server: &Server) -> String {
    let endpoint = server.endpoints().iter().find(|it| it.starts_with("tls://"));
    endpoint.expect("an endpoint with tls://").strip_prefix("tls://").expect("TLS").to_owned()
}

/// Waits until the log has this text.
#[track_caller]
fn expect_log(server: &mut Server, text: &str) {
    let mut lines = 1;
    loop {
        let log = server.process().stderr_lines(lines);
        if log.iter().any(|line| line.contains(text)) {
            return;
        }
        assert!(log.len() >= lines, "the log ended without {text:?}: {log:#?}");
        lines = log.len() + 1;
    }
}

#[test]
fn a_chat_and_the_time_are_served_over_tls() {
    let certificates = Certificates::new();
    let trusts = certificates.of_client();
    let server = serve(&["time", "serve", "--framing", "line"], &certificates);
    let finished =
        run_with_input(&args(&["time", "client", &server.endpoints()[0]], &trusts), b"hello\n");
    let text = finished.expect_code(0).expect_quiet().stdout_text();
    assert!(text.starts_with('[') && text.ends_with("] hello\n"), "{text}");
    let bench = ["time", "bench", &server.endpoints()[0], "--duration", "100ms", "--warmup", "0"];
    run(&args(&[&bench[..], &["--connections", "10"]].concat(), &trusts)).expect_code(0);
    server.stop();

    let server = chat(&certificates);
    let endpoint = &server.endpoints()[0];
    let join = ["chat", "join", endpoint, "--nick", "ann", "--linger", "0"];
    let finished = run_with_input(&args(&join, &trusts), b"hello\n");
    let text = finished.expect_code(0).expect_quiet().stdout_text();
    assert!(text.contains("* you are ann\n") && text.contains(" ann: hello\n"), "{text}");
    server.stop();
}

#[test]
fn daytime_over_tls_is_measured_with_a_handshake_for_each_probe() {
    let certificates = Certificates::new();
    let server = serve(&["time", "serve", "--service", "daytime"], &certificates);
    let endpoint = &server.endpoints()[0];
    let trusts = certificates.of_client();
    let client = args(&["time", "client", "--service", "daytime", endpoint], &trusts);
    assert!(run(&client).expect_code(0).expect_quiet().stdout_text().ends_with("\r\n"));
    let ping = ["time", "ping", "--service", "daytime", "-c", "2", "-i", "1ms", endpoint];
    let finished = run(&args(&ping, &trusts));
    let lines = finished.expect_code(0).expect_quiet().stdout_text().lines();
    let handshakes: Vec<&str> = lines.filter(|line| line.starts_with("TLS with ")).collect();
    assert_eq!(handshakes.len(), 2, "{}", finished.story());
    assert!(handshakes[1].ends_with(", resumed"), "{}", finished.story());
}

#[test]
fn listeners_with_and_without_tls_are_one_chat() {
    let certificates = Certificates::new();
    let words = ["chat", "serve", "--listen", "tcp://127.0.0.1:0", "--listen", LOOPBACK];
    let server = Server::start(&args(&words, &certificates.of_server()));
    assert!(server.endpoints()[0].starts_with("tcp://"), "{:?}", server.endpoints());
    let mut encrypted = Client::tls(&server.endpoints()[1], &certificates.connector());
    encrypted.settle();
    let mut plain = Client::enter(&server);
    plain.say("in the clear");
    assert_eq!(encrypted.hear(), "in the clear");
    encrypted.say("encrypted");
    assert_eq!((plain.hear(), plain.hear()), ("in the clear".into(), "encrypted".into()));
    server.stop();
}

#[test]
fn a_listener_with_tls_needs_a_certificate_and_a_certificate_such_a_listener() {
    let certificates = Certificates::new();
    certificates.write("text.pem", "no certificate\n");
    let own = certificates.of_server();
    let [text, missing] = ["text.pem", "missing.pem"].map(|name| certificates.path(name));
    let key = certificates.path("key.pem");
    for words in [&["chat", "serve", "--listen"][..], &["time", "serve", "--listen"], &["listen"]] {
        let serve = |endpoint: &str, more: &[String]| {
            let words = [words, &[endpoint]].concat();
            let finished = run(&args(&words, more));
            assert!(finished.stdout().is_empty(), "{}", finished.story());
            finished
        };
        let bare = serve(LOOPBACK, &[]);
        bare.expect_code(2).expect_error_line(&[LOOPBACK, "--cert FILE", "--key FILE"]);
        let plain = serve("127.0.0.1:0", &own);
        plain.expect_code(2).expect_error_line(&["--cert", "mean tls://127.0.0.1:0?"]);
        serve(LOOPBACK, &own[..2]).expect_code(2).expect_error_line(&["--key"]);
        let client_ca = |file: &str| [&own[..], &["--client-ca".into(), file.into()]].concat();
        serve(LOOPBACK, &client_ca(&missing)).expect_code(77).expect_error_line(&[&missing]);
        let malformed = serve(LOOPBACK, &client_ca(&text));
        malformed.expect_code(77).expect_error_line(&[&text, "no certificate"]);
        let pair = |cert: &str, key: &str| ["--cert", cert, "--key", key].map(String::from);
        serve(LOOPBACK, &pair(&missing, &key)).expect_code(58).expect_error_line(&[&missing]);
        serve(LOOPBACK, &pair(&text, &key)).expect_code(58).expect_error_line(&[&text]);
        serve(LOOPBACK, &pair(&certificates.path("ca.pem"), &key))
            .expect_code(58)
            .expect_error_line(&[&key, "does not belong"]);
    }
}

#[test]
fn with_client_ca_only_clients_with_its_certificates_are_served() {
    let certificates = Certificates::new();
    let more = [certificates.of_server(), vec!["--client-ca".into(), certificates.path("ca.pem")]];
    let server = Server::start(&args(&["chat", "serve", "--listen", LOOPBACK], &more.concat()));
    let endpoint = &server.endpoints()[0];
    let trusts = certificates.of_client();
    let join = ["chat", "join", endpoint, "--nick", "ann", "--linger", "0"];
    let refused = run_with_input(&args(&join, &trusts), b"hello\n");
    refused.expect_code(35).expect_error_line(&["certificate_required"]);
    let client = certificates.path("client.pem");
    let own = [trusts, ["--cert", &client, "--key", &client].map(String::from).into()].concat();
    let served = run_with_input(&args(&join, &own), b"hello\n");
    assert!(served.expect_code(0).expect_quiet().stdout_text().contains(" ann: hello\n"));
    server.stop();
}

#[cfg(unix)]
#[test]
fn sighup_reads_the_certificate_again_for_connections_to_come() {
    let certificates = Certificates::new();
    let mut server = chat(&certificates);
    expect_log(&mut server, " KiB for TLS");
    let endpoint = server.endpoints()[0].clone();
    let connect = || Client::tls(&endpoint, &certificates.connector());
    let mut early = connect();
    early.settle();
    certificates.renew(&["127.0.0.1", "renewed.example"]);
    server.signal("HUP");
    expect_log(&mut server, "--cert: read again");
    let mut late = connect();
    assert_ne!(early.certificate(), late.certificate());
    late.settle();
    early.say("still here");
    assert_eq!(late.hear(), "still here");

    certificates.write("cert.pem", "no certificate\n");
    server.signal("HUP");
    expect_log(&mut server, "the earlier certificate stays in use: load certificate");
    assert_eq!(connect().certificate(), late.certificate());
    server.stop();
}

#[cfg(unix)]
#[test]
fn without_tls_sighup_ends_a_server_as_before() {
    let mut server = Server::start(&["chat", "serve"]);
    server.signal("HUP");
    let status = server.process().wait();
    assert_eq!(status.code(), None, "{status}");
}

#[test]
fn a_connection_without_a_handshake_takes_no_place_of_max_clients() {
    let certificates = Certificates::new();
    let server = serve(&["chat", "serve", "--max-clients", "1"], &certificates);
    let _silent: Vec<TcpStream> =
        (0..3).map(|_| TcpStream::connect(address(&server)).expect("a connection")).collect();
    let mut client = Client::tls(&server.endpoints()[0], &certificates.connector());
    client.settle();
    server.stop();
}

#[cfg(unix)]
#[test]
fn a_hundred_clients_get_every_line_in_one_order_beside_open_handshakes_and_a_new_certificate() {
    const SILENT: usize = 50;
    const CLIENTS: usize = 100;
    let certificates = Certificates::new();
    let mut server =
        serve(&["chat", "serve", "-v", "--greeting", "Welcome", "--workers", "2"], &certificates);
    let silent: Vec<TcpStream> = (0..SILENT)
        .map(|index| {
            let mut stream = TcpStream::connect(address(&server)).expect("a connection");
            // The beginning of a record, of which the rest never comes.
            stream.write_all(&[22, 3, 1, 2, 0, 1][..index % 7]).expect("the server listens");
            stream
        })
        .collect();
    let endpoint = server.endpoints()[0].clone();
    // Each client has a connector of its own, so that none resumes the session of another.
    let join = |_| Member::tls(&endpoint, &certificates.connector());
    let mut members: Vec<Member> = (0..CLIENTS / 2).map(join).collect();
    certificates.renew(&["127.0.0.1", "renewed.example"]);
    server.signal("HUP");
    expect_log(&mut server, "--cert: read again");
    members.extend((0..CLIENTS / 2).map(join));
    expect_same_order(Crowd::of(members));
    drop(silent);
    server.stop();
}

#[test]
fn a_file_arrives_whole_through_send_and_listen() {
    let certificates = Certificates::new();
    let (own, trusts) = (certificates.of_server(), certificates.of_client());
    let sent = bytes(3_000_000);
    for command in ["send", "connect"] {
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let listening = Listening::start(LOOPBACK, &own);
        let endpoint = listening.endpoint.clone();
        assert!(endpoint.starts_with("tls://127.0.0.1:"), "{endpoint}");
        let mut client = Process::spawn(sockit(&args(&[command, &endpoint], &trusts)));
        client.feed(&sent);
        client.close_stdin();
        assert!(listening.finish().stdout() == sent, "{command}: other bytes came");
        client.finish().expect_code(0).expect_quiet();
    }
}

#[cfg(unix)]
#[test]
fn listen_takes_a_client_that_ends_without_close_notify_for_broken() {
    let certificates = Certificates::new();
    let own = certificates.of_server();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let mut listening = Listening::start(LOOPBACK, &own);
    let connector = netcore::Connector::new().with_tls(certificates.connector());
    let endpoint = listening.endpoint.parse().expect("an endpoint");
    let deadline = netcore::Deadline::after(PATIENCE);
    let stream = connector.connect(&endpoint, deadline).expect("a connection");
    stream.write_all_deadline(b"a part\n", deadline).expect("the server reads");
    let socket = std::os::fd::AsFd::as_fd(&stream).try_clone_to_owned().expect("a handle");
    // Beside TLS: the end of the connection without its close_notify.
    let raw = TcpStream::from(socket);
    raw.shutdown(std::net::Shutdown::Write).expect("an end");
    listening.process.close_stdin();
    let finished = listening.process.finish();
    let lines: Vec<&str> = finished.expect_code(56).stderr().lines().collect();
    assert!(lines[1].starts_with("sockit: read from ") && lines[1].contains("close_notify"));
    assert_eq!(finished.stdout_text(), "a part\n");
}

#[test]
fn listen_goes_on_after_a_client_that_does_not_speak_tls() {
    let certificates = Certificates::new();
    let own = certificates.of_server();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let listening = Listening::start(LOOPBACK, &own);
    let address = listening.endpoint.strip_prefix("tls://").expect("TLS");
    let mut stranger = TcpStream::connect(address).expect("a connection");
    stranger.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("the server reads");
    stranger.set_read_timeout(Some(PATIENCE)).expect("a limit");
    // An alert or a reset, and the end.
    let _ = stranger.read_to_end(&mut Vec::new());
    let trusts = certificates.of_client();
    run(&args(&["send", &listening.endpoint, "hello"], &trusts)).expect_code(0).expect_quiet();
    assert_eq!(listening.finish().stdout_text(), "hello");
}

#[test]
fn a_banner_is_sent_over_tls() {
    let certificates = Certificates::new();
    let own = certificates.of_server();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let listening = Listening::start(LOOPBACK, &[&own[..], &["--banner", "Thank you\n"]].concat());
    for _ in 0..2 {
        let mut client = Client::tls(&listening.endpoint, &certificates.connector());
        assert_eq!(client.rest(), b"Thank you\n");
    }
    listening.stop("TERM");
}
