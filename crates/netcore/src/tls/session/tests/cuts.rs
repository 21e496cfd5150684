//! Ciphertext in every possible piece.

use super::hostile::pair;
use super::*;

/// Gives `bytes` to the session one at a time.
fn feed_bytes(session: &mut Session, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut decrypted = Vec::new();
    for byte in bytes {
        decrypted.extend(feed(session, std::slice::from_ref(byte))?);
    }
    Ok(decrypted)
}

#[test]
fn records_may_arrive_byte_by_byte() {
    for version in VERSIONS {
        let (mut client, mut server) = pair(version);
        while !client.is_established() || !server.is_established() {
            let hello = wire(&mut client);
            feed_bytes(&mut server, &hello).unwrap();
            let reply = wire(&mut server);
            feed_bytes(&mut client, &reply).unwrap();
        }
        let tickets = wire(&mut server);
        feed_bytes(&mut client, &tickets).unwrap();
        for (from, to) in [(0, 1), (1, 0)] {
            let sides = [&mut client, &mut server];
            let records = encrypted(sides[from], b"some data").unwrap();
            assert_eq!(feed_bytes(sides[to], &records).unwrap(), b"some data");
        }
        client.end();
        let notice = wire(&mut client);
        for (index, byte) in notice.iter().enumerate() {
            assert_eq!(server.peek().unwrap(), None, "after {index} of {}", notice.len());
            assert_eq!(feed(&mut server, &[*byte]).unwrap(), b"");
        }
        assert_eq!(server.peek().unwrap(), Some(false));
        assert_eq!(server.take(&mut [0]).unwrap(), Some(0));
    }
}

#[test]
fn a_peer_may_end_after_any_byte_and_this_side_may_answer() {
    for version in VERSIONS {
        let total = {
            let (mut client, mut server) = pair(version);
            shake(&mut client, &mut server).unwrap();
            let mut records = encrypted(&mut client, b"request").unwrap();
            client.end();
            records.extend(wire(&mut client));
            records.len()
        };
        for cut in 0..=total {
            let (mut client, mut server) = pair(version);
            shake(&mut client, &mut server).unwrap();
            let mut records = encrypted(&mut client, b"request").unwrap();
            let data = records.len();
            client.end();
            records.extend(wire(&mut client));
            let received = feed(&mut server, &records[..cut]).unwrap();
            assert_eq!(received, if cut < data { &b""[..] } else { b"request" });
            let ended = feed_end(&mut server);
            assert_eq!(ended.is_ok(), cut == total, "cut at {cut} of {total}");
            if let Err(error) = ended {
                let expected = "read: unexpected end: the peer ended without close_notify, so data may be \
                                missing";
                assert_eq!(text(&error), expected);
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            }
            // The other direction still works.
            let answer = encrypted(&mut server, b"answer").unwrap();
            assert_eq!(feed(&mut client, &answer).unwrap(), b"answer");
            server.end();
            let notice = wire(&mut server);
            feed(&mut client, &notice).unwrap();
            assert_eq!(client.peek().unwrap(), Some(false));
        }
    }
}

#[test]
fn a_handshake_may_end_after_any_byte() {
    for version in VERSIONS {
        let (client, _) = pair(version);
        let length = client.buffers.outgoing.len();
        for cut in 0..length {
            let (mut client, mut server) = pair(version);
            let hello = wire(&mut client);
            feed(&mut server, &hello[..cut]).unwrap();
            let error = feed_end(&mut server).unwrap_err();
            let expected = match cut {
                0 => "the peer ended the connection at once; it may not speak TLS",
                _ => "the peer ended the connection during the handshake",
            };
            assert_eq!(text(&error), format!("negotiate TLS: handshake failed: {expected}"));
            // The error is final, whatever is called then.
            assert_eq!(text(&feed(&mut server, &hello).unwrap_err()), text(&error));
            assert_eq!(text(&encrypted(&mut server, b"data").unwrap_err()), text(&error));
            server.end();
            assert_eq!(wire(&mut server), b"");
        }
    }
}

#[test]
fn nothing_follows_the_peers_close_notify() {
    for version in VERSIONS {
        let (mut client, mut server) = pair(version);
        shake(&mut client, &mut server).unwrap();
        client.end();
        let mut records = wire(&mut client);
        records.extend(b"\x17\x03\x03\x00\x20 this is not even a record");
        assert_eq!(feed(&mut server, &records).unwrap(), b"");
        assert_eq!(server.take(&mut [0]).unwrap(), Some(0));
        assert_eq!(feed(&mut server, b"more").unwrap(), b"");
        assert_eq!(server.take(&mut [0]).unwrap(), Some(0));
        feed_end(&mut server).unwrap();
        assert_eq!(server.peek().unwrap(), Some(false));
        // A session that only waits has no buffer.
        assert_eq!(server.incoming.capacity(), 0);
    }
}

#[test]
fn an_idle_session_has_no_buffer() {
    for version in VERSIONS {
        let (mut client, mut server) = pair(version);
        shake(&mut client, &mut server).unwrap();
        for (from, to) in [(0, 1), (1, 0)] {
            let sides = [&mut client, &mut server];
            let records = encrypted(sides[from], &[7; 100_000]).unwrap();
            assert_eq!(feed(sides[to], &records).unwrap().len(), 100_000);
        }
        for session in [client, server] {
            let Buffers { plaintext, outgoing, .. } = &session.buffers;
            assert_eq!((plaintext.capacity(), outgoing.capacity()), (0, 0));
            assert_eq!(session.incoming.capacity(), 0);
        }
    }
}
