use super::*;
use crate::address::Address;
use crate::deadline::Deadline;
use crate::fixture::{endpoint, has_ipv6, pair};
use crate::server::output::Output;
use crate::stream::Stream;
use std::io::Read;
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns the options of a connection that a listener with these options has accepted.
fn accepted(options: &SocketOptions) -> SocketOptions {
    let listener = Listener::bind_with(endpoint("127.0.0.1:0"), options).unwrap();
    let (_client, server) = pair(&listener);
    SocketOptions::read_from(&server).unwrap()
}

#[test]
fn a_connection_notices_that_its_peer_vanished_within_two_minutes() {
    let none = SocketOptions::new();
    let served = accepted(&noticing_dead_peers(&none, &Config::default()));
    for options in [&served, &accepted(&none)] {
        let keepalive = options.keepalive().flatten().expect("keepalive is on");
        if sys::HAS_KEEPALIVE_TIMES {
            let (idle, interval) = (keepalive.idle().unwrap(), keepalive.interval().unwrap());
            assert_eq!(idle + interval * keepalive.count().unwrap(), seconds(120));
        }
    }
    if sys::HAS_USER_TIMEOUT {
        assert_eq!(served.user_timeout(), Some(seconds(120)));
        // Only the server, not the listener, knows whether its peers may pause.
        assert_eq!(accepted(&none).user_timeout(), Some(Duration::ZERO));
    }
}

#[test]
fn the_limit_comes_from_the_config_and_options_take_precedence() {
    let none = SocketOptions::new();
    let config = Config::default().with_dead_peer_timeout(Some(seconds(8)));
    let eight = noticing_dead_peers(&none, &config);
    assert_eq!(eight.keepalive(), Some(Some(Keepalive::within(seconds(8)))));
    // Peers that may pause forever must keep their connections.
    let patient = noticing_dead_peers(&none, &config.clone().with_stall_timeout(None));
    assert_eq!((patient.keepalive(), patient.user_timeout()), (eight.keepalive(), None));

    let off = noticing_dead_peers(&none, &Config::default().with_dead_peer_timeout(None));
    assert_eq!((off.keepalive(), off.user_timeout()), (Some(None), None));
    assert_eq!(accepted(&off).keepalive(), Some(None));

    let own = none.with_keepalive(None).with_user_timeout(seconds(3));
    assert_eq!(noticing_dead_peers(&own, &config), own);
}

#[test]
fn both_wildcard_addresses_may_share_a_port() {
    if !has_ipv6() {
        return;
    }
    let config = Config::default().with_workers(1);
    for scheme in ["tcp", "udp"] {
        for hosts in [["0.0.0.0", "[::]"], ["[::]", "0.0.0.0"]] {
            // A port that is free for one may not be for the other.
            let bound = (0..16).find_map(|_| {
                let first = Server::bind(&[endpoint(&format!("{scheme}://:0"))], config.clone());
                let port = match first.unwrap().endpoints()[0].port() {
                    Some(Port::Number(port)) => *port,
                    other => panic!("{other:?}"),
                };
                let both = hosts.map(|host| endpoint(&format!("{scheme}://{host}:{port}")));
                Server::bind(&both, config.clone()).ok().map(|server| (both, server))
            });
            let (both, server) = bound.expect("one of 16 ports is free");
            assert_eq!(server.endpoints(), both);
        }
    }
}

#[test]
fn only_the_ipv6_twin_of_an_ipv4_wildcard_leaves_ipv4_alone() {
    let none = SocketOptions::new();
    let only_v6 = |one: &str, other: &str| {
        leaving_ipv4(&none, &endpoint(one), &[endpoint(one), endpoint(other)]).only_v6()
    };
    assert_eq!(only_v6("[::]:7", "0.0.0.0:7"), Some(true));
    for (one, other) in [
        ("[::]:7", "0.0.0.0:8"),
        ("[::]:7", "udp://0.0.0.0:7"),
        ("[::]:0", "0.0.0.0:0"),
        ("[::]:7", "127.0.0.1:7"),
        (":7", "0.0.0.0:7"),
        ("0.0.0.0:7", "[::]:7"),
    ] {
        assert_eq!(only_v6(one, other), None, "{one} beside {other}");
    }
}

/// Sends the number of the endpoint by which a connection came in.
struct Number;

impl Service for Number {
    type Connection = ();

    fn open(&mut self, _: &Address, output: &mut Output) {
        output.abort();
    }

    fn open_on(&mut self, listener: usize, _: &Address, output: &mut Output) {
        output.send(format!("{listener}").as_bytes());
        output.close();
    }

    fn receive(&mut self, (): &mut (), _: &[u8], _: &mut Output) {}
}

#[test]
fn a_service_knows_by_which_of_the_given_endpoints_a_connection_came_in() {
    // `localhost` may have two addresses, which are one given endpoint.
    let given = ["localhost:0", "udp://127.0.0.1:0", "127.0.0.1:0"].map(endpoint);
    let server = Server::bind(&given, Config::default().with_workers(2)).unwrap();
    let bound = (0..given.len()).map(|index| server.endpoints_of(index).count());
    assert_eq!(bound.sum::<usize>(), server.endpoints().len());
    let mut targets = Vec::new();
    for index in [0, 2] {
        targets.extend(server.endpoints_of(index).map(|endpoint| (index, endpoint.clone())));
    }
    let handle = server.handle();
    let serving = thread::spawn(move || server.run(|_| Number));
    for (index, target) in targets {
        let mut stream =
            Stream::connect(target, &SocketOptions::default(), Deadline::after(seconds(10)))
                .unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).unwrap();
        assert_eq!(received, index.to_string());
    }
    handle.stop();
    serving.join().unwrap().unwrap();
}
