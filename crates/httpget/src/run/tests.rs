mod cancelled;

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;
use http::header::REFERER;
use netcore::Address;
use netcore::raw::{Domain, Protocol, Socket, Type};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::{CloseReason, Event};
use crate::fixture::{Server, Step, assert_reason, get, get_that, ok, redirect, send};
use crate::limits::Limits;
use crate::protocol::RequestHead;
use crate::timeouts::{Phase, Timeout, Timeouts};
use crate::url::Url;

/// Long enough for a busy machine to get where a test wants its time to run out.
const SHORT: Duration = Duration::from_millis(400);

/// What an observer is told, in short.
fn told(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Connect(netcore::connect::ConnectEvent::Connected { .. }) => {
            String::from("connected")
        }
        Event::Connect(_) => return None,
        Event::Reused { .. } => String::from("reused"),
        Event::Retry => String::from("again"),
        Event::Request(bytes) => {
            let head = String::from_utf8_lossy(bytes);
            head.lines().next().unwrap_or_default().to_owned()
        }
        Event::Interim(head) => format!("interim {}", head.status().as_u16()),
        Event::Head(head) => format!("head {}", head.status().as_u16()),
        Event::Warning(warning) => format!("{warning:?}"),
        Event::Redirect { dropped, .. } => format!("redirect without {dropped:?}"),
        #[cfg(feature = "cookies")]
        Event::Cookie(report) => report.to_string(),
        Event::Kept => String::from("kept"),
        Event::Closed { reason } => format!("closed: {reason}"),
        #[cfg(feature = "tls")]
        Event::Encrypted(_) => "encrypted".to_owned(),
        #[allow(unreachable_patterns, reason = "without the feature proxy")]
        _ => return None,
    })
}

fn timeouts() -> Timeouts {
    Timeouts { connect: None, first_byte: None, stall: None, min_speed: None, total: None }
}

/// Timeout, phase, bytes of content and length of a timeout.
fn timed_out(error: &Error) -> (Timeout, Phase, u64, Duration) {
    match error.kind() {
        ErrorKind::TimedOut { timeout, phase, received, after } => {
            (timeout, phase, received, after)
        }
        _ => panic!("{error:?}"),
    }
}

#[test]
fn a_redirect_is_followed_and_reported() {
    let server = Server::play([vec![
        get("/old/page"),
        redirect("../new"),
        get_that("/new", |head| assert!(head.contains("Authorization"), "{head}")),
        send("HTTP/1.1 103 Early Hints\r\n\r\n"),
        ok("there"),
    ]]);
    let url = server.url("/old/page").replace("://", "://user:secret@");
    let mut story = Vec::new();
    let sent = Client::new().get(&url).send_observed(&mut |event| story.extend(told(&event)));
    let response = sent.unwrap();
    assert_eq!(response.url().as_str(), server.url("/new"));
    assert_eq!(response.timings().redirects, 1);
    assert_eq!(response.timings().connects, 1);
    assert!(response.timings().redirected <= response.timings().sent.unwrap());
    assert_eq!(response.text(9).unwrap(), "there");
    let expected = [
        "connected",
        "GET /old/page HTTP/1.1",
        "head 302",
        "redirect without []",
        "kept",
        "reused",
        "GET /new HTTP/1.1",
        "interim 103",
        "head 200",
    ];
    assert_eq!(story, expected);
    server.finish();
}

#[test]
fn credentials_do_not_go_to_another_origin() {
    let other = Server::play([vec![
        get_that("/", |head| {
            let head = head.to_ascii_lowercase();
            for secret in ["authorization", "cookie", "mine"] {
                assert!(!head.contains(secret), "{head}");
            }
            assert!(head.contains("x-stays: 1"), "{head}");
        }),
        ok("other"),
    ]]);
    let server = Server::play([vec![
        get_that("/", |head| {
            let mine = ["Authorization: Basic dTpw\r\n", "Cookie: c\r\n", "Host: mine\r\n"];
            mine.iter().for_each(|line| assert!(head.contains(line), "{head}"));
        }),
        redirect(&other.url("/")),
    ]]);
    let mut story = Vec::new();
    let response = Client::new()
        .get(&server.url("/").replace("://", "://u:p@"))
        .with_header("cookie", "c")
        .with_header("host", "mine")
        .with_header("x-stays", "1")
        .send_observed(&mut |event| story.extend(told(&event)))
        .unwrap();
    assert_eq!(response.text(9).unwrap(), "other");
    let redirect = story.iter().find(|line| line.starts_with("redirect")).unwrap();
    for lost in ["host", "cookie", "authorization"] {
        assert!(redirect.contains(lost), "{redirect}");
    }
    server.finish();
    other.finish();
}

#[test]
fn an_unfollowed_redirect_is_a_response() {
    let server = Server::play([vec![get("/"), redirect("/elsewhere")]]);
    let response = Client::new().get(&server.url("/")).with_redirects(false).send().unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.text(9).unwrap(), "away");
    server.finish();
}

#[test]
fn a_redirect_may_send_the_url_before_it() {
    let server = Server::play([vec![
        get_that("/old?a", |head| assert!(head.contains("Referer: http://start/\r\n"), "{head}")),
        redirect("/newer#b"),
        get_that("/newer", |head| {
            let referers: Vec<&str> = head.lines().filter(|it| it.contains("Referer")).collect();
            assert!(referers.len() == 1 && referers[0].ends_with("/old?a"), "{head}");
            assert!(!referers[0].contains("user"), "{head}");
        }),
        ok("there"),
    ]]);
    let url = server.url("/old?a").replace("://", "://user:secret@");
    let request = Client::new().get(&url).with_header("referer", "http://start/");
    let response = request.with_auto_referer(true).send().unwrap();
    assert_eq!(response.text(9).unwrap(), "there");
    server.finish();
}

#[test]
fn a_request_in_the_clear_tells_nothing_about_an_encrypted_one() {
    for (from, to, sent) in [
        ("https://a/", "http://a/", None),
        ("https://a/", "https://b/", Some("https://a/")),
        ("http://a/", "https://b/", Some("http://a/")),
    ] {
        let (from, to) = (Url::parse(from).unwrap(), Url::parse(to).unwrap());
        let mut head = RequestHead::get(&to);
        head.set(REFERER, HeaderValue::from_static("https://first/")).unwrap();
        super::refer(&from, &to, &mut head).unwrap();
        let value = head.value(&REFERER).map(|value| value.to_str().unwrap());
        assert_eq!(value, sent, "{from} {to}");
    }
}

#[test]
fn redirects_end_at_the_limit_and_at_a_bad_location() {
    let server = Server::play([vec![
        get("/1"),
        redirect("/2"),
        get("/2"),
        redirect("/3"),
        get("/3"),
        redirect("/4"),
    ]]);
    let limits = Limits { redirects: 2, ..Limits::default() };
    let error = Client::new().get(&server.url("/1")).with_limits(limits).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
    assert_eq!(error.url(), Some(&*server.url("/3")));
    assert_reason(&error, "more than 2 redirects");
    server.finish();

    let cases = [
        ("ftp://host/", ErrorKind::UnsupportedScheme),
        #[cfg(not(feature = "tls"))]
        ("https://host/", ErrorKind::UnsupportedScheme),
        ("http://ho st/", ErrorKind::Malformed),
        ("/x\r\nLocation: /y", ErrorKind::Malformed),
    ];
    for (location, kind) in cases {
        let server = Server::play([vec![get("/"), redirect(location)]]);
        let error = Client::new().get(&server.url("/")).send().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.cause().is_some(), "{error}");
        server.finish();
    }
}

#[test]
fn a_redirect_with_long_or_slow_content_closes_its_connection() {
    let long = |length: u64| {
        send(format!("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: {length}\r\n\r\nsome"))
    };
    for (length, why) in [(1 << 40, "closed"), (5, "closed"), (4, "kept")] {
        let first = vec![get("/"), long(length)];
        let next = vec![get("/x"), ok("x")];
        let mut story = Vec::new();
        let mut observer = |event: Event<'_>| story.extend(told(&event));
        let client = Client::new();
        if why == "kept" {
            let server = Server::play([first.into_iter().chain(next).collect()]);
            client.get(&server.url("/")).send_observed(&mut observer).unwrap();
            server.finish();
        } else {
            let server = Server::play([first.into_iter().chain([Step::Gone]).collect(), next]);
            client.get(&server.url("/")).send_observed(&mut observer).unwrap();
            server.finish();
        }
        assert!(story.iter().any(|line| line.starts_with(why)), "{length}: {story:?}");
    }
}

#[test]
fn a_silent_server_exceeds_the_first_byte_timeout() {
    let server = Server::play([vec![get("/"), Step::Gone]]);
    let silent = Timeouts { first_byte: Some(SHORT), ..timeouts() };
    let error = Client::new().get(&server.url("/")).with_timeouts(silent).send().unwrap_err();
    assert_eq!(timed_out(&error), (Timeout::FirstByte, Phase::Wait, 0, SHORT));
    let text = "timed out: the first-byte timeout of 400 ms expired while waiting for the response";
    let (url, address) = (server.url("/"), server.address());
    assert_eq!(error.to_string(), format!("get {url}: {text}: {address} is too slow"));
    assert!(error.is_timeout() && error.is_retryable());
    server.finish();
}

#[test]
fn a_head_that_stops_is_a_stall() {
    let server = Server::play([vec![get("/"), send("HTTP/1.1 200 OK\r\nX: "), Step::Gone]]);
    let stalls = Timeouts { stall: Some(SHORT), ..timeouts() };
    let error = Client::new().get(&server.url("/")).with_timeouts(stalls).send().unwrap_err();
    assert_eq!(timed_out(&error), (Timeout::Stall, Phase::Head, 0, SHORT));
    server.finish();
}

#[test]
fn a_slow_head_ends_at_the_total_timeout() {
    let begin = send("HTTP/1.1 200 OK\r\nX: ");
    let server = Server::play([vec![get("/"), begin, Step::Flood(vec![b'x'])]]);
    let total = Timeouts { total: Some(SHORT), stall: Some(Duration::from_secs(60)), ..timeouts() };
    let limits = Limits { head: usize::MAX, ..Limits::default() };
    let request = Client::new().get(&server.url("/")).with_timeouts(total).with_limits(limits);
    let error = request.send().unwrap_err();
    assert_eq!(timed_out(&error), (Timeout::Total, Phase::Head, 0, SHORT));
    assert!(!error.is_retryable(), "there is no time left to try again");
    server.finish();
}

#[test]
fn a_deadline_for_several_requests_is_the_total_of_each() {
    let server = Server::play([vec![get("/"), Step::Gone]]);
    let request = Client::new().get(&server.url("/"));
    let error = request.with_deadline(netcore::Deadline::after(SHORT)).send().unwrap_err();
    let (timeout, phase, ..) = timed_out(&error);
    assert_eq!((timeout, phase), (Timeout::Total, Phase::Wait));
    server.finish();

    let expired = netcore::Deadline::at(std::time::Instant::now());
    let error = Client::new().get("http://127.0.0.1:9/").with_deadline(expired).send().unwrap_err();
    let (timeout, phase, ..) = timed_out(&error);
    assert_eq!((timeout, phase), (Timeout::Total, Phase::Connect));
}

#[test]
fn the_total_goes_on_through_redirects_into_the_body() {
    let server = Server::play([vec![
        get("/"),
        redirect("/next"),
        get("/next"),
        send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"),
        Step::Flood(vec![b'x']),
    ]]);
    let total = Timeouts { total: Some(SHORT), ..timeouts() };
    let response = Client::new().get(&server.url("/")).with_timeouts(total).send();
    let error = response.and_then(|response| response.bytes(1 << 40)).unwrap_err();
    let (timeout, _, _, after) = timed_out(&error);
    assert_eq!((timeout, after), (Timeout::Total, SHORT));
    server.finish();
}

#[test]
fn a_refused_connection_has_its_address_and_code_as_cause() {
    // StepDeadline and not listening: nobody else can get the port meanwhile.
    let options = netcore::SocketOptions::new();
    let held = Socket::open(Domain::Ipv4, Type::Stream, Protocol::Default, &options).unwrap();
    held.bind(&Address::from(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
    let address = held.local_address().unwrap().inet().unwrap();
    let error =
        Client::new().with_address("host", 80, address).get("http://host/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_retryable());
    let text = format!("get http://host/: connect to tcp://{address}: connection refused");
    assert_eq!(error.to_string(), text);
    assert_eq!(error.network().unwrap().kind(), netcore::ErrorKind::ConnectionRefused);
    let io = std::io::Error::from(error);
    assert_eq!(io.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_malformed_head_has_an_offset() {
    let server =
        Server::play([vec![get("/"), send("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n")]]);
    let error = Client::new().get(&server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains(": malformed head at byte 33: "), "{error}");
    server.finish();
}

#[test]
fn a_warning_is_reported_and_the_connection_closed() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n";
    let server =
        Server::play([vec![get("/"), send(format!("{head}1\r\na\r\n0\r\n\r\n")), Step::Gone]]);
    let mut story = Vec::new();
    let client = Client::new();
    let sent = client.get(&server.url("/")).send_observed(&mut |event| story.extend(told(&event)));
    let mut response = sent.unwrap();
    assert_eq!(story.last().map(String::as_str), Some("LengthIgnored"));
    let mut content = Vec::new();
    std::io::Read::read_to_end(response.body(), &mut content).unwrap();
    assert_eq!(content, b"a");
    let connection_event = response.body().connection_event();
    assert!(matches!(connection_event, Some(Event::Closed { reason: CloseReason::Response })));
    server.finish();
}
