use std::net::SocketAddr;

use super::*;

fn peer(text: &str) -> Address {
    Address::from(text.parse::<SocketAddr>().unwrap())
}

fn is_full(result: &Result<NewPlace, Rejection>) -> bool {
    matches!(result, Err(Rejection::AddressFull { limit: 2 }))
}

#[test]
fn each_group_has_its_own_places() {
    let limit = AddressLimit::new(2);
    let (mut one, mut other) = (Places::new(Some(limit.clone())), Places::new(Some(limit.clone())));
    one.hold(1, one.take(&peer("192.0.2.1:1"), Stage::Served).unwrap());
    // Another worker, or another server, with the same limit.
    other.hold(1, other.take(&peer("[::ffff:192.0.2.1]:2"), Stage::Served).unwrap());
    assert!(is_full(&one.take(&peer("192.0.2.1:3"), Stage::Served)));
    one.hold(2, one.take(&peer("192.0.2.2:1"), Stage::Served).unwrap());
    for number in 1..=2 {
        let address = format!("[2001:db8::{number}]:1");
        one.hold(2 + number, one.take(&peer(&address), Stage::Served).unwrap());
    }
    assert!(is_full(&one.take(&peer("[2001:db8::3]:1"), Stage::Served)));
    assert!(one.take(&peer("[2001:db8:0:1::3]:1"), Stage::Served).is_ok());
    other.release(1);
    assert!(one.take(&peer("192.0.2.1:3"), Stage::Served).is_ok());
    drop((one, other));
    assert_eq!(limit.groups(), 0, "nothing is left behind");
}

#[test]
fn unix_sockets_and_servers_without_a_limit_are_not_counted() {
    let mut places = Places::new(Some(AddressLimit::new(1)));
    for index in 0..9 {
        places.hold(index, places.take(&Address::Unix(None), Stage::Served).unwrap());
    }
    let mut places = Places::new(None);
    for index in 0..9 {
        places.hold(index, places.take(&peer("192.0.2.1:1"), Stage::Served).unwrap());
    }
}

#[test]
fn handshakes_are_counted_apart_until_they_are_done() {
    let limit = AddressLimit::new(2);
    let mut places = Places::new(Some(limit.clone()));
    let address = peer("192.0.2.1:1");
    for index in 0..2 {
        places.hold(index, places.take(&address, Stage::Handshake).unwrap());
    }
    assert!(is_full(&places.take(&address, Stage::Handshake)));
    for index in 0..2 {
        places.establish(index).unwrap();
    }
    // The third one learns after its handshake that it is rejected.
    places.hold(2, places.take(&address, Stage::Handshake).unwrap());
    assert!(matches!(places.establish(2), Err(Rejection::AddressFull { limit: 2 })));
    places.release(0);
    places.establish(2).unwrap();
    (0..3).for_each(|index| places.release(index));
    assert_eq!(limit.groups(), 0);
}
