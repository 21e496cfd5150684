//! Connections that wait for their next request.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// At most so many idle connections, each for so long at most; the newest is taken first, since it
/// is the likeliest to be alive still. Over any kind of key and connection, so that tests need no
/// socket.
#[derive(Debug)]
pub(crate) struct IdleConnections<K, C> {
    /// The oldest first.
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
    /// `count` connections at most, each for `time` at most.
    pub(crate) fn new(count: usize, time: Duration) -> IdleConnections<K, C> {
        IdleConnections { idle: VecDeque::new(), count, time }
    }

    /// The newest connection of `key`.
    pub(crate) fn take_at(&mut self, now: Instant, key: &K) -> Option<C> {
        self.expire_at(now);
        let newest = self.idle.iter().rposition(|idle| idle.key == *key)?;
        self.idle.remove(newest).map(|idle| idle.connection)
    }

    /// Keeps `connection`; the oldest one makes room. `false`: none are kept.
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
