//! Sockets that take little at a time.

use super::*;
use crate::tls::session::limits::MAX_PLAINTEXT;

/// The most bytes of one record with its head and its tag.
const RECORD: usize = MAX_PLAINTEXT + 256;

#[test]
fn a_slow_client_holds_one_record_of_ciphertext_and_gets_everything_in_order() {
    for late in [false, true] {
        let config = Config::default();
        let mut bench = if late { Bench::late(config) } else { Bench::new(config) };
        let (peer, mut client) = bench.connect();
        let news: Vec<u8> = (0..200_000_usize).map(|number| (number % 251) as u8).collect();
        peer.room(100);
        bench.harness.service().broadcast = Some(Bytes::from(news.clone()));
        bench.harness.run();
        let mut received = Vec::new();
        let mut most = 0;
        while received.len() < news.len() {
            most = most.max(bench.harness.most_held());
            client.receive(&peer.received());
            assert_eq!(client.error().map(ToString::to_string), None);
            received.extend(client.received());
            peer.room(7001);
            bench.harness.run();
        }
        assert_eq!(received, news);
        assert!(most > MAX_PLAINTEXT / 2 && most <= RECORD, "{most} bytes");
        assert_eq!(bench.log(), ["ready"], "once, when everything has reached the socket");
        assert_eq!(bench.harness.most_held(), 0);
    }
}

#[test]
fn a_handshake_works_over_a_socket_with_room_for_one_byte() {
    for version in VERSIONS {
        for late in [false, true] {
            let config = Config::default();
            let mut bench = if late { Bench::late(config) } else { Bench::new(config) };
            let (peer, mut client) = bench.start_of(version);
            peer.room(0);
            client.send(b"hello");
            let mut received = Vec::new();
            for turns in 0.. {
                assert!(turns < 20_000, "no end");
                let outgoing = client.outgoing();
                if !outgoing.is_empty() {
                    peer.send(&outgoing);
                    bench.harness.run();
                }
                peer.room(1);
                bench.harness.run();
                client.receive(&peer.received());
                received.extend(client.received());
                if received == b"hello" {
                    break;
                }
            }
            // The rest of the handshake is no output of the service.
            let calls = bench.log();
            assert_eq!(calls[0], "open 127.0.0.1:1");
            assert!(calls.len() <= 2, "{calls:?}");
        }
    }
}

#[test]
fn a_peer_is_not_read_while_a_record_is_unsent() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    peer.room(1);
    client.send(b"one");
    peer.send(&client.outgoing());
    bench.harness.run();
    client.send(b"two");
    peer.send(&client.outgoing());
    bench.harness.run();
    assert_eq!(bench.harness.service().heard, b"one");
    peer.room(usize::MAX);
    client.exchange(&peer, &mut bench.harness);
    assert_eq!(client.received(), b"onetwo");
}

#[test]
fn ready_is_called_when_the_record_has_left() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    client.send(b"ready");
    client.exchange(&peer, &mut bench.harness);
    assert_eq!(bench.log(), ["ready"]);
    peer.room(0);
    client.send(b"answer");
    peer.send(&client.outgoing());
    bench.harness.run();
    assert!(bench.log().is_empty());
    peer.room(5);
    bench.harness.run();
    assert!(bench.log().is_empty());
    peer.room(usize::MAX);
    bench.harness.run();
    assert_eq!(bench.log(), ["ready"]);
}

#[test]
fn a_peer_that_takes_nothing_is_closed_and_one_that_takes_part_of_a_record_is_not() {
    let mut bench = Bench::new(Config::default().with_stall_timeout(Some(Duration::from_secs(30))));
    let (stalled, _) = bench.connect();
    let (slow, _) = bench.connect();
    for peer in [&stalled, &slow] {
        peer.room(0);
    }
    bench.harness.service().broadcast = Some(Bytes::from(vec![7; 16_000]));
    bench.harness.run();
    for _ in 0..3 {
        bench.harness.advance(Duration::from_secs(20));
        slow.room(1);
        bench.harness.run();
    }
    assert_eq!(bench.log(), ["closed Stalled"]);
    assert_eq!((stalled.is_closed(), slow.is_closed()), (true, false));
    bench.harness.advance(Duration::from_secs(30));
    assert_eq!(bench.log(), ["closed Stalled"]);
    assert!(slow.is_closed());
}
