//! Many clients driven by one thread, over non-blocking sockets.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::chat::Message;
use crate::common::client::Client;
use crate::common::patience::PATIENCE;
use crate::common::server::Server;

/// A non-blocking stream.
trait Duplex: Read + Write + fmt::Debug {}

impl<T: Read + Write + fmt::Debug> Duplex for T {}

#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) members: Vec<Member>,
    piece: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Member {
    stream: Box<dyn Duplex>,
    /// `IP:PORT` of this end.
    pub(crate) address: String,
    /// Bytes to be sent as the socket takes them.
    pub(crate) outgoing: Vec<u8>,
    /// Received bytes that the test has not taken out yet.
    pub(crate) received: Vec<u8>,
    /// `true` once the server has closed or reset the connection.
    pub(crate) ended: bool,
    /// `true` while the member reads.
    pub(crate) reads: bool,
}

impl Crowd {
    pub(crate) fn connect(server: &Server, count: usize) -> Crowd {
        Crowd::of((0..count).map(|_| Member::connect(server)).collect())
    }

    pub(crate) fn of(members: Vec<Member>) -> Crowd {
        Crowd { members, piece: vec![0; 256 * 1024] }
    }

    /// Takes everything up to a line that contains `text` out of the bytes of each member.
    #[track_caller]
    pub(crate) fn expect_lines_that_hold(&mut self, text: &str) {
        let mut missing: Vec<usize> = (0..self.members.len()).collect();
        self.drive(text, |members| {
            missing.retain(|&index| {
                let received = &mut members[index].received;
                let came = str::from_utf8(received).unwrap_or_default();
                let end = came.find(text).and_then(|at| Some(at + came[at..].find('\n')? + 1));
                received.drain(..end.unwrap_or(0));
                end.is_none()
            });
            missing.is_empty()
        });
    }

    /// Moves bytes both ways until `done`, which is called after each round, returns `true`. Fails
    /// if nothing has moved for [`PATIENCE`].
    #[track_caller]
    pub(crate) fn drive(&mut self, what: &str, mut done: impl FnMut(&mut [Member]) -> bool) {
        let mut moved_at = Instant::now();
        while !done(&mut self.members) {
            let mut moved = false;
            for member in &mut self.members {
                moved |= member.write() | member.read(&mut self.piece);
            }
            if moved {
                moved_at = Instant::now();
            } else if moved_at.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
            } else {
                let ended = self.members.iter().filter(|member| member.ended).count();
                let ends = self.members.iter().take(3).map(|member| {
                    let start = member.received.len().saturating_sub(200);
                    member.received[start..].escape_ascii().to_string()
                });
                panic!(
                    "{what}: nothing moved for {PATIENCE:?}; {ended} of {} connections have \
                     ended; the first ones received last {:#?}",
                    self.members.len(),
                    ends.collect::<Vec<_>>(),
                );
            }
        }
    }
}

/// Twenty of `count` clients send fifty lines each at the same time. Every client must receive each
/// line exactly once, the same bytes in the same order.
#[track_caller]
pub(crate) fn expect_same_order_for_all(count: usize, workers: usize) {
    let workers = workers.to_string();
    let args = ["chat", "serve", "--greeting", "Welcome", "--workers", &workers];
    let server = Server::start(&args);
    let crowd = Crowd::connect(&server, count);
    expect_same_order(crowd);
    server.stop();
}

/// As [`expect_same_order_for_all`], for a crowd of a server that says `Welcome`.
#[track_caller]
pub(crate) fn expect_same_order(mut crowd: Crowd) {
    const SENDERS: usize = 20;
    const LINES: usize = 50;
    crowd.expect_lines_that_hold("Welcome");
    // All members receive the same lines after this one, even if joins are announced.
    crowd.members[0].outgoing = b"begin\n".to_vec();
    crowd.expect_lines_that_hold(": begin");

    for member in &mut crowd.members[..SENDERS] {
        for number in 0..LINES {
            member.outgoing.extend_from_slice(format!("line {number}\n").as_bytes());
        }
    }
    let mut searched = 0;
    let mut missing = SENDERS * LINES;
    crowd.drive("every line", |members| {
        let came = &members[0].received;
        let end = came.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        if let Some(whole) = came.get(searched..end) {
            missing -= whole.split(|&byte| byte == b'\n').filter(|line| is_line(line)).count();
            searched = end;
        }
        missing == 0
    });
    crowd.members[0].outgoing = b"end\n".to_vec();
    crowd.drive("the end", |members| {
        members.iter().all(|member| member.received.ends_with(b": end\n"))
    });

    let log = String::from_utf8_lossy(&crowd.members[0].received).into_owned();
    for member in &crowd.members[..SENDERS] {
        let own = log.lines().filter_map(Message::parse).filter(|m| m.from == member.address);
        let texts: Vec<String> = own.map(|message| message.text).collect();
        let said = (0..LINES).map(|number| format!("line {number}"));
        let end = (member.address == crowd.members[0].address).then(|| "end".to_owned());
        assert_eq!(texts, said.chain(end).collect::<Vec<_>>(), "by {}", member.address);
    }
    for member in &crowd.members {
        let same = member.received == log.as_bytes();
        assert!(same, "{} got other bytes than the first client", member.address);
    }
}

fn is_line(line: &[u8]) -> bool {
    str::from_utf8(line).is_ok_and(|line| line.contains(": line "))
}

impl Member {
    fn connect(server: &Server) -> Member {
        let client = Client::tcp(server.tcp());
        let address = client.address();
        let stream = client.stream().try_clone().expect("a second handle of a socket");
        stream.set_nonblocking(true).expect("a non-blocking socket");
        Member::over(Box::new(stream), address)
    }

    /// Connects over TLS.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(endpoint: &str, connector: &netcore::tls::TlsConnector) -> Member {
        let endpoint = endpoint.parse().expect("an endpoint");
        let connector = netcore::Connector::new().with_tls(connector.clone());
        let deadline = netcore::Deadline::after(PATIENCE);
        let stream = connector.connect(&endpoint, deadline).expect("a connection over TLS");
        stream.set_nonblocking(true).expect("a non-blocking stream");
        let address = stream.local_address().expect("its address").to_string();
        Member::over(Box::new(stream), address)
    }

    fn over(stream: Box<dyn Duplex>, address: String) -> Member {
        let (outgoing, received) = (Vec::new(), Vec::new());
        Member { stream, address, outgoing, received, ended: false, reads: true }
    }

    fn write(&mut self) -> bool {
        if self.ended {
            return false;
        }
        // Over TLS, ciphertext may wait for the socket.
        let _ = self.stream.flush();
        if self.outgoing.is_empty() {
            return false;
        }
        match self.stream.write(&self.outgoing) {
            Ok(count) => {
                self.outgoing.drain(..count);
                count > 0
            }
            Err(error) if is_temporary(error.kind()) => false,
            // A read notices the end, after everything that came before it.
            Err(_) => {
                self.outgoing.clear();
                false
            }
        }
    }

    fn read(&mut self, piece: &mut [u8]) -> bool {
        if self.ended || !self.reads {
            return false;
        }
        match self.stream.read(piece) {
            Ok(count) => {
                self.received.extend_from_slice(&piece[..count]);
                self.ended = count == 0;
                true
            }
            Err(error) if is_temporary(error.kind()) => false,
            Err(_) => {
                self.ended = true;
                true
            }
        }
    }
}

/// Raises this process's limit on descriptors as far as it may be raised, and returns the number of
/// connections that a test may hold beside `others` descriptors of tests that run at the same time.
#[cfg(target_os = "linux")]
pub(crate) fn spare_descriptors(others: usize) -> usize {
    let limit = rlimit::increase_nofile_limit(u64::MAX).expect("the limit on descriptors");
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(others)
}

fn is_temporary(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
