use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_newest_of_the_same_key_is_taken_first() {
    let now = Instant::now();
    let mut pool = IdleConnections::new(8, 60 * SECOND);
    for (key, connection) in [("a", 1), ("b", 2), ("a", 3), ("b", 4)] {
        assert!(pool.put_at(now, key, connection));
    }
    assert_eq!(pool.take_at(now, &"c"), None);
    assert_eq!(pool.take_at(now, &"a"), Some(3));
    assert_eq!(pool.take_at(now, &"a"), Some(1));
    assert_eq!(pool.take_at(now, &"a"), None);
    assert_eq!(pool.take_at(now, &"b"), Some(4));
}

#[test]
fn the_oldest_makes_room_and_a_zero_limit_keeps_none() {
    let now = Instant::now();
    let mut pool = IdleConnections::new(2, 60 * SECOND);
    for connection in 0..100 {
        pool.put_at(now, (), connection);
        assert!(pool.idle.len() <= 2);
    }
    assert_eq!(pool.take_at(now, &()), Some(99));
    assert_eq!(pool.take_at(now, &()), Some(98));
    assert_eq!(pool.take_at(now, &()), None);
    let mut none = IdleConnections::new(0, 60 * SECOND);
    assert!(!none.put_at(now, (), 1));
    assert_eq!(none.take_at(now, &()), None);
}

#[test]
fn expired_connections_are_dropped_at_every_call() {
    let now = Instant::now();
    let mut pool = IdleConnections::new(8, 60 * SECOND);
    pool.put_at(now, "a", 1);
    pool.put_at(now + SECOND, "b", 2);
    assert_eq!(pool.take_at(now + 59 * SECOND, &"a"), Some(1));
    pool.put_at(now + SECOND, "a", 1);
    assert_eq!(pool.take_at(now + 61 * SECOND, &"a"), None);
    assert!(pool.idle.is_empty());
    // A clock that goes backwards between threads does no harm.
    pool.put_at(now + 9 * SECOND, "a", 1);
    assert_eq!(pool.take_at(now, &"a"), Some(1));
}
