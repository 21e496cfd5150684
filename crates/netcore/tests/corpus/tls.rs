//! The property of TLS sessions that holds for every input. The fuzz target `tls_session` and the
//! test over its corpus both include this file.

use netcore::Address;
use netcore::server::{Config, Output, Service};
use netcore::testing::{Harness, Peer, TlsClient, cut};
use netcore::tls::{TlsAcceptor, TlsConnector};

/// A certificate for `localhost`, its own issuer, and its key. They are for tests only.
const CERTIFICATE: &[u8] = include_bytes!("cert.pem");
const KEY: &[u8] = include_bytes!("key.pem");

/// The outcome of an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The bytes themselves were no handshake.
    Refused,
    /// A session in which some bits were flipped failed.
    Broken,
    /// A session succeeded.
    Whole,
}

/// Answers with its input, and keeps it.
struct Echo(Vec<u8>);

impl Service for Echo {
    type Connection = ();

    fn open(&mut self, _: &Address, _: &mut Output) {}

    fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
        self.0.extend_from_slice(input);
        output.send(input);
    }
}

/// Neither bytes from anywhere nor flipped bits make a session panic, grow, accept data that its
/// peer has not sent, or take a cut stream for a whole one. Errors have harmless words.
///
/// The first byte of the input chooses between the two, the second is the seed for the chunks. The
/// rest are the bytes, or triples of a position (with the direction as its highest bit) and a mask.
pub(crate) fn tls_session(input: &[u8]) -> Option<Outcome> {
    let [choice, seed, rest @ ..] = input else { return None };
    let acceptor = TlsAcceptor::from_pem(CERTIFICATE, KEY).expect("the certificate is valid");
    let connector = TlsConnector::with_roots_pem(CERTIFICATE).expect("the certificate is valid");
    let mut harness = Harness::new(Config::default(), |_| Echo(Vec::new()));
    let peer = harness.connect_over_tls(&acceptor).expect("the acceptor is valid");
    let mut client = TlsClient::new(&connector, "localhost").expect("the name is valid");
    Some(match choice % 2 {
        0 => bytes(&mut harness, &peer, &mut client, rest, *seed),
        _ => flips(&mut harness, &peer, &mut client, rest, *seed),
    })
}

fn bytes(
    harness: &mut Harness<Echo>,
    peer: &Peer,
    client: &mut TlsClient,
    stream: &[u8],
    seed: u8,
) -> Outcome {
    client.outgoing();
    for piece in cut(stream, seed, 50) {
        if !peer.is_closed() {
            peer.send(piece);
            harness.run();
        }
        client.receive(piece);
    }
    peer.finish();
    harness.run();
    client.receive_end();
    assert!(harness.service().0.is_empty(), "the server took {:?}", harness.service().0);
    assert!(client.received().is_empty());
    assert!(!client.is_established());
    check_error(client);
    Outcome::Refused
}

fn flips(
    harness: &mut Harness<Echo>,
    peer: &Peer,
    client: &mut TlsClient,
    flips: &[u8],
    seed: u8,
) -> Outcome {
    let message: Vec<u8> = (0..40_000u32).map(|number| (number % 251) as u8).collect();
    client.send(&message);
    client.finish();
    let mut echo = Vec::new();
    let (mut to_server, mut to_client) = (0, 0);
    loop {
        let mut there = client.outgoing();
        flip(&mut there, &mut to_server, flips, 0);
        for piece in cut(&there, seed, 5_000) {
            peer.send(piece);
            harness.run();
        }
        let mut back = peer.received();
        flip(&mut back, &mut to_client, flips, 0x80);
        for piece in cut(&back, seed, 5_000) {
            client.receive(piece);
        }
        echo.extend(client.received());
        if there.is_empty() && back.is_empty() {
            break;
        }
    }
    peer.finish();
    harness.run();
    client.receive_end();
    assert!(message.starts_with(&harness.service().0), "the server took other bytes");
    assert!(message.starts_with(&echo), "the client took other bytes");
    if client.has_ended() {
        assert_eq!(echo.len(), message.len(), "a cut stream counts as whole");
        return Outcome::Whole;
    }
    check_error(client);
    assert!(flips.chunks_exact(3).any(|flip| flip[2] != 0), "failed without a reason");
    Outcome::Broken
}

/// Flips the bits of `bytes`, which begin at `position` of their stream.
fn flip(bytes: &mut [u8], position: &mut usize, flips: &[u8], direction: u8) {
    for flip in flips.chunks_exact(3).filter(|flip| flip[0] & 0x80 == direction) {
        let at = usize::from(u16::from_be_bytes([flip[0] & 0x7f, flip[1]]));
        if let Some(byte) = at.checked_sub(*position).and_then(|at| bytes.get_mut(at)) {
            *byte ^= flip[2];
        }
    }
    *position += bytes.len();
}

fn check_error(client: &TlsClient) {
    let error = client.error().expect("the session has failed");
    let error = error.get_ref().expect("the error has a reason");
    let words = format!("{error:#}");
    assert!(!words.contains(char::is_control), "{words:?}");
    assert!(words.len() < 300, "{words}");
}
