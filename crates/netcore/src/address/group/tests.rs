use std::path::PathBuf;

use super::*;

fn group(text: &str) -> AddressGroup {
    AddressGroup::from(text.parse::<SocketAddr>().unwrap())
}

#[test]
fn a_group_is_an_ipv4_address_or_a_network_of_ipv6() {
    assert_eq!(group("192.0.2.1:1"), group("192.0.2.1:2"));
    assert_ne!(group("192.0.2.1:1"), group("192.0.2.3:1"));
    assert_eq!(group("[::ffff:192.0.2.1]:1"), group("192.0.2.1:2"));
    assert_eq!(group("[2001:db8:0:1::1]:1"), group("[2001:db8:0:1:ffff::9]:2"));
    assert_ne!(group("[2001:db8:0:1::1]:1"), group("[2001:db8:0:2::1]:1"));
    assert_ne!(group("[::1]:1"), group("0.0.0.1:1"));
}

#[test]
fn a_group_prints_as_an_address_or_a_network() {
    assert_eq!(group("[::ffff:192.0.2.1]:1").to_string(), "192.0.2.1");
    assert_eq!(group("[2001:db8:0:1::1]:1").to_string(), "2001:db8:0:1::/64");
}

#[test]
fn unix_sockets_are_in_no_group() {
    assert_eq!(AddressGroup::of(&Address::Unix(Some(PathBuf::from("/run/app.sock")))), None);
    let address = Address::from(SocketAddr::from(([192, 0, 2, 1], 1)));
    assert_eq!(AddressGroup::of(&address), Some(group("192.0.2.1:9")));
}
