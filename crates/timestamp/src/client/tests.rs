use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread::JoinHandle;
use std::time::Duration;

use netcore::{Endpoint, SocketOptions};

use super::*;

/// A deadline that never passes in a test.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// Returns a client of a server that runs `script`.
fn over_tcp<T: Send + 'static>(
    limit: usize,
    script: impl FnOnce(BufReader<TcpStream>) -> T + Send + 'static,
) -> (Client, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint: Endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
    let server = std::thread::spawn(move || script(BufReader::new(listener.accept().unwrap().0)));
    let stream = Stream::connect(&endpoint, &SocketOptions::default(), deadline()).unwrap();
    (Client::stream(stream, limit), server)
}

/// Returns a client and the socket of its server.
fn over_udp(limit: usize) -> (Client, UdpSocket) {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint: Endpoint = format!("udp://{}", server.local_addr().unwrap()).parse().unwrap();
    let socket = Datagram::connect(&endpoint, &SocketOptions::default(), deadline()).unwrap();
    (Client::datagram(socket, limit), server)
}

/// Reads the next line, or the part of it that arrived before the client closed.
fn line(peer: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut line = Vec::new();
    let _ = peer.read_until(b'\n', &mut line);
    line
}

#[test]
fn each_line_gets_its_answer_unchanged() {
    let (mut client, server) = over_tcp(100, |mut peer| {
        for _ in 0..4 {
            let answer = [b"[now] ", &line(&mut peer)[..]].concat();
            peer.get_ref().write_all(&answer).unwrap();
        }
    });
    assert_eq!(client.request(b"one\n", deadline()).unwrap(), b"[now] one\n");
    assert_eq!(client.request(b"two\r\n", deadline()).unwrap(), b"[now] two\r\n");
    assert_eq!(client.request(b"no end", deadline()).unwrap(), b"[now] no end\n");
    assert_eq!(client.request(b"", deadline()).unwrap(), b"[now] \n");
    server.join().unwrap();
}

#[test]
fn an_answer_may_arrive_in_parts_and_with_the_next_one() {
    let (mut client, server) = over_tcp(20_000, |mut peer| {
        line(&mut peer);
        for byte in b"[1] a\n[2] b\n[3" {
            peer.get_ref().write_all(&[*byte]).unwrap();
        }
        line(&mut peer);
        line(&mut peer);
        let long = [&b"] "[..], &[b'c'; 10_000], b"\n"].concat();
        peer.get_ref().write_all(&long).unwrap();
    });
    assert_eq!(client.request(b"a", deadline()).unwrap(), b"[1] a\n");
    assert_eq!(client.request(b"b", deadline()).unwrap(), b"[2] b\n");
    let answer = client.request(b"c", deadline()).unwrap();
    assert_eq!(answer, [&b"[3] "[..], &[b'c'; 10_000], b"\n"].concat());
    server.join().unwrap();
}

#[test]
fn a_server_that_closes_without_an_answer_is_told_apart() {
    let (mut client, server) = over_tcp(100, |mut peer| drop(line(&mut peer)));
    let error = client.request(b"hello", deadline()).unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { .. }), "{error}");
    let peer = client.peer.clone();
    assert_eq!(error.to_string(), format!("{peer} closed the connection without an answer"));
    server.join().unwrap();
}

#[test]
fn half_an_answer_is_an_error_and_the_stream_is_given_up() {
    let (mut client, server) = over_tcp(100, |mut peer| {
        line(&mut peer);
        peer.get_ref().write_all(b"[now] hel").unwrap();
    });
    let error = client.request(b"hello", deadline()).unwrap_err();
    assert!(matches!(error, ClientError::CutShort { received: 9, .. }), "{error}");
    let error = client.request(b"hello", deadline()).unwrap_err();
    assert!(matches!(error, ClientError::Closed { .. }), "{error}");
    server.join().unwrap();
}

#[test]
fn an_answer_may_have_exactly_the_limit() {
    let (mut client, server) = over_tcp(9, |mut peer| {
        for answer in [b"[1] 12345\r\n", b"[1] 123456\n"] {
            line(&mut peer);
            peer.get_ref().write_all(answer).unwrap();
        }
        line(&mut peer)
    });
    assert_eq!(client.request(b"12345", deadline()).unwrap(), b"[1] 12345\r\n");
    let error = client.request(b"12345", deadline()).unwrap_err();
    assert!(matches!(error, ClientError::TooLong { limit: 9, .. }), "{error}");
    assert_eq!(server.join().unwrap(), b"");
}

#[test]
fn an_invalid_request_is_not_sent_and_keeps_the_stream() {
    let (mut client, server) = over_tcp(9, |mut peer| {
        let line = line(&mut peer);
        peer.get_ref().write_all(b"[1] good\n").unwrap();
        line
    });
    for line in [&b"two\nlines\n"[..], b"\n\n", b"\nx"] {
        let error = client.request(line, deadline()).unwrap_err();
        assert!(matches!(error, ClientError::NotALine), "{error}");
    }
    let error = client.request(b"longer than nine", deadline()).unwrap_err();
    assert!(matches!(error, ClientError::TooLong { .. }), "{error}");
    assert_eq!(client.request(b"good", deadline()).unwrap(), b"[1] good\n");
    assert_eq!(server.join().unwrap(), b"good\n");
}

#[test]
fn a_deadline_that_has_passed_is_a_timeout() {
    let passed = Deadline::after(Duration::ZERO);
    let (mut client, server) = over_tcp(100, |mut peer| line(&mut peer));
    let error = client.request(b"hello", passed).unwrap_err();
    assert!(matches!(&error, ClientError::Socket(error) if error.is_timeout()), "{error}");
    drop(client);
    server.join().unwrap();

    let (mut client, server) = over_udp(100);
    for _ in 0..2 {
        let error = client.request(b"hello", passed).unwrap_err();
        assert!(matches!(&error, ClientError::Socket(error) if error.is_timeout()), "{error}");
    }
    drop(server);
}

#[test]
fn a_silent_server_is_a_timeout_of_the_whole() {
    let (mut client, server) = over_tcp(100, |mut peer| {
        line(&mut peer);
        peer.get_ref().write_all(b"[never").unwrap();
        line(&mut peer)
    });
    let soon = Deadline::after(Duration::from_millis(50));
    let error = client.request(b"hello", soon).unwrap_err();
    assert!(matches!(&error, ClientError::Socket(error) if error.is_timeout()), "{error}");
    drop(client);
    server.join().unwrap();
}

#[test]
fn a_datagram_gets_a_datagram() {
    let (mut client, server) = over_udp(100);
    let server = std::thread::spawn(move || {
        let mut piece = [0; 100];
        let (length, from) = server.recv_from(&mut piece).unwrap();
        server.send_to(&[b"[now] ", &piece[..length]].concat(), from).unwrap();
    });
    assert_eq!(client.request(b"hello", deadline()).unwrap(), b"[now] hello\n");
    server.join().unwrap();
}

#[test]
fn a_late_datagram_does_not_answer_the_next_line() {
    let (mut client, server) = over_udp(100);
    let Socket::Datagram(socket) = &client.socket else { panic!("not a datagram socket") };
    let address = socket.local_address().unwrap().inet().unwrap();
    server.send_to(b"[1] first\n", address).unwrap();
    let server = std::thread::spawn(move || {
        let (_, from) = server.recv_from(&mut [0; 100]).unwrap();
        server.send_to(b"[2] second\n", from).unwrap();
    });
    assert_eq!(client.request(b"second", deadline()).unwrap(), b"[2] second\n");
    server.join().unwrap();
}

#[test]
fn a_limit_beyond_any_datagram_is_lowered() {
    let (mut client, _server) = over_udp(usize::MAX);
    assert!(client.request(b"hello", Deadline::after(Duration::ZERO)).is_err());
    assert_eq!(client.answer.len(), LARGEST_DATAGRAM + 2);
}

#[test]
fn a_datagram_beyond_the_limit_fails_and_the_next_succeeds() {
    let (mut client, server) = over_udp(9);
    let server = std::thread::spawn(move || {
        let mut piece = [0; 100];
        for answer in [&b"[1] 123456"[..], b"[1] 12345678901234567890", b"[1] 12345\r\n"] {
            let (_, from) = server.recv_from(&mut piece).unwrap();
            server.send_to(answer, from).unwrap();
        }
    });
    for _ in 0..2 {
        let error = client.request(b"12345", deadline()).unwrap_err();
        assert!(matches!(error, ClientError::TooLong { limit: 9, .. }), "{error}");
    }
    assert_eq!(client.request(b"12345", deadline()).unwrap(), b"[1] 12345\r\n");
    server.join().unwrap();
}
