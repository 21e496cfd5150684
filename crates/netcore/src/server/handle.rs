//! The state that the threads of a server share, and the parts of it that other threads hold.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::config::Config;
use super::transport::Socket;
use crate::address::Address;
use crate::lock::lock;
use crate::shutdown::{Control, Handle, Phase};

#[cfg(test)]
mod tests;

/// The state that the threads of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mailboxes: Vec<Mailbox>,
    phase: AtomicU8,
    /// Number of workers that read no more input.
    drained: AtomicUsize,
    max_connections: usize,
    /// The most handshakes of one worker at once.
    max_handshakes: usize,
    /// The first worker waits for a handshake of another one to end.
    acceptor_waits: AtomicBool,
}

/// The way from other threads to a worker.
#[derive(Debug)]
pub(super) struct Mailbox {
    /// `None` in a test harness, which has no poller to wake.
    waker: Option<mio::Waker>,
    /// A wake-up is on its way: further ones need no system call.
    woken: AtomicBool,
    accepted: Mutex<Vec<(Socket, Incoming)>>,
    /// Number of connections of this worker, with those in `accepted`.
    pub(super) load: AtomicUsize,
    /// Number of handshakes of this worker, with those in `accepted`.
    handshakes: AtomicUsize,
}

/// The origin of a connection.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    /// Address of the peer.
    pub(super) address: Address,
    /// Index of the listener's endpoint among those that the server was asked to bind.
    pub(super) listener: usize,
}

impl Mailbox {
    pub(super) fn new(waker: Option<mio::Waker>) -> Mailbox {
        Mailbox {
            waker,
            woken: AtomicBool::new(false),
            accepted: Mutex::new(Vec::new()),
            load: AtomicUsize::new(0),
            handshakes: AtomicUsize::new(0),
        }
    }

    pub(super) fn wake(&self) {
        let Some(waker) = &self.waker else { return };
        if !self.woken.swap(true, Ordering::AcqRel) {
            if let Err(error) = waker.wake() {
                log::error!("worker: not woken: {error}");
            }
        }
    }

    /// Notes that the worker is awake. The next [`wake`](Self::wake) makes a system call again.
    pub(super) fn note_awake(&self) {
        self.woken.swap(false, Ordering::AcqRel);
    }

    pub(super) fn hand_over(&self, socket: Socket, from: Incoming) {
        lock(&self.accepted).push((socket, from));
        self.wake();
    }

    pub(super) fn take_accepted(&self) -> Vec<(Socket, Incoming)> {
        std::mem::take(&mut *lock(&self.accepted))
    }
}

impl Shared {
    pub(super) fn new(mailboxes: Vec<Mailbox>, config: &Config) -> Shared {
        Shared {
            max_connections: config.max_connections,
            max_handshakes: config.max_handshakes.div_ceil(mailboxes.len().max(1)),
            mailboxes,
            phase: AtomicU8::new(0),
            drained: AtomicUsize::new(0),
            acceptor_waits: AtomicBool::new(false),
        }
    }

    fn wake_all(&self) {
        self.mailboxes.iter().for_each(Mailbox::wake);
    }

    /// Notes that one more worker has read its last input and has passed on the results.
    pub(super) fn mark_drained(&self) {
        self.drained.fetch_add(1, Ordering::AcqRel);
        self.wake_all();
    }

    /// Returns `true` if no worker reads input any more.
    pub(super) fn all_drained(&self) -> bool {
        self.drained.load(Ordering::Acquire) >= self.mailboxes.len()
    }

    /// Returns the first of the workers with the fewest connections.
    pub(super) fn least_loaded(&self) -> usize {
        let load = |(_, mailbox): &(usize, &Mailbox)| mailbox.load.load(Ordering::Relaxed);
        self.mailboxes.iter().enumerate().min_by_key(load).map_or(0, |(index, _)| index)
    }

    /// Counts one more connection of a worker. Returns `false` if the server is full.
    pub(super) fn admit(&self, worker: usize) -> bool {
        let load = &self.mailboxes[worker].load;
        load.fetch_add(1, Ordering::Relaxed);
        let is_admitted = self.connections() <= self.max_connections;
        if !is_admitted {
            load.fetch_sub(1, Ordering::Relaxed);
        }
        is_admitted
    }

    /// Returns the most handshakes of one worker at once.
    pub(super) fn max_handshakes(&self) -> usize {
        self.max_handshakes
    }

    /// Counts one more handshake. Returns the worker for it, the one with the fewest connections
    /// among those that can have another one.
    ///
    /// Only the first worker calls this, so the limit holds.
    pub(super) fn begin_handshake(&self) -> Option<usize> {
        let with_room = self.mailboxes.iter().enumerate().filter(|(_, it)| self.has_room(it));
        let load = |(_, mailbox): &(usize, &Mailbox)| {
            mailbox.load.load(Ordering::Relaxed) + mailbox.handshakes.load(Ordering::SeqCst)
        };
        let (worker, _) = with_room.min_by_key(load)?;
        self.count_handshake(worker);
        Some(worker)
    }

    /// Counts one more handshake of a worker.
    pub(super) fn count_handshake(&self, worker: usize) {
        self.mailboxes[worker].handshakes.fetch_add(1, Ordering::SeqCst);
    }

    fn has_room(&self, mailbox: &Mailbox) -> bool {
        mailbox.handshakes.load(Ordering::SeqCst) < self.max_handshakes
    }

    /// Returns `true` if some worker can have another handshake. Otherwise the next one that ends
    /// wakes the first worker.
    pub(super) fn can_handshake(&self) -> bool {
        let can = || self.mailboxes.iter().any(|mailbox| self.has_room(mailbox));
        // The second look is for a handshake that has ended before the note.
        can() || {
            self.acceptor_waits.store(true, Ordering::SeqCst);
            can()
        }
    }

    /// Notes that a handshake is over.
    pub(super) fn handshake_over(&self, worker: usize) {
        self.mailboxes[worker].handshakes.fetch_sub(1, Ordering::SeqCst);
        if self.acceptor_waits.swap(false, Ordering::SeqCst) {
            if let Some(first) = self.mailboxes.first() {
                first.wake();
            }
        }
    }
}

impl Control for Shared {
    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::Stopping,
            _ => Phase::Aborting,
        }
    }

    fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.wake_all();
    }

    fn connections(&self) -> usize {
        self.mailboxes.iter().map(|mailbox| mailbox.load.load(Ordering::Relaxed)).sum()
    }
}

/// Wakes one worker from any thread: its service gets a [`turn`](super::Service::turn).
///
/// Wake-ups that come before the worker is awake are combined: a thousand of them cost one system
/// call.
#[derive(Clone)]
pub struct Waker {
    pub(super) shared: Arc<Shared>,
    pub(super) worker: usize,
}

impl Waker {
    /// Wakes the worker.
    pub fn wake(&self) {
        self.shared.mailboxes[self.worker].wake();
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// The worker for which a service is created.
#[derive(Debug, Clone)]
pub struct Worker {
    pub(super) waker: Waker,
}

impl Worker {
    /// Returns the worker's number, from 0 to one below [`count`](Self::count).
    pub fn index(&self) -> usize {
        self.waker.worker
    }

    /// Returns the number of workers of the server.
    pub fn count(&self) -> usize {
        self.waker.shared.mailboxes.len()
    }

    /// Returns a waker for this worker, for other threads.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Returns a handle that stops the server.
    pub fn handle(&self) -> Handle {
        Handle::new(self.waker.shared.clone())
    }
}
