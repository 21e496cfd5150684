use super::*;

type Parsed<'a> = Result<Option<(Request<'a>, usize)>, Status>;

/// Parses a head and checks that no part of it is one.
fn parse(head: &str) -> Parsed<'_> {
    let parsed = Request::parse(head.as_bytes());
    if let Ok(Some((_, length))) = parsed {
        for cut in 0..length {
            assert_eq!(Request::parse(&head.as_bytes()[..cut]), Ok(None), "cut at {cut}");
        }
    }
    parsed
}

fn request(head: &str) -> Request<'_> {
    match parse(head) {
        Ok(Some((request, length))) => {
            assert_eq!(length, head.len());
            request
        }
        other => panic!("{head:?}: {other:?}"),
    }
}

#[test]
fn a_request_of_a_browser() {
    let head = "GET /chat.js?v=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\n\
                Connection: keep-alive, Upgrade\r\nIf-None-Match: \"a\", \"b\"\r\n\r\n";
    let request = request(head);
    assert_eq!((request.method, request.path), (Method::Get, "/chat.js"));
    assert_eq!((request.host, request.is_http_1_1), ("127.0.0.1:8080", true));
    assert!(request.keeps_alive());
    assert!(request.lists("connection", "upgrade") && !request.lists("connection", "close"));
    assert!(request.lists("if-none-match", "\"b\""));
    assert_eq!(request.only("accept"), Some(&b"*/*"[..]));
    assert_eq!(request.only("origin"), None);
}

#[test]
fn further_input_stays() {
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let two = head.repeat(2);
    let Ok(Some((request, length))) = Request::parse(two.as_bytes()) else { panic!("{two:?}") };
    assert_eq!((request.method, length), (Method::Head, head.len()));
}

#[test]
fn an_old_client_gets_one_response() {
    assert!(!request("GET / HTTP/1.0\r\n\r\n").keeps_alive());
    assert!(!request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n").keeps_alive());
}

#[test]
fn a_target_may_be_absolute() {
    let other = "GET http://chat.example:81/x?y HTTP/1.1\r\nHost: ignored\r\n\r\n";
    assert_eq!((request(other).host, request(other).path), ("chat.example:81", "/x"));
    let bare = "GET http://chat.example?y HTTP/1.1\r\nHost: ignored\r\n\r\n";
    assert_eq!((request(bare).host, request(bare).path), ("chat.example", "/"));
}

#[test]
fn malformed_heads_are_refused() {
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}",
    ] {
        assert_eq!(Request::parse(head.as_bytes()), Err(Status::BadRequest), "{head:?}");
    }
}

#[test]
fn other_versions_and_methods_have_statuses_of_their_own() {
    let version = "GET / HTTP/2.0\r\nHost: a\r\n\r\n";
    assert_eq!(Request::parse(version.as_bytes()), Err(Status::VersionNotSupported));
    for method in ["POST", "OPTIONS", "CONNECT", "get"] {
        let head = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(Request::parse(head.as_bytes()), Err(Status::MethodNotAllowed), "{method}");
    }
}

#[test]
fn a_head_is_bounded() {
    let head = |length: usize| {
        let begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        format!("{begin}{}\r\n\r\n", "x".repeat(length - begin.len() - 4))
    };
    assert!(matches!(Request::parse(head(MAX_HEAD).as_bytes()), Ok(Some(_))));
    assert_eq!(Request::parse(head(MAX_HEAD + 1).as_bytes()), Err(Status::HeadTooLarge));
    let endless = vec![b'G'; MAX_HEAD];
    assert_eq!(Request::parse(&endless[..MAX_HEAD - 1]), Ok(None));
    assert_eq!(Request::parse(&endless), Err(Status::HeadTooLarge));
    let fields = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(MAX_FIELDS));
    assert_eq!(Request::parse(fields.as_bytes()), Err(Status::HeadTooLarge));
}
