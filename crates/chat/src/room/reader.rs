//! A shard's end of a log: its inbox, and the window of segments that its clients still need.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::protocol::framing::Framing;
use crate::room::inbox::{Inbox, Wake};
use crate::room::log::Log;
use crate::room::segment::{Position, SPARE, Segment};

/// One thread's end of a log.
#[derive(Debug)]
pub(crate) struct Reader {
    log: Arc<Log>,
    inbox: Arc<Inbox>,
    window: VecDeque<Segment>,
    /// Position behind the window.
    end: Position,
    /// `true` while the reader adds to the pressure on senders.
    is_pressing: bool,
}

impl Reader {
    /// Begins to read at the end of `log`. `wake` is called, from any thread, when there is
    /// something to take.
    pub(crate) fn new(log: Arc<Log>, wake: Wake) -> Reader {
        let inbox = Arc::new(Inbox::new(wake));
        let end = log.subscribe(inbox.clone());
        Reader { log, inbox, window: VecDeque::new(), end, is_pressing: false }
    }

    /// Returns the inbox, by which the log knows this reader.
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Moves the segments of the inbox into the window. Returns `true` if there was one.
    pub(crate) fn take(&mut self) -> bool {
        let Some(taken) = self.inbox.take_into(&mut self.window) else { return false };
        self.end = taken.end;
        if taken.bytes > self.log.inbox_limit() {
            self.log.relieve();
        }
        true
    }

    /// Returns the position behind the window.
    pub(crate) fn end(&self) -> Position {
        self.end
    }

    /// Returns the segments of the window from number `cursor` on.
    pub(crate) fn from(&self, cursor: u64) -> impl Iterator<Item = &Segment> {
        let skip = cursor.saturating_sub(self.first());
        self.window.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX))
    }

    /// Returns the messages and the bytes of one framing between segment number `cursor` and the
    /// end.
    pub(crate) fn behind(&self, cursor: u64, framing: Framing) -> (u64, u64) {
        let start = self.from(cursor).next().map_or(self.end, Segment::start);
        (self.end.message - start.message, self.end.byte(framing) - start.byte(framing))
    }

    /// Drops the segments before number `cursor`.
    pub(crate) fn trim(&mut self, cursor: u64) {
        let before = cursor.saturating_sub(self.first());
        let before = usize::try_from(before).unwrap_or(usize::MAX).min(self.window.len());
        self.window.drain(..before);
        if self.window.is_empty() {
            self.window.shrink_to(SPARE / size_of::<Segment>());
        }
    }

    /// Adds to the pressure on senders while `is_pressing`, because clients of this reader fall
    /// behind. [`Log::is_pressed`] shows it to every shard.
    pub(crate) fn press(&mut self, is_pressing: bool) {
        match (self.is_pressing, is_pressing) {
            (false, true) => self.log.add_pressure(),
            (true, false) => self.log.relieve(),
            _ => {}
        }
        self.is_pressing = is_pressing;
    }

    fn first(&self) -> u64 {
        self.end.segment - self.window.len() as u64
    }

    /// Returns the bytes of capacity of the window and of the inbox.
    #[cfg(test)]
    pub(crate) fn capacities(&self) -> [usize; 2] {
        [self.window.capacity() * size_of::<Segment>(), self.inbox.capacity()]
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.press(false);
        self.log.unsubscribe(&self.inbox);
        // Takes the last segments, because the inbox may have added pressure.
        self.take();
    }
}
