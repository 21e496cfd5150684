#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener};

use super::*;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::datagram::Datagram;
use crate::endpoint::Endpoint;
use crate::fixture::{TestDir, listen, pair};
use crate::listener::Listener;
use crate::options::SocketOptions;

fn bind_stream(path: &Path) -> Result<(SocketFile, Socket), Error> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    let file = bind(&socket, path, Type::STREAM)?;
    socket.listen(8).unwrap();
    Ok((file, socket))
}

fn why(error: &Error) -> String {
    std::error::Error::source(error).unwrap().to_string()
}

#[test]
fn the_file_is_there_until_it_is_dropped() {
    let dir = TestDir::new();
    let path = dir.path("socket");
    let (file, socket) = bind_stream(&path).unwrap();
    assert_eq!(file.path(), path);
    assert!(path.exists());
    drop(file);
    assert!(!path.exists());
    drop(socket);
}

#[test]
fn a_file_that_is_left_stays() {
    let dir = TestDir::new();
    let path = dir.path("socket");
    let (file, _socket) = bind_stream(&path).unwrap();
    file.leave();
    assert!(path.exists());
}

#[test]
fn a_stale_file_is_replaced() {
    let dir = TestDir::new();
    for (name, make) in [
        ("stream", (|path| drop(UnixListener::bind(path).unwrap())) as fn(&Path)),
        ("datagram", |path| drop(UnixDatagram::bind(path).unwrap())),
    ] {
        let path = dir.path(name);
        make(&path);
        assert!(path.exists());
        let (_file, _socket) = bind_stream(&path).unwrap();
        assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    }
}

#[test]
fn a_live_socket_is_kept() {
    let dir = TestDir::new();
    let path = dir.path("stream");
    let live = UnixListener::bind(&path).unwrap();
    let error = bind_stream(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert_eq!(why(&error), "another process has the socket");
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    drop(live);

    // A live socket of another type.
    let path = dir.path("datagram");
    let _live = UnixDatagram::bind(&path).unwrap();
    let error = bind_stream(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert!(path.exists());
}

#[test]
fn a_live_socket_with_a_full_backlog_is_kept() {
    let dir = TestDir::new();
    let path = dir.path("socket");
    let (_file, socket) = bind_stream(&path).unwrap();
    socket.listen(0).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    let mut held = Vec::new();
    loop {
        let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        if client.connect(&address).is_err() {
            break;
        }
        held.push(client);
        assert!(held.len() < 64, "the backlog is never full");
    }
    if cfg!(target_os = "linux") {
        assert_eq!(bind_stream(&path).unwrap_err().kind(), ErrorKind::AddressInUse);
        assert!(path.exists());
    }
}

#[test]
fn any_other_file_is_kept() {
    let dir = TestDir::new();
    let regular = dir.path("regular");
    fs::write(&regular, "precious").unwrap();
    let directory = dir.path("directory");
    fs::create_dir(&directory).unwrap();
    // A link is not followed, not even to a stale socket: the file does not belong to it.
    let stale = dir.path("stale");
    drop(UnixListener::bind(&stale).unwrap());
    let link = dir.path("link");
    symlink(&stale, &link).unwrap();
    for path in [&regular, &directory, &link] {
        let error = bind_stream(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddressInUse, "{}", path.display());
        assert_eq!(why(&error), "the file there is not a socket");
    }
    assert_eq!(fs::read_to_string(&regular).unwrap(), "precious");
    assert!(directory.is_dir());
    assert!(link.is_symlink() && stale.exists());
}

#[test]
fn only_our_own_file_is_removed() {
    let dir = TestDir::new();
    let path = dir.path("socket");
    let (file, _socket) = bind_stream(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    drop(file);
    assert!(path.exists(), "the other server's file");

    let path = dir.path("regular");
    let (file, _socket) = bind_stream(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    drop(file);
    assert!(path.exists());
}

#[test]
fn a_missing_directory_is_not_found() {
    let dir = TestDir::new();
    let error = bind_stream(&dir.path("none/socket")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn a_listener_takes_its_file_with_it_and_can_be_started_again() {
    let dir = TestDir::new();
    let path = dir.path("socket");
    let text = format!("unix:{}", path.display());
    for _ in 0..2 {
        let listener = listen(&text);
        assert_eq!(listener.endpoint().to_string(), text);
        let _pair = pair(&listener);
        drop(listener);
        assert!(!path.exists());
    }
    let listener = listen(&text);
    let (socket, endpoint, file) = listener.into_parts();
    assert_eq!(endpoint, Endpoint::unix(&path));
    assert_eq!(file.as_ref().map(SocketFile::path), Some(&*path));
    let error = Listener::bind_all(&endpoint, &SocketOptions::new()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("bind {text}: address in use")), "{error}");
    drop(file);
    drop(socket);
    assert!(!path.exists());
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn an_abstract_name_is_bound_and_reached_without_any_file() {
    let options = SocketOptions::new();
    let name = format!("unix:@sockit test {}", std::process::id());
    let endpoint: Endpoint = name.parse().unwrap();
    let listener = listen(&name);
    assert_eq!(listener.endpoint(), &endpoint);
    assert_eq!(listener.local_address().unwrap().to_string(), name);
    let (client, server) = pair(&listener);
    client.write_all_deadline(b"text", crate::fixture::patience()).unwrap();
    assert_eq!(client.peer_address().unwrap().to_string(), name);
    assert_eq!(server.local_address().unwrap().to_string(), name);
    let error = Listener::bind_all(&endpoint, &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    // The name is free as soon as the socket is closed; datagram sockets have separate names.
    drop(listener);
    let receiver = Datagram::bind_with(&endpoint, &options).unwrap();
    let sender = Datagram::connect(&endpoint, &options, crate::fixture::patience()).unwrap();
    sender.send(b"text", crate::fixture::patience()).unwrap();
    let mut buffer = [0; 8];
    let received = receiver.recv_from(&mut buffer, crate::fixture::patience()).unwrap();
    assert_eq!(&buffer[..received.len], b"text");
    drop(receiver);
    let error = Datagram::connect(&endpoint, &options, crate::fixture::patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
