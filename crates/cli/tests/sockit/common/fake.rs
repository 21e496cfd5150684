//! A chat server that a test controls line by line.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::patience::PATIENCE;

#[derive(Debug)]
pub(crate) struct Fake(TcpListener);

/// One connection to the server, closed on drop.
#[derive(Debug)]
pub(crate) struct Peer(BufReader<TcpStream>);

impl Fake {
    pub(crate) fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a non-blocking listener");
        Fake(listener)
    }

    pub(crate) fn endpoint(&self) -> String {
        self.0.local_addr().expect("its address").to_string()
    }

    /// Accepts the next connection.
    #[track_caller]
    pub(crate) fn accept(&self) -> Peer {
        let start = Instant::now();
        loop {
            match self.0.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).expect("a blocking stream");
                    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
                    return Peer(BufReader::new(stream));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(start.elapsed() < PATIENCE, "nobody has connected");
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => panic!("accept: {error}"),
            }
        }
    }

    /// Accepts the next connection, which must request this name, and grants it.
    #[track_caller]
    #[cfg(not(any(target_os = "netbsd", target_os = "openbsd")))]
    pub(crate) fn accept_named(&self, name: &str) -> Peer {
        let mut peer = self.accept();
        peer.expect(&[&format!("/nick {name}"), "/who"]);
        peer.say(format!("* you are {name}\n* 1 here: {name}\n"));
        peer
    }
}

impl Peer {
    /// Waits for exactly these lines.
    #[track_caller]
    pub(crate) fn expect(&mut self, lines: &[&str]) {
        for expected in lines {
            let line = self.line();
            assert_eq!(line.as_deref(), Some(*expected));
        }
    }

    /// Reads the next line. Returns `None` at the end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.strip_suffix('\n').expect("a whole line").to_owned()),
            Err(error) => panic!("read from the client: {error}"),
        }
    }

    #[track_caller]
    pub(crate) fn say(&mut self, text: impl AsRef<[u8]>) {
        self.0.get_ref().write_all(text.as_ref()).expect("write to the client");
    }

    /// Sends this text until the client has gone.
    pub(crate) fn flood(&mut self, text: &str) {
        while self.0.get_ref().write_all(text.as_bytes()).is_ok() {}
    }
}
