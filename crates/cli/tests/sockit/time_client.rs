//! `sockit time client`: an answer for each line, and an exit code for each failure.

use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::thread;

use netcore::testing::TestDir;

use crate::common::process::{Process, run, run_with_input, sockit};
use crate::common::server::Server;
use crate::common::stamp::without_ctime;

#[track_caller]
fn expect_answers(endpoint: &str) {
    let finished = run_with_input(&["time", "client", endpoint], b"one\ntwo words\nthree\n");
    finished.expect_code(0).expect_quiet();
    let answers: Vec<&[u8]> =
        finished.stdout_text().lines().map(|line| without_ctime(line.as_bytes())).collect();
    assert_eq!(answers, [&b"one"[..], b"two words", b"three"], "{}", finished.story());
}

#[test]
fn each_line_has_its_answer_printed_over_tcp() {
    for framing in ["chunk", "line"] {
        let server = Server::start(&["time", "serve", "--framing", framing]);
        expect_answers(&server.endpoints()[0]);
        expect_answers(&server.tcp().to_string());
    }
}

#[test]
fn each_line_has_its_answer_printed_over_udp() {
    let server = Server::start(&["time", "serve", "--listen", "udp://127.0.0.1:0"]);
    expect_answers(&server.endpoints()[0]);
}

#[cfg(unix)]
#[test]
fn each_line_has_its_answer_printed_over_a_unix_socket() {
    let dir = TestDir::new();
    let server = Server::start(&["time", "serve", "--listen", &dir.endpoint("s").to_string()]);
    expect_answers(&server.endpoints()[0]);
}

#[test]
fn a_last_line_without_an_ending_is_sent_too() {
    let server = Server::start(&["time", "serve", "--framing", "line"]);
    let finished = run_with_input(&["time", "client", &server.endpoints()[0]], b"one\ntwo");
    finished.expect_code(0);
    let mut lines = finished.stdout_text().lines();
    let mut next = || lines.next().map(|line| without_ctime(line.as_bytes()));
    assert_eq!((next(), next(), next()), (Some(&b"one"[..]), Some(&b"two"[..]), None));
}

#[test]
fn an_answer_is_printed_before_the_next_line_is_read() {
    let server = Server::start(&["time", "serve"]);
    let mut process = Process::spawn(sockit(&["time", "client", &server.endpoints()[0]]));
    for (number, line) in ["first\n", "second\n"].into_iter().enumerate() {
        process.feed(line.as_bytes());
        let answers = process.stdout_lines(number + 1);
        assert_eq!(without_ctime(answers[number].as_bytes()), line.as_bytes());
    }
    process.close_stdin();
    process.finish().expect_code(0).expect_quiet();
}

#[test]
fn empty_input_is_no_error() {
    let server = Server::start(&["time", "serve"]);
    let finished = run(&["time", "client", &server.endpoints()[0]]);
    finished.expect_code(0).expect_quiet();
    assert_eq!(finished.stdout_text(), "");
}

#[test]
fn a_refused_connection_is_error_7_that_names_the_address() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("its address").to_string();
    drop(closed);
    let finished = run_with_input(&["time", "client", &address], b"hello\n");
    finished.expect_code(7).expect_error_line(&[&address, "refused"]);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_that_is_not_there_is_error_7() {
    let dir = TestDir::new();
    let finished =
        run_with_input(&["time", "client", &dir.endpoint("none").to_string()], b"hello\n");
    finished.expect_code(7).expect_error_line(&[&dir.path("none").display().to_string()]);
}

#[test]
fn a_host_that_does_not_exist_is_error_6() {
    // RFC 6761, section 6.4: no name below `invalid` ever exists.
    let finished = run_with_input(&["time", "client", "nonexistent.invalid:1"], b"hello\n");
    finished.expect_code(6).expect_error_line(&["nonexistent.invalid"]);
}

#[test]
fn a_server_that_closes_without_an_answer_is_error_52() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        BufReader::new(stream).read_line(&mut String::new()).expect("a line");
    });
    let finished = run_with_input(&["time", "client", &address], b"hello\n");
    server.join().expect("the server");
    finished.expect_code(52).expect_error_line(&[&address]);
    assert_eq!(finished.stdout_text(), "");
}

#[test]
fn a_server_that_never_answers_is_error_28_with_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let args = ["time", "client", &address, "--timeout", "200ms"];
    run_with_input(&args, b"hello\n").expect_code(28).expect_error_line(&[&address]);
}

#[test]
fn a_closed_standard_output_ends_the_client_quietly() {
    let server = Server::start(&["time", "serve"]);
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let mut command = sockit(&["time", "client", &server.endpoints()[0]]);
    command.stdout(writer);
    let mut process = Process::spawn_with_stdout(command);
    process.feed(b"hello\n");
    process.finish().expect_code(0).expect_quiet();
}
