//! Requests that are cancelled, wherever they wait.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use netcore::CancelToken;
#[cfg(target_os = "linux")]
use netcore::{Connector, Deadline, Endpoint, Listener, SocketOptions};

use super::*;
use crate::fixture::{act, gate, streams};

/// A token, and the server's step that cancels it.
fn token() -> (CancelToken, Step) {
    let token = CancelToken::new();
    let button = token.clone();
    (token, act(move || button.cancel()))
}

/// Asserts that the request was cancelled in `phase`. Returns the bytes of content before.
#[track_caller]
fn assert_cancelled(error: &Error, during: Phase) -> u64 {
    let ErrorKind::Cancelled { phase, received } = error.kind() else { panic!("{error:?}") };
    assert_eq!(phase, during, "{error}");
    assert_reason(error, &error.kind().to_string());
    assert!(!error.is_retryable() && !error.is_timeout());
    received
}

#[test]
fn a_token_that_is_cancelled_before_sends_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let token = CancelToken::new();
    token.cancel();
    token.cancel();
    let client = Client::new().with_cancel(token);
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let error = client.get(&url).send().unwrap_err();
    assert_cancelled(&error, Phase::Connect);
    assert_eq!(error.to_string(), format!("get {url}: cancelled while connecting"));
    assert!(listener.accept().is_err(), "no connection");
    let error = client.get("http://host.invalid/").send().unwrap_err();
    assert_cancelled(&error, Phase::Resolve);
    // The request's own token counts.
    let error = client.get(&url).with_cancel(CancelToken::new()).with_timeouts(timeouts());
    let error = error.with_deadline(netcore::Deadline::after(Duration::ZERO)).send().unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn connecting_is_cancelled() {
    let options = SocketOptions::new().with_backlog(0);
    let endpoint: Endpoint = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind_with(endpoint, &options).unwrap();
    let mut held = Vec::new();
    let soon = || Deadline::after(Duration::from_millis(30));
    while let Ok(stream) = Connector::new().connect(listener.endpoint(), soon()) {
        held.push(stream);
        assert!(held.len() < 64, "the backlog is never full");
    }
    let token = CancelToken::new();
    let button = token.clone();
    let address = listener.local_address().unwrap().inet().unwrap();
    let request = Client::new().get(&format!("http://{address}/")).with_timeouts(timeouts());
    let mut button = Some(move || drop(std::thread::spawn(move || button.cancel())));
    let error = request.with_cancel(token).send_observed(&mut |event| {
        if let Event::Connect(netcore::connect::ConnectEvent::Started { .. }) = event {
            button.take().unwrap()();
        }
    });
    assert_cancelled(&error.unwrap_err(), Phase::Connect);
}

#[cfg(all(feature = "tls", feature = "proxy"))]
#[test]
fn a_handshake_with_a_silent_server_is_cancelled() {
    let (token, cancel) = token();
    // The beginning of a ClientHello's record.
    let server = Server::play([vec![Step::Bytes(b"\x16\x03\x01"), cancel]]);
    let names = vec![String::from("127.0.0.1")];
    let pem = rcgen::generate_simple_self_signed(names).unwrap().cert.pem();
    let tls = netcore::tls::TlsConnector::with_roots_pem(pem.as_bytes()).unwrap();
    let client = Client::new().with_tls(tls);
    let url = format!("https://{}/", server.address());
    let error = client.get(&url).with_timeouts(timeouts()).with_cancel(token).send().unwrap_err();
    assert_cancelled(&error, Phase::Handshake);
    server.finish();
}

#[cfg(feature = "proxy")]
#[test]
fn the_handshake_with_a_proxy_is_cancelled() {
    use crate::proxy::{Proxy, ProxyRules};

    let (token, cancel) = token();
    let server = Server::play([vec![Step::Bytes(b"\x05\x01\x00"), cancel, Step::Gone]]);
    let proxy = Proxy::parse(&format!("socks5h://{}", server.address())).unwrap();
    let client = Client::new().with_proxies(ProxyRules::from(proxy)).with_timeouts(timeouts());
    let error = client.get("http://h.test/").with_cancel(token).send().unwrap_err();
    assert_cancelled(&error, Phase::Proxy);
    server.finish();
}

#[test]
fn the_wait_for_the_response_and_for_its_head_are_cancelled() {
    for (phase, head) in [(Phase::Wait, ""), (Phase::Head, "HTTP/1.1 200 OK\r\nA: ")] {
        let (token, cancel) = token();
        let server = Server::play([vec![get("/"), send(head), cancel, Step::Gone]]);
        let request = Client::new().get(&server.url("/")).with_timeouts(timeouts());
        let error = request.with_cancel(token).send().unwrap_err();
        // The client may not have seen the first bytes yet.
        let seen = match error.kind() {
            ErrorKind::Cancelled { phase: Phase::Wait, .. } => Phase::Wait,
            _ => phase,
        };
        assert_cancelled(&error, seen);
        server.finish();
    }
}

#[test]
fn a_body_is_cancelled_and_its_connection_is_not_used_again() {
    let (token, cancel) = token();
    let (open, pass) = gate();
    let server = Server::play([
        vec![
            get("/a"),
            send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789"),
            act(pass),
            cancel,
            Step::Gone,
        ],
        vec![get("/b"), ok("other")],
    ]);
    let client = Client::new().with_timeouts(timeouts());
    let mut response = client.get(&server.url("/a")).with_cancel(token.clone()).send().unwrap();
    let mut buffer = [0; 64];
    assert_eq!(response.body().take(&mut buffer).unwrap(), 10);
    open();
    let error = response.body().take(&mut buffer).unwrap_err();
    assert_eq!(assert_cancelled(&error, Phase::Body), 10);
    assert!(error.to_string().ends_with("cancelled while receiving the body, after 10 bytes"));
    let again = response.body().take(&mut buffer).unwrap_err();
    assert_eq!(again.kind(), error.kind(), "the first error is final");
    let closed = Some(Event::Closed { reason: CloseReason::Broken });
    assert_eq!(format!("{:?}", response.body().connection_event()), format!("{closed:?}"));
    drop(response);
    let other = client.get(&server.url("/b")).send().unwrap();
    assert!(!other.is_reused());
    assert_eq!(other.text(9).unwrap(), "other");
    server.finish();
}

#[test]
fn cancelling_after_the_end_does_nothing_and_one_token_serves_many_requests() {
    let server = Server::play([
        vec![get("/a"), ok("first"), get("/b"), ok("second"), Step::Gone],
        vec![get("/d"), ok("third")],
    ]);
    let token = CancelToken::new();
    let client = Client::new().with_cancel(token.clone());
    assert_eq!(client.get(&server.url("/a")).send().unwrap().text(9).unwrap(), "first");
    let response = client.get(&server.url("/b")).send().unwrap();
    assert!(response.is_reused());
    token.cancel();
    assert_eq!(response.text(9).unwrap(), "second", "it has arrived whole");
    assert_cancelled(&client.get(&server.url("/c")).send().unwrap_err(), Phase::Send);
    // The pool gave the connection to the request that was cancelled, and did not get it back.
    let other = client.get(&server.url("/d")).with_cancel(CancelToken::new()).send().unwrap();
    assert!(!other.is_reused());
    assert_eq!(other.text(9).unwrap(), "third");
    server.finish();
}

#[test]
fn the_pace_of_a_body_is_cancelled() {
    let (token, cancel) = token();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let server = Server::play([vec![get("/"), send(head), send([b'x'; 900]), cancel]]);
    let request = Client::new().get(&server.url("/")).with_timeouts(timeouts());
    // A byte a second: the rest would take a quarter of an hour.
    let response = request.with_max_rate(1).with_cancel(token).send();
    let error = response.and_then(|response| response.bytes(1 << 20)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled { .. }), "{error:?}");
    server.finish();
}

#[test]
fn a_minimum_speed_does_not_hide_the_cancellation() {
    let (token, cancel) = token();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let server = Server::play([vec![get("/"), send(head), cancel, Step::Gone]]);
    let slow = crate::MinSpeed::new(1, Duration::from_secs(600));
    let timeouts = timeouts().with_min_speed(slow);
    let request = Client::new().get(&server.url("/")).with_timeouts(timeouts).with_cancel(token);
    let error = request.send().and_then(|response| response.bytes(1 << 20)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled { .. }), "{error:?}");
    server.finish();
}

#[test]
fn a_copy_to_a_slow_target_is_cancelled_and_says_how_much_is_written() {
    use std::io::Read;

    for framing in ["Content-Length: 100000000", "Transfer-Encoding: chunked"] {
        let token = CancelToken::new();
        let head = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n");
        let piece = match framing.contains("chunked") {
            true => format!("8000\r\n{}\r\n", "x".repeat(0x8000)),
            false => "x".repeat(0x8000),
        };
        let server = Server::play([vec![get("/"), send(head), Step::Flood(piece.into())]]);
        let request = Client::new().get(&server.url("/")).with_timeouts(timeouts());
        let mut response = request.with_cancel(token.clone()).send().unwrap();
        let (reader, writer) = streams();
        let mut written = 0;
        let copied = response.body().copy_to_with_progress(&writer, |now| {
            written = now;
            token.cancel();
        });
        assert_cancelled(&copied.unwrap_err(), Phase::Body);
        drop((response, writer));
        let mut received = Vec::new();
        (&reader).read_to_end(&mut received).unwrap();
        assert_eq!(received.len() as u64, written, "{framing}");
        server.finish();
    }
}

#[test]
fn a_run_of_many_reads_no_further_url_once_cancelled() {
    let (token, cancel) = token();
    let server = Server::play([vec![get("/"), cancel, Step::Gone]]);
    let client = Client::new().with_timeouts(timeouts()).with_cancel(token);
    let reported = AtomicUsize::new(0);
    let endless = std::iter::repeat(server.url("/"));
    client.get_all(endless, NonZeroUsize::MIN, |_, result| {
        assert_cancelled(&result.unwrap_err(), Phase::Wait);
        reported.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(reported.into_inner(), 1);
    server.finish();
}
