//! The report of a run.

use std::ops::Range;
use std::time::Duration;

use netcore::Error;

use crate::bench::connection::Request;
use crate::bench::latency::Latency;

#[cfg(test)]
mod tests;

/// The share of the window, from 0 to 1, above which a thread counts as fully busy.
const BUSY: f64 = 0.95;
/// The share of the window, from 0 to 1, above which waiting for a processor matters.
const WAITED: f64 = 0.05;

/// The report of [`Load::run`](crate::bench::Load::run).
///
/// Rates are those of the measured window. Latencies include the answers in the window, and those
/// to requests that were in flight at its end. Failures are counted from the start of the run,
/// including the warm-up.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The length of the window. It is shorter than requested if the run was stopped.
    pub elapsed: Duration,
    /// The number of connections, or of datagram sockets, that were open when the load began. A
    /// connection that closed before its first answer does not count: the server rejected it.
    pub connections: usize,
    /// The number of requests sent in the window.
    pub requests: u64,
    /// The number of correct answers received in the window.
    pub answers: u64,
    /// The number of bytes received in the window.
    pub bytes_received: u64,
    /// The number of bytes of the requests that were answered in the window.
    pub bytes_answered: u64,
    /// The latency of the answers.
    ///
    /// In an open loop it counts from the time at which the request was due, and so includes the
    /// wait before the request was sent; this corrects *coordinated omission*. In a closed loop a
    /// request is due when it is sent.
    pub latency: Latency,
    /// The uncorrected latency of an open loop: the time since the request was sent.
    pub uncorrected: Option<Latency>,
    /// The lateness of requests in an open loop that waited only for the generator.
    pub lag: Option<Latency>,
    /// The number of requests in an open loop that were due but never sent, because no connection
    /// was open or every pipeline was full. No latency includes them.
    pub unsent: u64,
    /// The time in the window in which no connection was open. With several threads, it is the
    /// shortest of their times.
    pub down: Duration,
    /// The number of answers that differ from their request. The connection is closed after one.
    pub wrong: u64,
    /// The number of requests over streams without an answer in time. Their connections were
    /// closed.
    pub timeouts: u64,
    /// The number of datagrams without an answer in time, or that the system did not accept.
    pub lost: u64,
    /// The number of answers in datagrams that came too late, or twice.
    pub late: u64,
    /// The number of connections that ended before the run did.
    pub ended: u64,
    /// The number of requests in flight on connections when they ended or were closed. The request
    /// whose answer was wrong or late is not included.
    pub cut: u64,
    /// The number of connection attempts that failed.
    pub unconnected: u64,
    /// The first bytes of the first wrong answer, or of the read that contained it.
    pub first_wrong: Option<Vec<u8>>,
    /// The first failure of a socket.
    pub failure: Option<Error>,
    /// The part of the window in which the generator's threads were not waiting for events, from 0
    /// to 1.
    pub busy: f64,
    /// The part of the window in which the threads were ready to run but had no processor, from 0
    /// to 1. `None` except on Linux.
    pub waited: Option<f64>,
}

/// The reason why the generator, and not the server, limited the results.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// The generator was busy for this share of the time, at least 0.95. A faster server would have
    /// had the same results.
    Busy(f64),
    /// The generator had no processor for this share of the time, at least 0.05.
    Waited(f64),
    /// One percent of the requests of an open loop were sent late by at least this time, although
    /// they did not wait for an answer. It is at least half of the p99 latency.
    Late(Duration),
}

impl Report {
    /// The most bytes of [`first_wrong`](Report::first_wrong).
    pub const WRONG_LIMIT: usize = 64;

    /// Returns the number of answers per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.per_second(self.answers)
    }

    /// Converts a count in the window to a rate per second.
    #[must_use]
    pub fn per_second(&self, count: u64) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { count as f64 / self.elapsed.as_secs_f64() }
    }

    /// Returns the reason if the generator was the limit. The report cannot tell if the server was
    /// at its limit too. Returns `None` after an [outage](Report::down), which says nothing about
    /// the generator.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        if !self.down.is_zero() {
            return None;
        }
        if self.busy >= BUSY {
            return Some(Limit::Busy(self.busy));
        }
        if let Some(waited) = self.waited.filter(|waited| *waited >= WAITED) {
            return Some(Limit::Waited(waited));
        }
        let late = self.lag.as_ref().map_or(Duration::ZERO, |lag| lag.quantile(0.99));
        let matters = !late.is_zero() && late * 2 >= self.latency.quantile(0.99);
        matters.then_some(Limit::Late(late))
    }

    /// Records a correct answer at `now` to `request`, of `size` bytes, in the report and in the
    /// interval of the log.
    pub(super) fn record(
        &mut self,
        interval: &mut Option<Latency>,
        window: &Range<u64>,
        request: Request,
        size: u64,
        now: u64,
    ) {
        if window.contains(&now) {
            self.answers += 1;
            self.bytes_answered += size;
        }
        // Answers after the window count too. Otherwise the slowest would be missing.
        if now >= window.start {
            self.latency.record(now - request.due);
            if let Some(uncorrected) = &mut self.uncorrected {
                uncorrected.record(now - request.sent);
            }
            if let Some(interval) = interval {
                interval.record(now - request.due);
            }
        }
    }

    /// Adds the report of another thread about the same window.
    pub(super) fn merge(&mut self, other: Report) {
        self.elapsed = self.elapsed.max(other.elapsed);
        self.connections += other.connections;
        self.requests += other.requests;
        self.answers += other.answers;
        self.bytes_received += other.bytes_received;
        self.bytes_answered += other.bytes_answered;
        self.latency.add(&other.latency);
        for (mine, others) in
            [(&mut self.uncorrected, other.uncorrected), (&mut self.lag, other.lag)]
        {
            if let (Some(mine), Some(others)) = (mine, others) {
                mine.add(&others);
            }
        }
        self.unsent += other.unsent;
        self.down = self.down.min(other.down);
        self.wrong += other.wrong;
        self.timeouts += other.timeouts;
        self.lost += other.lost;
        self.late += other.late;
        self.ended += other.ended;
        self.cut += other.cut;
        self.unconnected += other.unconnected;
        self.first_wrong = self.first_wrong.take().or(other.first_wrong);
        self.failure = self.failure.take().or(other.failure);
        // The result is that of the thread which was closest to its limit.
        self.busy = self.busy.max(other.busy);
        self.waited = self.waited.zip(other.waited).map(|(mine, others)| mine.max(others));
    }
}
