use std::error::Error as _;
use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::error::{ErrorKind, Operation};
use crate::options::SocketOptions;
use crate::stream::Stream;

fn patience() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

fn over() -> Deadline {
    Deadline::at(Instant::now())
}

fn unix() -> (Stream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Stream::from(ours), theirs)
}

fn tcp() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Stream::from(ours), listener.accept().unwrap().0)
}

#[test]
fn without_writes_drain_succeeds_even_after_the_deadline() {
    unix().0.drain(over()).unwrap();
    tcp().0.drain(over()).unwrap();
}

#[test]
fn a_unix_peer_has_received_the_bytes_that_it_has_read() {
    let (stream, mut peer) = unix();
    stream.write_all_deadline(b"hello", patience()).unwrap();
    let error = stream.drain(over()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::TimedOut));
    assert!(error.source().is_some());
    let reading = thread::spawn(move || {
        peer.read_exact(&mut [0; 5]).unwrap();
        peer
    });
    stream.drain(patience()).unwrap();
    reading.join().unwrap();
}

#[test]
fn a_tcp_peer_has_received_the_bytes_of_its_system_and_the_end() {
    let (stream, mut peer) = tcp();
    stream.write_all_deadline(b"hello", patience()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.drain(patience()).unwrap();
    let mut all = String::new();
    peer.read_to_string(&mut all).unwrap();
    assert_eq!(all, "hello");
}

#[test]
fn a_tcp_peer_without_room_has_not_received_them() {
    let (stream, peer) = tcp();
    stream.set_nonblocking(true).unwrap();
    // The peer does not read, so at some point neither side has room.
    while std::io::Write::write(&mut &stream, &[7; 65536]).is_ok() {}
    assert!(stream.drain(over()).unwrap_err().is_timeout());
    drop(peer);
}

#[test]
fn a_peer_that_discards_the_bytes_has_not_received_them() {
    let (stream, peer) = unix();
    stream.write_all_deadline(b"hello", patience()).unwrap();
    drop(peer);
    let error = stream.drain(patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::ConnectionReset));

    let (stream, peer) = tcp();
    SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&peer).unwrap();
    stream.set_nonblocking(true).unwrap();
    while std::io::Write::write(&mut &stream, &[7; 65536]).is_ok() {}
    drop(peer);
    let error = stream.drain(patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::ConnectionReset));
}
