//! Which request goes out when, on which connection, and what came of it: without I/O and without
//! a clock. Times are nanoseconds of a clock that the driver has.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use netcore::Error;

use super::connection::{Lane, State};
use super::payload::{Text, Wrong};
use super::schedule::Schedule;
use super::{Latency, Load, Report};

/// How long a connection that failed is left alone.
pub(super) const PAUSE: u64 = 100_000_000;
/// The longest time between two looks for what is overdue.
const LOOK: u64 = 100_000_000;

/// The phases of a run:
///
/// ```text
/// connecting ── start ──▶ warm-up ──▶ window ──▶ draining ──▶ over
///                                     counted    nothing new is sent; what has no answer when the
///                                                timeout has passed gets none
/// ```
#[derive(Debug)]
pub(super) struct Generator {
    text: Text,
    stream: bool,
    schedule: Schedule,
    lanes: Vec<Lane>,
    /// How many of them are open.
    open: usize,
    /// The time since which none of them has been open.
    none_since: Option<u64>,
    /// A lane for each free slot of an open lane, the one that has been free longest first; and
    /// lanes that have failed since, which are taken out when their turn comes.
    free: VecDeque<usize>,
    /// Since when there has been a free slot.
    free_since: u64,
    seq: u64,
    timeout: u64,
    /// The window: from when, until when.
    from: u64,
    until: u64,
    next_look: u64,
    under_way: usize,
    /// Nothing is sent before.
    started: bool,
    /// Nor after.
    stopped: bool,
    report: Report,
    /// What was recorded since the last interval of the log.
    interval: Option<Latency>,
}

/// What a look at a lane finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// It is time to connect.
    Connect,
    /// Connecting takes too long.
    Connecting,
    /// An answer took too long, and the lane has been closed.
    Answer,
}

/// Which part of the load a generator makes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) index: usize,
    pub(super) of: usize,
}

impl Generator {
    /// A generator for its share of a load over streams or datagrams, whose connections are all to
    /// be made.
    pub(super) fn new(load: &Load, share: Share, stream: bool, logged: bool) -> Generator {
        let count =
            load.connections / share.of + usize::from(share.index < load.connections % share.of);
        let slots = load.pipeline;
        let make = || load.rate.map(|_| Latency::default());
        Generator {
            text: Text::new(load.size),
            stream,
            schedule: Schedule::Answered,
            lanes: (0..count).map(|_| Lane::new(slots)).collect(),
            open: 0,
            none_since: None,
            free: VecDeque::with_capacity(count * slots),
            free_since: 0,
            // Threads have numbers of their own, so that one's answer is wrong on another's
            // connection.
            seq: share.index as u64,
            timeout: nanoseconds(load.timeout),
            from: u64::MAX,
            until: u64::MAX,
            next_look: 0,
            under_way: 0,
            started: false,
            stopped: false,
            report: Report { uncorrected: make(), lag: make(), ..Report::default() },
            interval: logged.then(Latency::default),
        }
    }

    /// Begins the warm-up.
    pub(super) fn start(&mut self, load: &Load, share: Share, now: u64) {
        if let Some(rate) = load.rate {
            self.schedule = Schedule::paced(now, rate, share.index as u64, share.of as u64);
        }
        self.from = now.saturating_add(nanoseconds(load.warmup));
        self.until = self.from.saturating_add(nanoseconds(load.duration));
        self.free_since = now;
        self.started = true;
        self.none_since = (self.open == 0).then_some(now);
        for lane in &mut self.lanes {
            lane.history.began = lane.state == State::Open;
        }
        // Connections that a later attempt made are there.
        self.report.unconnected = (self.lanes() - self.open) as u64;
        if self.report.unconnected == 0 {
            self.report.failure = None;
        }
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    pub(super) fn open_lanes(&self) -> usize {
        self.open
    }

    pub(super) fn state(&self, lane: usize) -> State {
        self.lanes[lane].state
    }

    /// A connection is being made.
    pub(super) fn connecting(&mut self, lane: usize, now: u64) {
        self.lanes[lane].state = State::Connecting { until: now.saturating_add(self.timeout) };
    }

    /// It has been made.
    pub(super) fn open(&mut self, lane: usize, now: u64) {
        let withheld = std::mem::take(&mut self.lanes[lane].withheld);
        self.lanes[lane].state = State::Open;
        self.open += 1;
        self.end_outage(now);
        self.release(lane, withheld, now);
    }

    /// Counts the time until `now` in which no lane was open, if that was so.
    fn end_outage(&mut self, now: u64) {
        if let Some(since) = self.none_since.take() {
            let down = now.min(self.until).saturating_sub(since.max(self.from));
            self.report.down += Duration::from_nanos(down);
        }
    }

    /// It could not be made.
    pub(super) fn unconnected(&mut self, lane: usize, now: u64) {
        self.report.unconnected += 1;
        self.lanes[lane].state = State::Down { until: now.saturating_add(PAUSE) };
    }

    /// An open one has ended. It is made again after a pause.
    pub(super) fn ended(&mut self, lane: usize, now: u64) {
        self.report.cut += self.close(lane, now);
        self.report.ended += 1;
    }

    /// Cuts off what is under way, and gives how many those were.
    fn close(&mut self, lane: usize, now: u64) -> u64 {
        let lane = &mut self.lanes[lane];
        let cut = lane.reset();
        lane.withheld += cut;
        lane.state = State::Down { until: now.saturating_add(PAUSE) };
        lane.history.rejected |= !lane.history.answered;
        self.open -= 1;
        if self.open == 0 {
            self.none_since = Some(now);
        }
        self.under_way -= cut;
        cut as u64
    }

    /// Puts the next request that is due on a lane, and says which; `None` if none is due, or no
    /// slot is free. The lane has output then.
    pub(super) fn dispatch(&mut self, now: u64) -> Option<usize> {
        let due = self.schedule.next(now);
        if !self.started || due > now || due >= self.until || self.is_draining(now) {
            return None;
        }
        let lane = loop {
            let lane = self.free.pop_front()?;
            if self.lanes[lane].state == State::Open {
                break lane;
            }
            self.lanes[lane].withheld += 1;
        };
        self.schedule.advance();
        self.lanes[lane].begin(self.seq, due, now);
        self.seq += Load::MAX_THREADS as u64;
        self.under_way += 1;
        if (self.from..self.until).contains(&now) {
            self.report.requests += 1;
            if let Some(lag) = &mut self.report.lag {
                lag.record(now - due.max(self.free_since).min(now));
            }
        }
        Some(lane)
    }

    /// What is to be written on a lane next: all of a stream's, one of the datagrams.
    pub(super) fn output<'a>(&'a mut self, lane: usize, room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        self.lanes[lane].output(&mut self.text, self.stream, room)
    }

    /// So much of it has been written.
    pub(super) fn wrote(&mut self, lane: usize, length: usize) {
        self.lanes[lane].wrote(length, self.text.size());
    }

    /// A stream brought `input`. An error has closed it: of what comes after a wrong answer,
    /// nothing can be told.
    pub(super) fn receive(&mut self, lane: usize, input: &[u8], now: u64) -> Result<(), Wrong> {
        self.count_bytes(input.len(), now);
        let mut freed = 0;
        let size = self.text.size() as u64;
        let window = self.from..self.until;
        let (report, interval) = (&mut self.report, &mut self.interval);
        let result = self.lanes[lane].receive(input, &mut self.text, |request| {
            freed += 1;
            report.record(interval, &window, request, size, now);
        });
        self.under_way -= freed;
        self.release(lane, freed, now);
        if result.is_err() {
            self.wrong(input);
            // But for the request that was answered so.
            self.report.cut += self.close(lane, now).saturating_sub(1);
        }
        result
    }

    /// A datagram came. Whether others may be on their way.
    pub(super) fn datagram(&mut self, lane: usize, datagram: &[u8], now: u64) -> bool {
        self.count_bytes(datagram.len(), now);
        match self.lanes[lane].datagram(datagram, &mut self.text) {
            Ok(Some(request)) => {
                let (size, window) = (self.text.size() as u64, self.from..self.until);
                self.report.record(&mut self.interval, &window, request, size, now);
                self.under_way -= 1;
                self.release(lane, 1, now);
            }
            Ok(None) => self.report.late += 1,
            Err(Wrong) => self.wrong(datagram),
        }
        self.lanes[lane].under_way() > 0
    }

    /// Looks whether something takes too long, if it is time for that. What does is in `found`.
    pub(super) fn look(&mut self, now: u64, found: &mut Vec<(usize, Overdue)>) {
        found.clear();
        if now < self.next_look {
            return;
        }
        self.next_look = now + LOOK.min(self.timeout / 4).max(1);
        let before = now.saturating_sub(self.timeout);
        for lane in 0..self.lanes.len() {
            match self.lanes[lane].state {
                State::Down { until } if until <= now => found.push((lane, Overdue::Connect)),
                State::Connecting { until } if until <= now => {
                    found.push((lane, Overdue::Connecting));
                }
                State::Open if !self.stream => self.lose(lane, before, now),
                State::Open if self.lanes[lane].is_overdue(before) => {
                    let lost = self.lanes[lane].lose(before);
                    self.lanes[lane].withheld += lost;
                    self.under_way -= lost;
                    self.report.timeouts += lost as u64;
                    self.report.cut += self.close(lane, now);
                    found.push((lane, Overdue::Answer));
                }
                _ => {}
            }
        }
    }

    /// Gives up the datagrams of a lane that were sent before `before`.
    fn lose(&mut self, lane: usize, before: u64, now: u64) {
        let lost = self.lanes[lane].lose(before);
        self.under_way -= lost;
        self.report.lost += lost as u64;
        self.release(lane, lost, now);
    }

    /// How long nothing will be to be done unless something comes.
    pub(super) fn wait(&self, now: u64) -> u64 {
        let mut until = self.next_look;
        if self.started && !self.is_draining(now) {
            until = until.min(if now < self.from { self.from } else { self.until });
            if !self.free.is_empty() {
                until = until.min(self.schedule.next(now));
            }
        }
        until.saturating_sub(now)
    }

    /// When the window begins and when it ends.
    pub(super) fn window(&self) -> (u64, u64) {
        (self.from, self.until)
    }

    /// Nothing new is sent any more.
    fn is_draining(&self, now: u64) -> bool {
        self.stopped || now >= self.until
    }

    /// Ends the window at once, and waits for nothing.
    pub(super) fn stop(&mut self, now: u64) {
        self.stopped = true;
        self.until = self.until.min(now);
        self.from = self.from.min(now);
    }

    /// Whether all that was to come has come, or will not.
    pub(super) fn is_over(&self, now: u64) -> bool {
        let patience = self.until.saturating_add(self.timeout);
        self.stopped || now >= self.until && (self.under_way == 0 || now > patience)
    }

    /// What was recorded since the last call, for the log.
    pub(super) fn interval(&mut self) -> Option<&mut Latency> {
        self.interval.as_mut()
    }

    /// The run is over. What is still under way has had its time, but for a run that was stopped.
    pub(super) fn finish(mut self) -> Report {
        let left = self.under_way as u64;
        if !self.stopped {
            let none = if self.stream { &mut self.report.timeouts } else { &mut self.report.lost };
            *none += left;
        }
        self.end_outage(self.until);
        let is_connection = |lane: &&Lane| lane.history.is_connection();
        self.report.connections = self.lanes.iter().filter(is_connection).count();
        self.report.unsent = self.schedule.left(self.until);
        self.report.elapsed = Duration::from_nanos(self.until - self.from);
        self.report
    }

    fn release(&mut self, lane: usize, slots: usize, now: u64) {
        if slots > 0 && self.free.is_empty() {
            self.free_since = now;
        }
        self.free.extend(std::iter::repeat_n(lane, slots));
    }

    fn wrong(&mut self, input: &[u8]) {
        self.report.wrong += 1;
        let begin = &input[..input.len().min(Report::WRONG_LIMIT)];
        self.report.first_wrong.get_or_insert_with(|| begin.to_vec());
    }

    /// A socket failed. The first failure is told.
    pub(super) fn failed(&mut self, failure: impl FnOnce() -> Error) {
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
