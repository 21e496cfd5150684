//! A session inside another one.

use rustls::version::{TLS12, TLS13};

use super::*;
use crate::tls::fixture::{encrypt, encrypt_by, nested_pair};
use crate::tls::session::Session;

/// Reads until the end.
fn rest(stream: &Stream) -> io::Result<Vec<u8>> {
    let mut rest = Vec::new();
    stream.with_deadline(patience()).read_to_end(&mut rest)?;
    Ok(rest)
}

/// Makes the handshake of a client's session over `outer`.
fn shake(session: &mut Session, outer: &Stream) {
    loop {
        session.flush(|bytes| Ok(outer.write_deadline(bytes, patience())?)).unwrap();
        outer.flush_deadline(patience()).unwrap();
        if session.is_established() {
            return;
        }
        session.receive(|room| Ok(outer.read_deadline(room, patience())?), &mut []).unwrap();
    }
}

#[test]
fn both_sessions_may_have_either_version() {
    let words: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    for (outer, inner, reported) in [
        (&TLS12, &TLS12, "TLSv1.2"),
        (&TLS12, &TLS13, "TLSv1.3"),
        (&TLS13, &TLS12, "TLSv1.2"),
        (&TLS13, &TLS13, "TLSv1.3"),
    ] {
        let mut ends = tcp_pair();
        for version in [outer, inner] {
            let (connector, acceptor) = both_sides();
            ends = encrypt_by(&(connector.with_version(version), acceptor), ends);
        }
        let (client, server) = ends;
        for side in [&client, &server] {
            assert_eq!(side.tls().unwrap().version(), Some(reported));
        }
        thread::scope(|scope| {
            for (from, to) in [(&client, &server), (&server, &client)] {
                scope.spawn(|| {
                    from.write_all_deadline(&words, patience()).unwrap();
                    from.shutdown(Shutdown::Write).unwrap();
                });
                scope.spawn(|| assert!(rest(to).unwrap() == words, "{outer:?} {inner:?}"));
            }
        });
    }
}

#[test]
fn every_layer_is_one_more_session() {
    let mut ends = tcp_pair();
    for _ in 0..4 {
        ends = encrypt(ends);
    }
    let (client, server) = ends;
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all_deadline(&[7; 1 << 20], patience()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        assert!(rest(&server).unwrap() == [7; 1 << 20]);
    });
}

#[test]
fn no_handshake_needs_to_be_done_before_the_next_session_begins() {
    let (outer, inner) = (both_sides(), both_sides());
    let (client, server) = tcp_pair();
    let client = inner.0.begin(outer.0.begin(client, "localhost").unwrap(), "localhost").unwrap();
    let server = inner.1.accept(outer.1.accept(server).unwrap()).unwrap();
    // Nobody speaks, so the first step of either side waits for the other one.
    let error = server.handshake(Deadline::after(Duration::ZERO)).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, ErrorKind::TimedOut));
    let error = server.read_deadline(&mut [0], moment()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, ErrorKind::TimedOut));
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all_deadline(b"request", patience()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(rest(&client).unwrap(), b"answer");
        });
        assert_eq!(rest(&server).unwrap(), b"request");
        server.write_all_deadline(b"answer", patience()).unwrap();
        server.finish(patience()).unwrap();
    });
}

#[test]
fn bytes_that_wait_in_the_outer_session_need_no_readable_socket() {
    let (connector, acceptor) = both_sides();
    let (client, server) = pair();
    let mut session = connector.session("localhost").unwrap();
    let mut flight = vec![b'x'];
    let taken = session.flush(|bytes| {
        flight.extend_from_slice(bytes);
        Ok(bytes.len())
    });
    assert!(taken.unwrap());
    // One record of the outer session has a byte for the user and the first inner message.
    client.write_all_deadline(&flight, patience()).unwrap();
    server.read_exact_deadline(&mut [0], patience()).unwrap();
    let server = acceptor.accept(server).unwrap();
    #[cfg(unix)]
    assert!(server.has_input());
    thread::scope(|scope| {
        let shaking = scope.spawn(|| server.handshake(patience()));
        shake(&mut session, &client);
        shaking.join().unwrap().unwrap();
    });
}

#[test]
fn an_end_of_the_outer_session_alone_is_no_end() {
    let (near, far) = pair();
    let outer = near.try_clone().unwrap();
    let (near, far) = encrypt((near, far));
    near.write_all_deadline(b"half", patience()).unwrap();
    outer.shutdown(Shutdown::Write).unwrap();
    far.read_exact_deadline(&mut [0; 4], patience()).unwrap();
    for _ in 0..2 {
        let error = far.read_deadline(&mut [0], patience()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::UnexpectedEnd));
    }
    // The outer session has ended, so the inner one cannot send.
    let error = near.write_all_deadline(b"x", patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn an_end_of_the_inner_session_needs_none_of_the_outer_one() {
    let (connector, acceptor) = both_sides();
    let (outer, far) = pair();
    let far = acceptor.accept(far).unwrap();
    let mut session = connector.session("localhost").unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| rest(&far));
        shake(&mut session, &outer);
        session.end();
        session.flush(|bytes| Ok(outer.write_deadline(bytes, patience())?)).unwrap();
        outer.flush_deadline(patience()).unwrap();
        outer.socket.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), b"");
    });
}

#[test]
fn an_outer_failure_during_the_inner_handshake_is_a_failed_handshake() {
    let (connector, _) = both_sides();
    let (client, server) = pair();
    server.socket.shutdown(Shutdown::Write).unwrap();
    let error = connector.connect(client, "localhost", patience()).unwrap_err();
    let kind = ErrorKind::UnexpectedEnd;
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, kind), "{error:#}");
    assert!(format!("{error:#}").contains("close_notify"), "{error:#}");
}

#[test]
fn a_peer_of_the_outer_session_that_does_not_speak_tls_is_named_as_one() {
    let (connector, _) = both_sides();
    let (client, server) = pair();
    server.write_all_deadline(b"HTTP/1.1 400 Bad Request\r\n\r\n", patience()).unwrap();
    let error = connector.connect(client, "localhost", patience()).unwrap_err();
    let kind = ErrorKind::HandshakeFailed;
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, kind), "{error:#}");
    assert!(error.to_string().contains("HTTP/1.1 400"), "{error:#}");
}

#[test]
fn a_reader_gets_data_that_arrives_while_another_thread_ends_the_writing_side() {
    for _ in 0..20 {
        let (client, server) = nested_pair();
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut answer = [0; 6];
                client.read_exact_deadline(&mut answer, patience()).unwrap();
                answer
            });
            // The peer neither ends nor sends more, so no other event wakes the reader.
            server.write_all_deadline(b"answer", patience()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(&reader.join().unwrap(), b"answer");
        });
        assert_eq!(rest(&server).unwrap(), b"");
    }
}

#[test]
fn the_outer_session_stays_registered() {
    let (client, server) = nested_pair();
    #[cfg(unix)]
    {
        let error = tcp_pair().0.send_from(&client, patience()).unwrap_err();
        assert!(error.to_string().contains("encrypted"), "{error}");
    }
    let (near, far) = pair();
    let outer = far.try_clone().unwrap();
    let (_near, far) = encrypt((near, far));
    drop(far);
    #[cfg(unix)]
    {
        let error = tcp_pair().0.send_from(&outer, patience()).unwrap_err();
        assert!(error.to_string().contains("encrypted"), "{error}");
    }
    drop((client, server, outer));
}
