//! Happy Eyeballs version 2 (RFC 8305) without I/O: which address is tried when.
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
//! The time is an argument. What happens to the attempts comes from the driver: it says so when one
//! has [`failed`](Race::failed), and when one has connected the race is over and can be dropped.
//!
//! RFC 8305 section 3, which asks for IPv4 and IPv6 addresses apart and begins with what comes
//! first, has no part here: getaddrinfo(3) gives all addresses at once, in the order of RFC 6724.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::deadline::Deadline;

/// The Connection Attempt Delay (RFC 8305 sections 5 and 8).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The attempt delay is never shorter (RFC 8305 section 5).
pub const MIN_ATTEMPT_DELAY: Duration = Duration::from_millis(10);

/// How many addresses of one name are tried at most. Each attempt in flight has a socket.
pub const MAX_ADDRESSES: usize = 32;

/// The addresses in the order in which they are tried (RFC 8305 section 4): the families take
/// turns, beginning with that of the first, and each keeps its own order. Each address once,
/// [`MAX_ADDRESSES`] at most.
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

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Start this attempt, and say so if it has failed at once.
    Start(usize),
    /// Wait until something happens to an attempt in flight, but no longer than this.
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
    /// How many were started: those below this number.
    started: usize,
    in_flight: usize,
    delay: Duration,
    /// When the next one starts though none has failed.
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

    /// What to do at `now`. After [`Action::Start`] there may be more to do at once.
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

    /// When the attempt after one that starts at `now` does: after the attempt delay, or earlier if
    /// the deadline does not leave as much for each of the `waiting` addresses, this one included.
    fn next_start(&self, now: Instant, waiting: usize) -> Deadline {
        let parts = u32::try_from(waiting).unwrap_or(u32::MAX);
        let share = self.deadline.share_at(now, parts).remaining_at(now).unwrap_or(Duration::MAX);
        Deadline::after_at(now, self.delay.min(share).max(MIN_ATTEMPT_DELAY))
    }

    /// An attempt in flight failed at `now`.
    pub(super) fn failed(&mut self, now: Instant) {
        self.in_flight -= 1;
        self.next = Deadline::at(now);
    }
}
