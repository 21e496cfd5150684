//! Happy Eyeballs version 2 (RFC 8305) without I/O: the order and the times of the attempts.
//!
//! Each attempt goes through
//!
//! ```text
//!   waiting ──Start──► in flight ─┬─connected──► the winner; all that are in flight are cancelled
//!                                 └─failed─────► out; the next one is started at once
//! ```
//!
//! and the race as a whole through
//!
//! ```text
//!   ┌──► poll ──┬─► Start(attempt)   the first at once; the next one when the attempt delay is
//!   │           │                    over, or as soon as one has failed
//!   │           ├─► Wait(deadline)   until something happens to an attempt, or that time has come
//!   └───────────┘
//!               ├─► AllFailed        there is no address left
//!               └─► DeadlinePassed   there was still hope
//! ```
//!
//! The time is an argument. The driver reports with [`failed`](Race::failed) that an attempt has
//! failed. When an attempt has connected, the race is over and can be dropped.
//!
//! RFC 8305 section 3 has no part here. It asks for IPv4 and IPv6 addresses separately, while
//! getaddrinfo(3) returns all addresses at once, in the order of RFC 6724.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::deadline::Deadline;

#[cfg(test)]
mod tests;

/// The Connection Attempt Delay (RFC 8305 sections 5 and 8).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The minimum attempt delay (RFC 8305 section 5).
pub const MIN_ATTEMPT_DELAY: Duration = Duration::from_millis(10);

/// The most addresses of one name that are tried. Each attempt in flight has a socket.
pub const MAX_ADDRESSES: usize = 32;

/// Returns the addresses in the order of the attempts (RFC 8305 section 4). The families alternate,
/// beginning with that of the first address, and each family keeps its own order. Each address
/// appears once; the list has at most [`MAX_ADDRESSES`].
pub(super) fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ours, theirs): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut ours, mut theirs) = (ours.into_iter(), theirs.into_iter());
    let mut order = Vec::new();
    while order.len() < MAX_ADDRESSES {
        let turn = [ours.next(), theirs.next()];
        if turn == [None, None] {
            break;
        }
        for address in turn.into_iter().flatten() {
            if !order.contains(&address) {
                order.push(address);
            }
        }
    }
    order.truncate(MAX_ADDRESSES);
    order
}

/// The next action of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Start this attempt, and report if it fails at once.
    Start(usize),
    /// Wait for an event of an attempt in flight, but no longer than this.
    Wait(Deadline),
    /// The race is over: every attempt has failed.
    AllFailed,
    /// The race is over: the deadline passed first.
    DeadlinePassed,
}

/// Attempts to connect, numbered in the order in which they start.
#[derive(Debug)]
pub(super) struct Race {
    addresses: usize,
    /// The number of started attempts: those below this number.
    started: usize,
    in_flight: usize,
    delay: Duration,
    /// Start time of the next attempt unless an attempt fails before.
    next: Deadline,
    deadline: Deadline,
}

impl Race {
    pub(super) fn new(addresses: usize, delay: Duration, deadline: Deadline) -> Race {
        Race {
            addresses,
            started: 0,
            in_flight: 0,
            delay: delay.max(MIN_ATTEMPT_DELAY),
            next: Deadline::never(),
            deadline,
        }
    }

    /// Returns the action to take at `now`. After [`Action::Start`] another action may be due at
    /// once.
    pub(super) fn poll(&mut self, now: Instant) -> Action {
        let waiting = self.addresses - self.started;
        if waiting == 0 && self.in_flight == 0 {
            return Action::AllFailed;
        }
        if self.deadline.is_expired_at(now) {
            return Action::DeadlinePassed;
        }
        if waiting == 0 {
            return Action::Wait(self.deadline);
        }
        if self.in_flight > 0 && !self.next.is_expired_at(now) {
            return Action::Wait(self.next.earlier(self.deadline));
        }
        let attempt = self.started;
        self.started += 1;
        self.in_flight += 1;
        self.next = self.next_start(now, waiting);
        Action::Start(attempt)
    }

    /// Returns the start time of the attempt after one that starts at `now`. That is the attempt
    /// delay, or less if the deadline leaves less for each of the `waiting` addresses, this one
    /// included.
    fn next_start(&self, now: Instant, waiting: usize) -> Deadline {
        let parts = u32::try_from(waiting).unwrap_or(u32::MAX);
        let share = self.deadline.share_at(now, parts).remaining_at(now).unwrap_or(Duration::MAX);
        Deadline::after_at(now, self.delay.min(share).max(MIN_ATTEMPT_DELAY))
    }

    /// Records that an attempt in flight failed at `now`.
    pub(super) fn failed(&mut self, now: Instant) {
        self.in_flight -= 1;
        self.next = Deadline::at(now);
    }
}
