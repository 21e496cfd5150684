//! One client, as its shard keeps it.

use std::sync::Arc;
use std::time::Instant;

use netcore::line::LineFramer;

use crate::hub::id::ClientId;
use crate::protocol::rate_limit::RateLimiter;
use crate::protocol::telnet::Telnet;

/// The number of a segment that never exists.
pub(crate) const NEVER: u64 = u64::MAX;

/// One client of a [`Shard`](crate::Shard).
#[derive(Debug)]
pub struct Member {
    pub(crate) id: ClientId,
    /// The caller's key for the client.
    pub(crate) key: u64,
    pub(crate) name: Arc<str>,
    /// Index of its room in the shard's list.
    pub(crate) room: usize,
    pub(crate) telnet: Telnet,
    pub(crate) framer: LineFramer,
    /// Number of the segment that it receives next.
    pub(crate) cursor: u64,
    /// Number of a segment that it does not receive: the notice of its own rename.
    pub(crate) omit: u64,
    /// Messages that it was moved past and not notified of yet.
    pub(crate) skipped: u64,
    /// For a leaving client, number of the first segment that it does not receive; else [`NEVER`].
    pub(crate) until: u64,
    /// Exists once the client's input was limited.
    pub(crate) input: Option<Box<InputState>>,
}

/// The state of a client's input while it is limited.
#[derive(Debug, Default)]
pub(crate) struct InputState {
    pub(crate) limiter: RateLimiter,
    /// Time until which reading is paused; the shard's `PausedClients` has the same entry.
    pub(crate) paused_until: Option<Instant>,
    /// Input that was received and is not processed yet.
    pub(crate) deferred: Vec<u8>,
}

impl Member {
    /// Returns the client's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns `true` if the client is leaving.
    pub(crate) fn is_leaving(&self) -> bool {
        self.until != NEVER
    }

    /// Returns `true` if the client is leaving and all messages until then were handed to it.
    pub(crate) fn is_done(&self) -> bool {
        self.is_leaving() && self.cursor >= self.until
    }

    /// Returns the state of limited input, created if there is none.
    pub(crate) fn input_state(&mut self) -> &mut InputState {
        self.input.get_or_insert_default()
    }

    /// Returns the time until which reading is paused.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        self.input.as_ref()?.paused_until
    }

    /// Returns the number of bytes of deferred input.
    pub(crate) fn deferred(&self) -> usize {
        self.input.as_ref().map_or(0, |input| input.deferred.len())
    }

    /// Returns `true` if some input is deferred.
    pub(crate) fn has_deferred(&self) -> bool {
        self.deferred() > 0
    }

    /// Removes and returns the deferred input.
    pub(crate) fn take_deferred(&mut self) -> Vec<u8> {
        self.input.as_mut().map(|input| std::mem::take(&mut input.deferred)).unwrap_or_default()
    }
}
