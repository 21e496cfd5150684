use super::*;
use crate::address::Address;

fn peer() -> Incoming {
    let address = Address::from(std::net::SocketAddr::from(([127, 0, 0, 1], 1)));
    Incoming { address, listener: 0 }
}

fn three() -> Handshakes {
    let mut handshakes = Handshakes::new(3);
    for (index, now) in [(5, 0), (6, 10), (7, 20)] {
        handshakes.insert(index, peer(), now);
    }
    handshakes
}

#[test]
fn below_the_limit_no_handshake_makes_room() {
    let mut handshakes = three();
    handshakes.remove(6);
    assert_eq!(handshakes.evictable(1_000_000), None);
    assert_eq!(handshakes.next_eviction(), None);
}

#[test]
fn at_the_limit_the_one_that_has_waited_longest_makes_room_after_a_second() {
    let mut handshakes = three();
    assert_eq!(handshakes.evictable(999), None);
    assert_eq!(handshakes.next_eviction(), Some(1000));
    assert_eq!(handshakes.evictable(1000), Some(5));
    // A reply gives the peer time again.
    handshakes.note_reply(5, 600);
    assert_eq!(handshakes.evictable(1010), Some(6));
}

#[test]
fn a_handshake_that_waits_for_its_own_server_does_not_make_room() {
    let mut handshakes = three();
    handshakes.enqueue(5);
    handshakes.enqueue(6);
    assert_eq!(handshakes.evictable(1_015), None);
    assert_eq!(handshakes.next_eviction(), Some(1_020));
    assert_eq!(handshakes.evictable(1_020), Some(7));
}

#[test]
fn a_handshake_is_in_the_queue_once_and_never_for_an_earlier_one_of_its_slot() {
    let mut handshakes = three();
    handshakes.enqueue(6);
    handshakes.enqueue(5);
    handshakes.enqueue(6);
    handshakes.remove(6);
    handshakes.insert(6, peer(), 30);
    assert_eq!(handshakes.next_ready(), Some(5));
    assert_eq!(handshakes.next_ready(), None);
    assert!(!handshakes.is_busy());
}
