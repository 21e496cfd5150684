//! One client, as its seat keeps it.

use std::sync::Arc;
use std::time::Instant;

use netcore::line::LineFramer;

use crate::hub::ClientId;
use crate::pace::Pace;

/// A segment that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// One client of a [`Seat`](crate::Seat).
#[derive(Debug)]
pub struct Member {
    pub(super) id: ClientId,
    pub(super) key: u64,
    pub(super) name: Arc<str>,
    /// The place of its room among the seat's.
    pub(super) room: usize,
    pub(super) framer: LineFramer,
    /// The number of the segment that it gets next.
    pub(super) cursor: u64,
    /// The number of a segment that it does not get: the news that it caused itself.
    pub(super) skip: u64,
    /// Messages that it was moved past and not told of.
    pub(super) lost: u64,
    /// It leaves: the number of the segment that it does not get any more. [`NEVER`]: it stays.
    pub(super) until: u64,
    /// Only of one whose input is limited, or has been.
    pub(super) tempo: Option<Box<Tempo>>,
}

/// How a client is heard.
#[derive(Debug, Default)]
pub(super) struct Tempo {
    pub(super) pace: Pace,
    /// Nothing is read from it until then; it stands in `Seat::held` with this time.
    pub(super) held: Option<Instant>,
    /// What it sent and was not heard of yet: it is too fast, or has answers to take first.
    pub(super) unheard: Vec<u8>,
}

impl Member {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// It leaves, and has been given all that was said until then.
    pub(super) fn is_done(&self) -> bool {
        self.until != NEVER && self.cursor >= self.until
    }

    pub(super) fn tempo(&mut self) -> &mut Tempo {
        self.tempo.get_or_insert_default()
    }

    pub(super) fn held(&self) -> Option<Instant> {
        self.tempo.as_ref()?.held
    }

    /// How many bytes of its input wait to be heard.
    pub(super) fn unheard(&self) -> usize {
        self.tempo.as_ref().map_or(0, |tempo| tempo.unheard.len())
    }

    pub(crate) fn has_unheard(&self) -> bool {
        self.unheard() > 0
    }

    pub(super) fn take_unheard(&mut self) -> Vec<u8> {
        self.tempo.as_mut().map(|tempo| std::mem::take(&mut tempo.unheard)).unwrap_or_default()
    }
}
