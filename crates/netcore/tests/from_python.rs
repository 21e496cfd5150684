//! The page for Python programmers has every name that the tutorials have.

use std::fs;
use std::path::Path;

/// The functions, constants, exceptions and classes in the tables and programs of the tutorials.
const NAMES: &[&str] = &[
    "bind",
    "listen",
    "accept",
    "connect",
    "connect_ex",
    "recv",
    "recv_into",
    "recvfrom",
    "recvfrom_into",
    "send",
    "sendall",
    "sendto",
    "sendfile",
    "makefile",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "settimeout",
    "gettimeout",
    "setblocking",
    "fileno",
    "close",
    "getservbyname",
    "AF_INET",
    "AF_INET6",
    "AF_UNIX",
    "SOCK_STREAM",
    "SOCK_DGRAM",
    "SOCK_RAW",
    "SOCK_SEQPACKET",
    "socket.error",
    "socket.gaierror",
    "socket.herror",
    "socket.timeout",
    "TCPServer",
    "UDPServer",
    "StreamRequestHandler",
    "BaseRequestHandler",
    "DatagramRequestHandler",
    "serve_forever",
    "select",
    "asyncore",
    "Protocol",
    "Factory",
    "connectionMade",
    "dataReceived",
    "transport.write",
    "transport.loseConnection",
    "reactor.listenTCP",
    "reactor.run",
];

#[test]
fn every_name_of_the_tutorials_is_on_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/from-python.md");
    if !page.exists() {
        println!("no page here, as in a package: nothing is tested");
        return;
    }
    let page = fs::read_to_string(page).unwrap();
    // The name stands as code in a row's first column, with or without arguments.
    let columns = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let code = columns.flat_map(|(first, _)| first.split('`').skip(1).step_by(2));
    let known: Vec<_> = code.filter_map(|code| code.split('(').next()).collect();
    let missing: Vec<_> = NAMES.iter().filter(|name| !known.contains(name)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    for link in page.split("](#").skip(1).filter_map(|rest| rest.split_once(')')) {
        let heading = |line: &str| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title.replace(' ', "-").replace('\'', "") == link.0
        };
        let found = page.lines().filter(|line| line.starts_with('#')).any(heading);
        assert!(found, "no section for #{}", link.0);
    }
}
