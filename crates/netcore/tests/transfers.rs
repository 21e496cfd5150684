//! Transfers, relays and locks through the public interface, on every system.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, reason = "a test may stop at whatever goes wrong")]

use std::fs::{self, File};
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use netcore::relay::{End, relay};
use netcore::testing::TestDir;
use netcore::{
    Deadline, ErrorKind, Listener, Operation, SocketOptions, Stream, file_lock, transfer,
};

/// A size above that of all buffers on the way, in bytes.
const MANY: usize = 4 << 20;

fn patience() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn pair() -> (Stream, Stream) {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let client = Stream::connect(listener.endpoint(), &SocketOptions::new(), patience()).unwrap();
    (client, listener.accept(patience()).unwrap().0)
}

fn bytes(count: usize) -> Vec<u8> {
    (0u32..).flat_map(|number| number.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(count).collect()
}

#[test]
fn a_file_arrives_in_a_file() {
    let dir = TestDir::new();
    let content = bytes(MANY);
    fs::write(dir.path("from"), &content).unwrap();
    let from = File::open(dir.path("from")).unwrap();
    let to = File::create(dir.path("to")).unwrap();
    let (client, server) = pair();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(client.send_file(&from, 5.., patience()).unwrap(), MANY as u64 - 5);
            client.shutdown(Shutdown::Write).unwrap();
        });
        assert_eq!(server.receive_into(&to, u64::MAX, patience()).unwrap(), MANY as u64 - 5);
    });
    assert!(fs::read(dir.path("to")).unwrap() == content[5..]);
    assert_eq!((&from).stream_position().unwrap(), 0);
    // From the file's own position on.
    (&from).seek(SeekFrom::End(-3)).unwrap();
    assert_eq!(server.send_from(&from, patience()).unwrap(), 3);
    let mut end = [0; 3];
    client.read_exact_deadline(&mut end, patience()).unwrap();
    assert_eq!(end, content[MANY - 3..]);
}

#[test]
fn a_write_ends_with_its_deadline_although_the_peer_reads_nothing() {
    let (client, _server) = pair();
    let deadline = Deadline::after(Duration::from_millis(100));
    let piece = bytes(64 << 10);
    let error = loop {
        if let Err(error) = client.write_all_deadline(&piece, deadline) {
            break error;
        }
    };
    assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::TimedOut));
}

#[test]
fn a_read_in_blocking_mode_waits_as_long_as_its_option_says() {
    let (client, server) = pair();
    SocketOptions::new().with_read_timeout(Duration::from_millis(20)).apply(&client).unwrap();
    let error = (&client).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    server.write_all_deadline(b"x", patience()).unwrap();
    assert_eq!((&client).read(&mut [0]).unwrap(), 1);
    let clone = client.try_clone().unwrap();
    client.set_nonblocking(true).unwrap();
    let error = (&clone).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_relay_joins_any_input_and_a_file_with_a_connection() {
    let dir = TestDir::new();
    let to = File::create(dir.path("to")).unwrap();
    let content = bytes(MANY);
    let input = transfer::pollable(Cursor::new(content.clone())).unwrap();
    let (client, mut server) = pair();
    let relayed = thread::scope(|scope| {
        let relayed = scope
            .spawn(|| relay(End::new(&input, &to), End::from(&client), None, patience()).unwrap());
        let mut received = Vec::new();
        server.read_to_end(&mut received).unwrap();
        assert!(received == content);
        server.write_all_deadline(b"an answer", patience()).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        relayed.join().unwrap()
    });
    assert_eq!((relayed.from_left, relayed.from_right), (MANY as u64, 9));
    assert_eq!(fs::read(dir.path("to")).unwrap(), b"an answer");
}

#[test]
fn a_lock_keeps_another_open_of_the_file_out_but_not_its_reads() {
    let dir = TestDir::new();
    fs::write(dir.path("file"), "content").unwrap();
    let open = || File::options().read(true).write(true).open(dir.path("file")).unwrap();
    let (one, mut other) = (open(), open());
    assert!(file_lock::try_lock(&one).unwrap());
    assert!(!file_lock::try_lock(&other).unwrap());
    let mut text = String::new();
    other.read_to_string(&mut text).unwrap();
    assert_eq!(text, "content");
    file_lock::unlock(&one).unwrap();
    assert!(file_lock::try_lock(&other).unwrap());
    drop(other);
    assert!(file_lock::try_lock(&one).unwrap());
}
