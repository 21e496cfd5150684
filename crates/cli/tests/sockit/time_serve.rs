//! `sockit time serve`: framings, formats, transports and limits.

#[cfg(target_os = "linux")]
use std::io::ErrorKind;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use netcore::testing::TestDir;

use crate::common::client::Client;
use crate::common::patience::PATIENCE;
use crate::common::process::{run, sockit};
use crate::common::server::Server;
use crate::common::stamp::{civil_utc, has_shape, now, without_ctime};

/// `[Www Mmm dd hh:mm:ss yyyy] `
const STAMP: usize = 27;

#[track_caller]
fn expect_echo(client: &mut Client, bytes: &[u8]) {
    client.send(bytes);
    let answer = client.exact(STAMP + bytes.len());
    assert_eq!(without_ctime(&answer), bytes);
}

#[track_caller]
fn expect_line(client: &mut Client, text: &str) {
    let answer = client.line();
    assert_eq!(str::from_utf8(without_ctime(answer.as_bytes())), Ok(text));
}

#[test]
fn a_piece_without_a_line_end_is_answered_with_the_time_and_the_same_bytes() {
    let server = Server::start(&["time", "serve"]);
    let mut client = server.connect();
    for piece in ["hello", "x", "two\nlines", "crlf\r\n", "[Fri Nov 20 18:11:02 2026] "] {
        expect_echo(&mut client, piece.as_bytes());
    }
    server.stop();
}

#[test]
fn every_byte_comes_back_unchanged() {
    let server = Server::start(&["time", "serve"]);
    let bytes: Vec<u8> = (0..=255).collect();
    expect_echo(&mut server.connect(), &bytes);
}

#[test]
fn a_large_piece_is_answered_in_full_after_an_early_half_close() {
    let server = Server::start(&["time", "serve"]);
    let mut client = server.connect();
    // The text has no bracket, so each bracket in the answers begins a time.
    let payload: Vec<u8> = (0..1 << 20).map(|at: u32| b'a' + (at % 23) as u8).collect();
    let mut sender = client.stream().try_clone().expect("a second handle");
    let sent = payload.clone();
    let sending = thread::spawn(move || {
        sender.write_all(&sent).expect("send everything");
        sender.shutdown(std::net::Shutdown::Write).expect("end the sending side");
    });
    let answers = client.rest();
    sending.join().expect("the sender");
    let mut echoed = Vec::with_capacity(payload.len());
    let mut rest = &answers[..];
    while !rest.is_empty() {
        let piece = without_ctime(rest);
        let end = piece.iter().position(|&byte| byte == b'[').unwrap_or(piece.len());
        echoed.extend_from_slice(&piece[..end]);
        rest = &piece[end..];
    }
    assert_eq!(echoed.len(), payload.len());
    assert!(echoed == payload, "the bytes came back in another order");
}

#[test]
fn two_connections_are_served_at_once() {
    let server = Server::start(&["time", "serve"]);
    let (mut one, mut two) = (server.connect(), server.connect());
    for _ in 0..10 {
        one.send("one");
        two.send("second");
        assert_eq!(without_ctime(&two.exact(STAMP + 6)), b"second");
        assert_eq!(without_ctime(&one.exact(STAMP + 3)), b"one");
    }
}

#[test]
fn a_line_is_answered_with_its_own_ending() {
    let server = Server::start(&["time", "serve", "--framing", "line"]);
    let mut client = server.connect();
    expect_echo(&mut client, b"with crlf\r\n");
    expect_echo(&mut client, b"with lf\n");
    expect_echo(&mut client, b"\n");
    expect_echo(&mut client, b"\x00\xff\xfe\r\r\n");
}

#[test]
fn every_line_of_one_write_has_its_own_answer() {
    let server = Server::start(&["time", "serve", "--framing", "line"]);
    let mut client = server.connect();
    let lines: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
    client.send(lines.join("\n") + "\n");
    for line in &lines {
        expect_line(&mut client, line);
    }
}

#[test]
fn a_line_in_many_writes_has_one_answer() {
    let server = Server::start(&["time", "serve", "--framing", "line"]);
    let mut client = server.connect();
    for byte in b"byte by byte\n" {
        client.send([*byte]);
    }
    expect_line(&mut client, "byte by byte");
    expect_echo(&mut client, b"and the next\n");
}

#[test]
fn a_last_line_without_an_ending_is_answered_at_the_half_close() {
    let server = Server::start(&["time", "serve", "--framing", "line"]);
    let mut client = server.connect();
    client.send("whole\nhalf");
    client.finish_sending();
    expect_line(&mut client, "whole");
    assert_eq!(without_ctime(&client.rest()), b"half");
}

#[test]
fn formats_have_the_shapes_of_their_standards() {
    let shapes = [
        ("ctime", &["[Fri Nov _0 18:11:02 2026] x"][..]),
        ("rfc3339", &["[2026-11-20T18:11:02+00:00] x", "[2026-11-20T18:11:02Z] x"]),
        ("rfc2822", &["[Fri, 20 Nov 2026 18:11:02 +0000] x", "[Fri, 2 Nov 2026 18:11:02 +0000] x"]),
        ("+%H:%M", &["[18:11] x"]),
        ("+%d/%m at %H", &["[20/11 at 18] x"]),
    ];
    for (format, shapes) in shapes {
        let server =
            Server::start(&["time", "serve", "--utc", "--framing", "line", "--format", format]);
        let mut client = server.connect();
        client.say("x");
        let answer = client.line();
        let fits = shapes.iter().any(|shape| has_shape(&answer, shape));
        assert!(fits, "--format {format} gave {answer:?}");
    }
}

#[test]
fn unix_formats_give_a_time_between_request_and_reply() {
    for (format, nanoseconds) in [("unix", 1_000_000_000), ("unix-ms", 1_000_000), ("unix-ns", 1)] {
        let server = Server::start(&["time", "serve", "--framing", "line", "--format", format]);
        let mut client = server.connect();
        let before = now().as_nanos() / nanoseconds;
        client.say("x");
        let answer = client.line();
        let after = now().as_nanos() / nanoseconds;
        let text = answer.strip_prefix('[').and_then(|text| text.strip_suffix("] x"));
        let time: u128 = text.and_then(|text| text.parse().ok()).expect("[NUMBER] x");
        assert!((before..=after).contains(&time), "{format}: {before} <= {time} <= {after}");
    }
}

// Windows knows no TZ.
#[cfg(unix)]
#[test]
fn utc_ignores_the_time_zone_and_local_time_follows_it() {
    // A POSIX TZ with the sign that POSIX gives it: five and a half hours east of Greenwich.
    for (utc, offset, ahead) in [(true, "+00:00", 0), (false, "+05:30", 5 * 3600 + 1800)] {
        let mut args = vec!["time", "serve", "--format", "+%Y-%m-%d %H:%M:%S %:z"];
        args.extend(["--framing", "line", "--listen", "tcp://127.0.0.1:0"]);
        args.extend(utc.then_some("--utc"));
        let mut command = sockit(&args);
        command.env("TZ", "TST-5:30");
        let server = Server::from_command(command, 1);
        let mut client = server.connect();
        let seconds = Duration::from_secs(ahead);
        let before = civil_utc(now() + seconds);
        client.say("x");
        let answer = client.line();
        let after = civil_utc(now() + seconds);
        let possible = [before, after].map(|[year, month, day, hour, minute, second]| {
            format!("[{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} {offset}] x")
        });
        assert!(possible[0] <= answer && answer <= possible[1], "{answer} is not in {possible:?}");
    }
}

#[test]
fn an_unknown_format_is_error_2() {
    for format in ["sundial", "+", "+%", "+%!", "+%Q", "+%H:%M:%", ""] {
        let argument = format!("--format={format}");
        let finished = run(&["time", "serve", "--listen", "tcp://127.0.0.1:0", &argument]);
        finished.expect_code(2);
        assert!(finished.stdout().is_empty(), "{}", finished.story());
    }
}

#[test]
fn each_datagram_has_one_answer() {
    let server = Server::start(&["time", "serve", "--listen", "udp://127.0.0.1:0"]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.connect(server.udp()).expect("the server's address");
    let large: Vec<u8> = (0..60_000_u32).map(|at| (at % 251) as u8).collect();
    let datagrams = [&b"hello"[..], b"", b"two\nlines\n", &large, b"the last"];
    let mut answer = vec![0; 65_536];
    for datagram in datagrams {
        assert_eq!(socket.send(datagram).expect("send"), datagram.len());
        let count = socket.recv(&mut answer).expect("an answer");
        assert!(without_ctime(&answer[..count]) == datagram, "{} bytes", datagram.len());
    }
    server.stop();
}

#[test]
fn a_datagram_has_one_answer_with_line_framing_too() {
    let udp = "udp://127.0.0.1:0";
    let server = Server::start(&["time", "serve", "--framing", "line", "--listen", udp]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.connect(server.udp()).expect("the server's address");
    let mut answer = [0; 1000];
    for datagram in ["one\ntwo\n", "no ending"] {
        socket.send(datagram.as_bytes()).expect("send");
        let count = socket.recv(&mut answer).expect("an answer");
        assert_eq!(without_ctime(&answer[..count]), datagram.as_bytes());
    }
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served_like_tcp() {
    let dir = TestDir::new();
    let server = Server::start(&["time", "serve", "--listen", &dir.endpoint("s").to_string()]);
    let mut client = Client::unix(&dir.path("s"));
    expect_echo(&mut client, b"hello");
    client.finish_sending();
    assert_eq!(client.rest(), b"");
    server.stop();
}

#[test]
fn a_connection_above_the_limit_receives_a_reason_and_is_closed() {
    let server = Server::start(&["time", "serve", "--max-connections", "2"]);
    let (mut one, mut two) = (server.connect(), server.connect());
    expect_echo(&mut one, b"one");
    expect_echo(&mut two, b"two");
    let mut three = server.connect();
    let reason = three.rest();
    assert!(!reason.is_empty(), "a reason is given");
    assert!(reason.ends_with(b"\n"), "a line: {}", reason.escape_ascii());
    expect_echo(&mut one, b"one");
    expect_echo(&mut two, b"two");

    one.finish_sending();
    assert_eq!(one.rest(), b"");
    // The server refuses new connections until it has dropped the one that left.
    let start = Instant::now();
    while !is_served(&server) {
        assert!(start.elapsed() < PATIENCE, "no place became free");
    }
}

/// Returns `true` if a new connection is answered and not refused.
fn is_served(server: &Server) -> bool {
    let client = server.connect();
    let mut stream = client.stream();
    let mut answer = [0; STAMP + 4];
    // A refusal may reset the connection before these bytes are sent or the reason is read.
    let _ = stream.write_all(b"four");
    stream.read_exact(&mut answer).is_ok() && answer.ends_with(b"] four")
}

#[test]
fn an_idle_connection_is_closed_and_an_active_one_is_not() {
    let server = Server::start(&["time", "serve", "--idle-timeout", "1s"]);
    let mut active = server.connect();
    expect_echo(&mut active, b"first");
    let mut idle = server.connect();
    while !idle.has_ended() {
        expect_echo(&mut active, b"still here");
        thread::sleep(Duration::from_millis(10));
    }
    expect_echo(&mut active, b"and still");
}

/// Sends bytes from a client that reads nothing. The socket takes or refuses them.
#[cfg(target_os = "linux")]
fn flood(server: &Server, bytes: usize, mut meanwhile: impl FnMut()) {
    let client = server.connect();
    let mut stream = client.stream();
    stream.set_nonblocking(true).expect("a non-blocking socket");
    let piece = vec![b'x'; 64 * 1024];
    let (mut sent, mut refused) = (0, 0);
    while sent < bytes && refused < 300 {
        match stream.write(&piece) {
            Ok(count) => (sent, refused) = (sent + count, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
            Err(error) => panic!("send: {error}"),
        }
        meanwhile();
    }
    // The connection is still open, and its answers are in order.
    stream.set_nonblocking(false).expect("a blocking socket");
    let mut answer = [0; STAMP];
    stream.read_exact(&mut answer).expect("the first answer");
    assert_eq!(without_ctime(&answer), b"");
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_never_reads_costs_bounded_memory_and_delays_nobody() {
    let server = Server::start(&["time", "serve"]);
    let before = server.memory();
    let mut other = server.connect();
    flood(&server, 64 << 20, || expect_echo(&mut other, b"served meanwhile"));
    let growth = server.peak_memory().saturating_sub(before);
    assert!(growth < 32 << 20, "grown by {growth} bytes");
}

#[test]
fn clients_that_reset_their_connections_disturb_nobody() {
    let server = Server::start(&["time", "serve"]);
    let mut other = server.connect();
    for _ in 0..100 {
        let mut client = server.connect();
        client.send(vec![b'x'; 10_000]);
        // The first answer is unread, so closing the socket resets the connection.
        client.stream().peek(&mut [0]).expect("an answer");
        drop(client);
        expect_echo(&mut other, b"undisturbed");
    }
    server.stop();
}
