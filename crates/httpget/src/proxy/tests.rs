use http::StatusCode;
use netcore::testing::error_law;

use super::*;
use crate::protocol::proxy::{ProxyError, SocksRefusal, TunnelTarget};
use crate::url::{Credentials, Url};

#[test]
fn a_text_is_a_proxy_or_the_error_says_where_it_is_wrong() {
    for (text, printed) in [
        ("proxy.example", "http://proxy.example:1080"),
        ("Proxy.Example:3128", "http://proxy.example:3128"),
        ("http://p:80", "http://p:80"),
        ("HTTPS://p", "https://p:443"),
        ("https://p:8443/", "https://p:8443"),
        ("socks4://p", "socks4://p:1080"),
        ("socks4a://p:9", "socks4a://p:9"),
        ("socks5://[::1]", "socks5://[::1]:1080"),
        ("socks5h://u:p@127.0.0.1:1", "socks5h://127.0.0.1:1"),
        ("u:p@[::1]:3128/", "http://[::1]:3128"),
    ] {
        let proxy = Proxy::parse(text).unwrap();
        assert_eq!(proxy.to_string(), printed, "{text}");
        assert_eq!(format!("{proxy:?}"), format!("Proxy({printed:?})"));
        assert_eq!(proxy.credentials().is_some(), text.contains('@'));
        assert_eq!(printed.parse::<Proxy>().unwrap().endpoint(), proxy.endpoint());
    }
    for (text, offset, reason) in [
        ("", 0, "a host expected"),
        ("http://", 7, "a host expected"),
        ("a b", 1, "no space or control character expected"),
        ("p:3128\r\n", 6, "no space or control character expected"),
        (
            "ftp://p",
            0,
            "the scheme \"ftp\" is none of http, https, socks4, socks4a, socks5 and socks5h",
        ),
        ("socks5://p/path", 10, "no path expected behind the host and port"),
        ("p:0", 2, "a port from 1 to 65535 expected"),
        ("p:+80", 2, "a port from 1 to 65535 expected"),
        ("::1", 0, "an IPv6 address needs brackets around it, as in [::1]"),
        ("u:secret@p q", 10, "no space or control character expected"),
    ] {
        let error = Proxy::parse(text).unwrap_err();
        let line = error_law(&error);
        assert_eq!(error.offset(), offset, "{line}");
        assert!(line.ends_with(&format!(" is not a proxy: at byte {offset}: {reason}")), "{line}");
        assert!(!line.contains("secret"), "{line}");
    }
}

#[test]
fn credentials_of_a_proxy_are_decoded_and_part_of_its_value() {
    let proxy = Proxy::parse("http://a%40b:c%3Ad@p").unwrap();
    let credentials = proxy.credentials().unwrap();
    assert_eq!((credentials.user(), credentials.password().expose()), ("a@b", "c:d"));
    assert!(!format!("{proxy:#?} {proxy}").contains("c:d"));
    assert_ne!(proxy, Proxy::parse("http://p").unwrap());
    let other = Credentials::new("a@b", "c:d").unwrap();
    assert_eq!(Proxy::parse("http://p").unwrap().with_credentials(other), proxy);
}

fn found(variables: &[(&str, &str)], url: &str) -> String {
    let rules = ProxyRules::from_variables(variables.iter().copied());
    match rules.find(&Url::parse(url).unwrap()) {
        Ok(Some(proxy)) => proxy.to_string(),
        Ok(None) => String::from("none"),
        Err(error) => error_law(&error),
    }
}

#[test]
fn a_malformed_variable_fails_only_the_urls_that_need_it() {
    let variables = [("http_proxy", "http://a:1"), ("https_proxy", "x://u:secret@b")];
    assert_eq!(found(&variables, "http://h/"), "http://a:1");
    let error = found(&variables, "https://h/");
    assert_eq!(
        error,
        "https_proxy=\"…@b\" is not a proxy: at byte 0: the scheme \"x\" is none of http, https, \
         socks4, socks4a, socks5 and socks5h"
    );
    let excepted = [("https_proxy", "x://"), ("no_proxy", "h")];
    assert_eq!(found(&excepted, "https://h/"), "none");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_no_proxy() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(b"http://\xff:1".to_vec());
    let rules = ProxyRules::from_variables([(OsStr::new("http_proxy"), value)]);
    let error = rules.find(&Url::parse("http://h/").unwrap()).unwrap_err();
    assert!(error_law(&error).starts_with("http_proxy="), "{error}");
}

#[test]
fn credentials_by_hand_are_for_proxies_without_their_own() {
    let by_hand = Credentials::new("c", "d").unwrap();
    let rules = ProxyRules::from_variables([("http_proxy", "a:b@p"), ("https_proxy", "p")])
        .with_credentials(&by_hand);
    let user = |url: &str| {
        let proxy = rules.find(&Url::parse(url).unwrap()).unwrap();
        proxy.and_then(|proxy| proxy.credentials()).map(|it| it.user().to_owned())
    };
    assert_eq!(user("http://h/").as_deref(), Some("a"));
    assert_eq!(user("https://h/").as_deref(), Some("c"));
    assert!(!format!("{rules:#?}").contains("\"d\""), "{rules:#?}");
}

#[test]
fn a_tunnel_is_for_https_for_socks_and_on_request() {
    let http = Url::parse("http://h/").unwrap();
    let https = Url::parse("https://h/").unwrap();
    let needs = |tunnel: bool, proxy: &str, url: &Url| {
        let proxy = Proxy::parse(proxy).unwrap();
        ProxyRules::from(proxy.clone()).with_tunnel(tunnel).needs_tunnel(&proxy, url)
    };
    assert!(!needs(false, "http://p", &http));
    assert!(!needs(false, "https://p", &http));
    assert!(needs(true, "http://p", &http));
    assert!(needs(false, "http://p", &https));
    assert!(needs(false, "socks5://p", &http));
}

#[test]
fn a_failure_names_the_proxy_the_server_and_the_reason() {
    let target = TunnelTarget::of(&Url::parse("https://h/").unwrap());
    let failure = |proxy: &str, error| {
        let failure = ProxyFailure::new(&Proxy::parse(proxy).unwrap(), &target, error);
        assert_eq!(failure.target(), "h:443");
        error_law(&failure)
    };
    assert_eq!(
        failure("http://u:p@p:3128", ProxyError::Status(StatusCode::PROXY_AUTHENTICATION_REQUIRED)),
        "proxy p:3128 refused the tunnel to h:443: 407 Proxy Authentication Required"
    );
    assert_eq!(
        failure("socks5h://p", ProxyError::Refused(SocksRefusal::HostUnreachable)),
        "SOCKS5 proxy p:1080: no tunnel to h:443: host unreachable"
    );
    assert_eq!(
        failure("socks4://[::1]", ProxyError::Closed { received: 3 }),
        "SOCKS4 proxy [::1]:1080: no tunnel to h:443: closed after 3 bytes of a reply"
    );
}
