//! Handshakes that take their time, that are many, and that fail.

use super::*;
use crate::server::AddressLimit;

#[test]
fn a_flood_of_handshakes_keeps_nobody_waiting() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    let hello = bench.client(Version::Tls13).outgoing();
    let flood: Vec<Peer> =
        (0..200).map(|_| bench.harness.connect_over_tls(&bench.acceptor).unwrap()).collect();
    for other in &flood {
        other.send(&hello);
    }
    let mut answered = 0;
    for turn in 1..=50 {
        client.send(b"hello");
        peer.send(&client.outgoing());
        let more = bench.harness.turn();
        client.receive(&peer.received());
        assert_eq!(client.received(), b"hello", "in the turn in which it was sent");
        answered += flood.iter().filter(|other| !other.received().is_empty()).count();
        assert!(answered <= 4 * turn, "{answered} handshakes in {turn} turns");
        assert_eq!(more, answered < 200, "a loop with handshakes left does not sleep");
    }
    assert_eq!(answered, 200);
    assert_eq!(bench.harness.connections(), 201);
    bench.harness.advance(Duration::from_secs(10));
    assert_eq!(bench.harness.connections(), 1);
}

#[test]
fn a_handshake_has_ten_seconds_however_slowly_its_bytes_arrive() {
    let mut bench = bench();
    let (silent, _) = bench.start();
    let (slow, mut client) = bench.start();
    let hello = client.outgoing();
    for byte in &hello[..99] {
        slow.send(&[*byte]);
        bench.harness.advance(Duration::from_millis(100));
    }
    bench.harness.advance(Duration::from_millis(99));
    assert!(!silent.is_closed() && !slow.is_closed());
    bench.harness.advance(Duration::from_millis(1));
    assert!(silent.is_closed() && slow.is_closed());
    assert_eq!(bench.harness.connections(), 0);
    assert!(bench.log().is_empty());
}

#[test]
fn an_established_connection_has_no_time_limit_of_the_handshake() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    bench.harness.advance(Duration::from_secs(3600));
    client.send(b"still here");
    client.exchange(&peer, &mut bench.harness);
    assert_eq!(client.received(), b"still here");
}

#[test]
fn at_the_bound_the_handshake_that_waits_longest_for_its_peer_makes_room() {
    let mut bench = Bench::new(Config::default().with_max_handshakes(3));
    let (first, mut client) = bench.start();
    bench.harness.advance(Duration::from_millis(500));
    let (second, _) = bench.start();
    bench.harness.advance(Duration::from_millis(100));
    // The reply to the first one gives it time again.
    first.send(&client.outgoing());
    bench.harness.run();
    bench.harness.advance(Duration::from_millis(100));
    let (third, _) = bench.start();
    bench.harness.advance(Duration::from_millis(700));
    // A byte that completes nothing gives no time.
    second.send(&[22]);
    bench.harness.advance(Duration::from_millis(99));
    assert!(!first.is_closed() && !second.is_closed() && !third.is_closed());
    bench.harness.advance(Duration::from_millis(1));
    assert!(!first.is_closed() && second.is_closed() && !third.is_closed());
    // Below the bound the others keep their ten seconds.
    bench.harness.advance(Duration::from_secs(5));
    assert_eq!(bench.harness.connections(), 2);
}

#[test]
fn a_peer_of_a_full_server_reads_the_reason_in_the_encrypted_stream() {
    let mut bench = Bench::new(Config::default().with_max_connections(1));
    let (peer, mut client) = bench.connect();
    // Handshakes take no place.
    let (waiting, mut its_client) = bench.start();
    let (rejected, mut other) = bench.start();
    other.exchange(&rejected, &mut bench.harness);
    assert_eq!(other.received(), b"rejected: Full");
    assert!(other.has_ended());
    assert!(bench.log().is_empty(), "the service does not know it");
    rejected.finish();
    client.finish();
    client.exchange(&peer, &mut bench.harness);
    assert!(client.has_ended());
    its_client.send(b"hello");
    its_client.exchange(&waiting, &mut bench.harness);
    assert_eq!(its_client.received(), b"hello");
    assert_eq!(bench.harness.connections(), 1);
}

#[test]
fn a_peer_of_an_address_at_its_limit_reads_the_reason_in_the_encrypted_stream() {
    let limit = AddressLimit::new(1);
    let mut bench = Bench::new(Config::default().with_address_limit(Some(limit)));
    let (peer, mut client) = bench.connect();
    bench.log();
    let (rejected, mut other) = bench.start();
    // Its address has one handshake already.
    let (dropped, _) = bench.start();
    assert!(dropped.is_closed() && !rejected.is_closed());
    other.exchange(&rejected, &mut bench.harness);
    assert_eq!(other.received(), b"rejected: AddressFull { limit: 1 }");
    assert!(other.has_ended());
    rejected.finish();
    client.finish();
    client.exchange(&peer, &mut bench.harness);
    assert!(client.has_ended());
    bench.harness.advance(Duration::from_secs(6));
    assert_eq!(bench.harness.connections(), 0);
    let (next, mut its_client) = bench.connect();
    its_client.send(b"hello");
    its_client.exchange(&next, &mut bench.harness);
    assert_eq!(its_client.received(), b"hello");
}

#[test]
fn a_refused_client_reads_the_alert_before_the_end() {
    let mut bench = bench();
    bench.acceptor = bench.acceptor.clone().with_alpn(&[b"ours"]).unwrap();
    let peer = bench.harness.connect_over_tls(&bench.acceptor).unwrap();
    let connector = bench.authority.connector().with_alpn(&[b"theirs"]).unwrap();
    let mut client = TlsClient::new(&connector, "localhost").unwrap();
    client.exchange(&peer, &mut bench.harness);
    let error = client.error().unwrap().to_string();
    assert!(error.contains("application protocol"), "{error}");
    assert_eq!(bench.harness.connections(), 1, "it lingers, so that the alert arrives");
    bench.harness.advance(Duration::from_secs(5));
    assert_eq!(bench.harness.connections(), 0);
    assert!(bench.log().is_empty());
}

#[test]
fn a_peer_without_tls_is_closed_and_never_served() {
    let mut bench = bench();
    for text in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\n", &[0; 10_000]] {
        let (peer, _) = bench.start();
        peer.send(text);
        bench.harness.run();
        assert!(peer.is_closed());
        bench.harness.advance(Duration::from_secs(5));
        assert_eq!(bench.harness.connections(), 0);
    }
    assert!(bench.log().is_empty());
}

#[test]
fn failed_handshakes_that_linger_are_bounded() {
    let mut bench = bench();
    for _ in 0..300 {
        let (peer, _) = bench.start();
        peer.send(b"no TLS");
        bench.harness.run();
    }
    assert_eq!(bench.harness.connections(), 256);
    bench.harness.advance(Duration::from_secs(5));
    assert_eq!(bench.harness.connections(), 0);
}
