//! One client, as its shard keeps it.

use std::sync::Arc;
use std::time::Instant;

use netcore::line::LineFramer;

use crate::hub::continuations::Continuation;
use crate::hub::id::ClientId;
use crate::protocol::framing::Framing;
use crate::protocol::rate_limit::RateLimiter;
use crate::protocol::telnet::Telnet;
use crate::shard::knock::Knock;
use crate::shard::rooms::RoomIndex;

#[cfg(test)]
mod tests;

/// The number of a segment that never exists.
pub(crate) const NEVER: u64 = u64::MAX;

/// One client of a [`Shard`](crate::Shard). The caller keeps it and passes it to the shard's
/// methods.
// A server has one for each connection, so state that few clients need is in `extra`.
#[derive(Debug)]
pub struct Member {
    pub(crate) id: ClientId,
    /// The caller's key for the client.
    pub(crate) key: u64,
    pub(crate) name: Arc<str>,
    pub(crate) room: RoomIndex,
    /// `None` for a client on a WebSocket, which sends no telnet commands.
    pub(crate) telnet: Option<Telnet>,
    pub(crate) framer: LineFramer,
    /// Number of the segment that it receives next.
    pub(crate) cursor: u64,
    /// Number of a segment that it does not receive: the notice of its own rename.
    pub(crate) omit: u64,
    /// Exists once the client was limited, skipped forward, about to leave, at the door or counted.
    pub(crate) extra: Option<Box<ExtraState>>,
}

/// The state of a client that was limited, skipped forward, or is about to leave, at the door or
/// counted.
#[derive(Debug, Default)]
pub(crate) struct ExtraState {
    /// `true` while the client's further input waits for the answer of a backplane's engine.
    pub(crate) is_held: bool,
    /// `true` once the client has said something, with a backplane.
    pub(crate) has_said: bool,
    /// The way in which the client leaves, once it does.
    pub(crate) parting: Parting,
    /// `Some` until the client has said the password.
    pub(crate) knock: Option<Knock>,
    /// `Some` once the client has named its key, so that its lines are counted.
    pub(crate) continuation: Option<Arc<Continuation>>,
    pub(crate) limiter: RateLimiter,
    /// Time until which reading is paused; the shard's `PausedClients` has the same entry.
    pub(crate) paused_until: Option<Instant>,
    /// Input that was received and is not processed yet.
    pub(crate) deferred: Vec<u8>,
    /// Messages that the client skipped without being notified yet.
    pub(crate) skipped: u64,
    /// For a leaving client, number of the first segment that it does not receive.
    until: Option<u64>,
}

/// The progress of a client that leaves a chat with a backplane. Its lines come back, or are
/// refused, before it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Parting {
    /// It stays.
    #[default]
    Not,
    /// Its input has ended, and part of it waits for an answer.
    Ended,
    /// It is to leave, and its request waits for an answer.
    Requested,
    /// Its lines are waited for, until this time.
    Waiting(Instant),
    /// Nothing is waited for any more.
    Done,
}

impl Member {
    /// Returns a client that is in no room yet.
    pub(crate) fn new(key: u64, name: Option<&str>, framing: Framing, max_line: usize) -> Member {
        Member {
            id: ClientId::NOBODY,
            key,
            name: name.unwrap_or("unix:").into(),
            room: RoomIndex::NOWHERE,
            telnet: (framing == Framing::Lines).then(Telnet::default),
            framer: LineFramer::new(max_line),
            cursor: 0,
            omit: NEVER,
            extra: None,
        }
    }

    /// Returns the client's name. Until it has said the password that is its address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the form in which the client receives messages.
    pub(crate) fn framing(&self) -> Framing {
        match self.telnet {
            Some(_) => Framing::Lines,
            None => Framing::WebSocket,
        }
    }

    /// Returns `true` if the client is leaving.
    pub(crate) fn is_leaving(&self) -> bool {
        self.until() != NEVER
    }

    /// Returns `true` if the client is leaving and all messages until then were handed to it.
    pub(crate) fn is_done(&self) -> bool {
        self.cursor >= self.until()
    }

    /// Returns the number of the first segment that a leaving client does not receive, or
    /// [`NEVER`].
    pub(crate) fn until(&self) -> u64 {
        self.extra.as_ref().and_then(|extra| extra.until).unwrap_or(NEVER)
    }

    /// Makes the client leave before segment number `until`, or before an earlier one if that was
    /// requested already.
    pub(crate) fn leave_before(&mut self, until: u64) {
        self.extra().until = Some(self.until().min(until));
    }

    /// Returns and resets the number of messages that the client skipped without being notified.
    pub(crate) fn take_skipped(&mut self) -> u64 {
        self.extra.as_mut().map_or(0, |extra| std::mem::take(&mut extra.skipped))
    }

    /// Returns the extra state, created if there is none.
    pub(crate) fn extra(&mut self) -> &mut ExtraState {
        self.extra.get_or_insert_default()
    }

    /// Returns the client's state at the door, or `None` if it was admitted.
    pub(crate) fn knock(&self) -> Option<&Knock> {
        self.extra.as_ref()?.knock.as_ref()
    }

    /// Returns the count of the client's lines, or `None` if it has named no key.
    pub(crate) fn continuation(&self) -> Option<&Continuation> {
        self.extra.as_ref()?.continuation.as_deref()
    }

    /// Counts a line. Returns `false` if the line is to be dropped, because the client goes on at
    /// another connection.
    pub(crate) fn count_line(&self) -> bool {
        self.continuation().is_none_or(|continuation| continuation.count(self.id))
    }

    /// Returns `true` while further input waits for the answer of a backplane's engine.
    pub(crate) fn is_held(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.is_held)
    }

    /// Returns the way in which the client leaves.
    pub(crate) fn parting(&self) -> Parting {
        self.extra.as_ref().map_or(Parting::Not, |extra| extra.parting)
    }

    /// Returns the time until which reading is paused.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        self.extra.as_ref()?.paused_until
    }

    /// Returns the number of bytes of deferred input.
    pub(crate) fn deferred(&self) -> usize {
        self.extra.as_ref().map_or(0, |extra| extra.deferred.len())
    }

    /// Returns `true` if some input is deferred.
    pub(crate) fn has_deferred(&self) -> bool {
        self.deferred() > 0
    }

    /// Removes and returns the deferred input.
    pub(crate) fn take_deferred(&mut self) -> Vec<u8> {
        self.extra.as_mut().map(|extra| std::mem::take(&mut extra.deferred)).unwrap_or_default()
    }
}
