use super::well_known::{self, On, WELL_KNOWN};
use super::*;
use crate::deadline::Deadline;
use crate::resolve::tests::of_resolver;

const EAI_SERVICE: i32 = of_resolver(-8, 9, 10_109);
const EAI_AGAIN: i32 = of_resolver(-3, 2, 11_002);

fn never() -> Until<'static> {
    Deadline::never().into()
}

/// A system without a table.
fn no_port(_: &Query) -> Answer {
    Err(LookupError::new(EAI_SERVICE))
}

/// getnameinfo(3) on a system without a table.
fn no_name(port: u16, _: Transport) -> Result<String, LookupError> {
    Ok(port.to_string())
}

fn must_not_be_asked(query: &Query) -> Answer {
    panic!("the system was asked for {query:?}")
}

#[test]
fn the_common_services_are_built_in_both_ways() {
    for (name, port) in [
        ("echo", 7),
        ("discard", 9),
        ("daytime", 13),
        ("chargen", 19),
        ("ftp-data", 20),
        ("ftp", 21),
        ("ssh", 22),
        ("telnet", 23),
        ("smtp", 25),
        ("time", 37),
        ("domain", 53),
        ("tftp", 69),
        ("gopher", 70),
        ("finger", 79),
        ("http", 80),
        ("pop3", 110),
        ("nntp", 119),
        ("ntp", 123),
        ("imap", 143),
        ("snmp", 161),
        ("irc", 194),
        ("ldap", 389),
        ("https", 443),
        ("submission", 587),
        ("imaps", 993),
        ("pop3s", 995),
    ] {
        assert_eq!(port_with(name, Transport::Tcp, never(), no_port).unwrap(), port, "{name}");
        assert_eq!(name_with(port, Transport::Tcp, never(), no_name).unwrap(), name, "{port}");
    }
}

#[test]
fn transports_differ() {
    for (port, transport, name) in [
        (514, Transport::Tcp, "shell"),
        (514, Transport::Udp, "syslog"),
        (512, Transport::Tcp, "exec"),
        (512, Transport::Udp, "biff"),
        (513, Transport::Tcp, "login"),
        (513, Transport::Udp, "who"),
    ] {
        assert_eq!(name_with(port, transport, never(), no_name).unwrap(), name);
        assert_eq!(port_with(name, transport, never(), no_port).unwrap(), port);
    }
    let error = port_with("syslog", Transport::Tcp, never(), no_port).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServiceNotFound);
    let error = name_with(993, Transport::Udp, never(), no_name).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServiceNotFound);
}

#[test]
fn aliases_and_capitals_are_understood_but_not_given() {
    for (alias, port, name) in [("www", 80, "http"), ("smtps", 465, "submissions")] {
        assert_eq!(port_with(alias, Transport::Tcp, never(), no_port).unwrap(), port);
        assert_eq!(name_with(port, Transport::Tcp, never(), no_name).unwrap(), name);
    }
    assert_eq!(port_with("HTTP", Transport::Tcp, never(), no_port).unwrap(), 80);
}

#[test]
fn the_systems_table_comes_first() {
    let look_up = |query: &Query| {
        assert_eq!((query.host.as_deref(), query.service.as_deref()), (None, Some("http")));
        assert_eq!(query.transport, Transport::Udp);
        Ok(vec![SocketAddr::from(([0; 4], 8080))])
    };
    assert_eq!(port_with("http", Transport::Udp, never(), look_up).unwrap(), 8080);
    let look_up = |port, transport| {
        assert_eq!((port, transport), (80, Transport::Udp));
        Ok(String::from("web"))
    };
    assert_eq!(name_with(80, Transport::Udp, never(), look_up).unwrap(), "web");
}

#[test]
fn a_number_is_no_name_and_zero_no_port() {
    for name in ["80", "", "080", "+80", "-1", " 80"] {
        let error = port_with(name, Transport::Tcp, never(), must_not_be_asked).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServiceNotFound, "{name:?}");
    }
    let error = service_name(0, Transport::Tcp, never()).unwrap_err();
    assert_eq!(error.to_string(), "resolve 0/tcp: no such service");
}

#[test]
fn a_unix_socket_has_no_services() {
    let error = service_port("http", Transport::Unix, never()).unwrap_err();
    assert_eq!(error.to_string(), "resolve http/unix: no such service");
    let error = service_name(80, Transport::Unix, never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServiceNotFound);
}

#[test]
fn a_service_in_no_table_is_an_error_that_names_it() {
    let error = service_port("no-such-service", Transport::Udp, never()).unwrap_err();
    assert_eq!(error.to_string(), "resolve no-such-service/udp: no such service");
    assert!(std::error::Error::source(&error).is_some());
    let error = service_port("nul\0", Transport::Tcp, never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServiceNotFound);
}

#[test]
fn a_temporary_failure_of_the_table_is_not_a_missing_service() {
    let again = |_: &Query| Err(LookupError::new(EAI_AGAIN));
    let error = port_with("no-such-service", Transport::Tcp, never(), again).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TryAgain);
    assert_eq!(port_with("http", Transport::Tcp, never(), again).unwrap(), 80);
}

#[test]
fn the_deadline_holds() {
    let expired = Deadline::after(std::time::Duration::ZERO);
    assert!(service_port("http", Transport::Tcp, expired).unwrap_err().is_timeout());
    assert!(service_name(80, Transport::Tcp, expired).unwrap_err().is_timeout());
}

#[test]
fn this_system_or_the_built_in_table_has_the_common_services() {
    assert_eq!(service_port("http", Transport::Tcp, never()).unwrap(), 80);
    assert_eq!(service_name(80, Transport::Tcp, never()).unwrap(), "http");
    assert_eq!(service_port("tftp", Transport::Udp, never()).unwrap(), 69);
    assert_eq!(service_name(514, Transport::Udp, never()).unwrap(), "syslog");
}

#[test]
fn the_built_in_table_is_in_order_and_has_no_name_twice() {
    assert!(WELL_KNOWN.is_sorted_by_key(|row| row.0));
    let clash = |a: On, b: On| a == b || a == On::Both || b == On::Both;
    for (at, (_, name, on)) in WELL_KNOWN.iter().enumerate() {
        let later = &WELL_KNOWN[at + 1..];
        assert!(!later.iter().any(|row| row.1 == *name && clash(*on, row.2)), "{name}");
        assert!(name.len() <= 15 && !name.bytes().any(|byte| byte.is_ascii_uppercase()), "{name}");
    }
}

#[test]
fn the_built_in_table_finds_each_of_its_rows() {
    for (port, name, on) in WELL_KNOWN {
        let transport = if *on == On::Udp { Transport::Udp } else { Transport::Tcp };
        assert_eq!(well_known::port(&name.to_uppercase(), transport), Some(*port), "{name}");
        let first = well_known::name(*port, transport).unwrap();
        assert!(WELL_KNOWN.iter().any(|row| row.0 == *port && row.1 == first), "{first}");
        assert_eq!(well_known::port(name, Transport::Unix), None, "{name}");
    }
    assert_eq!(well_known::port("", Transport::Tcp), None);
    assert_eq!(well_known::name(0, Transport::Tcp), None);
}
