use std::error::Error as _;
use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::endpoint::Endpoint;
use crate::line::TooLong;
use crate::testing::error_law;

fn address(text: &str) -> Address {
    Address::Inet(text.parse::<SocketAddr>().unwrap())
}

fn os(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

#[cfg(target_os = "linux")]
const REFUSED: i32 = 111;
#[cfg(not(target_os = "linux"))]
const REFUSED: i32 = if cfg!(windows) { 10061 } else { 61 };

#[test]
fn is_small_and_shareable() {
    fn shareable<T: Send + Sync + 'static>() {}
    shareable::<Error>();
    assert!(size_of::<Error>() <= 32);
    assert!(size_of::<Result<(), Error>>() <= 32);
}

#[test]
fn is_one_line_with_the_operation_the_endpoint_and_the_kind() {
    let connect = || Error::from_io(Operation::Connect, os(REFUSED));
    for (error, text) in [
        (
            connect().at("db.example:5432").on(address("10.0.0.7:5432")),
            "connect to db.example:5432 (10.0.0.7:5432): connection refused",
        ),
        (
            connect().at("10.0.0.7:5432").on(address("10.0.0.7:5432")),
            "connect to 10.0.0.7:5432: connection refused",
        ),
        (connect().on(address("10.0.0.7:5432")), "connect to 10.0.0.7:5432: connection refused"),
        (connect(), "connect: connection refused"),
        (
            Error::new(Operation::Connect, ErrorKind::InvalidInput)
                .at("[fe80::7]:80")
                .on(address("[fe80::7]:80")),
            "connect to [fe80::7]:80: invalid input (a link-local address needs its network \
             interface, as in [fe80::1%eth0]:80)",
        ),
        (
            Error::new(Operation::Connect, ErrorKind::InvalidInput).on(address("[fe80::7%3]:80")),
            "connect to [fe80::7%3]:80: invalid input",
        ),
        (
            Error::new(Operation::Bind, ErrorKind::AddressInUse)
                .at("tcp://127.0.0.1:60000")
                .on(address("127.0.0.1:60000")),
            "bind tcp://127.0.0.1:60000: address in use",
        ),
        (
            Error::new(Operation::Bind, ErrorKind::AddressInUse).at(":80").on(address("[::]:80")),
            "bind :80 ([::]:80): address in use",
        ),
        (
            Error::new(Operation::SetOption("SO_RCVBUF"), ErrorKind::InvalidInput).at("host:1"),
            "set SO_RCVBUF on host:1: invalid input",
        ),
        (
            Error::new(Operation::Connect, ErrorKind::NotFound)
                .at("unix:/x")
                .on(Address::Unix(Some("/x".into()))),
            "connect to unix:/x: not found",
        ),
        (
            Error::new(Operation::Connect, ErrorKind::NotFound)
                .at("unix:///x")
                .on(Address::Unix(Some("/x".into()))),
            "connect to unix:///x: not found",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn the_parts_are_accessible() {
    let error = Error::from_io(Operation::Connect, os(REFUSED)).at("h:1").on(address("10.0.0.7:1"));
    assert_eq!(error.operation(), Operation::Connect);
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.endpoint(), Some("h:1"));
    assert_eq!(error.address(), Some(&address("10.0.0.7:1")));
    assert_eq!(error.code(), Some(REFUSED));
    assert!(error.attempts().is_empty());
    assert!(!error.is_timeout());
    assert!(error.is_retryable());
}

#[cfg(target_os = "linux")]
#[test]
fn the_code_stands_in_the_source() {
    let error = Error::from_io(Operation::Connect, os(111));
    assert_eq!(error.source().unwrap().to_string(), "ECONNREFUSED (os error 111)");
    let error = Error::from_io(Operation::Connect, os(9999));
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(error.source().unwrap().to_string(), "os error 9999");
}

/// Errors of every origin.
fn specimens() -> Vec<Error> {
    let refused = || Error::from_io(Operation::Connect, os(REFUSED));
    let mut all = vec![
        refused(),
        Error::timed_out(Operation::Read).at("host:1"),
        Error::new(Operation::Read, ErrorKind::UnexpectedEnd)
            .because(io::Error::other("after 3 bytes")),
        Error::from("::1".parse::<Endpoint>().unwrap_err()),
        Error::from_lookup(dns_lookup::LookupError::new(if cfg!(target_os = "linux") {
            -2
        } else {
            8
        })),
        Error::from_lookup(io::Error::other("odd").into()),
        Error::from_attempts(
            Operation::Connect,
            vec![
                refused().on(address("[::1]:80")),
                Error::timed_out(Operation::Connect).on(address("10.0.0.7:80")),
            ],
        )
        .at("db.example:80"),
        Error::timed_out_after(
            Operation::Connect,
            vec![
                refused().on(address("[::1]:80")).after(Duration::from_millis(2)),
                Error::timed_out(Operation::Connect).on(address("10.0.0.7:80")),
            ],
        ),
        Error::timed_out_after(Operation::Connect, Vec::new()),
    ];
    for code in (1..=200).chain(900..1500).chain(10_000..11_100) {
        all.push(Error::from_io(Operation::Accept, os(code)));
    }
    // One code, EAI_SYSTEM, stands for whatever errno happens to be.
    for code in (-110..20).filter(|code| ![0, 11, -11].contains(code)) {
        all.push(Error::from_lookup(dns_lookup::LookupError::new(code)));
    }
    for &kind in ErrorKind::ALL {
        all.push(Error::new(Operation::Read, kind).because(io::Error::other("the reason")));
    }
    all
}

#[test]
fn every_error_obeys_the_law_and_has_a_reason() {
    for error in specimens() {
        let line = error_law(&error);
        let own = error.to_string();
        assert!(own.starts_with(&error.operation().to_string()), "{own}");
        assert!(line.len() > own.len() || error.reason().is_some(), "no reason: {line}");
        assert_eq!(line.matches(error.kind().as_str()).count(), 1, "{line}");
        assert!(format!("{error:#?}").starts_with("Error {\n    operation: "), "{error:#?}");
        let boxed: Box<dyn StdError> = error.into();
        assert_eq!(format!("{boxed:?}"), line);
        assert_eq!(format!("{boxed}"), own);
    }
}

#[test]
fn every_error_type_obeys_the_law_and_names_its_target() {
    let gone = || io::Error::other("the device is gone");
    let table: [(Box<dyn StdError>, &str, &str); 7] = [
        (
            Box::new(Error::from_io(Operation::Connect, os(REFUSED)).at("h:1")),
            "connect to h:1: connection refused",
            "(os error ",
        ),
        (
            Box::new(Error::new(Operation::Accept, ErrorKind::Other).at("h:1").because(gone())),
            "accept on h:1: failed: the device is gone",
            "",
        ),
        (
            Box::new(Error::timed_out(Operation::Read).at("h:1")),
            "read from h:1: timed out",
            ": the deadline passed",
        ),
        (
            Box::new(Error::from("::1".parse::<Endpoint>().unwrap_err())),
            "parse: invalid input: \"::1\" is no endpoint: at byte ",
            "",
        ),
        (Box::new("::1".parse::<Endpoint>().unwrap_err()), "\"::1\" is no endpoint: at byte ", ""),
        (Box::new(TooLong { limit: 9 }), "line longer than 9 bytes", ""),
        (
            Box::new(FileError::new("open", "/x\n".as_ref())(gone())),
            "open /x\\n: the device is gone",
            "",
        ),
    ];
    for (error, own, causes) in table {
        let line = error_law(&*error);
        assert!(error.to_string().starts_with(own), "{error}");
        assert!(line[error.to_string().len()..].contains(causes), "{line}");
    }
}

#[test]
fn a_bare_kind_is_no_cause() {
    let error = Error::from_io(Operation::Read, io::ErrorKind::TimedOut.into());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.source().is_none());
}

#[test]
fn becomes_an_io_error_of_the_same_kind_and_comes_back() {
    for &kind in ErrorKind::ALL {
        let error = io::Error::from(Error::new(Operation::Read, kind).at("host:1"));
        assert_eq!(error.kind(), io::ErrorKind::from(kind));
        assert_eq!(ErrorKind::of(&error), kind);
        assert_eq!(error.to_string(), format!("read from host:1: {kind}"));
    }
}

#[test]
fn kinds_differ_in_their_text() {
    for (at, kind) in ErrorKind::ALL.iter().enumerate() {
        for other in &ErrorKind::ALL[at + 1..] {
            assert_ne!(kind.as_str(), other.as_str());
        }
    }
}

#[test]
fn several_attempts_are_one_error_that_lists_them() {
    let unreachable = Error::new(Operation::Connect, ErrorKind::NetworkUnreachable)
        .on(address("[2001:db8::7]:80"));
    let timed_out = Error::timed_out(Operation::Connect).on(address("10.0.0.7:80"));
    let refused = Error::from_io(Operation::Connect, os(REFUSED)).on(address("10.0.0.8:80"));
    let error = Error::from_attempts(Operation::Connect, vec![unreachable, timed_out, refused]);
    // The first attempt that reached a host.
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let kinds: Vec<_> = error.attempts().iter().map(Error::kind).collect();
    assert_eq!(
        kinds,
        [ErrorKind::NetworkUnreachable, ErrorKind::TimedOut, ErrorKind::ConnectionRefused]
    );
    let source = error.source().unwrap().to_string();
    for part in ["[2001:db8::7]:80 network unreachable", "10.0.0.7:80 ", "10.0.0.8:80 "] {
        assert!(source.contains(part), "{source}");
    }
}

#[test]
fn attempts_that_a_deadline_ended_are_a_timeout_whatever_came_before() {
    let refused = || {
        Error::from_io(Operation::Connect, os(REFUSED))
            .on(address("10.0.0.8:80"))
            .after(Duration::from_micros(1_500))
    };
    let timed_out = || Error::timed_out(Operation::Connect).on(address("10.0.0.7:80"));
    let error = Error::timed_out_after(Operation::Connect, vec![refused(), timed_out()]);
    assert!(error.is_timeout());
    assert_eq!(error.attempts().len(), 2);
    assert_eq!(error.attempts()[0].elapsed(), Some(Duration::from_micros(1_500)));
    let source = error.source().unwrap().to_string();
    assert!(source.contains(" after 1.5ms; 10.0.0.7:80 the deadline passed"), "{source}");
    let error = Error::timed_out_after(Operation::Connect, vec![refused()]);
    assert!(error.is_timeout() && error.attempts().len() == 1);
    let error = Error::timed_out_after(Operation::Connect, vec![timed_out()]);
    assert_eq!(error.to_string(), "connect to 10.0.0.7:80: timed out");
    assert!(error.attempts().is_empty());
}

#[test]
fn a_single_attempt_is_the_error() {
    let refused = Error::from_io(Operation::Connect, os(REFUSED)).on(address("10.0.0.8:80"));
    let error = Error::from_attempts(Operation::Connect, vec![refused]);
    assert_eq!(error.to_string(), "connect to 10.0.0.8:80: connection refused");
    assert!(error.attempts().is_empty());
    assert_eq!(error.code(), Some(REFUSED));
}

#[test]
fn the_code_table_agrees_with_std() {
    for code in 1..=200 {
        let Some(kind) = errno::code_kind(code) else { continue };
        let std = os(code).kind();
        let ours = io::ErrorKind::from(kind);
        // std has no kind for many codes. If both have one, they must agree.
        let comparable = matches!(
            std,
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::NotConnected
                | io::ErrorKind::AddrInUse
                | io::ErrorKind::AddrNotAvailable
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::NetworkDown
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::WouldBlock
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::NotFound
                | io::ErrorKind::OutOfMemory
        );
        assert!(!comparable || std == ours, "{code}: {std:?} and {kind:?}");
    }
}
