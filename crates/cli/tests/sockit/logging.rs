//! The log of a server never delays its clients.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use netcore::testing::TestDir;

use crate::common::client::Client;
use crate::common::process::{Process, program, sockit};
use crate::common::server::Server;

/// A server whose standard error is a full pipe that nobody reads.
fn start_unread(directory: &TestDir, args: &[&str]) -> (Server, File) {
    let path = directory.path("errors");
    assert!(Command::new("mkfifo").arg(&path).status().expect("run mkfifo").success());
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = File::options().read(true).write(true).custom_flags(flags).open(&path);
    let mut full = opened.expect("open the pipe");
    let error = loop {
        if let Err(error) = full.write(b"x") {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let mut command = Command::new("sh");
    command.env_remove("RUST_LOG").args(["-c", "errors=$0; exec \"$@\" 2>\"$errors\""]);
    command.arg(&path).arg(program()).args(args);
    (Server::from_command(command, 1), full)
}

const CHAT: [&str; 5] = ["chat", "serve", "-vv", "--listen", "tcp://127.0.0.1:0"];
const TIME: [&str; 5] = ["time", "serve", "-vv", "--listen", "tcp://127.0.0.1:0"];

#[test]
fn an_unread_standard_error_does_not_stop_a_server() {
    for args in [CHAT, TIME] {
        let directory = TestDir::new();
        let (server, _full) = start_unread(&directory, &args);
        for _ in 0..20 {
            let mut client = server.connect();
            client.send("anybody?\n");
            // Notices about clients that have left may come first.
            while !client.line().ends_with("anybody?") {}
        }
        server.stop();
    }
}

#[test]
fn unread_figures_do_not_stop_a_server() {
    let directory = TestDir::new();
    let args = [&CHAT[..], &["--stats", "1ms"]].concat();
    let (server, _full) = start_unread(&directory, &args);
    let mut client = server.connect();
    client.send("anybody?\n");
    while !client.line().ends_with("anybody?") {}
    server.stop();
}

#[test]
fn a_second_signal_ends_a_server_whatever_it_waits_for() {
    for args in [CHAT, TIME] {
        let directory = TestDir::new();
        let (mut server, _full) = start_unread(&directory, &args);
        // Before it serves, it may still be printing its line, and a second signal kills it.
        let mut client = server.connect();
        client.send("anybody?\n");
        while !client.line().ends_with("anybody?") {}
        // Two pending signals of one kind may be delivered as one.
        server.signal("TERM");
        server.signal("INT");
        // The server prints no line about it, which nobody would read. The first signal may have
        // ended it already.
        let code = server.process().wait().code();
        assert!(matches!(code, Some(0 | 1)), "{args:?}: {code:?}");
    }
}

#[test]
fn all_log_lines_before_the_end_are_written_in_order() {
    const CLIENTS: usize = 200;
    let process = Process::spawn(sockit(&[&CHAT[..], &["--workers", "1"]].concat()));
    let line = process.stdout_lines(1).concat();
    let address = line.trim_end().strip_prefix("listening on tcp://").expect("the listener");
    let address = address.parse().expect("an address");
    for _ in 0..CLIENTS {
        let mut client = Client::tcp(address);
        client.send("quit\n");
        client.rest();
    }
    process.signal("TERM");
    let ended = process.finish();
    ended.expect_code(0);
    // The log has one line for each connect and one for each disconnect.
    let lines = ended.stderr().matches(" chat::shard").count();
    assert_eq!(lines, 2 * CLIENTS, "{}", ended.story());
    let times: Vec<&str> = ended.stderr().lines().map(|line| &line[..23]).collect();
    assert!(times.is_sorted(), "{}", ended.story());
}
