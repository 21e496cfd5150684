use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::*;
use crate::fixture::{endpoint, has_ipv6, listen, moment, pair, patience};

#[test]
fn no_connection_is_a_timeout_that_names_the_listener() {
    let listener = listen("127.0.0.1:0");
    let error = listener.accept(moment()).unwrap_err();
    assert_eq!(error.to_string(), format!("accept on {}: timed out", listener.endpoint()));
    assert!(error.is_timeout());
}

#[test]
fn waits_for_a_connection() {
    let listener = listen("127.0.0.1:0");
    thread::scope(|scope| {
        let accepted = scope.spawn(|| listener.accept(Deadline::never()).unwrap());
        let options = SocketOptions::new();
        let client = Stream::connect(listener.endpoint(), &options, patience()).unwrap();
        let (_stream, peer) = accepted.join().unwrap();
        assert_eq!(peer, client.local_address().unwrap());
    });
}

#[test]
fn several_threads_accept_from_one_listener_and_each_keeps_its_deadline() {
    let listener = listen("127.0.0.1:0");
    let options = SocketOptions::new();
    let _client = Stream::connect(listener.endpoint(), &options, patience()).unwrap();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| listener.accept(moment()))).collect();
        let results: Vec<_> = threads.into_iter().map(|it| it.join().unwrap()).collect();
        assert!(results.iter().filter(|it| it.is_ok()).count() <= 1);
        for error in results.into_iter().filter_map(Result::err) {
            assert!(error.is_timeout(), "{error}");
        }
    });
}

#[test]
fn an_ipv4_peer_of_every_interface_is_shown_as_ipv4() {
    let listener = listen(":0");
    let port = listener.local_address().unwrap().inet().unwrap().port();
    let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (_stream, peer) = listener.accept(patience()).unwrap();
    assert_eq!(peer.to_string(), client.local_addr().unwrap().to_string());
    if has_ipv6() {
        let client = TcpStream::connect(("::1", port)).unwrap();
        let (_stream, peer) = listener.accept(patience()).unwrap();
        assert_eq!(peer.to_string(), client.local_addr().unwrap().to_string());
    }
}

#[cfg(unix)]
#[test]
fn can_be_started_again_while_its_old_connections_linger() {
    let listener = listen("127.0.0.1:0");
    let text = listener.endpoint().to_string();
    let (client, server) = pair(&listener);
    // The side that closes first keeps the port, in TIME-WAIT (RFC 9293 3.6).
    drop(server);
    assert_eq!(client.read_deadline(&mut [0], patience()).unwrap(), 0);
    drop((client, listener));
    let again = listen(&text);
    let _pair = pair(&again);
}

#[test]
fn accepted_streams_have_the_mode_that_the_options_say() {
    use std::io::Read;

    for nonblocking in [false, true] {
        let options = SocketOptions::new()
            .with_nonblocking(nonblocking)
            .with_read_timeout(Duration::from_millis(10));
        let listener = Listener::bind_with(endpoint("127.0.0.1:0"), &options).unwrap();
        let (_client, mut server) = pair(&listener);
        options.clone().with_nonblocking(nonblocking).apply(&server).unwrap();
        let expected =
            if nonblocking { io::ErrorKind::WouldBlock } else { io::ErrorKind::TimedOut };
        assert_eq!(server.read(&mut [0]).unwrap_err().kind(), expected);
    }
    let (_client, server) = pair(&listen("127.0.0.1:0"));
    if cfg!(unix) {
        assert_eq!(SocketOptions::read_from(&server).unwrap().nonblocking(), Some(false));
    }
}

#[test]
fn a_connection_reset_before_accept_does_not_end_the_wait() {
    let listener = listen("127.0.0.1:0");
    let options = SocketOptions::new().with_linger(Some(Duration::ZERO));
    drop(Stream::connect(listener.endpoint(), &options, patience()).unwrap());
    let second = Stream::connect(listener.endpoint(), &SocketOptions::new(), patience()).unwrap();
    let wanted = second.local_address().unwrap();
    // Linux returns the reset connection, the BSDs drop it.
    let (_first, mut peer) = listener.accept(patience()).unwrap();
    if peer != wanted {
        (_, peer) = listener.accept(patience()).unwrap();
    }
    assert_eq!(peer, wanted);
}

#[cfg(target_os = "linux")]
#[test]
fn a_lack_of_descriptors_delays_accept_and_does_not_end_it() {
    crate::fixture::in_child(
        "listener::tests::a_lack_of_descriptors_delays_accept_and_does_not_end_it",
        "ulimit -n 40",
        || {
            let listener = listen("127.0.0.1:0");
            let options = SocketOptions::new();
            let client = Stream::connect(listener.endpoint(), &options, patience()).unwrap();
            let mut held = Vec::new();
            while let Ok(clone) = client.try_clone() {
                held.push(clone);
            }
            let error = listener.accept(moment()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DescriptorsExhausted);
            assert_eq!(error.code(), Some(24));
            // Accepting continues by itself once a descriptor is free.
            thread::scope(|scope| {
                let accepted = scope.spawn(|| listener.accept(patience()));
                held.clear();
                accepted.join().unwrap().unwrap();
            });
        },
    );
}

#[test]
fn errors_of_one_connection_differ_from_permanent_errors() {
    use io::ErrorKind as Io;

    for (kind, expected) in [
        (Io::WouldBlock, AcceptFailure::Empty),
        (Io::Interrupted, AcceptFailure::Transient),
        (Io::ConnectionAborted, AcceptFailure::Transient),
        (Io::ConnectionReset, AcceptFailure::Transient),
        (Io::NetworkDown, AcceptFailure::Transient),
        (Io::HostUnreachable, AcceptFailure::Transient),
        (Io::NetworkUnreachable, AcceptFailure::Transient),
        (Io::PermissionDenied, AcceptFailure::Transient),
        (Io::OutOfMemory, AcceptFailure::Shortage),
        (Io::InvalidInput, AcceptFailure::Fatal),
        (Io::Unsupported, AcceptFailure::Fatal),
    ] {
        assert_eq!(AcceptFailure::of(&kind.into()), expected, "{kind:?}");
    }
    // ENFILE and EMFILE. Windows has only the latter.
    let codes: &[i32] = if cfg!(windows) { &[10_024] } else { &[23, 24] };
    for code in codes {
        let error = io::Error::from_raw_os_error(*code);
        assert_eq!(AcceptFailure::of(&error), AcceptFailure::Shortage);
    }
}

#[test]
fn a_socket_that_does_not_listen_is_an_error_at_once() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, Type::STREAM, None).unwrap();
    // Windows reports no address of a socket that is not bound.
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let listener = Listener::try_from(TcpListener::from(socket)).unwrap();
    let error = listener.accept(patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Accept, ErrorKind::InvalidInput));
}

#[test]
fn converts_to_and_from_std() {
    let listener = listen("127.0.0.1:0");
    let address = listener.local_address().unwrap().inet().unwrap();
    let std = TcpListener::try_from(listener).unwrap();
    assert_eq!(std.local_addr().unwrap(), address);
    // std's accept must wait again: otherwise this would be WouldBlock.
    let client = thread::spawn(move || TcpStream::connect(address).unwrap());
    std.accept().unwrap();
    client.join().unwrap();
    let again = Listener::try_from(std).unwrap();
    assert_eq!(again.endpoint(), &Endpoint::tcp(address));
    let _pair = pair(&again);
    // The bare handle, as from another process.
    let (handle, endpoint, _) = again.into_parts();
    let inherited = Listener::try_from(handle).unwrap();
    assert_eq!(inherited.endpoint(), &endpoint);
    let _pair = pair(&inherited);
}

#[cfg(unix)]
#[test]
fn converting_leaves_a_unix_sockets_file() {
    use std::os::unix::net::UnixListener;

    let dir = crate::fixture::TestDir::new();
    let path = dir.path("socket");
    let listener = Listener::bind(dir.endpoint("socket")).unwrap();
    let std = UnixListener::try_from(listener).unwrap();
    assert!(path.exists());
    let again = Listener::try_from(std).unwrap();
    assert_eq!(again.endpoint().path(), Some(&*path));
    let _pair = pair(&again);
    drop(again);
    assert!(path.exists(), "a listener that was taken over owns no file");
    let other = listen("127.0.0.1:0");
    assert!(UnixListener::try_from(other).is_err());
}
