use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;

use crate::address::Address;
use crate::server::harness::tls::TlsClient;
use crate::server::harness::{Harness, Peer};
use crate::server::{Closed, Config, Output, Rejection, Service, Turn};
use crate::tls::fixture;
use crate::tls::{TlsAcceptor, TlsConnector};

/// Echoes, and logs its calls.
#[derive(Default)]
struct Probe {
    log: Rc<RefCell<Vec<String>>>,
    /// Bytes that all connections get in the next turn.
    broadcast: Option<Bytes>,
    /// The most bytes of one call of `receive`, and the most unsent ones.
    most: (usize, usize),
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
        self.most.0 = self.most.0.max(input.len());
        self.most.1 = self.most.1.max(output.unsent());
        if input == b"close" {
            output.close();
        }
        output.send(input);
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

struct Bench {
    harness: Harness<Probe>,
    log: Rc<RefCell<Vec<String>>>,
    connector: TlsConnector,
    acceptor: TlsAcceptor,
}

impl Bench {
    fn new(config: Config) -> Bench {
        Bench::over(|service| Harness::new(config, |_| service))
    }

    fn over(harness: impl FnOnce(Probe) -> Harness<Probe>) -> Bench {
        let log = Rc::new(RefCell::new(Vec::new()));
        let service = Probe { log: log.clone(), ..Probe::default() };
        let (connector, acceptor) = fixture::both_sides();
        Bench { harness: harness(service), log, connector, acceptor }
    }

    /// Connects a peer that has not sent anything yet.
    fn start(&mut self) -> (Peer, TlsClient) {
        let peer = self.harness.connect_over_tls(&self.acceptor).unwrap();
        (peer, TlsClient::new(&self.connector, "localhost").unwrap())
    }

    /// Connects a peer, and makes the handshake.
    fn connect(&mut self) -> (Peer, TlsClient) {
        let (peer, mut client) = self.start();
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
    let mut bench = bench();
    let (peer, mut client) = bench.start();
    bench.harness.run();
    assert!(bench.log().is_empty());
    client.send(b"hello");
    client.exchange(&peer, &mut bench.harness);
    assert_eq!(client.received(), b"hello");
    assert_eq!(bench.log(), ["open 127.0.0.1:1"]);
}

#[test]
fn the_end_of_a_peer_is_close_notify_and_it_gets_its_last_replies_and_our_end() {
    let mut bench = bench();
    let (peer, mut client) = bench.connect();
    client.send(b"last word");
    client.finish();
    client.exchange(&peer, &mut bench.harness);
    assert_eq!(client.received(), b"last wordgoodbye");
    assert!(client.has_ended());
    assert_eq!(bench.log(), ["end", "closed Done"]);
    assert_eq!(bench.harness.connections(), 0);
}
