//! A connection or datagram socket: its state and the requests in flight on it.

use std::collections::VecDeque;

use crate::bench::comparison::Comparison;
use crate::bench::payload::{Payload, WrongAnswer, is_answer};

/// A request in flight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) number: u64,
    /// The time at which the request was due, in nanoseconds.
    pub(super) due: u64,
    /// The time at which the request was sent, in nanoseconds.
    pub(super) sent: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The connection failed or ended, and is made again at `until`, in nanoseconds.
    Down {
        until: u64,
    },
    /// The connection is being made; the attempt times out at `until`, in nanoseconds.
    Connecting {
        until: u64,
    },
    Open,
}

/// A connection with a fixed number of slots for requests in flight.
///
/// The slot of a request is its number modulo the number of slots. On a stream, answers come in the
/// order of the requests, so slots are used and freed in turn. Datagrams may come in any order.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) state: State,
    slots: Box<[Option<Request>]>,
    /// The slot at which the search for a free one begins.
    next: usize,
    /// The slot whose answer comes next on a stream.
    oldest: usize,
    in_flight: usize,
    /// The slots of the requests that are not completely sent.
    unsent: VecDeque<usize>,
    /// The bytes of the first unsent request that have been sent.
    sent_of_first: usize,
    comparison: Comparison,
    /// The number of free slots that are withheld because the connection is not open.
    pub(super) withheld: usize,
    pub(super) history: History,
}

/// The facts by which the report counts a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct History {
    /// `true` if the connection was open when the load open_at_start.
    pub(super) open_at_start: bool,
    /// `true` if the connection has returned a correct answer.
    pub(super) answered: bool,
    /// `true` if the connection was closed before its first correct answer.
    pub(super) rejected: bool,
}

impl History {
    pub(super) fn is_counted(self) -> bool {
        self.open_at_start && (self.answered || !self.rejected)
    }
}

impl Connection {
    pub(super) fn new(slots: usize) -> Connection {
        Connection {
            state: State::Down { until: 0 },
            slots: vec![None; slots].into(),
            next: 0,
            oldest: 0,
            in_flight: 0,
            unsent: VecDeque::with_capacity(slots),
            sent_of_first: 0,
            comparison: Comparison::default(),
            withheld: slots,
            history: History::default(),
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Puts a request into the next free slot; there must be one. `seq` is unique.
    pub(super) fn assign(&mut self, seq: u64, due: u64, now: u64) {
        let count = self.slots.len();
        let mut slot = self.next;
        while self.slots[slot].is_some() {
            slot = (slot + 1) % count;
        }
        self.next = (slot + 1) % count;
        let number = seq * count as u64 + slot as u64;
        self.slots[slot] = Some(Request { number, due, sent: now });
        self.in_flight += 1;
        self.unsent.push_back(slot);
    }

    /// Returns the first unsent bytes. A stream takes all of them at once, assembled in `buffer` if
    /// they belong to several requests; a datagram socket takes one request at a time.
    pub(super) fn output<'a>(
        &self,
        payload: &'a mut Payload,
        is_stream: bool,
        buffer: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        let number = |slot: &usize| self.slots[*slot].map_or(0, |request| request.number);
        let first = number(self.unsent.front()?);
        if !is_stream || self.unsent.len() == 1 {
            return Some(&payload.request(first)[self.sent_of_first..]);
        }
        buffer.clear();
        for slot in &self.unsent {
            buffer.extend_from_slice(payload.request(number(slot)));
        }
        Some(&buffer[self.sent_of_first..])
    }

    /// Removes `length` bytes, which have been sent, from the output.
    pub(super) fn sent(&mut self, length: usize, size: usize) {
        self.sent_of_first += length;
        while self.sent_of_first >= size && self.unsent.pop_front().is_some() {
            self.sent_of_first -= size;
        }
    }

    /// Handles the input of a stream. Calls `answered` with each request whose answer is complete.
    pub(super) fn receive(
        &mut self,
        mut input: &[u8],
        payload: &mut Payload,
        mut answered: impl FnMut(Request),
    ) -> Result<(), WrongAnswer> {
        while !input.is_empty() {
            let request = self.slots[self.oldest].ok_or(WrongAnswer)?;
            // An answer to an unsent request is not an answer.
            if self.unsent.front() == Some(&self.oldest) {
                return Err(WrongAnswer);
            }
            if !self.comparison.take(&mut input, payload.request(request.number))? {
                return Ok(());
            }
            self.free(self.oldest);
            self.oldest = (self.oldest + 1) % self.slots.len();
            self.history.answered = true;
            answered(request);
        }
        Ok(())
    }

    /// Handles a datagram. Returns `None` if it answers no request in flight.
    pub(super) fn receive_datagram(
        &mut self,
        datagram: &[u8],
        payload: &mut Payload,
    ) -> Result<Option<Request>, WrongAnswer> {
        let number = payload.number(datagram).ok_or(WrongAnswer)?;
        if !is_answer(datagram, payload.request(number)) {
            return Err(WrongAnswer);
        }
        let slot = (number % self.slots.len() as u64) as usize;
        let request = self.slots[slot].filter(|request| request.number == number);
        if request.is_some() {
            self.free(slot);
        }
        Ok(request)
    }

    /// Removes the requests sent before `before`, and returns their number.
    pub(super) fn expire(&mut self, before: u64) -> usize {
        let mut lost = 0;
        for slot in 0..self.slots.len() {
            if self.slots[slot].is_some_and(|request| request.sent < before) {
                self.unsent.retain(|unsent| *unsent != slot);
                self.free(slot);
                lost += 1;
            }
        }
        lost
    }

    /// Returns `true` if the oldest request of a stream was sent before `before`.
    pub(super) fn is_overdue(&self, before: u64) -> bool {
        self.slots[self.oldest].is_some_and(|request| request.sent < before)
    }

    /// Removes all requests, and returns their number.
    pub(super) fn reset(&mut self) -> usize {
        let aborted = self.in_flight;
        self.slots.fill(None);
        (self.next, self.oldest, self.in_flight, self.sent_of_first) = (0, 0, 0, 0);
        self.unsent.clear();
        self.comparison = Comparison::default();
        aborted
    }

    fn free(&mut self, slot: usize) {
        self.slots[slot] = None;
        self.in_flight -= 1;
    }
}
