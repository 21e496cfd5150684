use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::thread::JoinHandle;
use std::time::Duration;

use super::*;

/// A deadline that never passes in a test.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// Starts a server that sends these chunks to one client.
fn over_tcp(pieces: &'static [&'static [u8]]) -> (Endpoint, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::tcp(listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_nodelay(true).unwrap();
        for piece in pieces {
            // The client may have heard enough.
            let _ = peer.write_all(piece);
        }
    });
    (endpoint, server)
}

fn over_udp(answer: &'static [u8]) -> (Endpoint, JoinHandle<usize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::udp(socket.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (length, from) = socket.recv_from(&mut [0; 10]).unwrap();
        socket.send_to(answer, from).unwrap();
        length
    });
    (endpoint, server)
}

#[test]
fn a_line_ends_with_its_ending_or_with_the_stream() {
    const WAYS: [&[&[u8]]; 2] = [&[b"Fri ", b"Nov\r", b"\n"], &[b"Fri Nov\r\n"]];
    for pieces in WAYS {
        let (endpoint, server) = over_tcp(pieces);
        assert_eq!(query_daytime(&endpoint, deadline()).unwrap(), b"Fri Nov\r\n");
        server.join().unwrap();
    }
    let (endpoint, server) = over_tcp(&[b"no ending"]);
    assert_eq!(query_daytime(&endpoint, deadline()).unwrap(), b"no ending");
    server.join().unwrap();
}

#[test]
fn the_seconds_are_four_bytes_the_highest_first() {
    let (endpoint, server) = over_tcp(&[&[0xEE], &[0xAB, 0x0B, 0xB6]]);
    assert_eq!(query_time(&endpoint, deadline()).unwrap(), 0xEEAB_0BB6);
    server.join().unwrap();
    let (endpoint, server) = over_udp(&[0, 0, 0, 7]);
    assert_eq!(query_time(&endpoint, deadline()).unwrap(), 7);
    assert_eq!(server.join().unwrap(), 0, "the question is an empty datagram");
}

#[test]
fn a_whole_datagram_is_an_answer() {
    let (endpoint, server) = over_udp(b"Fri Nov\r\n");
    assert_eq!(query_daytime(&endpoint, deadline()).unwrap(), b"Fri Nov\r\n");
    server.join().unwrap();
}

#[test]
fn foreign_input_is_recognised() {
    let (endpoint, server) = over_tcp(&[]);
    let error = query_time(&endpoint, deadline()).unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { .. }), "{error}");
    server.join().unwrap();
    let (endpoint, server) = over_tcp(&[&[1, 2, 3]]);
    let error = query_time(&endpoint, deadline()).unwrap_err();
    assert!(matches!(error, ClientError::CutShort { received: 3, .. }), "{error}");
    server.join().unwrap();
    let (endpoint, server) = over_tcp(&[&[b'x'; 2000]]);
    let error = query_daytime(&endpoint, deadline()).unwrap_err();
    assert!(matches!(error, ClientError::TooLong { limit: 1024, .. }), "{error}");
    server.join().unwrap();
    let (endpoint, server) = over_udp(&[1, 2, 3, 4, 5]);
    let error = query_time(&endpoint, deadline()).unwrap_err();
    assert!(matches!(error, ClientError::TooLong { limit: 4, .. }), "{error}");
    server.join().unwrap();
}

#[test]
fn a_silent_server_is_a_timeout() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::udp(silent.local_addr().unwrap());
    let error = query_time(&endpoint, Deadline::after(Duration::from_millis(20))).unwrap_err();
    assert!(matches!(&error, ClientError::Socket(error) if error.is_timeout()), "{error}");
}
