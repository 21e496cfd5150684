#[cfg(unix)]
use std::cell::Cell;
use std::fs::File;
use std::time::{Duration, Instant};

use super::*;
use crate::error::{ErrorKind, Operation};
#[cfg(unix)]
use crate::fixture::Piped;
use crate::fixture::{TestDir, listen, pair, patience};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_earlier_of_the_two_bounds_a_wait() {
    let now = Instant::now();
    let whole = Deadline::at(now + 10 * SECOND);
    let plain = TransferDeadline::from(whole);
    assert_eq!(plain.reading_at(now), whole);
    let patience = plain.with_stall_timeout(3 * SECOND);
    assert_eq!(patience.deadline(), whole);
    assert_eq!(patience.reading_at(now), Deadline::at(now + 3 * SECOND));
    assert_eq!(patience.reading_at(now + 6 * SECOND), Deadline::at(now + 9 * SECOND));
    assert_eq!(patience.reading_at(now + 8 * SECOND), whole);
    let endless = TransferDeadline::from(Deadline::never()).with_stall_timeout(SECOND);
    assert_eq!(endless.reading_at(now), Deadline::at(now + SECOND));
}

#[test]
fn a_stalled_peer_is_detected_long_before_the_deadline() {
    let (client, server) = pair(&listen("127.0.0.1:0"));
    let dir = TestDir::new();
    let to = File::create_new(dir.path("to")).unwrap();
    client.write_all_deadline(b"some", patience()).unwrap();
    let impatient =
        TransferDeadline::from(Deadline::never()).with_stall_timeout(Duration::from_millis(30));
    let error = server.receive_exact_into(&to, 9, impatient).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::TimedOut));
    assert_eq!(std::fs::read(dir.path("to")).unwrap(), b"some");
}

#[cfg(unix)]
#[test]
fn the_time_of_the_target_is_no_stall_of_the_peer() {
    let (client, server) = pair(&listen("127.0.0.1:0"));
    let mut clogged = Piped::cat();
    let entrance = clogged.take_entrance();
    let sent = Cell::new(0);
    // The peer's next piece arrives before the target has taken the last one.
    client.write_all_deadline(&[0; 4096], patience()).unwrap();
    let whole = Deadline::after(Duration::from_millis(200));
    let impatient = TransferDeadline::from(whole).with_stall_timeout(Duration::from_millis(30));
    let error = server
        .receive_exact_into_with_progress(&entrance, u64::MAX, impatient, |moved| {
            sent.set(moved);
            client.write_all_deadline(&[0; 4096], patience()).unwrap();
        })
        .unwrap_err();
    assert_eq!(error.operation(), Operation::Write, "{error}");
    assert!(sent.get() > 0);
}
