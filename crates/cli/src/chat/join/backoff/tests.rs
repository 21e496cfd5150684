use super::*;

#[test]
fn pauses_double_up_to_the_longest_and_vary() {
    let (mut short, mut long) = (Backoff::default(), Backoff::default());
    for seconds in [1, 2, 4, 8, 16, 30, 30, 30] {
        let longest = Duration::from_secs(seconds);
        assert_eq!((short.next(0), long.next(u64::MAX)), (longest / 2, longest));
    }
    let between = Backoff::default().next(u64::MAX / 2);
    assert!(between > FIRST / 2 && between < FIRST, "{between:?}");
}

#[test]
fn only_a_connection_that_lasted_begins_anew() {
    let mut backoff = Backoff::default();
    let (first, second) = (backoff.next(0), backoff.next(0));
    backoff.lasted(LONGEST - Duration::from_millis(1));
    assert!(backoff.next(0) > second);
    backoff.lasted(LONGEST);
    assert_eq!(backoff.next(0), first);
}
