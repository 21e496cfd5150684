//! Answers leave from the address of the request. Linux has the whole of 127.0.0.0/8.

use super::*;
use crate::datagram::Batch;

/// Sockets that are bound to every address: of IPv4, and of both families.
fn servers() -> Vec<Datagram> {
    let mut all = vec![bind_one("udp://0.0.0.0:0")];
    if has_ipv6() {
        all.push(bind_one("udp://[::]:0"));
    }
    all
}

fn port(server: &Datagram) -> u16 {
    server.local_address().unwrap().inet().unwrap().port()
}

/// A client that sends to `ip`, and receives from that address only.
fn asked(ip: [u8; 4], server: &Datagram, text: &[u8]) -> UdpSocket {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    client.connect((IpAddr::from(ip), port(server))).unwrap();
    client.send(text).unwrap();
    client
}

fn hears(client: &UdpSocket, text: &[u8]) {
    let mut buffer = [0; 64];
    let length = client.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], text);
}

#[test]
fn a_reply_leaves_from_the_address_of_the_request() {
    for server in servers() {
        let client = asked([127, 0, 0, 2], &server, b"question");
        let mut buffer = [0; 64];
        let received = server.recv_from(&mut buffer, patience()).unwrap();
        assert_eq!(received.local_ip(), Some(IpAddr::from([127, 0, 0, 2])));
        server.reply(b"answer", &received, patience()).unwrap();
        hears(&client, b"answer");
    }
}

#[test]
fn replies_in_batches_do_so_too() {
    for server in servers() {
        let ask = |last| asked([127, 0, 0, last], &server, &[last]);
        let clients: Vec<UdpSocket> = (2..7).map(ask).collect();
        let mut batch = Batch::new(4, 8);
        let mut answered = 0;
        while answered < clients.len() {
            server.recv_batch(&mut batch, patience()).unwrap();
            let replies: Vec<(&[u8], &Received)> = batch.iter().collect();
            answered += server.reply_batch(&replies, patience()).unwrap();
        }
        for (client, last) in clients.iter().zip(2..) {
            hears(client, &[last]);
        }
    }
    assert_eq!(bind_one("udp://0.0.0.0:0").reply_batch(&[], patience()).unwrap(), 0);
}

/// A broadcast address is no source: the route chooses. IPv4 sockets learn the right one.
#[test]
fn a_broadcast_is_answered_from_an_address_of_this_machine() {
    for server in servers() {
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_broadcast(true).unwrap();
        let mut batch = Batch::new(4, 8);
        let mut buffer = [0; 64];
        for in_batch in [false, true] {
            client.send_to(b"who", ("127.255.255.255", port(&server))).unwrap();
            if in_batch {
                server.recv_batch(&mut batch, patience()).unwrap();
                let replies: Vec<(&[u8], &Received)> = batch.iter().collect();
                assert_eq!(server.reply_batch(&replies, patience()).unwrap(), 1);
            } else {
                let received = server.recv_from(&mut buffer, patience()).unwrap();
                server.reply(b"me", &received, patience()).unwrap();
            }
            let (_, from) = client.recv_from(&mut buffer).unwrap();
            assert_eq!(from, SocketAddr::from(([127, 0, 0, 1], port(&server))));
        }
    }
}

#[test]
fn a_socket_of_one_address_needs_no_help() {
    let server = bind_one("udp://127.0.0.2:0");
    let client = asked([127, 0, 0, 2], &server, b"question");
    let received = server.recv_from(&mut [0; 64], patience()).unwrap();
    assert_eq!(received.local_ip(), None);
    server.reply(b"answer", &received, patience()).unwrap();
    hears(&client, b"answer");
}

#[test]
fn over_ipv6_the_address_is_reported_too() {
    if !has_ipv6() {
        return;
    }
    let server = bind_one("udp://[::]:0");
    let client = UdpSocket::bind("[::1]:0").unwrap();
    client.connect(("::1", port(&server))).unwrap();
    client.send(b"question").unwrap();
    let received = server.recv_from(&mut [0; 64], patience()).unwrap();
    assert_eq!(received.local_ip(), Some("::1".parse().unwrap()));
    server.reply(b"answer", &received, patience()).unwrap();
    hears(&client, b"answer");
}
