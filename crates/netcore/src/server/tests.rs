use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::harness::{Harness, Peer};
use super::{Closed, Config, ConnectionId, Output, Service, Turn};
use crate::address::Address;

/// Echoes, obeys single letters, and logs its calls.
#[derive(Default)]
struct Probe {
    log: Rc<RefCell<Vec<String>>>,
    /// Pieces that `ready` sends, one in each call.
    supply: Vec<Bytes>,
    /// Bytes that all connections get in the next turn.
    broadcast: Option<Bytes>,
    /// Connection that gets a message in the next turn, and `true` if it is aborted then.
    only: Option<(ConnectionId, bool)>,
    hold: bool,
    heard: Vec<u8>,
}

impl Probe {
    fn note(&self, what: impl Into<String>) {
        self.log.borrow_mut().push(what.into());
    }
}

impl Service for Probe {
    type Connection = ConnectionId;

    fn open(&mut self, peer: &Address, output: &mut Output) -> ConnectionId {
        self.note(format!("open {peer}"));
        output.id()
    }

    fn receive(&mut self, id: &mut ConnectionId, input: &[u8], output: &mut Output) {
        assert_eq!(*id, output.id());
        self.heard.extend(input);
        match input {
            b"C" => output.close(),
            b"A" => {
                output.send(b"never seen");
                output.abort();
            }
            b"M" => output.call_ready_when_flushed(),
            _ => output.send(input),
        }
    }

    fn ready(&mut self, _: &mut ConnectionId, output: &mut Output) {
        if let Some(piece) = self.supply.pop() {
            output.share(piece);
            output.call_ready_when_flushed();
        }
    }

    fn stop(&mut self, _: &mut ConnectionId, output: &mut Output) {
        output.send(b"bye");
        output.close();
    }

    fn closed(&mut self, _: ConnectionId, why: Closed) {
        self.note(match why {
            Closed::Broken(e) => format!("closed Broken {:?}", e.kind()),
            other => format!("closed {other:?}"),
        });
    }

    fn turn(&mut self, turn: &mut Turn<'_, ConnectionId>) {
        if let Some((id, cut)) = self.only.take() {
            let known = turn.with(id, |_, output| {
                output.send(b"only for it");
                if cut {
                    output.abort();
                }
            });
            self.note(format!("known {known}"));
        }
        if let Some(bytes) = self.broadcast.take() {
            turn.each(|_, output| output.share(bytes.clone()));
        }
        match self.hold {
            true => turn.pause_reading(),
            false => turn.resume_reading(),
        }
    }
}

struct Bench {
    harness: Harness<Probe>,
    log: Rc<RefCell<Vec<String>>>,
}

impl Bench {
    fn new(config: Config) -> Bench {
        let log = Rc::new(RefCell::new(Vec::new()));
        let service = Probe { log: log.clone(), ..Probe::default() };
        Bench { harness: Harness::new(config, |_| service), log }
    }

    fn connect(&mut self) -> Peer {
        let peer = self.harness.connect();
        self.log.borrow_mut().clear();
        peer
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
fn an_exchange_is_one_write() {
    let mut bench = bench();
    let peer = bench.connect();
    peer.send(b"hello");
    bench.harness.run();
    assert_eq!(peer.text(), "hello");
    assert_eq!(peer.writes(), 1);
}

#[test]
fn unsent_bytes_are_sent_later_in_order() {
    let mut bench = bench();
    let peer = bench.connect();
    peer.room(3);
    peer.send(b"one two ");
    bench.harness.run();
    peer.send(b"three");
    bench.harness.run();
    assert_eq!(peer.text(), "one");
    peer.room(4);
    bench.harness.run();
    assert_eq!(peer.text(), " two");
    peer.room(usize::MAX);
    bench.harness.run();
    assert_eq!(peer.text(), " three");
}

#[test]
fn a_peer_that_does_not_read_is_not_read() {
    let mut bench = bench();
    let peer = bench.connect();
    peer.room(0);
    let sent = 64 << 20;
    for _ in 0..64 {
        peer.send(&vec![b'x'; sent / 64]);
        bench.harness.run();
    }
    // One read's worth waits in the server; the rest stays in the socket.
    peer.room(64 * 1024);
    bench.harness.turn();
    assert_eq!(peer.received().len(), 64 * 1024);
    peer.room(usize::MAX);
    bench.harness.run();
    assert_eq!(peer.received().len(), sent - 64 * 1024);
}

#[test]
fn a_peer_that_floods_does_not_keep_others_waiting() {
    let mut bench = bench();
    let flood = bench.connect();
    let other = bench.connect();
    flood.send(&vec![b'x'; 10 << 20]);
    other.send(b"hello");
    bench.harness.turn();
    assert_eq!(other.text(), "hello");
    assert_eq!(flood.received().len(), 64 * 1024);
    bench.harness.run();
    assert_eq!(flood.received().len(), (10 << 20) - 64 * 1024);
}

#[test]
fn shared_output_goes_to_all_in_a_write_each() {
    let mut bench = bench();
    let peers: Vec<Peer> = (0..3).map(|_| bench.connect()).collect();
    peers[1].room(2);
    let bytes = Bytes::from_static(b"news");
    bench.harness.service().broadcast = Some(bytes.clone());
    bench.harness.run();
    assert_eq!(peers[0].text(), "news");
    assert_eq!(peers[1].text(), "ne");
    assert_eq!(peers[2].text(), "news");
    assert!(peers.iter().all(|p| p.writes() == 1));
    // A connection with unsent bytes gets the broadcast behind them.
    bench.harness.service().broadcast = Some(bytes);
    bench.harness.run();
    peers[1].room(usize::MAX);
    bench.harness.run();
    assert_eq!(peers[1].text(), "wsnews");
}

#[test]
fn a_service_can_supply_as_the_socket_takes() {
    let mut bench = bench();
    let peer = bench.connect();
    bench.harness.service().supply = vec![Bytes::from_static(b"b"), Bytes::from_static(b"a")];
    peer.room(0);
    peer.send(b"M");
    bench.harness.run();
    assert_eq!(
        bench.harness.service().supply.len(),
        1,
        "the second waits for the first to be taken"
    );
    peer.room(usize::MAX);
    bench.harness.run();
    assert_eq!(peer.text(), "ab");
}

#[test]
fn the_last_word_of_a_half_closed_peer_is_answered() {
    let mut bench = bench();
    let peer = bench.connect();
    peer.room(1);
    peer.send(b"last word");
    peer.finish();
    bench.harness.run();
    assert!(!peer.is_closed());
    peer.room(usize::MAX);
    bench.harness.run();
    assert_eq!(peer.text(), "last word");
    assert!(peer.is_closed());
    assert_eq!(bench.log(), ["closed Done"]);
    assert_eq!(bench.harness.connections(), 0);
}

#[test]
fn a_reset_ends_its_connection_and_no_other() {
    let mut bench = bench();
    let (gone, stays) = (bench.connect(), bench.connect());
    gone.reset();
    stays.send(b"here");
    bench.harness.run();
    assert_eq!(bench.log(), ["closed Broken ConnectionReset"]);
    assert_eq!(stays.text(), "here");
    assert_eq!(bench.harness.connections(), 1);
}

#[test]
fn a_reset_is_seen_while_reading_is_held() {
    let mut bench = bench();
    let peer = bench.connect();
    bench.harness.service().hold = true;
    bench.harness.run();
    peer.reset();
    bench.harness.run();
    assert_eq!(bench.log(), ["closed Broken ConnectionReset"]);
}

#[test]
fn held_input_is_read_when_the_hold_ends() {
    let mut bench = bench();
    let peer = bench.connect();
    bench.harness.service().hold = true;
    bench.harness.run();
    peer.send(b"wait");
    bench.harness.run();
    assert_eq!(peer.text(), "");
    bench.harness.service().hold = false;
    bench.harness.run();
    assert_eq!(peer.text(), "wait");
}

#[test]
fn a_closing_connection_gets_nothing_more_and_can_be_aborted() {
    let mut bench = bench();
    let peer = bench.connect();
    let id = ConnectionId { index: 0, generation: 0 };
    peer.room(0);
    peer.send(b"owed");
    bench.harness.run();
    bench.harness.stop();
    bench.harness.service().only = Some((id, false));
    bench.harness.service().broadcast = Some(Bytes::from_static(b"for all"));
    bench.harness.run();
    peer.room(6);
    bench.harness.run();
    assert_eq!(peer.text(), "owedby");
    bench.harness.service().only = Some((id, true));
    bench.harness.run();
    bench.harness.service().only = Some((id, true));
    bench.harness.run();
    assert_eq!(bench.log(), ["known true", "known true", "closed Aborted", "known false"]);
    assert_eq!((peer.text(), bench.harness.connections()), (String::new(), 0));
}

#[test]
fn bytes_sent_before_a_loss_are_received() {
    let mut bench = bench();
    let peer = bench.connect();
    peer.room(0);
    peer.send(b"one");
    bench.harness.run();
    peer.send(b"two");
    peer.lose();
    bench.harness.run();
    assert_eq!(bench.log(), ["closed Broken ConnectionReset"]);
    assert_eq!(bench.harness.service().heard, b"onetwo");
}

#[test]
fn a_closing_connection_whose_peer_takes_nothing_is_released() {
    let mut bench = Bench::new(Config::default().with_stall_timeout(None));
    let peer = bench.connect();
    peer.room(0);
    peer.send(b"a long answer");
    bench.harness.run();
    peer.finish();
    bench.harness.run();
    bench.harness.advance(Duration::from_secs(3600));
    assert_eq!(bench.harness.connections(), 1, "it may take its time");
    bench.harness.stop();
    bench.harness.advance(Duration::from_secs(30));
    assert_eq!(bench.log(), ["closed Stalled"]);
}

#[test]
fn a_close_waits_for_the_peer_and_drops_its_input() {
    let mut bench = bench();
    let peer = bench.connect();
    peer.send(b"C");
    bench.harness.run();
    assert!(peer.is_closed());
    assert_eq!(bench.log(), ["closed Done"], "the service is told at once");
    assert_eq!(bench.harness.connections(), 1, "the socket stays for what is on its way");
    peer.send(b"still talking");
    bench.harness.advance(Duration::from_millis(200));
    peer.send(b"and on");
    bench.harness.advance(Duration::from_millis(200));
    assert_eq!(bench.harness.connections(), 1);
    assert_eq!(peer.text(), "");
    peer.finish();
    bench.harness.run();
    assert_eq!(bench.harness.connections(), 0);
}

#[test]
fn a_close_does_not_wait_for_a_peer_that_stays_silent_or_never_ends() {
    let mut bench = bench();
    let (silent, endless) = (bench.connect(), bench.connect());
    silent.send(b"C");
    endless.send(b"C");
    bench.harness.run();
    bench.harness.advance(Duration::from_millis(249));
    assert_eq!(bench.harness.connections(), 2);
    endless.send(b"more");
    bench.harness.run();
    bench.harness.advance(Duration::from_millis(1));
    assert_eq!(bench.harness.connections(), 1);
    for _ in 0..48 {
        endless.send(b"more");
        bench.harness.advance(Duration::from_millis(100));
    }
    assert_eq!(bench.harness.connections(), 0);
}

#[test]
fn an_abort_drops_unsent_bytes() {
    let mut bench = bench();
    let peer = bench.connect();
    peer.send(b"A");
    bench.harness.run();
    assert_eq!(peer.text(), "");
    assert_eq!(bench.log(), ["closed Aborted"]);
    assert_eq!(bench.harness.connections(), 0);
}

#[test]
fn idle_connections_are_closed_and_active_ones_are_not() {
    let idle = Some(Duration::from_secs(10));
    let mut bench = Bench::new(Config::default().with_idle_timeout(idle));
    let (idle, active) = (bench.connect(), bench.connect());
    for _ in 0..5 {
        active.send(b"x");
        bench.harness.run();
        bench.harness.advance(Duration::from_secs(3));
    }
    assert!(idle.is_closed());
    assert!(!active.is_closed());
    bench.harness.advance(Duration::from_secs(7));
    assert!(active.is_closed());
}

#[test]
fn timers_of_released_connections_are_dropped() {
    let idle = Some(Duration::from_secs(3600));
    let mut bench = Bench::new(Config::default().with_idle_timeout(idle));
    let stays = bench.connect();
    for _ in 0..5000 {
        let peer = bench.connect();
        peer.finish();
        bench.harness.run();
    }
    assert_eq!(bench.harness.connections(), 1);
    assert!(bench.harness.timers() < 2000);
    bench.harness.advance(Duration::from_secs(3600));
    assert!(stays.is_closed());
}

#[test]
fn stalled_connections_are_closed_and_slow_ones_are_not() {
    let mut bench = Bench::new(Config::default().with_stall_timeout(Some(Duration::from_secs(30))));
    let (stalled, slow) = (bench.connect(), bench.connect());
    for peer in [&stalled, &slow] {
        peer.room(0);
        peer.send(b"a long answer");
    }
    bench.harness.run();
    for _ in 0..3 {
        bench.harness.advance(Duration::from_secs(20));
        slow.room(1);
        bench.harness.run();
    }
    assert_eq!(bench.log(), ["closed Stalled"]);
    assert_eq!(bench.harness.connections(), 1);
    assert_eq!(slow.text(), "a l");
    bench.harness.advance(Duration::from_secs(30));
    assert_eq!(bench.log(), ["closed Stalled"]);
}

#[test]
fn a_stop_answers_input_that_has_arrived_and_closes() {
    let mut bench = bench();
    let (peer, slow) = (bench.connect(), bench.connect());
    peer.send(b"before");
    slow.room(0);
    slow.send(b"owed");
    bench.harness.stop();
    assert_eq!(peer.text(), "beforebye");
    assert!(peer.is_closed());
    peer.send(b"after");
    bench.harness.run();
    slow.room(usize::MAX);
    bench.harness.run();
    assert_eq!(slow.text(), "owedbye");
    assert!(slow.is_closed());
    assert_eq!(peer.text(), "");
}

#[test]
fn the_name_of_a_connection_is_never_used_again() {
    let ids: RefCell<Vec<ConnectionId>> = RefCell::default();
    struct Names<'a>(&'a RefCell<Vec<ConnectionId>>);
    impl Service for Names<'_> {
        type Connection = ();
        fn open(&mut self, _: &Address, output: &mut Output) {
            self.0.borrow_mut().push(output.id());
        }
        fn receive(&mut self, _: &mut (), _: &[u8], _: &mut Output) {}
    }
    let mut harness = Harness::new(Config::default(), |_| Names(&ids));
    for _ in 0..3 {
        let peer = harness.connect();
        peer.finish();
        harness.run();
    }
    let ids = ids.borrow();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

/// Closes at the first input, and tries to send more afterwards.
#[derive(Default)]
struct Parting {
    id: Option<ConnectionId>,
    cut: bool,
}

impl Parting {
    fn talk_on(output: &mut Output) {
        output.send(b" more");
        output.share(Bytes::from_static(b" more"));
        output.buffer().extend(b" more");
        let _ = output.write(b" more");
    }
}

impl Service for Parting {
    type Connection = ();

    fn open(&mut self, _: &Address, output: &mut Output) {
        self.id = Some(output.id());
    }

    fn receive(&mut self, (): &mut (), _: &[u8], output: &mut Output) {
        output.share(Bytes::from_static(b"last "));
        output.buffer().extend(b"words");
        assert!(!output.is_closed());
        output.close();
        assert!(output.is_closed());
        Parting::talk_on(output);
        output.close();
        Parting::talk_on(output);
    }

    fn turn(&mut self, turn: &mut Turn<'_, ()>) {
        let Some(id) = self.id else { return };
        let cut = self.cut;
        turn.with(id, |(), output| {
            if output.is_closed() {
                Parting::talk_on(output);
            }
            if cut {
                output.abort();
                assert!(output.is_closed());
                Parting::talk_on(output);
            }
        });
    }
}

#[test]
fn after_a_close_nothing_more_is_sent() {
    let mut harness = Harness::new(Config::default(), |_| Parting::default());
    let peer = harness.connect();
    peer.send(b"x");
    harness.run();
    assert_eq!((peer.text(), peer.is_closed()), ("last words".to_owned(), true));
    // The same in the service's turn, while the last bytes are unsent.
    let slow = harness.connect();
    slow.room(3);
    slow.send(b"x");
    harness.run();
    assert_eq!((slow.text(), slow.is_closed()), ("las".to_owned(), false));
    slow.room(usize::MAX);
    harness.run();
    assert_eq!((slow.text(), slow.is_closed()), ("t words".to_owned(), true));
    let cut = harness.connect();
    cut.room(3);
    cut.send(b"x");
    harness.run();
    harness.service().cut = true;
    harness.run();
    assert_eq!((cut.text(), cut.is_closed()), ("las".to_owned(), true));
}
