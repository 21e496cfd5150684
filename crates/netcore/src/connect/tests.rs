use std::cell::Cell;
use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use super::*;
#[cfg(unix)]
use crate::cancel::CancelToken;
#[cfg(unix)]
use crate::fixture::{cancel_a_wait, moment};
use crate::fixture::{endpoint, has_ipv6, listen, patience, refusing};

fn stream(target: &Endpoint, options: &SocketOptions, deadline: Deadline) -> Result<Stream, Error> {
    Connector::new().with_options(options.clone()).connect(target, deadline)
}

fn port_of(listener: &crate::listener::Listener) -> u16 {
    listener.local_address().unwrap().inet().unwrap().port()
}

/// Connects, and returns the observed events without their times.
fn told(
    connector: &Connector,
    target: &Endpoint,
    deadline: Deadline,
) -> (Result<Stream, Error>, Vec<String>) {
    let mut told = Vec::new();
    let connected = connector.connect_observed(target, deadline, |event| {
        let line = event.to_string();
        let words: Vec<_> = line.split(' ').collect();
        let timed = |at: usize| at > 0 && matches!(words[at - 1], "after" | "in");
        let kept: Vec<_> = words.iter().enumerate().filter(|(at, _)| !timed(*at)).collect();
        told.push(kept.into_iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" "));
    });
    (connected, told)
}

#[test]
fn the_first_address_that_answers_is_taken() {
    if !has_ipv6() {
        return;
    }
    let listener = listen("127.0.0.1:0");
    let port = port_of(&listener);
    // Holds [::1] with the same port, so that the first attempt is certainly refused.
    let (_held, _) = refusing(&format!("[::1]:{port}"));
    let target = endpoint(&format!(":{port}"));
    let (stream, told) = told(&Connector::new(), &target, patience());
    assert_eq!(stream.unwrap().peer_address().unwrap().to_string(), format!("127.0.0.1:{port}"));
    assert_eq!(
        told,
        [
            format!("resolved in [::1]:{port} 127.0.0.1:{port}"),
            format!("[::1]:{port} is tried"),
            format!("[::1]:{port} failed after connection refused"),
            format!("127.0.0.1:{port} is tried"),
            format!("127.0.0.1:{port} connected after"),
        ]
    );
}

#[test]
fn an_error_lists_every_attempt() {
    if !has_ipv6() {
        return;
    }
    let (_v4, address) = refusing("127.0.0.1:0");
    let port = address.port();
    let (_v6, _) = refusing(&format!("[::1]:{port}"));
    let error =
        stream(&endpoint(&format!(":{port}")), &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.to_string(), format!("connect to :{port}: connection refused"));
    let attempts: Vec<_> = error.attempts().iter().map(ToString::to_string).collect();
    assert_eq!(
        attempts,
        [
            format!("connect to :{port} ([::1]:{port}): connection refused"),
            format!("connect to :{port} (127.0.0.1:{port}): connection refused"),
        ]
    );
    assert!(error.attempts().iter().all(|attempt| attempt.elapsed().is_some()));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source.matches(" after ").count(), 2, "{source}");
}

#[test]
fn a_refusal_names_the_endpoint_as_given() {
    let (_held, address) = refusing("127.0.0.1:0");
    let text = address.to_string();
    let error = stream(&endpoint(&text), &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect to {text}: connection refused"));
    assert_eq!(error.endpoint(), Some(&*text));
    assert!(error.code().is_some());
}

/// Connects to a server that does not answer, and cancels that from another thread.
#[cfg(unix)]
fn assert_is_cancelled(target: &Endpoint) {
    let token = CancelToken::new();
    let error = std::thread::scope(|scope| {
        let until = patience().or_cancelled(&token);
        let connecting = scope.spawn(move || Connector::new().connect(target, until).unwrap_err());
        // Unix sockets are not waited for with poll(2).
        match target.transport() {
            Transport::Unix => token.cancel(),
            _ => cancel_a_wait(&token),
        }
        connecting.join().unwrap()
    });
    assert_eq!((error.operation(), error.kind()), (Operation::Connect, ErrorKind::Cancelled));
    assert_eq!(error.endpoint(), Some(&*target.to_string()));
    let again = Connector::new().connect(target, &token).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
}

/// Linux drops the handshake if the backlog is full, so the client receives nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_silent_host_costs_no_more_than_the_deadline_or_the_option() {
    let options = SocketOptions::new().with_backlog(0);
    let listener = crate::listener::Listener::bind_with(endpoint("127.0.0.1:0"), &options).unwrap();
    let target = listener.endpoint();
    let mut held = Vec::new();
    let error = loop {
        match stream(target, &SocketOptions::new(), moment()) {
            Ok(socket) => held.push(socket),
            Err(error) => break error,
        }
        assert!(held.len() < 64, "the backlog is never full");
    };
    assert!(error.is_timeout(), "{error}");
    assert_is_cancelled(target);
    let options = SocketOptions::new().with_connect_timeout(Duration::from_millis(10));
    let error = stream(target, &options, Deadline::never()).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[cfg(unix)]
#[test]
fn a_unix_server_with_a_full_backlog_costs_no_more_than_the_deadline() {
    let dir = crate::fixture::TestDir::new();
    let options = SocketOptions::new().with_backlog(0);
    let listener = crate::listener::Listener::bind_with(dir.endpoint("socket"), &options).unwrap();
    let mut held = Vec::new();
    let error = loop {
        match stream(listener.endpoint(), &SocketOptions::new(), moment()) {
            Ok(connected) => held.push(connected),
            Err(error) => break error,
        }
        assert!(held.len() < 64, "the backlog is never full");
    };
    if cfg!(target_os = "linux") {
        assert!(error.is_timeout(), "{error}");
        assert_is_cancelled(listener.endpoint());
    }
    assert_eq!(error.endpoint(), Some(&*listener.endpoint().to_string()));
}

#[cfg(unix)]
#[test]
fn the_write_timeout_of_the_options_outlives_a_unix_connect() {
    let dir = crate::fixture::TestDir::new();
    let listener = crate::listener::Listener::bind(dir.endpoint("socket")).unwrap();
    for (options, expected) in [
        (SocketOptions::new(), None),
        (
            SocketOptions::new().with_write_timeout(Duration::from_secs(7)),
            Some(Duration::from_secs(7)),
        ),
    ] {
        let stream = stream(listener.endpoint(), &options, patience()).unwrap();
        let set = SocketOptions::read_from(&stream).unwrap();
        assert_eq!(set.write_timeout().filter(|timeout| !timeout.is_zero()), expected);
    }
}

#[test]
fn an_expired_deadline_makes_no_connection() {
    let listener = listen("127.0.0.1:0");
    let expired = Deadline::after(Duration::ZERO);
    let error = stream(listener.endpoint(), &SocketOptions::new(), expired).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn the_transport_must_fit() {
    let error = stream(&endpoint("udp://127.0.0.1:9"), &SocketOptions::new(), patience());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
    let error = Connector::new().connect_datagram(&endpoint("127.0.0.1:9"), patience());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[cfg(unix)]
#[test]
fn a_unix_path_that_is_too_long_or_missing_is_a_clear_error() {
    let long = Endpoint::unix("x".repeat(200));
    let error = stream(&long, &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("200 bytes"), "{error}");
    let dir = crate::fixture::TestDir::new();
    let error = stream(&dir.endpoint("none"), &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// Two addresses, the first of which is silent because its backlog is full: a listener on `[::1]`
/// that never accepts, and one on `127.0.0.1` with the same port.
#[cfg(target_os = "linux")]
fn silent_then_alive() -> (crate::listener::Listener, Vec<Stream>, crate::listener::Listener) {
    let alive = listen("127.0.0.1:0");
    let options = SocketOptions::new().with_backlog(0);
    let at = endpoint(&format!("[::1]:{}", port_of(&alive)));
    let silent = crate::listener::Listener::bind_with(&at, &options).unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = stream(&at, &SocketOptions::new(), moment()) {
        held.push(stream);
        assert!(held.len() < 64, "the backlog is never full");
    }
    (silent, held, alive)
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_that_is_silent_is_overtaken_and_dropped() {
    if !has_ipv6() {
        return;
    }
    let (_silent, _held, alive) = silent_then_alive();
    let port = port_of(&alive);
    let connector = Connector::new().with_attempt_delay(Duration::ZERO);
    let (stream, told) = told(&connector, &endpoint(&format!(":{port}")), patience());
    let stream = stream.unwrap();
    assert_eq!(stream.peer_address().unwrap().to_string(), format!("127.0.0.1:{port}"));
    assert_eq!(
        told[1..],
        [
            format!("[::1]:{port} is tried"),
            format!("127.0.0.1:{port} is tried"),
            format!("127.0.0.1:{port} connected after"),
            format!("[::1]:{port} cancelled after"),
        ]
    );
    assert_eq!(SocketOptions::read_from(&stream).unwrap().nonblocking(), Some(false));
    assert_eq!(SocketOptions::read_from(&stream).unwrap().nodelay(), Some(true));
}

#[cfg(target_os = "linux")]
#[test]
fn the_deadline_ends_every_attempt_and_the_error_says_so() {
    if !has_ipv6() {
        return;
    }
    let (_silent, _held, alive) = silent_then_alive();
    let port = port_of(&alive);
    drop(alive);
    let (_refusing, _) = refusing(&format!("127.0.0.1:{port}"));
    let connector = Connector::new().with_attempt_delay(Duration::ZERO);
    let target = endpoint(&format!(":{port}"));
    // A busy machine may need longer for the second attempt.
    let patience = [30, 300, 3_000, 30_000].map(Duration::from_millis).into_iter();
    let mut all = patience.map(|it| told(&connector, &target, Deadline::after(it)));
    let (connected, told) = all.find(|(_, told)| told.len() == 5).unwrap();
    let error = connected.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.to_string(), format!("connect to :{port}: timed out"));
    let kinds: Vec<_> = error.attempts().iter().map(Error::kind).collect();
    assert_eq!(kinds, [ErrorKind::TimedOut, ErrorKind::ConnectionRefused], "{told:?}");
    assert_eq!(told.last(), Some(&format!("[::1]:{port} failed after timed out")));
}

#[test]
fn the_family_decides_which_addresses_are_tried() {
    if !has_ipv6() {
        return;
    }
    let listener = listen("127.0.0.1:0");
    let port = port_of(&listener);
    let (_held, _) = refusing(&format!("[::1]:{port}"));
    let target = endpoint(&format!(":{port}"));
    let (stream, seen) = told(&Connector::new().with_family(Family::Ipv4), &target, patience());
    assert!(stream.is_ok());
    assert_eq!(seen[0], format!("resolved in 127.0.0.1:{port}"));
    let (stream, seen) = told(&Connector::new().with_family(Family::Ipv6), &target, patience());
    assert_eq!(stream.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(seen[0], format!("resolved in [::1]:{port}"));
}

/// A free port, on an address that no other test uses if the system has more than one.
fn free(number: u8) -> SocketAddr {
    let ip = if cfg!(target_os = "linux") { [127, 83, 0, number] } else { [127, 0, 0, 1] };
    std::net::TcpListener::bind((IpAddr::from(ip), 0)).unwrap().local_addr().unwrap()
}

#[test]
fn the_local_address_is_bound() {
    let listener = listen("127.0.0.1:0");
    let local = free(1);
    let connector = Connector::new().with_local_address(local);
    let stream = connector.connect(listener.endpoint(), patience()).unwrap();
    assert_eq!(stream.local_address().unwrap().inet(), Some(local));
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (stream, told) =
        told(&connector.with_local_address(any_port), listener.endpoint(), patience());
    assert_eq!(stream.unwrap().local_address().unwrap().inet().unwrap().ip(), any_port.ip());
    assert_eq!(told.len(), 3, "{told:?}");
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = Endpoint::udp(receiver.local_addr().unwrap());
    let connector = Connector::new().with_local_address(any_port);
    let datagram = connector.connect_datagram(&target, patience()).unwrap();
    assert_eq!(datagram.local_address().unwrap().inet().unwrap().ip(), any_port.ip());
}

#[test]
fn only_addresses_of_the_local_addresss_family_are_tried() {
    let listener = listen("127.0.0.1:0");
    let port = port_of(&listener);
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let connector = Connector::new().with_local_address(local);
    let (stream, told) = told(&connector, &endpoint(&format!(":{port}")), patience());
    assert!(stream.is_ok());
    assert_eq!(told[0], format!("resolved in 127.0.0.1:{port}"));
    let error = connector.connect(&endpoint("[::1]:9"), patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Resolve, ErrorKind::NoData));
    let connector = connector.with_family(Family::Ipv6);
    let error = connector.connect(&endpoint(":9"), patience()).unwrap_err();
    let text = "connect to :9: invalid input: the local address is not of the wanted family";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_local_address_that_is_not_ours_is_an_error_that_names_it() {
    let listener = listen("127.0.0.1:0");
    // TEST-NET-1 (RFC 5737): no host has it.
    let connector = Connector::new().with_local_address(SocketAddr::from(([192, 0, 2, 1], 0)));
    let error = connector.connect(listener.endpoint(), patience()).unwrap_err();
    assert_eq!(error.to_string(), "bind 192.0.2.1:0: address not available");
    let error = connector.connect_datagram(&endpoint("udp://127.0.0.1:9"), patience()).unwrap_err();
    assert_eq!(error.to_string(), "bind 192.0.2.1:0: address not available");
}

#[test]
fn a_self_connect_is_refused() {
    let itself = free(2);
    let connector = Connector::new().with_local_address(itself);
    let error = connector.connect(&Endpoint::tcp(itself), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    if cfg!(target_os = "linux") {
        // The unspecified address is this machine, too.
        let error = connector.connect(&anywhere("tcp", itself), patience()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}

fn anywhere(scheme: &str, itself: SocketAddr) -> Endpoint {
    endpoint(&format!("{scheme}://0.0.0.0:{}", itself.port()))
}

#[test]
fn a_datagram_socket_whose_own_address_is_the_peers_is_refused() {
    let itself = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connector = Connector::new().with_local_address(itself);
    let error = connector.connect_datagram(&Endpoint::udp(itself), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(error.source().is_some_and(|cause| cause.to_string().contains("self-connect")));
    if cfg!(target_os = "linux") {
        let error = connector.connect_datagram(&anywhere("udp", itself), patience()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn a_datagram_socket_that_got_its_peers_port_gets_another_one() {
    let socket = || UdpSocket::bind("127.0.0.1:0").unwrap();
    // The system gives the first socket this very port.
    let unlucky = socket();
    let itself = unlucky.local_addr().unwrap();
    let unlucky = Cell::new(Some(unlucky));
    let open = || Ok(Socket::from(unlucky.take().unwrap_or_else(socket)));
    let socket = UdpSocket::from(inet::apart(itself, false, open).unwrap());
    assert_eq!(socket.peer_addr().unwrap(), itself);
    assert_ne!(socket.local_addr().unwrap(), itself);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_one_attempt() {
    let dir = crate::fixture::TestDir::new();
    let target = dir.endpoint("socket");
    let (failure, seen) = told(&Connector::new(), &target, patience());
    assert!(failure.unwrap_err().elapsed().is_some());
    assert_eq!(seen, [format!("{target} is tried"), format!("{target} failed after not found")]);
    let _listener = crate::listener::Listener::bind_all(&target, &SocketOptions::new()).unwrap();
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let connector = Connector::new().with_local_address(local).with_family(Family::Ipv6);
    let (stream, seen) = told(&connector, &target, patience());
    assert!(stream.is_ok());
    assert_eq!(seen, [format!("{target} is tried"), format!("{target} connected after")]);
}

/// `EAGAIN` and `EINPROGRESS` are one [`ErrorKind`] in most calls, and opposites in this one.
#[cfg(target_os = "linux")]
#[test]
fn an_attempt_that_finds_no_free_port_does_not_go_on() {
    use std::io;

    use super::socket::{explained, failed, goes_on};

    let out_of_ports = || io::Error::from_raw_os_error(libc::EAGAIN);
    assert!(!goes_on(&out_of_ports()));
    let error = failed(explained(out_of_ports())).at("udp://127.0.0.1:9");
    assert_eq!(error.kind(), ErrorKind::AddressNotAvailable);
    let text = "connect to udp://127.0.0.1:9: address not available: no local port is free";
    assert_eq!(format!("{error:#}"), text);

    for code in [libc::EINPROGRESS, libc::EINTR] {
        assert!(goes_on(&io::Error::from_raw_os_error(code)));
    }
    let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
    assert!(!goes_on(&refused));
    assert_eq!(explained(refused).raw_os_error(), Some(libc::ECONNREFUSED));
}
