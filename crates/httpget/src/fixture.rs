//! A server that plays a script, for the tests of the client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use netcore::testing::error_law;
use netcore::{Deadline, Listener, SocketOptions, Stream};

/// The time until a test is considered stuck, generous on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The next step on a connection, seen from the server.
pub(crate) enum Step {
    /// A request arrives with this request line, and its head passes the check.
    Get(&'static str, Box<dyn FnOnce(&str) + Send>),
    /// Exactly these bytes arrive, in any number of pieces.
    #[cfg(feature = "proxy")]
    Bytes(&'static [u8]),
    /// These bytes are sent, in one piece.
    Send(Vec<u8>),
    /// The same over and over, until the client has gone.
    Flood(Vec<u8>),
    /// The test goes on only when the client has read this far.
    Do(Box<dyn FnOnce() + Send>),
    /// The connection is closed in order.
    Close,
    /// The connection is reset.
    Reset,
    /// The client closes the connection, and has sent nothing more.
    Gone,
}

/// Returns the two sides of a connection.
pub(crate) fn streams() -> (Stream, Stream) {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let deadline = Deadline::after(PATIENCE);
    let client = Stream::connect(listener.endpoint(), &SocketOptions::new(), deadline).unwrap();
    (client, listener.accept(deadline).unwrap().0)
}

/// A request for `target`.
pub(crate) fn get(target: &'static str) -> Step {
    get_that(target, |_| ())
}

/// A request for `target` that passes `check`.
pub(crate) fn get_that(target: &'static str, check: impl FnOnce(&str) + Send + 'static) -> Step {
    Step::Get(target, Box::new(check))
}

pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// A response that leaves the connection open.
pub(crate) fn ok(body: &str) -> Step {
    send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// A response that leads elsewhere.
pub(crate) fn redirect(location: &str) -> Step {
    let head = "HTTP/1.1 302 Found\r\nContent-Length: 4\r\nLocation:";
    send(format!("{head} {location}\r\n\r\naway"))
}

/// Plays one script for each connection, in the order of the connections. Each connection stays
/// open after its script until the test has [finished](Server::finish). That call fails if a
/// connection deviated from its script or left some of it.
pub(crate) struct Server {
    address: SocketAddr,
    /// Those in the script.
    connections: usize,
    /// The connections made so far, each played by a thread.
    playing: Receiver<JoinHandle<Option<TcpStream>>>,
    finished: bool,
}

impl Server {
    pub(crate) fn play<const N: usize>(scripts: [Vec<Step>; N]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, playing) = mpsc::channel();
        thread::spawn(move || {
            for script in scripts {
                let (stream, _) = listener.accept().unwrap();
                let player = thread::spawn(move || play(stream, script));
                // A test that has failed does not wait for it.
                let _ = accepted.send(player);
            }
        });
        Server { address, connections: N, playing, finished: false }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// The script was played to its end.
    pub(crate) fn finish(mut self) {
        self.finished = true;
        // None is closed before all have been played.
        let mut open = Vec::new();
        for number in 0..self.connections {
            match self.playing.recv_timeout(PATIENCE) {
                Ok(player) => open.push(player.join().unwrap()),
                Err(_) => panic!("{number} of {} connections were made", self.connections),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        assert!(self.finished || thread::panicking(), "a script has to be finished");
    }
}

fn play(mut stream: TcpStream, script: Vec<Step>) -> Option<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    for step in script {
        match step {
            Step::Get(target, check) => {
                let head = request(&mut stream);
                let line = head.lines().next().unwrap_or_default();
                // A target of another method has that before it.
                let method = if target.contains(' ') { "" } else { "GET " };
                assert!(line.starts_with(&format!("{method}{target} HTTP/1.")), "{head:?}");
                check(&head);
            }
            #[cfg(feature = "proxy")]
            Step::Bytes(expected) => {
                let mut bytes = vec![0; expected.len()];
                stream.read_exact(&mut bytes).unwrap();
                assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());
            }
            // A client that has had enough does not read on.
            Step::Send(bytes) => drop(stream.write_all(&bytes)),
            Step::Flood(bytes) => while stream.write_all(&bytes).is_ok() {},
            Step::Do(action) => action(),
            Step::Close => return None,
            Step::Reset => {
                reset(stream);
                return None;
            }
            Step::Gone => {
                let mut rest = Vec::new();
                // A reset tells as well that the client has gone.
                let _ = stream.read_to_end(&mut rest);
                assert_eq!(rest, b"", "sent before the connection was closed");
            }
        }
    }
    Some(stream)
}

/// A request's head, from its first line to the empty one.
fn request(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        let read = stream.read(&mut byte);
        assert!(matches!(read, Ok(1)), "{read:?} within {:?}", String::from_utf8_lossy(&head));
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// Closes so that the peer gets a reset.
fn reset(stream: TcpStream) {
    let options = netcore::SocketOptions::new().with_linger(Some(Duration::ZERO));
    options.apply(&stream).unwrap();
}

/// A channel's two sides as steps and calls: the server waits for the test, or the test for it.
pub(crate) fn gate() -> (impl FnOnce() + Send + 'static, impl FnOnce() + Send + 'static) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let open = move || sender.send(()).unwrap();
    let pass = move || receiver.recv_timeout(PATIENCE).unwrap();
    (open, pass)
}

/// Returns a step that runs `action`, such as a wait for the test.
pub(crate) fn act(action: impl FnOnce() + Send + 'static) -> Step {
    Step::Do(Box::new(action))
}

/// Asserts that `error` obeys the law of errors and that its own text ends with `reason`.
#[track_caller]
pub(crate) fn assert_reason(error: &crate::error::Error, reason: &str) {
    error_law(error);
    let text = error.to_string();
    assert!(text.ends_with(&format!(": {reason}")), "{text}");
}
