//! Decides which request is sent when and on which connection, and counts the results.
//!
//! There is no I/O and no clock here: times are nanoseconds of the driver's clock.

use std::collections::VecDeque;
use std::time::Duration;

use netcore::Error;

use crate::bench::connection::{Connection, State};
use crate::bench::latency::Latency;
use crate::bench::load::Load;
use crate::bench::payload::{Payload, WrongAnswer};
use crate::bench::report::Report;
use crate::bench::schedule::Schedule;

#[cfg(test)]
mod tests;

/// The pause before a failed connection is made again, in nanoseconds.
pub(super) const RECONNECT_PAUSE: u64 = 100_000_000;
/// The longest time between two checks of the timeouts, in nanoseconds.
const CHECK_INTERVAL: u64 = 100_000_000;

/// The phases of a run:
///
/// ```text
/// connecting ── start ──▶ warm-up ──▶ window ──▶ draining ──▶ over
///                                     counted    no new requests; after the timeout, requests
///                                                without an answer count as failures
/// ```
#[derive(Debug)]
pub(super) struct Generator {
    payload: Payload,
    is_stream: bool,
    schedule: Schedule,
    connections: Vec<Connection>,
    /// The number of open connections.
    open: usize,
    /// The time since which no connection has been open.
    outage_start: Option<u64>,
    /// The index of an open connection for each free slot, the longest free first. An entry whose
    /// connection has failed since is removed when its turn comes.
    free: VecDeque<usize>,
    /// The time since which a slot has been free.
    free_since: u64,
    seq: u64,
    timeout: u64,
    /// The start of the measured window.
    from: u64,
    /// The end of the measured window.
    until: u64,
    next_check: u64,
    in_flight: usize,
    /// `false` while no request may be sent yet.
    started: bool,
    /// `true` if no request may be sent any more.
    stopped: bool,
    report: Report,
    /// The latencies since the last interval of the log.
    interval: Option<Latency>,
}

/// An action that is due on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The pause is over: connect again.
    Connect,
    /// The connection attempt timed out.
    Connecting,
    /// An answer timed out, and the generator has closed the connection.
    Answer,
}

/// The part of the load that a generator makes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) index: usize,
    pub(super) of: usize,
}

impl Generator {
    /// Creates a generator for its share of a load over streams or datagrams. All of its
    /// connections are still to be made.
    pub(super) fn new(load: &Load, share: Share, is_stream: bool, logged: bool) -> Generator {
        let count =
            load.connections / share.of + usize::from(share.index < load.connections % share.of);
        let slots = load.pipeline;
        let make = || load.rate.map(|_| Latency::default());
        Generator {
            payload: Payload::new(load.size),
            is_stream,
            schedule: Schedule::Closed,
            connections: (0..count).map(|_| Connection::new(slots)).collect(),
            open: 0,
            outage_start: None,
            free: VecDeque::with_capacity(count * slots),
            free_since: 0,
            // Threads use disjoint numbers, so the answer to one thread's request is wrong on a
            // connection of another thread.
            seq: share.index as u64,
            timeout: nanoseconds(load.timeout),
            from: u64::MAX,
            until: u64::MAX,
            next_check: 0,
            in_flight: 0,
            started: false,
            stopped: false,
            report: Report { uncorrected: make(), lag: make(), ..Report::default() },
            interval: logged.then(Latency::default),
        }
    }

    /// Starts the warm-up.
    pub(super) fn start(&mut self, load: &Load, share: Share, now: u64) {
        if let Some(rate) = load.rate {
            self.schedule = Schedule::open_loop(now, rate, share.index as u64, share.of as u64);
        }
        self.from = now.saturating_add(nanoseconds(load.warmup));
        self.until = self.from.saturating_add(nanoseconds(load.duration));
        self.free_since = now;
        self.started = true;
        self.outage_start = (self.open == 0).then_some(now);
        for connection in &mut self.connections {
            connection.history.open_at_start = connection.state == State::Open;
        }
        // A connection that a later attempt made is not a failure.
        self.report.unconnected = (self.connections() - self.open) as u64;
        if self.report.unconnected == 0 {
            self.report.failure = None;
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn open_connections(&self) -> usize {
        self.open
    }

    pub(super) fn state(&self, id: usize) -> State {
        self.connections[id].state
    }

    /// Notes that a connection is being made.
    pub(super) fn connecting(&mut self, id: usize, now: u64) {
        self.connections[id].state = State::Connecting { until: now.saturating_add(self.timeout) };
    }

    /// Notes that a connection is established.
    pub(super) fn connected(&mut self, id: usize, now: u64) {
        let withheld = std::mem::take(&mut self.connections[id].withheld);
        self.connections[id].state = State::Open;
        self.open += 1;
        self.end_outage(now);
        self.release(id, withheld, now);
    }

    /// Counts the time up to `now` in which no connection was open, if there is an outage.
    fn end_outage(&mut self, now: u64) {
        if let Some(since) = self.outage_start.take() {
            let down = now.min(self.until).saturating_sub(since.max(self.from));
            self.report.down += Duration::from_nanos(down);
        }
    }

    /// Notes that a connection attempt failed. It is repeated after a pause.
    pub(super) fn connect_failed(&mut self, id: usize, now: u64) {
        self.report.unconnected += 1;
        self.connections[id].state = State::Down { until: now.saturating_add(RECONNECT_PAUSE) };
    }

    /// Notes that an open connection has ended. It is made again after a pause.
    pub(super) fn disconnected(&mut self, id: usize, now: u64) {
        self.report.cut += self.close(id, now);
        self.report.ended += 1;
    }

    /// Aborts the requests in flight on a connection, and returns their number.
    fn close(&mut self, id: usize, now: u64) -> u64 {
        let connection = &mut self.connections[id];
        let aborted = connection.reset();
        connection.withheld += aborted;
        connection.state = State::Down { until: now.saturating_add(RECONNECT_PAUSE) };
        connection.history.rejected |= !connection.history.answered;
        self.open -= 1;
        if self.open == 0 {
            self.outage_start = Some(now);
        }
        self.in_flight -= aborted;
        aborted as u64
    }

    /// Puts the next due request on a connection, which then has output, and returns its index.
    /// Returns `None` if no request is due or no slot is free.
    pub(super) fn dispatch(&mut self, now: u64) -> Option<usize> {
        let due = self.schedule.next(now);
        if !self.started || due > now || due >= self.until || self.is_draining(now) {
            return None;
        }
        let id = loop {
            let id = self.free.pop_front()?;
            if self.connections[id].state == State::Open {
                break id;
            }
            self.connections[id].withheld += 1;
        };
        self.schedule.advance();
        self.connections[id].assign(self.seq, due, now);
        self.seq += Load::MAX_THREADS as u64;
        self.in_flight += 1;
        if (self.from..self.until).contains(&now) {
            self.report.requests += 1;
            if let Some(lag) = &mut self.report.lag {
                lag.record(now - due.max(self.free_since).min(now));
            }
        }
        Some(id)
    }

    /// Returns the next bytes to send on a connection: all requests of a is_stream, or one
    /// datagram.
    pub(super) fn output<'a>(&'a mut self, id: usize, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        self.connections[id].output(&mut self.payload, self.is_stream, buffer)
    }

    /// Notes that `length` bytes of the output have been sent.
    pub(super) fn sent(&mut self, id: usize, length: usize) {
        self.connections[id].sent(length, self.payload.size());
    }

    /// Handles the input of a stream. An error has closed the connection, because nothing that
    /// follows a wrong answer can be matched to a request.
    pub(super) fn receive(&mut self, id: usize, input: &[u8], now: u64) -> Result<(), WrongAnswer> {
        self.count_bytes(input.len(), now);
        let mut freed = 0;
        let size = self.payload.size() as u64;
        let window = self.from..self.until;
        let (report, interval) = (&mut self.report, &mut self.interval);
        let result = self.connections[id].receive(input, &mut self.payload, |request| {
            freed += 1;
            report.record(interval, &window, request, size, now);
        });
        self.in_flight -= freed;
        self.release(id, freed, now);
        if result.is_err() {
            self.wrong(input);
            // The request with the wrong answer is not counted as aborted.
            self.report.cut += self.close(id, now).saturating_sub(1);
        }
        result
    }

    /// Handles a datagram. Returns `true` if requests are still in flight on that socket.
    pub(super) fn receive_datagram(&mut self, id: usize, datagram: &[u8], now: u64) -> bool {
        self.count_bytes(datagram.len(), now);
        match self.connections[id].receive_datagram(datagram, &mut self.payload) {
            Ok(Some(request)) => {
                let (size, window) = (self.payload.size() as u64, self.from..self.until);
                self.report.record(&mut self.interval, &window, request, size, now);
                self.in_flight -= 1;
                self.release(id, 1, now);
            }
            Ok(None) => self.report.late += 1,
            Err(WrongAnswer) => self.wrong(datagram),
        }
        self.connections[id].in_flight() > 0
    }

    /// Checks all timeouts, if a check is due. The actions for the driver are in `found`.
    pub(super) fn check_timeouts(&mut self, now: u64, found: &mut Vec<(usize, Overdue)>) {
        found.clear();
        if now < self.next_check {
            return;
        }
        self.next_check = now + CHECK_INTERVAL.min(self.timeout / 4).max(1);
        let before = now.saturating_sub(self.timeout);
        for id in 0..self.connections.len() {
            match self.connections[id].state {
                State::Down { until } if until <= now => found.push((id, Overdue::Connect)),
                State::Connecting { until } if until <= now => {
                    found.push((id, Overdue::Connecting));
                }
                State::Open if !self.is_stream => self.expire(id, before, now),
                State::Open if self.connections[id].is_overdue(before) => {
                    let lost = self.connections[id].expire(before);
                    self.connections[id].withheld += lost;
                    self.in_flight -= lost;
                    self.report.timeouts += lost as u64;
                    self.report.cut += self.close(id, now);
                    found.push((id, Overdue::Answer));
                }
                _ => {}
            }
        }
    }

    /// Counts the datagrams of a connection that were sent before `before` as lost.
    fn expire(&mut self, id: usize, before: u64, now: u64) {
        let lost = self.connections[id].expire(before);
        self.in_flight -= lost;
        self.report.lost += lost as u64;
        self.release(id, lost, now);
    }

    /// Returns the time in nanoseconds until something is due, unless input arrives first.
    pub(super) fn wait(&self, now: u64) -> u64 {
        let mut until = self.next_check;
        if self.started && !self.is_draining(now) {
            until = until.min(if now < self.from { self.from } else { self.until });
            if !self.free.is_empty() {
                until = until.min(self.schedule.next(now));
            }
        }
        until.saturating_sub(now)
    }

    /// Returns the start and the end of the measured window.
    pub(super) fn window(&self) -> (u64, u64) {
        (self.from, self.until)
    }

    /// Returns `true` if no new request is sent any more.
    fn is_draining(&self, now: u64) -> bool {
        self.stopped || now >= self.until
    }

    /// Ends the window at once, without waiting for answers.
    pub(super) fn stop(&mut self, now: u64) {
        self.stopped = true;
        self.until = self.until.min(now);
        self.from = self.from.min(now);
    }

    /// Returns `true` if every request has its answer, or the timeout has passed.
    pub(super) fn is_over(&self, now: u64) -> bool {
        let deadline = self.until.saturating_add(self.timeout);
        self.stopped || now >= self.until && (self.in_flight == 0 || now > deadline)
    }

    /// Returns the latencies since the last interval of the log.
    pub(super) fn interval(&mut self) -> Option<&mut Latency> {
        self.interval.as_mut()
    }

    /// Ends the run and returns the report. Requests still in flight count as failures, except in a
    /// run that was stopped.
    pub(super) fn finish(mut self) -> Report {
        let left = self.in_flight as u64;
        if !self.stopped {
            let none =
                if self.is_stream { &mut self.report.timeouts } else { &mut self.report.lost };
            *none += left;
        }
        self.end_outage(self.until);
        let is_counted = |id: &&Connection| id.history.is_counted();
        self.report.connections = self.connections.iter().filter(is_counted).count();
        self.report.unsent = self.schedule.left(self.until);
        self.report.elapsed = Duration::from_nanos(self.until - self.from);
        self.report
    }

    fn release(&mut self, id: usize, slots: usize, now: u64) {
        if slots > 0 && self.free.is_empty() {
            self.free_since = now;
        }
        self.free.extend(std::iter::repeat_n(id, slots));
    }

    fn wrong(&mut self, input: &[u8]) {
        self.report.wrong += 1;
        let begin = &input[..input.len().min(Report::WRONG_LIMIT)];
        self.report.first_wrong.get_or_insert_with(|| begin.to_vec());
    }

    /// Notes the failure of a socket. The report keeps the first one.
    pub(super) fn note_failure(&mut self, failure: impl FnOnce() -> Error) {
        self.report.failure.get_or_insert_with(failure);
    }

    fn count_bytes(&mut self, length: usize, now: u64) {
        if (self.from..self.until).contains(&now) {
            self.report.bytes_received += length as u64;
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
