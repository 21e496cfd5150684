#[cfg(target_os = "linux")]
mod reply;

use std::net::UdpSocket;
use std::time::Duration;

#[cfg(target_os = "linux")]
use socket2::SockRef;

use super::*;
use crate::fixture::{endpoint, has_ipv6, moment, patience};
#[cfg(target_os = "linux")]
use crate::wait;

fn bind_one(text: &str) -> Datagram {
    let mut all = Datagram::bind_all(endpoint(text), &SocketOptions::new()).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn connect_to(server: &Datagram) -> Datagram {
    Datagram::connect(server.endpoint(), &SocketOptions::new(), patience()).unwrap()
}

#[test]
fn a_datagram_and_its_answer() {
    let mut families = vec!["udp://127.0.0.1:0"];
    if has_ipv6() {
        families.push("udp://[::1]:0");
    }
    for text in families {
        let server = bind_one(text);
        assert!(!server.endpoint().to_string().ends_with(":0"));
        let client = connect_to(&server);
        client.send(b"question", patience()).unwrap();
        let mut buffer = [0; 64];
        let received = server.recv_from(&mut buffer, patience()).unwrap();
        assert_eq!(&buffer[..received.len], b"question");
        assert_eq!(received.from, client.local_address().unwrap());
        assert!(!received.truncated);
        server.send_to(b"answer", &received.from, patience()).unwrap();
        let received = client.recv(&mut buffer, patience()).unwrap();
        assert_eq!(&buffer[..received.len], b"answer");
        assert_eq!(Some(&received.from), client.peer_address());
    }
}

#[cfg(unix)]
#[test]
fn unix_datagrams() {
    let dir = crate::fixture::TestDir::new();
    let path = dir.path("socket");
    let options = SocketOptions::new();
    let server = Datagram::bind_with(dir.endpoint("socket"), &options).unwrap();
    let client = connect_to(&server);
    client.send(b"question", patience()).unwrap();
    let mut buffer = [0; 64];
    let received = server.recv_from(&mut buffer, patience()).unwrap();
    assert_eq!((&buffer[..received.len], received.truncated), (&b"question"[..], false));
    if sys::HAS_AUTOBIND {
        assert_eq!(received.from, client.local_address().unwrap());
        server.send_to(b"answer", &received.from, patience()).unwrap();
        let received = client.recv(&mut buffer, patience()).unwrap();
        assert_eq!(&buffer[..received.len], b"answer");
    }
    assert!(Datagram::bind_all(dir.endpoint("socket"), &options).is_err(), "it is live");
    drop(server);
    assert!(!path.exists());
}

#[test]
fn a_datagram_longer_than_the_buffer_is_marked_as_truncated() {
    let server = bind_one("udp://127.0.0.1:0");
    let client = connect_to(&server);
    let mut buffer = [0; 4];
    for (text, len, truncated) in
        [(&b"abc"[..], 3, false), (b"abcd", 4, false), (b"abcde", 4, true), (b"", 0, false)]
    {
        client.send(text, patience()).unwrap();
        let received = server.recv_from(&mut buffer, patience()).unwrap();
        assert_eq!((received.len, received.truncated), (len, truncated));
        assert_eq!(buffer[..len], text[..len]);
    }
    client.send(b"x", patience()).unwrap();
    let received = server.recv_from(&mut [], patience()).unwrap();
    assert_eq!((received.len, received.truncated), (0, true));
}

#[test]
fn waits_end_at_the_deadline() {
    let server = bind_one("udp://127.0.0.1:0");
    let error = server.recv_from(&mut [0], moment()).unwrap_err();
    assert_eq!(error.to_string(), format!("receive on {}: timed out", server.endpoint()));
    let expired = Deadline::after(Duration::ZERO);
    let own = server.local_address().unwrap();
    assert!(server.send_to(b"x", &own, expired).unwrap_err().is_timeout());
    assert!(server.recv_from(&mut [0], moment()).unwrap_err().is_timeout(), "nothing was sent");
}

/// poll(2) reports room while sendmsg(2) reports that the receiver's queue is full.
#[cfg(unix)]
#[test]
fn a_unix_receiver_that_does_not_read_delays_the_sender_to_the_deadline_only() {
    let dir = crate::fixture::TestDir::new();
    let server = Datagram::bind(dir.endpoint("socket")).unwrap();
    let to = server.local_address().unwrap();
    let client = Datagram::bind(dir.endpoint("client")).unwrap();
    let error = loop {
        if let Err(error) = client.send_to(&[0; 1024], &to, moment()) {
            break error;
        }
    };
    if cfg!(target_os = "linux") {
        assert!(error.is_timeout(), "{error}");
    }
}

#[test]
fn a_dual_stack_socket_sends_to_both_families() {
    let server = bind_one("udp://:0");
    let v4 = bind_one("udp://127.0.0.1:0");
    let mut buffer = [0; 8];
    server.send_to(b"x", &v4.local_address().unwrap(), patience()).unwrap();
    let from = v4.recv_from(&mut buffer, patience()).unwrap().from;
    // A datagram from IPv4 can be answered at the address in the form in which it arrived.
    v4.send_to(b"y", &from, patience()).unwrap();
    let received = server.recv_from(&mut buffer, patience()).unwrap();
    assert_eq!(received.from.to_string(), v4.local_address().unwrap().to_string());
    server.send_to(b"z", &received.from, patience()).unwrap();
    v4.recv_from(&mut buffer, patience()).unwrap();
    assert_eq!(buffer[0], b'z');
}

/// A UDP port without a receiver, held by a socket that is connected elsewhere.
#[cfg(target_os = "linux")]
fn deaf() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    socket.connect(address).unwrap();
    (socket, address)
}

#[cfg(target_os = "linux")]
#[test]
fn a_connected_socket_reports_that_no_socket_receives() {
    let (_held, address) = deaf();
    let options = SocketOptions::new();
    let client = Datagram::connect(Endpoint::udp(address), &options, patience()).unwrap();
    client.send(b"x", patience()).unwrap();
    let error = client.recv(&mut [0], patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("receive on udp://{address}: connection refused"));
}

/// The error is reported once, by the next call of any kind, and the socket continues to work.
#[cfg(target_os = "linux")]
#[test]
fn the_next_send_reports_a_missing_receiver_too_and_the_socket_survives() {
    let held = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let options = SocketOptions::new();
    let client = Datagram::connect(Endpoint::udp(address), &options, patience()).unwrap();
    held.connect(address).unwrap();
    client.send(b"x", patience()).unwrap();
    assert!(wait::ready(&client, Interest::Read, patience()).unwrap(), "the news has arrived");
    let error = client.send(b"y", patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Send, ErrorKind::ConnectionRefused));
    assert_eq!(error.to_string(), format!("send to udp://{address}: connection refused"));
    held.connect(client.local_address().unwrap().inet().unwrap()).unwrap();
    client.send(b"z", patience()).unwrap();
    let mut buffer = [0; 8];
    assert_eq!(held.recv(&mut buffer).unwrap(), 1);
    assert_eq!(buffer[0], b'z');
}

/// Windows reports it to an unconnected socket too. This socket imitates that: it is connected only
/// after it was taken over.
#[cfg(target_os = "linux")]
#[test]
fn an_unconnected_socket_ignores_a_missing_receiver() {
    let (_held, address) = deaf();
    let server = bind_one("udp://127.0.0.1:0");
    SockRef::from(&server).connect(&SockAddr::from(address)).unwrap();
    SockRef::from(&server).send(b"x").unwrap();
    assert!(wait::ready(&server, Interest::Read, patience()).unwrap(), "the news has arrived");
    assert!(server.recv_from(&mut [0], moment()).unwrap_err().is_timeout());
}

#[test]
fn without_a_peer_send_and_recv_fail() {
    let server = bind_one("udp://127.0.0.1:0");
    let error = server.recv(&mut [0], patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Receive, ErrorKind::NotConnected));
    let error = server.send(b"x", patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Send, ErrorKind::NotConnected));
}

#[test]
fn a_datagram_that_is_too_long_is_an_error_and_not_cut() {
    let server = bind_one("udp://127.0.0.1:0");
    let client = connect_to(&server);
    let error = client.send(&[0; 70_000], patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MessageTooLong);
    let largest = [7; 65_507];
    client.send(&largest, patience()).unwrap();
    let mut buffer = vec![0; 65_536];
    let received = server.recv_from(&mut buffer, patience()).unwrap();
    assert_eq!((received.len, received.truncated), (largest.len(), false));
}

#[test]
fn a_deadline_holds_in_either_blocking_mode() {
    let options = SocketOptions::new().with_nonblocking(true);
    let server = Datagram::bind_with(endpoint("udp://127.0.0.1:0"), &options).unwrap();
    if cfg!(unix) {
        assert_eq!(SocketOptions::read_from(&server).unwrap().nonblocking(), Some(true));
    }
    assert!(server.recv_from(&mut [0], moment()).unwrap_err().is_timeout());
}

#[test]
fn converts_to_and_from_std() {
    let server = bind_one("udp://127.0.0.1:0");
    let address = server.local_address().unwrap();
    let std = UdpSocket::try_from(server).unwrap();
    assert_eq!(std.local_addr().ok(), address.inet());
    let again = Datagram::try_from(std).unwrap();
    assert_eq!(again.local_address().unwrap(), address);
    assert!(again.peer_address().is_none());
    let (handle, bound, file) = again.into_parts();
    assert_eq!((bound.to_string(), file.is_none()), (format!("udp://{address}"), true));
    let inherited = Datagram::try_from(handle).unwrap();
    assert_eq!(inherited.endpoint(), &bound);
}

#[cfg(unix)]
#[test]
fn converts_by_family() {
    use std::os::unix::net::UnixDatagram;

    let (ours, _theirs) = UnixDatagram::pair().unwrap();
    let ours = Datagram::try_from(ours).unwrap();
    assert_eq!(ours.peer_address(), Some(&Address::Unix(None)));
    assert!(UdpSocket::try_from(ours).is_err());
    let server = bind_one("udp://127.0.0.1:0");
    assert!(UnixDatagram::try_from(server).is_err());
}
