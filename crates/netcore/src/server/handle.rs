//! What other threads hold of a server: to stop it and to wake its workers.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::transport::Socket;
use crate::address::Address;

/// What the threads of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mailboxes: Vec<Mailbox>,
    phase: AtomicU8,
    /// Workers that read no more input.
    drained: AtomicUsize,
}

/// How far a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    Serving = 0,
    Stopping = 1,
    Aborting = 2,
}

/// What reaches a worker from other threads.
#[derive(Debug)]
pub(super) struct Mailbox {
    /// None in a harness, which has no poller to wake.
    waker: Option<mio::Waker>,
    /// A wake-up is on its way: further ones need no system call.
    woken: AtomicBool,
    accepted: Mutex<Vec<(Socket, Address)>>,
    /// Connections of this worker, those in `accepted` included.
    pub(super) load: AtomicUsize,
}

impl Mailbox {
    pub(super) fn new(waker: Option<mio::Waker>) -> Mailbox {
        Mailbox {
            waker,
            woken: AtomicBool::new(false),
            accepted: Mutex::new(Vec::new()),
            load: AtomicUsize::new(0),
        }
    }

    pub(super) fn wake(&self) {
        let Some(waker) = &self.waker else { return };
        if !self.woken.swap(true, Ordering::AcqRel) {
            if let Err(e) = waker.wake() {
                log::error!("waking a worker: {e}");
            }
        }
    }

    /// The worker is awake: what is put in from here on wakes it again.
    pub(super) fn awake(&self) {
        self.woken.swap(false, Ordering::AcqRel);
    }

    pub(super) fn hand_over(&self, socket: Socket, peer: Address) {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push((socket, peer));
        self.wake();
    }

    pub(super) fn take_accepted(&self) -> Vec<(Socket, Address)> {
        std::mem::take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    pub(super) fn new(mailboxes: Vec<Mailbox>) -> Shared {
        Shared { mailboxes, phase: AtomicU8::new(0), drained: AtomicUsize::new(0) }
    }

    pub(super) fn phase(&self) -> Phase {
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

    pub(super) fn wake_all(&self) {
        self.mailboxes.iter().for_each(Mailbox::wake);
    }

    /// A worker has read its last input, and handed on what came of it.
    pub(super) fn mark_drained(&self) {
        self.drained.fetch_add(1, Ordering::AcqRel);
        self.wake_all();
    }

    pub(super) fn all_drained(&self) -> bool {
        self.drained.load(Ordering::Acquire) >= self.mailboxes.len()
    }

    pub(super) fn connections(&self) -> usize {
        self.mailboxes.iter().map(|m| m.load.load(Ordering::Relaxed)).sum()
    }

    /// The worker with the fewest connections, the first of several.
    pub(super) fn least_loaded(&self) -> usize {
        let load = |(_, m): &(usize, &Mailbox)| m.load.load(Ordering::Relaxed);
        self.mailboxes.iter().enumerate().min_by_key(load).map_or(0, |(i, _)| i)
    }
}

/// Stops a [`Server`](super::Server) from any thread. It installs no signal handler: a program that
/// wants one calls [`stop`](Self::stop) from it.
#[derive(Clone)]
pub struct Handle(pub(super) Arc<Shared>);

impl Handle {
    /// Stops gracefully: nothing more is accepted, and Unix socket files are removed; what has
    /// arrived is read and answered; each connection is sent what it is owed and closed; what is
    /// not done after the [grace period](super::Config::with_grace) is cut off.
    /// [`Server::run`](super::Server::run) returns after that.
    pub fn stop(&self) {
        self.0.advance(Phase::Stopping);
    }

    /// Stops without sending anything more.
    pub fn stop_now(&self) {
        self.0.advance(Phase::Aborting);
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.connections()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("phase", &self.0.phase()).finish_non_exhaustive()
    }
}

/// Wakes one worker from any thread: its service gets a [`turn`](super::Service::turn).
///
/// Wake-ups that come before the worker is awake are one: a thousand of them cost one system call.
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

/// The worker that a service is made for.
#[derive(Debug, Clone)]
pub struct Worker {
    pub(super) waker: Waker,
}

impl Worker {
    /// Its number: 0 to one below [`count`](Self::count).
    pub fn index(&self) -> usize {
        self.waker.worker
    }

    /// How many workers the server has.
    pub fn count(&self) -> usize {
        self.waker.shared.mailboxes.len()
    }

    /// Wakes this worker from another thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Stops the server that this worker belongs to.
    pub fn handle(&self) -> Handle {
        Handle(self.waker.shared.clone())
    }
}
