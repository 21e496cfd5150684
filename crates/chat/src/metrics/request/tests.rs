use netcore::testing::split_law;

use super::*;

fn parse(head: &str) -> Result<Option<Request<'_>>, Status> {
    Request::parse(head.as_bytes())
}

#[test]
fn get_and_head_name_a_path() {
    for (line, path, wants_content) in [
        ("GET /metrics HTTP/1.1\r\nHost: a", "/metrics", true),
        ("HEAD /healthz HTTP/1.1\r\nhost: a", "/healthz", false),
        ("GET /metrics?name=a/b HTTP/1.0", "/metrics", true),
        ("GET http://a:1/metrics HTTP/1.1\r\nHost: a", "/metrics", true),
        ("GET http://a HTTP/1.1\r\nHost: a", "/", true),
    ] {
        let head = format!("{line}\r\n\r\n");
        assert_eq!(parse(&head), Ok(Some(Request { path, wants_content })), "{line}");
    }
}

#[test]
fn other_requests_are_refused() {
    for (head, status) in [
        ("POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n", Status::MethodNotAllowed),
        ("get /metrics HTTP/1.1\r\nHost: a\r\n\r\n", Status::MethodNotAllowed),
        ("GET /metrics HTTP/1.1\r\n\r\n", Status::BadRequest),
        ("GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Status::BadRequest),
        ("GET metrics HTTP/1.1\r\nHost: a\r\n\r\n", Status::BadRequest),
        ("GET /metrics HTTP/2.0\r\nHost: a\r\n\r\n", Status::VersionNotSupported),
        ("GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n", Status::BadRequest),
        ("\x16\x03\x01\x02", Status::BadRequest),
    ] {
        assert_eq!(parse(head), Err(status), "{head:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(MAX_HEAD));
    assert_eq!(parse(&long), Err(Status::HeadTooLarge));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
    assert_eq!(parse(&many), Err(Status::HeadTooLarge));
}

#[test]
fn a_head_is_complete_only_at_its_end() {
    split_law(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", |pieces| {
        let (mut head, mut paths) = (Vec::new(), Vec::new());
        for piece in pieces {
            head.extend_from_slice(piece);
            let request = Request::parse(&head).unwrap();
            paths.extend(request.map(|request| request.path.to_owned()));
        }
        paths
    });
}
