//! What can't be taken back: standard output, pipes, devices.

#[cfg(unix)]
use std::fs::File;
use std::io::Read;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::process::Command;
#[cfg(unix)]
use std::thread;

use super::*;
use crate::fixture::{get, streams};

/// Runs `download` into one end of a connection; what came out of the other.
fn through(download: Download) -> (Result<Downloaded, Error>, Vec<u8>) {
    let (exit, entrance) = streams();
    let result = download.to_with_progress(&entrance, &mut |_| ());
    drop(entrance);
    let mut bytes = Vec::new();
    (&exit).read_to_end(&mut bytes).unwrap();
    (result, bytes)
}

#[test]
fn a_further_attempt_continues_after_written_bytes() {
    let server = Server::play([
        vec![asks_all(), send(cut(10)), Step::Close],
        vec![asks_rest(10), Step::Close],
        vec![asks_rest(10), send(rest(10))],
    ]);
    let (result, bytes) = through(download(&server).with_retries(2));
    let done = result.unwrap();
    assert_eq!((done.bytes, done.fetched, done.attempts), (40, 40, 3));
    assert_eq!(bytes, BODY);
    server.finish();
}

#[test]
fn an_attempt_without_written_bytes_starts_again() {
    let server = Server::play([
        vec![asks_all(), send(cut(0)), Step::Close],
        vec![asks_all(), send(whole())],
    ]);
    let (result, bytes) = through(download(&server).with_retries(1));
    result.unwrap();
    assert_eq!(bytes, BODY);
    server.finish();
}

#[test]
fn without_ranges_the_first_error_is_final() {
    let other = response("206 Partial Content", &[&content_range(0, 39, 40)], BODY);
    for second in [whole(), response("200 OK", &["ETag: \"v2\""], OTHER), other] {
        let server = Server::play([
            vec![asks_all(), send(cut(10)), Step::Close],
            vec![asks_rest(10), send(second)],
        ]);
        let (result, bytes) = through(download(&server).with_retries(5));
        let kind = ErrorKind::BodyTruncated { received: 10, expected: Some(40) };
        assert_eq!(result.unwrap_err().kind(), kind);
        assert_eq!(bytes, &BODY[..10], "what was received before an error is there");
        server.finish();
    }
}

#[test]
fn without_a_version_written_bytes_end_the_download() {
    let mut unnamed = response("200 OK", &[], BODY);
    unnamed.truncate(unnamed.len() - 30);
    let server = Server::play([vec![asks_all(), send(unnamed), Step::Close]]);
    let (result, bytes) = through(download(&server).with_retries(5));
    let kind = ErrorKind::BodyTruncated { received: 10, expected: Some(40) };
    assert_eq!(result.unwrap_err().kind(), kind);
    assert_eq!(bytes, &BODY[..10]);
    server.finish();
}

#[test]
fn raw_bodies_are_not_resumed() {
    let chunked = head("200 OK", &["ETag: \"v1\"", "Transfer-Encoding: chunked"]);
    let framed = b"3\r\nAll\r\n0\r\n\r\n";
    let half = [&chunked[..], &framed[..5]].concat();
    let raw = |server: &Server| {
        let request = Client::new().get(&server.url("/f")).with_raw(true);
        Download::new(request)
            .with_retries(3)
            .with_backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
    };
    let server = Server::play([vec![asks_all(), send(half.clone()), Step::Close]]);
    let (result, bytes) = through(raw(&server));
    assert!(matches!(result.unwrap_err().kind(), ErrorKind::BodyTruncated { .. }));
    assert_eq!(bytes, &framed[..5]);
    server.finish();

    let place = FileTarget::new();
    let server = Server::play([vec![asks_all(), send(half.clone()), Step::Close]]);
    run(raw(&server).with_retries(0), &place.file).unwrap_err();
    assert_eq!(place.directory.names(), ["file.part", "file.part.meta"]);
    server.finish();
    let server = Server::play([
        vec![asks_all(), send(half), Step::Close],
        vec![asks_all(), send([&chunked[..], framed].concat()), Step::Close],
    ]);
    run(raw(&server).with_resume(true), &place.file).unwrap();
    place.assert_whole(framed);
    server.finish();
}

#[test]
fn heads_are_written_before_the_content() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let (result, bytes) = through(download(&server).with_heads(true));
    result.unwrap();
    assert_eq!(bytes, whole());
    server.finish();
}

#[test]
fn of_a_head_only_the_head_is_written() {
    let moved = head("301 Moved", &["Location: /f", "Content-Length: 9"]);
    let found = head("206 Partial Content", &["Content-Length: 40", "ETag: \"v1\""]);
    let unchanged = head("304 Not Modified", &["Content-Length: 40"]);
    for (last, range) in [(found, "0-9"), (unchanged, "0-39")] {
        let script = || vec![get("HEAD /"), send(&moved), get("HEAD /f"), send(&last)];
        let server = Server::play([script(), script()]);
        let request = || Client::new().head(&server.url("/")).with_range(range);
        let all = [&moved[..], &last].concat();
        let download = || Download::new(request()).with_heads(true);
        let (result, bytes) = through(download());
        assert_eq!(result.unwrap().bytes, all.len() as u64);
        assert_eq!(bytes, all);
        let place = FileTarget::new();
        download().to_file(&place.file).unwrap();
        place.assert_whole(&all);
        server.finish();
    }
}

#[test]
fn heads_that_came_before_an_error_are_written() {
    let moved = head("302 Found", &["Location: /f", "Content-Length: 0"]);
    let busy = head("503 Service Unavailable", &["Content-Length: 0"]);
    let server = Server::play([vec![
        asks_all(),
        send(busy.clone()),
        asks_all(),
        send(moved.clone()),
        asks_all(),
        send(busy.clone()),
    ]]);
    let (result, bytes) = through(download(&server).with_heads(true).with_retries(1));
    assert!(matches!(result.unwrap_err().kind(), ErrorKind::Status(_)));
    assert_eq!(bytes, [moved, busy].concat(), "those of the last attempt");
    server.finish();
}

#[test]
fn a_304_is_a_response_without_content() {
    let unchanged = head("304 Not Modified", &["ETag: \"v1\""]);
    let server = Server::play([vec![asks_all(), send(unchanged.clone())]]);
    let (result, bytes) = through(download(&server).with_heads(true));
    assert_eq!(result.unwrap().response.status().as_u16(), 304);
    assert_eq!(bytes, unchanged);
    server.finish();
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_reader_ends_the_download() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let (exit, entrance) = UnixStream::pair().unwrap();
    drop(exit);
    let error =
        download(&server).with_retries(5).to_with_progress(&entrance, &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Write);
    assert_eq!(error.network().unwrap().kind(), netcore::ErrorKind::BrokenPipe);
    server.finish();
}

#[cfg(unix)]
#[test]
fn devices_are_written_directly_and_stay() {
    use std::os::unix::fs::FileTypeExt;

    let server = Server::play([vec![asks_all(), send(whole())]]);
    run(download(&server), Path::new("/dev/null")).unwrap();
    server.finish();

    let server = Server::play([vec![asks_all(), send(whole())]]);
    let error = run(download(&server).with_retries(5), Path::new("/dev/full")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Write);
    assert_eq!(error.network().unwrap().kind(), netcore::ErrorKind::StorageFull);
    server.finish();
    for device in ["/dev/null", "/dev/full"] {
        assert!(fs::metadata(device).unwrap().file_type().is_char_device());
    }
}

#[cfg(unix)]
#[test]
fn a_fifo_without_a_reader_times_out() {
    let place = FileTarget::new();
    assert!(Command::new("mkfifo").arg(&place.file).status().unwrap().success());
    let length = Duration::from_millis(20);
    let request = Client::new()
        .get("http://127.0.0.1:9/")
        .with_timeouts(Timeouts { total: Some(length), ..Timeouts::default() });
    let error = run(Download::new(request), &place.file).unwrap_err();
    let (timeout, phase) = (crate::timeouts::Timeout::Total, Phase::Open);
    assert_eq!(
        error.kind(),
        ErrorKind::TimedOut { timeout, phase, received: 0, after: length },
        "{error}"
    );
    assert!(error.to_string().ends_with("it has no reader"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_fifo_is_written_directly() {
    let server = Server::play([
        vec![asks_all(), send(cut(10)), Step::Close],
        vec![asks_rest(10), send(rest(10))],
    ]);
    let place = FileTarget::new();
    assert!(Command::new("mkfifo").arg(&place.file).status().unwrap().success());
    let file = place.file.clone();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        File::open(file).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    });
    run(download(&server).with_retries(1), &place.file).unwrap();
    assert_eq!(reader.join().unwrap(), BODY);
    assert_eq!(place.directory.names(), ["file"]);
    server.finish();
}

#[test]
fn of_content_that_is_too_old_only_the_heads_are_written() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let fields = [&*format!("Last-Modified: {date}")];
    for heads in [true, false] {
        let server = Server::play([vec![asks_all(), send(response("200 OK", &fields, BODY))]]);
        let request = request_by(URL, &server).with_header("if-modified-since", date);
        let (result, bytes) = through(Download::new(request).with_heads(heads));
        let all = response("200 OK", &fields, BODY);
        let expected = if heads { &all[..all.len() - BODY.len()] } else { &[] };
        assert_eq!(result.unwrap().bytes, expected.len() as u64);
        assert_eq!(bytes, expected);
        server.finish();
    }
}
