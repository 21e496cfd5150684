//! Sockets from systemd and messages to it, without systemd.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use netcore::testing::TestDir;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

use crate::common::client::Client;
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, program};
use crate::common::server::Server;

/// Returns the program with these arguments, started as systemd would: with the sockets as
/// descriptors 3 and up.
fn activated(sockets: &[BorrowedFd<'_>], names: &str, args: &[&str]) -> Command {
    let mut script = String::from("export LISTEN_PID=$$; exec");
    for (socket, number) in sockets.iter().zip(3..) {
        // The shell inherits a copy under a number that no redirection replaces.
        let copy = fcntl_dupfd_cloexec(socket, 50).expect("a descriptor");
        fcntl_setfd(&copy, FdFlags::empty()).expect("a descriptor of ours");
        script += &format!(" {number}<&{0} {0}<&-", copy.into_raw_fd());
    }
    script += " \"$@\"";
    let mut command = Command::new("bash");
    command.args(["-c", &script, "bash", program()]).args(args).env_remove("RUST_LOG");
    command.env("LISTEN_FDS", sockets.len().to_string()).env("LISTEN_FDNAMES", names);
    command
}

#[test]
fn a_chat_serves_the_sockets_of_systemd_in_place_of_its_own() {
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a socket"));
    let fds = sockets.each_ref().map(AsFd::as_fd);
    // Clients that connect before the program is started wait in the backlog.
    let address = sockets[1].local_addr().expect("an address");
    let mut ann = Client::tcp(address);
    ann.send("hello\n");
    let args = ["chat", "serve", "--listen", "127.0.0.1:1"];
    let server = Server::from_command(activated(&fds, "one:two", &args), 2);
    let expected = sockets
        .each_ref()
        .map(|socket| format!("tcp://{}", socket.local_addr().expect("an address")));
    assert_eq!(server.endpoints(), expected);
    ann.until("hello");
    let mut bob = server.connect();
    bob.say("hello too");
    ann.until("hello too");
    server.stop();
}

#[test]
fn the_timestamp_service_takes_datagram_sockets() {
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let args = ["time", "serve", "--format", "unix"];
    let server = Server::from_command(activated(&[udp.as_fd(), tcp.as_fd()], "a:b", &args), 2);
    assert_eq!(server.endpoints()[0], format!("udp://{}", udp.local_addr().expect("an address")));
    let client = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.send_to(b"hello", server.udp()).expect("sent");
    let mut buffer = [0; 64];
    let (length, _) = client.recv_from(&mut buffer).expect("an answer");
    assert!(buffer[..length].ends_with(b"] hello"), "{:?}", &buffer[..length]);
    server.stop();
}

#[test]
fn listen_takes_a_socket_of_systemd() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = tcp.local_addr().expect("an address");
    let command = activated(&[tcp.as_fd()], "a", &["listen", "--banner", "hi", "127.0.0.1:1"]);
    let process = Process::spawn(command);
    let lines = process.stderr_lines(1);
    assert_eq!(lines, [format!("listening on tcp://{address}\n")]);
    assert_eq!(Client::tcp(address).rest(), b"hi");
}

#[test]
fn listen_takes_datagram_sockets_of_systemd() {
    let [one, two] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a socket"));
    let args = ["listen", "udp://127.0.0.1:1"];
    let mut process = Process::spawn(activated(&[one.as_fd(), two.as_fd()], "a:b", &args));
    let address = |socket: &UdpSocket| socket.local_addr().expect("an address");
    let expected = [&one, &two].map(|socket| format!("listening on udp://{}\n", address(socket)));
    assert_eq!(process.stderr_lines(2), expected);
    let client = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.send_to(b"to the second", address(&two)).expect("sent");
    process.stdout_when("a datagram", |text| text == "to the second");
    process.feed(b"back");
    let mut buffer = [0; 64];
    let (length, from) = client.recv_from(&mut buffer).expect("an answer");
    assert_eq!((&buffer[..length], from), (&b"back"[..], address(&two)));
}

#[test]
fn listen_refuses_sockets_of_another_kind() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let (tcp, udp) = (tcp.as_fd(), udp.as_fd());
    for (sockets, names, endpoint, says) in [
        (&[tcp][..], "a", "udp://127.0.0.1:0", "tcp://127.0.0.1:"),
        (&[udp, tcp], "a:b", "udp://127.0.0.1:0", "tcp://127.0.0.1:"),
        (&[udp], "a", "127.0.0.1:0", "udp://127.0.0.1:"),
    ] {
        let done = Process::spawn(activated(sockets, names, &["listen", endpoint])).finish();
        done.expect_code(2).expect_error_line(&["systemd", says]);
    }
    let command = activated(&[udp], "a", &["listen", "--broadcast", "udp://127.0.0.1:0"]);
    Process::spawn(command).finish().expect_code(2).expect_error_line(&["--broadcast", "systemd"]);
}

#[test]
fn sockets_for_another_process_and_unusable_ones_are_refused() {
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let command = activated(&[udp.as_fd()], "a", &["chat", "serve"]);
    let done = Process::spawn(command).finish();
    done.expect_code(2).expect_error_line(&["a chat needs connections, and UDP has none"]);
    let mut command = activated(&[udp.as_fd()], "a:b", &["chat", "serve"]);
    let done = Process::spawn(command).finish();
    done.expect_code(1).expect_error_line(&["LISTEN_FDNAMES"]);
    command = Command::new(program());
    command.args(["chat", "serve", "--listen", "127.0.0.1:0"]);
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1");
    Server::from_command(command, 1).stop();
}

#[test]
fn systemd_learns_when_a_server_serves_and_when_it_stops() {
    let directory = TestDir::new();
    let path = directory.path("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let receive = || {
        let mut buffer = [0; 1024];
        let length = manager.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    for args in [&["chat", "serve"][..], &["time", "serve"]] {
        let mut command = Command::new(program());
        command.args(args).args(["--listen", "127.0.0.1:0"]).env("NOTIFY_SOCKET", &path);
        let server = Server::from_command(command, 1);
        let endpoint = server.endpoints()[0].clone();
        assert_eq!(receive(), format!("READY=1\nSTATUS=listening on {endpoint}"));
        server.stop();
        assert!(receive().starts_with("STOPPING=1\n"));
        // The end of the server repeats it.
        assert!(receive().starts_with("STOPPING=1\n"));
    }
    for endpoint in ["127.0.0.1:0", "udp://127.0.0.1:0"] {
        let mut command = Command::new(program());
        command.args(["listen", endpoint]).env("NOTIFY_SOCKET", &path);
        let mut process = Process::spawn(command);
        let [line] = &process.stderr_lines(1)[..] else { panic!("one line") };
        assert_eq!(receive(), format!("READY=1\nSTATUS={}", line.trim_end()));
        process.signal("TERM");
        assert!(receive().starts_with("STOPPING=1\n"));
        assert!(process.wait().success());
    }
    // A server that cannot bind all of its listeners announces none.
    let taken = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let taken = taken.local_addr().expect("an address").to_string();
    manager.set_nonblocking(true).expect("a mode");
    for option in ["--metrics", "--web", "--listen"] {
        let mut command = Command::new(program());
        command.args(["chat", "serve", "--listen", "127.0.0.1:0", option, &taken]);
        command.env("NOTIFY_SOCKET", &path);
        let done = Process::spawn(command).finish();
        done.expect_code(1).expect_error_line(&[&taken, "in use"]);
        assert_eq!(done.stdout_text(), "", "{option}");
        let silence = manager.recv(&mut [0; 1024]).expect_err("no message");
        assert_eq!(silence.kind(), ErrorKind::WouldBlock, "{option}");
    }
}
