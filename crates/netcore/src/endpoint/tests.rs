use std::collections::hash_map::DefaultHasher;

use super::*;
use crate::testing::{Random, SEED_VARIABLE};

fn parse(text: &str) -> Endpoint {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &str) -> ParseEndpointError {
    match text.parse::<Endpoint>() {
        Ok(endpoint) => panic!("{text:?} was taken for {endpoint}"),
        Err(error) => error,
    }
}

#[test]
fn every_form_has_its_parts() {
    use Transport::{Tcp, Tls, Udp};

    let ip = |text: &str| Host::Ip(text.parse().unwrap(), None);
    let name = |text: &str| Host::Name(text.into());
    let service = |text: &str| Port::Service(text.into());
    for (text, transport, host, port) in [
        ("db.example:5432", Tcp, name("db.example"), Port::Number(5432)),
        ("tcp://db.example:0", Tcp, name("db.example"), Port::Number(0)),
        ("tls://db.example:5432", Tls, name("db.example"), Port::Number(5432)),
        ("TLS://[::1]:https", Tls, ip("::1"), service("https")),
        ("udp://10.0.0.7:65535", Udp, ip("10.0.0.7"), Port::Number(65535)),
        ("UDP://host:domain", Udp, name("host"), service("domain")),
        (":8080", Tcp, Host::Any, Port::Number(8080)),
        ("udp://:ntp", Udp, Host::Any, service("ntp")),
        ("[::1]:80", Tcp, ip("::1"), Port::Number(80)),
        ("tcp://[2001:db8::7]:http", Tcp, ip("2001:db8::7"), service("http")),
        ("localhost.:http-alt", Tcp, name("localhost."), service("http-alt")),
        ("a_b-c:x11-1", Tcp, name("a_b-c"), service("x11-1")),
        ("unix-host:1", Tcp, name("unix-host"), Port::Number(1)),
        ("bücher.example:80", Tcp, name("bücher.example"), Port::Number(80)),
        ("1.example:0080", Tcp, name("1.example"), Port::Number(80)),
    ] {
        let endpoint = parse(text);
        assert_eq!(endpoint.transport(), transport, "{text}");
        assert_eq!(endpoint.host(), Some(&host), "{text}");
        assert_eq!(endpoint.port(), Some(&port), "{text}");
        assert_eq!(endpoint.path(), None, "{text}");
        assert_eq!(endpoint.as_given(), text);
    }
    let scoped = parse("[fe80::1%eth0]:80");
    let host = Host::Ip("fe80::1".parse().unwrap(), Some("eth0".into()));
    assert_eq!(scoped.host(), Some(&host));
}

#[test]
fn unix_paths() {
    for (text, path) in [
        ("unix:/run/app.sock", "/run/app.sock"),
        ("unix:///run/app.sock", "/run/app.sock"),
        ("unix://relative", "relative"),
        ("unix:relative with space:80", "relative with space:80"),
        ("Unix:x", "x"),
        ("unix:////x", "//x"),
        ("unix:@app", "\0app"),
        ("unix://@app/2 x", "\0app/2 x"),
        ("unix:./@app", "./@app"),
    ] {
        let endpoint = parse(text);
        assert_eq!(endpoint.transport(), Transport::Unix, "{text}");
        assert_eq!(endpoint.path(), Some(Path::new(path)), "{text}");
        assert_eq!((endpoint.host(), endpoint.port()), (None, None), "{text}");
    }
}

#[test]
fn prints_with_its_scheme() {
    for (text, printed) in [
        ("db.example:5432", "tcp://db.example:5432"),
        ("udp://:ntp", "udp://:ntp"),
        (":0", "tcp://:0"),
        ("tls://db.example:5432", "tls://db.example:5432"),
        ("[0:0:0:0:0:0:0:1]:080", "tcp://[::1]:80"),
        ("[fe80::1%eth0]:80", "tcp://[fe80::1%eth0]:80"),
        ("unix:///run/app.sock", "unix:/run/app.sock"),
        ("unix:////x", "unix:////x"),
        ("unix://@it's \"x\"", "unix:@it's \"x\""),
        ("unix:./@app", "unix:./@app"),
    ] {
        assert_eq!(parse(text).to_string(), printed);
    }
}

#[test]
fn the_printed_form_parses_to_the_same_endpoint() {
    let hash = |endpoint: &Endpoint| {
        let mut hasher = DefaultHasher::new();
        endpoint.hash(&mut hasher);
        hasher.finish()
    };
    for text in [
        "db.example:5432",
        "127.0.0.1:http",
        "udp://:0",
        "[::1]:80",
        "udp://[fe80::1%3]:53",
        "[::ffff:1.2.3.4]:80",
        "unix:/a b",
        "unix:////x",
        "unix:///x",
        "unix:x",
        "unix:@x'\\y",
        "unix:./@x",
        "unix:@@x",
    ] {
        let endpoint = parse(text);
        let again = parse(&endpoint.to_string());
        assert_eq!(endpoint, again, "{text}");
        assert_eq!(hash(&endpoint), hash(&again), "{text}");
    }
    let address: SocketAddr = "[fe80::1%3]:53".parse().unwrap();
    assert_eq!(parse(&Endpoint::udp(address).to_string()), Endpoint::udp(address));
    for path in ["//x", "@x", "//@x", "\0x"] {
        let endpoint = Endpoint::unix(path);
        assert_eq!(parse(&endpoint.to_string()), endpoint, "{path:?}");
    }
}

#[test]
fn the_text_given_is_not_part_of_the_value() {
    assert_eq!(parse("localhost:80"), parse("tcp://localhost:80"));
    assert_eq!(Endpoint::from("[::1]:80".parse::<SocketAddr>().unwrap()), parse("[::1]:80"));
    assert_ne!(parse("udp://localhost:80"), parse("localhost:80"));
}

#[test]
fn a_refusal_names_the_byte() {
    let long_label = format!("{}:80", "x".repeat(64));
    let long_name = format!("{}x:80", "x.".repeat(127));
    let long_service = format!("h:{}", "x".repeat(64));
    let long_path = format!("unix:{}", "x".repeat(4097));
    // The limit ends inside a character of two bytes.
    let split_label = format!("{}:80", "é".repeat(33));
    for (text, offset) in [
        ("", 0),
        ("host", 4),
        ("host:", 5),
        ("host:65536", 5),
        ("host:99999999999999999999", 5),
        ("host:+80", 5),
        ("host:-1", 5),
        ("host:80 ", 7),
        ("host: 80", 5),
        ("host:8\u{664}", 6),
        ("host:1.2", 5),
        ("host:80:90", 7),
        (" host:80", 0),
        ("ho st:80", 2),
        ("ho\nst:80", 2),
        ("ho\0st", 2),
        ("user@host:80", 4),
        ("host/path:80", 4),
        ("*:80", 0),
        ("a..b:80", 2),
        (".a:80", 0),
        (".:80", 0),
        ("256.1.1.1:80", 0),
        ("1.2.3:80", 0),
        ("127.0.0.01:80", 0),
        ("0x7f.1:80", 0),
        ("0x7f000001:80", 0),
        ("tcp://256.1.1.1:80", 6),
        ("::1", 0),
        ("::1:80", 0),
        ("fe80::1%eth0:80", 0),
        ("tcp://2001:db8::1:80", 6),
        ("[]:80", 1),
        ("[localhost]:80", 1),
        ("[127.0.0.1]:80", 1),
        ("[::1", 4),
        ("[::1]", 5),
        ("[::1]80", 5),
        ("[::1]:", 6),
        ("[::1]:x y", 7),
        ("[::1%]:80", 5),
        ("[fe80::1%e h]:80", 10),
        ("http://host:80", 0),
        ("tcp://", 6),
        ("tcp:host:80", 8),
        ("unix:", 5),
        ("unix://", 7),
        ("unix:@", 6),
        ("unix:@a\0b", 7),
        ("unix:/a\0b", 7),
        ("unix:/a\x1b[2J", 7),
        (&long_label, 63),
        (&split_label, 62),
        (&long_name, 253),
        (&long_service, 65),
        (&long_path, 4101),
    ] {
        let error = refusal(text);
        assert_eq!(error.offset(), offset, "{error}");
    }
}

#[test]
fn an_ipv6_address_without_brackets_gets_a_hint() {
    for text in ["::1:80", "::1", "tcp://fe80::1%eth0:80"] {
        assert!(refusal(text).expected().contains("brackets"), "{text}");
    }
}

#[test]
fn a_refusal_shows_the_text_harmlessly_and_in_part_if_it_is_long() {
    let error = refusal("ho\x1b[2J\nst:80");
    assert_eq!(
        error.to_string(),
        "\"ho\\u{1b}[2J\\nst:80\" is no endpoint: at byte 2: \
         a host's name has letters, digits, '-', '_' and '.' only"
    );
    assert!(refusal(&"x".repeat(1 << 20)).to_string().len() < 500);
}

/// Random texts from the characters that the grammar knows, and some that it does not.
#[test]
fn no_text_makes_it_panic_and_accepted_texts_round_trip() {
    let pieces = [
        "unix:", "tcp://", "udp://", "tls://", "@", "[", "]", ":", "::", "%", "/", ".", "1", "80",
        "x", "é", "\0", "-", "+", " ", "💥",
    ];
    let mut random = Random::from_env(SEED_VARIABLE);
    let mut taken = 0;
    for _ in 0..50_000 {
        let text: String = (0..random.below(8)).map(|_| *random.pick(&pieces)).collect();
        match text.parse::<Endpoint>() {
            Ok(endpoint) => {
                taken += 1;
                assert_eq!(parse(&endpoint.to_string()), endpoint, "{text:?}");
            }
            Err(error) => assert!(error.offset() <= text.len(), "{error}"),
        }
    }
    assert!(taken > 100, "the texts must not all be refused: {taken} taken");
}
