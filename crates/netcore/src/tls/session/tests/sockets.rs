//! Hostile peers at a real socket, and several threads at one stream.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

#[cfg(target_os = "linux")]
use socket2::{Domain, Type};

use super::hostile::hostile_server;
use super::*;
#[cfg(target_os = "linux")]
use crate::address::Address;
use crate::connect::Connector;
use crate::deadline::Deadline;
use crate::error::ErrorKind;
use crate::fixture::{listen, patience};
use crate::stream::Stream;
use crate::tls::fixture::{Authority, both_sides};

/// Returns an encrypted stream with an established session, and the socket of its peer.
fn over_socket(session: Session) -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    (Stream::from(socket).encrypted(session).unwrap(), peer)
}

#[test]
fn messages_without_data_prolong_no_deadline_and_hold_up_no_writer() {
    let (session, mut hostile) = hostile_server(&TLS13);
    let (stream, mut peer) = over_socket(session);
    let body = [&[0, 0, 1, 0, 1, 2, 3, 4, 1, 9, 0, 3][..], b"abc", &[0, 0]].concat();
    let ticket = [&[4, 0, 0, body.len() as u8], &body[..]].concat();
    let stream = Arc::new(stream);
    thread::scope(|scope| {
        scope.spawn(move || {
            // Until the stream is closed.
            loop {
                let tickets: Vec<u8> = (0..200).flat_map(|_| hostile.handshake(&ticket)).collect();
                if peer.write_all(&tickets).is_err() {
                    return;
                }
            }
        });
        let reading = stream.clone();
        let reader = scope.spawn(move || {
            let deadline = Deadline::after(Duration::from_millis(300));
            reading.read_deadline(&mut [0; 10], deadline).unwrap_err()
        });
        stream.write_all_deadline(b"some data", patience()).unwrap();
        assert_eq!(reader.join().unwrap().kind(), ErrorKind::TimedOut);
        // A check only, and a call that does not wait.
        assert!(!stream.wait_readable(Deadline::after(Duration::ZERO)).unwrap());
        stream.set_nonblocking(true).unwrap();
        let error = (&*stream).read(&mut [0; 10]).unwrap_err();
        let kinds = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
        assert!(kinds.contains(&error.kind()), "{error:?}");
        drop(stream);
    });
}

#[test]
fn a_reader_finds_data_that_came_with_the_handshake_of_a_writer() {
    let (connector, acceptor) = both_sides();
    let listener = listen("127.0.0.1:0").with_tls(acceptor);
    let endpoint = listener.endpoint().clone();
    for _ in 0..20 {
        thread::scope(|scope| {
            let client = scope.spawn(|| {
                let connector = Connector::new().with_tls(connector.clone());
                let client = connector.connect(&endpoint, patience()).unwrap();
                client.write_all_deadline(b"request", patience()).unwrap();
                client
            });
            let (server, _) = listener.accept(patience()).unwrap();
            thread::scope(|scope| {
                let writer = scope.spawn(|| server.write_all_deadline(b"greeting", patience()));
                let mut request = [0; 7];
                server.read_exact_deadline(&mut request, patience()).unwrap();
                assert_eq!(&request, b"request");
                writer.join().unwrap().unwrap();
            });
            let mut greeting = [0; 8];
            let client = client.join().unwrap();
            client.read_exact_deadline(&mut greeting, patience()).unwrap();
            assert_eq!(&greeting, b"greeting");
        });
    }
}

#[test]
fn a_reader_gets_data_that_arrives_while_another_thread_ends_the_writing_side() {
    for _ in 0..30 {
        let (session, mut hostile) = hostile_server(&TLS13);
        let (stream, mut peer) = over_socket(session);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut answer = [0; 6];
                stream.read_exact_deadline(&mut answer, patience()).unwrap();
                answer
            });
            // The peer neither ends nor sends more, so no other event wakes the reader.
            peer.write_all(&hostile.data(b"answer")).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(&reader.join().unwrap(), b"answer");
        });
    }
}

/// Each packet of the socket is one read, so the reads do not depend on the time.
#[test]
#[cfg(target_os = "linux")]
fn a_handshake_in_many_small_pieces_is_only_slow() {
    let (own, peer) = socket2::Socket::pair(Domain::UNIX, Type::SEQPACKET, None).unwrap();
    let (connector, acceptor) = both_sides();
    let server = acceptor.accept(Stream::accepted(own, Address::Unix(None), false)).unwrap();
    let mut client = connector.session("localhost").unwrap();
    let hello = wire(&mut client);
    let (pieces, rest) = hello.split_at(100);
    for byte in pieces {
        assert_eq!(peer.send(std::slice::from_ref(byte)).unwrap(), 1);
    }
    // More pieces than one call reads without waiting.
    let error = server.handshake(Deadline::after(Duration::ZERO)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    peer.send(rest).unwrap();
    thread::scope(|scope| {
        let shaking = scope.spawn(|| server.handshake(patience()));
        let mut flight = [0; 4096];
        while !client.is_established() {
            let length = (&peer).read(&mut flight).unwrap();
            feed(&mut client, &flight[..length]).unwrap();
        }
        peer.send(&wire(&mut client)).unwrap();
        shaking.join().unwrap().unwrap();
    });
}

#[test]
fn a_write_says_why_the_peer_has_refused_this_side() {
    let authority = Authority::new();
    let acceptor = authority.server(&["localhost", "127.0.0.1"]).acceptor();
    let acceptor = acceptor.with_client_roots_pem(authority.pem().as_bytes()).unwrap();
    let listener = listen("127.0.0.1:0").with_tls(acceptor);
    let connector = Connector::new().with_tls(authority.connector().with_version(&TLS13));
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (stream, _) = listener.accept(patience()).unwrap();
            stream.handshake(patience()).unwrap_err()
        });
        // Over TLS 1.3 the handshake is done before the server has refused.
        let client = connector.connect(listener.endpoint(), patience()).unwrap();
        let refused = server.join().unwrap();
        assert_eq!(refused.kind(), ErrorKind::HandshakeFailed);
        let error = loop {
            if let Err(error) = client.write_all_deadline(b"data", patience()) {
                break error;
            }
        };
        let expected = format!(
            "negotiate TLS with {}: handshake failed: the peer's alert: certificate_required (it \
             wants a certificate of this side)",
            listener.endpoint(),
        );
        assert_eq!(format!("{error:#}"), expected);
    });
}
