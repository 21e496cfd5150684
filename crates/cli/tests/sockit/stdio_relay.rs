//! The ends of connections of `sockit listen` and `sockit connect`: silent peers, peers that end,
//! and Unix sockets without a file.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(target_os = "linux")]
use std::time::Duration;

use crate::common::listening::Listening;
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, run, sockit};
#[cfg(target_os = "linux")]
use crate::common::server::Server;
use crate::common::terminal::Terminal;
#[cfg(target_os = "linux")]
use netcore::testing::TestDir;
#[cfg(target_os = "linux")]
use netcore::{Deadline, Endpoint, Listener, SocketOptions, Stream};

/// Starts `sockit` on a terminal.
fn terminal(args: &[&str]) -> Terminal {
    Terminal::start(80, 24, args)
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    (listener, address)
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    stream
}

fn client(listening: &Listening) -> TcpStream {
    let address = listening.endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    stream
}

/// The peer must not take a partial stream for a complete one, so it reads a reset.
fn expect_reset(mut stream: &TcpStream) {
    let error = stream.read(&mut [0]).expect_err("no end");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
}

#[test]
fn the_idle_timeout_ends_a_connection_to_a_silent_peer() {
    for option in ["-w", "--idle-timeout"] {
        let (listener, address) = listener();
        let process = Process::spawn(sockit(&["connect", &address, option, "200ms"]));
        let peer = accept(&listener);
        let finished = process.finish();
        finished.expect_code(28).expect_error_line(&["no data in either direction for 200ms"]);
        expect_reset(&peer);

        let listening = Listening::start("127.0.0.1:0", &[option, "200ms"]);
        let peer = client(&listening);
        let finished = listening.process.finish();
        finished.expect_code(28);
        assert!(
            finished.stderr().contains("no data in either direction for 200ms"),
            "{}",
            finished.story()
        );
        expect_reset(&peer);
    }
    for command in ["listen", "connect"] {
        run(&[command, "-w", "0", "127.0.0.1:1"])
            .expect_code(2)
            .expect_error_line(&["--idle-timeout"]);
    }
}

/// A connection without a place in the backlog is not established.
#[cfg(target_os = "linux")]
#[test]
fn the_idle_timeout_bounds_connecting_too() {
    let dir = TestDir::new();
    let endpoint: Endpoint = dir.endpoint("s");
    let options = SocketOptions::new();
    let _listener =
        Listener::bind_with(&endpoint, &options.clone().with_backlog(1)).expect("a socket file");
    let moment = || Deadline::after(Duration::from_millis(50));
    let _waiting: Vec<Stream> =
        std::iter::from_fn(|| Stream::connect(&endpoint, &options, moment()).ok()).collect();
    let args = ["connect", &dir.endpoint("s").to_string(), "-w", "200ms", "--timeout", "1h"];
    run(&args).expect_code(28).expect_error_line(&["timed out"]);
}

#[test]
fn with_keep_open_a_silent_client_times_out_and_the_next_one_is_served() {
    let listening = Listening::start("127.0.0.1:0", &["--keep-open", "-w", "200ms"]);
    expect_reset(&client(&listening));
    client(&listening).write_all(b"next").expect("send");
    listening.process.stdout_when("text", |text| text == "next");
    listening.stop("TERM");
}

#[test]
fn the_end_of_the_peer_is_no_idle_timeout() {
    let (listener, address) = listener();
    let process = Process::spawn(sockit(&["connect", &address, "-w", "200ms"]));
    accept(&listener).write_all(b"all").expect("send");
    // Standard input is open, so the peer may still wait for an answer, for as long as the idle
    // timeout.
    let finished = process.finish();
    finished.expect_code(0).expect_quiet();
    assert_eq!(finished.stdout_text(), "all");
}

#[test]
fn on_a_terminal_connect_ends_with_its_peer_and_says_so() {
    let (listener, address) = listener();
    let mut terminal = terminal(&["connect", &address]);
    let mut peer = accept(&listener);
    terminal.press("question\n");
    let mut question = [0; 9];
    peer.read_exact(&mut question).expect("the question");
    peer.write_all(b"answer\n").expect("send");
    drop(peer);
    let lines = terminal.expect_code(0);
    assert_eq!(lines, ["question", "answer", "sockit: the peer closed the connection"]);
}

#[test]
fn on_a_terminal_listen_reports_the_end_of_a_client_and_serves_the_next_one() {
    let mut listening = terminal(&["listen", "127.0.0.1:0", "--keep-open"]);
    let lines = listening.shows("listening on");
    let address = lines[0].strip_prefix("listening on tcp://").expect("an endpoint").to_owned();
    for text in ["one", "two"] {
        let mut client = TcpStream::connect(&address).expect("a connection");
        client.write_all(format!("{text}\n").as_bytes()).expect("send");
        drop(client);
        let said = "sockit: the client closed the connection; waiting for the next one";
        listening.ends_with(&[text, said]);
    }
    listening.signal("INT");
    listening.expect_code(0);
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_unix_sockets_work_in_every_command() {
    let name = format!("unix:@sockit/{} x", std::process::id());
    let mut listening = Listening::start(&name, &[]);
    assert_eq!(listening.endpoint, name);
    run(&["listen", &name]).expect_code(1).expect_error_line(&[&name, "address in use by sockit"]);
    listening.process.feed(b"from there");
    let mut connecting = Process::spawn(sockit(&["connect", &name]));
    connecting.feed(b"from here");
    connecting.close_stdin();
    assert_eq!(listening.finish().stdout_text(), "from here");
    assert_eq!(connecting.finish().expect_code(0).stdout_text(), "from there");

    let server = Server::start(&["time", "serve", "--listen", &name]);
    assert_eq!(server.endpoints(), std::slice::from_ref(&name));
    run(&["probe", &name]).expect_code(0).expect_quiet();
    run(&["probe", "-z", &name]).expect_code(0).expect_quiet();
    run(&["time", "ping", "-c", "1", &name]).expect_code(0).expect_quiet();
    let finished = run(&["send", &name, "text", "--wait", "30s"]);
    assert!(finished.expect_code(0).stdout_text().ends_with("] text"), "{}", finished.story());
    server.stop();
    run(&["connect", &name]).expect_code(7).expect_error_line(&[&name, "refused"]);
    run(&["connect", "unix:@"]).expect_code(3).expect_error_line(&["abstract"]);
}
