//! Idle connections, dropped beyond a number and an age.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// At most `count` idle connections, each for at most `time`. The newest is taken first, since it
/// is the most likely to be alive. Generic over key and connection, so that tests need no socket.
#[derive(Debug)]
pub(crate) struct IdleConnections<K, C> {
    /// Idle connections, oldest first.
    idle: VecDeque<Idle<K, C>>,
    count: usize,
    time: Duration,
}

#[derive(Debug)]
struct Idle<K, C> {
    key: K,
    connection: C,
    since: Instant,
}

impl<K: Eq, C> IdleConnections<K, C> {
    /// Returns an empty list for at most `count` connections, each for at most `time`.
    pub(crate) fn new(count: usize, time: Duration) -> IdleConnections<K, C> {
        IdleConnections { idle: VecDeque::new(), count, time }
    }

    /// Removes and returns the newest connection of `key`.
    pub(crate) fn take_at(&mut self, now: Instant, key: &K) -> Option<C> {
        self.expire_at(now);
        let newest = self.idle.iter().rposition(|idle| idle.key == *key)?;
        self.idle.remove(newest).map(|idle| idle.connection)
    }

    /// Adds `connection`; the oldest one makes room. Returns `false` if `count` is 0.
    pub(crate) fn put_at(&mut self, now: Instant, key: K, connection: C) -> bool {
        self.expire_at(now);
        if self.count == 0 {
            return false;
        }
        if self.idle.len() >= self.count {
            self.idle.pop_front();
        }
        self.idle.push_back(Idle { key, connection, since: now });
        true
    }

    fn expire_at(&mut self, now: Instant) {
        let time = self.time;
        let is_old = |idle: &Idle<K, C>| now.saturating_duration_since(idle.since) >= time;
        while self.idle.front().is_some_and(is_old) {
            self.idle.pop_front();
        }
    }
}
