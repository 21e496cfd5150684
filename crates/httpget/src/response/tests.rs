use crate::client::Client;
use crate::error::ErrorKind;
use crate::fixture::{Server, Step, assert_reason, get, ok, send};
use crate::limits::Limits;

#[test]
fn bodies_up_to_the_limit_are_read() {
    for length in [0, 1, 8191, 8192, 8193, 100_000, 3_000_000] {
        let body: String = ('a'..='z').cycle().take(length).collect();
        let until_close = send(format!("HTTP/1.1 200 OK\r\n\r\n{body}"));
        let server = Server::play([
            vec![get("/length"), ok(&body)],
            vec![get("/close"), until_close, Step::Close],
        ]);
        let client = Client::new().with_idle(0, std::time::Duration::ZERO);
        for target in ["/length", "/close"] {
            let response = client.get(&server.url(target)).send().unwrap();
            assert!(response.text(length as u64).unwrap() == body, "{target}: {length}");
        }
        server.finish();
    }
}

#[test]
fn a_body_above_the_limit_is_refused() {
    let until_close = send("HTTP/1.1 200 OK\r\n\r\n12345");
    let server = Server::play([
        vec![get("/length"), send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n12345")],
        vec![get("/close"), until_close, Step::Close],
    ]);
    for target in ["/length", "/close"] {
        let response = Client::new().get(&server.url(target)).send().unwrap();
        let error = response.bytes(4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_reason(&error, "the body is longer than 4 bytes");
        assert_eq!(error.url(), Some(&*server.url(target)));
    }
    server.finish();
}

#[test]
fn the_clients_limits_apply_by_default() {
    let server = Server::play([vec![get("/"), ok("12345")]]);
    let limits = Limits { body: 4, ..Limits::default() };
    let response = Client::new().with_limits(limits).get(&server.url("/")).send().unwrap();
    assert_eq!(response.status(), 200, "the head is worth having");
    assert_eq!(response.bytes(1 << 20).unwrap_err().kind(), ErrorKind::TooLarge);
    server.finish();
}

#[test]
fn text_is_utf8_and_a_status_may_be_an_error() {
    let server = Server::play([vec![
        get("/a"),
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na\xff"),
        get("/b"),
        send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nlost"),
        get("/c"),
        ok("found"),
    ]]);
    let client = Client::new();
    let error = client.get(&server.url("/a")).send().unwrap().text(9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let response = client.get(&server.url("/b")).send().unwrap();
    let error = response.error_for_status().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status(http::StatusCode::NOT_FOUND));
    let response = client.get(&server.url("/c")).send().unwrap();
    assert!(response.is_reused(), "a short body of an error is no reason to connect again");
    assert_eq!(response.error_for_status().unwrap().text(9).unwrap(), "found");
    server.finish();
}
