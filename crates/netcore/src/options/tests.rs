use std::net::Ipv4Addr;
use std::time::Duration;

use std::fmt::Debug;

use socket2::{Domain, SockRef, Socket, Type};

use super::*;
use crate::endpoint::Transport;
use crate::error::{ErrorKind, Operation};
use crate::fixture::has_ipv6;

fn socket(domain: Domain, kind: Type) -> Socket {
    Socket::new(domain, kind, None).unwrap()
}

fn streams() -> Vec<Domain> {
    let mut all = vec![Domain::IPV4];
    if has_ipv6() {
        all.push(Domain::IPV6);
    }
    all
}

/// Each type of socket that this machine has.
fn kinds() -> Vec<(Domain, Type)> {
    let mut all = Vec::new();
    for domain in streams() {
        all.push((domain, Type::STREAM));
        all.push((domain, Type::DGRAM));
    }
    if cfg!(unix) {
        all.push((Domain::UNIX, Type::STREAM));
        all.push((Domain::UNIX, Type::DGRAM));
    }
    all
}

/// Sets each of `values` on one socket in turn, each from a different start, and reads it back with
/// the getter.
fn round_trip<T: Clone + Debug + PartialEq>(
    kinds: &[(Domain, Type)],
    with: impl Fn(SocketOptions, T) -> SocketOptions,
    get: impl Fn(&SocketOptions) -> Option<T>,
    values: &[T],
) {
    for &(domain, kind) in kinds {
        let socket = socket(domain, kind);
        for value in values {
            with(SocketOptions::new(), value.clone()).apply(&socket).unwrap_or_else(|error| {
                panic!("{domain:?} {kind:?} {value:?}: {error}: {error:?}");
            });
            let read = SocketOptions::read_from(&socket).unwrap();
            assert_eq!(get(&read), Some(value.clone()), "{domain:?} {kind:?}");
        }
    }
}

fn of_type(kind: Type) -> Vec<(Domain, Type)> {
    streams().into_iter().map(|domain| (domain, kind)).collect()
}

fn inet() -> Vec<(Domain, Type)> {
    [of_type(Type::STREAM), of_type(Type::DGRAM)].concat()
}

/// Windows has SO_LINGER only for streams.
fn lingering() -> Vec<(Domain, Type)> {
    if cfg!(windows) { of_type(Type::STREAM) } else { kinds() }
}

macro_rules! round_trips {
    ($($(#[$meta:meta])* $name:ident $with:ident $kinds:expr => $values:expr;)*) => {
        $($(#[$meta])* #[test]
        fn $name() {
            round_trip(&$kinds, SocketOptions::$with, SocketOptions::$name, &$values);
        })*
    };
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

round_trips! {
    reuse_address with_reuse_address kinds() => [true, false, true];
    #[cfg(unix)]
    reuse_port with_reuse_port inet() => [true, false, true];
    #[cfg(unix)]
    nonblocking with_nonblocking kinds() => [true, false, true];
    read_timeout with_read_timeout kinds() => [seconds(3), Duration::ZERO, seconds(7)];
    write_timeout with_write_timeout kinds() => [seconds(3), Duration::ZERO, seconds(7)];
    nodelay with_nodelay of_type(Type::STREAM) => [true, false, true];
    linger with_linger lingering() => [Some(seconds(5)), None, Some(Duration::ZERO), Some(seconds(9))];
    ttl with_ttl inet() => [17, 1, 255];
    broadcast with_broadcast of_type(Type::DGRAM) => [true, false, true];
    multicast_loop with_multicast_loop of_type(Type::DGRAM) => [false, true, false];
    multicast_ttl with_multicast_ttl of_type(Type::DGRAM) => [0, 7, 255];
    #[cfg(target_os = "linux")]
    user_timeout with_user_timeout of_type(Type::STREAM) => [seconds(30), Duration::ZERO, seconds(7)];
    // Values without the bits of RFC 3168, which belong to the system on TCP.
    #[cfg(unix)]
    tos with_tos inet() => [0x10, 0xb8, 0];
}

#[test]
fn keepalive() {
    let all = Keepalive::new().with_idle(seconds(61)).with_interval(seconds(11)).with_count(5);
    let other = Keepalive::new().with_idle(seconds(7)).with_interval(seconds(2)).with_count(3);
    round_trip(
        &of_type(Type::STREAM),
        SocketOptions::with_keepalive,
        SocketOptions::keepalive,
        &[Some(all), None, Some(other), Some(all)],
    );
    // A parameter that is not given keeps its value.
    for domain in streams() {
        let socket = socket(domain, Type::STREAM);
        SocketOptions::new().with_keepalive(Some(all)).apply(&socket).unwrap();
        let one = Keepalive::new().with_count(8);
        SocketOptions::new().with_keepalive(Some(one)).apply(&socket).unwrap();
        let read = SocketOptions::read_from(&socket).unwrap().keepalive().flatten();
        assert_eq!(read, Some(all.with_count(8)));
    }
}

#[test]
fn only_v6() {
    if has_ipv6() {
        round_trip(
            &[(Domain::IPV6, Type::STREAM), (Domain::IPV6, Type::DGRAM)],
            SocketOptions::with_only_v6,
            SocketOptions::only_v6,
            &[true, false, true],
        );
    }
    let v4 = socket(Domain::IPV4, Type::STREAM);
    SocketOptions::new().with_only_v6(true).apply(&v4).unwrap();
    assert_eq!(SocketOptions::read_from(&v4).unwrap().only_v6(), None);
}

#[test]
fn buffer_sizes_are_at_least_what_was_asked_for() {
    for (domain, kind) in kinds() {
        let socket = socket(domain, kind);
        for size in [16_384, 65_536, 32_768] {
            SocketOptions::new()
                .with_recv_buffer(size)
                .with_send_buffer(size)
                .apply(&socket)
                .unwrap();
            let read = SocketOptions::read_from(&socket).unwrap();
            for granted in [read.recv_buffer().unwrap(), read.send_buffer().unwrap()] {
                assert!(granted >= size && granted <= 4 * size, "{granted} for {size}");
            }
        }
        let error = SocketOptions::new().with_recv_buffer(1 << 31).apply(&socket).unwrap_err();
        assert_eq!(error.operation(), Operation::SetOption("SO_RCVBUF"));
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn multicast_interface() {
    let v4 = |address| MulticastInterface::V4(address);
    round_trip(
        &[(Domain::IPV4, Type::DGRAM)],
        SocketOptions::with_multicast_interface,
        SocketOptions::multicast_interface,
        &[v4(Ipv4Addr::LOCALHOST), v4(Ipv4Addr::UNSPECIFIED), v4(Ipv4Addr::LOCALHOST)],
    );
    if has_ipv6() && cfg!(target_os = "linux") {
        // The loopback interface is the first.
        let v6 = MulticastInterface::V6;
        round_trip(
            &[(Domain::IPV6, Type::DGRAM)],
            SocketOptions::with_multicast_interface,
            SocketOptions::multicast_interface,
            &[v6(1), v6(0), v6(1)],
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn bind_device() {
    let lo = String::from("lo");
    for (domain, kind) in inet() {
        let socket = socket(domain, kind);
        assert_eq!(SocketOptions::read_from(&socket).unwrap().bind_device(), None);
        match SocketOptions::new().with_bind_device(lo.clone()).apply(&socket) {
            Ok(()) => {
                let read = SocketOptions::read_from(&socket).unwrap();
                assert_eq!(read.bind_device().as_ref(), Some(&lo));
                // socket(7): the empty name removes the binding.
                SocketOptions::new().with_bind_device(String::new()).apply(&socket).unwrap();
                assert_eq!(SocketOptions::read_from(&socket).unwrap().bind_device(), None);
            }
            Err(error) => {
                println!("no right to bind a device: only the error is tested");
                assert_eq!(error.kind(), ErrorKind::PermissionDenied);
                assert_eq!(error.operation(), Operation::SetOption("SO_BINDTODEVICE"));
            }
        }
        let nowhere = SocketOptions::new().with_bind_device("no-such-device".into());
        let error = nowhere.apply(&socket).unwrap_err();
        assert_eq!(error.operation(), Operation::SetOption("SO_BINDTODEVICE"));
    }
}

#[test]
fn an_option_without_a_system_constant_is_kept_and_not_read_back() {
    let options = SocketOptions::new().with_connect_timeout(seconds(5)).with_backlog(17);
    assert_eq!((options.connect_timeout(), options.backlog()), (Some(seconds(5)), Some(17)));
    for (domain, kind) in kinds() {
        let socket = socket(domain, kind);
        options.apply(&socket).unwrap();
        let read = SocketOptions::read_from(&socket).unwrap();
        assert_eq!((read.connect_timeout(), read.backlog()), (None, None));
    }
}

#[test]
fn options_read_from_one_socket_apply_to_another() {
    for (domain, kind) in kinds() {
        let first = socket(domain, kind);
        let mut read = SocketOptions::read_from(&first).unwrap();
        // Linux would double them again.
        read.set.recv_buffer = None;
        read.set.send_buffer = None;
        let second = socket(domain, kind);
        if domain == Domain::UNIX {
            read.set.reuse_port = None;
        }
        read.apply(&second).unwrap_or_else(|error| panic!("{domain:?} {kind:?}: {error}"));
        let mut again = SocketOptions::read_from(&second).unwrap();
        again.set.recv_buffer = None;
        again.set.send_buffer = None;
        if domain == Domain::UNIX {
            again.set.reuse_port = None;
        }
        assert_eq!(read, again);
    }
}

#[test]
fn times_too_short_for_the_clock_do_not_become_zero() {
    let socket = socket(Domain::IPV4, Type::STREAM);
    let nanosecond = Duration::from_nanos(1);
    SocketOptions::new()
        .with_read_timeout(nanosecond)
        .with_write_timeout(nanosecond)
        .with_linger(Some(nanosecond))
        .apply(&socket)
        .unwrap();
    let read = SocketOptions::read_from(&socket).unwrap();
    assert!(read.read_timeout().unwrap() > Duration::ZERO);
    assert!(read.write_timeout().unwrap() > Duration::ZERO);
    assert_eq!(read.linger(), Some(Some(seconds(1))));
    assert!(SockRef::from(&socket).read_timeout().unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn an_option_that_the_socket_lacks_is_named() {
    let unix = socket(Domain::UNIX, Type::STREAM);
    let error = SocketOptions::new().with_nodelay(true).apply(&unix).unwrap_err();
    assert_eq!(error.operation(), Operation::SetOption("TCP_NODELAY"));
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.to_string(), "set TCP_NODELAY: not supported");
    let read = SocketOptions::read_from(&unix).unwrap();
    assert_eq!((read.nodelay(), read.ttl(), read.keepalive()), (None, None, None));
}

#[test]
fn options_of_another_transport_are_left_out() {
    let all = SocketOptions::new()
        .with_reuse_address(true)
        .with_nodelay(true)
        .with_keepalive(Some(Keepalive::new()))
        .with_user_timeout(seconds(9))
        .with_ttl(9)
        .with_tos(0)
        .with_broadcast(true)
        .with_multicast_loop(true)
        .with_multicast_ttl(1)
        .with_multicast_interface(MulticastInterface::V4(Ipv4Addr::UNSPECIFIED))
        .with_linger(None)
        .with_recv_buffer(16_384);
    for (transport, kinds) in [
        (Transport::Tcp, vec![(Domain::IPV4, Type::STREAM)]),
        (Transport::Udp, vec![(Domain::IPV4, Type::DGRAM)]),
        (Transport::Unix, vec![(Domain::UNIX, Type::STREAM), (Domain::UNIX, Type::DGRAM)]),
    ] {
        let fitting = all.fitting(transport);
        for (domain, kind) in kinds {
            if domain == Domain::UNIX && cfg!(not(unix)) || cfg!(not(target_os = "linux")) {
                continue;
            }
            fitting
                .apply(&socket(domain, kind))
                .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        }
        assert_eq!(fitting.nodelay(), (transport == Transport::Tcp).then_some(true));
        assert_eq!(fitting.broadcast(), (transport == Transport::Udp).then_some(true));
        assert_eq!(fitting.ttl(), (transport != Transport::Unix).then_some(9));
        assert_eq!(fitting.recv_buffer(), Some(16_384));
    }
}

#[test]
fn prints_set_options_under_their_c_names() {
    assert_eq!(SocketOptions::new().to_string(), "");
    let options = SocketOptions::new()
        .with_reuse_address(true)
        .with_nonblocking(false)
        .with_read_timeout(Duration::from_millis(1500))
        .with_keepalive(Some(Keepalive::new().with_interval(seconds(5)).with_count(3)))
        .with_linger(None)
        .with_recv_buffer(4096)
        .with_multicast_interface(MulticastInterface::V6(2))
        .with_bind_device("lo".into())
        .with_backlog(7);
    assert_eq!(
        options.to_string(),
        "SO_REUSEADDR=1 O_NONBLOCK=0 SO_RCVTIMEO=1.5s SO_KEEPALIVE=1 TCP_KEEPINTVL=5s \
         TCP_KEEPCNT=3 SO_LINGER=off SO_RCVBUF=4096 IPV6_MULTICAST_IF=2 SO_BINDTODEVICE=lo \
         backlog=7"
    );
    let off = SocketOptions::new().with_keepalive(None).with_linger(Some(seconds(2)));
    assert_eq!(off.to_string(), "SO_KEEPALIVE=0 SO_LINGER=2s");
    let unlimited = SocketOptions::new().with_write_timeout(Duration::ZERO);
    assert_eq!(unlimited.to_string(), "SO_SNDTIMEO=0s");
}

#[test]
fn compares_by_the_set_options() {
    let options = SocketOptions::new().with_ttl(9);
    assert_eq!(options, SocketOptions::default().with_ttl(9));
    assert_ne!(options, SocketOptions::new());
    assert_ne!(options, options.clone().with_ttl(8));
}
