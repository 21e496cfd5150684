use std::error::Error as _;

use socket2::SockRef;

use super::*;
use crate::tls::fixture::{both_sides, nested_pair, pair as tls_pair, pairs};

#[test]
fn an_end_without_close_notify_is_never_a_whole_file() {
    let content = bytes(1_000_000);
    for ((client, server), count) in [
        (tls_pair(), None),
        (tls_pair(), Some(1_000_001)),
        (nested_pair(), None),
        (nested_pair(), Some(1_000_001)),
    ] {
        let dir = TestDir::new();
        let to = empty_file(&dir);
        let error = thread::scope(|scope| {
            scope.spawn(|| {
                client.write_all_deadline(&content, patience()).unwrap();
                SockRef::from(&client).shutdown(Shutdown::Write).unwrap();
            });
            match count {
                None => server.receive_into(&to, 1 << 40, patience()).unwrap_err(),
                Some(count) => server.receive_exact_into(&to, count, patience()).unwrap_err(),
            }
        });
        assert_eq!(error.operation(), Operation::Read);
        assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
        let source = error.source().unwrap().to_string();
        assert_eq!(source, "the peer ended without close_notify, so data may be missing");
        assert!(fs::read(dir.path("to")).unwrap() == content);
    }
}

#[test]
fn a_limit_and_a_count_leave_the_rest_in_the_session() {
    for (client, server) in pairs() {
        client.write_all_deadline(b"0123456789abcdef", patience()).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let dir = TestDir::new();
        let to = empty_file(&dir);
        server.receive_exact_into(&to, 4, patience()).unwrap();
        let error = server.receive_into(&to, 4, patience()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(server.receive_into(&to, 8, patience()).unwrap(), 8);
        assert_eq!(fs::read(dir.path("to")).unwrap(), b"0123456789abcdef");
        assert_eq!(server.receive_into(&to, 0, patience()).unwrap(), 0);
    }
}

#[test]
fn a_transfer_begins_with_the_handshake() {
    let (connector, acceptor) = both_sides();
    let dir = TestDir::new();
    let from = file_of(&dir, b"content");
    let (client, server) = tcp_pair();
    let server = acceptor.accept(server).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(server.send_file(&from, .., patience()).unwrap(), 7);
            server.shutdown(Shutdown::Write).unwrap();
        });
        let client = connector.connect(client, "localhost", patience()).unwrap();
        let to = empty_file(&dir);
        assert_eq!(client.receive_into(&to, 100, patience()).unwrap(), 7);
    });
    assert_eq!(fs::read(dir.path("to")).unwrap(), b"content");

    // A peer that says nothing does not outlast the deadline, or the stall timeout.
    let (_client, server) = tcp_pair();
    let server = acceptor.accept(server).unwrap();
    let error = server.send_file(&from, .., moment()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, ErrorKind::TimedOut));
    let stall = TransferDeadline::from(patience()).with_stall_timeout(Duration::from_millis(30));
    let error = server.receive_into(&from, 100, stall).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, ErrorKind::TimedOut));
}

#[test]
fn an_encrypted_stream_is_neither_source_nor_target_of_others() {
    let (client, server) = tls_pair();
    let (near, far) = tcp_pair();
    server.write_all_deadline(b"secret", patience()).unwrap();
    far.write_all_deadline(b"secret", patience()).unwrap();
    for error in [
        near.send_from(&client, patience()).unwrap_err(),
        near.receive_into(&client, 100, patience()).unwrap_err(),
        write_all_to(&client, b"secret", patience()).unwrap_err(),
    ] {
        assert_eq!(error.operation(), Operation::Open, "{error:?}");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
        assert!(error.to_string().contains("encrypted"), "{error}");
    }
    // The session has no foreign bytes in it.
    client.write_all_deadline(b"still", patience()).unwrap();
    let mut words = [0; 5];
    server.read_exact_deadline(&mut words, patience()).unwrap();
    assert_eq!(&words, b"still");
}

#[test]
fn a_peer_that_takes_nothing_does_not_outlast_the_deadline() {
    for (client, _server) in pairs() {
        let dir = TestDir::new();
        let from = file_of(&dir, &bytes(MANY));
        let mut last = 0;
        let error = client
            .send_file_with_progress(
                &from,
                ..,
                Deadline::after(Duration::from_millis(300)),
                |sent| {
                    last = sent;
                },
            )
            .unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::TimedOut));
        assert!(last > 0 && last < MANY as u64, "{last}");
    }
}

#[test]
fn other_threads_may_use_the_stream_during_a_transfer() {
    let content = bytes(MANY);
    let (client, server) = nested_pair();
    let dir = TestDir::new();
    let (from, to) = (file_of(&dir, &content), empty_file(&dir));
    thread::scope(|scope| {
        scope.spawn(|| {
            client.send_file(&from, .., patience()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        scope.spawn(|| {
            let mut words = [0; 4096];
            for _ in 0..100 {
                client.read_exact_deadline(&mut words, patience()).unwrap();
            }
        });
        scope.spawn(|| {
            for _ in 0..100 {
                server.write_all_deadline(&[7; 4096], patience()).unwrap();
            }
        });
        assert_eq!(server.receive_into(&to, 1 << 40, patience()).unwrap(), MANY as u64);
    });
    assert!(fs::read(dir.path("to")).unwrap() == content);
}
