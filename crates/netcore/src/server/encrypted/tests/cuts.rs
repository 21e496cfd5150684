//! Ciphertext in any pieces, and connections that end at any byte of it.

use super::*;

/// Ends of a connection on the peer's side.
const ENDS: [fn(&Peer); 3] = [Peer::finish, Peer::reset, Peer::lose];

/// Passes the client's bytes on one by one, with a run of the loop after each.
fn exchange_bytewise(bench: &mut Bench, peer: &Peer, client: &mut TlsClient) {
    loop {
        let outgoing = client.outgoing();
        for byte in &outgoing {
            peer.send(&[*byte]);
            bench.harness.run();
        }
        let incoming = peer.received();
        client.receive(&incoming);
        if outgoing.is_empty() && incoming.is_empty() {
            return;
        }
    }
}

#[test]
fn a_connection_works_if_every_byte_arrives_alone() {
    for version in VERSIONS {
        for late in [false, true] {
            let config = Config::default();
            let mut bench = if late { Bench::late(config) } else { Bench::new(config) };
            let (peer, mut client) = bench.start_of(version);
            client.send(b"hello");
            exchange_bytewise(&mut bench, &peer, &mut client);
            assert_eq!(client.received(), b"hello", "{version:?}, late {late}");
            client.send(&[7; 700]);
            exchange_bytewise(&mut bench, &peer, &mut client);
            assert_eq!(client.received(), [7; 700]);
            client.finish();
            exchange_bytewise(&mut bench, &peer, &mut client);
            assert_eq!(client.received(), b"goodbye");
            assert!(client.has_ended());
            assert_eq!(bench.log(), ["open 127.0.0.1:1", "end", "closed Done"]);
        }
    }
}

#[test]
fn a_handshake_works_if_its_first_flight_is_cut_anywhere() {
    let mut bench = bench();
    let length = bench.client(Version::Tls13).outgoing().len();
    for middle in 1..length {
        let (peer, mut client) = bench.start();
        let hello = client.outgoing();
        let (head, tail) = hello.split_at(middle.min(hello.len() - 1));
        peer.send(head);
        bench.harness.run();
        assert!(peer.received().is_empty());
        peer.send(tail);
        bench.harness.run();
        assert!(!peer.received().is_empty(), "cut at {middle}");
        peer.reset();
        bench.harness.run();
    }
    assert_eq!(bench.harness.connections(), 0);
}

#[test]
fn a_peer_that_ends_at_any_byte_of_the_handshake_is_forgotten_and_never_served() {
    let mut bench = bench();
    let hello = bench.client(Version::Tls13).outgoing();
    for length in 0..=hello.len() {
        for end in ENDS {
            let peer = bench.harness.connect_over_tls(&bench.acceptor).unwrap();
            peer.send(&hello[..length]);
            if length % 2 == 0 {
                bench.harness.run();
            }
            end(&peer);
            bench.harness.run();
            assert!(peer.is_closed(), "after {length} bytes");
        }
        assert_eq!(bench.harness.connections(), 0, "after {length} bytes");
    }
    assert!(bench.log().is_empty());
}

#[test]
fn a_peer_that_ends_at_any_byte_of_its_last_flight_is_served_only_if_it_was_whole() {
    for end in ENDS {
        let mut length = 0;
        loop {
            let mut bench = bench();
            let (peer, mut client) = bench.start();
            peer.send(&client.outgoing());
            bench.harness.run();
            client.receive(&peer.received());
            let last = client.outgoing();
            peer.send(&last[..length]);
            bench.harness.run();
            end(&peer);
            bench.harness.run();
            let is_whole = length == last.len();
            assert_eq!(!bench.log().is_empty(), is_whole, "{length} bytes");
            assert_eq!(bench.harness.connections(), 0, "{length} bytes");
            if is_whole {
                break;
            }
            length = (length + 3).min(last.len());
        }
    }
}

#[test]
fn an_end_at_any_byte_of_a_record_is_never_orderly() {
    let mut length = 0;
    loop {
        let mut bench = bench();
        let (peer, mut client) = bench.connect();
        client.send(b"hello");
        let record = client.outgoing();
        peer.send(&record[..length]);
        peer.finish();
        bench.harness.run();
        let is_whole = length == record.len();
        assert_eq!(bench.log(), ["closed Broken UnexpectedEof"], "{length} bytes");
        let heard = std::mem::take(&mut bench.harness.service().heard);
        assert_eq!(heard, if is_whole { &b"hello"[..] } else { b"" });
        if is_whole {
            // The reply to the whole record was sent.
            client.receive(&peer.received());
            assert_eq!(client.received(), b"hello");
            break;
        }
        length += 1;
    }
}

#[test]
fn plaintext_inside_the_session_is_never_forgotten() {
    for read in [1, 2, 7, 16_384] {
        for late in [false, true] {
            let config = Config::default().with_read(read);
            let mut bench = if late { Bench::late(config) } else { Bench::new(config) };
            let (peer, mut client) = bench.connect();
            // Several records in one piece, and no event behind it.
            let mut sent = Vec::new();
            let mut ciphertext = Vec::new();
            for length in [1, 100, 400] {
                let piece = vec![length as u8; length];
                client.send(&piece);
                ciphertext.extend(client.outgoing());
                sent.extend(piece);
            }
            client.finish();
            ciphertext.extend(client.outgoing());
            peer.send(&ciphertext);
            bench.harness.run();
            client.receive(&peer.received());
            sent.extend(b"goodbye");
            assert_eq!(client.received(), sent, "read {read}, late {late}");
            assert!(client.has_ended());
        }
    }
}

#[test]
fn a_damaged_record_ends_the_connection_and_the_peer_reads_the_alert() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    let (other, mut other_client) = bench.connect();
    client.send(b"hello");
    let mut record = client.outgoing();
    *record.last_mut().unwrap() ^= 1;
    peer.send(&record);
    bench.harness.run();
    assert_eq!(bench.log(), ["closed Broken InvalidData"]);
    assert!(bench.harness.service().heard.is_empty());
    client.receive(&peer.received());
    let error = client.error().unwrap().to_string();
    assert!(error.contains("alert"), "{error}");
    other_client.send(b"here");
    other_client.exchange(&other, &mut bench.harness);
    assert_eq!(other_client.received(), b"here");
}
