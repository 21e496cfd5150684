//! Which probe is sent when, and what became of each, without I/O.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime};

use netcore::Deadline;

use crate::offset::sample::Sample;
use crate::parse::ParsedTime;
use crate::ping::event::{Answer, Order};
use crate::ping::plan::Plan;

/// What there is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send this probe, and say so with [`Ping::sent`]. One of which that is not said is lost.
    Send(u64),
    /// Nothing: this probe is lost.
    Lost(u64),
    /// Wait for answers until then.
    Wait(Instant),
    /// The ping is over.
    End,
}

/// A ping, without I/O.
///
/// ```text
///            Step::Send, sent                answered
///   (none) ───────────────────▶ under way ────────────▶ answered ─▶ (duplicates)
///                                   │ the timeout, or broken        ▲
///                                   ▼                               │ answered, late
///                                 lost ─────────────────────────────┘
/// ```
///
/// Probes are due at equal intervals. Where one is late by more than an interval (the machine was
/// asleep), those in between are left out, not made up for. Between two of them there is always a
/// wait for answers, however short the interval is.
///
/// # Limits
///
/// The next probe waits while the oldest one that is under way is [`WINDOW`](Ping::WINDOW) probes
/// behind it. Late answers and duplicates are known among the last
/// [`REMEMBERED`](Ping::REMEMBERED) probes at least.
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
/// let answer = ping.answered(1, then, 30, None).ok_or("not ours")?;
/// assert_eq!((answer.order, answer.round_trip), (Order::InTurn, Duration::from_millis(3)));
/// assert_eq!(ping.poll(then), Step::End);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ping {
    plan: Plan,
    end: Option<Instant>,
    /// When the next probe is due; `None` before the first.
    due: Option<Instant>,
    /// The last probes, without a gap, up to the one before `next`.
    probes: VecDeque<Probe>,
    /// The number of the next probe.
    next: u64,
    /// No probe before this one is under way. At `next`, none is.
    oldest: u64,
    /// The latest probe that was answered in time.
    newest: u64,
    /// No wait for answers has come after the last probe yet.
    has_sent: bool,
}

#[derive(Debug)]
struct Probe {
    /// When it was sent, by both clocks. `None`: it was not, or its connection is gone.
    sent: Option<(Instant, SystemTime)>,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    UnderWay,
    Answered,
    Lost,
}

impl Ping {
    /// The most probes from the oldest one that is under way on.
    pub const WINDOW: u64 = 16_384;

    /// How many probes are remembered after their fate is known.
    pub const REMEMBERED: usize = 1_024;

    /// A ping that begins with the first call of [`poll`](Ping::poll).
    pub fn new(plan: Plan) -> Ping {
        let probes = VecDeque::new();
        Ping { plan, end: None, due: None, probes, next: 1, oldest: 1, newest: 0, has_sent: false }
    }

    /// What there is to do at `now`. Do it and ask again.
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
            self.decide(seq, Fate::Lost);
            return Step::Lost(seq);
        }
        let more = self.plan.count.is_none_or(|count| self.next <= count);
        if !more && self.oldest == self.next {
            return Step::End;
        }
        let may_send = more && self.next - self.oldest < Ping::WINDOW;
        if may_send && due <= now {
            if !std::mem::take(&mut self.has_sent) {
                return Step::Send(self.begin(now, due));
            }
            return Step::Wait(now + LISTEN);
        }
        self.has_sent = false;
        let waits = [lost_at, self.end, may_send.then_some(due)];
        Step::Wait(waits.into_iter().flatten().min().unwrap_or(now + FAR))
    }

    /// When the oldest probe that is under way is lost: now, if it can't be answered any more.
    fn lost_at(&self, now: Instant) -> Option<Instant> {
        match self.probes[self.place(self.oldest)?].sent {
            Some((at, _)) => at.checked_add(self.plan.timeout),
            None => Some(now),
        }
    }

    fn begin(&mut self, now: Instant, due: Instant) -> u64 {
        let base = if now - due > self.plan.interval { now } else { due };
        self.due = Some(base.checked_add(self.plan.interval).unwrap_or(now + FAR));
        let seq = self.next;
        self.next += 1;
        self.has_sent = true;
        self.probes.push_back(Probe { sent: None, fate: Fate::UnderWay });
        while self.probes.len() > Ping::REMEMBERED && self.probes[0].fate != Fate::UnderWay {
            self.probes.pop_front();
        }
        seq
    }

    /// A probe goes out: `at`, by the clock that answers will be timed by, and `clock`, the
    /// system's. Read both just before it is sent.
    pub fn sent(&mut self, seq: u64, at: Instant, clock: SystemTime) {
        if let Some(place) = self.place(seq) {
            self.probes[place].sent = Some((at, clock));
        }
    }

    /// An answer to a probe came at `at`, of so many bytes, and with the time if it told one.
    /// `None`: there is no such probe, or it is forgotten.
    pub fn answered(
        &mut self,
        seq: u64,
        at: Instant,
        bytes: usize,
        reading: Option<ParsedTime>,
    ) -> Option<Answer> {
        let probe = &self.probes[self.place(seq)?];
        let (sent, clock) = probe.sent?;
        let round_trip = at.saturating_duration_since(sent);
        let order = match probe.fate {
            Fate::Answered => Order::Duplicate,
            Fate::Lost => Order::Late,
            Fate::UnderWay if seq < self.newest => Order::Overtaken,
            Fate::UnderWay => Order::InTurn,
        };
        if order == Order::InTurn {
            self.newest = seq;
        }
        self.decide(seq, Fate::Answered);
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

    /// When the ping ends at the latest.
    pub(crate) fn deadline(&self) -> Deadline {
        self.end.map_or(Deadline::never(), Deadline::at)
    }

    /// The connection is gone: what is under way won't be answered.
    pub fn broken(&mut self) {
        let under_way = self.probes.iter_mut().filter(|probe| probe.fate == Fate::UnderWay);
        under_way.for_each(|probe| probe.sent = None);
    }

    fn decide(&mut self, seq: u64, fate: Fate) {
        let Some(place) = self.place(seq) else { return };
        self.probes[place].fate = fate;
        let fate_of = |seq| self.place(seq).map(|place| self.probes[place].fate);
        let mut oldest = self.oldest;
        while fate_of(oldest).is_some_and(|fate| fate != Fate::UnderWay) {
            oldest += 1;
        }
        self.oldest = oldest;
    }

    /// Where a probe is in `probes`.
    fn place(&self, seq: u64) -> Option<usize> {
        let first = self.next - self.probes.len() as u64;
        (seq >= first && seq < self.next).then(|| (seq - first) as usize)
    }
}

/// The wait for answers between two probes where sending one takes longer than the interval.
const LISTEN: Duration = Duration::from_micros(100);
/// The wait for what is beyond the reach of the clock: a year.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
