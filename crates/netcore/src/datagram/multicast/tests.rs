#[cfg(target_os = "linux")]
use std::net::Ipv6Addr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::*;
use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::ErrorKind;
#[cfg(target_os = "linux")]
use crate::fixture::has_ipv6;
use crate::fixture::{endpoint, moment, patience};
use crate::options::{MulticastInterface, SocketOptions};

fn bind_one(text: &str, options: &SocketOptions) -> Datagram {
    Datagram::bind_with(endpoint(text), options).unwrap()
}

/// Returns `true` if `sender` can reach `receiver` at `group`; prints a line if this machine does
/// not allow it.
fn heard(sender: &Datagram, receiver: &Datagram, group: SocketAddr) -> bool {
    let to = Address::Inet(group);
    if let Err(error) = sender.send_to(b"hello", &to, patience()) {
        println!("no multicast to {group} on this machine ({error}): that part is not tested");
        return false;
    }
    let mut buffer = [0; 16];
    match receiver.recv_from(&mut buffer, Deadline::after(Duration::from_secs(5))) {
        Ok(received) => {
            assert_eq!(&buffer[..received.len], b"hello");
            true
        }
        Err(error) => {
            assert!(error.is_timeout(), "{error}");
            println!("multicast to {group} does not arrive: that part is not tested");
            false
        }
    }
}

/// Sends to both groups; only the joined one arrives. The arrival of a later datagram proves that
/// the other one was not received.
fn only_what_is_joined(
    sender: &Datagram,
    receiver: &Datagram,
    joined: SocketAddr,
    other: SocketAddr,
) {
    sender.send_to(b"other", &Address::Inet(other), patience()).unwrap();
    sender.send_to(b"joined", &Address::Inet(joined), patience()).unwrap();
    let mut buffer = [0; 16];
    let received = receiver.recv_from(&mut buffer, patience()).unwrap();
    assert_eq!(&buffer[..received.len], b"joined");
}

#[test]
fn ipv4_groups_are_joined_and_left() {
    let lo = Ipv4Addr::LOCALHOST;
    let receiver = bind_one("udp://0.0.0.0:0", &SocketOptions::new());
    let port = receiver.local_address().unwrap().inet().unwrap().port();
    let group = Ipv4Addr::new(239, 255, 77, 1);
    let at = |ip: Ipv4Addr| SocketAddr::new(IpAddr::V4(ip), port);
    let options = SocketOptions::new()
        .with_multicast_interface(MulticastInterface::V4(lo))
        .with_multicast_loop(true)
        .with_multicast_ttl(0);
    let sender = bind_one("udp://127.0.0.1:0", &options);
    if let Err(error) = receiver.join_v4(group, lo) {
        println!("this machine joins no group on the loopback interface: {error}");
        return;
    }
    let error = receiver.join_v4(group, lo).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert_eq!(error.operation(), Operation::SetOption("IP_ADD_MEMBERSHIP"));
    if heard(&sender, &receiver, at(group)) {
        only_what_is_joined(&sender, &receiver, at(group), at(Ipv4Addr::new(239, 255, 77, 2)));
    }
    receiver.leave_v4(group, lo).unwrap();
    sender.send_to(b"late", &Address::Inet(at(group)), patience()).unwrap();
    sender.send_to(b"direct", &Address::Inet(at(lo)), patience()).unwrap();
    let mut buffer = [0; 16];
    let received = receiver.recv_from(&mut buffer, patience()).unwrap();
    assert_eq!(&buffer[..received.len], b"direct");
    let error = receiver.leave_v4(group, lo).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressNotAvailable);
    assert_eq!(error.operation(), Operation::SetOption("IP_DROP_MEMBERSHIP"));
}

#[cfg(target_os = "linux")]
#[test]
fn ipv6_groups_are_joined_and_left() {
    if !has_ipv6() {
        return;
    }
    // RFC 4291 section 2.7: interface-local scope. Linux numbers the loopback interface 1.
    let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0x77, 1);
    let other = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0x77, 2);
    let options = SocketOptions::new()
        .with_multicast_interface(MulticastInterface::V6(1))
        .with_multicast_loop(true)
        .with_multicast_ttl(1);
    let receiver = bind_one("udp://[::]:0", &SocketOptions::new());
    let sender = bind_one("udp://[::1]:0", &options);
    let port = receiver.local_address().unwrap().inet().unwrap().port();
    let at = |ip: Ipv6Addr| SocketAddr::new(IpAddr::V6(ip), port);
    if let Err(error) = receiver.join_v6(group, 1) {
        println!("this machine joins no group on the loopback interface: {error}");
        return;
    }
    let error = receiver.join_v6(group, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert_eq!(error.operation(), Operation::SetOption("IPV6_JOIN_GROUP"));
    if heard(&sender, &receiver, at(group)) {
        only_what_is_joined(&sender, &receiver, at(group), at(other));
    }
    receiver.leave_v6(group, 1).unwrap();
    let error = receiver.leave_v6(group, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressNotAvailable);
    assert_eq!(error.operation(), Operation::SetOption("IPV6_LEAVE_GROUP"));
}

#[test]
fn an_address_that_is_no_group_is_refused() {
    let socket = bind_one("udp://127.0.0.1:0", &SocketOptions::new());
    let error = socket.join_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        format!("set IP_ADD_MEMBERSHIP on {}: invalid input", socket.endpoint())
    );
}

#[test]
fn broadcasting_takes_the_option() {
    let receiver = bind_one("udp://0.0.0.0:0", &SocketOptions::new());
    let port = receiver.local_address().unwrap().inet().unwrap().port();
    // The broadcast address of 127.0.0.0/8, on Linux's loopback interface.
    let to = Address::Inet(SocketAddr::from(([127, 255, 255, 255], port)));
    let plain = bind_one("udp://127.0.0.1:0", &SocketOptions::new());
    let allowed = bind_one("udp://127.0.0.1:0", &SocketOptions::new().with_broadcast(true));
    if !cfg!(target_os = "linux") {
        println!("only Linux is known to broadcast on the loopback interface");
        return;
    }
    let error = plain.send_to(b"x", &to, patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Send, ErrorKind::PermissionDenied));
    allowed.send_to(b"to all", &to, patience()).unwrap();
    let mut buffer = [0; 16];
    let received = receiver.recv_from(&mut buffer, patience()).unwrap();
    assert_eq!(&buffer[..received.len], b"to all");
    assert!(receiver.recv_from(&mut buffer, moment()).unwrap_err().is_timeout());
}
