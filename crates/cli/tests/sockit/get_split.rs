//! `sockit get --split`: one file in several ranges, also if the program is killed.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
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
fn send(asked: &Asked, stream: &mut TcpStream, body: &[u8], pass: impl Fn(usize) -> bool) -> Then {
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
        if !pass(piece.len()) || stream.write_all(piece).is_err() {
            return Then::Close;
        }
    }
    Then::Keep
}

#[test]
fn a_file_is_fetched_in_ranges_and_everything_else_in_one_stream() {
    let body = Arc::new(bytes(SIZE));
    let served = body.clone();
    let server = Http::start(move |asked, stream| send(asked, stream, &served, |_| true));
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
    state: Mutex<Allowed>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Allowed {
    /// The name of the program that gets the bytes. A connection of a killed one, which the server
    /// may notice late, must not use them up.
    program: String,
    left: usize,
}

impl Quota {
    fn allow(&self, program: &str, count: usize) {
        *self.state() = Allowed { program: program.to_owned(), left: count };
        self.changed.notify_all();
    }

    /// Waits until this program may get `count` bytes, and takes them. Returns `false` if it is not
    /// its turn any more.
    fn pass(&self, program: &str, count: usize) -> bool {
        let waits = |allowed: &mut Allowed| allowed.program == program && allowed.left < count;
        let mut allowed =
            self.changed.wait_while(self.state(), waits).expect("no thread panics with it");
        if allowed.program != program {
            return false;
        }
        allowed.left -= count;
        self.changed.notify_all();
        true
    }

    fn state(&self) -> MutexGuard<'_, Allowed> {
        self.state.lock().expect("no thread panics with it")
    }

    fn wait_until_used(&self) {
        let is_left = |allowed: &mut Allowed| allowed.left >= 16 << 10;
        let (allowed, waited) = self
            .changed
            .wait_timeout_while(self.state(), PATIENCE, is_left)
            .expect("no thread panics with it");
        assert!(!waited.timed_out(), "{allowed:?}");
    }
}

#[test]
fn a_program_that_is_killed_again_and_again_joins_the_right_bytes() {
    let body = Arc::new(bytes(SIZE));
    let (served, quota) = (body.clone(), Arc::new(Quota::default()));
    let passing = quota.clone();
    let server = Http::start(move |asked, stream| {
        let program = asked.field("program").expect("each program says its name");
        send(asked, stream, &served, |count| passing.pass(program, count))
    });
    let dir = TestDir::new();
    let file = dir.path("file");
    let url = server.url("/");
    let start = |program: &str| {
        let header = format!("Program: {program}");
        let words =
            ["get", "--split", "4", "-C", "-H", &header, "-o", file.to_str().unwrap(), &url];
        Process::spawn(sockit(&words))
    };
    let mut random = Random::from_env(SEED_VARIABLE);
    let mut resumed = 0;
    for round in 0..6 {
        let before = fs::read(dir.path("file.part.meta")).unwrap_or_default();
        let program = round.to_string();
        quota.allow(&program, random.below(600 << 10) + (32 << 10));
        let mut process = start(&program);
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
    quota.allow("last", usize::MAX);
    start("last").finish().expect_code(0);
    assert!(fs::read(&file).unwrap() == *body);
    assert_eq!(dir.names(), ["file"]);
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
