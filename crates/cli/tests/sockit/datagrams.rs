//! `sockit listen`, `connect` and `send` over UDP: behaviour that connections do not have.

#[cfg(target_os = "linux")]
use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};
use std::net::{SocketAddr, UdpSocket};
#[cfg(target_os = "linux")]
use std::{fs, io};

use crate::common::listening::Listening;
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, run, run_with_input, sockit};
#[cfg(target_os = "linux")]
use crate::common::server::Server;
use netcore::raw::{Domain, Protocol, Socket, Type};
use netcore::{Address, Deadline, ErrorKind, SocketOptions};

/// Returns a socket of a peer, with a read timeout.
fn peer(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    socket
}

fn address(endpoint: &str) -> SocketAddr {
    endpoint.strip_prefix("udp://").expect("a UDP endpoint").parse().expect("an address")
}

/// Sends `text` from port 0, which an ordinary socket cannot have. Returns `false` where that is
/// not allowed.
fn send_from_port_0(text: &[u8], to: SocketAddr) -> bool {
    let options = SocketOptions::new();
    let socket = match Socket::open(Domain::Ipv4, Type::Raw, Protocol::Udp, &options) {
        Ok(socket) => socket,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            println!("not allowed here ({error}): this is not tested");
            return false;
        }
        Err(error) => panic!("{error}"),
    };
    let length = u16::try_from(8 + text.len()).expect("a short text");
    // Ports, length, and no checksum (RFC 768).
    let fields = [0, to.port(), length, 0];
    let mut packet: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
    packet.extend(text);
    let to = Address::Inet(SocketAddr::new(to.ip(), 0));
    socket.send_to(&packet, &to, Deadline::after(PATIENCE)).expect("a raw packet is sent");
    true
}

#[test]
fn a_datagram_that_cannot_be_answered_neither_ends_listen_nor_replaces_its_peer() {
    let mut listening = Listening::start("udp://127.0.0.1:0", &[]);
    let to = address(&listening.endpoint);
    if !send_from_port_0(b"from port 0\n", to) {
        return;
    }
    listening.process.stdout_when("the first", |text| text == "from port 0\n");
    // Standard input waits for a peer that can be answered.
    listening.process.feed(b"one\n");
    let client = peer("127.0.0.1:0");
    client.send_to(b"hello\n", to).expect("send");
    let mut buffer = [0; 64];
    assert_eq!(client.recv(&mut buffer).expect("an answer"), 4);
    assert!(send_from_port_0(b"again\n", to));
    listening.process.stdout_when("all", |text| text == "from port 0\nhello\nagain\n");
    listening.process.feed(b"three\n");
    assert_eq!(client.recv(&mut buffer).expect("an answer"), 6);
    listening.stop("INT");
}

/// On Linux all of 127.0.0.0/8 is local. A peer that asks 127.0.0.2 drops replies from 127.0.0.1.
#[cfg(target_os = "linux")]
#[test]
fn a_reply_leaves_from_the_address_that_the_request_went_to() {
    for endpoint in ["udp://0.0.0.0:0", "udp://:0"] {
        let mut listening = Listening::start(endpoint, &[]);
        let server = Server::start(&["time", "serve", "--listen", endpoint]);
        let mut buffer = [0; 64];
        for (ip, printed) in [([127, 0, 0, 2], "one\n"), ([127, 0, 0, 3], "one\none\n")] {
            let client = peer("127.0.0.1:0");
            client
                .connect((IpAddr::from(ip), address(&listening.endpoint).port()))
                .expect("connect");
            client.send(b"one\n").expect("send");
            listening.process.stdout_when("text", |text| text == printed);
            listening.process.feed(b"answer\n");
            assert_eq!(client.recv(&mut buffer).expect("an answer"), 7);

            let client = peer("127.0.0.1:0");
            client.connect((IpAddr::from(ip), server.udp().port())).expect("connect");
            client.send(b"two").expect("send");
            let length = client.recv(&mut buffer).expect("an answer");
            assert!(buffer[..length].ends_with(b"] two"));
        }
        listening.stop("INT");
    }
}

#[test]
fn a_socket_does_not_connect_to_itself() {
    let itself = peer("127.0.0.1:0").local_addr().expect("its address").to_string();
    let endpoint = format!("udp://{itself}");
    let finished = run(&["connect", &endpoint, "--local-address", &itself]);
    finished.expect_code(7).expect_error_line(&["connection refused", "self-connect"]);
}

#[test]
fn the_idle_timeout_ends_a_silent_socket() {
    let listening = Listening::start("udp://127.0.0.1:0", &["-w", "200ms"]);
    // The idle timeout begins with the first datagram.
    peer("127.0.0.1:0").send_to(b"one\n", address(&listening.endpoint)).expect("send");
    let finished = listening.process.finish();
    finished.expect_code(28);
    assert_eq!(finished.stdout_text(), "one\n");
    assert!(
        finished.stderr().contains("no data in either direction for 200ms"),
        "{}",
        finished.story()
    );

    let silent = peer("127.0.0.1:0");
    let endpoint = format!("udp://{}", silent.local_addr().expect("its address"));
    let process = Process::spawn(sockit(&["connect", "-w", "200ms", &endpoint]));
    process.finish().expect_code(28).expect_error_line(&["no data in either direction for 200ms"]);
    // After the end of standard input, the idle timeout is the wait for replies.
    run_with_input(&["connect", "-w", "200ms", &endpoint], b"x").expect_code(0).expect_quiet();
}

/// 127.255.255.255 is the broadcast address of the loopback interface.
#[cfg(target_os = "linux")]
#[test]
fn broadcasts_need_the_option_and_receive_replies() {
    let server = Server::start(&["time", "serve", "--listen", "udp://0.0.0.0:0"]);
    let to = format!("udp://127.255.255.255:{}", server.udp().port());
    for command in ["send", "connect"] {
        run(&[command, &to]).expect_code(7).expect_error_line(&["--broadcast"]);
        let wrong = run(&[command, "tcp://127.0.0.1:1", "--broadcast"]);
        wrong.expect_code(2).expect_error_line(&["udp://"]);
    }
    for command in
        [&["probe", &*to][..], &["time", "ping", "-c", "1", &to], &["time", "client", &to]]
    {
        let refused = run(command);
        refused.expect_code(7).expect_error_line(&["--broadcast, which send, connect"]);
    }
    run(&["listen", "127.0.0.1:0", "--broadcast"]).expect_code(2).expect_error_line(&["udp://"]);
    let finished = run(&["send", &to, "hello", "--broadcast", "--wait", "1s"]);
    assert!(finished.expect_code(0).stdout_text().ends_with("] hello"), "{}", finished.story());
    let mut connecting = Process::spawn(sockit(&["connect", &to, "--broadcast"]));
    connecting.feed(b"hello");
    connecting.stdout_when("an answer", |text| text.ends_with("] hello"));
    let listening = Listening::start("udp://127.0.0.1:0", &["--broadcast"]);
    listening.stop("INT");
}

/// The system reports each TCP connection to a multicast group as unreachable.
#[cfg(target_os = "linux")]
#[test]
fn a_stream_to_a_multicast_group_is_answered_with_the_scheme_for_groups() {
    for command in [&["send", "239.1.2.3:7", "x"][..], &["time", "client", "239.1.2.3:7"]] {
        let refused = run(command);
        refused.expect_code(7).expect_error_line(&["(a multicast group needs udp://)"]);
    }
}

/// RFC 4291 section 2.7: interface-local scope.
#[cfg(target_os = "linux")]
#[test]
fn listen_joins_the_multicast_group_of_its_endpoint() {
    if let Err(error) = UdpSocket::bind("[::1]:0") {
        return println!("no IPv6 on this machine ({error}): this is not tested");
    }
    // Two members of one group receive the same datagrams.
    let group = "udp://[ff01::77:3%lo]";
    let first = Listening::start(&format!("{group}:0"), &[]);
    let port = first.endpoint.rsplit_once(':').expect("a port").1.to_owned();
    let second = Listening::start(&format!("{group}:{port}"), &[]);
    let group: Ipv6Addr = "ff01::77:3".parse().expect("an address");
    let members = || fs::read_to_string("/proc/net/igmp6").expect("Linux lists memberships");
    let membership = "ff010000000000000000000000770003     2 ";
    assert!(members().contains(membership), "two members of the group: {}", members());
    // Linux numbers the loopback interface 1. Not every machine has a route for groups there.
    let to = SocketAddrV6::new(group, port.parse().expect("a number"), 0, 1);
    match peer("[::1]:0").send_to(b"to all", to) {
        Ok(_) => [&first, &second].into_iter().for_each(|listening| {
            listening.process.stdout_when("text", |text| text == "to all");
        }),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::NetworkUnreachable),
    }
    [first, second].into_iter().for_each(|listening| drop(listening.stop("INT")));
}
