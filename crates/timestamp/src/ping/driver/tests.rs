use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::thread::JoinHandle;

use super::*;
use crate::ping::event::Order;
use crate::ping::statistics::Statistics;

const NONCE: u64 = 0xfeed_f00d_dead_beef;

/// A fast ping that only its count ends: its answers have no timeout.
fn plan(count: u64) -> Plan {
    let timeout = Duration::from_secs(60);
    Plan::default()
        .with_interval(Duration::from_millis(1))
        .with_timeout(timeout)
        .with_count(Some(count))
}

fn prober(endpoint: Endpoint, protocol: Service, plan: Plan) -> Prober {
    Prober::new(endpoint, protocol, Zone::Utc, plan, NONCE)
}

/// Returns the events and their statistics.
fn all(prober: Prober) -> (Vec<Event>, Statistics) {
    let mut statistics = Statistics::default();
    let events: Vec<Event> = prober.inspect(|event| statistics.add(event)).collect();
    (events, statistics)
}

fn orders(events: &[Event]) -> Vec<(u64, Order)> {
    let answer = |event: &Event| match event {
        Event::Answer(answer) => Some((answer.seq, answer.order)),
        _ => None,
    };
    events.iter().filter_map(answer).collect()
}

/// Starts a server that runs `script` for one client after the other.
fn over_tcp<T: Send + 'static>(
    mut script: impl FnMut(BufReader<std::net::TcpStream>, usize) -> Option<T> + Send + 'static,
) -> (Endpoint, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::tcp(listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        (0..)
            .find_map(|number| script(BufReader::new(listener.accept().unwrap().0), number))
            .unwrap()
    });
    (endpoint, server)
}

fn line(peer: &mut BufReader<std::net::TcpStream>) -> String {
    let mut line = String::new();
    let _ = peer.read_line(&mut line);
    line
}

#[test]
fn answers_over_a_stream_are_found_however_it_is_divided() {
    let (endpoint, server) = over_tcp(|mut peer, _| {
        let lines: Vec<String> = (0..4).map(|_| line(&mut peer)).collect();
        let (head, tail) = lines[2].split_at(5);
        let joined = format!("[1.5] {}{}garbage\n", lines[0], lines[1]);
        let cut = format!("[1.5] {head}[2.5] {tail}\u{7}\n[3.5] {}", lines[3]);
        peer.get_ref().write_all(joined.as_bytes()).unwrap();
        for byte in cut.bytes() {
            peer.get_ref().write_all(&[byte]).unwrap();
        }
        line(&mut peer);
        Some(())
    });
    let (events, statistics) = all(prober(endpoint, Service::Timestamp, plan(4)));
    assert_eq!(orders(&events), (1..=4).map(|seq| (seq, Order::InTurn)).collect::<Vec<_>>());
    assert_eq!((statistics.received(), statistics.lost()), (4, 0));
    // The second one has no time of its own.
    assert_eq!(statistics.estimator().samples(), 3);
    assert!(matches!(events[0], Event::Sent { seq: 1 }), "{events:?}");
    assert!(matches!(events[1], Event::Connected(Address::Inet(_))), "{events:?}");
    server.join().unwrap();
}

#[test]
fn a_connection_that_breaks_is_made_anew_and_what_was_under_way_is_lost() {
    let (endpoint, server) = over_tcp(|mut peer, number| {
        if number == 0 {
            let first = line(&mut peer);
            peer.get_ref().write_all(first.as_bytes()).unwrap();
            line(&mut peer);
            return None;
        }
        loop {
            let line = line(&mut peer);
            if line.is_empty() {
                return Some(number);
            }
            peer.get_ref().write_all(line.as_bytes()).unwrap();
        }
    });
    let plan = Plan::default().with_timeout(Duration::from_secs(60));
    let plan = plan.with_interval(Duration::from_millis(20)).with_count(Some(40));
    let (events, statistics) = all(prober(endpoint, Service::Echo, plan));
    assert_eq!(statistics.sent(), 40);
    assert_eq!(statistics.received() + statistics.lost(), 40);
    assert!(statistics.lost() >= 1 && statistics.received() >= 2, "{events:?}");
    let trouble = events.iter().filter(|event| matches!(event, Event::Error(_)));
    assert_eq!(trouble.count(), 1, "{events:?}");
    assert_eq!(server.join().unwrap(), 1, "the second connection lasts");
}

#[test]
fn without_a_server_errors_are_reported_and_all_probes_are_lost() {
    let endpoint = {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        Endpoint::tcp(gone.local_addr().unwrap())
    };
    for protocol in [Service::Timestamp, Service::Daytime] {
        let (events, statistics) = all(prober(endpoint.clone(), protocol, plan(3)));
        assert_eq!((statistics.sent(), statistics.lost()), (3, 3), "{events:?}");
        assert!(!statistics.is_alive());
        let kind = |event: &Event| match event {
            Event::Error(error) => Some(error.kind()),
            _ => None,
        };
        let refused = Some(ErrorKind::ConnectionRefused);
        assert!(events.iter().any(|event| kind(event) == refused), "{events:?}");
    }
}

#[test]
fn duplicate_and_reordered_datagrams_are_recognised() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::udp(socket.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut piece = [0; 100];
        let mut next = || {
            let (length, from) = socket.recv_from(&mut piece).unwrap();
            (String::from_utf8(piece[..length].to_vec()).unwrap(), from)
        };
        let (one, _) = next();
        let (two, from) = next();
        let forged = one.replace("beef", "babe");
        for answer in [&forged, &two, &one, &two, "", &"x".repeat(5000)] {
            socket.send_to(format!("[5] {answer}").as_bytes(), from).unwrap();
        }
        let (three, from) = next();
        socket.send_to(three.as_bytes(), from).unwrap();
    });
    let (events, statistics) = all(prober(endpoint, Service::Timestamp, plan(3)));
    let expected =
        [(2, Order::InTurn), (1, Order::Overtaken), (2, Order::Duplicate), (3, Order::InTurn)];
    assert_eq!(orders(&events), expected);
    assert_eq!((statistics.duplicates(), statistics.overtaken()), (1, 1));
    server.join().unwrap();
}

#[test]
fn servers_that_speak_first_get_one_connection_per_probe() {
    let (endpoint, server) = over_tcp(|peer, number| {
        peer.get_ref().write_all(b"Fri Nov 20 18:11:02 2026\r\n").unwrap();
        (number == 2).then_some(())
    });
    let (events, statistics) = all(prober(endpoint, Service::Daytime, plan(3)));
    assert_eq!(orders(&events), (1..=3).map(|seq| (seq, Order::InTurn)).collect::<Vec<_>>());
    assert_eq!(statistics.estimator().samples(), 3);
    assert!(statistics.is_zone_assumed());
    server.join().unwrap();

    let (endpoint, server) = over_tcp(|peer, number| {
        let seconds = crate::parse::seconds_since_1900(SystemTime::now());
        peer.get_ref().write_all(&seconds.to_be_bytes()).unwrap();
        (number == 1).then_some(())
    });
    let (events, statistics) = all(prober(endpoint, Service::Time, plan(2)));
    assert_eq!(statistics.received(), 2, "{events:?}");
    let offset = statistics.estimator().offset().unwrap();
    assert!(offset.nanos.unsigned_abs() <= offset.error.as_nanos(), "{offset:?}");
    server.join().unwrap();
}

#[test]
fn a_closed_udp_port_is_reported_and_the_ping_continues() {
    let endpoint = {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap();
        Endpoint::udp(gone.local_addr().unwrap())
    };
    let plan = plan(5).with_timeout(Duration::from_millis(50));
    let (_, statistics) = all(prober(endpoint, Service::Timestamp, plan));
    assert_eq!((statistics.sent(), statistics.lost()), (5, 5));
}
