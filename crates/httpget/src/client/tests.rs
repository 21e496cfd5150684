use std::io::Read;
use std::time::Instant;

#[cfg(unix)]
use netcore::testing::TestDir;

use super::*;
use crate::error::{Error, ErrorKind};
use crate::event::{CloseReason, Event};
use crate::fixture::{Server, Step, act, gate, get, get_that, ok, send};
use crate::response::Response;
use crate::route::Route;

/// GETs `url` and its whole body.
fn text(client: &Client, url: &str) -> Result<String, Error> {
    client.get(url).send()?.text(1 << 20)
}

/// The same, and what became of the connections: `new`, `reused`, `again`.
fn story(client: &Client, url: &str) -> (Result<String, Error>, Vec<&'static str>) {
    let mut story = Vec::new();
    let sent = client.get(url).send_observed(&mut |event| match event {
        Event::Connect(netcore::connect::ConnectEvent::Connected { .. }) => story.push("new"),
        Event::Reused { .. } => story.push("reused"),
        Event::Retry => story.push("again"),
        _ => {}
    });
    (sent.and_then(|response| response.text(1 << 20)), story)
}

#[test]
fn a_get_is_one_line() {
    let server = Server::play([vec![
        get_that("/page?x=1", |head| {
            let expected = format!("httpget/{}", env!("CARGO_PKG_VERSION"));
            assert!(head.contains(&format!("\r\nUser-Agent: {expected}\r\n")), "{head}");
        }),
        ok("hello"),
        Step::Gone,
    ]]);
    let response = crate::request::get(&server.url("/page?x=1")).unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.version(), http::Version::HTTP_11);
    assert_eq!(response.headers()["content-length"], "5");
    assert_eq!(response.head().raw(), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(response.url().as_str(), server.url("/page?x=1"));
    assert_eq!(response.peer_address(), Some(&server.address().into()));
    let local = response.local_address().and_then(netcore::Address::inet).unwrap();
    assert!(local.ip().is_loopback());
    assert!(!response.is_reused());
    assert_eq!(response.content_length(), Some(5));
    assert_eq!(response.text(5).unwrap(), "hello");
    server.finish();
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let server = Server::play([vec![get("/a"), ok("1"), get("/b"), ok("22"), get("/c"), ok("")]]);
    let client = Client::new();
    let first = client.get(&server.url("/a")).send().unwrap();
    assert!(!first.is_reused());
    assert!(first.timings().connected.is_some());
    assert_eq!(first.text(9).unwrap(), "1");
    let mut second = client.clone().get(&server.url("/b")).send().unwrap();
    assert!(second.is_reused());
    assert_eq!(second.timings().connected, None);
    assert_eq!(second.timings().connects, 0);
    let mut byte = [0; 2];
    // With its last byte, and not with the read behind it.
    second.body().read_exact(&mut byte).unwrap();
    assert!(matches!(second.body().connection_event(), Some(Event::Kept)));
    let third = client.get(&server.url("/c")).send().unwrap();
    assert!(third.is_reused());
    drop((second, third));
    server.finish();
}

#[test]
fn a_head_has_no_body_and_its_connection_serves_the_next_request() {
    let server = Server::play([vec![
        get("HEAD /length"),
        send("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"),
        get("HEAD /chunks"),
        send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        get("HEAD /old"),
        send("HTTP/1.1 302 Found\r\nContent-Length: 9\r\nLocation: /new\r\n\r\n"),
        get("HEAD /new"),
        send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n"),
        get("/page"),
        ok("page"),
    ]]);
    let client = Client::new();
    for (target, length, status) in
        [("/length", Some(5_000_000_000), 200), ("/chunks", None, 200), ("/old", Some(4), 404)]
    {
        let response = client.head(&server.url(target)).send().unwrap();
        assert_eq!(response.status(), status, "{target}");
        assert_eq!(response.content_length(), length, "{target}");
        assert_eq!(response.bytes(0).unwrap(), b"", "{target}");
    }
    assert_eq!(text(&client, &server.url("/page")).unwrap(), "page");
    server.finish();
}

#[test]
fn a_body_after_a_head_closes_the_connection() {
    let server =
        Server::play([vec![get("HEAD /"), ok("body"), Step::Gone], vec![get("/"), ok("again")]]);
    let client = Client::new();
    let mut response = client.head(&server.url("/")).send().unwrap();
    let mut read = Vec::new();
    response.body().read_to_end(&mut read).unwrap();
    assert_eq!(read, b"");
    assert_eq!(response.body().warnings(), [crate::protocol::Warning::Surplus]);
    drop(response);
    assert_eq!(text(&client, &server.url("/")).unwrap(), "again");
    server.finish();
}

#[test]
fn two_at_a_time_are_two_connections_and_both_are_kept() {
    let server = Server::play([
        vec![get("/a"), ok("a"), get("/d"), ok("d")],
        vec![get("/b"), ok("b"), get("/c"), ok("c")],
    ]);
    let client = Client::new();
    let first = client.get(&server.url("/a")).send().unwrap();
    let second = client.get(&server.url("/b")).send().unwrap();
    assert_eq!(first.text(9).unwrap() + &second.text(9).unwrap(), "ab");
    let newest = client.get(&server.url("/c")).send().unwrap();
    let oldest = client.get(&server.url("/d")).send().unwrap();
    assert!(newest.is_reused() && oldest.is_reused());
    assert_eq!(newest.text(9).unwrap() + &oldest.text(9).unwrap(), "cd");
    server.finish();
}

#[test]
fn a_connection_that_dies_before_it_answers_is_replaced_once() {
    for death in [|| Step::Close, || Step::Reset] {
        let server = Server::play([
            vec![get("/a"), ok("a"), get("/b"), death()],
            vec![get("/b"), ok("b"), get("/c"), death()],
            vec![get("/c"), death()],
        ]);
        let client = Client::new();
        assert_eq!(text(&client, &server.url("/a")).unwrap(), "a");
        let (b, told) = story(&client, &server.url("/b"));
        assert_eq!((b.unwrap().as_str(), told), ("b", vec!["reused", "again", "new"]));
        // A new connection is not replaced.
        let (c, told) = story(&client, &server.url("/c"));
        assert_eq!(told, ["reused", "again", "new"]);
        let error = c.unwrap_err();
        let kind = error.kind();
        assert!(
            matches!(kind, ErrorKind::NothingReceived | ErrorKind::Transport { .. }),
            "{error}"
        );
        assert!(error.is_retryable());
        server.finish();
    }
}

#[test]
fn one_byte_of_a_response_prevents_the_retry() {
    let server = Server::play([vec![get("/a"), ok("a"), get("/b"), send("H"), Step::Close]]);
    let client = Client::new();
    assert_eq!(text(&client, &server.url("/a")).unwrap(), "a");
    let (result, told) = story(&client, &server.url("/b"));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::HeadTruncated);
    assert_eq!(told, ["reused"]);
    server.finish();
}

#[test]
fn an_idle_connection_that_ended_or_received_data_is_not_used() {
    let noises: [fn() -> Step; 2] = [|| Step::Close, || ok("an answer to another request")];
    for noise in noises {
        let (read, wait) = gate();
        let server =
            Server::play([vec![get("/a"), ok("a"), act(wait), noise()], vec![get("/b"), ok("b")]]);
        let client = Client::new();
        assert_eq!(text(&client, &server.url("/a")).unwrap(), "a");
        // The pool drops a connection that has ended, so it is taken before the server acts.
        let pool = &client.pool;
        let route = Route::to(&crate::url::Url::parse(&server.url("/")).unwrap());
        let idle = pool.take_at(Instant::now(), &route).unwrap();
        read();
        assert!(idle.wait_readable(netcore::Deadline::after(Duration::from_secs(30))).unwrap());
        pool.put_at(Instant::now(), route, idle);
        let (b, told) = story(&client, &server.url("/b"));
        assert_eq!((b.unwrap().as_str(), told), ("b", vec!["new"]));
        server.finish();
    }
}

#[test]
fn a_connection_with_bytes_after_the_response_is_closed() {
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    let server = Server::play([vec![get("/"), send(format!("{response}HTTP/1.1")), Step::Gone]]);
    let mut response = Client::new().get(&server.url("/")).send().unwrap();
    let mut text = String::new();
    response.body().read_to_string(&mut text).unwrap();
    assert_eq!(text, "a");
    let body = response.into_body();
    assert!(matches!(
        body.connection_event(),
        Some(Event::Closed { reason: CloseReason::Response })
    ));
    assert_eq!(body.warnings(), [crate::protocol::Warning::Surplus]);
    server.finish();
}

#[test]
fn connection_close_in_a_request_closes_the_connection() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n";
    let server = Server::play([
        vec![get("/a"), send(format!("{head}Connection: close\r\n\r\na")), Step::Gone],
        vec![get("/b"), ok("b"), Step::Gone],
        vec![get_that("/c", |head| assert!(head.contains(" HTTP/1.0\r\n"))), ok("c"), Step::Gone],
        vec![get("/d"), ok("d")],
    ]);
    let client = Client::new();
    assert_eq!(text(&client, &server.url("/a")).unwrap(), "a");
    let close = client.get(&server.url("/b")).with_header("connection", "close").send().unwrap();
    assert_eq!(close.text(9).unwrap(), "b");
    let old = client.get(&server.url("/c")).with_http_1_0().send().unwrap();
    assert!(!old.is_reused());
    assert_eq!(old.text(9).unwrap(), "c");
    assert_eq!(text(&client, &server.url("/d")).unwrap(), "d");
    server.finish();
}

#[test]
fn a_client_may_keep_no_connections() {
    let server =
        Server::play([vec![get("/"), ok("a"), Step::Gone], vec![get("/"), ok("b"), Step::Gone]]);
    let client = Client::new().with_idle(0, Duration::from_secs(60));
    let mut first = client.get(&server.url("/")).send().unwrap();
    first.body().read_exact(&mut [0]).unwrap();
    assert!(matches!(
        first.body().connection_event(),
        Some(Event::Closed { reason: CloseReason::NotKept })
    ));
    assert_eq!(text(&client, &server.url("/")).unwrap(), "b");
    server.finish();
}

#[test]
fn connections_belong_to_one_origin() {
    let ours = |head: &str| assert!(head.contains("\r\nHost: one.example:81\r\n"), "{head}");
    let others = |head: &str| assert!(head.contains("\r\nHost: two.example:81\r\n"), "{head}");
    let server = Server::play([
        vec![get_that("/", ours), ok("1"), get_that("/", ours), ok("1")],
        vec![get_that("/", others), ok("2")],
    ]);
    let client = Client::new().with_address("one.example", 81, server.address()).with_address(
        "TWO.example",
        81,
        server.address(),
    );
    assert_eq!(text(&client, "http://one.example:81/").unwrap(), "1");
    assert_eq!(text(&client, "http://two.example:81/").unwrap(), "2");
    assert_eq!(text(&client, "http://one.example:81/").unwrap(), "1");
    server.finish();
}

#[test]
fn a_client_with_another_connector_has_its_own_pool() {
    let one = Server::play([vec![get("/"), ok("one"), get("/"), ok("one")]]);
    let two = Server::play([vec![get("/"), ok("two")]]);
    let client = Client::new().with_address("h", 80, one.address());
    assert_eq!(text(&client, "http://h/").unwrap(), "one");
    let other = client.clone().with_address("h", 80, two.address());
    assert_eq!(text(&other, "http://h/").unwrap(), "two");
    assert_eq!(text(&client, "http://h/").unwrap(), "one");
    one.finish();
    two.finish();
}

#[cfg(unix)]
#[test]
fn a_unix_socket_serves_every_host() {
    let dir = TestDir::new();
    let path = dir.path("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let serving = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        String::from_utf8(head).unwrap()
    });
    let client = Client::new().with_unix_socket(&path);
    let response = client.get("http://some.example/x").send().unwrap();
    assert_eq!(response.peer_address().and_then(netcore::Address::path), Some(&*path));
    assert_eq!(response.text(9).unwrap(), "ok");
    let head = serving.join().unwrap();
    assert!(head.starts_with("GET /x HTTP/1.1\r\nHost: some.example\r\n"), "{head}");
}

#[test]
fn fields_of_the_client_are_sent_with_every_request() {
    let has = |head: &str| {
        assert!(head.contains("\r\nx-mine: 1\r\n"), "{head}");
        assert!(!head.contains("User-Agent"), "{head}");
    };
    let server = Server::play([vec![get_that("/", has), ok(""), get_that("/", has), ok("")]]);
    let field = |text| crate::protocol::parse_field(text).unwrap();
    let client = Client::new().with_field(field("x-mine: 1")).with_field(field("User-Agent:"));
    assert_eq!(text(&client, &server.url("/")).unwrap(), "");
    assert_eq!(text(&client, &server.url("/")).unwrap(), "");
    server.finish();
}

#[test]
fn types_cross_threads_and_errors_are_small() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Client>();
    shared::<Error>();
    sent::<crate::request::Request>();
    sent::<Response>();
    sent::<crate::body::Body>();
    assert!(size_of::<Error>() <= 8);
}
