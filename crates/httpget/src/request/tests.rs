use super::*;
use crate::error::ErrorKind;
use crate::fixture::{Server, get_that, ok};

fn fails(request: Request) -> Error {
    request.send().unwrap_err()
}

#[test]
fn invalid_requests_are_reported_and_nothing_is_sent() {
    let client = Client::new();
    let error = fails(client.get("http://h/a\r\nX: y"));
    assert_eq!(error.kind(), ErrorKind::InvalidUrl);
    assert!(error.to_string().contains("byte 10"), "{error}");
    assert_eq!(fails(client.get("ftp://h/")).kind(), ErrorKind::UnsupportedScheme);
    #[cfg(not(feature = "tls"))]
    assert_eq!(fails(client.get("https://h/")).kind(), ErrorKind::UnsupportedScheme);
    let error = fails(client.get("http://h/").with_header("x", "a\r\nb"));
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.url(), Some("http://h/"));
    for (name, value) in [("a b", "c"), ("content-length", "5"), ("transfer-encoding", "chunked")] {
        let error = fails(client.get("http://h/").with_header(name, value).with_redirects(false));
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}");
        assert!(error.cause().is_some(), "{name}");
    }
    let first = fails(client.get("").with_header("a b", "c"));
    assert_eq!(first.kind(), ErrorKind::InvalidUrl);
}

#[test]
fn a_request_is_sent_with_its_settings() {
    let server = Server::play([vec![
        get_that("/", |head| {
            assert!(head.contains("\r\nRange: bytes=5-9\r\n"), "{head}");
            assert!(head.contains("\r\nAccept: text/plain\r\n"), "{head}");
            assert!(!head.contains("*/*"), "{head}");
        }),
        ok(""),
    ]]);
    let client = Client::new();
    let request = client.get(&server.url("/")).with_header(http::header::ACCEPT, "text/plain");
    assert_eq!(request.url().map(Url::as_str), Some(&*server.url("/")));
    let response = request.with_range("5-9").send().unwrap();
    assert_eq!(response.status(), 200);
    drop(response);
    server.finish();
}

#[test]
fn credentials_of_a_request_replace_those_of_its_url() {
    let server = Server::play([vec![
        get_that("/", |head| {
            assert!(head.contains("\r\nAuthorization: Basic dTpw\r\n"), "{head}");
            assert_eq!(head.matches("Authorization").count(), 1, "{head}");
        }),
        ok(""),
    ]]);
    let url = server.url("/").replace("://", "://other:sesame@");
    let credentials = crate::url::Credentials::new("u", "p").unwrap();
    let request = Client::new().get(&url).with_credentials(credentials);
    assert!(!format!("{request:?}").contains("sesame"), "{request:?}");
    drop(request.send().unwrap());
    server.finish();
}
