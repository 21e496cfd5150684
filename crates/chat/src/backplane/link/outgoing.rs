//! Operations on their way to the engine, from a client's request to the outcome.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::backplane::operation::{Numbered, Operation};
use crate::backplane::wish::{Resolution, Wish};

/// The most operations of one submission.
const MAX_OPERATIONS: usize = 512;

/// Bytes of operations after which a submission ends.
const MAX_BYTES: usize = 128 * 1024;

/// The operations of a node that are not resolved.
///
/// ```text
///   push ─► queue ─batch─► sent ─confirm─► sent, applied ─line or answer─► resolved
///             ▲              │
///             └──── fence ───┘   a new session has begun, and this one will never be applied
/// ```
#[derive(Debug)]
pub(crate) struct Outgoing {
    queue: VecDeque<Wish>,
    sent: BTreeMap<u64, Wish>,
    /// Bytes of the queue, and of operations that are sent and not applied.
    bytes: usize,
    next_number: u64,
    /// Number of the last operation that is known to be applied.
    applied: u64,
    /// Number of the last operation that was sent in this session.
    last: u64,
}

impl Outgoing {
    /// Creates an empty list. `first` is the first number; a later process has higher ones.
    pub(crate) fn new(first: u64) -> Outgoing {
        Outgoing {
            queue: VecDeque::new(),
            sent: BTreeMap::new(),
            bytes: 0,
            next_number: first.max(1),
            applied: 0,
            last: 0,
        }
    }

    /// Adds an operation to the end of the queue.
    pub(crate) fn push(&mut self, wish: Wish) {
        self.bytes += wish.operation.cost();
        self.queue.push_back(wish);
    }

    /// Adds operations before all others, in their order.
    pub(crate) fn push_front(&mut self, wishes: Vec<Wish>) {
        for wish in wishes.into_iter().rev() {
            self.bytes += wish.operation.cost();
            self.queue.push_front(wish);
        }
    }

    /// Removes the queued operations for which `is_wanted` is `false`, and returns them.
    pub(crate) fn remove(&mut self, mut is_wanted: impl FnMut(&Wish) -> bool) -> Vec<Wish> {
        let (kept, removed): (Vec<_>, Vec<_>) =
            self.queue.drain(..).partition(|wish| is_wanted(wish));
        self.queue.extend(kept);
        self.bytes -= removed.iter().map(|wish| wish.operation.cost()).sum::<usize>();
        removed
    }

    /// Returns the next operations to submit, with the number before them. `until` ends the batch
    /// behind the first operation for which it is `true`. Returns `None` if the queue is empty.
    pub(crate) fn batch(
        &mut self,
        mut until: impl FnMut(&Wish) -> bool,
    ) -> Option<(u64, Vec<Numbered>)> {
        let (mut batch, mut bytes, after) = (Vec::new(), 0, self.last);
        while batch.len() < MAX_OPERATIONS && bytes < MAX_BYTES {
            let Some(wish) = self.queue.pop_front() else { break };
            bytes += wish.operation.cost();
            let number = self.next_number;
            self.next_number += 1;
            self.last = number;
            let is_last = until(&wish);
            batch.push(Numbered { number, operation: wish.operation.clone() });
            self.sent.insert(number, wish);
            if is_last {
                break;
            }
        }
        (!batch.is_empty()).then_some((after, batch))
    }

    /// Returns the number of the last operation that was sent.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Returns the number of the last operation that is known to be applied.
    pub(crate) fn applied(&self) -> u64 {
        self.applied
    }

    /// Records that the operations up to number `applied` are applied.
    pub(crate) fn confirm(&mut self, applied: u64) {
        if applied <= self.applied {
            return;
        }
        let newly: Vec<u64> =
            self.sent.range(self.applied + 1..=applied).map(|(number, _)| *number).collect();
        self.applied = applied;
        for number in newly {
            let Some(wish) = self.sent.get(&number) else { continue };
            self.bytes -= wish.operation.cost();
            if wish.resolution() == Resolution::Applied {
                self.sent.remove(&number);
            }
        }
    }

    /// Begins a session, in which the engine has applied the operations up to `applied` and none
    /// that was sent later. The latter return to the front of the queue.
    pub(crate) fn fence(&mut self, applied: u64) {
        self.confirm(applied);
        let unapplied = self.sent.split_off(&(self.applied.min(applied) + 1));
        // An engine that was restarted without its last data has applied less than it had said.
        for (number, wish) in unapplied.into_iter().rev() {
            if number <= self.applied {
                self.bytes += wish.operation.cost();
            }
            self.queue.push_front(wish);
        }
        (self.applied, self.last) = (applied, applied);
    }

    /// Removes an operation whose line or answer has come back.
    pub(crate) fn resolve(&mut self, number: u64) -> Option<Wish> {
        let wish = self.sent.remove(&number)?;
        if number > self.applied {
            self.bytes -= wish.operation.cost();
        }
        Some(wish)
    }

    /// Returns an operation that was sent.
    pub(crate) fn sent(&self, number: u64) -> Option<&Wish> {
        self.sent.get(&number)
    }

    /// Removes and returns the operations up to `number`, which is applied: their lines and answers
    /// will not come back.
    pub(crate) fn give_up(&mut self, number: u64) -> Vec<Wish> {
        let later = self.sent.split_off(&(number + 1));
        let lost = std::mem::replace(&mut self.sent, later);
        let unapplied = lost.range(self.applied + 1..).map(|(_, wish)| wish.operation.cost());
        self.bytes -= unapplied.sum::<usize>();
        lost.into_values().collect()
    }

    /// Removes queued lines that are older than `limit`.
    pub(crate) fn remove_old(&mut self, now: Instant, limit: Duration) -> Vec<Wish> {
        self.remove(|wish| {
            let is_line = matches!(wish.operation, Operation::Say(_));
            !is_line || now.saturating_duration_since(wish.at) < limit
        })
    }

    /// Returns `true` if lines of a room have not come back.
    pub(crate) fn has_lines(&self, room: &str) -> bool {
        let is_line =
            |wish: &Wish| matches!(&wish.operation, Operation::Say(line) if *line.room == *room);
        self.queue.iter().chain(self.sent.values()).any(is_line)
    }

    /// Returns the bytes of operations that are not applied.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns `true` if nothing is queued or waits to be applied.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.sent.keys().next_back().is_none_or(|n| *n <= self.applied)
    }
}
