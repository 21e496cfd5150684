//! Peers that break the protocol after or during the handshake.

use rustls::ContentType;
use rustls::client::UnbufferedClientConnection;
use rustls::unbuffered::ConnectionState;

use super::hostile::{connect, hostile_client, hostile_server, pair};
use super::negotiation::old_hello;
use super::*;
use crate::tls::session::process::Machine;

/// Asserts that the session fails with `expected`, and with the same for every later call.
fn assert_fails(session: &mut Session, bytes: &[u8], expected: &str) {
    let error = feed(session, bytes).unwrap_err();
    assert_eq!(text(&error), expected);
    for again in [
        feed(session, b"\x16\x03\x01").unwrap_err(),
        feed_end(session).unwrap_err(),
        session.take(&mut [0]).unwrap_err(),
        session.peek().unwrap_err(),
        encrypted(session, b"data").unwrap_err(),
    ] {
        assert_eq!(text(&again), expected);
    }
    let alert = wire(session);
    session.end();
    assert_eq!(wire(session), b"", "something follows the alert {alert:?}");
}

#[test]
fn a_peer_that_ends_inside_a_message_does_not_harm_writers() {
    // The state machine refers to the beginning of the message, which must still be there.
    for version in VERSIONS {
        let (mut session, mut peer) = hostile_client(version);
        assert_eq!(feed(&mut session, &peer.handshake(&[24, 0])).unwrap(), b"");
        assert!(feed_end(&mut session).is_err());
        assert!(!encrypted(&mut session, b"data").unwrap().is_empty());
        session.end();
        assert!(!wire(&mut session).is_empty());
    }
}

#[test]
fn a_message_in_tiny_records_is_bounded_in_memory() {
    let (mut session, mut peer) = hostile_client(&TLS13);
    // A message of 60,000 bytes, one byte a record.
    let mut next = [4, 0, 0xea, 0x60].into_iter().chain(std::iter::repeat(0));
    let failed = loop {
        let fragment = peer.handshake(&[next.next().unwrap()]);
        if let Err(error) = feed(&mut session, &fragment) {
            break error;
        }
        assert!(session.incoming.capacity() <= 2 * limits::MAX_INCOMING);
    };
    let expected = "read: invalid data: the peer sent a message above the limit";
    assert_eq!(text(&failed), expected);
    assert_fails(&mut session, &peer.handshake(&[0]), expected);
    assert_eq!(session.incoming.capacity(), 0);
}

#[test]
fn a_message_above_the_limit_is_refused_by_its_header() {
    let (_, mut server) = pair(&TLS13);
    let expected = "negotiate TLS: handshake failed: the peer sent a message above the limit";
    assert_fails(&mut server, &record(22, &[1, 1, 0, 0, 3, 3]), expected);
}

#[test]
fn empty_records_without_end_are_refused() {
    for version in VERSIONS {
        let (mut session, mut peer) = hostile_client(version);
        // A few are common: OpenSSL once sent one before each record.
        assert_eq!(feed(&mut session, &peer.data(b"")).unwrap(), b"");
        assert_eq!(feed(&mut session, &peer.data(b"data")).unwrap(), b"data");
        let records: Vec<u8> = (0..33).flat_map(|_| peer.data(b"")).collect();
        let expected = "read: invalid data: the peer breaks the protocol: TooManyEmptyFragments";
        assert_fails(&mut session, &records, expected);
    }
}

#[test]
fn data_before_the_failure_is_read_first() {
    for version in VERSIONS {
        let (mut session, mut peer) = hostile_client(version);
        let mut records = peer.data(b"last words");
        let mut wrong = peer.data(b"never read");
        *wrong.last_mut().unwrap() ^= 1;
        records.extend(wrong);
        let mut buffer = [0; 4];
        let (received, _) = session
            .receive(
                |room| {
                    room[..records.len()].copy_from_slice(&records);
                    Ok(records.len())
                },
                &mut buffer,
            )
            .unwrap();
        assert_eq!(&buffer[..received], b"last");
        assert_eq!(session.take(&mut buffer).unwrap(), Some(4));
        assert_eq!(&buffer, b" wor");
        // Nothing is received while bytes wait.
        assert_eq!(feed_end(&mut session).unwrap().0, 0);
        assert_eq!(session.take(&mut buffer).unwrap(), Some(2));
        let error = session.take(&mut buffer).unwrap_err();
        assert_eq!(text(&error), "read: invalid data: a record does not decrypt");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        // One alert: a record, encrypted.
        let alert = wire(&mut session);
        assert_eq!(alert.len(), 5 + usize::from(u16::from_be_bytes([alert[3], alert[4]])));
    }
}

#[test]
fn malformed_input_during_the_handshake_gets_one_alert() {
    // The alert: fatal, decode_error.
    let alert = record(21, &[2, 50]);
    for (input, expected) in [
        (&b"\x16\x09\x00\x00\x05hello"[..], "the peer sent bytes that are no TLS record"),
        (b"\x16\x03\x01\xff\xff", "the peer sent a record above the limit"),
        (b"\x16\x03\x01\x00\x00", "the peer sent a malformed message: InvalidEmptyPayload"),
    ] {
        let (_, mut server) = pair(&TLS13);
        // The first byte alone, so that the check of the first bytes does not find it.
        feed(&mut server, &input[..1]).unwrap();
        let error = feed(&mut server, &input[1..]).unwrap_err();
        assert_eq!(text(&error), format!("negotiate TLS: handshake failed: {expected}"));
        assert_eq!(wire(&mut server), alert);
        assert_eq!(text(&feed(&mut server, input).unwrap_err()), text(&error));
        assert_eq!(wire(&mut server), b"");
    }
}

#[test]
fn messages_are_not_interleaved_with_data() {
    let (mut session, mut peer) = hostile_client(&TLS13);
    let mut records = peer.handshake(&[24, 0, 0]);
    records.extend(peer.data(b"data"));
    let expected =
        "read: invalid data: the peer breaks the protocol: MessageInterleavedWithHandshakeMessage";
    assert_fails(&mut session, &records, expected);
}

#[test]
fn renegotiation_is_refused() {
    let hello = &old_hello([3, 3])[5..];
    let (mut session, mut peer) = hostile_client(&TLS12);
    assert_eq!(feed(&mut session, &peer.handshake(hello)).unwrap(), b"");
    // The alert no_renegotiation; the connection goes on.
    assert!(!wire(&mut session).is_empty());
    assert_eq!(feed(&mut session, &peer.data(b"data")).unwrap(), b"data");
    let expected = "read: invalid data: the peer breaks the protocol: TooManyRenegotiationRequests";
    assert_fails(&mut session, &peer.handshake(hello), expected);

    let (mut session, mut peer) = hostile_server(&TLS12);
    assert_eq!(feed(&mut session, &peer.handshake(&[0, 0, 0, 0])).unwrap(), b"");
    assert!(!wire(&mut session).is_empty());
    assert_eq!(feed(&mut session, &peer.data(b"data")).unwrap(), b"data");
    assert_fails(&mut session, &peer.handshake(&[0, 0, 0, 0]), expected);
}

#[test]
fn a_ticket_may_be_split_over_records() {
    let (mut session, mut peer) = hostile_server(&TLS13);
    // Lifetime, age, nonce, ticket, extensions: RFC 8446 section 4.6.1.
    let body = [&[0, 0, 1, 0, 1, 2, 3, 4, 1, 9, 0, 3][..], b"abc", &[0, 0]].concat();
    let message = [&[4, 0, 0, body.len() as u8], &body[..]].concat();
    for byte in &message {
        assert_eq!(feed(&mut session, &peer.handshake(&[*byte])).unwrap(), b"");
    }
    assert_eq!(session.incoming.capacity(), 0);
    assert_eq!(feed(&mut session, &peer.data(b"data")).unwrap(), b"data");
}

#[test]
fn keys_may_be_updated_but_not_without_end() {
    let (connector, acceptor) = crate::tls::fixture::both_sides();
    let config = connector.with_version(&TLS13).config();
    let mut peer = UnbufferedClientConnection::new(config, name()).unwrap();
    let mut session = acceptor.session().unwrap();
    connect(&mut session, &mut peer);
    let mut update = || {
        match peer.step(&mut []).state.unwrap() {
            ConnectionState::WriteTraffic(traffic) => traffic.refresh_traffic_keys().unwrap(),
            state => panic!("{state:?}"),
        }
        let mut buffers = Buffers::default();
        advance(&mut peer, &mut buffers, &mut [], &mut []);
        buffers.outgoing
    };
    for _ in 0..32 {
        assert_eq!(feed(&mut session, &update()).unwrap(), b"");
    }
    // The answer waits for data, and many requests have one answer.
    assert_eq!(wire(&mut session), b"");
    let answer = encrypted(&mut session, b"data").unwrap();
    assert!(answer.len() < 100, "{}", answer.len());
    let expected = "read: invalid data: the peer breaks the protocol: TooManyKeyUpdateRequests";
    assert_fails(&mut session, &update(), expected);
}

#[test]
fn an_alert_of_the_peer_is_final() {
    for version in VERSIONS {
        let (mut session, mut peer) = hostile_client(version);
        let alert = peer.record(ContentType::Alert, &[2, 80]);
        assert_fails(
            &mut session,
            &alert,
            "negotiate TLS: handshake failed: the peer's alert: internal_error",
        );

        let (mut session, mut peer) = hostile_client(version);
        assert_eq!(feed(&mut session, &peer.data(b"data")).unwrap(), b"data");
        let alert = peer.record(ContentType::Alert, &[2, 80]);
        assert_fails(
            &mut session,
            &alert,
            "read: connection reset: the peer's alert: internal_error",
        );
    }
}

#[test]
fn wrong_records_after_this_side_has_ended_are_an_error() {
    for version in VERSIONS {
        let (mut session, mut peer) = hostile_client(version);
        session.end();
        assert!(!wire(&mut session).is_empty());
        assert_eq!(feed(&mut session, &peer.data(b"data")).unwrap(), b"data");
        let mut wrong = peer.data(b"data");
        wrong[9] ^= 1;
        let error = feed(&mut session, &wrong).unwrap_err();
        assert_eq!(text(&error), "read: invalid data: a record does not decrypt");
    }
}

#[test]
#[allow(clippy::missing_const_for_thread_local, reason = "it is const, unseen on Windows")]
fn a_session_works_inside_another_and_while_its_thread_ends() {
    struct Last(std::cell::RefCell<Option<(Session, Session)>>);

    impl Drop for Last {
        fn drop(&mut self) {
            let (mut one, mut other) = self.0.take().unwrap();
            let records = encrypted(&mut one, b"data").unwrap();
            assert_eq!(feed(&mut other, &records).unwrap(), b"data");
        }
    }

    thread_local! {
        static LAST: Last = const { Last(std::cell::RefCell::new(None)) };
    }

    let (mut outer, mut outer_peer) = pair(&TLS13);
    let (mut inner, mut inner_peer) = pair(&TLS12);
    shake(&mut outer, &mut outer_peer).unwrap();
    shake(&mut inner, &mut inner_peer).unwrap();
    // The ciphertext of the inner session is the plaintext of the outer one.
    let mut received = Vec::new();
    let send = |bytes: &[u8]| {
        let records = encrypted(&mut outer, bytes)?;
        received.extend(feed(&mut outer_peer, &records)?);
        Ok(bytes.len())
    };
    assert_eq!(inner.send(&[9; 100_000], usize::MAX, send).unwrap(), 100_000);
    assert_eq!(feed(&mut inner_peer, &received).unwrap(), [9; 100_000]);

    let ended = std::thread::spawn(move || {
        // Used before the buffers, and so dropped after them.
        LAST.with(|last| *last.0.borrow_mut() = Some((inner, inner_peer)));
        encrypted(&mut outer, b"data").unwrap();
    });
    ended.join().unwrap();
}

#[test]
fn a_socket_that_takes_few_bytes_gets_all_of_them_in_order() {
    let (mut client, mut server) = pair(&TLS13);
    shake(&mut client, &mut server).unwrap();
    let bytes: Vec<u8> = (0..200_000u32).map(|it| it as u8).collect();
    let (mut taken, mut received, mut sent, mut calls) = (Vec::new(), Vec::new(), 0, 0);
    while sent < bytes.len() || client.has_unsent() {
        let mut send = |bytes: &[u8]| {
            calls += 1;
            // Full at every third call.
            if calls % 3 == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let length = bytes.len().min(777);
            taken.extend_from_slice(&bytes[..length]);
            Ok(length)
        };
        match client.send(&bytes[sent..], 50_000, &mut send) {
            Ok(length) => sent += length,
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        // At most the records of one call wait.
        assert!(client.buffers.outgoing.len() < 60_000);
    }
    received.extend(feed(&mut server, &taken).unwrap());
    assert!(received == bytes);
}
