use std::net::TcpListener;

use super::*;
use crate::datagram::Datagram;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::fixture::{TestDir, endpoint, has_ipv6, listen, refusing};
use crate::listener::Listener;
use crate::options::SocketOptions;

/// The owner in an error about this very process.
fn this_process() -> String {
    "another socket of this process".to_owned()
}

fn cannot_listen(endpoint: &Endpoint) -> Error {
    let error = Listener::bind_all(endpoint, &SocketOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse, "{error}");
    error
}

#[test]
fn a_conflicting_listener_is_named() {
    for text in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", ":0"] {
        if text.starts_with('[') && !has_ipv6() {
            continue;
        }
        let first = listen(text);
        let error = cannot_listen(first.endpoint());
        assert_eq!(error.address_owner(), Some(&*this_process()));
        let expected = format!("bind {}: address in use by {}", first.endpoint(), this_process());
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_listener_on_every_interface_conflicts_with_a_single_address() {
    let every = listen(":0");
    let port = every.local_address().unwrap().inet().unwrap().port();
    let error = cannot_listen(&endpoint(&format!("127.0.0.1:{port}")));
    assert_eq!(error.address_owner(), Some(&*this_process()));
}

#[test]
fn a_conflicting_datagram_socket_is_named() {
    let options = SocketOptions::new();
    let first = Datagram::bind_with(endpoint("udp://127.0.0.1:0"), &options).unwrap();
    let error = Datagram::bind_all(first.endpoint(), &options).unwrap_err();
    assert_eq!(error.address_owner(), Some(&*this_process()));
    // The numbers of TCP's ports are not those of UDP's.
    let address = first.local_address().unwrap();
    let listens = TcpListener::bind(address.inet().unwrap()).is_ok();
    assert!(!listens || address_owner(Transport::Tcp, &address).is_none());
}

#[test]
fn the_process_that_accepts_on_a_unix_socket_is_named() {
    let directory = TestDir::new();
    let options = SocketOptions::new();
    let _first = Listener::bind_all(directory.endpoint("stream"), &options).unwrap();
    let error = cannot_listen(&directory.endpoint("stream"));
    assert_eq!(error.address_owner(), Some(&*this_process()));
    let _second = Datagram::bind_all(directory.endpoint("datagram"), &options).unwrap();
    let error = Datagram::bind_all(directory.endpoint("datagram"), &options).unwrap_err();
    assert_eq!(error.address_owner(), Some(&*this_process()));
    let name = Endpoint::unix(format!("\0sockit-test-{}-holder", std::process::id()));
    let _third = Listener::bind_all(&name, &options).unwrap();
    assert_eq!(cannot_listen(&name).address_owner(), Some(&*this_process()));
    fs::write(directory.path("file"), "").unwrap();
    assert_eq!(cannot_listen(&directory.endpoint("file")).address_owner(), None);
}

#[test]
fn an_invisible_owner_is_not_named() {
    let (_bound_but_silent, address) = refusing("127.0.0.1:0");
    let error = cannot_listen(&Endpoint::tcp(address));
    assert_eq!(error.address_owner(), None);
    assert!(error.to_string().ends_with(": address in use"), "{error}");
    assert_eq!(process_with(u64::MAX), None);
}

fn lines(text: &str) -> Vec<Vec<u8>> {
    text.lines().map(|line| line.as_bytes().to_vec()).collect()
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Port 80: a connection, one in TIME_WAIT, and two listeners; port 81: a listener on IPv6.
#[cfg(target_endian = "little")]
#[test]
fn the_closest_socket_that_listens_is_taken() {
    let v4 = "   0: 0700000A:0050 0900000A:C000 01 0:0 00:0 0 0 0 11 1 0 20 4 30 10 -1\n   \
                 1: 0700000A:0050 0900000A:C001 06 0:0 03:0 0 0 0 0 3 0\n   \
                 2: 0700000A:0050 00000000:0000 0A 0:0 00:0 0 0 0 12 1 0 100 0 0 10 0";
    let v6 = "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 \
                 0A 0:0 00:0 0 0 0 13 1 0 100 0 0 10 0\n   \
                 1: B80D0120000000000000000007000000:0051 00000000000000000000000000000000:0000 \
                 0A 0:0 00:0 0 0 0 14 1 0 100 0 0 10 0\nnonsense\n";
    let tables = [lines(v4), lines(v6)];
    for (wanted, inode) in [
        ("10.0.0.7:80", Some(12)),
        ("[::ffff:10.0.0.7]:80", Some(12)),
        ("0.0.0.0:80", Some(12)),
        ("10.0.0.8:80", Some(13)),
        ("[::1]:80", Some(13)),
        ("[::]:80", Some(13)),
        ("[2001:db8::7]:81", Some(14)),
        ("[::]:81", Some(14)),
        ("0.0.0.0:81", None),
        ("[2001:db8::8]:81", None),
        ("10.0.0.7:82", None),
    ] {
        assert_eq!(inet(&tables, at(wanted)), inode, "{wanted}");
    }
}

#[test]
fn unix_rows_are_told_apart() {
    let table = lines(
        "0000000000000000: 00000002 00000000 00010000 0001 01   21 /run/a\n\
         0000000000000000: 00000003 00000000 00000000 0001 03   22 /run/a\n\
         0000000000000000: 00000002 00000000 00010000 0001 01 23456 /tmp/x /run/b\n\
         0000000000000000: 00000002 00000000 00000000 0002 01   24 /run/c d\n\
         0000000000000000: 00000002 00000000 00010000 0001 01   25 /run/twice\n\
         0000000000000000: 00000002 00000000 00010000 0001 01   26 /run/twice\n\
         0000000000000000: 00000002 00000000 00010000 0001 01   27 run/a\n\
         0000000000000000: 00000002 00000000 00010000 0001 01   29 @a@b\n\
         0000000000000000: 00000002 00000000 00010000 0001 01   28",
    );
    for (path, inode) in [
        ("/run/a", Some(21)),
        ("/run/b", None),
        ("/tmp/x /run/b", Some(23_456)),
        ("/run/c d", Some(24)),
        ("/run/twice", None),
        ("/run/nobody", None),
        ("\0a\0b", Some(29)),
        ("\0a", None),
    ] {
        assert_eq!(unix(&table, Path::new(path)), inode, "{path}");
    }
}

#[test]
fn a_process_name_can_not_disturb_a_terminal() {
    assert_eq!(printable(b"nginx\n"), "nginx");
    assert_eq!(printable(b"a b\x1b[2J\xff\n\n"), "a b\\u{1b}[2J\u{fffd}\\n");
}
