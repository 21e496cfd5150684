//! What reaches a seat for one client alone, from other seats and from the operator.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::hub::ClientId;
use crate::room::log::Wake;

/// Bytes of letters that may be on their way to one client.
pub(crate) const OWED: usize = 8 * 1024;
/// What a letter counts for beside its bytes.
const COVER: usize = 128;

/// The letter box of a seat.
pub(crate) struct Post {
    letters: Mutex<Vec<Letter>>,
    /// There is something in `letters`.
    some: AtomicBool,
    wake: Wake,
    /// Bytes by which the slowest client of the seat is behind.
    pub(crate) slowest: AtomicU64,
}

/// Something for one client.
#[derive(Debug)]
pub(crate) struct Letter {
    /// The client, and the key that its seat knows it by.
    pub(crate) to: ClientId,
    pub(crate) key: u64,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    /// A private message, rendered.
    Private(Bytes),
    /// A notice.
    Tell(String),
    /// It is removed.
    Kick,
}

impl Letter {
    /// What it counts for among what its client is [owed](OWED).
    pub(crate) fn cost(&self) -> usize {
        let bytes = match &self.what {
            What::Private(bytes) => bytes.len(),
            What::Tell(words) => words.len(),
            What::Kick => 0,
        };
        bytes + COVER
    }
}

impl Post {
    pub(crate) fn new(wake: Wake) -> Arc<Post> {
        Arc::new(Post {
            letters: Mutex::default(),
            some: AtomicBool::new(false),
            wake,
            slowest: AtomicU64::new(0),
        })
    }

    pub(crate) fn put(&self, letter: Letter) {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
        self.some.store(true, Ordering::Release);
        (self.wake)();
    }

    pub(crate) fn take(&self) -> Vec<Letter> {
        if !self.some.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn wake(&self) -> Wake {
        self.wake.clone()
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("some", &self.some).finish_non_exhaustive()
    }
}
