//! Every wait of every command ends at the first signal: connecting, reading, writing, sleeping.
//! (Resolving is not tested, because no silent resolver is at hand.)

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::common::patience::PATIENCE;
use crate::common::process::{Process, sockit};
use crate::common::server::Server;
use netcore::testing::TestDir;
use netcore::{Deadline, Endpoint, Listener, SocketOptions, Stream};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// SIGINT and SIGTERM, in the mask of caught signals of proc_pid_status(5).
const STOPS: u64 = 1 << (2 - 1) | 1 << (15 - 1);

/// Waits until the process catches SIGINT and SIGTERM.
fn until_it_watches(process: &mut Process) {
    let path = format!("/proc/{}/status", process.id());
    let deadline = Deadline::after(PATIENCE);
    while !deadline.is_expired() {
        let status = fs::read_to_string(&path).expect("the status of the process");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        if caught.is_some_and(|mask| mask & STOPS == STOPS) {
            return;
        }
        thread::yield_now();
    }
    panic!("the process does not watch for signals");
}

/// Starts the program with this standard output, and interrupts it while it waits.
fn interrupt(args: &[&str], output: Option<io::PipeWriter>) {
    let mut command = sockit(args);
    let mut process = match output {
        Some(pipe) => {
            command.stdout(pipe);
            Process::spawn_with_stdout(command)
        }
        None => Process::spawn(command),
    };
    if matches!(args[1], "bench" | "ping" | "serve") {
        until_it_watches(&mut process);
    }
    process.feed(b"line\n");
    process.signal("INT");
    process.wait();
}

/// The backlog of this server is full, so clients wait.
fn full_queue(dir: &TestDir) -> (Endpoint, Vec<Stream>, Listener) {
    let endpoint: Endpoint = dir.endpoint("full");
    let options = SocketOptions::new().with_backlog(0);
    let listener = Listener::bind_with(&endpoint, &options).expect("a listener");
    let mut held = Vec::new();
    let soon = || Deadline::after(std::time::Duration::from_millis(20));
    while let Ok(stream) = Stream::connect(&endpoint, &SocketOptions::new(), soon()) {
        held.push(stream);
        assert!(held.len() < 64, "the queue is never full");
    }
    (endpoint, held, listener)
}

#[test]
fn connecting_ends_at_the_first_signal() {
    let dir = TestDir::new();
    let (endpoint, _held, _listener) = full_queue(&dir);
    let endpoint = endpoint.to_string();
    let path = endpoint.strip_prefix("unix:").expect("a path");
    let hour = ["--timeout", "1h"];
    for command in [
        &["time", "bench", &endpoint][..],
        &["time", "ping", &endpoint],
        &["time", "client", &endpoint],
        &["chat", "join", &endpoint],
        &["send", &endpoint, "text"],
        &["connect", &endpoint],
        &["probe", &endpoint],
    ] {
        interrupt(&[command, &hour].concat(), None);
    }
    interrupt(&["get", "http://a/", "--unix-socket", path, "--connect-timeout", "1h"], None);
}

#[test]
fn a_bench_that_is_stopped_before_it_begins_says_so() {
    let dir = TestDir::new();
    let (endpoint, _held, _listener) = full_queue(&dir);
    let args = ["time", "bench", &endpoint.to_string(), "--timeout", "1h"];
    let mut process = Process::spawn(sockit(&args));
    until_it_watches(&mut process);
    process.signal("TERM");
    process.finish().expect_code(1).expect_error_line(&["stopped before"]);
}

#[test]
fn waiting_for_a_peer_ends_at_the_first_signal() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = &silent.local_addr().expect("its address").to_string();
    for command in [
        &["time", "bench", silent, "--timeout", "1h"][..],
        &["time", "ping", silent, "--timeout", "1h"],
        &["time", "client", silent, "--timeout", "1h"],
        &["chat", "join", silent, "--nick", "ann", "--timeout", "1h"],
        &["send", silent, "text", "--wait", "1h"],
        &["connect", silent],
        &["get", silent, "--first-byte-timeout", "1h"],
    ] {
        interrupt(command, None);
    }
}

/// Returns a pipe that is full.
fn full_pipe() -> (io::PipeReader, io::PipeWriter) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    let flags = fcntl_getfl(&writer).expect("the flags of the pipe");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("a non-blocking pipe");
    while writer.write(&[b'x'; 512]).is_ok() {}
    fcntl_setfl(&writer, flags).expect("a blocking pipe");
    (reader, writer)
}

#[test]
fn printing_to_a_full_pipe_ends_at_the_first_signal() {
    let server = Server::start(&["time", "serve"]);
    let server = &server.endpoints()[0];
    for command in [
        &["time", "bench", server, "--duration", "1h"][..],
        &["time", "ping", server, "-i", "1ms"],
        &["time", "client", server],
        &["time", "serve", "--listen", "127.0.0.1:0"],
        &["chat", "serve", "--listen", "127.0.0.1:0"],
        &["send", server, "text", "--wait", "1h"],
        &["connect", server],
    ] {
        let (_reader, writer) = full_pipe();
        interrupt(command, Some(writer));
    }
}

#[test]
fn a_stopped_ping_prints_its_summary_if_the_pipe_has_room() {
    let server = Server::start(&["time", "serve"]);
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let mut command = sockit(&["time", "ping", &server.endpoints()[0], "-i", "1h"]);
    command.stdout(writer);
    let process = Process::spawn_with_stdout(command);
    let mut text = vec![0; 1 << 16];
    let mut length = 0;
    while !text[..length].windows(5).any(|part| part == b"seq=1") {
        length += reader.read(&mut text[length..]).expect("the pipe");
    }
    process.signal("INT");
    process.finish().expect_code(0).expect_quiet();
    let mut summary = String::new();
    reader.read_to_string(&mut summary).expect("the pipe");
    assert!(summary.contains("1 sent, 1 received"), "{summary}");
}
