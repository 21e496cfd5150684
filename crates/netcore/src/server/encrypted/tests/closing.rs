//! The end of encrypted connections.

use super::*;

#[test]
fn the_end_of_a_peer_is_close_notify_and_it_gets_its_last_replies_and_our_end() {
    for version in VERSIONS {
        let mut bench = bench();
        let (peer, mut client) = bench.connect_of(version);
        client.send(b"last word");
        client.finish();
        client.exchange(&peer, &mut bench.harness);
        assert_eq!(client.received(), b"last wordgoodbye");
        assert!(client.has_ended());
        assert_eq!(bench.log(), ["end", "closed Done"]);
        assert_eq!(bench.harness.connections(), 0);
    }
}

#[test]
fn a_close_sends_close_notify_and_lingers() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    client.send(b"close");
    client.exchange(&peer, &mut bench.harness);
    assert!(client.has_ended() && peer.is_closed());
    assert_eq!(bench.log(), ["closed Done"], "the service is told at once");
    assert_eq!(bench.harness.connections(), 1);
    // Ciphertext of a lingering connection is dropped as it is.
    peer.send(b"no record");
    bench.harness.run();
    assert_eq!(bench.harness.connections(), 1);
    peer.finish();
    bench.harness.run();
    assert_eq!(bench.harness.connections(), 0);
}

#[test]
fn a_close_waits_until_the_socket_has_taken_close_notify() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    client.send(b"close");
    peer.room(0);
    peer.send(&client.outgoing());
    bench.harness.run();
    assert!(bench.log().is_empty(), "the end is unsent");
    let mut taken = 0;
    while bench.log().is_empty() {
        assert!(!peer.is_closed(), "after {taken} bytes");
        peer.room(1);
        bench.harness.run();
        client.receive(&peer.received());
        taken += 1;
    }
    assert!(client.has_ended() && peer.is_closed(), "after {taken} bytes");
}

#[test]
fn a_peer_that_takes_no_close_notify_is_released_after_the_stall_timeout() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    client.send(b"close");
    peer.room(0);
    peer.send(&client.outgoing());
    bench.harness.run();
    bench.harness.advance(Duration::from_secs(29));
    assert_eq!(bench.harness.connections(), 1);
    bench.harness.advance(Duration::from_secs(1));
    assert_eq!(bench.log(), ["closed Stalled"]);
    assert_eq!(bench.harness.connections(), 0);
}

#[test]
fn a_stop_drops_handshakes_and_says_goodbye_to_the_others() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    let (fresh, _) = bench.start();
    let (begun, mut its_client) = bench.start();
    begun.send(&its_client.outgoing());
    bench.harness.run();
    client.send(b"before");
    peer.send(&client.outgoing());
    bench.harness.stop();
    client.receive(&peer.received());
    assert_eq!(client.received(), b"beforebye");
    assert!(client.has_ended());
    assert!(fresh.is_closed() && begun.is_closed());
    assert_eq!(bench.log(), ["closed Done"]);
    // Connections that arrive from the acceptor afterwards are dropped too.
    let (late, _) = bench.start();
    assert!(late.is_closed());
}

#[test]
fn an_idle_peer_is_closed_in_order_and_an_active_one_is_not() {
    let idle = Some(Duration::from_secs(10));
    let mut bench = Bench::new(Config::default().with_idle_timeout(idle));
    let (peer, mut client) = bench.connect();
    let (active, mut its_client) = bench.connect();
    for _ in 0..3 {
        its_client.send(b"x");
        its_client.exchange(&active, &mut bench.harness);
        bench.harness.advance(Duration::from_secs(4));
    }
    assert_eq!(bench.log(), ["idle", "closed Done"]);
    client.exchange(&peer, &mut bench.harness);
    assert!(client.has_ended() && !active.is_closed());
}
