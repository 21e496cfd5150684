use std::time::{Duration, SystemTime};

use netcore::Address;
use netcore::server::{Config, Rejection, Service as _};
use netcore::testing::Harness;

use super::TimeService;
use crate::format::Format;
use crate::responder::Framing;
use crate::service::Service;
use crate::stamp::Stamp;
use crate::zone::Zone;

/// The clock of a harness stands at this until it is moved.
const START: u64 = 1_800_000_000;

fn harness(framing: Framing) -> Harness<TimeService> {
    Harness::new(Config::default(), |_| TimeService::new(framing, Format::Unix, Zone::Utc))
}

#[test]
fn each_chunk_is_answered_unchanged() {
    let mut harness = harness(Framing::Chunk);
    let peer = harness.connect();
    for piece in ["no line end", "\r\n", "two\nlines\n"] {
        peer.send(piece.as_bytes());
        harness.run();
        assert_eq!(peer.text(), format!("[{START}] {piece}"));
    }
    assert_eq!(peer.writes(), 3);
}

#[test]
fn the_time_goes_on() {
    let mut harness = harness(Framing::Chunk);
    let peer = harness.connect();
    harness.advance(Duration::from_millis(1999));
    peer.send(b"x");
    harness.run();
    assert_eq!(peer.text(), format!("[{}] x", START + 1));
    harness.advance(Duration::from_millis(1));
    peer.send(b"x");
    harness.run();
    assert_eq!(peer.text(), format!("[{}] x", START + 2));
}

#[test]
fn all_lines_of_a_read_are_answered_and_the_last_without_an_ending() {
    let mut harness = harness(Framing::Line { limit: 100 });
    let peer = harness.connect();
    peer.send(b"one\r\ntwo\n\nthr");
    harness.run();
    assert_eq!(peer.text(), format!("[{START}] one\r\n[{START}] two\n[{START}] \n"));
    assert_eq!(peer.writes(), 1);
    peer.send(b"ee");
    peer.finish();
    harness.run();
    assert_eq!(peer.text(), format!("[{START}] three"));
    assert!(peer.is_closed());
}

#[test]
fn a_line_that_is_too_long_is_reported_and_ends_the_connection() {
    let mut harness = harness(Framing::Line { limit: 4 });
    let peer = harness.connect();
    peer.send(b"fine\nnot fine\nfine\n");
    harness.run();
    assert_eq!(peer.text(), format!("[{START}] fine\n[{START}] error: line longer than 4 bytes\n"));
    assert!(peer.is_closed());
}

#[test]
fn fractions_are_those_of_the_moment_of_the_answer() {
    // Their clock is the system's: a turn of the loop is not exact enough for them.
    let format = Format::UnixNs;
    let mut harness =
        Harness::new(Config::default(), |_| TimeService::new(Framing::Chunk, format, Zone::Utc));
    let peer = harness.connect();
    peer.send(b"x");
    let nanos = |t: SystemTime| t.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let before = nanos(SystemTime::now());
    harness.run();
    let after = nanos(SystemTime::now());
    let text = peer.text();
    let told: u128 = text.trim_start_matches('[').trim_end_matches("] x").parse().unwrap();
    assert!((before..=after).contains(&told), "{before} {told} {after}");
}

#[test]
fn a_rejected_peer_receives_the_reason() {
    let mut service = TimeService::new(Framing::Chunk, Format::Ctime, Zone::Utc);
    let mut words = Vec::new();
    service.reject(Rejection::Full, &mut words);
    assert!(words.starts_with(b"error: ") && words.ends_with(b"\n"));
    for protocol in [Service::Echo, Service::Daytime, Service::Time] {
        let service = TimeService::new(Framing::Chunk, Format::Ctime, Zone::Utc);
        let mut words = Vec::new();
        service.with_service(protocol).reject(Rejection::Full, &mut words);
        assert_eq!(words, b"", "{protocol} has no words for it");
    }
}

#[test]
fn a_server_answers_streams_and_datagrams() -> Result<(), Box<dyn std::error::Error>> {
    use netcore::server::Server;
    use netcore::{Datagram, Deadline, SocketOptions, Stream};

    let endpoints = ["127.0.0.1:0".parse()?, "udp://127.0.0.1:0".parse()?];
    let server = Server::bind(&endpoints, Config::default().with_workers(2))?;
    let bound = server.endpoints().to_vec();
    let handle = server.handle();
    let running = std::thread::spawn(move || {
        let pattern: Format = "+constant".parse().expect("a pattern");
        server.run(|_| TimeService::new(Framing::Chunk, pattern.clone(), Zone::Utc))
    });
    let deadline = Deadline::after(Duration::from_secs(30));
    let options = SocketOptions::default();
    let stream = Stream::connect(&bound[0], &options, deadline)?;
    stream.write_all_deadline(b"hi", deadline)?;
    let mut answer = [0; 13];
    stream.read_exact_deadline(&mut answer, deadline)?;
    assert_eq!(&answer, b"[constant] hi");
    let socket = Datagram::connect(&bound[1], &options, deadline)?;
    for text in ["", "hi", &"x".repeat(60_000)] {
        socket.send(text.as_bytes(), deadline)?;
        let mut answer = vec![0; 65_536];
        let received = socket.recv(&mut answer, deadline)?;
        assert_eq!(&answer[..received.len], format!("[constant] {text}").as_bytes());
    }
    handle.stop();
    running.join().expect("the server panicked")?;
    Ok(())
}

#[test]
fn the_well_known_services_answer_streams_as_their_rfcs_say() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(START);
    for protocol in Service::ALL {
        let mut harness = Harness::new(Config::default(), |_| {
            TimeService::new(Framing::Chunk, Format::Unix, Zone::Utc).with_service(protocol)
        });
        let peer = harness.connect();
        harness.run();
        let mut first = Vec::new();
        if protocol.speaks_first() {
            protocol.answer(&[], now, &mut Stamp::new(Format::Unix, Zone::Utc), &mut first);
        }
        assert_eq!(peer.received(), first, "{protocol}");
        assert_eq!(peer.is_closed(), protocol.speaks_first(), "{protocol}");
        peer.send(b"one\r\n\xff");
        harness.run();
        let second = match protocol {
            Service::Timestamp => [format!("[{START}] ").as_bytes(), b"one\r\n\xff"].concat(),
            Service::Echo => b"one\r\n\xff".to_vec(),
            _ => Vec::new(),
        };
        assert_eq!(peer.received(), second, "{protocol}");
    }
}

#[test]
fn the_well_known_services_do_not_answer_each_other() {
    for (protocol, port, answers) in [
        (Service::Timestamp, 7, true),
        (Service::Echo, 7, false),
        (Service::Daytime, 1023, false),
        (Service::Time, 37, false),
        (Service::Echo, 1024, true),
    ] {
        let service = TimeService::new(Framing::Chunk, Format::Ctime, Zone::Utc);
        let from = Address::Inet(([127, 0, 0, 1], port).into());
        assert_eq!(service.with_service(protocol).answers(&from), answers, "{protocol} {port}");
    }
    let service = TimeService::new(Framing::Chunk, Format::Ctime, Zone::Utc);
    assert!(service.with_service(Service::Echo).answers(&Address::Unix(None)));
}
