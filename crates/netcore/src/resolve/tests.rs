use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::*;
use crate::deadline::Deadline;

fn never() -> Until<'static> {
    Deadline::never().into()
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn resolver_must_not_be_asked(query: &Query) -> Answer {
    panic!("the resolver was asked for {query:?}")
}

/// The codes of netdb.h, which differ between Linux, OpenBSD, Windows and the rest.
const EAI_NONAME: i32 = of_resolver(-2, 8, 11_001);
const EAI_AGAIN: i32 = of_resolver(-3, 2, 11_002);
const EAI_FAIL: i32 = -4;
const EAI_NODATA: i32 = -5;

pub(super) const fn of_resolver(negative: i32, positive: i32, windows: i32) -> i32 {
    if cfg!(windows) {
        windows
    } else if cfg!(any(target_os = "linux", target_os = "openbsd")) {
        negative
    } else {
        positive
    }
}

#[test]
fn numbers_never_go_to_the_resolver() {
    for (text, expected) in [
        ("127.0.0.1:80", &["127.0.0.1:80"][..]),
        ("[::1]:80", &["[::1]:80"]),
        ("[fe80::1%7]:80", &["[fe80::1%7]:80"]),
        (":80", &["[::]:80", "0.0.0.0:80"]),
    ] {
        let found = resolve_with(&endpoint(text), Family::Any, never(), resolver_must_not_be_asked)
            .unwrap();
        assert_eq!(found, addresses(expected), "{text}");
    }
}

#[test]
fn each_address_comes_once_in_the_resolvers_order_with_the_endpoints_port() {
    let look_up = |query: &Query| {
        assert_eq!(query.host.as_deref(), Some("host"));
        Ok(addresses(&["[::1]:0", "10.0.0.7:0", "[::1]:0", "10.0.0.8:0", "10.0.0.7:0"]))
    };
    let found = resolve_with(&endpoint("host:80"), Family::Any, never(), look_up).unwrap();
    assert_eq!(found, addresses(&["[::1]:80", "10.0.0.7:80", "10.0.0.8:80"]));
}

/// The resolver knows interface names for link-local addresses only, and takes a thread.
#[cfg(unix)]
#[test]
fn a_zone_is_an_interfaces_name_or_number_and_the_resolver_is_not_asked() {
    let name = ["lo", "lo0"].into_iter().find(|name| sys::interface_number(name).is_ok()).unwrap();
    let number = sys::interface_number(name).unwrap();
    for ip in ["fe80::1", "ff02::1", "::1"] {
        let expected = addresses(&[&format!("[{ip}%{number}]:80")]);
        for zone in [name, &number.to_string()] {
            let endpoint = endpoint(&format!("[{ip}%{zone}]:80"));
            let found = resolve_with(&endpoint, Family::Any, never(), resolver_must_not_be_asked);
            assert_eq!(found.unwrap(), expected, "{endpoint}");
        }
    }
    let error = resolve(&endpoint("[fe80::1%nope]:80"), Family::Any, never());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostNotFound);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "this machine has no network interface \"nope\"");
}

#[test]
fn names_under_localhost_are_this_machine_and_the_resolver_is_not_asked() {
    let (v4, v6) = ("127.0.0.1:80", "[::1]:80");
    for name in ["localhost", "LocalHost", "localhost.", "a.localhost", "a.b.LOCALHOST."] {
        for (scheme, family, expected) in [
            ("", Family::Any, &[v6, v4][..]),
            ("", Family::Ipv4, &[v4]),
            ("", Family::Ipv6, &[v6]),
            ("udp://", Family::Any, &[v4, v6]),
            ("udp://", Family::Ipv6, &[v6]),
        ] {
            let endpoint = endpoint(&format!("{scheme}{name}:80"));
            let found = resolve_with(&endpoint, family, never(), resolver_must_not_be_asked);
            assert_eq!(found.unwrap(), addresses(expected), "{endpoint} {family:?}");
        }
    }
    for name in ["localhost.example", "notlocalhost", "localhost-", "local.host"] {
        let endpoint = endpoint(&format!("{name}:80"));
        let theirs = |_: &Query| Ok(addresses(&["192.0.2.7:0"]));
        let found = resolve_with(&endpoint, Family::Any, never(), theirs).unwrap();
        assert_eq!(found, addresses(&["192.0.2.7:80"]), "{name}");
    }
}

#[test]
fn the_resolvers_codes_keep_their_meaning() {
    let mut cases = vec![
        (EAI_NONAME, ErrorKind::HostNotFound, "no such host", false),
        (EAI_AGAIN, ErrorKind::TryAgain, "temporary failure", true),
    ];
    if cfg!(target_os = "linux") {
        cases.push((EAI_NODATA, ErrorKind::NoData, "host has no address", false));
        // Not in POSIX, and libc does not name it.
        const EAI_ADDRFAMILY: i32 = -9;
        cases.push((EAI_ADDRFAMILY, ErrorKind::NoData, "host has no address", false));
        cases.push((EAI_FAIL, ErrorKind::ResolverFailed, "resolver failed", false));
    }
    for (code, kind, text, retryable) in cases {
        let look_up = move |_: &Query| Err(LookupError::new(code));
        let error = resolve_with(&endpoint("host:80"), Family::Any, never(), look_up).unwrap_err();
        let error = error.at("host:80");
        assert_eq!(error.kind(), kind);
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.is_retryable(), retryable, "{error}");
        assert_eq!(error.to_string(), format!("resolve host:80: {text}"));
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.ends_with(&format!("(resolver error {code})")), "{source}");
    }
}

#[test]
fn an_empty_answer_is_no_data() {
    let error = resolve_with(&endpoint("host:80"), Family::Any, never(), |_| Ok(Vec::new()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NoData);
}

#[test]
fn a_service_is_looked_for_in_the_systems_table_first() {
    let look_up = |query: &Query| {
        assert_eq!((query.host.as_deref(), query.service.as_deref()), (None, Some("http")));
        Ok(addresses(&["0.0.0.0:8080"]))
    };
    let found = resolve_with(&endpoint("127.0.0.1:http"), Family::Any, never(), look_up).unwrap();
    assert_eq!(found, addresses(&["127.0.0.1:8080"]));
}

#[test]
fn the_built_in_table_stands_behind_the_systems() {
    let none = |_: &Query| Err(LookupError::new(EAI_NONAME));
    let found = resolve_with(&endpoint("127.0.0.1:gopher"), Family::Any, never(), none).unwrap();
    assert_eq!(found, addresses(&["127.0.0.1:70"]));
    let error =
        resolve_with(&endpoint("127.0.0.1:nonsense"), Family::Any, never(), none).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServiceNotFound);
}

#[test]
fn a_resolver_that_hangs_is_abandoned_at_the_deadline() {
    let hung = Arc::new(Barrier::new(2));
    let look_up = {
        let hung = Arc::clone(&hung);
        move |_: &Query| {
            hung.wait();
            Ok(Vec::new())
        }
    };
    let deadline = Deadline::after(Duration::from_millis(20)).into();
    let error = resolve_with(&endpoint("host:80"), Family::Any, deadline, look_up).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    hung.wait();
}

#[test]
fn an_expired_deadline_makes_no_look_up() {
    let deadline = Deadline::after(Duration::ZERO).into();
    let error =
        resolve_with(&endpoint("host:80"), Family::Any, deadline, resolver_must_not_be_asked)
            .unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn the_systems_resolver_knows_a_service_and_localhost_has_both_families() {
    let found = resolve(&endpoint("localhost:http"), Family::Any, never()).unwrap();
    assert_eq!(found, addresses(&["[::1]:80", "127.0.0.1:80"]));
}

#[test]
fn a_unix_socket_has_no_address() {
    let error = resolve(&endpoint("unix:/x"), Family::Any, never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = "resolve unix:/x: invalid input: a Unix socket has no address to look up";
    assert_eq!(error.to_string(), text);
}

#[test]
fn only_the_wanted_family_comes() {
    let mixed = |query: &Query| {
        assert_eq!(query.family, Family::Ipv4);
        Ok(addresses(&["[::1]:0", "10.0.0.7:0"]))
    };
    let found = resolve_with(&endpoint("host:80"), Family::Ipv4, never(), mixed).unwrap();
    assert_eq!(found, addresses(&["10.0.0.7:80"]));
    for (text, family, expected) in [
        (":80", Family::Ipv4, "0.0.0.0:80"),
        (":80", Family::Ipv6, "[::]:80"),
        ("127.0.0.1:80", Family::Ipv4, "127.0.0.1:80"),
        ("[::1]:80", Family::Ipv6, "[::1]:80"),
    ] {
        let found = resolve_with(&endpoint(text), family, never(), resolver_must_not_be_asked);
        assert_eq!(found.unwrap(), addresses(&[expected]), "{text}");
    }
}

#[test]
fn an_address_of_the_other_family_is_no_data() {
    for (text, family) in [
        ("127.0.0.1:80", Family::Ipv6),
        ("[::1]:80", Family::Ipv4),
        ("[fe80::1%x]:1", Family::Ipv4),
    ] {
        let error = resolve_with(&endpoint(text), family, never(), resolver_must_not_be_asked);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NoData, "{text}");
    }
    let other = |_: &Query| Ok(addresses(&["10.0.0.7:0"]));
    let error = resolve_with(&endpoint("host:80"), Family::Ipv6, never(), other);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NoData);
    let error = resolve(&endpoint("host.invalid:80"), Family::Any, Deadline::after(Duration::ZERO));
    assert!(error.unwrap_err().is_timeout());
}

#[test]
fn an_address_has_a_name_as_the_resolver_says_it() {
    let look_up = |ip: IpAddr| {
        assert_eq!(ip, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)));
        Ok(String::from("db.example"))
    };
    for text in ["10.0.0.7", "::ffff:10.0.0.7"] {
        let name = reverse_with(text.parse().unwrap(), never(), look_up).unwrap();
        assert_eq!(name, "db.example");
    }
}

#[test]
fn the_name_of_a_stranger_is_a_host_name_or_an_error() {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for bad in ["", "a b", "\x1b[31m", "a\nb", "10.0.0.7", "::1", "x:80", "[::1]", "d\u{f6}", "a/b"]
    {
        let error = reverse_with(ip, never(), move |_| Ok(String::from(bad))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{bad:?}");
        crate::testing::error_law(&error);
    }
}

#[test]
fn an_address_without_a_name_and_a_deadline_that_has_passed_are_errors() {
    let ip: IpAddr = "192.0.2.7".parse().unwrap();
    let none = |_| Err(LookupError::new(EAI_NONAME));
    let error = reverse_with(ip, never(), none).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostNotFound);
    let error = reverse(ip, Deadline::after(Duration::ZERO)).unwrap_err();
    assert_eq!(error.to_string(), "resolve 192.0.2.7: timed out");
}

#[test]
fn the_systems_resolver_knows_this_machines_name() {
    let name = reverse(IpAddr::V4(Ipv4Addr::LOCALHOST), never()).unwrap();
    assert!(!name.is_empty());
}
