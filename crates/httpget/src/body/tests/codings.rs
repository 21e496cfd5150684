//! Content codings that are undone on the way to the reader.

use std::io::Write as _;

use http::header::ACCEPT_ENCODING;

use super::*;
use crate::fixture::{get_that, redirect};
use crate::request::Request;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A response with these lines of the head, which has a Content-Length.
fn coded(fields: &str, body: &[u8]) -> Vec<u8> {
    [&head(&format!("{fields}\r\nContent-Length: {}\r\n", body.len())), body].concat()
}

fn request(server: &Server) -> Request {
    Client::new().with_decoding(true).get(&server.url("/"))
}

/// A client's response to `response`, and the server of it.
fn answered(response: Vec<u8>) -> (Server, Body) {
    let server = Server::play([vec![get("/"), send(response)]]);
    let body = request(&server).send().unwrap().into_body();
    (server, body)
}

#[test]
fn content_is_decoded_in_reads_of_any_size_and_in_copies() {
    let content: Vec<u8> =
        (0..40_000).flat_map(|number: u32| number.to_string().into_bytes()).collect();
    let gzipped = gzip(&content);
    for (name, framed, ends) in framings(&gzipped) {
        let text = String::from_utf8_lossy(&framed[..15]).into_owned();
        let response = [text.as_bytes(), b"\r\nContent-Encoding: gzip", &framed[15..]].concat();
        for pieces in [&[1 << 20][..], &[1, 5000, 17, 100_000], &[0]] {
            let end = if ends { vec![Step::Close] } else { vec![] };
            let mut script = vec![get("/"), send(&response)];
            script.extend(end);
            let server = Server::play([script]);
            let mut body = request(&server).send().unwrap().into_body();
            let directory = TestDir::new();
            let mut read = Vec::new();
            if pieces == [0] {
                let file = File::create(directory.path("file")).unwrap();
                assert_eq!(body.copy_to(&file).unwrap(), content.len() as u64, "{name}");
                read = fs::read(directory.path("file")).unwrap();
            } else {
                read_by(pieces, &mut body, &mut read).unwrap();
            }
            assert!(read == content, "{name} by {pieces:?}");
            assert!(body.is_done() && body.is_decoded());
            assert_eq!(body.received(), gzipped.len() as u64);
            assert_eq!(body.decoded(), content.len() as u64);
            assert_eq!(is_kept(&body), !ends, "{name}: {:?}", body.connection_event());
            server.finish();
        }
    }
}

#[test]
fn the_request_names_what_is_built_in_unless_that_is_set_by_hand() {
    let asked = |field: &'static str| {
        get_that("/", move |head| {
            let lines = head.lines().filter(|line| line.starts_with("Accept-Encoding:"));
            assert!(lines.eq((!field.is_empty()).then_some(field)), "{head}");
        })
    };
    let all = "Accept-Encoding: gzip, deflate, br, zstd";
    for (change, expected) in [
        (0, all),
        (1, "Accept-Encoding: br"),
        (2, ""),
        (3, ""),
        (4, all),
        (5, "Accept-Encoding: br"),
    ] {
        let server = Server::play([vec![asked(expected), ok("x")]]);
        let by_hand = crate::protocol::parse_field("accept-encoding: br").unwrap();
        let none = crate::protocol::parse_field("Accept-Encoding:").unwrap();
        let client = Client::new().with_decoding(change != 4);
        let request = |client: Client| client.get(&server.url("/"));
        let request = match change {
            1 => request(client).with_header(ACCEPT_ENCODING, "br"),
            2 => request(client.with_field(none)).with_decoding(true),
            3 => request(client).with_decoding(false),
            5 => request(client.with_field(by_hand)).with_header(ACCEPT_ENCODING, "br"),
            _ => request(client).with_decoding(true),
        };
        request.send().unwrap();
        server.finish();
    }
}

#[test]
fn nothing_is_decoded_unless_that_is_wanted() {
    let gzipped = gzip(b"content");
    for raw in [false, true] {
        let server =
            Server::play([vec![get("/"), send(coded("Content-Encoding: gzip", &gzipped))]]);
        let client = Client::new().with_decoding(raw);
        let response = client.get(&server.url("/")).with_raw(raw).send().unwrap();
        assert_eq!(response.bytes(1000).unwrap(), gzipped);
        server.finish();
    }
}

#[test]
fn a_response_without_content_needs_no_coding() {
    for response in [
        coded("Content-Encoding: gzip", b""),
        coded("Content-Encoding: compress", b""),
        b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n".to_vec(),
        b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
            .to_vec(),
    ] {
        let (server, mut body) = answered(response);
        assert_eq!(Body::take(&mut body, &mut [0; 10]).unwrap(), 0);
        assert!(body.is_done() && is_kept(&body));
        server.finish();
    }
    let server = Server::play([vec![
        get("HEAD /"),
        send(head("Content-Encoding: gzip\r\nContent-Length: 9\r\n")),
    ]]);
    let response = Client::new().with_decoding(true).head(&server.url("/")).send().unwrap();
    assert_eq!(response.content_length(), Some(9));
    assert_eq!(response.bytes(1).unwrap(), b"");
    server.finish();
}

#[test]
fn content_that_cannot_be_decoded_is_an_error() {
    let gzipped = gzip(b"content");
    let cut = &gzipped[..20];
    let behind = [&gzipped[..], b"x"].concat();
    for (field, body, reason) in [
        ("gzip", cut, "the gzip content ends too early, at byte 20"),
        ("gzip", b"<html>", "malformed gzip content at byte 0: a gzip header expected"),
        ("gzip", &behind, "malformed gzip content at byte 27: a gzip header expected"),
        ("compress", b"x", "the content coding compress is not supported"),
        ("gzip, lzma", &gzipped, "the content coding lzma is not supported"),
        ("br, br, br, br, br, br", &gzipped, "more than 5 content codings in a row"),
    ] {
        let (server, mut body) = answered(coded(&format!("Content-Encoding: {field}"), body));
        let mut read = Vec::new();
        let error = read_by(&[100], &mut body, &mut read).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Coding, "{error}");
        assert_reason(&error, reason);
        assert_eq!(
            Body::take(&mut body, &mut [0; 9]).unwrap_err().kind(),
            ErrorKind::Coding,
            "it is final"
        );
        assert!(!body.is_done());
        server.finish();
    }
}

#[test]
fn a_broken_connection_is_no_fault_of_the_coding() {
    let mut response = coded("Content-Encoding: gzip", &gzip(b"content"));
    response.truncate(response.len() - 9);
    let server = Server::play([vec![get("/"), send(response), Step::Close]]);
    let error = request(&server).send().unwrap().bytes(100).unwrap_err();
    let kind = ErrorKind::BodyTruncated { received: 18, expected: Some(27) };
    assert_eq!(error.kind(), kind, "{error}");
    server.finish();
}

#[test]
fn limits_hold_for_decoded_content() {
    let response = || coded("Content-Encoding: gzip", &gzip(&[b'x'; 100_000]));
    for (limit, is_enough) in [(100_000, true), (99_999, false)] {
        let server = Server::play([vec![get("/"), send(response())]]);
        let request = request(&server).with_limits(Limits::default().with_body(limit));
        let mut body = request.send().unwrap().into_body();
        let mut read = Vec::new();
        let result = read_by(&[70_000], &mut body, &mut read);
        assert!(read.len() as u64 <= limit);
        match is_enough {
            true => assert_eq!(result.unwrap(), limit),
            false => assert_eq!(result.unwrap_err().kind(), ErrorKind::TooLarge),
        }
        server.finish();
    }
    let (server, body) = answered(response());
    drop(body);
    server.finish();
    let server = Server::play([vec![get("/"), send(response())]]);
    let error = request(&server).send().unwrap().bytes(99_999).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    server.finish();
}

#[test]
fn the_body_of_a_redirect_is_not_decoded() {
    let server = Server::play([vec![
        get("/"),
        redirect("/x"),
        get("/x"),
        send(coded("Content-Encoding: gzip", &gzip(b"x"))),
    ]]);
    assert_eq!(request(&server).send().unwrap().text(10).unwrap(), "x");
    server.finish();
}
