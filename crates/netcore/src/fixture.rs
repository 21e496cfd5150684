//! Helpers for the tests of several modules.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
#[cfg(unix)]
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::cancel::CancelToken;
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::listener::Listener;
use crate::options::SocketOptions;
use crate::stream::Stream;
pub(crate) use crate::testing::TestDir;

/// A deadline that passes only if a test would hang.
pub(crate) fn patience() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// A short deadline, for waits that must end by it.
pub(crate) fn moment() -> Deadline {
    Deadline::after(Duration::from_millis(30))
}

/// Cancels `token` once a thread waits for a socket with it.
pub(crate) fn cancel_a_wait(token: &CancelToken) {
    while !token.is_waited_for() {
        thread::yield_now();
    }
    token.cancel();
}

pub(crate) fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn listen(text: &str) -> Listener {
    let mut all = Listener::bind_all(endpoint(text), &SocketOptions::new()).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Returns a client and the server's side of its connection.
pub(crate) fn pair(listener: &Listener) -> (Stream, Stream) {
    let options = SocketOptions::new();
    let client = Stream::connect(listener.endpoint(), &options, patience()).unwrap();
    let (server, _) = listener.accept(patience()).unwrap();
    (client, server)
}

/// Binds a TCP port that refuses connections. No other process can get it meanwhile.
pub(crate) fn refusing(address: &str) -> (Socket, SocketAddr) {
    let address: SocketAddr = address.parse().unwrap();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    if address.is_ipv6() {
        socket.set_only_v6(true).unwrap();
    }
    socket.bind(&SockAddr::from(address)).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// Returns `true` if this machine has IPv6; prints a line if it does not.
pub(crate) fn has_ipv6() -> bool {
    let has = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !has {
        println!("no IPv6 on this machine: that part is not tested");
    }
    has
}

/// A process that copies from a pipe to a pipe, until it is dropped.
#[cfg(unix)]
pub(crate) struct Piped(Child);

#[cfg(unix)]
impl Piped {
    pub(crate) fn cat() -> Piped {
        Piped::start("cat")
    }

    /// Returns the entrance of a pipe whose reader has gone.
    pub(crate) fn gone() -> ChildStdin {
        let mut all = Piped::start("true");
        let entrance = all.take_entrance();
        all.0.wait().unwrap();
        entrance
    }

    fn start(name: &str) -> Piped {
        let (stdin, stdout) = (Stdio::piped(), Stdio::piped());
        Piped(Command::new(name).stdin(stdin).stdout(stdout).spawn().unwrap())
    }

    pub(crate) fn take_entrance(&mut self) -> ChildStdin {
        self.0.stdin.take().unwrap()
    }

    pub(crate) fn take_exit(&mut self) -> ChildStdout {
        self.0.stdout.take().unwrap()
    }
}

#[cfg(unix)]
impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
const CHILD: &str = "NETCORE_TEST_CHILD";

/// Runs `body` in a separate process: a shell runs `setup` and then the test `name` again. For code
/// that changes the whole process.
#[cfg(unix)]
pub(crate) fn in_child(name: &str, setup: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some_and(|child| child == name) {
        return body();
    }
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{setup}\nexec \"$0\" --exact \"$1\" --test-threads 1 --nocapture"))
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, name)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    assert!(stdout.contains("1 passed"), "the child ran no test named {name}:\n{stdout}");
}
