//! What a client gets.

use crate::config::Slow;
use crate::hub::mailbox::{Letter, What};
use crate::shard::member::Member;
use crate::shard::output::Outbox;
use crate::shard::{RUNS, SHARE, Seat};
use crate::stats::count;

impl Seat {
    /// Sends a client what it lacks, as far as it takes it.
    pub(crate) fn bring(&mut self, member: &mut Member, out: &mut impl Outbox) {
        if out.waiting() > 0 {
            return self.check(member, out);
        }
        if member.lost > 0 {
            let words = match std::mem::take(&mut member.lost) {
                1 => "1 message skipped: you were reading too slowly".to_owned(),
                n => format!("{n} messages skipped: you were reading too slowly"),
            };
            self.render_for(member, &words);
            out.send(&self.notice);
        }
        if self.give(member, SHARE, RUNS, out) {
            self.bring_letters(member, out);
        }
        if member.is_done() {
            out.close();
        }
    }

    /// Brings the letters for a client.
    fn bring_letters(&mut self, member: &mut Member, out: &mut impl Outbox) {
        // As a rule there is none for anybody, and then nothing need be looked up.
        if self.letters.is_empty() {
            return;
        }
        let Some(letters) = self.letters.remove(&member.key) else { return };
        self.hub.delivered(member.id, letters.iter().map(Letter::cost).sum());
        // A key may have been another's before.
        for letter in letters.into_iter().filter(|letter| letter.to == member.id) {
            match letter.what {
                What::Private(bytes) => out.send(&bytes),
                What::Tell(words) => {
                    self.render_for(member, &words);
                    out.send(&self.notice);
                }
                What::Kick => {
                    self.render_for(member, "you have been removed by the operator");
                    out.send(&self.notice);
                    member.until = 0;
                }
            }
        }
    }

    /// Sends a client what is between its cursor and the end, so many bytes and runs at most. Whether
    /// that was all.
    pub(crate) fn give(
        &mut self,
        member: &mut Member,
        bytes: usize,
        runs: usize,
        out: &mut impl Outbox,
    ) -> bool {
        let Some(local) = self.rooms.get(member.room).and_then(Option::as_ref) else { return true };
        let (mut given, mut run, mut messages, mut all) = (0, 0, 0, true);
        for segment in local.reader.from(member.cursor) {
            if member.cursor >= member.until {
                break;
            }
            if given > bytes || run >= runs {
                // The rest when this is taken, so that what waits for one client is bounded.
                out.more();
                all = false;
                break;
            }
            if member.cursor != member.skip {
                (given, run) = (given + segment.bytes().len(), run + 1);
                messages += u64::from(segment.messages());
                out.share(segment.bytes().clone());
            }
            member.cursor += 1;
        }
        count(&self.hub.counters.deliveries, messages);
        all
    }

    /// Deals with a client that is too far behind.
    fn check(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let is_kick = |letter: &Letter| matches!(letter.what, What::Kick);
        if self.letters.get(&member.key).is_some_and(|all| all.iter().any(is_kick)) {
            // It does not read; nothing would reach it.
            return out.abort();
        }
        if member.is_done() {
            return;
        }
        let Some(local) = self.rooms.get(member.room).and_then(Option::as_ref) else { return };
        let (messages, bytes) = local.reader.behind(member.cursor);
        if bytes <= self.hub.config.backlog as u64 {
            return;
        }
        match self.hub.config.slow {
            Slow::Disconnect => {
                log::info!("{} disconnected: {bytes} bytes behind", member.name);
                count(&self.hub.counters.cut_slow, 1);
                out.abort();
            }
            Slow::Skip => {
                log::info!("{} moved past {messages} messages", member.name);
                count(&self.hub.counters.skipped, messages);
                member.lost += messages;
                member.cursor = local.reader.end().segment;
            }
        }
    }
}
