use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn is_expired_at_its_point_and_not_before() {
    let now = Instant::now();
    let deadline = Deadline::at(now + SECOND);
    assert!(!deadline.is_expired_at(now));
    assert!(!deadline.is_expired_at(now + SECOND - Duration::from_nanos(1)));
    assert!(deadline.is_expired_at(now + SECOND));
    assert!(deadline.is_expired_at(now + 2 * SECOND));
}

#[test]
fn remaining_goes_down_to_zero_and_stays_there() {
    let now = Instant::now();
    let deadline = Deadline::after_at(now, 3 * SECOND);
    assert_eq!(deadline.remaining_at(now), Some(3 * SECOND));
    assert_eq!(deadline.remaining_at(now + SECOND), Some(2 * SECOND));
    assert_eq!(deadline.remaining_at(now + 3 * SECOND), Some(Duration::ZERO));
    assert_eq!(deadline.remaining_at(now + 9 * SECOND), Some(Duration::ZERO));
}

#[test]
fn zero_is_expired_at_once() {
    let now = Instant::now();
    assert!(Deadline::after_at(now, Duration::ZERO).is_expired_at(now));
    assert!(Deadline::after(Duration::ZERO).is_expired());
}

#[test]
fn never_does_not_expire_and_a_point_out_of_reach_is_never() {
    let far = Instant::now() + 1_000_000 * SECOND;
    assert!(!Deadline::never().is_expired_at(far));
    assert_eq!(Deadline::never().remaining_at(far), None);
    assert_eq!(Deadline::after(Duration::MAX), Deadline::never());
}

#[test]
fn earlier_takes_the_earlier_whichever_side_it_is_on() {
    let now = Instant::now();
    let (soon, late) = (Deadline::at(now + SECOND), Deadline::at(now + 2 * SECOND));
    assert_eq!(soon.earlier(late), soon);
    assert_eq!(late.earlier(soon), soon);
    assert_eq!(soon.earlier(Deadline::never()), soon);
    assert_eq!(Deadline::never().earlier(soon), soon);
    assert_eq!(Deadline::never().earlier(Deadline::never()), Deadline::never());
}

#[test]
fn shares_never_add_up_to_more_than_the_whole() {
    let start = Instant::now();
    let whole = Deadline::after_at(start, 10 * SECOND);
    let mut now = start;
    for left in (1..=4).rev() {
        let share = whole.share_at(now, left);
        // Each step uses up its share.
        now = share.instant().unwrap();
        assert!(!whole.is_expired_at(now - Duration::from_nanos(1)));
    }
    assert_eq!(now, start + 10 * SECOND);
    // Time that a step does not use goes to the steps after it.
    let second = whole.share_at(start + SECOND, 3);
    assert_eq!(second.instant(), Some(start + 4 * SECOND));
}

#[test]
fn a_share_of_never_is_never_and_the_last_has_all_that_is_left() {
    let now = Instant::now();
    let whole = Deadline::after_at(now, SECOND);
    assert_eq!(Deadline::never().share_at(now, 3), Deadline::never());
    assert_eq!(whole.share_at(now, 1), whole);
    assert_eq!(whole.share_at(now, 0), whole);
    assert!(whole.share_at(now + 2 * SECOND, 2).is_expired_at(now + 2 * SECOND));
}
