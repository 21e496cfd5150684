use super::*;

fn inet(text: &str) -> Address {
    Address::Inet(text.parse().unwrap())
}

#[test]
fn prints_as_people_write_it() {
    for (address, text) in [
        (inet("127.0.0.1:80"), "127.0.0.1:80"),
        (inet("[::1]:80"), "[::1]:80"),
        (inet("[fe80::1%3]:80"), "[fe80::1%3]:80"),
        (inet("[::ffff:10.0.0.7]:5432"), "10.0.0.7:5432"),
        (Address::Unix(None), "unix:"),
        (Address::Unix(Some("/run/app.sock".into())), "unix:/run/app.sock"),
        (Address::Unix(Some("\0it's\x1b\0".into())), "unix:@it's\\u{1b}\\u{0}"),
    ] {
        assert_eq!(address.to_string(), text);
    }
}

#[test]
fn a_mapped_address_is_ipv4_to_the_reader_and_unchanged_to_the_socket() {
    let mapped = inet("[::ffff:10.0.0.7]:5432");
    assert_eq!(mapped.inet(), Some("10.0.0.7:5432".parse().unwrap()));
    let system = mapped.to_system().unwrap();
    assert!(system.is_ipv6());
    assert_eq!(Address::from_system(&system), mapped);
}

#[test]
fn round_trips_through_the_system_type() {
    let mut addresses = vec![inet("127.0.0.1:80"), inet("[fe80::1%3]:80")];
    if sys::HAS_UNIX_SOCKETS {
        addresses.extend([
            Address::Unix(None),
            Address::Unix(Some("/run/app.sock".into())),
            Address::Unix(Some("relative".into())),
        ]);
    }
    for address in addresses {
        assert_eq!(Address::from_system(&address.to_system().unwrap()), address);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_round_trip_and_agree_with_std() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    let address = Address::Unix(Some("\0name".into()));
    assert_eq!(Address::from_system(&address.to_system().unwrap()), address);
    let std = SocketAddr::from_abstract_name("name").unwrap();
    assert_eq!(Address::from(std), address);
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
#[test]
fn an_abstract_name_is_refused_where_the_system_has_none() {
    let error = Address::Unix(Some("\0name".into())).to_system().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    assert!(error.to_string().contains("unix:@NAME"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_path_may_be_as_long_as_the_system_takes_and_no_longer() {
    let path = |length: usize| Address::Unix(Some("x".repeat(length).into()));
    let longest = path(sys::MAX_UNIX_PATH);
    assert_eq!(Address::from_system(&longest.to_system().unwrap()), longest);
    let error = path(sys::MAX_UNIX_PATH + 1).to_system().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains(&sys::MAX_UNIX_PATH.to_string()), "{error}");
}

#[test]
fn another_family_keeps_its_bytes() {
    let address = Address::Other { family: 40, data: Box::new([0, 0, 1, 2, 0xff]) };
    assert_eq!(address.to_string(), "family 40:00000102ff");
    assert_eq!(Address::from_system(&address.to_system().unwrap()), address);
    assert_eq!((address.inet(), address.path()), (None, None));
    let long = Address::Other { family: 40, data: vec![0; 1000].into() };
    assert_eq!(long.to_system().unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let unknown = Address::Other { family: -1, data: Box::new([]) };
    assert_eq!(unknown.to_system().unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

/// Data that is too short for its family must not be read beyond its end.
#[test]
fn a_known_family_by_its_bytes_is_that_family() {
    let known = Address::Inet("127.0.0.1:80".parse().unwrap()).to_system().unwrap();
    let (family, _) = sys::other_address(&known);
    let data = Box::new([0, 80, 127, 0, 0, 1]);
    let address = Address::Other { family, data }.to_system().unwrap();
    assert_eq!(Address::from_system(&address).to_string(), "127.0.0.1:80");
}
