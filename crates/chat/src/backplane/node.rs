//! A node: the side of the backplane that the threads of a chat use.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::backplane::answer::Answer;
use crate::backplane::engine::Waker;
use crate::backplane::operation::{Direct, DirectKind, Operation, direct_to};
use crate::backplane::settings::{NodeSettings, Offline};
use crate::backplane::wish::{Asker, Wish};
use crate::stats::Stats;
use crate::sync::lock;

/// Bytes of operations that are not applied above which no more input is read.
pub(crate) const MAX_UNAPPLIED: usize = 4 << 20;

/// Bytes of lines that each shard may add while the engine is away, with [`Offline::Queue`].
pub(crate) const MAX_KEPT: usize = 1 << 20;

/// Time that a call of the operator waits for its answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Time that [`Node::close`] waits for operations that are not applied.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// The shared part of a node: its queue towards the engine, and what is known of the engine.
pub(crate) struct Node {
    settings: NodeSettings,
    wake: Waker,
    queue: Mutex<Vec<Wish>>,
    /// Bytes of the queue.
    queued: AtomicUsize,
    /// Bytes that the link has taken and that are not applied.
    unapplied: AtomicUsize,
    is_away: AtomicBool,
    reason: Mutex<Option<Arc<str>>>,
    /// Microseconds that the last own line took to come back.
    lag: AtomicU64,
    refused: AtomicU64,
    missed: AtomicU64,
    calls: Mutex<Calls>,
    answered: Condvar,
    is_closing: AtomicBool,
}

/// Calls of the operator.
#[derive(Debug, Default)]
struct Calls {
    last: u64,
    /// Outcomes of the calls that wait.
    waiting: HashMap<u64, Option<Result<Answer, Arc<str>>>>,
    has_ended: bool,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Node {
    pub(crate) fn new(settings: NodeSettings, wake: Waker) -> Node {
        Node {
            settings,
            wake,
            queue: Mutex::default(),
            queued: AtomicUsize::new(0),
            unapplied: AtomicUsize::new(0),
            is_away: AtomicBool::new(true),
            reason: Mutex::default(),
            lag: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            calls: Mutex::default(),
            answered: Condvar::new(),
            is_closing: AtomicBool::new(false),
        }
    }

    /// Returns the name of the node.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.settings.name
    }

    /// Returns the treatment of lines while the engine is away.
    pub(crate) fn offline(&self) -> Offline {
        self.settings.offline
    }

    /// Adds operations to the queue, in their order.
    pub(crate) fn push(&self, wishes: impl IntoIterator<Item = Wish>) {
        let mut queue = lock(&self.queue);
        let before = queue.len();
        queue.extend(wishes);
        let bytes = queue[before..].iter().map(|wish| wish.operation.cost()).sum();
        self.queued.fetch_add(bytes, Ordering::Relaxed);
        drop(queue);
        (self.wake)();
    }

    /// Removes and returns the queue.
    pub(crate) fn take(&self) -> Vec<Wish> {
        let queue = std::mem::take(&mut *lock(&self.queue));
        self.queued.store(0, Ordering::Relaxed);
        queue
    }

    /// Records the bytes that the link has and that are not applied.
    pub(crate) fn set_unapplied(&self, bytes: usize) {
        self.unapplied.store(bytes, Ordering::Relaxed);
    }

    /// Returns `true` if senders must wait until the engine has applied more.
    pub(crate) fn is_full(&self) -> bool {
        !self.is_away() && self.backlog() > MAX_UNAPPLIED
    }

    fn backlog(&self) -> usize {
        self.queued.load(Ordering::Relaxed) + self.unapplied.load(Ordering::Relaxed)
    }

    /// Returns `true` while the engine is away.
    pub(crate) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Returns the reason for which the engine is away.
    pub(crate) fn away(&self) -> Option<Arc<str>> {
        if !self.is_away() {
            return None;
        }
        lock(&self.reason).clone().or_else(|| Some("it is not connected yet".into()))
    }

    /// Records that the engine is away for `reason`, or works. Returns `true` if that is a change.
    pub(crate) fn set_away(&self, reason: Option<Arc<str>>) -> bool {
        let is_away = reason.is_some();
        *lock(&self.reason) = reason;
        self.is_away.swap(is_away, Ordering::Relaxed) != is_away
    }

    /// Records the time that an own line took to come back.
    pub(crate) fn set_lag(&self, lag: Duration) {
        let lag = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
        self.lag.store(lag, Ordering::Relaxed);
    }

    /// Counts a line that was refused because the engine is away.
    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts entries that were removed before this node read them.
    pub(crate) fn count_missed(&self, count: u64) {
        self.missed.fetch_add(count, Ordering::Relaxed);
    }

    /// Fills in the figures of the backplane.
    pub(crate) fn read(&self, stats: &mut Stats) {
        stats.backplane_away = u64::from(self.is_away());
        stats.backplane_lag_us = self.lag.load(Ordering::Relaxed);
        stats.backplane_backlog_bytes = self.backlog() as u64;
        stats.backplane_refused = self.refused.load(Ordering::Relaxed);
        stats.backplane_missed = self.missed.load(Ordering::Relaxed);
    }

    /// Asks the engine on behalf of the operator, and waits for the answer, at most 5 s.
    ///
    /// # Errors
    ///
    /// The reason for which there is no answer.
    pub(crate) fn call(&self, operation: Operation) -> Result<Answer, Arc<str>> {
        let at = Instant::now();
        let mut calls = lock(&self.calls);
        calls.last += 1;
        let number = calls.last;
        calls.waiting.insert(number, None);
        drop(calls);
        self.push([Wish { asker: Asker::Operator(number), operation, at }]);
        let calls = lock(&self.calls);
        let is_waiting = |calls: &mut Calls| {
            matches!(calls.waiting.get(&number), Some(None)) && !calls.has_ended
        };
        let waited = self.answered.wait_timeout_while(calls, CALL_TIMEOUT, is_waiting);
        let mut calls = waited.unwrap_or_else(PoisonError::into_inner).0;
        let outcome = calls.waiting.remove(&number).flatten();
        outcome.unwrap_or_else(|| Err("the chat's engine did not answer within 5 s".into()))
    }

    /// Sends a notice to the client called `name`, on any node.
    pub(crate) fn tell(&self, name: &str, text: &str) {
        let direct = Direct { text: text.into(), ..direct_to(name, DirectKind::Tell, 0) };
        let (asker, operation) = (Asker::Node, Operation::Direct(direct));
        self.push([Wish { asker, operation, at: Instant::now() }]);
    }

    /// Answers a call of the operator.
    pub(crate) fn answer(&self, number: u64, outcome: Result<Answer, Arc<str>>) {
        if let Some(waiting) = lock(&self.calls).waiting.get_mut(&number) {
            *waiting = Some(outcome);
        }
        self.answered.notify_all();
    }

    /// Releases the clients of the node and ends its thread, waiting at most 3 s.
    pub(crate) fn close(&self) {
        let (asker, at) = (Asker::Node, Instant::now());
        self.push([Wish { asker, operation: Operation::Retire, at }]);
        self.is_closing.store(true, Ordering::Relaxed);
        (self.wake)();
        let calls = lock(&self.calls);
        let timeout = CLOSE_TIMEOUT + Duration::from_secs(1);
        let ended = self.answered.wait_timeout_while(calls, timeout, |calls| !calls.has_ended);
        drop(ended);
    }

    /// Returns `true` once the node is to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Records that the thread of the node has ended.
    pub(crate) fn end(&self) {
        lock(&self.calls).has_ended = true;
        self.answered.notify_all();
    }
}
