//! The event-loop server over real sockets with TLS.
#![cfg(all(feature = "server", feature = "tls"))]
#![allow(clippy::unwrap_used, reason = "a test may stop at whatever goes wrong")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use netcore::server::{Config, Handle, Output, Rejection, Server, Service, Turn, Waker, Worker};
use netcore::tls::{TlsAcceptor, TlsConnector};
use netcore::{Address, Connector, Deadline, Endpoint, Error, ErrorKind, Stream};

/// A certificate for `localhost`, and the key.
struct Issued(rcgen::CertifiedKey);

impl Issued {
    fn new() -> Issued {
        Issued(rcgen::generate_simple_self_signed([String::from("localhost")]).unwrap())
    }

    fn acceptor(&self) -> TlsAcceptor {
        let (certificate, key) = (self.0.cert.pem(), self.0.key_pair.serialize_pem());
        TlsAcceptor::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
    }

    fn connector(&self) -> Connector {
        let tls = TlsConnector::with_roots_pem(self.0.cert.pem().as_bytes()).unwrap();
        Connector::new().with_tls(tls.with_server_name("localhost").unwrap())
    }
}

fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn port(endpoint: &Endpoint) -> u16 {
    endpoint.to_string().rsplit(':').next().unwrap().parse().unwrap()
}

fn line(stream: &Stream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\n") {
        stream.read_exact_deadline(&mut byte, deadline()).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// A server on a thread of its own, stopped in the end.
struct Running {
    endpoints: Vec<Endpoint>,
    handle: Handle,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Running {
    fn start<S: Service>(
        endpoints: &[&str],
        config: Config,
        service: impl Fn(Worker) -> S + Send + Sync + 'static,
    ) -> Running {
        let endpoints: Vec<Endpoint> = endpoints.iter().map(|it| it.parse().unwrap()).collect();
        let server = Server::bind(&endpoints, config).unwrap();
        let (endpoints, handle) = (server.endpoints().to_vec(), server.handle());
        let thread = Some(thread::spawn(move || server.run(service)));
        Running { endpoints, handle, thread }
    }

    /// Connects without sending anything.
    fn silent(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", port(&self.endpoints[0]))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn end(mut self) {
        self.handle.stop();
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop_now();
    }
}

/// Greets with its worker's number, and echoes.
struct Echo(usize);

impl Service for Echo {
    type Connection = ();

    fn open(&mut self, _: &Address, output: &mut Output) {
        output.send(format!("{}\n", self.0).as_bytes());
    }

    fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
        output.send(input);
    }

    fn reject(&mut self, why: Rejection, words: &mut Vec<u8>) {
        words.extend(format!("{why:?}\n").bytes());
    }
}

fn echo(worker: Worker) -> Echo {
    Echo(worker.index())
}

#[test]
fn tls_tcp_and_udp_are_served_side_by_side_and_name_their_scheme() {
    let issued = Issued::new();
    let config = Config::default().with_workers(2).with_tls(issued.acceptor());
    let server =
        Running::start(&["tls://127.0.0.1:0", "127.0.0.1:0", "udp://127.0.0.1:0"], config, echo);
    let schemes: Vec<String> = server.endpoints.iter().map(ToString::to_string).collect();
    assert!(schemes[0].starts_with("tls://127.0.0.1:"), "{schemes:?}");
    assert!(schemes[1].starts_with("tcp://127.0.0.1:"), "{schemes:?}");
    assert!(schemes[2].starts_with("udp://127.0.0.1:"), "{schemes:?}");
    for endpoint in &server.endpoints[..2] {
        let stream = issued.connector().connect(endpoint, deadline()).unwrap();
        line(&stream);
        stream.write_all_deadline(b"hello\n", deadline()).unwrap();
        assert_eq!(line(&stream), "hello\n");
        stream.finish(deadline()).unwrap();
    }
    server.end();
}

#[test]
fn without_a_certificate_a_tls_endpoint_is_refused_before_anything_is_bound() {
    let error = Server::bind(&["tls://127.0.0.1:0".parse().unwrap()], Config::default());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = error.to_string();
    assert!(text.contains("tls://127.0.0.1:0") && text.contains("with_tls"), "{text}");
}

#[test]
fn much_data_goes_both_ways_over_tls_and_a_half_close_loses_none() {
    const SIZE: usize = 8 << 20;
    let issued = Issued::new();
    let config = Config::default().with_workers(1).with_tls(issued.acceptor());
    let server = Running::start(&["tls://127.0.0.1:0"], config, echo);
    let client = issued.connector().connect(&server.endpoints[0], deadline()).unwrap();
    line(&client);
    let client = Arc::new(client);
    let writer = client.clone();
    let sending = thread::spawn(move || {
        let piece: Vec<u8> = (0..SIZE / 64).map(|n| (n % 251) as u8).collect();
        for _ in 0..64 {
            writer.write_all_deadline(&piece, deadline()).unwrap();
        }
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut got = Vec::new();
    (&*client).read_to_end(&mut got).unwrap();
    sending.join().unwrap();
    assert_eq!(got.len(), SIZE);
    assert!(got.iter().enumerate().all(|(n, b)| *b == (n % (SIZE / 64) % 251) as u8));
    server.end();
}

#[test]
fn a_full_server_says_so_in_the_encrypted_stream_and_handshakes_take_no_place() {
    let issued = Issued::new();
    let config =
        Config::default().with_workers(2).with_max_connections(1).with_tls(issued.acceptor());
    let server = Running::start(&["tls://127.0.0.1:0"], config, echo);
    let silent: Vec<TcpStream> = (0..10).map(|_| server.silent()).collect();
    let first = issued.connector().connect(&server.endpoints[0], deadline()).unwrap();
    assert!(["0\n", "1\n"].contains(&line(&first).as_str()));
    assert_eq!(server.handle.connections(), 1);
    let second = issued.connector().connect(&server.endpoints[0], deadline()).unwrap();
    let mut text = String::new();
    (&second).read_to_string(&mut text).unwrap();
    assert_eq!(text, "Full\n");
    drop(silent);
    server.end();
}

#[test]
fn at_the_bound_a_handshake_that_waits_for_its_peer_makes_room() {
    let issued = Issued::new();
    let config =
        Config::default().with_workers(2).with_max_handshakes(4).with_tls(issued.acceptor());
    let server = Running::start(&["tls://127.0.0.1:0"], config, echo);
    let silent: Vec<TcpStream> = (0..12).map(|_| server.silent()).collect();
    // The client is behind the silent ones in the backlog.
    let client = issued.connector().connect(&server.endpoints[0], deadline()).unwrap();
    line(&client);
    client.write_all_deadline(b"alive\n", deadline()).unwrap();
    assert_eq!(line(&client), "alive\n");
    // The first one was closed for it.
    assert_eq!((&silent[0]).read(&mut [0; 8]).unwrap_or(0), 0);
    server.end();
}

#[test]
fn a_stop_does_not_wait_for_handshakes() {
    let issued = Issued::new();
    let grace = Duration::from_secs(3600);
    let config = Config::default().with_workers(2).with_grace(grace).with_tls(issued.acceptor());
    let server = Running::start(&["tls://127.0.0.1:0"], config, echo);
    let silent: Vec<TcpStream> = (0..4).map(|_| server.silent()).collect();
    let client = issued.connector().connect(&server.endpoints[0], deadline()).unwrap();
    line(&client);
    client.write_all_deadline(b"last\n", deadline()).unwrap();
    assert_eq!(line(&client), "last\n");
    server.handle.stop();
    let mut rest = Vec::new();
    (&client).read_to_end(&mut rest).unwrap();
    drop(client);
    server.end();
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0; 8]).unwrap_or(0), 0);
    }
}

#[test]
fn a_new_certificate_is_for_new_connections() {
    let (old, new) = (Issued::new(), Issued::new());
    let acceptor = old.acceptor();
    let config = Config::default().with_workers(1).with_tls(acceptor.clone());
    let server = Running::start(&["tls://127.0.0.1:0"], config, echo);
    let first = old.connector().connect(&server.endpoints[0], deadline()).unwrap();
    line(&first);
    acceptor.replace(&new.acceptor());
    let second = new.connector().connect(&server.endpoints[0], deadline()).unwrap();
    line(&second);
    first.write_all_deadline(b"alive\n", deadline()).unwrap();
    assert_eq!(line(&first), "alive\n");
    let refused = old.connector().connect(&server.endpoints[0], deadline()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::CertificateUntrusted);
    server.end();
}

#[test]
fn plain_bytes_on_a_tls_port_end_that_connection_only() {
    let issued = Issued::new();
    let config = Config::default().with_workers(1).with_tls(issued.acceptor());
    let server = Running::start(&["tls://127.0.0.1:0"], config, echo);
    let mut plain = server.silent();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"0\n"), "nothing of the service in the clear");
    let client = issued.connector().connect(&server.endpoints[0], deadline()).unwrap();
    line(&client);
    server.end();
}

/// One room on several workers: each line goes to all.
struct Room {
    shared: Arc<Shared>,
    worker: usize,
    lines: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    wakers: Mutex<Vec<Waker>>,
    inboxes: [Mutex<Vec<u8>>; 2],
    members: AtomicUsize,
}

impl Service for Room {
    type Connection = ();

    fn open(&mut self, _: &Address, _: &mut Output) {
        self.shared.members.fetch_add(1, Ordering::SeqCst);
    }

    fn receive(&mut self, _: &mut (), input: &[u8], _: &mut Output) {
        self.lines.extend(input);
    }

    fn turn(&mut self, turn: &mut Turn<'_, ()>) {
        if !self.lines.is_empty() {
            // One order for all: the wakers' lock is held over both inboxes.
            let wakers = self.shared.wakers.lock().unwrap();
            for inbox in &self.shared.inboxes {
                inbox.lock().unwrap().extend(&self.lines);
            }
            self.lines.clear();
            wakers.iter().for_each(Waker::wake);
        }
        let news = std::mem::take(&mut *self.shared.inboxes[self.worker].lock().unwrap());
        if !news.is_empty() {
            let news = Bytes::from(news);
            turn.each(|(), output| output.share(news.clone()));
        }
    }
}

#[test]
fn two_hundred_clients_of_a_room_receive_every_line_while_others_never_finish_the_handshake() {
    const CLIENTS: usize = 200;
    const LINES: usize = 50;
    let issued = Issued::new();
    let shared = Arc::new(Shared::default());
    let config = Config::default().with_workers(2).with_tls(issued.acceptor());
    let room = shared.clone();
    let server = Running::start(&["tls://127.0.0.1:0"], config, move |worker| {
        room.wakers.lock().unwrap().push(worker.waker());
        Room { shared: room.clone(), worker: worker.index(), lines: Vec::new() }
    });
    let mut unfinished: Vec<TcpStream> = (0..100).map(|_| server.silent()).collect();
    for (number, stream) in unfinished.iter_mut().enumerate() {
        // The head of a record, and a part of its content.
        stream.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252][..number % 10]).unwrap();
    }
    let connector = issued.connector();
    let clients: Vec<Stream> = (0..CLIENTS)
        .map(|_| connector.connect(&server.endpoints[0], deadline()).unwrap())
        .collect();
    while shared.members.load(Ordering::SeqCst) < CLIENTS {
        // The handshake of a client is done a moment before that of the server.
        thread::yield_now();
    }
    for number in 0..LINES {
        let text = format!("line {number}\n");
        clients[number % CLIENTS].write_all_deadline(text.as_bytes(), deadline()).unwrap();
        assert_eq!(line(&clients[0]), text, "the next one is sent after the last");
    }
    let expected: String = (0..LINES).map(|number| format!("line {number}\n")).collect();
    for client in &clients[1..] {
        let mut received = vec![0; expected.len()];
        client.read_exact_deadline(&mut received, deadline()).unwrap();
        assert_eq!(String::from_utf8(received).unwrap(), expected);
    }
    drop(unfinished);
    server.end();
}
