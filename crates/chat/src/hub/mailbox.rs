//! Direct messages: the way from other shards and from the operator to one client of a shard.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;

use crate::hub::id::ClientId;
use crate::hub::outcome::Outcome;
use crate::room::inbox::Wake;
use crate::sync::lock;

/// The most bytes of direct messages that may be pending for one client.
pub(crate) const MAX_PENDING_DIRECT: usize = 8 * 1024;

/// Bytes that a direct message counts for besides its content.
const DIRECT_OVERHEAD: usize = 128;

/// The mailbox of a shard.
pub(crate) struct Mailbox {
    messages: Mutex<Vec<DirectMessage>>,
    /// `true` while `messages` has one.
    has_messages: AtomicBool,
    wake: Wake,
    /// Bytes by which the slowest client of the shard is behind its room.
    slowest: AtomicU64,
}

/// A message for one client.
#[derive(Debug)]
pub(crate) struct DirectMessage {
    pub(crate) to: ClientId,
    /// The key by which the client's shard knows it.
    pub(crate) key: u64,
    pub(crate) content: Direct,
}

/// The content of a direct message.
#[derive(Debug)]
pub(crate) enum Direct {
    /// A private message, rendered.
    Private(Bytes),
    /// The text of a notice.
    Notice(String),
    /// The operator removes the client.
    Kick,
    /// The client goes on at another connection, so this one is aborted.
    Replaced,
    /// The engine of a backplane has decided about the client's request.
    Outcome(Box<Outcome>),
    /// The number of a segment that the client does not receive.
    Omit(u64),
}

impl DirectMessage {
    /// Returns the bytes that it counts for in [`MAX_PENDING_DIRECT`].
    pub(crate) fn cost(&self) -> usize {
        let bytes = match &self.content {
            Direct::Private(bytes) => bytes.len(),
            Direct::Notice(text) => text.len(),
            Direct::Kick | Direct::Replaced => 0,
            // Their number is limited: a client waits for each.
            Direct::Outcome(_) | Direct::Omit(_) => return 0,
        };
        bytes + DIRECT_OVERHEAD
    }
}

impl Mailbox {
    pub(crate) fn new(wake: Wake) -> Mailbox {
        Mailbox {
            messages: Mutex::default(),
            has_messages: AtomicBool::new(false),
            wake,
            slowest: AtomicU64::new(0),
        }
    }

    /// Adds a message and wakes the shard.
    pub(crate) fn put(&self, message: DirectMessage) {
        lock(&self.messages).push(message);
        self.has_messages.store(true, Ordering::Release);
        (self.wake)();
    }

    /// Removes and returns all messages.
    pub(crate) fn take(&self) -> Vec<DirectMessage> {
        if !self.has_messages.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        std::mem::take(&mut *lock(&self.messages))
    }

    /// Returns the function that wakes the shard.
    pub(crate) fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Sets the bytes by which the slowest client of the shard is behind its room.
    pub(crate) fn set_slowest(&self, bytes: u64) {
        self.slowest.store(bytes, Ordering::Relaxed);
    }

    /// Returns the bytes by which the slowest client of the shard is behind its room.
    pub(crate) fn slowest(&self) -> u64 {
        self.slowest.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("has_messages", &self.has_messages).finish_non_exhaustive()
    }
}
