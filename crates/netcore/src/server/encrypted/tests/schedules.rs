//! Random schedules: the service and its peer cannot tell TLS from a connection in the clear.

use super::*;
use crate::testing::{Random, SEED_VARIABLE};

const SCHEDULES: usize = 40;

/// One thing that happens to a connection.
#[derive(Debug, Clone)]
enum Event {
    /// The peer sends this many bytes.
    Send(usize),
    /// This many bytes of the wire arrive.
    Arrive(usize),
    Turn,
    /// The socket has room for this many bytes.
    Room(usize),
    /// The peer reads what has arrived.
    Read,
    Wait(Duration),
}

fn schedule(random: &mut Random) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..random.below(60) {
        let size = *random.pick(&[1, 30, 600, 20_000, 70_000]);
        events.push(match random.below(8) {
            0 | 1 => Event::Send(random.below(size) + 1),
            2 | 3 => Event::Arrive(random.below(size) + 1),
            4 => Event::Turn,
            5 => Event::Room(random.below(size)),
            6 => Event::Read,
            _ => Event::Wait(Duration::from_millis(random.below(200) as u64)),
        });
    }
    events
}

/// The bytes and calls that the two sides have seen in the end.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    heard: Vec<u8>,
    received: Vec<u8>,
    calls: Vec<String>,
    has_ended: bool,
}

/// Plays a schedule over TLS, or in the clear.
fn play(events: &[Event], config: &Config, late: bool, over_tls: bool) -> Outcome {
    let config = config.clone();
    let mut bench = if late { Bench::late(config) } else { Bench::new(config) };
    let (peer, mut client) = match over_tls {
        true => {
            let (peer, client) = bench.start();
            (peer, Some(client))
        }
        false => (bench.harness.connect(), None),
    };
    let mut received = Vec::new();
    let mut wire = Vec::new();
    let mut sent = 0;
    for event in events {
        if let Some(client) = &mut client {
            wire.extend(client.outgoing());
        }
        match event {
            Event::Send(length) => {
                let bytes: Vec<u8> = (sent..sent + length).map(|it| (it % 251) as u8).collect();
                sent += length;
                match &mut client {
                    Some(client) => client.send(&bytes),
                    None => wire.extend(bytes),
                }
            }
            Event::Arrive(length) => {
                let rest = wire.split_off((*length).min(wire.len()));
                peer.send(&std::mem::replace(&mut wire, rest));
            }
            Event::Turn => {
                bench.harness.turn();
            }
            Event::Room(room) => peer.room(*room),
            Event::Read => {
                receive(&peer, &mut client, &mut received);
            }
            Event::Wait(time) => bench.harness.advance(*time),
        }
    }
    // Everything arrives in the end.
    peer.room(usize::MAX);
    if let Some(client) = &mut client {
        client.finish();
    }
    loop {
        if let Some(client) = &mut client {
            wire.extend(client.outgoing());
        }
        let sent = std::mem::take(&mut wire);
        peer.send(&sent);
        if client.is_none() {
            peer.finish();
        }
        bench.harness.run();
        let is_last = sent.is_empty() && !receive(&peer, &mut client, &mut received);
        if is_last {
            break;
        }
    }
    // The plain transport calls `ready` for other pieces.
    let calls = bench.log().into_iter().filter(|call| call != "ready").collect();
    Outcome {
        heard: std::mem::take(&mut bench.harness.service().heard),
        received,
        calls,
        has_ended: client.map_or(peer.is_closed(), |client| client.has_ended()),
    }
}

/// Passes on what has arrived at the peer. Returns `true` if there was something.
fn receive(peer: &Peer, client: &mut Option<TlsClient>, received: &mut Vec<u8>) -> bool {
    let bytes = peer.received();
    match client {
        Some(client) => {
            client.receive(&bytes);
            received.extend(client.received());
        }
        None => received.extend(&bytes),
    }
    !bytes.is_empty()
}

#[test]
fn any_schedule_gives_the_same_over_tls_and_in_the_clear() {
    let mut random = Random::from_env(SEED_VARIABLE);
    for _ in 0..SCHEDULES {
        let events = schedule(&mut random);
        let read = *random.pick(&[1000, 16_384, 65_536]);
        let late = random.below(2) == 0;
        let config = Config::default().with_read(read).with_stall_timeout(None);
        let clear = play(&events, &config, late, false);
        let over_tls = play(&events, &config, late, true);
        assert_eq!(clear.calls, ["open 127.0.0.1:1", "end", "closed Done"]);
        assert!(clear == over_tls, "read {read}, late {late}: {events:?}\n{over_tls:?}");
    }
}
