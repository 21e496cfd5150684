use socket2::SockRef;

use super::*;
use crate::fixture::{endpoint, has_ipv6, refusing};

fn tcp(text: &str) -> Result<Vec<Bound>, Error> {
    bind(&endpoint(text), &SocketOptions::new(), Type::STREAM, Addresses::All)
}

fn binder() -> Binder {
    let (transport, addresses) = (Transport::Tcp, Addresses::All);
    Binder { transport, options: SocketOptions::new(), kind: Type::STREAM, addresses }
}

fn ports(all: &[Bound]) -> Vec<u16> {
    all.iter().filter_map(Bound::port).collect()
}

#[test]
fn port_0_becomes_the_chosen_port() {
    let bound = tcp("127.0.0.1:0").unwrap();
    let port = ports(&bound)[0];
    assert_ne!(port, 0);
    assert_eq!(bound[0].endpoint.to_string(), format!("tcp://127.0.0.1:{port}"));
}

#[test]
fn addresses_that_share_port_0_get_the_same_port() {
    if !has_ipv6() {
        return;
    }
    let both = ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
    let bound = binder().each(&both).unwrap();
    let ports = ports(&bound);
    assert_eq!(ports.len(), 2);
    assert_eq!(ports[0], ports[1]);
    assert_ne!(ports[0], 0);
}

#[test]
fn one_address_in_use_leaves_none_bound() {
    let (_held, taken) = refusing("127.0.0.1:0");
    let free = SocketAddr::from((Ipv6Addr::LOCALHOST, taken.port()));
    if !has_ipv6() {
        return;
    }
    let error = binder().each(&[free, taken]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert!(binder().one(free).is_ok(), "the first must have been given back");
}

#[test]
fn an_error_names_the_endpoint_once() {
    let (_held, taken) = refusing("127.0.0.1:0");
    let text = format!("tcp://{taken}");
    let error = tcp(&text).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), format!("bind {text}: address in use"));
    assert_eq!(error.address(), Some(&Address::Inet(taken)));
}

#[test]
fn an_ipv6_address_that_the_machine_lacks_is_left_out_if_another_is_bound() {
    // RFC 6666: no host has an address of the discard prefix.
    let lacking: SocketAddr = "[100::1]:0".parse().unwrap();
    let bound = binder().each(&[lacking, "127.0.0.1:0".parse().unwrap()]).unwrap();
    assert_eq!(bound.len(), 1);
    let error = binder().each(&[lacking]).map(|_| ()).unwrap_err();
    assert!(is_family_missing(&error), "{error}");
    // TEST-NET-1 of RFC 5737.
    let foreign: SocketAddr = "192.0.2.1:0".parse().unwrap();
    let error = binder().each(&["127.0.0.1:0".parse().unwrap(), foreign]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressNotAvailable);
}

#[test]
fn every_interface_is_one_socket_for_both_families() {
    if !has_ipv6() {
        return;
    }
    for text in [":0", "[::]:0", "tcp://:0"] {
        let bound = tcp(text).unwrap();
        assert_eq!(bound.len(), 1);
        assert!(!SockRef::from(&bound[0].socket).only_v6().unwrap(), "{text}");
        assert!(bound[0].endpoint.to_string().starts_with("tcp://[::]:"));
    }
    for text in [":0", "[::]:0"] {
        let only = SocketOptions::new().with_only_v6(true);
        let bound = bind(&endpoint(text), &only, Type::STREAM, Addresses::All).unwrap();
        assert_eq!(bound.len(), 1);
        assert!(SockRef::from(&bound[0].socket).only_v6().unwrap(), "{text}");
    }
}

#[test]
fn streams_are_restartable_and_datagrams_keep_their_port() {
    let reuse = |text: &str, kind| {
        let bound = bind(&endpoint(text), &SocketOptions::new(), kind, Addresses::All).unwrap();
        SocketOptions::read_from(&bound[0].socket).unwrap().reuse_address()
    };
    assert_eq!(reuse("127.0.0.1:0", Type::STREAM), Some(cfg!(unix)));
    assert_eq!(reuse("udp://127.0.0.1:0", Type::DGRAM), Some(false));
}

#[test]
fn the_transport_must_fit() {
    for (text, kind) in [("udp://127.0.0.1:0", Type::STREAM), ("127.0.0.1:0", Type::DGRAM)] {
        let error = bind(&endpoint(text), &SocketOptions::new(), kind, Addresses::All)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.endpoint(), Some(text));
    }
}

#[test]
fn two_sockets_share_a_port_if_the_options_say_so() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let options = SocketOptions::new().with_reuse_port(true);
    let first = bind(&endpoint("127.0.0.1:0"), &options, Type::STREAM, Addresses::All).unwrap();
    let again = bind(&first[0].endpoint, &options, Type::STREAM, Addresses::All).unwrap();
    assert_eq!(ports(&first), ports(&again));
    let error =
        bind(&first[0].endpoint, &SocketOptions::new(), Type::STREAM, Addresses::All).map(|_| ());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AddressInUse);
}
