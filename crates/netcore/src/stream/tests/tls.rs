use std::thread;

use super::*;
use crate::tls::fixture::pair;

#[test]
fn an_encrypted_stream_carries_bytes_both_ways() {
    let (mut client, mut server) = pair();
    assert_eq!(client.tls().unwrap().version(), Some("TLSv1.3"));
    client.write_all(b"ping").unwrap();
    let mut buffer = [0; 4];
    server.read_exact_deadline(&mut buffer, patience()).unwrap();
    assert_eq!(&buffer, b"ping");
    server.write_all_deadline(b"pong", patience()).unwrap();
    client.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"pong");
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.read_deadline(&mut buffer, patience()).unwrap(), 0);
    // The other direction is still open.
    server.write_all(b"late").unwrap();
    client.read_exact_deadline(&mut buffer, patience()).unwrap();
    assert_eq!(&buffer, b"late");
    server.finish(patience()).unwrap();
}

#[test]
fn large_transfers_in_both_directions_at_once_arrive_whole() {
    let (client, server) = pair();
    let bytes: Vec<u8> = (0..3 << 20).map(|number: u32| (number % 251) as u8).collect();
    thread::scope(|scope| {
        scope.spawn(|| (&client).write_all(&bytes).unwrap());
        scope.spawn(|| server.write_all_deadline(&bytes, patience()).unwrap());
        for stream in [&client, &server] {
            let mut received = vec![0; bytes.len()];
            stream.read_exact_deadline(&mut received, patience()).unwrap();
            assert!(received == bytes);
        }
    });
}
