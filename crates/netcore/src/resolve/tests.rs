use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::*;

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn resolver_must_not_be_asked(query: &Query) -> Answer {
    panic!("the resolver was asked for {query:?}")
}

/// netdb.h, where Linux and the rest differ.
const EAI_NONAME: i32 = if cfg!(target_os = "linux") { -2 } else { 8 };
const EAI_AGAIN: i32 = if cfg!(target_os = "linux") { -3 } else { 2 };
const EAI_FAIL: i32 = -4;
const EAI_NODATA: i32 = -5;

#[test]
fn numbers_never_go_to_the_resolver() {
    for (text, expected) in [
        ("127.0.0.1:80", &["127.0.0.1:80"][..]),
        ("[::1]:80", &["[::1]:80"]),
        ("[fe80::1%7]:80", &["[fe80::1%7]:80"]),
        (":80", &["[::]:80", "0.0.0.0:80"]),
    ] {
        let found =
            resolve_with(&endpoint(text), Deadline::never(), resolver_must_not_be_asked).unwrap();
        assert_eq!(found, addresses(expected), "{text}");
    }
}

#[test]
fn each_address_comes_once_in_the_resolvers_order_with_the_endpoints_port() {
    let look_up = |query: &Query| {
        assert_eq!(query.host.as_deref(), Some("host"));
        Ok(addresses(&["[::1]:0", "10.0.0.7:0", "[::1]:0", "10.0.0.8:0", "10.0.0.7:0"]))
    };
    let found = resolve_with(&endpoint("host:80"), Deadline::never(), look_up).unwrap();
    assert_eq!(found, addresses(&["[::1]:80", "10.0.0.7:80", "10.0.0.8:80"]));
}

#[test]
fn an_interfaces_name_is_the_systems_to_read() {
    let look_up = |query: &Query| {
        assert_eq!(query.host.as_deref(), Some("fe80::1%eth0"));
        Ok(addresses(&["[fe80::1%2]:0"]))
    };
    let found = resolve_with(&endpoint("[fe80::1%eth0]:80"), Deadline::never(), look_up).unwrap();
    assert_eq!(found, addresses(&["[fe80::1%2]:80"]));
}

#[test]
fn the_resolvers_codes_keep_their_meaning() {
    let mut cases = vec![
        (EAI_NONAME, ErrorKind::HostNotFound, "no such host", false),
        (EAI_AGAIN, ErrorKind::TryAgain, "temporary failure", true),
    ];
    if cfg!(target_os = "linux") {
        cases.push((EAI_NODATA, ErrorKind::NoData, "host has no address", false));
        cases.push((EAI_FAIL, ErrorKind::ResolverFailed, "resolver failed", false));
    }
    for (code, kind, text, retryable) in cases {
        let look_up = move |_: &Query| Err(LookupError::new(code));
        let error = resolve_with(&endpoint("host:80"), Deadline::never(), look_up).unwrap_err();
        let error = error.at("host:80");
        assert_eq!(error.kind(), kind);
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.is_retryable(), retryable, "{error}");
        assert_eq!(error.to_string(), format!("resolve host:80: {text}"));
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.ends_with(&format!("(getaddrinfo error {code})")), "{source}");
    }
}

#[test]
fn an_empty_answer_is_no_data() {
    let error = resolve_with(&endpoint("host:80"), Deadline::never(), |_| Ok(Vec::new()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NoData);
}

#[test]
fn a_service_is_looked_for_in_the_systems_table_first() {
    let look_up = |query: &Query| {
        assert_eq!((query.host.as_deref(), query.service.as_deref()), (None, Some("http")));
        Ok(addresses(&["0.0.0.0:8080"]))
    };
    let found = resolve_with(&endpoint("127.0.0.1:http"), Deadline::never(), look_up).unwrap();
    assert_eq!(found, addresses(&["127.0.0.1:8080"]));
}

#[test]
fn the_built_in_table_stands_behind_the_systems() {
    let none = |_: &Query| Err(LookupError::new(EAI_NONAME));
    let found = resolve_with(&endpoint("127.0.0.1:gopher"), Deadline::never(), none).unwrap();
    assert_eq!(found, addresses(&["127.0.0.1:70"]));
    let error = resolve_with(&endpoint("127.0.0.1:nonsense"), Deadline::never(), none).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServiceNotFound);
}

#[test]
fn a_resolver_that_hangs_is_left_behind_at_the_deadline() {
    let hung = Arc::new(Barrier::new(2));
    let look_up = {
        let hung = Arc::clone(&hung);
        move |_: &Query| {
            hung.wait();
            Ok(Vec::new())
        }
    };
    let deadline = Deadline::after(Duration::from_millis(20));
    let error = resolve_with(&endpoint("host:80"), deadline, look_up).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    hung.wait();
}

#[test]
fn an_expired_deadline_asks_nobody() {
    let deadline = Deadline::after(Duration::ZERO);
    let error =
        resolve_with(&endpoint("host:80"), deadline, resolver_must_not_be_asked).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn a_resolver_that_dies_is_an_error() {
    let look_up = |_: &Query| -> Answer { panic!("on purpose") };
    let error = resolve_with(&endpoint("host:80"), Deadline::never(), look_up).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
}

#[test]
fn places_are_limited_and_come_back() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let mut taken: Vec<_> = (0..MAX_LOOKUPS).map(|_| Place::take(&COUNT).unwrap()).collect();
    assert!(Place::take(&COUNT).is_none());
    taken.pop();
    assert!(Place::take(&COUNT).is_some());
    drop(taken);
    assert_eq!(COUNT.load(Ordering::Relaxed), 0);
}

#[test]
fn the_systems_resolver_knows_this_machine_and_a_service() {
    let found = resolve(&endpoint("localhost:http"), Deadline::never()).unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
    assert!(!found.is_empty());
}

#[test]
fn a_unix_socket_has_no_address() {
    let error = resolve(&endpoint("unix:/x"), Deadline::never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "resolve unix:/x: invalid input");
}
