#[cfg(any(target_os = "linux", target_os = "android"))]
use std::net::UdpSocket;

use super::*;
#[cfg(target_os = "linux")]
use crate::endpoint::Endpoint;
use crate::error::ErrorKind;
use crate::fixture::{endpoint, has_ipv6, moment, patience};
#[cfg(target_os = "linux")]
use crate::options::SocketOptions;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::wait;

fn bind_one(text: &str) -> Datagram {
    Datagram::bind(endpoint(text)).unwrap()
}

fn texts(batch: &Batch) -> Vec<String> {
    batch.iter().map(|(bytes, _)| String::from_utf8_lossy(bytes).into_owned()).collect()
}

/// Receives until there are `count`, in batches of any size.
fn recv_all(server: &Datagram, batch: &mut Batch, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let received = server.recv_batch(batch, patience()).unwrap();
        assert_eq!(received, batch.iter().len());
        assert!(received >= 1);
        seen.extend(texts(batch));
    }
    seen
}

#[test]
fn all_datagrams_arrive_in_order_with_their_sender() {
    let mut families = vec!["udp://127.0.0.1:0"];
    if has_ipv6() {
        families.push("udp://[::1]:0");
    }
    for text in families {
        let (server, client) = (bind_one(text), bind_one(text));
        let to = server.local_address().unwrap();
        // More datagrams than one system call takes.
        let sent: Vec<String> = (0..Batch::MAX + 3).map(|number| format!("no {number}")).collect();
        let messages: Vec<_> = sent.iter().map(|text| (text.as_bytes(), &to)).collect();
        assert_eq!(client.send_batch(&messages, patience()).unwrap(), sent.len());
        let mut batch = Batch::new(10, 64);
        assert_eq!(recv_all(&server, &mut batch, sent.len()), sent);
        let own = client.local_address().unwrap();
        assert!(batch.iter().all(|(_, received)| received.from == own && !received.truncated));
    }
}

#[test]
fn each_goes_to_its_own_address() {
    let (one, two, client) =
        (bind_one("udp://127.0.0.1:0"), bind_one("udp://127.0.0.1:0"), bind_one("udp://:0"));
    let (to_one, to_two) = (one.local_address().unwrap(), two.local_address().unwrap());
    let messages: [(&[u8], _); 3] = [(b"a", &to_one), (b"b", &to_two), (b"c", &to_one)];
    assert_eq!(client.send_batch(&messages, patience()).unwrap(), 3);
    assert_eq!(recv_all(&one, &mut Batch::new(8, 8), 2), ["a", "c"]);
    assert_eq!(recv_all(&two, &mut Batch::new(8, 8), 1), ["b"]);
    assert_eq!(client.send_batch(&[], patience()).unwrap(), 0);
}

#[test]
fn a_datagram_longer_than_its_room_is_cut_and_the_next_is_whole() {
    let server = bind_one("udp://127.0.0.1:0");
    let client = bind_one("udp://127.0.0.1:0");
    let to = server.local_address().unwrap();
    let messages: [(&[u8], _); 4] = [(b"abcd", &to), (b"abcde", &to), (b"", &to), (b"f", &to)];
    client.send_batch(&messages, patience()).unwrap();
    let mut batch = Batch::new(4, 4);
    let mut seen = Vec::new();
    while seen.len() < 4 {
        server.recv_batch(&mut batch, patience()).unwrap();
        seen.extend(batch.iter().map(|(bytes, it)| (bytes.to_vec(), it.len, it.truncated)));
    }
    let expected: [(&[u8], usize, bool); 4] =
        [(b"abcd", 4, false), (b"abcd", 4, true), (b"", 0, false), (b"f", 1, false)];
    for ((bytes, len, truncated), wanted) in seen.iter().zip(expected) {
        assert_eq!((&bytes[..], *len, *truncated), wanted);
    }
}

#[test]
fn waits_end_at_the_deadline_and_leave_the_batch_empty() {
    let server = bind_one("udp://127.0.0.1:0");
    let to = server.local_address().unwrap();
    let mut batch = Batch::new(4, 4);
    server.send_to(b"x", &to, patience()).unwrap();
    server.recv_batch(&mut batch, patience()).unwrap();
    assert_eq!(texts(&batch), ["x"]);
    let error = server.recv_batch(&mut batch, moment()).unwrap_err();
    assert_eq!(error.to_string(), format!("receive on {}: timed out", server.endpoint()));
    assert_eq!(batch.iter().len(), 0);
    let expired = Deadline::after(std::time::Duration::ZERO);
    let error = server.send_batch(&[(b"x", &to)], expired).unwrap_err();
    assert_eq!(error.to_string(), format!("send to {to}: timed out"));
    assert!(server.recv_batch(&mut batch, moment()).unwrap_err().is_timeout(), "nothing was sent");
}

#[test]
fn an_unsendable_datagram_ends_the_batch_and_is_the_error_of_the_next() {
    let server = bind_one("udp://127.0.0.1:0");
    let to = server.local_address().unwrap();
    let long = [0; 70_000];
    let messages: [(&[u8], _); 3] = [(b"a", &to), (&long, &to), (b"b", &to)];
    assert_eq!(server.send_batch(&messages, patience()).unwrap(), 1);
    let error = server.send_batch(&messages[1..], patience()).unwrap_err();
    assert_eq!((error.kind(), error.address()), (ErrorKind::MessageTooLong, Some(&to)));
    let far = Address::Unix(Some("x".repeat(1000).into()));
    let messages: [(&[u8], _); 2] = [(b"b", &to), (b"c", &far)];
    assert_eq!(server.send_batch(&messages, patience()).unwrap(), 1);
    assert!(server.send_batch(&messages[1..], patience()).is_err());
    assert_eq!(recv_all(&server, &mut Batch::new(2, 8), 2), ["a", "b"]);
}

#[test]
fn room_is_at_least_for_one_byte_and_at_most_for_the_largest_batch() {
    let server = bind_one("udp://127.0.0.1:0");
    let to = server.local_address().unwrap();
    for (mut batch, len) in [(Batch::new(0, 0), 1), (Batch::new(usize::MAX, 2), 2)] {
        server.send_to(b"xyz", &to, patience()).unwrap();
        assert_eq!(server.recv_batch(&mut batch, patience()).unwrap(), 1);
        let (bytes, received) = batch.iter().next().unwrap();
        assert_eq!((bytes.len(), received.truncated), (len, true));
        assert!(batch.received.capacity() <= 2 * Batch::MAX);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_connected_socket_reports_that_no_socket_receives() {
    let held = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    held.connect(address).unwrap();
    let options = SocketOptions::new();
    let client = Datagram::connect(Endpoint::udp(address), &options, patience()).unwrap();
    client.send(b"x", patience()).unwrap();
    let error = client.recv_batch(&mut Batch::new(4, 4), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[cfg(unix)]
#[test]
fn unix_datagrams_with_and_without_a_name() {
    use std::os::unix::net::UnixDatagram;

    let dir = crate::fixture::TestDir::new();
    let bind = |name| Datagram::bind(dir.endpoint(name)).unwrap();
    let (server, client) = (bind("server"), bind("client"));
    let mut batch = Batch::new(4, 64);
    let to = server.local_address().unwrap();
    client.send_batch(&[(b"named", &to)], patience()).unwrap();
    server.recv_batch(&mut batch, patience()).unwrap();
    let unnamed = UnixDatagram::unbound().unwrap();
    let own = client.local_address().unwrap();
    assert_eq!(batch.iter().next().unwrap().1.from, own);
    unnamed.send_to(b"unnamed", dir.path("server")).unwrap();
    server.recv_batch(&mut batch, patience()).unwrap();
    // Received into the slot that held the longer address before.
    let (bytes, received) = batch.iter().next().unwrap();
    assert_eq!((bytes, &received.from), (&b"unnamed"[..], &Address::Unix(None)));
}

/// Both ways of receiving, on the same traffic.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn one_call_for_all_and_one_for_each_agree() {
    use crate::sys::{MAX_BATCH, one_by_one};

    type Seen = Vec<(usize, bool, Vec<u8>, Address)>;

    let sent: [&[u8]; 5] = [b"first", b"", b"longer than the room", b"exactly8", b"last"];
    let traffic =
        |all_at_once: bool| -> (Seen, Vec<bool>) {
            let server = bind_one("udp://127.0.0.1:0");
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            let to = SockAddr::from(server.local_address().unwrap().inet().unwrap());
            let from = Address::Inet(client.local_addr().unwrap());
            let client = SockRef::from(&client);
            let message = |at: usize| Outgoing { bytes: sent[at], to: &to, local: None };
            let count = match all_at_once {
                true => sys::send_many(&client, sent.len(), message).unwrap(),
                false => one_by_one::send_many(&client, sent.len(), message).unwrap(),
            };
            assert_eq!(count, sent.len());
            let socket = SockRef::from(&server);
            let (mut seen, mut ends, mut bytes) = (Seen::new(), Vec::new(), [0; 3 * 8]);
            let mut many = sys::Names::new(3);
            let mut each = one_by_one::Names::new(3);
            while seen.len() < sent.len() {
                assert!(wait::ready(&server, Interest::Read, patience()).unwrap());
                let mut got = Vec::new();
                let take = |came: sys::Incoming| {
                    got.push((came.len, came.truncated, Address::from_system(&came.from)));
                };
                let (count, all) = match all_at_once {
                    true => sys::recv_many(&socket, false, &mut bytes, 8, &mut many, take).unwrap(),
                    false => one_by_one::recv_many(&socket, false, &mut bytes, 8, &mut each, take)
                        .unwrap(),
                };
                assert_eq!(count, got.len());
                ends.push(all);
                for ((len, cut, sender), slot) in got.into_iter().zip(bytes.chunks(8)) {
                    assert_eq!(sender, from);
                    // The ports differ between the two runs.
                    seen.push((len, cut, slot[..len].to_vec(), Address::Unix(None)));
                }
            }
            let none = |_: sys::Incoming| panic!("there is nothing more");
            let error = match all_at_once {
                true => sys::recv_many(&socket, false, &mut bytes, 8, &mut many, none).unwrap_err(),
                false => one_by_one::recv_many(&socket, false, &mut bytes, 8, &mut each, none)
                    .unwrap_err(),
            };
            assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
            (seen, ends)
        };
    let (many, each) = (traffic(true), traffic(false));
    assert_eq!(many, each);
    assert_eq!(many.1, [false, true]);
    assert_eq!(many.0.len(), sent.len());
    assert!(many.0.iter().zip(sent).all(|(seen, sent)| seen.1 == (sent.len() > 8)));
    assert_eq!(MAX_BATCH, Batch::MAX);
}
