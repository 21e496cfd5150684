//! Encrypted connections of the event loop, with peers in memory.

mod closing;
mod cuts;
mod handshakes;
mod schedules;
mod slow;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::Encrypted;
use crate::address::Address;
use crate::server::harness::tls::TlsClient;
use crate::server::harness::{Harness, Peer};
use crate::server::{Closed, Config, Output, Rejection, Service, Turn};
use crate::tls::TlsAcceptor;
use crate::tls::fixture::{self, Authority};

/// Echoes, and logs its calls.
#[derive(Default)]
struct Probe {
    log: Rc<RefCell<Vec<String>>>,
    /// Bytes that all connections get in the next turn.
    broadcast: Option<Bytes>,
    /// All input.
    heard: Vec<u8>,
}

impl Probe {
    fn note(&self, what: impl Into<String>) {
        self.log.borrow_mut().push(what.into());
    }
}

impl Service for Probe {
    type Connection = ();

    fn open(&mut self, peer: &Address, _: &mut Output) {
        self.note(format!("open {peer}"));
    }

    fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
        self.heard.extend(input);
        match input {
            b"close" => output.close(),
            b"ready" => output.call_ready_when_flushed(),
            _ => output.send(input),
        }
    }

    fn end(&mut self, _: &mut (), output: &mut Output) {
        self.note("end");
        output.send(b"goodbye");
        output.close();
    }

    fn ready(&mut self, _: &mut (), output: &mut Output) {
        assert_eq!(output.unsent(), 0, "everything has reached the socket");
        self.note("ready");
    }

    fn idle(&mut self, _: &mut (), output: &mut Output) {
        self.note("idle");
        output.close();
    }

    fn stop(&mut self, _: &mut (), output: &mut Output) {
        output.send(b"bye");
        output.close();
    }

    fn closed(&mut self, _: (), why: Closed) {
        self.note(match why {
            Closed::Broken(error) => format!("closed Broken {:?}", error.kind()),
            other => format!("closed {other:?}"),
        });
    }

    fn reject(&mut self, reason: Rejection, text: &mut Vec<u8>) {
        text.extend(format!("rejected: {reason:?}").bytes());
    }

    fn turn(&mut self, turn: &mut Turn<'_, ()>) {
        if let Some(bytes) = self.broadcast.take() {
            turn.each(|(), output| output.share(bytes.clone()));
        }
    }
}

/// The version of TLS that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Tls12,
    Tls13,
}

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

struct Bench {
    harness: Harness<Probe>,
    log: Rc<RefCell<Vec<String>>>,
    authority: Authority,
    acceptor: TlsAcceptor,
}

impl Bench {
    fn new(config: Config) -> Bench {
        Bench::over(|service| Harness::new(config, |_| service))
    }

    /// Returns a bench whose sockets report readiness again only after a call that would block.
    fn late(config: Config) -> Bench {
        Bench::over(|service| Harness::with_late_rearming(config, |_| service))
    }

    fn over(harness: impl FnOnce(Probe) -> Harness<Probe>) -> Bench {
        let log = Rc::new(RefCell::new(Vec::new()));
        let service = Probe { log: log.clone(), ..Probe::default() };
        let authority = Authority::new();
        let acceptor = authority.server(&["localhost"]).acceptor();
        Bench { harness: harness(service), log, authority, acceptor }
    }

    /// Connects a peer that has not sent anything yet.
    fn start(&mut self) -> (Peer, TlsClient) {
        self.start_of(Version::Tls13)
    }

    fn start_of(&mut self, version: Version) -> (Peer, TlsClient) {
        let peer = self.harness.connect_over_tls(&self.acceptor).unwrap();
        (peer, self.client(version))
    }

    fn client(&self, version: Version) -> TlsClient {
        match version {
            Version::Tls13 => TlsClient::new(&self.authority.connector(), "localhost").unwrap(),
            Version::Tls12 => TlsClient::over(fixture::session_of_tls12(&self.authority)),
        }
    }

    /// Connects a peer, and makes the handshake.
    fn connect(&mut self) -> (Peer, TlsClient) {
        self.connect_of(Version::Tls13)
    }

    fn connect_of(&mut self, version: Version) -> (Peer, TlsClient) {
        let (peer, mut client) = self.start_of(version);
        client.exchange(&peer, &mut self.harness);
        assert!(client.is_established(), "{:?}", client.error());
        self.log();
        (peer, client)
    }

    /// Takes the log of the calls since the last time.
    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.borrow_mut())
    }
}

fn bench() -> Bench {
    Bench::new(Config::default())
}

#[test]
fn a_service_is_opened_after_the_handshake_and_exchanges_plaintext() {
    for version in VERSIONS {
        let mut bench = bench();
        let (peer, mut client) = bench.start_of(version);
        bench.harness.run();
        assert!(bench.log().is_empty());
        client.send(b"hello");
        client.exchange(&peer, &mut bench.harness);
        assert_eq!(client.received(), b"hello");
        assert_eq!(bench.log(), ["open 127.0.0.1:1"]);
    }
}

#[test]
fn an_exchange_is_one_write() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    let before = peer.writes();
    client.send(b"hello");
    client.exchange(&peer, &mut bench.harness);
    assert_eq!((client.received(), peer.writes() - before), (b"hello".to_vec(), 1));
}

#[test]
fn shared_output_of_many_parts_is_encrypted_for_each_peer_in_full_records() {
    let mut bench = bench();
    let mut clients: Vec<(Peer, TlsClient)> = (0..3).map(|_| bench.connect()).collect();
    clients[1].0.room(10);
    let news: Vec<u8> = (0..50_000_usize).map(|number| (number % 251) as u8).collect();
    let writes: Vec<usize> = clients.iter().map(|(peer, _)| peer.writes()).collect();
    bench.harness.service().broadcast = Some(Bytes::from(news.clone()));
    bench.harness.run();
    // 50,000 bytes are three full records and a short one.
    assert_eq!(clients[0].0.writes() - writes[0], 4);
    assert_eq!(clients[1].0.received().len(), 10, "of the slow one, sent before");
    let (slow, mut client) = clients.remove(1);
    for (peer, client) in &mut clients {
        client.exchange(peer, &mut bench.harness);
        assert_eq!(client.received(), news);
    }
    // The slow one gets the rest.
    slow.room(usize::MAX);
    bench.harness.run();
    let rest = slow.received();
    assert!(rest.len() > news.len());
    client.receive(&rest);
    assert!(client.error().is_some(), "ten bytes are missing in front");
}

#[test]
fn small_parts_are_gathered_into_one_record() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    peer.room(0);
    for part in ["one ", "two ", "three"] {
        bench.harness.service().broadcast = Some(Bytes::from_static(part.as_bytes()));
        bench.harness.run();
    }
    // The first part is in a record of its own, which the socket has not taken.
    let writes = peer.writes();
    peer.room(usize::MAX);
    bench.harness.run();
    assert_eq!(peer.writes() - writes, 2);
    client.exchange(&peer, &mut bench.harness);
    assert_eq!(client.received(), b"one two three");
}

#[test]
fn tls_adds_little_of_its_own_to_the_state_of_the_library() {
    let library = size_of::<rustls::server::UnbufferedServerConnection>()
        .max(size_of::<rustls::client::UnbufferedClientConnection>());
    let own = size_of::<Encrypted<()>>() - library;
    assert!(own <= 256, "{own} bytes beside {library}");
    println!("{own} bytes beside {library}");
}
