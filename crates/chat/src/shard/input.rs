//! What a client sends, a line at a time and no faster than it may.

use std::time::Instant;

use netcore::line::{LineFramer, TooLong};

use crate::shard::member::{Member, NEVER};
use crate::shard::output::Outbox;
use crate::shard::{ANSWERS, PRESSED, RUNS, SHARE, Seat};
use crate::stats::count;

impl Seat {
    /// Hears what a client sent, a line at a time, and no faster than its rate where that `holds`.
    pub(crate) fn hear(
        &mut self,
        member: &mut Member,
        mut input: &[u8],
        holds: bool,
        out: &mut impl Outbox,
    ) {
        let now = self.now.instant;
        let rate = self.hub.config.rate.filter(|_| holds);
        let mut framer = std::mem::replace(&mut member.framer, LineFramer::new(0));
        while member.until == NEVER && !input.is_empty() {
            // One who leaves is not heard beyond what there is room for.
            let has_to_take = self.told > ANSWERS || holds && self.lags(member);
            if has_to_take || !holds && self.is_held() {
                member.tempo().unheard = input.to_vec();
                out.hold(true);
                out.more();
                break;
            }
            if holds && self.is_full() {
                // It goes on in the next round.
                member.tempo().unheard = input.to_vec();
                self.hold(member, now, out);
                break;
            }
            if let Some(at) = rate.as_ref().and_then(|rate| member.tempo().pace.wait(rate, now)) {
                member.tempo().unheard = input.to_vec();
                self.slow_down(member, at, out);
                break;
            }
            let before = input.len();
            let lines = match framer.next(&mut input) {
                Some(Ok(line)) => {
                    self.line(member, line.text(), out);
                    1
                }
                Some(Err(TooLong { limit })) => {
                    count(&self.hub.counters.refused_length, 1);
                    let words = format!("line refused: longer than {limit} bytes");
                    self.answer(member, &words, out);
                    1
                }
                None => 0,
            };
            if let Some(rate) = &rate {
                member.tempo().pace.spend(rate, now, lines, before - input.len());
            }
        }
        member.framer = framer;
        let is_heard = member.held().is_none() && !member.has_unheard();
        if is_heard && self.is_pressed(member) {
            self.hold(member, now + PRESSED, out);
        }
    }

    /// Readers of a client's room do not keep up.
    fn is_pressed(&self, member: &Member) -> bool {
        self.local(member.room).is_some_and(|local| local.room.log.is_pressed())
    }

    /// What a client lacks is more than it gets in one go.
    fn lags(&self, member: &Member) -> bool {
        self.local(member.room).is_some_and(|local| {
            let segments = local.reader.end().segment.saturating_sub(member.cursor);
            segments > RUNS as u64 || local.reader.behind(member.cursor).1 > SHARE as u64
        })
    }

    /// Hears what a client sent beyond its rate, since no more will come.
    pub(crate) fn hear_out(&mut self, member: &mut Member, out: &mut impl Outbox) {
        self.told = 0;
        let unheard = member.take_unheard();
        self.hear(member, &unheard, false, out);
    }

    /// The time has come at which a client that was held may be heard again.
    pub(crate) fn hear_again(&mut self, member: &mut Member, out: &mut impl Outbox) {
        member.tempo().held = None;
        if self.is_held() || self.is_pressed(member) {
            return self.hold(member, self.now.instant + PRESSED, out);
        }
        if out.waiting() > 0 && member.has_unheard() {
            // It has something to take first, and is heard when it is fed.
            return;
        }
        out.hold(false);
        if member.until == NEVER {
            self.told = 0;
            let unheard = member.take_unheard();
            self.hear(member, &unheard, true, out);
        }
    }

    /// A client is faster than its rate: it is told so once, and not read from until `at`.
    pub(crate) fn slow_down(&mut self, member: &mut Member, at: Instant, out: &mut impl Outbox) {
        if !std::mem::replace(&mut member.tempo().pace.told, true) {
            count(&self.hub.counters.slowed, 1);
            if let Some(rate) = self.hub.config.rate {
                log::info!("{} is slowed down to {rate}", member.name);
                let words = format!("you are sending too fast: you are heard at {rate}");
                self.answer(member, &words, out);
            }
        }
        self.hold(member, at, out);
    }

    pub(crate) fn hold(&mut self, member: &mut Member, at: Instant, out: &mut impl Outbox) {
        if let Some(before) = member.tempo().held.replace(at) {
            self.held.remove(&(before, member.key));
        }
        self.held.insert((at, member.key));
        out.hold(true);
    }
}
