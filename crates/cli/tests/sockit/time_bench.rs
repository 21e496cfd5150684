//! `sockit time bench`: its figures, and an exit code for each failure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::thread;

use netcore::testing::TestDir;

use crate::common::chat::json_field;
use crate::common::patience::PATIENCE;
use crate::common::process::{Finished, Process, run, sockit};
use crate::common::server::Server;

/// Options for a short run with a long timeout, for busy machines.
const SHORT: [&str; 6] = ["--warmup", "10ms", "--duration", "100ms", "--timeout", "20s"];

fn bench(endpoint: &str, more: &[&str]) -> Finished {
    run(&[&["time", "bench", endpoint][..], &SHORT, more].concat())
}

/// Returns the number in a field of the object.
#[track_caller]
fn number(finished: &Finished, name: &str) -> f64 {
    let object = finished.stdout_text();
    let (_, rest) = match object.split_once(&format!("\"{name}\":")) {
        Some(found) => found,
        None => panic!("no {name}\n{}", finished.story()),
    };
    let end = rest.find([',', '}']).expect("a field ends");
    rest[..end].parse().unwrap_or_else(|_| panic!("{name}: {}\n{}", rest, finished.story()))
}

#[track_caller]
fn numbers<const N: usize>(finished: &Finished, names: [&str; N]) -> [f64; N] {
    names.map(|name| number(finished, name))
}

/// Returns an address that was free a moment ago.
fn free_port() -> String {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    closed.local_addr().expect("its address").to_string()
}

/// Starts a server with a thread for each connection. The threads end with the test.
fn serve(handle: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handle = handle.clone();
            thread::spawn(move || handle(stream));
        }
    });
    address
}

#[test]
fn every_request_is_answered_over_each_transport() {
    let dir = TestDir::new();
    for framing in ["chunk", "line"] {
        let unix = dir.endpoint(framing).to_string();
        let all = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", &unix];
        for listen in &all[..if cfg!(unix) { 3 } else { 2 }] {
            let server =
                Server::start(&["time", "serve", "--framing", framing, "--listen", listen]);
            let finished = bench(
                &server.endpoints()[0],
                &["--connections", "3", "--pipeline", "4", "--threads", "2", "--json"],
            );
            finished.expect_code(0).expect_quiet();
            assert!(number(&finished, "count") > 0.0, "{}", finished.story());
            let told = numbers(&finished, ["connections", "pipeline", "size", "threads"]);
            assert_eq!(told, [3.0, 4.0, 64.0, 2.0]);
            let failures = ["wrong", "timeouts", "late", "ended", "cut", "unconnected", "unsent"];
            assert_eq!(numbers(&finished, failures), [0.0; 7], "{}", finished.story());
            assert_eq!(json_field(finished.stdout_text(), "loop"), Some("closed"));
            let order = numbers(&finished, ["p50", "p90", "p99", "p99.9", "max"]);
            assert!(order.is_sorted() && order[0] > 0.0, "{order:?}");
        }
    }
}

#[test]
fn a_plain_echo_server_can_be_measured_too() {
    let echo = serve(|stream| {
        let _ = std::io::copy(&mut &stream, &mut &stream);
    });
    let finished = bench(&echo, &["--pipeline", "16", "--size", "1k", "--json"]);
    finished.expect_code(0).expect_quiet();
    assert!(number(&finished, "count") > 0.0);
    // On a busy machine, all answers may come after the measured time.
    let fields = ["seconds", "answers", "sent_bytes_per_second", "received_bytes_per_second"];
    let [seconds, answers, sent, received] = numbers(&finished, fields);
    let (sent, received) = (sent * seconds, received * seconds);
    assert!((sent - answers * 1024.0).abs() < 1.0, "{}", finished.story());
    // At each end of the measured time, a part of an answer may have come.
    assert!((received - sent).abs() <= 1024.0, "{}", finished.story());
}

#[test]
fn the_table_says_which_figures_are_corrected() {
    let server = Server::start(&["time", "serve"]);
    let closed = bench(&server.endpoints()[0], &[]);
    closed.expect_code(0).expect_quiet();
    let open = bench(&server.endpoints()[0], &["--rate", "200"]);
    open.expect_code(0).expect_quiet();
    for (finished, rows) in [
        (&closed, &["closed loop", "answers", "failures", "none", "p99.9", "since sent"][..]),
        (&open, &["open loop", "since due (corrected)", "since sent (raw)", "late by this side"]),
    ] {
        for row in rows {
            assert!(finished.stdout_text().contains(row), "no {row}\n{}", finished.story());
        }
    }
    assert!(!closed.stdout_text().contains("corrected"), "{}", closed.story());
}

#[test]
fn an_open_loop_sends_only_the_requests_that_are_due() {
    let server = Server::start(&["time", "serve"]);
    let finished = run(&[
        "time",
        "bench",
        &server.endpoints()[0],
        "--rate",
        "500",
        "--duration",
        "200ms",
        "--warmup",
        "0",
        "--timeout",
        "20s",
        "--json",
    ]);
    finished.expect_code(0).expect_quiet();
    assert_eq!(json_field(finished.stdout_text(), "loop"), Some("open"));
    let [rate, count, unsent] = numbers(&finished, ["rate", "count", "unsent"]);
    assert_eq!((rate, count + unsent), (500.0, 100.0), "{}", finished.story());
    let two = finished.stdout_text().matches("\"p99.9\":").count();
    assert_eq!(two, 3, "corrected, uncorrected, and the lag\n{}", finished.story());
}

#[test]
fn a_missing_server_is_error_7_over_each_transport() {
    let dir = TestDir::new();
    let address = free_port();
    bench(&address, &[]).expect_code(7).expect_error_line(&[&address, "refused"]);
    if cfg!(unix) {
        bench(&dir.endpoint("none").to_string(), &[]).expect_code(7);
    }
    // The socket is bound and closed again, so no program receives datagrams on this port.
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = format!("udp://{}", socket.local_addr().expect("its address"));
    drop(socket);
    let finished = run(&["time", "bench", &address, "--duration", "100ms", "--timeout", "100ms"]);
    finished.expect_code(7).expect_error_line(&[&address, "refused"]);
}

#[test]
fn a_wrong_answer_is_error_56_and_is_shown() {
    let http = serve(|stream| {
        let mut line = String::new();
        let _ = BufReader::new(&stream).read_line(&mut line);
        let _ = (&stream).write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
        let _ = (&stream).read_to_end(&mut Vec::new());
    });
    let finished = bench(&http, &["--json"]);
    finished.expect_code(56).expect_error_line(&["not what was sent", "HTTP/1.0 400"]);
    assert!(number(&finished, "wrong") > 0.0);
    assert_eq!(number(&finished, "answers"), 0.0);
    let first = json_field(finished.stdout_text(), "first_wrong");
    assert!(first.is_some_and(|first| first.starts_with("HTTP/1.0 400")), "{first:?}");
}

#[test]
fn one_changed_byte_is_detected() {
    let careless = serve(|mut stream| {
        let mut piece = [0; 4096];
        let mut answers = 0;
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            answers += 1;
            if answers == 3 {
                piece[length - 2] ^= 1;
            }
            if stream.write_all(&piece[..length]).is_err() {
                return;
            }
        }
    });
    let finished = run(&["time", "bench", &careless, "--duration", "1s", "--json"]);
    finished.expect_code(56).expect_error_line(&["wrong replies (not what was sent)"]);
    assert!(number(&finished, "wrong") > 0.0);
}

#[test]
fn a_server_that_closes_without_an_answer_is_error_52() {
    let closing = serve(|stream| {
        let mut line = String::new();
        let _ = BufReader::new(stream).read_line(&mut line);
    });
    bench(&closing, &[]).expect_code(52).expect_error_line(&[&closing, "ended too early"]);
}

#[test]
fn connections_that_end_are_made_again_and_counted() {
    let server = serve(|stream| {
        let mut lines = BufReader::new(&stream);
        for _ in 0..3 {
            let mut line = String::new();
            if lines.read_line(&mut line).is_err() || (&stream).write_all(line.as_bytes()).is_err()
            {
                return;
            }
        }
    });
    let finished = run(&[
        "time",
        "bench",
        &server,
        "--warmup",
        "0",
        "--duration",
        "1s",
        "--timeout",
        "20s",
        "--json",
    ]);
    finished.expect_code(56).expect_error_line(&["ended too early"]);
    let [ended, count] = numbers(&finished, ["ended", "count"]);
    // There are more answers than one connection gives, so the client has connected again.
    assert!(ended >= 1.0 && count > 3.0, "{}", finished.story());
}

#[test]
fn a_server_that_dies_is_reported_as_gone_and_not_as_busy() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut lines = BufReader::new(&stream);
        for _ in 0..3 {
            let mut line = String::new();
            lines.read_line(&mut line).expect("a request");
            (&stream).write_all(line.as_bytes()).expect("an answer");
        }
    });
    let load = ["--rate", "100", "--warmup", "0", "--duration", "1s", "--timeout", "20s"];
    let finished = run(&[&["time", "bench", &address][..], &load].concat());
    server.join().expect("the server");
    finished.expect_code(56).expect_error_line(&["ended too early"]);
    let text = finished.stdout_text();
    assert!(text.contains("no connection was open for "), "{text}");
    assert!(!text.contains("was busy") && !text.contains("was the limit"), "{text}");
}

#[test]
fn connections_that_the_server_rejects_are_not_counted() {
    let server = Server::start(&["time", "serve", "--max-connections", "1"]);
    let finished = bench(&server.endpoints()[0], &["--connections", "4", "--json"]);
    finished.expect_code(56);
    assert_eq!(number(&finished, "connections"), 1.0, "{}", finished.story());
}

#[test]
fn a_server_that_never_answers_is_error_28() {
    let silent = serve(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let args = ["time", "bench", &silent, "--warmup", "0", "--duration", "50ms"];
    let finished = run(&[&args[..], &["--timeout", "100ms", "--json"]].concat());
    finished.expect_code(28).expect_error_line(&[&silent, "without a reply"]);
    assert!(number(&finished, "timeouts") > 0.0);
}

#[test]
fn the_log_has_a_line_for_each_second_and_one_for_the_rest() {
    let (dir, server) = (TestDir::new(), Server::start(&["time", "serve"]));
    let log = dir.path("log");
    let log_text = log.to_str().expect("a path in UTF-8");
    let args = ["time", "bench", &server.endpoints()[0], "--rate", "100", "--log", log_text];
    let finished = run(&[&args[..], &["--warmup", "0", "--duration", "1200ms"]].concat());
    finished.expect_code(0).expect_quiet();
    let text = std::fs::read_to_string(&log).expect("the log");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("#[Histogram log format version 1.3]"), "{text}");
    let lengths: Vec<&str> = lines[3..].iter().filter_map(|l| l.split(',').nth(1)).collect();
    assert_eq!(lengths, ["1.000", "0.200"], "{text}");
    assert!(lines[3..].iter().all(|line| line.contains(",HISTFAAA")), "{text}");
    bench(&server.endpoints()[0], &["--log", "/nowhere/log"])
        .expect_code(23)
        .expect_error_line(&["/nowhere/log"]);
}

#[test]
fn settings_beyond_the_limits_are_usage_errors() {
    for (endpoint, wrong) in [
        ("127.0.0.1:1", &["--connections", "0"][..]),
        ("127.0.0.1:1", &["--pipeline", "0"]),
        ("127.0.0.1:1", &["--size", "0"]),
        ("127.0.0.1:1", &["--rate", "0"]),
        ("127.0.0.1:1", &["--threads", "2"]),
        ("127.0.0.1:1", &["--duration", "0"]),
        ("udp://127.0.0.1:1", &["--size", "4"]),
    ] {
        let finished = run(&[&["time", "bench", endpoint][..], wrong].concat());
        finished.expect_code(2).expect_error_line(&[]);
    }
    run(&["time", "bench", "nowhere"]).expect_code(3).expect_error_line(&["nowhere"]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_with_its_results() {
    for signal in ["INT", "TERM"] {
        let (told, asked) = mpsc::channel();
        let echo = serve(move |mut stream| {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut piece) {
                let _ = told.send(());
                if stream.write_all(&piece[..length]).is_err() {
                    return;
                }
            }
        });
        let args = ["time", "bench", &echo, "--warmup", "0", "--duration", "1h", "--json"];
        let process = Process::spawn(sockit(&args));
        // The second request shows that the first one was answered.
        for _ in 0..2 {
            asked.recv_timeout(PATIENCE).expect("a request");
        }
        process.signal(signal);
        let finished = process.finish();
        finished.expect_code(0).expect_quiet();
        assert!(number(&finished, "count") > 0.0, "{}", finished.story());
        assert!(number(&finished, "seconds") < 3600.0, "{}", finished.story());
    }
}
