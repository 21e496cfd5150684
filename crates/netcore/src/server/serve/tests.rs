use super::*;
use crate::fixture::{endpoint, pair};
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The options of a connection that a listener with these options has accepted.
fn accepted(options: &SocketOptions) -> SocketOptions {
    let listener = Listener::bind(&endpoint("127.0.0.1:0"), options).unwrap().remove(0);
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
        // A listener alone does not know whether its peers may pause.
        assert_eq!(accepted(&none).user_timeout(), Some(Duration::ZERO));
    }
}

#[test]
fn the_limit_is_the_configs_and_options_win() {
    let none = SocketOptions::new();
    let config = Config::default().with_dead_peer_timeout(Some(seconds(8)));
    let eight = noticing_dead_peers(&none, &config);
    assert_eq!(eight.keepalive(), Some(Some(Keepalive::within(seconds(8)))));
    // Peers that may pause forever must not be cut off for that.
    let patient = noticing_dead_peers(&none, &config.clone().with_stall_timeout(None));
    assert_eq!((patient.keepalive(), patient.user_timeout()), (eight.keepalive(), None));

    let off = noticing_dead_peers(&none, &Config::default().with_dead_peer_timeout(None));
    assert_eq!((off.keepalive(), off.user_timeout()), (Some(None), None));
    assert_eq!(accepted(&off).keepalive(), Some(None));

    let own = none.with_keepalive(None).with_user_timeout(seconds(3));
    assert_eq!(noticing_dead_peers(&own, &config), own);
}
