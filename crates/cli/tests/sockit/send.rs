//! `sockit send`: everything arrives, or the exit code reports the failure.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::thread::{self, JoinHandle};

use netcore::testing::TestDir;

use crate::common::listening::{Listening, bytes, endpoints};
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, run, run_with_input, sockit};
use crate::common::server::Server;
use crate::common::stamp::without_ctime;

const LOOPBACK: &str = "tcp://127.0.0.1:0";

/// Starts a server of one connection.
fn serve<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let server = thread::spawn(move || serve(listener.accept().expect("a connection").0));
    (address, server)
}

#[test]
fn piped_input_arrives_completely_over_tcp_and_unix() {
    let dir = TestDir::new();
    let sent = bytes(5_000_000);
    for endpoint in &endpoints(&dir) {
        let listening = Listening::start(endpoint, &[]);
        let finished = run_with_input(&["send", &listening.endpoint], &sent);
        finished.expect_code(0).expect_quiet();
        assert!(listening.finish().stdout() == sent, "{endpoint}: other bytes came");
    }
}

#[test]
fn a_text_is_sent_as_it_is() {
    let listening = Listening::start(LOOPBACK, &[]);
    run(&["send", &listening.endpoint, "no line ending"]).expect_code(0).expect_quiet();
    assert_eq!(listening.finish().stdout_text(), "no line ending");
}

#[test]
fn an_answer_is_printed_with_wait_until_the_peer_ends() {
    let server = Server::start(&["time", "serve"]);
    let finished = run(&["send", &server.endpoints()[0], "hello", "--wait", "60s"]);
    finished.expect_code(0).expect_quiet();
    assert_eq!(without_ctime(finished.stdout()), b"hello");
}

#[test]
fn without_wait_an_answer_is_neither_printed_nor_waited_for() {
    // The peer answers all the time, with more than any buffer takes.
    let (address, server) = serve(|mut stream| {
        let mut count = 0;
        let mut buffer = [0; 65536];
        loop {
            match stream.read(&mut buffer).expect("what is sent") {
                0 => return count,
                read => count += read,
            }
            stream.write_all(&buffer).expect("the answer is taken");
        }
    });
    let finished = run_with_input(&["send", &address], &bytes(8_000_000));
    finished.expect_code(0).expect_quiet();
    assert_eq!(server.join().expect("the server"), 8_000_000);
    assert!(finished.stdout().is_empty());
}

#[test]
fn send_does_not_wait_forever_for_the_end_of_its_peer() {
    let (address, server) = serve(|mut stream| {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("what is sent");
        (stream, all)
    });
    run(&["send", &address, "hello"]).expect_code(0).expect_quiet();
    assert_eq!(server.join().expect("the server").1, b"hello");
}

#[cfg(unix)]
#[test]
fn a_peer_that_reads_nothing_is_error_28() {
    let dir = TestDir::new();
    let listener = UnixListener::bind(dir.path("s")).expect("a socket file");
    // Over a Unix socket only bytes that the peer has read count as taken.
    let args = ["send", &dir.endpoint("s").to_string(), "--timeout", "300ms"];
    let finished = run_with_input(&args, b"hello");
    finished.expect_code(28).expect_error_line(&[&dir.endpoint("s").to_string(), "timed out"]);
    drop(listener);
}

#[test]
fn a_reset_is_error_56_with_a_message() {
    let (address, server) = serve(|mut stream| {
        stream.read_exact(&mut [0; 1000]).expect("some of what is sent");
        // Closing with unread input is a reset.
    });
    let mut process = Process::spawn(sockit(&["send", &address]));
    process.feed(&bytes(5_000_000));
    server.join().expect("the server");
    // Standard input is still open, and the reset ends the program nevertheless.
    process.finish().expect_code(56).expect_error_line(&[&address]);
}

#[cfg(unix)]
#[test]
fn a_unix_peer_that_discards_the_data_is_error_56() {
    let dir = TestDir::new();
    let listener = UnixListener::bind(dir.path("s")).expect("a socket file");
    let mut process = Process::spawn(sockit(&["send", &dir.endpoint("s").to_string()]));
    let (mut stream, _) = listener.accept().expect("a connection");
    process.feed(b"hello");
    process.close_stdin();
    stream.read_exact(&mut [0; 1]).expect("a byte");
    drop(stream);
    process.finish().expect_code(56).expect_error_line(&["reset"]);
}

#[test]
fn over_udp_the_input_is_one_datagram() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    let endpoint = format!("udp://{}", socket.local_addr().expect("its address"));
    let mut buffer = vec![0; 65536];
    for sent in [b"".to_vec(), b"hits:1|c".to_vec(), bytes(60_000)] {
        run_with_input(&["send", &endpoint], &sent).expect_code(0).expect_quiet();
        let count = socket.recv(&mut buffer).expect("a datagram");
        assert!(buffer[..count] == sent, "{count} other bytes came");
    }
    for too_large in [65_508, 1 << 21] {
        let finished = run_with_input(&["send", &endpoint], &bytes(too_large));
        finished.expect_code(63).expect_error_line(&[&endpoint, "too large"]);
    }
}

#[test]
fn answers_by_udp_are_printed_with_wait() {
    let server = Server::start(&["time", "serve", "--listen", "udp://127.0.0.1:0"]);
    let finished = run(&["send", &server.endpoints()[0], "hello", "--wait", "2s"]);
    assert_eq!(without_ctime(finished.expect_code(0).stdout()), b"hello");
}

#[cfg(unix)]
#[test]
fn a_unix_datagram_socket_receives_one_datagram() {
    let dir = TestDir::new();
    let socket = UnixDatagram::bind(dir.path("s")).expect("a socket file");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    run(&["send", &dir.endpoint("s").to_string(), "hello"]).expect_code(0).expect_quiet();
    let mut buffer = [0; 64];
    assert_eq!(socket.recv(&mut buffer).expect("a datagram"), 5);
    assert_eq!(&buffer[..5], b"hello");
}

#[test]
fn a_closed_standard_output_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let server = Server::start(&["time", "serve"]);
    let mut command = sockit(&["send", &server.endpoints()[0], "--wait", "60s"]);
    command.stdout(writer);
    let mut process = Process::spawn_with_stdout(command);
    process.feed(b"hello");
    process.finish().expect_code(0).expect_quiet();
}

#[test]
fn the_exit_codes_are_those_of_every_client() {
    let (address, _) = serve(drop);
    run(&["send", "nowhere", "x"]).expect_code(3).expect_error_line(&[]);
    run(&["send", "nonexistent.invalid:1", "x"]).expect_code(6).expect_error_line(&[]);
    run(&["send", "-6", &address, "x"]).expect_code(6).expect_error_line(&[]);
    let dir = TestDir::new();
    if cfg!(unix) {
        let none = dir.endpoint("none").to_string();
        run(&["send", &none, "x"]).expect_code(7).expect_error_line(&[]);
    }
}
