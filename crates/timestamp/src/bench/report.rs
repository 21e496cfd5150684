//! What a run found.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::time::Duration;

use netcore::Error;

use super::Latency;
use super::connection::Request;

/// From this share of the time on, the generator's threads have nothing left to give.
const BUSY: f64 = 0.95;
/// From this share of the time on, it matters that they were ready and had no processor.
const WAITED: f64 = 0.05;

/// What [`Load::run`](super::Load::run) found.
///
/// Rates are those of the measured window. Latencies are of the answers that came in it, and of
/// those to requests that were still under way at its end. Failures count from the beginning,
/// warm-up included: a broken promise is one at any time.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How long the window was: shorter than was asked for if the run was stopped.
    pub elapsed: Duration,
    /// The connections, or datagram sockets, that were open when the load began. A connection that
    /// was closed before it brought a single answer does not count: the server has rejected it.
    pub connections: usize,
    /// The requests that were sent in the window.
    pub requests: u64,
    /// The answers that came in the window, each as it should be.
    pub answers: u64,
    /// The bytes that came in the window.
    pub bytes_received: u64,
    /// The bytes of the requests that those answers answered.
    pub bytes_answered: u64,
    /// The latency. In an open loop from when the request was due, so that the time counts which it
    /// had to wait for its turn; this is what corrects *coordinated omission*. In a closed loop from
    /// when it was sent, which is then the same.
    pub latency: Latency,
    /// In an open loop, the latency from when the request was sent, uncorrected.
    pub uncorrected: Option<Latency>,
    /// In an open loop, how late requests were sent that had nothing to wait for but the generator.
    pub lag: Option<Latency>,
    /// In an open loop, the requests that were due and never sent, because no connection was open or
    /// each had as many under way as it may. No latency has them.
    pub unsent: u64,
    /// The time in the window in which no connection was open: the server was away. With several
    /// threads it is that of the thread that had connections for longest.
    pub down: Duration,
    /// Answers that are not what was sent. A stream that brought one was closed.
    pub wrong: u64,
    /// Requests over streams that had no answer in time. Their connections were closed.
    pub timeouts: u64,
    /// Datagrams without an answer in time, and those that the system did not take.
    pub lost: u64,
    /// Answers in datagrams that came after they were given up, or twice.
    pub late: u64,
    /// Connections that ended before the run did.
    pub ended: u64,
    /// Requests that were under way on a connection that ended or was closed, beside the one whose
    /// answer was wrong or late.
    pub cut: u64,
    /// Connections that could not be made.
    pub unconnected: u64,
    /// How the first wrong answer began, or the piece of the stream that it came with.
    pub first_wrong: Option<Vec<u8>>,
    /// The first failure of a socket.
    pub failure: Option<Error>,
    /// The part of the window in which the generator's threads were at work and not waiting for
    /// something to do, from 0 to 1.
    pub busy: f64,
    /// The part of the window in which they were ready to run and the system gave the processor to
    /// others, from 0 to 1. Linux tells; elsewhere `None`.
    pub waited: Option<f64>,
}

/// Why the generator, and not the server, set the figures.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// It was at work at least 95 % of the time, this share of it: a faster server would not have
    /// looked faster.
    Busy(f64),
    /// For at least 5 % of the time, this share of it, others had the processor.
    Waited(f64),
    /// In an open loop: a hundredth of the requests were late by this much or more without having
    /// to wait for an answer, and that is at least half of the latency's p99.
    Late(Duration),
}

impl Report {
    /// The most bytes of [`first_wrong`](Report::first_wrong).
    pub const WRONG_LIMIT: usize = 64;

    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.per_second(self.answers)
    }

    /// So many in the window, by the second.
    #[must_use]
    pub fn per_second(&self, count: u64) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { count as f64 / self.elapsed.as_secs_f64() }
    }

    /// Returns why the generator was the limit, if it was. A server that is at its own limit at the
    /// same time can't be told from here. A run in which the server was [away](Report::down) says
    /// nothing of the generator.
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

    /// Records that `request`, of `size` bytes, has had the right answer at `now`, in the report and
    /// in the interval of the log.
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
        // An answer behind the window counts too, or the slowest would be left out.
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

    /// Adds what another thread found in the same window.
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
        // The thread that was nearest to its limit decides.
        self.busy = self.busy.max(other.busy);
        self.waited = self.waited.zip(other.waited).map(|(mine, others)| mine.max(others));
    }
}
