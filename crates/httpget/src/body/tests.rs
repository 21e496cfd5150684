//! Bodies as servers frame them, and break them.

#[cfg(all(feature = "gzip", feature = "brotli", feature = "zstd"))]
mod codings;
#[cfg(feature = "digest")]
mod digests;
mod ends;
mod paced;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
#[cfg(unix)]
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use netcore::testing::TestDir;

use crate::body::Body;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::{CloseReason, Event};
use crate::fixture::{PATIENCE, Server, Step, act, assert_reason, gate, get, ok, send};
use crate::limits::Limits;
use crate::timeouts::{Phase, Timeout, Timeouts};

/// Long enough for a busy machine to get where a test wants its time to run out.
const SHORT: Duration = Duration::from_millis(400);

/// The device that drops everything.
const NULL: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Bytes of which no two places look alike.
fn bytes(count: usize) -> Vec<u8> {
    (0u32..).flat_map(|number| number.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(count).collect()
}

fn head(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes()
}

fn with_length(body: &[u8]) -> Vec<u8> {
    [&head(&format!("Content-Length: {}\r\n", body.len())), body].concat()
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut all = head("Transfer-Encoding: chunked\r\n");
    for chunk in body.chunks(size) {
        all.extend(format!("{:x}\r\n", chunk.len()).bytes());
        all.extend(chunk);
        all.extend(b"\r\n");
    }
    all.extend(b"0\r\nx-check: 1\r\n\r\n");
    all
}

fn until_close(body: &[u8]) -> Vec<u8> {
    [&head(""), body].concat()
}

fn body_of(server: &Server) -> Body {
    Client::new().get(&server.url("/")).send().unwrap().into_body()
}

/// A process that copies from a pipe to a pipe.
#[cfg(unix)]
fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn is_kept(body: &Body) -> bool {
    matches!(body.connection_event(), Some(Event::Kept))
}

fn is_closed(body: &Body, because: CloseReason) -> bool {
    matches!(body.connection_event(), Some(Event::Closed { reason }) if reason == because)
}

/// Each way to frame `body`, and whether the connection ends with it.
fn framings(body: &[u8]) -> [(&'static str, Vec<u8>, bool); 5] {
    [
        ("length", with_length(body), false),
        ("small chunks", chunked(body, 1000), false),
        ("tiny chunks", chunked(body, 7), false),
        ("large chunks", chunked(body, 700_000), false),
        ("until close", until_close(body), true),
    ]
}

/// Takes all of a body, and tells how many bytes it was.
type Take<'a> = &'a mut dyn FnMut(&mut Body) -> Result<u64, Error>;

fn taken(response: &[u8], ends: bool, take: Take<'_>) -> (Result<u64, Error>, Body) {
    let end = if ends { vec![Step::Close] } else { vec![] };
    let mut script = vec![get("/"), send(response)];
    script.extend(end);
    let server = Server::play([script]);
    let mut body = body_of(&server);
    let result = take(&mut body);
    server.finish();
    (result, body)
}

fn read_by(pieces: &[usize], body: &mut Body, to: &mut Vec<u8>) -> Result<u64, Error> {
    for size in pieces.iter().cycle() {
        let mut buffer = vec![0; *size];
        match body.take(&mut buffer)? {
            0 => break,
            read => to.extend(&buffer[..read]),
        }
    }
    Ok(to.len() as u64)
}

#[test]
fn reads_of_any_size_give_the_same_body() {
    for length in [0, 1, 5000, 1_000_003] {
        let content = bytes(length);
        for (name, response, ends) in framings(&content) {
            for pieces in [&[1 << 20][..], &[1, 5000, 17, 100_000], &[40_000]] {
                let mut read = Vec::new();
                let (result, body) =
                    taken(&response, ends, &mut |body| read_by(pieces, body, &mut read));
                assert_eq!(result.unwrap(), length as u64, "{name}");
                assert!(read == content, "{name}, {length} by {pieces:?}");
                assert!(body.is_done());
                assert_eq!(body.received(), length as u64);
                assert!(body.timings().finished.is_some());
                match ends {
                    true => assert!(is_closed(&body, CloseReason::Response)),
                    false => assert!(is_kept(&body), "{name}: {:?}", body.connection_event()),
                }
                let trailer = body.trailers().and_then(|it| it.get("x-check"));
                assert_eq!(trailer.is_some(), name.ends_with("chunks"));
            }
        }
    }
}

#[test]
fn small_chunks_are_joined_and_a_later_error_follows() {
    let response = [&head("Transfer-Encoding: chunked\r\n")[..], b"2\r\nab\r\n1\r\nc\r\n+1\r\n"];
    let server = Server::play([vec![get("/"), send(response.concat())]]);
    let body = &mut body_of(&server);
    let mut buffer = [0; 10];
    assert_eq!(body.take(&mut buffer).unwrap(), 3);
    assert_eq!(&buffer[..3], b"abc");
    assert_eq!(body.take(&mut buffer).unwrap_err().kind(), ErrorKind::Malformed);
    server.finish();
}

#[test]
fn a_body_is_copied_to_a_file() {
    for length in [0, 1, 5000, 1_000_003] {
        let content = bytes(length);
        for (name, response, ends) in framings(&content) {
            let dir = TestDir::new();
            let file = File::create_new(dir.path("to")).unwrap();
            let mut last = 0;
            let (result, body) = taken(&response, ends, &mut |body| {
                body.copy_to_with_progress(&file, |moved| last = moved)
            });
            assert_eq!(result.unwrap(), length as u64, "{name}");
            assert_eq!(last, length as u64, "{name}");
            assert!(fs::read(dir.path("to")).unwrap() == content, "{name}, {length}");
            assert_eq!(body.received(), length as u64);
            assert!(body.is_done() && (ends || is_kept(&body)), "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_partly_read_body_is_copied_to_a_pipe() {
    let content = bytes(1_000_003);
    for (name, response, ends) in framings(&content) {
        let mut cat = cat();
        let (mut exit, entrance) = (cat.stdout.take().unwrap(), cat.stdin.take().unwrap());
        let reading = std::thread::spawn(move || {
            let mut rest = Vec::new();
            exit.read_to_end(&mut rest).unwrap();
            rest
        });
        let mut begin = vec![0; 100];
        let (result, _) = taken(&response, ends, &mut |body| {
            body.read_exact(&mut begin).unwrap();
            body.copy_to_with_progress(&entrance, |_| ())
        });
        assert_eq!(result.unwrap(), 1_000_003 - 100, "{name}");
        drop(entrance);
        begin.extend(reading.join().unwrap());
        assert!(cat.wait().unwrap().success());
        assert!(begin == content, "{name}");
    }
}

/// A body that is cut off after `count` bytes, and what was taken of it by each way of taking it.
fn cut(response: &[u8], end: fn() -> Step, count: u64) -> Vec<Error> {
    let dir = TestDir::new();
    let path = dir.path("to");
    let mut read = Vec::new();
    let ways: [Take<'_>; 2] = [&mut |body| read_by(&[40_000], body, &mut read), &mut |body| {
        body.copy_to_with_progress(&File::create_new(&path).unwrap(), |_| ())
    }];
    let errors = ways.map(|take| {
        let server = Server::play([vec![get("/"), send(response), end()]]);
        let mut body = body_of(&server);
        let error = take(&mut body).unwrap_err();
        server.finish();
        assert_eq!(error.url().unwrap(), body.url().as_str());
        assert_eq!(body.received(), count);
        assert!(
            !body.is_done() && is_closed(&body, CloseReason::Broken),
            "{:?}",
            body.connection_event()
        );
        assert_eq!(body.read(&mut [0; 9]).unwrap_err().kind(), io::Error::from(error).kind());
        Error::new(body.failed.unwrap())
    });
    assert_eq!(read.len() as u64, count);
    assert_eq!(fs::metadata(&path).unwrap().len(), count);
    errors.into()
}

#[test]
fn a_truncated_body_is_an_error() {
    let content = bytes(1_000_003);
    for count in [0, 1, 5000, 600_000] {
        let full = with_length(&content);
        let begin = full.len() - content.len();
        for error in cut(&full[..begin + count], || Step::Close, count as u64) {
            let expected = Some(content.len() as u64);
            assert_eq!(error.kind(), ErrorKind::BodyTruncated { received: count as u64, expected });
        }
    }
    let chunks = chunked(&content, 700_000);
    // Before the last chunk, within its size line, its content, before its end, in the trailers.
    let whole = chunks.len() - b"0\r\nx-check: 1\r\n\r\n".len();
    for (cut_off, count) in [(whole - 2, 1_000_003), (whole + 1, 1_000_003), (whole + 7, 1_000_003)]
    {
        for error in cut(&chunks[..cut_off], || Step::Close, count) {
            let kind = ErrorKind::BodyTruncated { received: count, expected: None };
            assert_eq!(error.kind(), kind);
        }
    }
}

#[test]
fn a_reset_does_not_end_a_body_until_close() {
    for response in [with_length(&bytes(9))[..40].to_vec(), until_close(&bytes(9))] {
        for to_file in [true, false] {
            // What has not been read when a reset comes may be lost.
            let (read, wait) = gate();
            let script = vec![get("/"), send(&response), act(wait), Step::Reset];
            let server = Server::play([script]);
            let mut body = body_of(&server);
            body.read_exact(&mut [0]).unwrap();
            read();
            let dir = TestDir::new();
            let file = File::create_new(dir.path("to")).unwrap();
            let error = match to_file {
                true => body.copy_to_with_progress(&file, |_| ()).unwrap_err(),
                false => read_by(&[100], &mut body, &mut Vec::new()).unwrap_err(),
            };
            let ErrorKind::Transport { phase: Phase::Body, .. } = error.kind() else {
                panic!("{error:?}")
            };
            assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionReset);
            server.finish();
        }
    }
}

#[test]
fn a_stall_is_detected_and_received_bytes_are_kept() {
    let content = bytes(600_000);
    let response = [head("Content-Length: 1000000\r\n"), content.clone()].concat();
    let stall = Timeouts { stall: Some(SHORT), ..Timeouts::default() };
    for to_file in [true, false] {
        let server = Server::play([vec![get("/"), send(&response), Step::Gone]]);
        let response = Client::new().get(&server.url("/")).with_timeouts(stall.clone()).send();
        let mut body = response.unwrap().into_body();
        let dir = TestDir::new();
        let mut read = Vec::new();
        let error = match to_file {
            true => body.copy_to_with_progress(&File::create_new(dir.path("to")).unwrap(), |_| ()),
            false => read_by(&[40_000], &mut body, &mut read),
        };
        let error = error.unwrap_err();
        if to_file {
            read = fs::read(dir.path("to")).unwrap();
        }
        assert!(read == content);
        let timeout = Timeout::Stall;
        let (phase, received) = (Phase::Body, 600_000);
        assert_eq!(error.kind(), ErrorKind::TimedOut { timeout, phase, received, after: SHORT });
        assert_reason(&error, &format!("{} is too slow", server.address()));
        server.finish();
    }
}

#[test]
fn a_slow_body_ends_at_the_total_timeout() {
    for to_file in [true, false] {
        let begin = send(head("Content-Length: 1000000000\r\n"));
        let server = Server::play([vec![get("/"), begin, Step::Flood(vec![b'.'])]]);
        let total = Timeouts { total: Some(SHORT), ..Timeouts::default() };
        let response = Client::new().get(&server.url("/")).with_timeouts(total).send();
        let mut body = response.unwrap().into_body();
        let null = OpenOptions::new().write(true).open(NULL).unwrap();
        let error = match to_file {
            true => body.copy_to_with_progress(&null, |_| ()),
            false => read_by(&[1000], &mut body, &mut Vec::new()),
        };
        let ErrorKind::TimedOut { timeout, after, .. } = error.unwrap_err().kind() else {
            panic!()
        };
        assert_eq!((timeout, after), (Timeout::Total, SHORT));
        server.finish();
    }
}

#[cfg(unix)]
#[test]
fn a_blocked_target_is_not_a_stall_of_the_server() {
    let begin = send(head("Content-Length: 1000000000\r\n"));
    let server = Server::play([vec![get("/"), begin, Step::Flood(bytes(65536))]]);
    let (total, stall) = (Some(2 * SHORT), Some(SHORT));
    let timeouts = Timeouts { total, stall, ..Timeouts::default() };
    let response = Client::new().get(&server.url("/")).with_timeouts(timeouts).send();
    let mut clogged = cat();
    let entrance = clogged.stdin.take().unwrap();
    let error = response.unwrap().body().copy_to_with_progress(&entrance, |_| ()).unwrap_err();
    clogged.kill().unwrap();
    clogged.wait().unwrap();
    let ErrorKind::TimedOut { timeout, .. } = error.kind() else { panic!("{error:?}") };
    assert_eq!(timeout, Timeout::Total);
    assert_reason(&error, "the pipe accepts no more data");
    server.finish();
}

#[cfg(unix)]
#[test]
fn a_failing_target_is_a_write_error() {
    for length in [5, 1_000_000] {
        let server = Server::play([vec![get("/"), send(with_length(&bytes(length)))]]);
        let mut body = body_of(&server);
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = body.copy_to_with_progress(&full, |_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Write);
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
        assert_eq!(body.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::Other);
        server.finish();
    }
}

#[test]
fn the_limit_holds_without_an_announced_length() {
    for length in [10, 600_000] {
        let limit = length as u64 - 1;
        let limits = Limits { body: limit, ..Limits::default() };
        for (name, response, _) in framings(&bytes(length)) {
            for to_file in [true, false] {
                let server = Server::play([vec![get("/"), send(&response), Step::Close]]);
                let request = Client::new().get(&server.url("/")).with_limits(limits.clone());
                let mut body = request.send().unwrap().into_body();
                let dir = TestDir::new();
                let file = File::create_new(dir.path("to")).unwrap();
                let result = match to_file {
                    true => body.copy_to_with_progress(&file, |_| ()),
                    false => read_by(&[40_000], &mut body, &mut Vec::new()),
                };
                assert_eq!(result.unwrap_err().kind(), ErrorKind::TooLarge, "{name}");
                assert!(file.metadata().unwrap().len() <= limit);
                server.finish();
            }
        }
    }
}

#[test]
fn a_dropped_body_reads_only_a_short_rest() {
    let short = with_length(&bytes(50_000));
    let server = Server::play([vec![get("/"), send(&short), get("/"), ok("")]]);
    let client = Client::new();
    let mut response = client.get(&server.url("/")).send().unwrap();
    response.body().read_exact(&mut [0; 100]).unwrap();
    drop(response);
    assert!(client.get(&server.url("/")).send().unwrap().is_reused());
    server.finish();

    let never = head("Content-Length: 5\r\n");
    let long = with_length(&bytes(100_000));
    let endless = chunked(&bytes(1_000_000), 10_000);
    for response in [never, long, endless, until_close(b"x")] {
        let server = Server::play([vec![get("/"), send(response), Step::Gone]]);
        drop(body_of(&server));
        server.finish();
    }
}

#[test]
fn a_body_below_the_minimum_speed_fails() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
    let time = Duration::from_millis(40);
    for (script, bytes, most) in [
        // Silence is slower than a byte a second, and no server is as fast as the other.
        (vec![get("/"), send(head), send("abc"), Step::Gone], 1000, 3),
        (vec![get("/"), send(head), Step::Flood(vec![b'x'; 100])], u64::MAX, 999_999_999),
    ] {
        let server = Server::play([script]);
        let min_speed = Some(crate::min_speed::MinSpeed { bytes, time });
        let timeouts = Timeouts { stall: Some(PATIENCE), min_speed, ..Timeouts::default() };
        let client = Client::new().with_timeouts(timeouts);
        let mut response = client.get(&server.url("/")).send().unwrap();
        let error = response
            .body()
            .copy_to_with_progress(&OpenOptions::new().write(true).open(NULL).unwrap(), |_| ())
            .unwrap_err();
        let ErrorKind::TimedOut { timeout: Timeout::MinSpeed, received, .. } = error.kind() else {
            panic!("{error:?}")
        };
        assert!(received <= most && received > 0, "{received}");
        assert_reason(&error, &format!("slower than {bytes} bytes a second"));
        assert!(error.is_retryable());
        drop(response);
        server.finish();
    }
}
