use std::io;
use std::time::Duration;

use http::StatusCode;
use netcore::Operation;
use netcore::testing::error_law;

use super::*;
use crate::timeouts::Timeout;

#[cfg(unix)]
const RESET: i32 = libc::ECONNRESET;
#[cfg(windows)]
const RESET: i32 = 10_054;

fn network(operation: Operation, kind: netcore::ErrorKind) -> netcore::Error {
    let cause = io::Error::from_raw_os_error(RESET);
    netcore::Error::new(operation, kind).at("h:80").because(cause)
}

fn url() -> Url {
    Url::parse("http://user:secret@h/x").unwrap()
}

/// Every kind, as it comes up.
fn all() -> Vec<Error> {
    let after = Duration::from_millis(1500);
    let timed_out = |timeout, phase, received| {
        Error::new(ErrorKind::TimedOut { timeout, phase, received, after })
            .with_cause(NoAnswer(network(Operation::Read, netcore::ErrorKind::TimedOut)))
    };
    let incomplete = |part| ProtocolError::Incomplete { part, received: 3, expected: Some(9) };
    let malformed =
        ProtocolError::Malformed { part: ResponsePart::Head, offset: 17, what: "a sign" };
    let reset = || network(Operation::Read, netcore::ErrorKind::ConnectionReset);
    vec![
        Error::from(Url::parse("http://h/ x").unwrap_err()),
        Error::from(Url::parse("gopher://h/").unwrap_err()),
        Error::from(crate::protocol::parse_field("a b: c").unwrap_err()).with_url(&url()),
        Error::transport(
            network(Operation::Resolve, netcore::ErrorKind::NoData),
            Phase::Resolve,
            0,
        ),
        Error::transport(reset(), Phase::Connect, 0),
        Error::transport(
            network(Operation::Handshake, netcore::ErrorKind::CertificateUntrusted),
            Phase::Handshake,
            0,
        ),
        Error::transport(reset(), Phase::Wait, 0),
        Error::transport(reset(), Phase::Body, 7),
        timed_out(Timeout::Total, Phase::Body, 1234),
        timed_out(Timeout::FirstByte, Phase::Wait, 0),
        Error::cancelled(Phase::Retry, 0),
        Error::transport(network(Operation::Read, netcore::ErrorKind::Cancelled), Phase::Body, 7),
        Error::from(incomplete(ResponsePart::Response)),
        Error::from(incomplete(ResponsePart::Head)),
        Error::from(incomplete(ResponsePart::Body)),
        Error::from(incomplete(ResponsePart::Trailers)),
        Error::from(malformed),
        Error::from(ProtocolError::TooLarge { limit: "head", max: 9 }),
        Error::from(RedirectError::TooMany { limit: 3 }),
        Error::from(RedirectError::Conflicting),
        Error::from(RedirectError::Insecure),
        Error::from(RedirectError::Location(Url::parse("").unwrap_err())),
        Error::new(ErrorKind::Status(StatusCode::NOT_FOUND)),
        Error::new(ErrorKind::Write)
            .with_cause(network(Operation::Write, netcore::ErrorKind::StorageFull)),
        Error::new(ErrorKind::Digest).with_cause("expected sha256 00, received 11"),
    ]
}

/// The errors that proxies cause.
#[cfg(feature = "proxy")]
fn of_proxies() -> Vec<(Error, &'static str)> {
    use crate::protocol::proxy::{ProxyError, SocksRefusal, TunnelTarget};
    use crate::proxy::Proxy;

    let proxy = |text| Proxy::parse(text).unwrap();
    let failure = |kind, text, error| {
        let target = TunnelTarget::of(&url());
        Error::new(kind).with_cause(ProxyFailure::new(&proxy(text), &target, error))
    };
    let refused = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    let head = ProtocolError::TooLarge { limit: "head", max: 9 };
    let reset = network(Operation::Read, netcore::ErrorKind::ConnectionReset);
    vec![
        (
            Error::new(ErrorKind::InvalidProxy).with_cause(Proxy::parse("p:x").unwrap_err()),
            "\"p:x\" is not a proxy: at byte 2: a port from 1 to 65535 expected",
        ),
        (
            Error::new(ErrorKind::ResolveProxy)
                .with_cause(network(Operation::Resolve, netcore::ErrorKind::NoData)),
            "resolve h:80: host has no address",
        ),
        (
            failure(ErrorKind::TunnelRefused(refused), "p:1", ProxyError::Status(refused)),
            "proxy p:1 refused the tunnel to h:80: 407 Proxy Authentication Required",
        ),
        (
            failure(ErrorKind::Tunnel, "p:1", ProxyError::Head(head)),
            "proxy p:1: no tunnel to h:80: larger than the limit: head (at most 9)",
        ),
        (
            failure(ErrorKind::Tunnel, "p:1", ProxyError::Early { count: 3 }),
            "proxy p:1: no tunnel to h:80: 3 bytes came before anything was requested",
        ),
        (
            failure(
                ErrorKind::Socks,
                "socks5://p",
                ProxyError::Refused(SocksRefusal::HostUnreachable),
            ),
            "SOCKS5 proxy p:1080: no tunnel to h:80: host unreachable",
        ),
        (
            Error::transport(reset, Phase::Proxy, 0),
            "the connection broke while negotiating with the proxy: read from h:80: \
             connection reset",
        ),
    ]
}

#[cfg(feature = "proxy")]
#[test]
fn every_error_of_a_proxy_obeys_the_law() {
    for (error, reason) in of_proxies() {
        let kind = error.kind();
        crate::fixture::assert_reason(&error.with_url(&url()), reason);
        error_law(&Error::new(kind).with_url(&url()));
    }
}

#[test]
fn every_error_of_a_get_obeys_the_law() {
    for error in all().into_iter().map(|error| error.with_url(&url())) {
        let line = error_law(&error);
        assert_eq!(error.url(), Some("http://h/x"));
        assert!(line.starts_with("get http://h/x: "), "{line}");
        assert!(!line.contains("secret"), "{line}");
        let cause = error.cause().map(ToString::to_string).unwrap_or_default();
        let kind = error.kind().to_string();
        assert!(error.to_string().ends_with(&*if cause.is_empty() { kind } else { cause }));
    }
}

#[test]
fn each_error_alone_says_what_failed_on_what_and_why() {
    let texts: Vec<String> = all().iter().map(ToString::to_string).collect();
    for expected in [
        "\"http://h/ x\" is not a URL: at byte 9: ",
        "\"gopher://h/\" is not a URL: at byte 0: the scheme gopher is neither http nor https",
        "get http://h/x: this field can't be sent: at byte 1: ",
        "resolve h:80: host has no address",
        "read from h:80: connection reset",
        "the connection broke while waiting for the response: read from h:80: connection reset",
        "the connection broke while receiving the body, after 7 bytes: read from h:80: connection reset",
        "timed out: the total timeout of 1.500 s expired while receiving the body, after 1234 bytes: \
         h:80 is too slow",
        "cancelled while waiting before another attempt",
        "cancelled while receiving the body, after 7 bytes",
        "the server closed without a response",
        "head ended after 3 of 9 bytes",
        "the body ended after 3 of 9 bytes",
        "malformed head at byte 17: a sign",
        "larger than the limit: head (at most 9)",
        "more than 3 redirects",
        "several Locations, which differ",
        "a redirect from https to http",
        "a Location that can't be followed: \"\" is not a URL: at byte 0: ",
        "status 404 Not Found",
        "write to h:80: no space left",
        "the content does not match its digest: expected sha256 00, received 11",
    ] {
        assert!(texts.iter().any(|text| text.starts_with(expected)), "{expected}: {texts:#?}");
    }
}

/// The errors that a caller of the protocol, of URLs and of fields meets without a GET.
#[test]
fn every_error_type_obeys_the_law() {
    let incomplete = |part, expected| ProtocolError::Incomplete { part, received: 3, expected };
    let table: [(Box<dyn StdError>, &str); 12] = [
        (Box::new(Url::parse("http://h/ x").unwrap_err()), "\"http://h/ x\""),
        (Box::new(Url::parse("gopher://h/").unwrap_err()), "gopher"),
        (Box::new(crate::protocol::parse_field("a b: c").unwrap_err()), "byte 1"),
        (
            Box::new(ProtocolError::Malformed {
                part: ResponsePart::Head,
                offset: 17,
                what: "a sign",
            }),
            "head at byte 17: a sign",
        ),
        (Box::new(ProtocolError::TooLarge { limit: "head", max: 9 }), "head (at most 9)"),
        (Box::new(incomplete(ResponsePart::Response, None)), "without a response"),
        (Box::new(incomplete(ResponsePart::Body, Some(9))), "after 3 of 9 bytes"),
        (Box::new(incomplete(ResponsePart::Trailers, None)), "after 3 bytes"),
        (Box::new(RedirectError::TooMany { limit: 3 }), "3"),
        (Box::new(RedirectError::Conflicting), "Locations"),
        (Box::new(RedirectError::Insecure), "https to http"),
        (Box::new(RedirectError::Location(Url::parse("x:y").unwrap_err())), "\"x:y\""),
    ];
    for (error, target) in table {
        let line = error_law(&*error);
        assert!(line.contains(target), "{line}");
    }
}

#[cfg(feature = "download")]
#[test]
fn every_error_of_a_download_obeys_the_law() {
    use crate::download::FileError;
    use crate::download::resume::RangeFault;

    let full = io::Error::other("the disk is full");
    let file = FileError::new("write", "/x/file.part".as_ref())(full);
    let mut causes: Vec<(Box<dyn StdError + Send + Sync>, ErrorKind)> =
        vec![(Box::new(file), ErrorKind::Write)];
    for fault in [
        RangeFault::Unasked,
        RangeFault::Unreadable,
        RangeFault::Elsewhere { asked: 9, began: 0 },
        RangeFault::Whole,
        RangeFault::Beyond,
        RangeFault::Length { range: 9, sent: 8 },
    ] {
        error_law(&fault);
        causes.push((Box::new(fault), ErrorKind::Range));
    }
    for (cause, kind) in causes {
        let reason = cause.to_string();
        let error = Error::new(kind).with_cause(cause).with_url(&url());
        crate::fixture::assert_reason(&error, &reason);
    }
}

#[test]
fn an_io_error_keeps_the_kind_and_the_error() {
    let kinds = [
        (ErrorKind::BodyTruncated { received: 1, expected: None }, io::ErrorKind::UnexpectedEof),
        (ErrorKind::Malformed, io::ErrorKind::InvalidData),
        (ErrorKind::InvalidUrl, io::ErrorKind::InvalidInput),
        (ErrorKind::UnsupportedScheme, io::ErrorKind::Unsupported),
        (ErrorKind::Status(StatusCode::GONE), io::ErrorKind::Other),
    ];
    for (kind, expected) in kinds {
        let error = io::Error::from(Error::new(kind));
        assert_eq!(error.kind(), expected);
        let inner = error.into_inner().and_then(|inner| inner.downcast::<Error>().ok()).unwrap();
        assert_eq!(inner.kind(), kind);
    }
    for (kind, expected) in [
        (netcore::ErrorKind::StorageFull, io::ErrorKind::StorageFull),
        (netcore::ErrorKind::BrokenPipe, io::ErrorKind::BrokenPipe),
    ] {
        let error = Error::new(ErrorKind::Write).with_cause(network(Operation::Write, kind));
        assert_eq!(io::Error::from(error).kind(), expected);
    }
}

#[test]
fn retryable_errors_are_known() {
    let status = |code| ErrorKind::Status(StatusCode::from_u16(code).unwrap());
    for kind in [status(408), status(429), status(500), status(503), ErrorKind::NothingReceived] {
        assert!(Error::new(kind).is_retryable(), "{kind}");
    }
    for kind in [status(404), status(400), ErrorKind::Malformed, ErrorKind::TooLarge] {
        assert!(!Error::new(kind).is_retryable(), "{kind}");
    }
    let resolve = |kind| Error::transport(network(Operation::Resolve, kind), Phase::Resolve, 0);
    assert!(resolve(netcore::ErrorKind::TryAgain).is_retryable());
    assert!(!resolve(netcore::ErrorKind::HostNotFound).is_retryable());
}

#[test]
fn the_cause_of_a_timeout_names_the_silent_peer() {
    let timeout = |operation| {
        let error = netcore::Error::new(operation, netcore::ErrorKind::TimedOut).at("h:80");
        NoAnswer(error).to_string()
    };
    assert_eq!(timeout(Operation::Resolve), "no answer from the resolver");
    assert_eq!(timeout(Operation::Connect), "no answer from h:80");
    assert_eq!(timeout(Operation::Read), "h:80 is too slow");
    assert_eq!(timeout(Operation::Write), "h:80 accepts no more data");
}

#[cfg(feature = "cookies")]
#[test]
fn every_refusal_of_a_cookie_obeys_the_law() {
    use crate::cookies::{BadLine, CookieRefusal};

    let refusals = [
        CookieRefusal::ControlCharacter,
        CookieRefusal::NoName,
        CookieRefusal::TooLarge { limit: 9 },
        CookieRefusal::Path,
        CookieRefusal::Domain,
        CookieRefusal::PublicSuffix,
        CookieRefusal::Insecure,
        CookieRefusal::Prefix,
        CookieRefusal::Replaces,
        CookieRefusal::Full { limit: 9 },
    ];
    for refusal in refusals {
        assert_eq!(error_law(&BadLine::Refused(refusal)), error_law(&refusal));
    }
    for bad in [BadLine::Fields, BadLine::Flag, BadLine::Expiry, BadLine::Text, BadLine::Long] {
        error_law(&bad);
    }
}
