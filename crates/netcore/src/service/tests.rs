use super::*;

#[test]
fn the_common_services_are_there() {
    for (name, port) in [
        ("http", 80),
        ("https", 443),
        ("ftp", 21),
        ("smtp", 25),
        ("pop3", 110),
        ("imap", 143),
        ("nntp", 119),
        ("telnet", 23),
        ("gopher", 70),
        ("echo", 7),
        ("daytime", 13),
        ("time", 37),
        ("domain", 53),
        ("ssh", 22),
        ("HTTP", 80),
    ] {
        assert_eq!(well_known_port(name), Some(port), "{name}");
    }
    assert_eq!(well_known_port("no-such-service"), None);
}

#[test]
fn no_name_stands_twice() {
    for (at, (name, _)) in WELL_KNOWN.iter().enumerate() {
        assert!(WELL_KNOWN[at + 1..].iter().all(|(other, _)| other != name), "{name}");
    }
}
