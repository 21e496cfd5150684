//! The effect of responses to a range on a partial file.

use super::*;
use crate::download::resume::RangeFault;
use crate::limits::Limits;

#[test]
fn a_download_is_resumed_after_a_break_at_any_byte() {
    for at in 0..BODY.len() {
        println!("cut after {at} bytes");
        let second = match at {
            0 => vec![asks_all(), send(whole())],
            _ => vec![asks_rest(at), send(rest(at))],
        };
        let server = Server::play([vec![asks_all(), send(cut(at)), Step::Close], second]);
        let place = FileTarget::new();
        let broken = run(download(&server), &place.file).unwrap_err();
        let (received, expected) = (at as u64, Some(BODY.len() as u64));
        assert_eq!(broken.kind(), ErrorKind::BodyTruncated { received, expected });
        match at {
            0 => assert_eq!(place.directory.names(), [""; 0], "nothing came"),
            _ => place.assert_left(at),
        }
        let done = run(download(&server).with_resume(true), &place.file).unwrap();
        place.assert_whole(BODY);
        assert_eq!((done.bytes, done.resumed_from), (BODY.len() as u64, at as u64));
        assert_eq!((done.fetched, done.attempts), ((BODY.len() - at) as u64, 1));
        server.finish();
    }
}

#[test]
fn without_resume_the_download_starts_again() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::with_part(10);
    let done = run(download(&server), &place.file).unwrap();
    assert_eq!(done.resumed_from, 0);
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn without_any_content_it_is_a_plain_get() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::new();
    fs::write(&place.file, "").unwrap();
    run(download(&server).with_resume(true), &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn a_partial_file_without_a_version_is_started_again() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::with_part(10);
    fs::write(place.meta(), "httpget partial 1\ntag \"v1\"\ntotal 40\nend\n").unwrap();
    run(download(&server).with_resume(true), &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn a_date_is_a_version_too() {
    let modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    let first = response("200 OK", &[modified], BODY);
    let first = first[..first.len() - BODY.len() + 7].to_vec();
    let range = content_range(7, BODY.len() - 1, BODY.len());
    let second = response("206 Partial Content", &[&range, modified], &BODY[7..]);
    let asks = get_that("/f", |head| {
        assert!(has_field(head, "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"), "{head}");
    });
    let server =
        Server::play([vec![asks_all(), send(first), Step::Close], vec![asks, send(second)]]);
    let place = FileTarget::new();
    run(download(&server), &place.file).unwrap_err();
    run(download(&server).with_resume(true), &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

/// What a download that goes on behind ten bytes gets, and what it comes to.
fn go_on_with(responses: Vec<Vec<u8>>) -> (Result<Downloaded, Error>, FileTarget) {
    let mut script = Vec::new();
    for (number, response) in responses.into_iter().enumerate() {
        script.push(if number == 0 { asks_rest(10) } else { asks_all() });
        script.push(send(response));
    }
    let server = Server::play([script]);
    let place = FileTarget::with_part(10);
    let result = run(download(&server).with_resume(true), &place.file);
    server.finish();
    (result, place)
}

#[test]
fn another_version_replaces_the_partial_file() {
    let (result, place) = go_on_with(vec![response("200 OK", &["ETag: \"v2\""], OTHER)]);
    assert_eq!(result.unwrap().resumed_from, 0);
    place.assert_whole(OTHER);
}

#[test]
fn a_complete_response_replaces_the_partial_file() {
    let (result, place) = go_on_with(vec![whole()]);
    assert_eq!(result.unwrap().fetched, BODY.len() as u64);
    place.assert_whole(BODY);
}

#[test]
fn the_rest_of_another_version_is_not_appended() {
    let range = content_range(10, OTHER.len() - 1, OTHER.len());
    let changed = response("206 Partial Content", &[&range, "ETag: \"v2\""], &OTHER[10..]);
    let now = response("200 OK", &["ETag: \"v2\""], OTHER);
    let (result, place) = go_on_with(vec![changed, now.clone()]);
    assert_eq!(result.unwrap().attempts, 1, "it is one attempt of two requests");
    place.assert_whole(OTHER);

    let silent = response("206 Partial Content", &[&range], &OTHER[10..]);
    let (result, place) = go_on_with(vec![silent, now]);
    result.unwrap();
    place.assert_whole(OTHER);
}

#[test]
fn a_206_without_the_tag_is_not_trusted() {
    let range = content_range(10, 39, 40);
    let silent = response("206 Partial Content", &[&range], &OTHER[..30]);
    let (result, place) = go_on_with(vec![silent, whole()]);
    assert_eq!(result.unwrap().attempts, 1);
    place.assert_whole(BODY);
}

#[test]
fn a_wrong_range_starts_again() {
    let part = |fields: &[&str], body| {
        response("206 Partial Content", &[fields, &["ETag: \"v1\""]].concat(), body)
    };
    let chunks = [b"28\r\n", BODY, b"\r\n0\r\n\r\n"].concat();
    let fields = [&content_range(10, 39, 40), "ETag: \"v1\"", "Transfer-Encoding: chunked"];
    assert_eq!(BODY.len(), 40);
    let rows = [
        part(&[&content_range(0, 39, 40)], BODY),
        part(&[&content_range(11, 39, 40)], &BODY[11..]),
        part(&[], &BODY[10..]),
        part(&["Content-Type: multipart/byteranges; boundary=x"], b"--x--"),
        part(&[&content_range(10, 39, 40)], BODY),
        part(&[&content_range(10, 39, 40)], &BODY[30..]),
        // It grows while it comes.
        [head("206 Partial Content", &fields), chunks].concat(),
    ];
    for (number, response) in rows.into_iter().enumerate() {
        println!("row {number}");
        let (result, place) = go_on_with(vec![response, whole()]);
        assert_eq!(result.unwrap().resumed_from, 0);
        place.assert_whole(BODY);
    }
}

#[test]
fn a_partial_file_stays_until_new_content_arrives() {
    let elsewhere = response("206 Partial Content", &[&content_range(0, 39, 40)], BODY);
    let (result, place) =
        go_on_with(vec![elsewhere, head("404 Not Found", &["Content-Length: 0"])]);
    assert!(matches!(result.unwrap_err().kind(), ErrorKind::Status(_)));
    place.assert_left(10);
}

#[test]
fn bytes_are_counted_from_the_start_of_the_file() {
    let server =
        Server::play([vec![asks_rest(10), send(&rest(10)[..rest(10).len() - 5]), Step::Close]]);
    let place = FileTarget::with_part(10);
    let error = run(download(&server).with_resume(true), &place.file).unwrap_err();
    let kind = ErrorKind::BodyTruncated { received: 35, expected: Some(40) };
    assert_eq!(error.kind(), kind);
    place.assert_left(35);
    server.finish();

    let silent = get_that("/f", |_| ());
    let server = Server::play([vec![silent, send(&rest(10)[..rest(10).len() - 5])]]);
    let length = Duration::from_millis(50);
    let timeouts = Timeouts { stall: Some(length), ..Timeouts::default() };
    let place = FileTarget::with_part(10);
    let error = run(download_by(&server, timeouts).with_resume(true), &place.file).unwrap_err();
    let (timeout, phase) = (crate::timeouts::Timeout::Stall, Phase::Body);
    let kind = ErrorKind::TimedOut { timeout, phase, received: 35, after: length };
    assert_eq!(error.kind(), kind);
    server.finish();
}

#[test]
fn a_part_of_the_rest_is_not_the_complete_file() {
    let range = content_range(10, 19, 40);
    let short = response("206 Partial Content", &[&range, "ETag: \"v1\""], &BODY[10..20]);
    let (result, place) = go_on_with(vec![short]);
    let kind = ErrorKind::BodyTruncated { received: 20, expected: Some(40) };
    assert_eq!(result.unwrap_err().kind(), kind);
    place.assert_left(20);
}

#[test]
fn a_416_at_the_full_size_completes_the_file() {
    let full = response("416 Range Not Satisfiable", &["Content-Range: bytes */40"], b"no more");
    let server = Server::play([vec![asks_rest(40), send(full)]]);
    let place = FileTarget::with_part(40);
    let done = run(download(&server).with_resume(true), &place.file).unwrap();
    assert_eq!((done.bytes, done.fetched, done.resumed_from), (40, 0, 40));
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn a_416_at_another_size_starts_again() {
    for fields in [&["Content-Range: bytes */10"][..], &["Content-Range: bytes */41"], &[]] {
        let refused = response("416 Range Not Satisfiable", fields, b"");
        let (result, place) = go_on_with(vec![refused, whole()]);
        result.unwrap();
        place.assert_whole(BODY);
    }
}

#[test]
fn a_416_without_a_range_is_a_status() {
    let refused = response("416 Range Not Satisfiable", &["Content-Range: bytes */40"], b"");
    let server = Server::play([vec![asks_all(), send(refused)]]);
    let place = FileTarget::new();
    let error = run(download(&server), &place.file).unwrap_err();
    let status = http::StatusCode::RANGE_NOT_SATISFIABLE;
    assert_eq!(error.kind(), ErrorKind::Status(status));
    server.finish();
}

#[test]
fn an_unrequested_range_is_an_error() {
    let part = response("206 Partial Content", &[&content_range(0, 9, 40)], &BODY[..10]);
    let server = Server::play([vec![asks_all(), send(part)]]);
    let place = FileTarget::new();
    let error = run(download(&server), &place.file).unwrap_err();
    assert_reason(&error, &RangeFault::Unasked.to_string());
    assert_eq!(place.directory.names(), [""; 0]);
    server.finish();
}

#[test]
fn a_range_of_the_complete_file_is_the_file() {
    let range = content_range(0, 39, 40);
    let chunks = [b"28\r\n", BODY, b"\r\n0\r\n\r\n"].concat();
    let chunked = head("206 Partial Content", &[&range, "Transfer-Encoding: chunked"]);
    for answer in [
        response("206 Partial Content", &[&range], BODY),
        [chunked, chunks].concat(),
        [head("206 Partial Content", &[&range]), BODY.to_vec()].concat(),
    ] {
        let server = Server::play([vec![asks_all(), send(answer), Step::Close]]);
        let place = FileTarget::new();
        run(download(&server), &place.file).unwrap();
        place.assert_whole(BODY);
        server.finish();
    }
    let short = [head("206 Partial Content", &[&range]), BODY[..30].to_vec()].concat();
    let long = [head("206 Partial Content", &[&range]), BODY.to_vec(), b"!".to_vec()].concat();
    let wrong = response("206 Partial Content", &[&range], &BODY[..30]);
    let truncated = ErrorKind::BodyTruncated { received: 30, expected: Some(40) };
    for (answer, kind) in [(short, truncated), (long, ErrorKind::Range), (wrong, ErrorKind::Range)]
    {
        let server = Server::play([vec![asks_all(), send(answer), Step::Close]]);
        let place = FileTarget::new();
        assert_eq!(run(download(&server), &place.file).unwrap_err().kind(), kind);
        assert!(!place.file.exists());
        server.finish();
    }
}

#[test]
fn the_limit_counts_the_complete_file() {
    let place = FileTarget::with_part(10);
    for limit in [39, 40] {
        let server = Server::play([vec![asks_rest(10), send(rest(10))]]);
        let limits = Limits { body: limit, ..Limits::default() };
        let request = request_by(URL, &server).with_limits(limits);
        let result = run(Download::new(request).with_resume(true), &place.file);
        server.finish();
        match limit {
            40 => place.assert_whole(BODY),
            _ => {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::TooLarge);
                place.assert_left(10);
            }
        }
    }
}
