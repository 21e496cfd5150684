use std::io;
use std::time::Duration;

use http::StatusCode;
use netcore::Operation;

use super::*;
use crate::fixture::chain;
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
        Error::transport(reset(), Phase::Wait, 0),
        Error::transport(reset(), Phase::Body, 7),
        timed_out(Timeout::Total, Phase::Body, 1234),
        timed_out(Timeout::FirstByte, Phase::Wait, 0),
        Error::from(incomplete(ResponsePart::Response)),
        Error::from(incomplete(ResponsePart::Head)),
        Error::from(incomplete(ResponsePart::Body)),
        Error::from(incomplete(ResponsePart::Trailers)),
        Error::from(malformed),
        Error::from(ProtocolError::TooLarge { limit: "head", max: 9 }),
        Error::from(RedirectError::TooMany { limit: 3 }),
        Error::from(RedirectError::Conflicting),
        Error::from(RedirectError::Location(Url::parse("").unwrap_err())),
        Error::new(ErrorKind::Status(StatusCode::NOT_FOUND)),
        Error::new(ErrorKind::Write)
            .with_cause(network(Operation::Write, netcore::ErrorKind::StorageFull)),
    ]
}

#[test]
fn error_chains_say_each_thing_once() {
    for error in all().into_iter().map(|error| error.with_url(&url())) {
        let chain = chain(&error);
        println!("{}", chain.join(": "));
        assert_eq!(error.url(), Some("http://h/x"));
        assert!(chain[0].starts_with("get http://h/x: "), "{chain:?}");
        assert!(!chain.join(": ").contains("secret"), "{chain:?}");
        for (number, text) in chain.iter().enumerate() {
            assert!(!text.is_empty() && !text.contains('\n'), "{chain:?}");
            let own = error.kind().to_string();
            assert!(number == 0 || !text.contains(&own), "said twice: {chain:?}");
        }
        let complete = matches!(
            error.kind(),
            ErrorKind::NothingReceived | ErrorKind::BodyTruncated { .. } | ErrorKind::Status(_)
        );
        assert!(complete || chain.len() > 1, "no cause: {chain:?}");
    }
}

#[test]
fn messages_read_as_sentences() {
    let texts: Vec<String> = all().iter().map(ToString::to_string).collect();
    for expected in [
        "malformed URL",
        "unsupported scheme",
        "get http://h/x: this request can't be sent",
        "host not resolved",
        "could not connect",
        "the connection broke while waiting for the response",
        "the connection broke while receiving the body, after 7 bytes",
        "timed out: the total timeout of 1.500 s expired while receiving the body, after 1234 bytes",
        "the server closed without a response",
        "the body ended after 3 of 9 bytes",
        "status 404 Not Found",
    ] {
        assert!(texts.iter().any(|text| text == expected), "{expected}: {texts:#?}");
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

#[test]
fn every_way_to_print_an_error_says_each_thing_once() {
    let error = Error::from(Url::parse("ftp:host").unwrap_err());
    let network = netcore::Error::new(Operation::Connect, netcore::ErrorKind::TimedOut).at("h:80");
    let url = Url::parse("http://h/").unwrap();
    let refused = Error::transport(network, Phase::Connect, 0).with_url(&url);
    for error in [error, refused] {
        let all = chain(&error).join(": ");
        assert_eq!(format!("{error:#}"), all);
        assert_eq!(format!("{error:?}"), all);
        assert_eq!(format!("{error}"), chain(&error)[0]);
        assert!(format!("{error:#?}").starts_with("Error {"));
    }
}
