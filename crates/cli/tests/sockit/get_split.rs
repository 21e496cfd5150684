//! `sockit get --split`: one file in several ranges, also if the program is killed.

use std::fs;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netcore::testing::{Random, SEED_VARIABLE, TestDir};

use crate::common::http::{Asked, Http, Then};
use crate::common::listening::bytes;
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, run, sockit};

const SIZE: usize = 4 << 20;

/// Sends the requested range, or everything, in pieces for which `pass` waits. Closes the
/// connection if `pass` returns `false`.
fn send(
    asked: &Asked,
    stream: &mut TcpStream,
    body: &[u8],
    pass: impl Fn(&TcpStream, usize) -> bool,
) -> Then {
    let range = asked.field("range").and_then(|range| {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let first = first.parse::<usize>().ok()?;
        Some(first..last.parse::<usize>().map_or(SIZE, |last| last + 1))
    });
    let range = range.filter(|_| asked.field("if-range").is_none_or(|tag| tag == "\"v1\""));
    let (status, line, part) = match range {
        Some(range) => {
            let line = format!("Content-Range: bytes {}-{}/{SIZE}\r\n", range.start, range.end - 1);
            ("206 Partial Content", line, &body[range])
        }
        None => ("200 OK", String::new(), body),
    };
    let length = part.len();
    let head =
        format!("HTTP/1.1 {status}\r\nETag: \"v1\"\r\n{line}Content-Length: {length}\r\n\r\n");
    if stream.write_all(head.as_bytes()).is_err() {
        return Then::Close;
    }
    for piece in part.chunks(16 << 10) {
        if !pass(stream, piece.len()) || stream.write_all(piece).is_err() {
            return Then::Close;
        }
    }
    Then::Keep
}

#[test]
fn a_file_is_fetched_in_ranges_and_everything_else_in_one_stream() {
    let body = Arc::new(bytes(SIZE));
    let served = body.clone();
    let server = Http::start(move |asked, stream| send(asked, stream, &served, |_, _| true));
    let dir = TestDir::new();
    let file = dir.path("file");
    let url = server.url("/");
    let words = ["get", "--split", "4", "-v", "-o", file.to_str().unwrap(), &url];
    let finished = run(&words);
    assert!(finished.expect_code(0).stderr().contains("up to 4 ranges"), "{}", finished.stderr());
    assert!(fs::read(&file).unwrap() == *body);
    assert_eq!(dir.names(), ["file"]);
    assert!(server.asked().len() >= 4);

    let before = server.asked().len();
    let finished = run(&["get", "--split", "4", &url]);
    assert!(finished.expect_code(0).stdout() == &body[..]);
    assert_eq!(server.asked().len(), before + 1);
}

/// Bytes that the server may send until the test allows more.
#[derive(Debug, Default)]
struct Quota {
    left: Mutex<usize>,
    changed: Condvar,
}

impl Quota {
    fn allow(&self, count: usize) {
        *self.left.lock().expect("no thread panics with it") = count;
        self.changed.notify_all();
    }

    /// Waits until `count` bytes may be sent, and takes them. Returns `false` if the client has
    /// gone: a connection of a killed program must not use up the bytes for the next one.
    fn pass(&self, client: &TcpStream, count: usize) -> bool {
        let left = self.left.lock().expect("no thread panics with it");
        let mut left =
            self.changed.wait_while(left, |left| *left < count).expect("no thread panics with it");
        if has_gone(client) {
            return false;
        }
        *left -= count;
        self.changed.notify_all();
        true
    }

    fn wait_until_used(&self) {
        let left = self.left.lock().expect("no thread panics with it");
        let is_left = |left: &mut usize| *left >= 16 << 10;
        let (left, waited) = self
            .changed
            .wait_timeout_while(left, PATIENCE, is_left)
            .expect("no thread panics with it");
        assert!(!waited.timed_out(), "{left} bytes left");
    }
}

#[test]
fn a_program_that_is_killed_again_and_again_joins_the_right_bytes() {
    let body = Arc::new(bytes(SIZE));
    let (served, quota) = (body.clone(), Arc::new(Quota::default()));
    let passing = quota.clone();
    let server = Http::start(move |asked, stream| {
        send(asked, stream, &served, |client, count| passing.pass(client, count))
    });
    let dir = TestDir::new();
    let file = dir.path("file");
    let url = server.url("/");
    let words = ["get", "--split", "4", "-C", "-o", file.to_str().unwrap(), &url];
    let mut random = Random::from_env(SEED_VARIABLE);
    let mut resumed = 0;
    for round in 0..6 {
        let before = fs::read(dir.path("file.part.meta")).unwrap_or_default();
        quota.allow(random.below(600 << 10) + (32 << 10));
        let mut process = Process::spawn(sockit(&words));
        quota.wait_until_used();
        // Every second time the missing ranges are on the disk.
        if round % 2 == 0 {
            wait_for_record(&dir, &before);
        }
        process.kill();
        process.wait();
        let part = fs::read(dir.path("file.part")).unwrap_or_default();
        let mark = fs::read(dir.path("file.part.meta")).unwrap_or_default();
        check_part(&part, &mark, &body);
        resumed = SIZE - missing(&mark);
    }
    assert!(resumed > 0, "something was recorded");
    quota.allow(usize::MAX);
    run(&words).expect_code(0);
    assert!(fs::read(&file).unwrap() == *body);
    assert_eq!(dir.names(), ["file"]);
}

/// Returns `true` if a client that sends nothing more has closed its connection.
fn has_gone(client: &TcpStream) -> bool {
    client.set_nonblocking(true).expect("an open socket");
    let peeked = client.peek(&mut [0]);
    client.set_nonblocking(false).expect("an open socket");
    !peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Waits until the mark lists other missing ranges than before, and not the whole file.
fn wait_for_record(dir: &TestDir, before: &[u8]) {
    let until = Instant::now() + PATIENCE;
    loop {
        let mark = fs::read(dir.path("file.part.meta")).unwrap_or_default();
        let lists = mark != before && mark.windows(6).any(|line| line == b"\nleft ");
        if lists && missing(&mark) < SIZE {
            return;
        }
        assert!(Instant::now() < until, "{}", String::from_utf8_lossy(&mark));
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the ranges that a mark calls missing.
fn left(mark: &[u8]) -> Vec<(usize, usize)> {
    let text = String::from_utf8_lossy(mark);
    let Some(line) = text.lines().find_map(|line| line.strip_prefix("left ")) else {
        return vec![(0, SIZE)];
    };
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let range = |range: &str| range.split_once('-').map(|(a, b)| (number(a), number(b)));
    line.split_whitespace().skip(1).filter_map(range).collect()
}

fn missing(mark: &[u8]) -> usize {
    left(mark).iter().map(|(start, end)| end - start).sum()
}

/// The part has the right bytes wherever its mark does not call them missing.
fn check_part(part: &[u8], mark: &[u8], body: &[u8]) {
    let mut next = 0;
    for (start, end) in left(mark) {
        assert!(part[next..start] == body[next..start], "between {next} and {start}");
        next = end;
    }
    assert!(next >= part.len() || part[next..] == body[next..], "behind {next}");
}
