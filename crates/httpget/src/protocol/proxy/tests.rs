use netcore::testing::{error_law, split_law};

use super::*;
use crate::limits::Limits;
use crate::protocol::error::{ProtocolError, ResponsePart};
use crate::url::{Credentials, Url};

fn target(url: &str) -> TunnelTarget {
    TunnelTarget::of(&Url::parse(url).unwrap())
}

fn login() -> Credentials {
    Credentials::new("ann", "pass").unwrap()
}

/// Everything that a handshake tells of a stream: messages in quotes, statuses, the end, and the
/// bytes that belong to the tunnel.
fn tell(mut handshake: impl Handshake, chunks: &[&[u8]]) -> Vec<String> {
    let mut story = vec![format!("\"{}\"", handshake.start().escape_ascii())];
    let mut tunnel = Vec::new();
    let mut open = false;
    for chunk in chunks {
        let mut rest = *chunk;
        loop {
            let (used, progress) = match handshake.receive(rest) {
                Ok(received) => received,
                Err(error) => {
                    assert_eq!(handshake.receive(b"HTTP/1.1 200 OK\r\n\r\n").unwrap_err(), error);
                    assert_eq!(handshake.closed(), error, "the first error is final");
                    story.push(error_law(&error));
                    return story;
                }
            };
            match progress {
                Progress::NeedMore => assert_eq!(used, rest.len()),
                Progress::Send(message) => story.push(format!("\"{}\"", message.escape_ascii())),
                Progress::Interim(head) => story.push(format!("interim {}", head.status())),
                Progress::Reply(head) => story.push(format!("{}", head.status())),
                Progress::Open => open = true,
            }
            rest = &rest[used..];
            if open {
                tunnel.extend_from_slice(rest);
                break;
            }
            if rest.is_empty() && used == 0 {
                break;
            }
        }
    }
    story.push(match open {
        true => format!("open, \"{}\"", tunnel.escape_ascii()),
        false => {
            let error = handshake.closed();
            assert_eq!(handshake.closed(), error);
            error_law(&error)
        }
    });
    story
}

/// Checks the story of `bytes`, for every split of them. No prefix opens a tunnel, unless it lacks
/// only bytes of the tunnel.
#[track_caller]
fn check<H: Handshake>(bytes: &[u8], tunnel: usize, new: impl Fn() -> H, expected: &[&str]) {
    let story = tell(new(), &[bytes]);
    assert_eq!(story, expected);
    split_law(bytes, |chunks| tell(new(), chunks));
    for length in 0..bytes.len() - tunnel {
        let end = tell(new(), &[&bytes[..length]]).pop().unwrap();
        assert!(!end.starts_with("open"), "{length} bytes: {end}");
    }
}

const REQUEST: &str = r#""CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n""#;

fn connect() -> Connect {
    let limits = Limits::default().with_head(80).with_fields(2).with_interim(1);
    Connect::new(&target("https://h/"), &limits)
}

#[test]
fn a_2xx_opens_the_tunnel_right_behind_its_head() {
    let ok = &[REQUEST, "200 OK", r#"open, """#];
    check(b"HTTP/1.1 200 OK\r\n\r\n", 0, connect, ok);
    check(b"HTTP/1.0 200 Connection established\r\n\r\n", 0, connect, ok);
    check(b"HTTP/1.1 200 OK\n\n", 0, connect, ok);
    let early = &[REQUEST, "200 OK", r#"open, "SSH-""#];
    check(b"HTTP/1.1 200 OK\r\n\r\nSSH-", 4, connect, early);
    // RFC 9110 section 9.3.6: a client must ignore both fields, so their values cannot be wrong.
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nSSH-", 4, connect, early);
    check(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nSSH-", 4, connect, early);
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSSH-", 4, connect, early);
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x, y\r\n\r\nSSH-", 4, connect, early);
    check(b"HTTP/1.1 204 Odd\r\n\r\n", 0, connect, &[REQUEST, "204 No Content", r#"open, """#]);
    let interim = &[REQUEST, "interim 103 Early Hints", "200 OK", r#"open, """#];
    check(b"HTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, connect, interim);
}

#[test]
fn every_other_reply_to_connect_is_an_error() {
    let refused = |bytes: &[u8], status: &str| check(bytes, 0, connect, &[REQUEST, status, status]);
    refused(
        b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\n\r\nbody",
        "407 Proxy Authentication Required",
    );
    refused(b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", "302 Found");
    refused(b"HTTP/1.1 502 Bad\r\nContent-Length: 99\r\n\r\nno", "502 Bad Gateway");
    refused(b"HTTP/1.1 799\r\n\r\n", "799 <unknown status code>");

    let fails = |bytes: &[u8], error: &str| check(bytes, 0, connect, &[REQUEST, error]);
    fails(b"", "closed without a response");
    fails(b"HTTP/1.1 200 OK\r\nX: y\r\n", "head ended too early, after 23 bytes");
    fails(
        b"\x05\x00",
        "malformed head at byte 0: not an HTTP response, which would begin with HTTP/",
    );
    fails(
        b"HTTP/2 200\r\n\r\n",
        "malformed head at byte 5: a version other than HTTP/1.0 and HTTP/1.1",
    );
    fails(b"HTTP/1.1 200 OK\r\nX\r\n\r\n", "malformed head at byte 18: a line without a colon");
    // Framing counts where the reply has content.
    fails(
        b"HTTP/1.1 407 No\r\nContent-Length: -1\r\n\r\n",
        "malformed head at byte 33: a sign in Content-Length",
    );
    fails(
        b"HTTP/1.1 101 Switch\r\n\r\n",
        "malformed head at byte 9: 101, though no other protocol was requested",
    );
    fails(
        format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(99)).as_bytes(),
        "larger than the limit: head (at most 80)",
    );
    fails(
        b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nE: f\r\n\r\n",
        "larger than the limit: fields (at most 2)",
    );
    let endless =
        &[REQUEST, "interim 102 Processing", "larger than the limit: interim (at most 1)"];
    check(b"HTTP/1.1 102 A\r\n\r\nHTTP/1.1 102 B\r\n\r\n", 0, connect, endless);
    let cut = &[REQUEST, "interim 102 Processing", "head ended too early, after 0 bytes"];
    check(b"HTTP/1.1 102 A\r\n\r\n", 0, connect, cut);
}

#[test]
fn connect_names_the_target_and_sends_the_fields() {
    for (url, line) in [
        ("http://Example.com/a?b", "CONNECT example.com:80 HTTP/1.1"),
        ("http://[::1]:8080/", "CONNECT [::1]:8080 HTTP/1.1"),
        ("https://[fe80::1%25eth0]/", "CONNECT [fe80::1]:443 HTTP/1.1"),
        ("https://127.0.0.1/", "CONNECT 127.0.0.1:443 HTTP/1.1"),
    ] {
        let connect = Connect::new(&target(url), &Limits::default());
        let text = String::from_utf8(connect.start().to_vec()).unwrap();
        let host = line.split(' ').nth(1).unwrap();
        assert_eq!(text, format!("{line}\r\nHost: {host}\r\n\r\n"));
    }
    let connect = Connect::new(&target("https://h/"), &Limits::default())
        .with_field(&http::header::PROXY_AUTHORIZATION, &login().basic())
        .with_field(&http::header::USER_AGENT, &http::HeaderValue::from_static("a b"));
    assert_eq!(
        connect.start().escape_ascii().to_string(),
        "CONNECT h:443 HTTP/1.1\\r\\nHost: h:443\\r\\n\
         Proxy-Authorization: Basic YW5uOnBhc3M=\\r\\nUser-Agent: a b\\r\\n\\r\\n"
    );
    assert!(!format!("{connect:?}").contains("YW5u"), "{connect:?}");
}

#[test]
fn socks4_takes_a_granted_request_and_nothing_else() {
    const START: &str = r#""\x04\x01\x00P\x7f\x00\x00\x01ann\x00""#;
    let socks4 = || Socks4::new(&target("http://127.0.0.1/"), "ann").unwrap();
    let ok = b"\x00\x5a\x01\x02\x03\x04\x05\x06";
    check(ok, 0, socks4, &[START, r#"open, """#]);
    check(&[&ok[..], b"early"].concat(), 5, socks4, &[START, r#"open, "early""#]);
    for (bytes, error) in [
        (&b""[..], "closed without a reply"),
        (&ok[..1], "closed after 1 byte of a reply"),
        (&ok[..7], "closed after 7 bytes of a reply"),
        (b"\x00\x5b", "request rejected or failed"),
        (b"\x00\x5c......", "rejected because the proxy cannot reach identd on the client"),
        (b"\x00\x5d......", "rejected because identd reports another user"),
        (b"\x00\x5e", "malformed reply at byte 1: the code of a SOCKS4 reply is 90 to 93"),
        (b"\x04\x5a", "malformed reply at byte 0: the version of a SOCKS4 reply is 0"),
        (b"HTTP/1.1 400 Bad", "malformed reply at byte 0: the version of a SOCKS4 reply is 0"),
    ] {
        check(bytes, 0, socks4, &[START, error]);
    }
}

#[test]
fn socks4_requests_what_it_can_express() {
    let request = |url: &str, user: &str| {
        Socks4::new(&target(url), user).map(|socks| socks.start().escape_ascii().to_string())
    };
    let named = request("http://example.com:8080/", "").unwrap();
    assert_eq!(named, r"\x04\x01\x1f\x90\x00\x00\x00\x01\x00example.com\x00");
    let no_v6 = "SOCKS4 has no IPv6 addresses; SOCKS5 has";
    for (url, user, reason) in [
        ("http://[::1]/", "", no_v6),
        ("http://0.0.0.9/", "", "SOCKS4 cannot express an address in 0.0.0.0/24"),
        (
            "http://h/",
            &*"u".repeat(256),
            "SOCKS4 has users and names of at most 255 bytes, without NUL",
        ),
        ("http://h/", "a\0b", "SOCKS4 has users and names of at most 255 bytes, without NUL"),
    ] {
        let error = request(url, user).unwrap_err();
        assert_eq!(error, ProxyError::Unsupported(reason));
        assert_eq!(error_law(&error), reason);
    }
}

const GREETING: &str = r#""\x05\x01\x00""#;
const BOTH: &str = r#""\x05\x02\x00\x02""#;
const LOGIN: &str = r#""\x01\x03ann\x04pass""#;
const NAMED: &str = r#""\x05\x01\x00\x03\x01h\x01\xbb""#;

fn socks5() -> Socks5 {
    Socks5::new(&target("https://h/"), None).unwrap()
}

fn socks5_with_login() -> Socks5 {
    Socks5::new(&target("https://h/"), Some(&login())).unwrap()
}

#[test]
fn socks5_opens_with_every_type_of_bound_address() {
    for address in
        [&b"\x01\x7f\x00\x00\x01"[..], b"\x03\x00", b"\x03\x04name", b"\x04abcdefghijklmnop"]
    {
        let reply = [b"\x05\x00\x05\x00\x00", address, b"\x1f\x90"].concat();
        check(&reply, 0, socks5, &[GREETING, NAMED, r#"open, """#]);
        let early = [&reply[..], b"HTTP"].concat();
        check(&early, 4, socks5, &[GREETING, NAMED, r#"open, "HTTP""#]);
    }
}

#[test]
fn socks5_sends_the_login_only_if_the_proxy_selects_it() {
    let end = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let story = &[BOTH, LOGIN, NAMED, r#"open, """#];
    check(&[b"\x05\x02\x01\x00", &end[..]].concat(), 0, socks5_with_login, story);
    // The version of this reply differs between proxies.
    check(&[b"\x05\x02\x05\x00", &end[..]].concat(), 0, socks5_with_login, story);
    let anonymous = &[BOTH, NAMED, r#"open, """#];
    check(&[b"\x05\x00", &end[..]].concat(), 0, socks5_with_login, anonymous);
    let refused = &[BOTH, LOGIN, "user or password not accepted"];
    check(b"\x05\x02\x01\x01", 0, socks5_with_login, refused);
    check(b"\x05\x02\x01\xff", 0, socks5_with_login, refused);
    let method = "user and password refused as the method of authentication";
    check(b"\x05\xff", 0, socks5_with_login, &[BOTH, method]);
    check(b"\x05\xff", 0, socks5, &[GREETING, "authentication required"]);
    let cut = &[BOTH, LOGIN, "closed after 1 byte of a reply"];
    check(b"\x05\x02\x01", 0, socks5_with_login, cut);
    assert!(!format!("{:?}", socks5_with_login()).contains("112"), "the password is hidden");
}

#[test]
fn socks5_refuses_a_method_that_was_not_offered() {
    let error = "malformed reply at byte 1: a method of authentication that was not offered";
    check(b"\x05\x02", 0, socks5, &[GREETING, error]);
    check(b"\x05\x01", 0, socks5, &[GREETING, error]);
    check(b"\x05\x01", 0, socks5_with_login, &[BOTH, error]);
    check(b"\x05\x80rest", 0, socks5_with_login, &[BOTH, error]);
}

#[test]
fn each_reply_code_of_socks5_has_its_words() {
    for (code, words) in [
        (1, "general failure of the proxy"),
        (2, "not allowed by the rules of the proxy"),
        (3, "network unreachable"),
        (4, "host unreachable"),
        (5, "connection refused"),
        (6, "TTL expired"),
        (7, "command not supported"),
        (8, "address type not supported"),
        (9, "refused with the code 9"),
        (255, "refused with the code 255"),
    ] {
        let reply = [b"\x05\x00\x05", &[code][..], b"\x00\x01\x00\x00\x00\x00\x00\x00"].concat();
        check(&reply, 0, socks5, &[GREETING, NAMED, words]);
        // Nothing but the code is needed.
        check(&reply[..4], 0, socks5, &[GREETING, NAMED, words]);
    }
}

#[test]
fn malformed_and_cut_replies_of_socks5_are_errors() {
    let version = "malformed reply at byte 0: the version of a SOCKS5 reply is 5";
    check(b"", 0, socks5, &[GREETING, "closed without a reply"]);
    check(b"\x05", 0, socks5, &[GREETING, "closed after 1 byte of a reply"]);
    check(b"\x04\x00", 0, socks5, &[GREETING, version]);
    check(b"\x00\x5a......", 0, socks5, &[GREETING, version]);
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", 0, socks5, &[GREETING, version]);
    check(b"\x05\x00\x04\x00", 0, socks5, &[GREETING, NAMED, version]);
    check(b"\x05\x00", 0, socks5, &[GREETING, NAMED, "closed without a reply"]);
    let type_ = "malformed reply at byte 3: an address type of 1, 3 or 4 expected";
    check(b"\x05\x00\x05\x00\x00\x02....", 0, socks5, &[GREETING, NAMED, type_]);
    let cut = &[GREETING, NAMED, "closed after 9 bytes of a reply"];
    check(b"\x05\x00\x05\x00\x00\x01abcd\x00", 0, socks5, cut);
    let cut = &[GREETING, NAMED, "closed after 100 bytes of a reply"];
    let long = [&b"\x05\x00\x05\x00\x00\x03\xff"[..], &[b'x'; 95]].concat();
    check(&long, 0, socks5, cut);
}

#[test]
fn socks5_requests_names_and_addresses() {
    let request = |url: &str| {
        let mut socks = Socks5::new(&target(url), None).unwrap();
        let (_, progress) = socks.receive(b"\x05\x00").unwrap();
        let Progress::Send(request) = progress else { panic!("{progress:?}") };
        request.escape_ascii().to_string()
    };
    assert_eq!(request("http://127.0.0.1/"), r"\x05\x01\x00\x01\x7f\x00\x00\x01\x00P");
    let v6 =
        r"\x05\x01\x00\x04\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00P";
    assert_eq!(request("http://[fe80::1%25eth0]/"), v6);
    assert_eq!(request("http://a.test:81/"), r"\x05\x01\x00\x03\x06a.test\x00Q");
    let long = Credentials::new("u".repeat(256), "").unwrap();
    let error = Socks5::new(&target("http://h/"), Some(&long)).unwrap_err();
    assert_eq!(error_law(&error), "SOCKS5 has users and passwords of at most 255 bytes");
}

#[test]
fn failures_that_may_pass_are_retryable() {
    let status = |code| ProxyError::Status(http::StatusCode::from_u16(code).unwrap());
    let head = |part| ProtocolError::Incomplete { part, received: 0, expected: None };
    for error in [
        status(502),
        status(503),
        status(504),
        status(429),
        ProxyError::Head(head(ResponsePart::Response)),
        ProxyError::Refused(SocksRefusal::HostUnreachable),
        ProxyError::Refused(SocksRefusal::ConnectionRefused),
        ProxyError::Closed { received: 0 },
    ] {
        assert!(error.is_retryable(), "{error}");
    }
    for error in [
        status(407),
        status(403),
        status(302),
        ProxyError::Head(ProtocolError::TooLarge { limit: "head", max: 1 }),
        ProxyError::Refused(SocksRefusal::NotAllowed),
        ProxyError::Method { login: true },
        ProxyError::Login,
        ProxyError::Unsupported("x"),
    ] {
        assert!(!error.is_retryable(), "{error}");
    }
}
