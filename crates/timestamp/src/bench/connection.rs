//! One connection, or one datagram socket: the requests that are under way on it.

use std::collections::VecDeque;

use super::payload::{Comparison, Text, Wrong, is_answer};

/// A request that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) number: u64,
    /// When it was due, in nanoseconds.
    pub(super) due: u64,
    /// When it was sent.
    pub(super) sent: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not connected; to be tried again at this time.
    Down {
        until: u64,
    },
    /// Being connected, and given up at this time.
    Connecting {
        until: u64,
    },
    Open,
}

/// A fixed number of slots. A request's number says which is its own: their rest by the number of
/// slots is the slot. On a stream answers come in the order of the requests, so slots are taken and
/// freed in turn; datagrams may come in any.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) state: State,
    slots: Box<[Option<Request>]>,
    /// Where the search for a free slot begins.
    next: usize,
    /// On a stream, the slot whose answer comes next.
    oldest: usize,
    under_way: usize,
    /// The slots of what has not been written, and how much of the first has.
    unwritten: VecDeque<usize>,
    written: usize,
    comparison: Comparison,
    /// Slots that are free but were taken out of circulation while the lane was not open.
    pub(super) withheld: usize,
    pub(super) history: History,
}

/// The past of a lane, for the count of connections.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct History {
    /// It was open when the load began.
    pub(super) began: bool,
    /// It has brought an answer as it should be.
    pub(super) answered: bool,
    /// A connection of it was closed before that.
    pub(super) rejected: bool,
}

impl History {
    pub(super) fn is_connection(self) -> bool {
        self.began && (self.answered || !self.rejected)
    }
}

impl Lane {
    pub(super) fn new(slots: usize) -> Lane {
        Lane {
            state: State::Down { until: 0 },
            slots: vec![None; slots].into(),
            next: 0,
            oldest: 0,
            under_way: 0,
            unwritten: VecDeque::with_capacity(slots),
            written: 0,
            comparison: Comparison::default(),
            withheld: slots,
            history: History::default(),
        }
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Takes the next free slot; there must be one. `seq` is a number that no other request has.
    pub(super) fn begin(&mut self, seq: u64, due: u64, now: u64) {
        let count = self.slots.len();
        let mut slot = self.next;
        while self.slots[slot].is_some() {
            slot = (slot + 1) % count;
        }
        self.next = (slot + 1) % count;
        let number = seq * count as u64 + slot as u64;
        self.slots[slot] = Some(Request { number, due, sent: now });
        self.under_way += 1;
        self.unwritten.push_back(slot);
    }

    /// The first bytes that have not been written. A stream takes all that there are at once, in
    /// `room` if they are of several requests; a datagram socket takes one request at a time.
    pub(super) fn output<'a>(
        &self,
        text: &'a mut Text,
        stream: bool,
        room: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        let number = |slot: &usize| self.slots[*slot].map_or(0, |request| request.number);
        let first = number(self.unwritten.front()?);
        if !stream || self.unwritten.len() == 1 {
            return Some(&text.of(first)[self.written..]);
        }
        room.clear();
        for slot in &self.unwritten {
            room.extend_from_slice(text.of(number(slot)));
        }
        Some(&room[self.written..])
    }

    /// So much of the output has been written.
    pub(super) fn wrote(&mut self, length: usize, size: usize) {
        self.written += length;
        while self.written >= size && self.unwritten.pop_front().is_some() {
            self.written -= size;
        }
    }

    /// Takes what a stream brought; `answered` is given each request whose answer is whole.
    pub(super) fn receive(
        &mut self,
        mut input: &[u8],
        text: &mut Text,
        mut answered: impl FnMut(Request),
    ) -> Result<(), Wrong> {
        while !input.is_empty() {
            let request = self.slots[self.oldest].ok_or(Wrong)?;
            // An answer to what has not been sent is none.
            if self.unwritten.front() == Some(&self.oldest) {
                return Err(Wrong);
            }
            if !self.comparison.take(&mut input, text.of(request.number))? {
                return Ok(());
            }
            self.free(self.oldest);
            self.oldest = (self.oldest + 1) % self.slots.len();
            self.history.answered = true;
            answered(request);
        }
        Ok(())
    }

    /// Takes a datagram. `None`: it answers no request that is under way.
    pub(super) fn datagram(
        &mut self,
        datagram: &[u8],
        text: &mut Text,
    ) -> Result<Option<Request>, Wrong> {
        let number = text.number(datagram).ok_or(Wrong)?;
        if !is_answer(datagram, text.of(number)) {
            return Err(Wrong);
        }
        let slot = (number % self.slots.len() as u64) as usize;
        let request = self.slots[slot].filter(|request| request.number == number);
        if request.is_some() {
            self.free(slot);
        }
        Ok(request)
    }

    /// Gives up what was sent before `before`, and gives how many those were.
    pub(super) fn lose(&mut self, before: u64) -> usize {
        let mut lost = 0;
        for slot in 0..self.slots.len() {
            if self.slots[slot].is_some_and(|request| request.sent < before) {
                self.unwritten.retain(|unwritten| *unwritten != slot);
                self.free(slot);
                lost += 1;
            }
        }
        lost
    }

    /// Whether what a stream brings next answers something that was sent before `before`.
    pub(super) fn is_overdue(&self, before: u64) -> bool {
        self.slots[self.oldest].is_some_and(|request| request.sent < before)
    }

    /// Forgets what was under way, and gives how many those were.
    pub(super) fn reset(&mut self) -> usize {
        let cut = self.under_way;
        self.slots.fill(None);
        (self.next, self.oldest, self.under_way, self.written) = (0, 0, 0, 0);
        self.unwritten.clear();
        self.comparison = Comparison::default();
        cut
    }

    fn free(&mut self, slot: usize) {
        self.slots[slot] = None;
        self.under_way -= 1;
    }
}
