//! The state machine of a ping, without I/O: when probes are sent, and the state of each.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime};

use netcore::Deadline;

use crate::offset::sample::Sample;
use crate::parse::ParsedTime;
use crate::ping::event::{Answer, Order};
use crate::ping::plan::Plan;

#[cfg(test)]
mod tests;

/// The wait for answers between two probes if sending takes longer than the interval.
const MIN_WAIT: Duration = Duration::from_micros(100);
/// A year: the wait for a time that the clock cannot express.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The next step of a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send this probe, then call [`Ping::sent`]. Without that call the probe counts as lost.
    Send(u64),
    /// Count this probe as lost.
    Lost(u64),
    /// Wait for answers until this time.
    Wait(Instant),
    /// The ping is over.
    End,
}

/// A ping without I/O: it decides which probe is sent when, and classifies the answers.
///
/// ```
/// use std::time::{Duration, Instant, UNIX_EPOCH};
/// use timestamp::ping::{Order, Ping, Plan, Step};
///
/// let mut ping = Ping::new(Plan::default().with_count(Some(1)));
/// let now = Instant::now();
/// assert_eq!(ping.poll(now), Step::Send(1));
/// ping.sent(1, now, UNIX_EPOCH);
/// let then = now + Duration::from_millis(3);
/// let answer = ping.answered(1, then, 30, None).ok_or("unknown probe")?;
/// assert_eq!((answer.order, answer.round_trip), (Order::InTurn, Duration::from_millis(3)));
/// assert_eq!(ping.poll(then), Step::End);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The states of a probe
///
/// ```text
///            Step::Send, sent                answered
///   (none) ───────────────────▶ under way ────────────▶ answered ─▶ (duplicates)
///                                   │ timeout, disconnected         ▲
///                                   ▼                               │ answered, late
///                                 lost ─────────────────────────────┘
/// ```
///
/// Probes are due at equal intervals. If one is late by more than an interval, for instance because
/// the machine was asleep, the missed ones are skipped. There is always a wait for answers between
/// two probes, however short the interval is.
///
/// # Limits
///
/// At most [`WINDOW`](Ping::WINDOW) probes follow the oldest one that is under way; further ones
/// wait. Late answers and duplicates are recognised for at least the last
/// [`REMEMBERED`](Ping::REMEMBERED) probes.
#[derive(Debug)]
pub struct Ping {
    plan: Plan,
    end: Option<Instant>,
    /// The time at which the next probe is due; `None` before the first.
    due: Option<Instant>,
    /// The last probes in order, up to the one before `next`.
    probes: VecDeque<Probe>,
    /// The number of the next probe.
    next: u64,
    /// The number of the oldest probe under way, or `next` if there is none.
    oldest: u64,
    /// The number of the latest probe that was answered in time.
    newest: u64,
    /// `true` while no wait for answers has followed the last probe.
    must_wait: bool,
}

#[derive(Debug)]
struct Probe {
    /// The time of sending by both clocks. `None` if the probe was not sent or its connection has
    /// ended.
    sent: Option<(Instant, SystemTime)>,
    state: ProbeState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProbeState {
    UnderWay,
    Answered,
    Lost,
}

impl Ping {
    /// The most probes from the oldest one under way to the latest.
    pub const WINDOW: u64 = 16_384;

    /// The number of probes that are remembered after they were answered or lost.
    pub const REMEMBERED: usize = 1_024;

    /// Creates a ping. It starts at the first call of [`poll`](Ping::poll).
    pub fn new(plan: Plan) -> Ping {
        let probes = VecDeque::new();
        Ping { plan, end: None, due: None, probes, next: 1, oldest: 1, newest: 0, must_wait: false }
    }

    /// Returns the next step at `now`. Take it and call `poll` again.
    pub fn poll(&mut self, now: Instant) -> Step {
        let due = match self.due {
            Some(due) => due,
            None => {
                self.end = self.plan.deadline.and_then(|deadline| now.checked_add(deadline));
                *self.due.insert(now)
            }
        };
        if self.end.is_some_and(|end| end <= now) {
            return Step::End;
        }
        let lost_at = self.lost_at(now);
        if lost_at.is_some_and(|at| at <= now) {
            let seq = self.oldest;
            self.set_state(seq, ProbeState::Lost);
            return Step::Lost(seq);
        }
        let has_more = self.plan.count.is_none_or(|count| self.next <= count);
        if !has_more && self.oldest == self.next {
            return Step::End;
        }
        let may_send = has_more && self.next - self.oldest < Ping::WINDOW;
        if may_send && due <= now {
            if !std::mem::take(&mut self.must_wait) {
                return Step::Send(self.next_probe(now, due));
            }
            return Step::Wait(now + MIN_WAIT);
        }
        self.must_wait = false;
        let waits = [lost_at, self.end, may_send.then_some(due)];
        Step::Wait(waits.into_iter().flatten().min().unwrap_or(now + FAR))
    }

    /// Returns the time at which the oldest probe under way is lost: `now` if it cannot be answered
    /// any more. Returns `None` if no probe is under way.
    fn lost_at(&self, now: Instant) -> Option<Instant> {
        match self.probes[self.index(self.oldest)?].sent {
            Some((at, _)) => at.checked_add(self.plan.timeout),
            None => Some(now),
        }
    }

    fn next_probe(&mut self, now: Instant, due: Instant) -> u64 {
        let base = if now - due > self.plan.interval { now } else { due };
        self.due = Some(base.checked_add(self.plan.interval).unwrap_or(now + FAR));
        let seq = self.next;
        self.next += 1;
        self.must_wait = true;
        self.probes.push_back(Probe { sent: None, state: ProbeState::UnderWay });
        while self.probes.len() > Ping::REMEMBERED && self.probes[0].state != ProbeState::UnderWay {
            self.probes.pop_front();
        }
        seq
    }

    /// Notes that a probe is sent. `at` is the time by the clock that also times the answers,
    /// `clock` the time of the system clock. Read both just before sending.
    pub fn sent(&mut self, seq: u64, at: Instant, clock: SystemTime) {
        if let Some(index) = self.index(seq) {
            self.probes[index].sent = Some((at, clock));
        }
    }

    /// Handles an answer of `bytes` bytes that arrived at `at`, with the server's time if it has
    /// one. Returns `None` if the probe is unknown or no longer remembered.
    pub fn answered(
        &mut self,
        seq: u64,
        at: Instant,
        bytes: usize,
        reading: Option<ParsedTime>,
    ) -> Option<Answer> {
        let probe = &self.probes[self.index(seq)?];
        let (sent, clock) = probe.sent?;
        let round_trip = at.saturating_duration_since(sent);
        let order = match probe.state {
            ProbeState::Answered => Order::Duplicate,
            ProbeState::Lost => Order::Late,
            ProbeState::UnderWay if seq < self.newest => Order::Overtaken,
            ProbeState::UnderWay => Order::InTurn,
        };
        if order == Order::InTurn {
            self.newest = seq;
        }
        self.set_state(seq, ProbeState::Answered);
        let sample = reading.map(|reading| Sample {
            sent: clock,
            round_trip,
            server: reading.time,
            resolution: reading.resolution,
            unit_assumed: reading.unit_assumed,
        });
        let zone_assumed = reading.is_some_and(|reading| reading.zone_assumed);
        Some(Answer { seq, round_trip, bytes, order, sample, zone_assumed })
    }

    /// Returns the deadline of the ping.
    pub(crate) fn deadline(&self) -> Deadline {
        self.end.map_or(Deadline::never(), Deadline::at)
    }

    /// Notes that the connection has ended: the probes under way cannot be answered any more.
    pub fn disconnected(&mut self) {
        let under_way = self.probes.iter_mut().filter(|probe| probe.state == ProbeState::UnderWay);
        under_way.for_each(|probe| probe.sent = None);
    }

    fn set_state(&mut self, seq: u64, state: ProbeState) {
        let Some(index) = self.index(seq) else { return };
        self.probes[index].state = state;
        let state_of = |seq| self.index(seq).map(|index| self.probes[index].state);
        let mut oldest = self.oldest;
        while state_of(oldest).is_some_and(|state| state != ProbeState::UnderWay) {
            oldest += 1;
        }
        self.oldest = oldest;
    }

    /// Returns the index of a probe in `probes`.
    fn index(&self, seq: u64) -> Option<usize> {
        let first = self.next - self.probes.len() as u64;
        (seq >= first && seq < self.next).then(|| (seq - first) as usize)
    }
}
