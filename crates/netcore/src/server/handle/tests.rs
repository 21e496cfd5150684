use super::*;

fn shared(workers: usize, config: Config) -> Shared {
    Shared::new((0..workers).map(|_| Mailbox::new(None)).collect(), &config)
}

#[test]
fn connections_are_admitted_up_to_the_limit_of_all_workers_together() {
    let shared = shared(2, Config::default().with_max_connections(3));
    let admitted: Vec<bool> = [0, 1, 1, 0, 1].into_iter().map(|it| shared.admit(it)).collect();
    assert_eq!(admitted, [true, true, true, false, false]);
    assert_eq!(shared.connections(), 3);
    shared.mailboxes[1].load.fetch_sub(1, Ordering::Relaxed);
    assert!(shared.admit(0));
}

#[cfg(feature = "tls")]
#[test]
fn handshakes_are_spread_over_the_workers_that_have_room() {
    let shared = shared(2, Config::default().with_max_handshakes(4));
    // The second worker has more connections, and gets a handshake only at the limit of the first.
    for _ in 0..10 {
        assert!(shared.admit(1));
    }
    let workers: Vec<Option<usize>> = (0..5).map(|_| shared.begin_handshake()).collect();
    assert_eq!(workers, [Some(0), Some(0), Some(1), Some(1), None]);
    assert!(!shared.can_handshake());
    shared.handshake_over(1);
    assert!(shared.can_handshake());
    assert_eq!(shared.begin_handshake(), Some(1));
    // Handshakes are no connections.
    assert_eq!(shared.connections(), 10);
}

#[cfg(feature = "tls")]
#[test]
fn the_first_worker_is_woken_by_a_handshake_that_ends_only_if_it_waits_for_one() {
    let shared = shared(2, Config::default().with_max_handshakes(2));
    while shared.begin_handshake().is_some() {}
    shared.handshake_over(1);
    assert!(!shared.acceptor_waits.load(Ordering::SeqCst), "nobody has asked yet");
    assert_eq!(shared.begin_handshake(), Some(1));
    assert!(!shared.can_handshake());
    assert!(shared.acceptor_waits.load(Ordering::SeqCst));
    shared.handshake_over(1);
    assert!(!shared.acceptor_waits.load(Ordering::SeqCst), "woken once");
}
