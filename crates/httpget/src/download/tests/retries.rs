//! Further attempts.

use std::net::TcpListener;
use std::thread;

use http::StatusCode;
use http::header::IF_NONE_MATCH;

use super::*;

fn busy(fields: &[&str]) -> Vec<u8> {
    response("503 Service Unavailable", fields, b"later")
}

#[test]
fn an_attempt_resumes_the_last_one() {
    let reset = |at| vec![asks_rest(at), send(cut_rest(at, at + 10)), Step::Reset];
    let server = Server::play([
        vec![asks_all(), send(cut(10)), Step::Close],
        reset(10),
        vec![asks_rest(20), Step::Close],
        vec![asks_rest(20), send(&rest(20)[..30]), Step::Close],
        vec![asks_rest(20), send(rest(20))],
    ]);
    let place = FileTarget::new();
    let mut seen = Vec::new();
    let done = download(&server)
        .with_retries(4)
        .to_file_with_progress(&place.file, &mut |it| match it {
            Progress::Begun { at, total, .. } => seen.push(format!("at {at} of {total:?}")),
            Progress::Waiting { error, .. } => seen.push(format!("{:?}", error.kind())),
            Progress::Arrived { bytes } => assert!(bytes <= 40),
            _ => {}
        })
        .unwrap();
    place.assert_whole(BODY);
    assert_eq!((done.attempts, done.fetched, done.resumed_from), (5, 40, 20));
    println!("{seen:#?}");
    let begun: Vec<_> = seen.iter().filter(|it| it.starts_with("at")).collect();
    assert_eq!(begun, ["at 0 of Some(40)", "at 10 of Some(40)", "at 20 of Some(40)"]);
    server.finish();
}

/// The body from `first` on, as it was announced, but ending before `end`.
fn cut_rest(first: usize, end: usize) -> Vec<u8> {
    let mut all = rest(first);
    all.truncate(all.len() - (BODY.len() - end));
    all
}

#[test]
fn the_attempts_are_counted() {
    let server = Server::play([
        vec![asks_all(), send(cut(10)), Step::Close],
        vec![asks_rest(10), Step::Close],
        vec![asks_rest(10), Step::Close],
    ]);
    let place = FileTarget::new();
    let error = run(download(&server).with_retries(2), &place.file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingReceived);
    place.assert_left(10);
    server.finish();
}

#[test]
fn without_a_version_an_attempt_starts_again() {
    let unnamed = response("200 OK", &[], BODY);
    let server = Server::play([
        vec![asks_all(), send(&unnamed[..unnamed.len() - 1]), Step::Close],
        vec![asks_all(), send(&unnamed)],
    ]);
    let place = FileTarget::new();
    let done = run(download(&server).with_retries(1), &place.file).unwrap();
    assert_eq!((done.bytes, done.fetched), (40, 79));
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn only_content_of_earlier_attempts_is_resumed_by_default() {
    let server = Server::play([
        vec![asks_all(), Step::Close],
        vec![asks_all(), send(cut(20)), Step::Close],
        vec![asks_rest(20), send(rest(20))],
    ]);
    let place = FileTarget::with_part(30);
    run(download(&server).with_retries(2), &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn a_restarting_server_is_retried() {
    // Not where clients come from: one that connects to a port at which nobody listens may be given
    // that very port, and be its own peer.
    let host = if cfg!(target_os = "linux") { "127.0.0.2" } else { "127.0.0.1" };
    let listener = TcpListener::bind((host, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let place = FileTarget::new();
    let request = Client::new().get(&format!("http://{address}/f"));
    let mut server = None;
    let mut refused = 0;
    let done = Download::new(request)
        .with_retries(5)
        .with_backoff(Backoff::new(Duration::from_millis(1), Duration::from_millis(1)))
        .to_file_with_progress(&place.file, &mut |it| {
            if let Progress::Waiting { error, .. } = it {
                assert_eq!(error.kind(), ErrorKind::Connect);
                refused += 1;
                if refused == 3 {
                    server = Some(serve_once(address));
                }
            }
        })
        .unwrap();
    assert_eq!(done.attempts, 4);
    place.assert_whole(BODY);
    server.unwrap().join().unwrap();
}

/// A server that comes back to where it was, for one request.
fn serve_once(address: std::net::SocketAddr) -> thread::JoinHandle<()> {
    use std::io::{Read, Write};

    let listener = TcpListener::bind(address).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).unwrap();
        stream.write_all(&whole()).unwrap();
    })
}

#[test]
fn retry_after_of_a_busy_server_is_respected() {
    let early = [busy(&["Retry-After: 0"]), busy(&["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"])];
    let mut script = Vec::new();
    for response in early {
        script.extend([asks_all(), send(response)]);
    }
    for status in ["408 Request Timeout", "429 Too Many Requests", "500 Oops", "599 Odd"] {
        script.extend([asks_all(), send(response(status, &[], b""))]);
    }
    script.extend([asks_all(), send(whole())]);
    let server = Server::play([script]);
    let place = FileTarget::new();
    let done = run(download(&server).with_retries(6), &place.file).unwrap();
    assert_eq!((done.attempts, done.fetched), (7, 40));
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn the_wait_is_the_one_in_retry_after() {
    let server = Server::play([vec![
        asks_all(),
        send(busy(&["Retry-After: 1"])),
        asks_all(),
        send(whole()),
    ]]);
    let place = FileTarget::new();
    let mut waits = Vec::new();
    let begin = Instant::now();
    download(&server)
        .with_retries(1)
        .to_file_with_progress(&place.file, &mut |it| {
            if let Progress::Waiting { wait, .. } = it {
                waits.push(wait);
            }
        })
        .unwrap();
    assert_eq!(waits, [Duration::from_secs(1)]);
    assert!(begin.elapsed() >= Duration::from_secs(1), "it has waited");
    server.finish();
}

/// Downloads with one more attempt, which would come too late, and tells the wait for it.
fn run_late(download: Download, path: &Path) -> (Result<Downloaded, Error>, Duration) {
    let mut told = None;
    let result = download.with_retries(1).to_file_with_progress(path, &mut |it| match it {
        Progress::TooLate { wait } => told = Some(wait),
        Progress::Waiting { .. } => panic!("there is no next attempt"),
        _ => {}
    });
    (result, told.expect("it is told"))
}

#[test]
fn without_further_attempts_the_last_response_counts() {
    let within = Timeouts { total: Some(Duration::from_secs(400)), ..Timeouts::default() };
    for (asked, timeouts) in [(500, within), (86_400, Timeouts::default())] {
        for errors in [true, false] {
            let answer = busy(&[&format!("Retry-After: {asked}")]);
            let server = Server::play([vec![asks_all(), send(answer)]]);
            let place = FileTarget::new();
            let download = download_by(&server, timeouts.clone()).with_error_content(errors);
            let (result, wait) = run_late(download, &place.file);
            assert_eq!(wait, Duration::from_secs(asked));
            match errors {
                true => {
                    assert_eq!(result.unwrap().response.status().as_u16(), 503);
                    place.assert_whole(b"later");
                }
                false => {
                    let kind = ErrorKind::Status(StatusCode::SERVICE_UNAVAILABLE);
                    let error = result.unwrap_err();
                    assert_eq!(error.kind(), kind);
                    let why = format!("the next attempt would come too late, in {asked} s");
                    assert_reason(&error, &why);
                    assert_eq!(place.directory.names(), [""; 0]);
                }
            }
            server.finish();
        }
    }
}

#[test]
fn without_further_attempts_the_last_error_counts() {
    let server = Server::play([vec![asks_all(), send(cut(10)), Step::Close]]);
    let place = FileTarget::new();
    let timeouts = Timeouts { total: Some(Duration::from_secs(400)), ..Timeouts::default() };
    let hour = Duration::from_secs(3600);
    let download = download_by(&server, timeouts).with_backoff(Backoff::new(hour, hour));
    let (result, wait) = run_late(download, &place.file);
    assert!(wait > hour / 3, "{wait:?}");
    let kind = ErrorKind::BodyTruncated { received: 10, expected: Some(40) };
    assert_eq!(result.unwrap_err().kind(), kind);
    place.assert_left(10);
    server.finish();
}

#[test]
fn permanent_errors_are_not_retried() {
    for status in ["400 Bad Request", "403 Forbidden", "404 Not Found"] {
        let server = Server::play([vec![asks_all(), send(response(status, &[], b"no"))]]);
        let place = FileTarget::new();
        let error = run(download(&server).with_retries(5), &place.file).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Status(_)), "{error}");
        assert_eq!(place.directory.names(), [""; 0]);
        server.finish();
    }
    let server = Server::play([vec![asks_all(), send("HTTP/1.1 200 OK\r\nA : b\r\n\r\n")]]);
    let error = run(download(&server).with_retries(5), &FileTarget::new().file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    server.finish();
}

#[test]
fn an_error_status_instead_of_the_rest_keeps_the_partial_file() {
    for status in ["404 Not Found", "503 Service Unavailable", "304 Not Modified"] {
        let server =
            Server::play([vec![asks_rest(10), send(head(status, &["Content-Length: 0"]))]]);
        let place = FileTarget::with_part(10);
        let download = download(&server).with_resume(true).with_error_content(true);
        let error = run(download, &place.file).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Status(_)), "{error}");
        place.assert_left(10);
        server.finish();
    }
}

#[test]
fn wanted_error_content_is_downloaded() {
    let server = Server::play([vec![
        asks_all(),
        send(busy(&[])),
        asks_all(),
        send(busy(&["ETag: \"v1\""])),
    ]]);
    let place = FileTarget::new();
    let done =
        run(download(&server).with_retries(1).with_error_content(true), &place.file).unwrap();
    assert_eq!((done.attempts, done.response.status().as_u16()), (2, 503));
    place.assert_whole(b"later");
    server.finish();
}

#[test]
fn a_304_is_not_the_file() {
    let server = Server::play([vec![asks_all(), send(head("304 Not Modified", &[]))]]);
    let place = FileTarget::new();
    fs::write(&place.file, "an older one").unwrap();
    let error = run(download(&server).with_error_content(true), &place.file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status(StatusCode::NOT_MODIFIED));
    place.assert_whole(b"an older one");
    server.finish();
}

#[test]
fn a_requested_304_keeps_the_file() {
    let server = Server::play([vec![
        get_that("/f", |head| assert!(has_field(head, "If-None-Match: \"v1\""), "{head}")),
        send(head("304 Not Modified", &["ETag: \"v1\""])),
    ]]);
    let place = FileTarget::new();
    fs::write(&place.file, "an older one").unwrap();
    let request = Client::new().get(&server.url("/f")).with_header(IF_NONE_MATCH, "\"v1\"");
    let done = run(Download::new(request), &place.file).unwrap();
    assert_eq!((done.bytes, done.response.status()), (0, StatusCode::NOT_MODIFIED));
    place.assert_whole(b"an older one");
    server.finish();
}

#[test]
fn an_invalid_request_fails_before_the_target_is_opened() {
    let place = FileTarget::new();
    for url in ["http://", "ftp://host/file"] {
        run(Download::new(Client::new().get(url)).with_retries(3), &place.file).unwrap_err();
    }
    assert_eq!(place.directory.names(), [""; 0]);
}
