//! `sockit listen` and `sockit connect`: standard input and output joined to a connection.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Instant;

use netcore::testing::TestDir;

use crate::common::client::Client;
use crate::common::listening::{Listening, bytes, endpoints};
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, program, run, run_with_input, sockit};

const LOOPBACK: &str = "tcp://127.0.0.1:0";
const UDP: &str = "udp://127.0.0.1:0";

fn tcp(endpoint: &str) -> Client {
    let address = endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
    Client::tcp(address.parse().expect("an address"))
}

#[test]
fn both_directions_arrive_completely_at_the_same_time() {
    let dir = TestDir::new();
    let (there, back) = (bytes(4_000_000), bytes(3_000_000));
    for endpoint in &endpoints(&dir) {
        let mut listening = Listening::start(endpoint, &[]);
        let mut connecting = Process::spawn(sockit(&["connect", &listening.endpoint]));
        thread::scope(|scope| {
            scope.spawn(|| {
                connecting.feed(&there);
                connecting.close_stdin();
            });
            listening.process.feed(&back);
        });
        let listened = listening.finish();
        let connected = connecting.finish();
        connected.expect_code(0).expect_quiet();
        assert!(listened.stdout() == there, "{endpoint}: other bytes came");
        assert!(connected.stdout() == back, "{endpoint}: other bytes came back");
    }
}

#[cfg(unix)]
#[test]
fn files_arrive_completely() {
    let dir = TestDir::new();
    let sent = bytes(5_000_000);
    fs::write(dir.path("from"), &sent).expect("a file");
    fs::write(dir.path("to"), "").expect("a file");
    let mut command = sockit(&["listen", LOOPBACK]);
    command.stdout(File::options().append(true).open(dir.path("to")).expect("the file"));
    let listening = Listening::with_stdout(command);
    // The shell opens the file as standard input of the program.
    let line = "exec \"$0\" connect \"$1\" < \"$2\"";
    let from = dir.path("from");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line, program(), &listening.endpoint]).arg(&from);
    let connecting = Process::spawn(shell);
    listening.finish();
    connecting.finish().expect_code(0).expect_quiet();
    assert!(fs::read(dir.path("to")).expect("the file") == sent, "other bytes came");
}

#[test]
fn the_end_of_input_closes_only_the_sending_side() {
    let mut listening = Listening::start(LOOPBACK, &[]);
    listening.process.close_stdin();
    let mut client = tcp(&listening.endpoint);
    assert_eq!(client.rest(), b"");
    client.send("after the end");
    listening.process.stdout_when("text", |text| text == "after the end");
    client.send(", still");
    drop(client);
    assert_eq!(listening.finish().stdout_text(), "after the end, still");
}

#[test]
fn the_end_of_the_peer_closes_only_the_receiving_side() {
    let mut listening = Listening::start(LOOPBACK, &[]);
    let mut client = tcp(&listening.endpoint);
    client.send("question");
    client.finish_sending();
    listening.process.stdout_when("question", |text| text == "question");
    listening.process.feed(b"answer");
    assert_eq!(client.exact(6), b"answer");
    listening.finish();
    assert_eq!(client.rest(), b"");
}

#[test]
fn only_the_first_connection_is_accepted() {
    let listening = Listening::start(LOOPBACK, &[]);
    let mut client = tcp(&listening.endpoint);
    client.send("first");
    listening.process.stdout_when("text", |text| text == "first");
    let address = listening.endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
    // Another thread closes the listener, so one more client may connect just before that.
    let start = Instant::now();
    while let Ok(early) = TcpStream::connect(address) {
        drop(early);
        assert!(start.elapsed() < PATIENCE, "it still listens");
    }
    let refused = TcpStream::connect(address).expect_err("nobody listens any more");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn with_keep_open_clients_are_served_in_turn_and_a_reset_ends_only_one() {
    let mut listening = Listening::start(LOOPBACK, &["--keep-open"]);
    listening.process.close_stdin();
    for text in ["one\n", "two\n"] {
        run(&["send", &listening.endpoint, text]).expect_code(0).expect_quiet();
    }
    let client = tcp(&listening.endpoint);
    reset(client);
    run(&["send", &listening.endpoint, "three\n"]).expect_code(0).expect_quiet();
    listening.process.stdout_when("all lines", |text| text == "one\ntwo\nthree\n");
    listening.stop("TERM");
}

#[test]
fn with_keep_open_silent_input_does_not_delay_the_next_client() {
    let listening = Listening::start(LOOPBACK, &["--keep-open"]);
    for text in ["one\n", "two\n"] {
        run(&["send", &listening.endpoint, text]).expect_code(0).expect_quiet();
    }
    listening.process.stdout_when("both", |text| text == "one\ntwo\n");
    listening.stop("TERM");
}

#[cfg(unix)]
#[test]
fn a_closed_unix_peer_ends_the_connection_while_input_is_open() {
    let dir = TestDir::new();
    let listening = Listening::start(&dir.endpoint("s").to_string(), &[]);
    let mut client = Client::unix(&dir.path("s"));
    client.send("text");
    drop(client);
    let finished = listening.process.finish();
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "text");
}

/// Closes the connection so that the other side sees a reset.
fn reset(client: Client) {
    netcore::SocketOptions::new()
        .with_linger(Some(std::time::Duration::ZERO))
        .apply(client.stream())
        .expect("SO_LINGER");
}

#[test]
fn a_reset_exits_with_56_while_input_is_open() {
    let listening = Listening::start(LOOPBACK, &[]);
    let mut client = tcp(&listening.endpoint);
    client.send("text");
    listening.process.stdout_when("text", |text| text == "text");
    reset(client);
    let finished = listening.process.finish();
    finished.expect_code(56);
    assert!(finished.stderr().contains("connection reset"), "{}", finished.story());
    assert_eq!(finished.stderr().lines().count(), 2, "{}", finished.story());

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let mut process = Process::spawn(sockit(&["connect", &address]));
    process.feed(b"text");
    let mut server = Client::over(listener.accept().expect("a connection").0);
    assert_eq!(server.exact(4), b"text");
    reset(server);
    process.finish().expect_code(56).expect_error_line(&[&address, "connection reset"]);
}

#[cfg(unix)]
#[test]
fn each_client_receives_the_banner_unchanged_and_is_closed() {
    let dir = TestDir::new();
    let text = "Thank you for connecting";
    for endpoint in [LOOPBACK, &dir.endpoint("s").to_string()] {
        let listening = Listening::start(endpoint, &["--banner", text]);
        let connect = || match endpoint {
            LOOPBACK => tcp(&listening.endpoint),
            _ => Client::unix(&dir.path("s")),
        };
        // Many clients connect at once. A client that sends first still receives the text.
        let mut clients: Vec<Client> = (0..20).map(|_| connect()).collect();
        for client in &mut clients {
            client.send("hello?");
            assert_eq!(client.rest(), text.as_bytes());
        }
        assert!(listening.stop("TERM").stdout().is_empty());
        assert!(!dir.path("s").exists());
    }
    let finished = run(&["listen", UDP, "--banner", text]);
    finished.expect_code(2).expect_error_line(&["--banner"]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_listen_at_any_time_and_removes_its_socket_file() {
    for (signal, connected) in [("INT", false), ("TERM", true)] {
        let dir = TestDir::new();
        let listening = Listening::start(&dir.endpoint("s").to_string(), &["--keep-open"]);
        assert!(dir.path("s").exists());
        let client = connected.then(|| {
            let mut client = Client::unix(&dir.path("s"));
            client.send("text");
            listening.process.stdout_when("text", |text| text == "text");
            client
        });
        // Standard input is open and silent.
        listening.stop(signal);
        assert!(!dir.path("s").exists());
        drop(client);
    }
}

#[test]
fn over_udp_listen_prints_datagrams_and_answers_the_last_peer() {
    let mut listening = Listening::start(UDP, &[]);
    let address = listening.endpoint.strip_prefix("udp://").expect("a UDP endpoint").to_owned();
    let peers = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
    let mut printed = String::new();
    for (peer, text) in peers.iter().zip(["one\n", "two\n"]) {
        peer.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        peer.send_to(text.as_bytes(), &address).expect("send");
        printed.push_str(text);
        listening.process.stdout_when("text", |all| all == printed);
        listening.process.feed(b"answer\n");
        let mut buffer = [0; 64];
        assert_eq!(peer.recv(&mut buffer).expect("an answer"), 7);
    }
    // The end of standard input ends nothing.
    listening.process.close_stdin();
    peers[0].send_to(b"three\n", &address).expect("send");
    listening.process.stdout_when("text", |all| all == "one\ntwo\nthree\n");
    listening.stop("INT");
}

#[cfg(unix)]
#[test]
fn connect_speaks_udp_and_to_unix_sockets_for_datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    let endpoint = format!("udp://{}", socket.local_addr().expect("its address"));
    let mut process = Process::spawn(sockit(&["connect", &endpoint]));
    process.feed(b"question\n");
    let mut buffer = [0; 64];
    let (count, peer) = socket.recv_from(&mut buffer).expect("a datagram");
    assert_eq!(&buffer[..count], b"question\n");
    socket.send_to(b"answer\n", peer).expect("send");
    process.stdout_when("answer", |text| text == "answer\n");
    process.close_stdin();
    process.finish().expect_code(0).expect_quiet();

    let dir = TestDir::new();
    let socket = UnixDatagram::bind(dir.path("s")).expect("a socket file");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    run_with_input(&["connect", &dir.endpoint("s").to_string()], b"hello")
        .expect_code(0)
        .expect_quiet();
    assert_eq!(socket.recv(&mut buffer).expect("a datagram"), 5);
}

#[test]
fn a_local_address_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let args = ["connect", &address, "--local-address", "127.0.0.2"];
    let process = Process::spawn(sockit(&args));
    let (stream, peer) = listener.accept().expect("a connection");
    assert_eq!(peer.ip().to_string(), "127.0.0.2");
    drop((stream, process));
    let finished = run(&["connect", &address, "--local-address", "192.0.2.77"]);
    finished.expect_code(1).expect_error_line(&["address not available"]);
    let finished = run(&["connect", &address, "--local-address", "nowhere"]);
    finished.expect_code(2).expect_error_line(&["nowhere"]);
}

#[test]
fn a_closed_standard_output_ends_both_quietly() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = sockit(&["listen", LOOPBACK]);
    command.stdout(writer.try_clone().expect("the pipe"));
    let listening = Listening::with_stdout(command);
    let mut client = tcp(&listening.endpoint);
    client.send("text");
    let finished = listening.process.finish();
    finished.expect_code(0);
    assert_eq!(finished.stderr().lines().count(), 1, "{}", finished.story());

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let mut command = sockit(&["connect", &address]);
    command.stdout(writer);
    let process = Process::spawn_with_stdout(command);
    let (mut stream, _) = listener.accept().expect("a connection");
    // The program may have ended before, because it notices a closed output without a write.
    let _ = stream.write_all(b"text");
    process.finish().expect_code(0).expect_quiet();
}

#[test]
fn the_exit_codes_are_those_of_every_command() {
    run(&["listen", "nowhere"]).expect_code(3).expect_error_line(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    run(&["listen", &address]).expect_code(1).expect_error_line(&[&address, "address in use"]);
    drop(taken);
    run(&["connect", &address]).expect_code(7).expect_error_line(&[&address, "refused"]);
    run(&["connect", "nonexistent.invalid:1"]).expect_code(6).expect_error_line(&[]);
}

#[test]
#[cfg(target_os = "linux")]
fn data_that_cannot_be_written_is_a_failure_on_both_sides() {
    let mut command = sockit(&["listen", LOOPBACK]);
    command.stdout(File::options().write(true).open("/dev/full").expect("the device"));
    let listening = Listening::with_stdout(command);
    let mut sending = Process::spawn(sockit(&["send", &listening.endpoint]));
    sending.feed(b"text");
    let finished = listening.process.finish();
    finished.expect_code(23);
    assert!(finished.stderr().contains("no space left"), "{}", finished.story());
    // Standard input is still open, so the reset ends the program.
    sending.finish().expect_code(56).expect_error_line(&["reset"]);
}

#[test]
fn a_killed_sender_is_a_failure_for_the_receiver() {
    let mut listening = Listening::start(LOOPBACK, &[]);
    listening.process.close_stdin();
    let mut sending = Process::spawn(sockit(&["send", &listening.endpoint]));
    sending.feed(b"half");
    listening.process.stdout_when("half", |text| text == "half");
    sending.kill();
    listening.process.finish().expect_code(56);
}
