use std::net::SocketAddr;
#[cfg(target_os = "linux")]
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::datagram::Datagram;
use crate::endpoint::Endpoint;
use crate::error::ErrorKind;
#[cfg(target_os = "linux")]
use crate::fixture::has_ipv6;
use crate::fixture::{listen, patience, refusing};
use crate::listener::Listener;
use crate::stream::Stream;
use crate::sys::OwnedHandle;

fn open(domain: Domain, kind: Type, protocol: Protocol) -> Socket {
    Socket::open(domain, kind, protocol, &SocketOptions::new()).unwrap()
}

fn expect(socket: &Socket, text: &str) {
    let mut buffer = [0; 64];
    let received = socket.recv(&mut buffer, patience()).unwrap();
    assert_eq!(std::str::from_utf8(&buffer[..received.len]), Ok(text));
    assert!(!received.truncated);
}

#[test]
fn each_value_is_the_systems_and_back() {
    for (domain, text) in [
        (Domain::Ipv4, "ipv4"),
        (Domain::Ipv6, "ipv6"),
        (Domain::Unix, "unix"),
        (Domain::Other(1000), "domain 1000"),
    ] {
        assert_eq!(Domain::from_system(domain.to_system()), domain);
        assert_eq!(domain.to_string(), text);
    }
    for (kind, text) in [
        (Type::Stream, "stream"),
        (Type::Datagram, "datagram"),
        (Type::SeqPacket, "seqpacket"),
        (Type::Raw, "raw"),
        (Type::Other(1000), "type 1000"),
    ] {
        assert_eq!(Type::from_system(kind.to_system()), kind);
        assert_eq!(kind.to_string(), text);
    }
    for (protocol, text) in [
        (Protocol::Default, "default"),
        (Protocol::Tcp, "tcp"),
        (Protocol::Udp, "udp"),
        (Protocol::Icmp, "icmp"),
        (Protocol::Icmpv6, "icmpv6"),
        (Protocol::Other(1000), "protocol 1000"),
    ] {
        assert_eq!(Protocol::from_system(protocol.to_system()), protocol);
        assert_eq!(protocol.to_string(), text);
    }
}

#[test]
fn an_unsupported_socket_is_an_error_that_names_it() {
    let options = SocketOptions::new();
    let error =
        Socket::open(Domain::Other(9999), Type::Raw, Protocol::Default, &options).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Open, ErrorKind::Unsupported));
    assert_eq!(error.to_string(), "open a socket for domain 9999 raw: not supported");
    let error = Socket::open(Domain::Ipv4, Type::Stream, Protocol::Udp, &options).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Open, ErrorKind::Unsupported));
    assert_eq!(error.to_string(), "open a socket for ipv4 stream udp: not supported");
    assert!(Socket::pair(Domain::Ipv4, Type::Stream, Protocol::Default, &options).is_err());
}

#[cfg(target_os = "linux")]
mod seqpacket {
    use std::time::Duration;

    use super::*;
    use crate::fixture::{TestDir, moment};

    fn pair() -> (Socket, Socket) {
        let options = SocketOptions::new();
        Socket::pair(Domain::Unix, Type::SeqPacket, Protocol::Default, &options).unwrap()
    }

    fn seqpacket() -> Socket {
        open(Domain::Unix, Type::SeqPacket, Protocol::Default)
    }

    fn address(dir: &TestDir, name: &str) -> Address {
        Address::Unix(Some(dir.path(name)))
    }

    #[test]
    fn keeps_boundaries_and_order_and_reports_the_end() {
        let (one, other) = pair();
        for text in ["first", "2", "third"] {
            assert_eq!(one.send(text.as_bytes(), patience()).unwrap(), text.len());
        }
        one.send(b"longer than its room", patience()).unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        for text in ["first", "2", "third"] {
            expect(&other, text);
        }
        let mut short = [0; 6];
        let received = other.recv(&mut short, patience()).unwrap();
        assert_eq!((&short, received.len, received.truncated), (b"longer", 6, true));
        assert_eq!(other.recv(&mut short, patience()).unwrap().len, 0);
        other.send(b"the other way", patience()).unwrap();
        expect(&one, "the other way");
        drop(one);
        let error = other.send(b"x", patience()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Send, ErrorKind::BrokenPipe));
        assert_eq!(error.to_string(), "send to unix seqpacket: broken pipe");
    }

    #[test]
    fn listens_accepts_and_connects() {
        let dir = TestDir::new();
        let at = address(&dir, "socket");
        let server = seqpacket();
        let error = seqpacket().connect(&at, patience()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Connect, ErrorKind::NotFound));
        server.bind(&at).unwrap();
        assert_eq!(server.local_address().unwrap(), at);
        let error = seqpacket().connect(&at, patience()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let text = format!("connect to unix seqpacket ({at}): connection refused");
        assert_eq!(error.to_string(), text);
        let error = seqpacket().bind(&at).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Bind, ErrorKind::AddressInUse));
        server.listen(4).unwrap();
        let client = seqpacket();
        assert_eq!(client.peer_address().unwrap_err().kind(), ErrorKind::NotConnected);
        client.connect(&at, patience()).unwrap();
        assert_eq!(client.peer_address().unwrap(), at);
        let (accepted, peer) = server.accept(patience()).unwrap();
        assert_eq!(peer, Address::Unix(None));
        assert_eq!((accepted.domain(), accepted.kind()), (Domain::Unix, Type::SeqPacket));
        client.send(b"question", patience()).unwrap();
        expect(&accepted, "question");
        accepted.send(b"answer", patience()).unwrap();
        expect(&client, "answer");
        drop(accepted);
        assert_eq!(client.recv(&mut [0], patience()).unwrap().len, 0);
    }

    #[test]
    fn every_wait_ends_at_its_deadline() {
        let dir = TestDir::new();
        let server = seqpacket();
        server.bind(&address(&dir, "socket")).unwrap();
        server.listen(0).unwrap();
        let error = server.accept(moment()).unwrap_err();
        assert_eq!(error.to_string(), "accept on unix seqpacket: timed out");
        let mut waiting = Vec::new();
        let error = loop {
            let client = seqpacket();
            match client.connect(&address(&dir, "socket"), moment()) {
                Ok(()) => waiting.push(client),
                Err(error) => break error,
            }
        };
        assert!(error.is_timeout(), "the backlog is full: {error}");
        assert_eq!(error.operation(), Operation::Connect);
        let (one, other) = pair();
        let error = one.recv(&mut [0], moment()).unwrap_err();
        assert_eq!(error.to_string(), "receive on unix seqpacket: timed out");
        let error = loop {
            if let Err(error) = one.send(&[0; 4096], moment()) {
                break error;
            }
        };
        assert_eq!((error.operation(), error.is_timeout()), (Operation::Send, true));
        drop(other);
        let expired = Deadline::after(Duration::ZERO);
        assert!(one.recv(&mut [0], expired).unwrap_err().is_timeout());
    }

    #[test]
    fn a_full_backlog_is_waited_for() {
        let dir = TestDir::new();
        let server = seqpacket();
        server.bind(&address(&dir, "socket")).unwrap();
        server.listen(0).unwrap();
        std::thread::scope(|scope| {
            let connect = || seqpacket().connect(&address(&dir, "socket"), patience());
            let clients: Vec<_> = (0..4).map(|_| scope.spawn(connect)).collect();
            for _ in 0..4 {
                server.accept(patience()).unwrap();
            }
            for client in clients {
                client.join().unwrap().unwrap();
            }
        });
    }

    #[test]
    fn is_no_stream_no_listener_and_no_datagram_socket() {
        let error = Stream::try_from(seqpacket()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("inspect unix seqpacket: invalid input: "), "{text}");
        assert_eq!(Listener::try_from(seqpacket()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(Datagram::try_from(seqpacket()).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn has_the_options_that_it_is_opened_with() {
        let options = SocketOptions::new().with_recv_buffer(20_000).with_nonblocking(false);
        let socket =
            Socket::open(Domain::Unix, Type::SeqPacket, Protocol::Default, &options).unwrap();
        let granted = SocketOptions::read_from(&socket).unwrap();
        assert_eq!(granted.recv_buffer(), Some(40_000));
        let options = SocketOptions::new().with_nodelay(true);
        let error =
            Socket::open(Domain::Unix, Type::SeqPacket, Protocol::Default, &options).unwrap_err();
        assert_eq!(error.operation(), Operation::SetOption("TCP_NODELAY"));
        assert_eq!(error.to_string(), "set TCP_NODELAY on unix seqpacket: not supported");
    }
}

#[test]
fn a_tcp_socket_becomes_a_stream() {
    let listener = listen("127.0.0.1:0");
    let to = listener.local_address().unwrap();
    for nonblocking in [false, true] {
        let options = SocketOptions::new().with_nonblocking(nonblocking);
        let socket = Socket::open(Domain::Ipv4, Type::Stream, Protocol::Tcp, &options).unwrap();
        assert_eq!(socket.to_string(), "ipv4 stream tcp");
        socket.connect(&to, patience()).unwrap();
        let stream = Stream::try_from(socket).unwrap();
        assert_eq!(stream.peer_address().unwrap(), to);
        if cfg!(unix) {
            let mode = SocketOptions::read_from(&stream).unwrap().nonblocking();
            assert_eq!(mode, Some(nonblocking));
        }
        let (server, _) = listener.accept(patience()).unwrap();
        server.write_all_deadline(b"hello", patience()).unwrap();
        let mut buffer = [0; 5];
        stream.read_exact_deadline(&mut buffer, patience()).unwrap();
        assert_eq!(&buffer, b"hello");
    }
    let (_held, address) = refusing("127.0.0.1:0");
    let socket = open(Domain::Ipv4, Type::Stream, Protocol::Default);
    let error = socket.connect(&Address::Inet(address), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(
        error.to_string(),
        format!("connect to ipv4 stream ({address}): connection refused")
    );
}

#[test]
fn a_listening_socket_becomes_a_listener() {
    let socket = open(Domain::Ipv4, Type::Stream, Protocol::Default);
    socket.bind(&Address::Inet(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
    socket.listen(8).unwrap();
    let address = socket.local_address().unwrap().inet().unwrap();
    let listener = Listener::try_from(socket).unwrap();
    assert_eq!(listener.endpoint(), &Endpoint::tcp(address));
    let _pair = crate::fixture::pair(&listener);
}

#[test]
fn a_udp_socket_becomes_a_datagram_socket() {
    let socket = open(Domain::Ipv4, Type::Datagram, Protocol::Udp);
    socket.bind(&Address::Inet(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
    let error = socket.listen(1).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Listen, ErrorKind::Unsupported));
    let own = socket.local_address().unwrap();
    assert_eq!(socket.send_to(b"to myself", &own, patience()).unwrap(), 9);
    let mut buffer = [0; 16];
    let received = socket.recv(&mut buffer, patience()).unwrap();
    assert_eq!((received.len, &received.from), (9, &own));
    let datagram = Datagram::try_from(socket).unwrap();
    assert_eq!(datagram.local_address().unwrap(), own);
}

#[test]
fn converts_from_and_into_a_handle() {
    let listener = listen("127.0.0.1:0");
    let socket = Socket::try_from(listener.into_parts().0).unwrap();
    assert_eq!((socket.domain(), socket.kind()), (Domain::Ipv4, Type::Stream));
    if cfg!(target_os = "linux") {
        assert_eq!(socket.protocol(), Protocol::Tcp);
    }
    let to = socket.local_address().unwrap();
    let client = open(Domain::Ipv4, Type::Stream, Protocol::Default);
    client.connect(&to, patience()).unwrap();
    let (server, peer) = socket.accept(patience()).unwrap();
    assert_eq!(client.local_address().unwrap(), peer);
    let handle = OwnedHandle::from(server);
    Stream::from(handle).write_all_deadline(b"back", patience()).unwrap();
    expect(&client, "back");
}

/// Asks rtnetlink(7) for the interfaces, through a family without a type in this crate.
#[cfg(target_os = "linux")]
#[test]
fn a_family_of_the_system_only() {
    let options = SocketOptions::new();
    let netlink = Domain::Other(16);
    let socket = match Socket::open(netlink, Type::Raw, Protocol::Default, &options) {
        Ok(socket) => socket,
        Err(error) => return println!("no netlink here ({error}): this is not tested"),
    };
    let any = Address::Other { family: 16, data: Box::new([0; 10]) };
    socket.bind(&any).unwrap();
    let Address::Other { family: 16, data } = socket.local_address().unwrap() else {
        panic!("{:?}", socket.local_address())
    };
    // Two bytes of padding, the port that the system chose, the groups.
    assert!(data[2..6] != [0; 4] && data[6..] == [0; 4], "{data:?}");
    let mut request = Vec::new();
    request.extend(20_u32.to_ne_bytes());
    // RTM_GETLINK, NLM_F_REQUEST and NLM_F_DUMP, the number of the request.
    request.extend(18_u16.to_ne_bytes());
    request.extend(0x301_u16.to_ne_bytes());
    request.extend(7_u32.to_ne_bytes());
    request.extend([0; 8]);
    assert_eq!(socket.send_to(&request, &any, patience()).unwrap(), 20);
    let mut answer = vec![0; 65_536];
    let received = socket.recv(&mut answer, patience()).unwrap();
    assert_eq!(received.from, any, "the kernel");
    // RTM_NEWLINK
    assert_eq!(answer[4..6], 16_u16.to_ne_bytes());
    assert_eq!(answer[8..12], 7_u32.to_ne_bytes());
    let taken = Socket::try_from(OwnedHandle::from(socket)).unwrap();
    assert_eq!((taken.domain(), taken.kind()), (netlink, Type::Raw));
}

/// The Internet checksum, RFC 1071.
#[cfg(target_os = "linux")]
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !((sum & 0xffff) as u16).wrapping_add((sum >> 16) as u16)
}

/// An ICMP echo to this machine, over a socket of `kind`.
#[cfg(target_os = "linux")]
fn echo(kind: Type, ip: IpAddr) {
    let (domain, protocol, request, reply) = match ip {
        IpAddr::V4(_) => (Domain::Ipv4, Protocol::Icmp, 8, 0),
        IpAddr::V6(_) => (Domain::Ipv6, Protocol::Icmpv6, 128, 129),
    };
    let socket = match Socket::open(domain, kind, protocol, &SocketOptions::new()) {
        Ok(socket) => socket,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return println!("not allowed here ({error}): this is not tested");
        }
        Err(error) => panic!("{error}"),
    };
    let to = Address::Inet(SocketAddr::new(ip, 0));
    let mut packet = vec![request, 0, 0, 0, 0x5a, 0xa5, 0, 9];
    packet.extend(b"netcore");
    if ip.is_ipv4() {
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    socket.send_to(&packet, &to, patience()).unwrap();
    let mut buffer = [0; 1500];
    loop {
        let received = socket.recv(&mut buffer, patience()).unwrap();
        let mut answer = &buffer[..received.len];
        if kind == Type::Raw && ip.is_ipv4() {
            answer = &answer[usize::from(answer[0] & 15) * 4..];
        }
        // A raw socket also receives the request, and other processes' echoes.
        if answer[0] == reply && answer.ends_with(b"netcore") && answer[6..8] == [0, 9] {
            assert_eq!(received.from.inet().unwrap().ip(), ip);
            return;
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_icmp_echo_comes_back() {
    for kind in [Type::Raw, Type::Datagram] {
        echo(kind, IpAddr::V4(Ipv4Addr::LOCALHOST));
        if has_ipv6() {
            echo(kind, IpAddr::V6(Ipv6Addr::LOCALHOST));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_icmp_socket_is_no_udp_socket() {
    let options = SocketOptions::new();
    match Socket::open(Domain::Ipv4, Type::Datagram, Protocol::Icmp, &options) {
        Ok(socket) => assert!(Datagram::try_from(socket).is_err()),
        Err(error) => println!("not allowed here ({error}): this is not tested"),
    }
}
