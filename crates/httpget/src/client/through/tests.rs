use std::net::TcpListener;
use std::time::Duration;

use http::StatusCode;
use netcore::testing::error_law;

use super::*;
use crate::client::Client;
use crate::event::CloseReason;
use crate::fixture::{Server, Step, get, get_that, ok, redirect, send};
use crate::limits::Limits;
use crate::protocol::parse_field;
use crate::proxy::ProxyRules;
use crate::response::Response;
use crate::timeouts::{Timeout, Timeouts};

#[cfg(feature = "tls")]
mod encrypted;

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// A client whose only proxy is `server`, with this scheme and these credentials.
fn through(scheme: &str, server: &Server) -> Client {
    let address = server.address();
    let proxy = match scheme.split_once("://") {
        Some((scheme, credentials)) => format!("{scheme}://{credentials}{address}"),
        None => format!("{scheme}://{address}"),
    };
    Client::new().with_proxies(ProxyRules::from(Proxy::parse(&proxy).unwrap()))
}

fn tunnelling(server: &Server) -> Client {
    let proxy = Proxy::parse(&format!("a:b@{}", server.address())).unwrap();
    Client::new().with_proxies(ProxyRules::from(proxy).with_tunnel(true))
}

fn text(client: &Client, url: &str) -> Result<String, Error> {
    client.get(url).send()?.text(1 << 20)
}

/// Returns the response, and the events of proxies, connections and requests.
fn story(client: &Client, url: &str) -> (Result<Response, Error>, Vec<String>) {
    let mut story = Vec::new();
    let line = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap().to_owned();
    let sent = client.get(url).send_observed(&mut |event| match event {
        Event::Proxy(proxy) => story.push(format!("by {}", proxy.scheme().as_str())),
        Event::Connect(netcore::connect::ConnectEvent::Connected { .. }) => {
            story.push("connected".to_owned());
        }
        Event::Reused { .. } => story.push("reused".to_owned()),
        Event::TunnelRequest(bytes) | Event::Request(bytes) => story.push(line(bytes)),
        Event::TunnelReply(head) => story.push(format!("reply {}", head.status().as_u16())),
        Event::Tunnel { target } => story.push(format!("tunnel to {target}")),
        Event::Head(head) => story.push(format!("head {}", head.status().as_u16())),
        _ => {}
    });
    (sent, story)
}

/// The error of a GET of `url` through `server`, which must obey the law of errors.
#[track_caller]
fn error(client: &Client, url: &str) -> (ErrorKind, String) {
    let error = client.get(url).send().unwrap_err();
    (error.kind(), error_law(&error))
}

#[test]
fn an_http_proxy_gets_the_url_and_serves_all_origins_over_one_connection() {
    let server = Server::play([vec![
        get_that("http://one.test/a?b", |head| {
            assert!(head.contains("\r\nHost: one.test\r\n"), "{head}");
            assert!(head.contains("\r\nProxy-Authorization: Basic YTpi\r\n"), "{head}");
            assert!(!head.contains("\r\nAuthorization"), "{head}");
        }),
        ok("1"),
        get_that("http://two.test:81/", |head| {
            assert!(head.contains("\r\nAuthorization: Basic dTp2\r\n"), "{head}");
        }),
        ok("2"),
    ]]);
    let client = through("http://a:b@", &server);
    let (response, told) = story(&client, "http://one.test/a?b");
    let response = response.unwrap();
    assert_eq!(response.peer_address(), Some(&server.address().into()));
    assert_eq!(response.timings().tunneled, None);
    assert_eq!(response.text(9).unwrap(), "1");
    assert_eq!(told, ["by http", "connected", "GET http://one.test/a?b HTTP/1.1", "head 200"]);
    let (response, told) = story(&client, "http://u:v@two.test:81/");
    assert_eq!(response.unwrap().text(9).unwrap(), "2");
    assert_eq!(told[..2], ["by http", "reused"]);
    server.finish();
}

#[test]
fn a_tunnel_serves_one_origin_and_hides_each_side_s_credentials_from_the_other() {
    let connect = |target: &'static str| {
        get_that(target, |head| {
            assert!(head.contains("\r\nProxy-Authorization: Basic YTpi\r\n"), "{head}");
            assert!(head.contains("\r\nUser-Agent: httpget/"), "{head}");
            for secret in ["\r\nAuthorization", "Cookie", "X-Token", "Accept"] {
                assert!(!head.contains(secret), "{head}");
            }
        })
    };
    let request = |target: &'static str| {
        get_that(target, |head| {
            assert!(head.contains("\r\nHost: one.test\r\n"), "{head}");
            assert!(head.contains("\r\nAuthorization: Basic dTp2\r\n"), "{head}");
            assert!(head.contains("\r\nCookie: c\r\n"), "{head}");
            assert!(!head.contains("Proxy-"), "{head}");
        })
    };
    let server = Server::play([
        vec![
            connect("CONNECT one.test:80"),
            // RFC 9110 section 9.3.6: the length has no meaning.
            send("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"),
            request("/a"),
            ok("a"),
            request("/b"),
            ok("b"),
        ],
        vec![connect("CONNECT two.test:80"), send(OPEN), get("/c"), ok("c")],
    ]);
    let client = tunnelling(&server)
        .with_field(parse_field("Cookie: c").unwrap())
        .with_field(parse_field("X-Token: t").unwrap());
    let (response, told) = story(&client, "http://u:v@one.test/a");
    let response = response.unwrap();
    let timings = *response.timings();
    assert!(timings.connected.unwrap() <= timings.tunneled.unwrap());
    assert!(timings.tunneled.unwrap() <= timings.sent.unwrap());
    assert_eq!(response.text(9).unwrap(), "a");
    let expected = [
        "by http",
        "connected",
        "CONNECT one.test:80 HTTP/1.1",
        "reply 200",
        "tunnel to one.test:80",
        "GET /a HTTP/1.1",
        "head 200",
    ];
    assert_eq!(told, expected);
    assert_eq!(text(&client, "http://u:v@one.test/b").unwrap(), "b");
    assert_eq!(text(&client, "http://two.test/c").unwrap(), "c");
    server.finish();
}

#[test]
fn a_redirect_changes_the_proxy_and_takes_no_credentials_along() {
    let second = Server::play([vec![
        get_that("CONNECT h.test:443", |head| assert!(!head.contains("Proxy-A"), "{head}")),
        send("HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nbody"),
        Step::Gone,
    ]]);
    let first = Server::play([vec![
        get_that("http://h.test/", |head| {
            assert!(head.contains("\r\nProxy-Authorization: hand\r\n"), "{head}");
        }),
        redirect("https://h.test/"),
    ]]);
    let rules = ProxyRules::from_variables([
        ("http_proxy", format!("a:b@{}", first.address())),
        ("https_proxy", second.address().to_string()),
    ]);
    let client = Client::new()
        .with_proxies(rules)
        .with_field(parse_field("Proxy-Authorization: hand").unwrap());
    let result = client.get("http://h.test/").send();
    first.finish();
    if cfg!(feature = "tls") {
        let error = result.unwrap_err();
        let refused = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        assert_eq!(error.kind(), ErrorKind::TunnelRefused(refused));
        assert!(!error.is_retryable());
        second.finish();
    } else {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnsupportedScheme);
        drop(std::net::TcpStream::connect(second.address()));
        std::mem::forget(second);
    }
}

#[test]
fn an_origin_never_gets_proxy_authorization() {
    let server = Server::play([vec![
        get_that("/", |head| assert!(!head.contains("Proxy-"), "{head}")),
        ok(""),
    ]]);
    let client = Client::new().with_field(parse_field("Proxy-Authorization: hand").unwrap());
    text(&client, &server.url("/")).unwrap();
    server.finish();
}

#[test]
fn a_refused_tunnel_names_both_hops_and_ends_the_connection() {
    for (status, retryable) in [(407, false), (302, false), (403, false), (502, true), (503, true)]
    {
        let code = StatusCode::from_u16(status).unwrap();
        let reply = format!(
            "HTTP/1.1 {status} x\r\nLocation: http://elsewhere.test/\r\nContent-Length: 9\r\n\r\n"
        );
        let server = Server::play([vec![get("CONNECT h.test:80"), send(reply), Step::Gone]]);
        let client = tunnelling(&server);
        let refused = client.get("http://h.test/").send().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TunnelRefused(code));
        assert_eq!(refused.is_retryable(), retryable, "{status}");
        let failure = refused.proxy_failure().unwrap();
        assert_eq!(failure.error(), &ProxyError::Status(code));
        assert_eq!(
            error_law(&refused),
            format!(
                "get http://h.test/: proxy {} refused the tunnel to h.test:80: {code}",
                server.address()
            )
        );
        server.finish();
    }
}

#[test]
fn hostile_replies_to_connect_are_bounded_errors() {
    let refused = |reply: Vec<Step>| {
        let script = [vec![get("CONNECT h.test:80")], reply].into_iter().flatten().collect();
        let server = Server::play([script]);
        let client = tunnelling(&server).with_limits(Limits::default().with_head(1000));
        let error = client.get("http://h.test/").send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tunnel, "{error}");
        let line = error_law(&error);
        let start =
            format!("get http://h.test/: proxy {}: no tunnel to h.test:80: ", server.address());
        assert!(line.starts_with(&start), "{line}");
        server.finish();
        (line[start.len()..].to_owned(), error.is_retryable())
    };
    let end = |reply: Vec<Step>| refused(reply).0;
    assert_eq!(refused(vec![Step::Close]), ("closed without a response".to_owned(), true));
    let cut = refused(vec![send("HTTP/1.1 200 OK\r\nX"), Step::Close]);
    assert_eq!(cut, ("head ended too early, after 18 bytes".to_owned(), true));
    let flood = end(vec![send("HTTP/1.1 200 OK\r\n"), Step::Flood(vec![b'x'; 1 << 12])]);
    assert_eq!(flood, "larger than the limit: head (at most 1000)");
    let flood = end(vec![Step::Flood(b"HTTP/1.1 100 Go on\r\n\r\n".to_vec())]);
    assert_eq!(flood, "larger than the limit: interim (at most 16)");
    let socks = refused(vec![send("\x05\x7f"), Step::Gone]);
    assert!(socks.0.starts_with("malformed head at byte 0: not an HTTP response"), "{socks:?}");
    assert!(!socks.1);
    let early = end(vec![send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), Step::Gone]);
    assert_eq!(early, "19 bytes came before anything was requested");
}

#[test]
fn a_reset_within_the_handshake_names_the_proxy() {
    let server = Server::play([vec![get("CONNECT h.test:80"), Step::Reset]]);
    let (kind, line) = error(&tunnelling(&server), "http://h.test/");
    assert_eq!(kind, ErrorKind::Transport { phase: Phase::Proxy, received: 0 });
    let name = format!("read from proxy {}: connection reset", server.address());
    assert!(line.contains(&name), "{line}");
    server.finish();
    let server = Server::play([vec![Step::Bytes(b"\x05\x01\x00"), Step::Reset]]);
    let (kind, line) = error(&through("socks5h", &server), "http://h.test/");
    assert_eq!(kind, ErrorKind::Socks);
    let name = format!("read from SOCKS5 proxy {}: connection reset", server.address());
    assert!(line.contains(&name), "{line}");
    server.finish();
}

#[test]
fn the_connect_timeout_covers_the_handshake() {
    let silent = || vec![Step::Gone];
    let slow = || {
        let bytes = b"HTTP/1.1 200 OK\r\n".iter().map(|byte| Step::Send(vec![*byte]));
        bytes.chain([Step::Gone]).collect()
    };
    let scripts: [(&str, Vec<Step>); 3] = [
        ("http", [vec![get("CONNECT h.test:80")], silent()].into_iter().flatten().collect()),
        ("http", [vec![get("CONNECT h.test:80")], slow()].into_iter().flatten().collect()),
        ("socks5h", [vec![Step::Bytes(b"\x05\x01\x00")], silent()].into_iter().flatten().collect()),
    ];
    for (scheme, script) in scripts {
        let server = Server::play([script]);
        let proxy = Proxy::parse(&format!("{scheme}://{}", server.address())).unwrap();
        let name = proxy.name();
        let after = Duration::from_millis(300);
        let client = Client::new()
            .with_proxies(ProxyRules::from(proxy).with_tunnel(true))
            .with_timeouts(Timeouts::default().with_connect(after));
        let (kind, line) = error(&client, "http://h.test/");
        assert_eq!(
            kind,
            ErrorKind::TimedOut {
                timeout: Timeout::Connect,
                phase: Phase::Proxy,
                received: 0,
                after
            }
        );
        assert_eq!(
            line,
            format!(
                "get http://h.test/: timed out: the connect timeout of 300 ms expired while \
                 negotiating with the proxy: {name} is too slow"
            )
        );
        server.finish();
    }
}

#[test]
fn a_proxy_that_is_not_reached_is_named() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for scheme in ["http", "socks5h"] {
        let proxy = Proxy::parse(&format!("{scheme}://127.0.0.1:{port}")).unwrap();
        let name = proxy.name();
        let client = Client::new().with_proxies(proxy.into());
        let (kind, line) = error(&client, "http://h.test/");
        assert_eq!(kind, ErrorKind::Connect);
        let start = format!("get http://h.test/: connect to {name}: connection refused");
        assert!(line.starts_with(&start), "{line}");
    }
    let v4 = Proxy::parse("http://127.0.0.1:9").unwrap();
    let connector = netcore::Connector::new().with_family(Family::Ipv6);
    let client = Client::new().with_proxies(v4.into()).with_connector(connector);
    let (kind, line) = error(&client, "http://h.test/");
    assert_eq!(kind, ErrorKind::ResolveProxy);
    assert!(line.starts_with("get http://h.test/: resolve proxy 127.0.0.1:9: "), "{line}");
    let broken = ProxyRules::from_variables([("http_proxy", "x y")]);
    let (kind, line) = error(&Client::new().with_proxies(broken), "http://h.test/");
    assert_eq!(kind, ErrorKind::InvalidProxy);
    assert!(line.starts_with("get http://h.test/: http_proxy=\"x y\" is not a proxy"), "{line}");
}

#[test]
fn a_fixed_address_is_used_for_a_proxy_and_for_names_resolved_here() {
    let server = Server::play([vec![get("http://h.test/"), ok("absolute")]]);
    let address = server.address();
    let client = Client::new()
        .with_proxies(Proxy::parse("proxy.test:3128").unwrap().into())
        .with_address("proxy.test", 3128, address);
    assert_eq!(text(&client, "http://h.test/").unwrap(), "absolute");
    server.finish();

    let server = Server::play([vec![
        Step::Bytes(b"\x05\x01\x00"),
        send(b"\x05\x00"),
        Step::Bytes(b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x51"),
        send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        get("/"),
        ok("socks"),
    ]]);
    let client = through("socks5", &server).with_address("h.test", 80, ([192, 0, 2, 7], 81).into());
    assert_eq!(text(&client, "http://h.test/").unwrap(), "socks");
    server.finish();
}

#[test]
fn socks_proxies_get_names_or_addresses_as_their_scheme_says() {
    let v6: &[u8] = b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00P";
    let scripts: [(&str, &str, Vec<Step>); 5] = [
        (
            "socks4",
            "http://127.0.0.1/",
            vec![Step::Bytes(b"\x04\x01\x00P\x7f\x00\x00\x01\x00"), send(b"\x00\x5a......")],
        ),
        (
            "socks4",
            "http://x.localhost/",
            vec![Step::Bytes(b"\x04\x01\x00P\x7f\x00\x00\x01\x00"), send(b"\x00\x5a......")],
        ),
        (
            "socks4a://ann:x@",
            "http://h.test/",
            vec![
                Step::Bytes(b"\x04\x01\x00P\x00\x00\x00\x01ann\0h.test\0"),
                send(b"\x00\x5a......"),
            ],
        ),
        (
            "socks5h://ann:pass@",
            "http://h.test/",
            vec![
                Step::Bytes(b"\x05\x02\x00\x02"),
                send(b"\x05\x02"),
                Step::Bytes(b"\x01\x03ann\x04pass"),
                send(b"\x01\x00"),
                Step::Bytes(b"\x05\x01\x00\x03\x06h.test\x00P"),
                send(b"\x05\x00\x00\x03\x01x\x00\x00"),
            ],
        ),
        (
            "socks5h",
            "http://[::1]/",
            vec![
                Step::Bytes(b"\x05\x01\x00"),
                send(b"\x05\x00"),
                Step::Bytes(v6),
                send(b"\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00P"),
            ],
        ),
    ];
    for (scheme, url, handshake) in scripts {
        let request = vec![
            get_that("/", |head| assert!(!head.contains("Proxy-"), "{head}")),
            ok("through"),
            get("/"),
            ok("again"),
        ];
        let server = Server::play([handshake.into_iter().chain(request).collect()]);
        let client = through(scheme, &server);
        assert_eq!(text(&client, url).unwrap(), "through", "{scheme}");
        assert_eq!(text(&client, url).unwrap(), "again", "{scheme}");
        server.finish();
    }
}

/// The names under localhost have an IPv6 and an IPv4 address.
#[test]
fn the_next_address_is_tried_after_a_refusal_that_concerns_the_address() {
    let v6: &[u8] = b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00P";
    let v4: &[u8] = b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00P";
    let refusal = |request: &'static [u8], reply: &'static [u8]| {
        vec![Step::Bytes(b"\x05\x01\x00"), send(b"\x05\x00"), Step::Bytes(request), send(reply)]
    };
    let open = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let second = refusal(v4, open).into_iter().chain([get("/"), ok("v4")]).collect();
    let server = Server::play([refusal(v6, b"\x05\x08\x00"), second]);
    let client = through("socks5", &server);
    assert_eq!(text(&client, "http://x.localhost/").unwrap(), "v4");
    server.finish();

    let server = Server::play([refusal(v6, b"\x05\x03\x00"), refusal(v4, b"\x05\x05\x00")]);
    let client = through("socks5", &server);
    let (kind, line) = error(&client, "http://x.localhost/");
    assert_eq!(kind, ErrorKind::Socks);
    assert_eq!(
        line,
        format!(
            "get http://x.localhost/: SOCKS5 proxy {}: no tunnel to 127.0.0.1:80: connection refused",
            server.address()
        )
    );
    server.finish();

    let server = Server::play([refusal(v6, b"\x05\x02\x00")]);
    let client = through("socks5", &server);
    let (_, line) = error(&client, "http://x.localhost/");
    assert!(line.ends_with("[::1]:80: not allowed by the rules of the proxy"), "{line}");
    server.finish();
}

#[test]
fn socks_refusals_and_faults_are_errors_of_the_proxy() {
    for (scheme, url, script, end, retryable) in [
        (
            "socks5h",
            "http://h.test/",
            vec![Step::Bytes(b"\x05\x01\x00"), send(b"\x05\xff"), Step::Gone],
            "SOCKS5 proxy {}: no tunnel to h.test:80: authentication required",
            false,
        ),
        (
            "socks5h",
            "http://h.test/",
            vec![Step::Bytes(b"\x05\x01\x00"), send(b"HTTP/1.1 400 Bad\r\n\r\n"), Step::Gone],
            "SOCKS5 proxy {}: no tunnel to h.test:80: malformed reply at byte 0: the version of a \
             SOCKS5 reply is 5",
            false,
        ),
        (
            "socks5h",
            "http://h.test/",
            vec![
                Step::Bytes(b"\x05\x01\x00"),
                send(b"\x05\x00"),
                Step::Bytes(b"\x05\x01\x00\x03\x06h.test\x00P"),
                send(b"\x05\x04\x00"),
                Step::Gone,
            ],
            "SOCKS5 proxy {}: no tunnel to h.test:80: host unreachable",
            true,
        ),
        (
            "socks4a",
            "http://h.test/",
            vec![
                Step::Bytes(b"\x04\x01\x00P\x00\x00\x00\x01\0h.test\0"),
                send(b"\x00\x5a...."),
                Step::Close,
            ],
            "SOCKS4 proxy {}: no tunnel to h.test:80: closed after 6 bytes of a reply",
            true,
        ),
    ] {
        let server = Server::play([script]);
        let failed = through(scheme, &server).get(url).send().unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Socks);
        assert_eq!(failed.is_retryable(), retryable);
        let expected = end.replace("{}", &server.address().to_string());
        assert_eq!(error_law(&failed), format!("get {url}: {expected}"));
        server.finish();
    }
}

#[test]
fn socks4_refuses_ipv6_before_it_connects() {
    let proxy = Proxy::parse("socks4a://127.0.0.1:9").unwrap();
    let client = Client::new().with_proxies(proxy.into());
    let (kind, line) = error(&client, "http://[::1]/");
    assert_eq!(kind, ErrorKind::Socks);
    assert_eq!(
        line,
        "get http://[::1]/: SOCKS4 proxy 127.0.0.1:9: no tunnel to [::1]:80: \
         SOCKS4 has no IPv6 addresses; SOCKS5 has"
    );
}

#[test]
fn hosts_without_a_proxy_are_reached_directly() {
    let server = Server::play([vec![get("/"), ok("direct")]]);
    let rules = ProxyRules::from_variables([("http_proxy", "127.0.0.1:9"), ("no_proxy", "*")]);
    let client = Client::new().with_proxies(rules);
    assert_eq!(text(&client, &server.url("/")).unwrap(), "direct");
    server.finish();
}

#[cfg(unix)]
#[test]
fn a_unix_socket_takes_the_place_of_proxies() {
    let proxy = Proxy::parse("127.0.0.1:9").unwrap();
    let client = Client::new().with_proxies(proxy.into()).with_unix_socket("/nowhere/at/all");
    let (kind, line) = error(&client, "http://h.test/");
    assert_eq!(kind, ErrorKind::Connect);
    assert!(line.contains("/nowhere/at/all") && !line.contains("proxy"), "{line}");
}

#[test]
fn a_connection_that_the_proxy_ended_is_replaced() {
    let server = Server::play([
        vec![get("CONNECT h.test:80"), send(OPEN), get("/a"), ok("a"), get("/b"), Step::Close],
        vec![get("CONNECT h.test:80"), send(OPEN), get("/b"), ok("b")],
    ]);
    let client = tunnelling(&server);
    assert_eq!(text(&client, "http://h.test/a").unwrap(), "a");
    let mut response = client.get("http://h.test/b").send().unwrap();
    let mut body = Vec::new();
    std::io::Read::read_to_end(response.body(), &mut body).unwrap();
    assert_eq!(body, b"b");
    let event = response.body().connection_event();
    assert!(!matches!(event, Some(Event::Closed { reason: CloseReason::NotKept })), "{event:?}");
    server.finish();
}

#[test]
fn a_broken_tunnel_names_the_server_and_the_proxy() {
    let server = Server::play([vec![get("CONNECT h.test:80"), send(OPEN), get("/"), Step::Reset]]);
    let (kind, line) = error(&tunnelling(&server), "http://h.test/");
    assert!(matches!(kind, ErrorKind::Transport { .. }), "{line}");
    let hops = format!(" h.test:80 through proxy {}: connection reset", server.address());
    assert!(line.contains(&hops), "{line}");
    server.finish();
}
