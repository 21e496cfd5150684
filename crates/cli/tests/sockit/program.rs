//! Behaviour of every command: endpoints, listening, signals, exit codes and output.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use netcore::testing::TestDir;

use crate::common::client::Client;
use crate::common::process::{Process, run, sockit};
use crate::common::server::Server;
use crate::common::stamp::without_ctime;

const LOOPBACK: &str = "tcp://127.0.0.1:0";

#[track_caller]
fn expect_echo(client: &mut Client) {
    client.send("echo");
    let answer = client.exact(27 + 4);
    assert_eq!(without_ctime(&answer), b"echo");
}

#[test]
fn a_server_prints_its_endpoint_with_the_bound_port() {
    for service in ["time", "chat"] {
        let server = Server::start(&[service, "serve", "--listen", LOOPBACK]);
        let port = server.tcp().port();
        assert_ne!(port, 0);
        assert_eq!(server.endpoints(), [format!("tcp://127.0.0.1:{port}")]);
        server.connect();
        server.stop();
    }
}

#[test]
fn an_endpoint_without_a_scheme_is_tcp() {
    let server = Server::start(&["time", "serve", "--listen", "127.0.0.1:0"]);
    expect_echo(&mut server.connect());
    assert!(server.endpoints()[0].starts_with("tcp://127.0.0.1:"));
}

#[cfg(unix)]
#[test]
fn every_listener_is_served_and_has_its_line() {
    let dir = TestDir::new();
    let path = dir.endpoint("s").to_string();
    let udp = "udp://127.0.0.1:0";
    let listen = ["time", "serve", "--listen", LOOPBACK, "--listen", udp, "--listen", &path];
    let server = Server::start(&[&listen[..], &["--listen", LOOPBACK]].concat());
    let tcp: Vec<&str> =
        server.endpoints().iter().filter_map(|end| end.strip_prefix("tcp://")).collect();
    assert_eq!(tcp.len(), 2, "{:?}", server.endpoints());
    assert_ne!(tcp[0], tcp[1]);
    for address in tcp {
        expect_echo(&mut Client::tcp(address.parse().expect("an address")));
    }
    assert_ne!(server.udp().port(), 0);
    assert_eq!(server.unix(), dir.path("s"));
    expect_echo(&mut Client::unix(&dir.path("s")));
}

#[test]
fn an_endpoint_without_a_host_is_every_interface_of_both_families() {
    let server = Server::start(&["time", "serve", "--listen", ":0"]);
    let (_, port) = server.endpoints()[0].rsplit_once(':').expect("a port");
    expect_echo(&mut Client::tcp(format!("127.0.0.1:{port}").parse().expect("an address")));
    if TcpListener::bind("[::1]:0").is_err() {
        println!("note: no IPv6 here; only IPv4 was tried");
        return;
    }
    expect_echo(&mut Client::tcp(format!("[::1]:{port}").parse().expect("an address")));
}

#[test]
fn the_default_listeners_are_on_the_loopback_interface() {
    // The ports are fixed, so another program may have them. The error then names them.
    for (service, default) in [("time", "127.0.0.1:21567"), ("chat", "127.0.0.1:60000")] {
        let mut process = Process::spawn(sockit(&[service, "serve"]));
        let lines = process.stdout_lines(1);
        match lines.first() {
            Some(line) => assert_eq!(line, &format!("listening on tcp://{default}\n")),
            None => {
                process.wait();
                process.finish().expect_code(1).expect_error_line(&[default]);
            }
        }
    }
}

#[test]
fn listening_lines_are_json_objects_with_json() {
    let process = Process::spawn(sockit(&["time", "serve", "--json", "--listen", LOOPBACK]));
    let lines = process.stdout_lines(1);
    let line = lines[0].trim_end();
    assert!(line.starts_with('{') && line.ends_with('}'), "not an object: {line}");
    let (_, rest) = line.split_once("\"tcp://").expect("the endpoint as a string");
    let (address, _) = rest.split_once('"').expect("the end of the string");
    expect_echo(&mut Client::tcp(address.parse().expect("an address")));
    process.stop("TERM");
}

#[test]
fn a_malformed_endpoint_is_error_3() {
    for endpoint in
        ["127.0.0.1:99999", "127.0.0.1", "[::1:80", "::1:80", "ftp://127.0.0.1:1", "", "unix:"]
    {
        for service in ["time", "chat"] {
            let finished = run(&[service, "serve", "--listen", endpoint]);
            finished.expect_code(3).expect_error_line(&[]);
            assert!(finished.stdout().is_empty());
        }
    }
    run(&["time", "client", "127.0.0.1:port:80"]).expect_code(3).expect_error_line(&[]);
}

#[test]
fn wrong_usage_is_error_2() {
    let cases: &[&[&str]] = &[
        &["--no-such-flag"],
        &["no-such-command"],
        &["time", "serve", "--no-such-flag"],
        &["time", "client"],
        &["time", "serve", "--framing", "word"],
        &["chat", "serve", "--slow", "wait"],
        &["chat", "serve", "--format", "xml"],
        &["chat", "serve", "--max-line", "4 KiB"],
        &["chat", "serve", "--max-line", "-1"],
        &["chat", "serve", "--workers", "0"],
        &["time", "serve", "--max-connections", "many"],
    ];
    for args in cases {
        let finished = run(args);
        finished.expect_code(2);
        assert!(!finished.stderr().is_empty(), "says what is wrong\n{}", finished.story());
        assert!(finished.stdout().is_empty(), "{}", finished.story());
    }
}

#[test]
fn a_malformed_duration_is_error_2() {
    for duration in ["soon", "5parsecs", "", "1m30", "-1s", "1e3s", "ms", "5 s"] {
        let argument = format!("--idle-timeout={duration}");
        run(&["time", "serve", "--listen", LOOPBACK, &argument]).expect_code(2);
    }
}

#[test]
fn durations_and_sizes_may_have_a_unit() {
    for duration in ["250ms", "5s", "1m30s", "2h", "90"] {
        Server::start(&["time", "serve", "--idle-timeout", duration]).stop();
    }
    for size in ["512", "4k", "1M"] {
        Server::start(&["chat", "serve", "--max-line", size]).stop();
    }
}

#[test]
fn failing_to_bind_is_error_1_that_names_the_address() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    for service in ["time", "chat"] {
        let finished = run(&[service, "serve", "--listen", &format!("tcp://{address}")]);
        finished.expect_code(1).expect_error_line(&[&address, "address in use"]);
        assert!(finished.stdout().is_empty(), "nothing listens\n{}", finished.story());
    }
}

#[cfg(unix)]
#[test]
fn sigterm_and_sigint_end_a_server_with_exit_code_0() {
    for signal in ["TERM", "INT"] {
        for service in ["time", "chat"] {
            let server = Server::start(&[service, "serve"]);
            let mut client = server.connect();
            server.signal(signal);
            server.expect_stop();
            assert_eq!(client.rest(), b"", "an idle connection ends in order");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_server_can_be_stopped_as_soon_as_it_has_printed_its_endpoint() {
    // Several servers run at once, so that some are delayed right after they have printed the line.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| Server::start(&["chat", "serve"]).stop()));
        }
    });
}

#[cfg(unix)]
#[test]
fn a_stopping_server_sends_its_pending_output() {
    let server = Server::start(&["time", "serve", "--framing", "line", "--grace", "1h"]);
    let mut client = server.connect();
    owe_answers(client.stream());
    server.signal("TERM");
    let answers = client.rest();
    // The answer is larger than a socket buffer, so the server had to wait for this client.
    assert!(answers.len() > 64 * 1024, "only {} bytes", answers.len());
    let text = str::from_utf8(&answers).expect("answers are UTF-8");
    assert!(text.ends_with('\n'), "the last answer is whole");
    for (number, answer) in text.lines().enumerate() {
        assert_eq!(without_ctime(answer.as_bytes()), line(number).trim_end().as_bytes());
    }
    drop(client);
    server.expect_stop();
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_a_server_at_once() {
    let mut server = Server::start(&["time", "serve", "--framing", "line", "--grace", "1h"]);
    let client = server.connect();
    owe_answers(client.stream());
    // Two pending signals of one kind could be delivered as one.
    server.signal("INT");
    server.signal("TERM");
    server.process().wait();
}

fn line(number: usize) -> String {
    format!("{number:0100}\n")
}

/// Sends lines and reads no reply until the server reads no more, because its pending output has
/// reached the limit.
fn owe_answers(mut stream: &TcpStream) {
    stream.set_nonblocking(true).expect("a non-blocking socket");
    let lines: String = (0..400_000).map(line).collect();
    let (mut sent, mut refused) = (0, 0);
    while refused < 100 && sent < lines.len() {
        match stream.write(&lines.as_bytes()[sent..]) {
            Ok(count) => (sent, refused) = (sent + count, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                refused += 1;
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => panic!("send: {error}"),
        }
    }
    stream.set_nonblocking(false).expect("a blocking socket");
}

#[cfg(unix)]
#[test]
fn the_unix_socket_file_is_removed_at_the_end() {
    let dir = TestDir::new();
    let server = Server::start(&["chat", "serve", "--listen", &dir.endpoint("s").to_string()]);
    assert!(dir.path("s").exists());
    server.stop();
    assert!(!dir.path("s").exists());
}

#[cfg(unix)]
#[test]
fn a_stale_unix_socket_file_is_replaced() {
    let dir = TestDir::new();
    drop(UnixListener::bind(dir.path("s")).expect("a socket file"));
    assert!(dir.path("s").exists(), "nobody listens, but the file is there");
    let server = Server::start(&["time", "serve", "--listen", &dir.endpoint("s").to_string()]);
    expect_echo(&mut Client::unix(&dir.path("s")));
    server.stop();
}

#[cfg(unix)]
#[test]
fn a_live_unix_socket_is_left_to_its_owner() {
    let dir = TestDir::new();
    let owner = Server::start(&["time", "serve", "--listen", &dir.endpoint("s").to_string()]);
    let finished = run(&["time", "serve", "--listen", &dir.endpoint("s").to_string()]);
    let path = dir.path("s").display().to_string();
    finished.expect_code(1).expect_error_line(&[&path]);
    expect_echo(&mut Client::unix(&dir.path("s")));
    owner.stop();
}

#[cfg(unix)]
#[test]
fn a_file_that_is_not_a_socket_is_not_touched() {
    let dir = TestDir::new();
    fs::write(dir.path("s"), "precious").expect("a file");
    let finished = run(&["time", "serve", "--listen", &dir.endpoint("s").to_string()]);
    let path = dir.path("s").display().to_string();
    finished.expect_code(1).expect_error_line(&[&path]);
    assert_eq!(fs::read_to_string(dir.path("s")).expect("the file"), "precious");
}

#[cfg(unix)]
#[test]
fn a_file_that_took_the_place_of_the_servers_own_is_not_removed() {
    let dir = TestDir::new();
    let server = Server::start(&["time", "serve", "--listen", &dir.endpoint("s").to_string()]);
    fs::rename(dir.path("s"), dir.path("moved")).expect("move the server's file");
    fs::write(dir.path("s"), "another's").expect("a file");
    server.stop();
    assert_eq!(fs::read_to_string(dir.path("s")).expect("the file"), "another's");
}

#[test]
fn a_closed_standard_output_ends_the_program_quietly() {
    for args in [&["--help"][..], &["time", "serve", "--listen", LOOPBACK]] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let mut command = sockit(args);
        command.stdout(writer);
        Process::spawn_with_stdout(command).finish().expect_code(0).expect_quiet();
    }
}

#[test]
fn version_and_help_go_to_standard_output() {
    let version = run(&["--version"]);
    version.expect_code(0).expect_quiet();
    assert_eq!(version.stdout_text(), format!("sockit {}\n", env!("CARGO_PKG_VERSION")));
    let cases: &[&[&str]] =
        &[&["--help"], &["time", "--help"], &["time", "serve", "--help"], &["chat", "serve", "-h"]];
    for args in cases {
        let help = run(args);
        help.expect_code(0).expect_quiet();
        assert!(help.stdout_text().contains("Usage"), "{}", help.story());
    }
}

#[test]
fn an_address_in_use_names_its_holder_and_not_the_program_itself() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let finished = run(&["time", "serve", "--listen", &address]);
    finished.expect_code(1).expect_error_line(&[&address, "address in use"]);
    if cfg!(target_os = "linux") {
        finished.expect_error_line(&[&format!("(pid {})", std::process::id())]);
    }
    drop(taken);
    let finished = run(&["time", "serve", "--listen", &address, "--listen", &address]);
    finished.expect_code(1).expect_error_line(&[&address, "address in use"]);
    if cfg!(target_os = "linux") {
        finished.expect_error_line(&["another socket of this process"]);
    }
}

#[test]
fn near_misses_are_answered_with_the_next_step() {
    let finished = run(&["time", "serve", "--listen", "7001"]);
    finished.expect_code(3).expect_error_line(&["a port has a colon before it"]);
    // The test does not apply to root, or where every user may bind every port.
    let low = TcpListener::bind("127.0.0.1:1").map_err(|error| error.kind());
    if matches!(low, Err(ErrorKind::PermissionDenied)) {
        let finished = run(&["time", "serve", "--listen", "127.0.0.1:1"]);
        finished.expect_code(1).expect_error_line(&["permission denied", "CAP_NET_BIND_SERVICE"]);
    }
}
