use std::fs::File;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;

use super::*;
use crate::testing::{TestDir, error_law};

fn names(values: [Option<&str>; 3]) -> Result<Vec<String>, String> {
    names_of(values.map(|value| value.map(OsString::from)), 42).map_err(|error| error_law(&error))
}

#[test]
fn descriptors_have_the_names_of_their_units() {
    assert_eq!(names([Some("42"), Some("2"), Some("chat:tls")]).unwrap(), ["chat", "tls"]);
    assert_eq!(names([Some("42"), Some("2"), None]).unwrap(), [UNKNOWN, UNKNOWN]);
}

#[test]
fn descriptors_of_another_process_are_left_alone() {
    for values in [
        [None, None, None],
        [None, Some("2"), None],
        [Some("42"), None, None],
        [Some("41"), Some("2"), None],
        [Some("42"), Some("0"), None],
    ] {
        assert_eq!(names(values).unwrap(), [""; 0], "{values:?}");
    }
}

#[test]
fn malformed_variables_are_errors_that_name_them() {
    for (values, name) in [
        ([Some("x"), Some("1"), None], "LISTEN_PID"),
        ([Some("42"), Some("-1"), None], "LISTEN_FDS"),
        ([Some("42"), Some("1025"), None], "LISTEN_FDS"),
        ([Some("42"), Some(""), None], "LISTEN_FDS"),
        ([Some("42"), Some("2"), Some("one")], "LISTEN_FDNAMES"),
    ] {
        let line = names(values).unwrap_err();
        assert!(line.contains(name), "{line}");
    }
}

#[test]
fn only_listeners_and_datagram_sockets_are_taken() {
    let directory = TestDir::new();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let stream = TcpStream::connect(address).unwrap();
    let file = File::create(directory.path("file")).unwrap();
    match socket_of(tcp.into()).unwrap() {
        Socket::Listener(listener) => {
            assert_eq!(listener.endpoint().to_string(), format!("tcp://{address}"));
        }
        other => panic!("{other:?}"),
    }
    let unix = UnixListener::bind(directory.path("socket")).unwrap();
    assert!(matches!(socket_of(unix.into()).unwrap(), Socket::Listener(_)));
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(matches!(socket_of(udp.into()).unwrap(), Socket::Datagram(_)));
    for (handle, why) in [
        (OwnedHandle::from(stream), "neither a listening stream socket"),
        (OwnedHandle::from(file), "ENOTSOCK"),
    ] {
        let line = error_law(&socket_of(handle).unwrap_err());
        assert!(line.contains(why), "{line}");
    }
}

#[test]
fn a_message_reaches_the_socket_of_the_service_manager() {
    let directory = TestDir::new();
    let path = directory.path("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    send(&path.into_os_string(), "READY=1\nSTATUS=serving").unwrap();
    let mut buffer = [0; 64];
    let length = manager.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"READY=1\nSTATUS=serving");
    for (address, why) in [("/nonexistent/notify", "/nonexistent/notify"), ("relative", "path")] {
        let line = error_law(&send(&address.into(), "READY=1").unwrap_err());
        assert!(line.contains(why), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_message_reaches_an_abstract_socket() {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::SocketAddr;

    let name = format!("netcore-notify-{}", process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = UnixDatagram::bind_addr(&address).unwrap();
    send(&format!("@{name}").into(), "STOPPING=1").unwrap();
    let mut buffer = [0; 64];
    let length = manager.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"STOPPING=1");
}
