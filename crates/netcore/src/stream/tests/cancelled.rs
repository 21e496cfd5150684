use std::thread;

use super::*;
use crate::cancel::CancelToken;
use crate::fixture::cancel_a_wait;
use crate::until::Until;

/// Cancels `call` once it waits. Returns its error.
fn cancelled<T: Send>(call: impl Fn(Until<'_>) -> Result<T, Error> + Sync) -> Error {
    let token = CancelToken::new();
    let error = thread::scope(|scope| {
        let waiting = scope.spawn(|| call(patience().or_cancelled(&token)).err());
        cancel_a_wait(&token);
        waiting.join().unwrap().unwrap()
    });
    let again = call(patience().or_cancelled(&token)).err().unwrap();
    assert_eq!((again.operation(), again.kind()), (error.operation(), ErrorKind::Cancelled));
    error
}

#[test]
fn a_read_a_write_and_a_wait_are_cancelled_and_the_error_names_them() {
    for (name, client, server) in pairs() {
        let peer = client.peer_address().unwrap();
        let error = cancelled(|until| client.read_deadline(&mut [0; 8], until));
        assert_eq!(error.address(), Some(&peer), "{name}");
        assert!(error.to_string().ends_with(&format!("{peer}: cancelled")), "{name}: {error}");
        assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::Cancelled));
        assert!(!error.is_timeout() && !error.is_retryable());
        // Such a kind of std's would make its loops repeat the call.
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::Other);
        let error = cancelled(|until| client.wait_readable(until));
        assert_eq!((error.operation(), error.kind()), (Operation::Poll, ErrorKind::Cancelled));
        let error = cancelled(|until| client.write_all_deadline(&vec![0; 1 << 26], until));
        assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::Cancelled));
        // A cancelled read has taken nothing.
        server.write_all_deadline(b"x", patience()).unwrap();
        assert_eq!(client.read_deadline(&mut [0; 8], patience()).unwrap(), 1, "{name}");
    }
}

#[test]
fn one_token_cancels_many_streams() {
    let token = CancelToken::new();
    let streams: Vec<_> = (0..8).map(|_| tcp_pair()).collect();
    thread::scope(|scope| {
        let read = |stream: &Stream| {
            stream.read_exact_deadline(&mut [0; 8], patience().or_cancelled(&token)).unwrap_err()
        };
        let reading: Vec<_> =
            streams.iter().map(|(client, _)| scope.spawn(move || read(client))).collect();
        cancel_a_wait(&token);
        for reading in reading {
            assert_eq!(reading.join().unwrap().kind(), ErrorKind::Cancelled);
        }
    });
}

#[cfg(feature = "tls")]
#[test]
fn a_handshake_and_the_reads_and_writes_over_tls_are_cancelled() {
    use crate::tls::fixture::{self, Authority};

    let (client, silent) = tcp_pair();
    let client = Authority::new().connector().begin(client, "localhost").unwrap();
    let error = cancelled(|until| client.handshake(until));
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, ErrorKind::Cancelled));
    let error = cancelled(|until| client.read_deadline(&mut [0], until));
    assert_eq!((error.operation(), error.kind()), (Operation::Handshake, ErrorKind::Cancelled));
    drop(silent);
    for (client, _server) in fixture::pairs() {
        let error = cancelled(|until| client.read_deadline(&mut [0], until));
        assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::Cancelled));
        let error = cancelled(|until| client.wait_readable(until));
        assert_eq!((error.operation(), error.kind()), (Operation::Poll, ErrorKind::Cancelled));
        let error = cancelled(|until| client.write_all_deadline(&vec![0; 1 << 26], until));
        assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::Cancelled));
    }
}
