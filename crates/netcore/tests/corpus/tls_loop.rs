//! Properties of the event loop's TLS that hold for every input. The fuzz target `tls_loop` and the
//! test over its corpus both include this file.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use netcore::Address;
use netcore::server::{Closed, Config, Output, Service};
use netcore::testing::{Harness, Peer, TlsClient, cut};
use netcore::tls::{TlsAcceptor, TlsConnector};

/// The calls of a service.
#[derive(Debug, Default)]
struct Calls {
    opened: bool,
    heard: Vec<u8>,
    ended: bool,
    closed: Option<Closed>,
}

/// Echoes.
struct Echo(Rc<RefCell<Calls>>);

impl Service for Echo {
    type Connection = ();

    fn open(&mut self, _: &Address, _: &mut Output) {
        self.0.borrow_mut().opened = true;
    }

    fn receive(&mut self, (): &mut (), input: &[u8], output: &mut Output) {
        self.0.borrow_mut().heard.extend(input);
        output.send(input);
    }

    fn end(&mut self, (): &mut (), output: &mut Output) {
        self.0.borrow_mut().ended = true;
        output.close();
    }

    fn closed(&mut self, (): (), reason: Closed) {
        self.0.borrow_mut().closed = Some(reason);
    }
}

/// A certificate for `localhost`, its own issuer, and its key. They are for tests only.
const CERTIFICATE: &[u8] = include_bytes!("cert.pem");
const KEY: &[u8] = include_bytes!("key.pem");

/// The outcome of an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A peer without a handshake was refused.
    Refused,
    /// A peer was served up to its orderly end.
    Whole,
    /// A peer was served, and its damaged or truncated stream was noticed.
    Broken,
}

/// Arbitrary bytes from a peer never reach the service, and the connection ends with the peer. The
/// service hears a beginning of what a client has sent, and an orderly end only behind all of it.
///
/// The first byte of the input has the flags, the second the seed for the pieces. Bit 0: the rest
/// are bytes of the wire; otherwise it is plaintext of a client behind two bytes with the place of
/// a damage. Bit 1: that damage is done. Bit 2: close_notify is left out. Bit 3: the socket takes
/// little at a time. The bits above are the most bytes of a read; zero means the default.
pub(crate) fn tls_loop(input: &[u8]) -> Option<Outcome> {
    let [flags, seed, rest @ ..] = input else { return None };
    let config = match usize::from(flags >> 4) {
        0 => Config::default(),
        read => Config::default().with_read(read),
    };
    let calls = Rc::new(RefCell::new(Calls::default()));
    let mut harness = Harness::new(config, |_| Echo(calls.clone()));
    let acceptor = TlsAcceptor::from_pem(CERTIFICATE, KEY).expect("a certificate");
    let connector = TlsConnector::with_roots_pem(CERTIFICATE).expect("a certificate");
    let mut client = TlsClient::new(&connector, "localhost").expect("a name");
    let peer = harness.connect_over_tls(&acceptor).expect("a session");
    let outcome = match flags & 1 {
        1 => raw(rest, *seed, &peer, &mut harness, &calls),
        _ => served(rest, *flags, *seed, (&mut client, &peer), &mut harness, &calls)?,
    };
    // Lingering connections, and handshakes.
    harness.advance(Duration::from_secs(10));
    assert_eq!(harness.connections(), 0);
    Some(outcome)
}

fn raw(
    bytes: &[u8],
    seed: u8,
    peer: &Peer,
    harness: &mut Harness<Echo>,
    calls: &RefCell<Calls>,
) -> Outcome {
    for piece in cut(bytes, seed, 100) {
        peer.send(piece);
        harness.run();
    }
    peer.finish();
    harness.run();
    assert!(peer.is_closed());
    // An alert, or the first message of the server.
    let reply = peer.received();
    assert!(matches!(reply.first(), None | Some(21 | 22)), "{reply:?}");
    assert!(!calls.borrow().opened, "nobody guesses the keys");
    Outcome::Refused
}

fn served(
    script: &[u8],
    flags: u8,
    seed: u8,
    (client, peer): (&mut TlsClient, &Peer),
    harness: &mut Harness<Echo>,
    calls: &RefCell<Calls>,
) -> Option<Outcome> {
    let [high, low, plaintext @ ..] = script else { return None };
    client.exchange(peer, harness);
    assert!(client.is_established());
    client.send(plaintext);
    let is_truncated = flags & 4 != 0;
    if !is_truncated {
        client.finish();
    }
    let mut wire = client.outgoing();
    let is_damaged = flags & 2 != 0 && !wire.is_empty();
    if is_damaged {
        let place = usize::from(u16::from_be_bytes([*high, *low])) % wire.len();
        wire[place] ^= seed | 1;
    }
    for piece in cut(&wire, seed, 60) {
        if flags & 8 != 0 {
            peer.room(5);
        }
        peer.send(piece);
        harness.run();
    }
    peer.finish();
    peer.room(usize::MAX);
    harness.run();
    let calls = calls.borrow();
    assert!(plaintext.starts_with(&calls.heard), "{:?} of {plaintext:?}", calls.heard);
    assert!(!(is_truncated && calls.ended), "a truncated stream counts as whole");
    // A damage may concern bytes without a meaning, such as the version of a record.
    if is_truncated || is_damaged && !calls.ended {
        assert!(matches!(calls.closed, Some(Closed::Broken(_))), "{calls:?}");
        return Some(Outcome::Broken);
    }
    assert!(calls.ended && calls.heard == plaintext, "{calls:?}");
    assert!(matches!(calls.closed, Some(Closed::Done)), "{calls:?}");
    client.receive(&peer.received());
    assert!(client.received() == plaintext && client.has_ended());
    Some(Outcome::Whole)
}
