//! One client, as its seat keeps it.

use std::sync::Arc;
use std::time::Instant;

use netcore::line::LineFramer;

use crate::hub::ClientId;
use crate::protocol::rate_limit::Pace;
use crate::protocol::telnet::Telnet;

/// A segment that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

/// One client of a [`Seat`](crate::Seat).
#[derive(Debug)]
pub struct Member {
    pub(crate) id: ClientId,
    pub(crate) key: u64,
    pub(crate) name: Arc<str>,
    /// The place of its room among the seat's.
    pub(crate) room: usize,
    pub(crate) telnet: Telnet,
    pub(crate) framer: LineFramer,
    /// The number of the segment that it gets next.
    pub(crate) cursor: u64,
    /// The number of a segment that it does not get: the news that it caused itself.
    pub(crate) skip: u64,
    /// Messages that it was moved past and not told of.
    pub(crate) lost: u64,
    /// It leaves: the number of the segment that it does not get any more. [`NEVER`]: it stays.
    pub(crate) until: u64,
    /// Only of one whose input is limited, or has been.
    pub(crate) tempo: Option<Box<Tempo>>,
}

/// How a client is heard.
#[derive(Debug, Default)]
pub(crate) struct Tempo {
    pub(crate) pace: Pace,
    /// Nothing is read from it until then; it stands in `Seat::held` with this time.
    pub(crate) held: Option<Instant>,
    /// What it sent and was not heard of yet: it is too fast, or has answers to take first.
    pub(crate) unheard: Vec<u8>,
}

impl Member {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// It leaves, and has been given all that was said until then.
    pub(crate) fn is_done(&self) -> bool {
        self.until != NEVER && self.cursor >= self.until
    }

    pub(crate) fn tempo(&mut self) -> &mut Tempo {
        self.tempo.get_or_insert_default()
    }

    pub(crate) fn held(&self) -> Option<Instant> {
        self.tempo.as_ref()?.held
    }

    /// How many bytes of its input wait to be heard.
    pub(crate) fn unheard(&self) -> usize {
        self.tempo.as_ref().map_or(0, |tempo| tempo.unheard.len())
    }

    pub(crate) fn has_unheard(&self) -> bool {
        self.unheard() > 0
    }

    pub(crate) fn take_unheard(&mut self) -> Vec<u8> {
        self.tempo.as_mut().map(|tempo| std::mem::take(&mut tempo.unheard)).unwrap_or_default()
    }
}
