//! Outcomes of a client's requests to the engine of a backplane, in the round that visits it.

use crate::backplane::operation::Operation;
use crate::hub::mailbox::Direct;
use crate::hub::outcome::Outcome;
use crate::shard::Shard;
use crate::shard::ask::tell_outcome;
use crate::shard::input::resume_input;
use crate::shard::member::{Member, Parting};
use crate::shard::output::ClientOutput;

impl Shard {
    /// Handles the outcomes of a client's requests to the engine of a backplane.
    pub(super) fn take_outcomes(&mut self, member: &mut Member, out: &mut impl ClientOutput) {
        if self.state.outcomes.is_empty() {
            return;
        }
        let Some(messages) = self.state.outcomes.remove(&member.key) else { return };
        let id = member.id;
        for message in messages.into_iter().filter(|message| message.to == id) {
            match message.content {
                Direct::Omit(segment) => member.omit = segment,
                Direct::Outcome(outcome) => self.handle_outcome(member, *outcome, out),
                _ => {}
            }
        }
    }

    fn handle_outcome(
        &mut self,
        member: &mut Member,
        outcome: Outcome,
        out: &mut impl ClientOutput,
    ) {
        if let Operation::Register(_) = outcome.operation {
            // Nobody has asked for it.
            return tell_outcome(&mut self.state, member, outcome, out);
        }
        member.extra().is_held = false;
        let now = self.state.now;
        match (&outcome.operation, member.parting()) {
            (Operation::Sync, _) => {
                member.extra().parting = Parting::Done;
                return self.close(member, out);
            }
            _ => tell_outcome(&mut self.state, member, outcome, out),
        }
        match member.parting() {
            Parting::Not => {
                let flow = resume_input(&mut self.state, member, out);
                self.apply(flow, member, out);
            }
            Parting::Ended => self.end(member, now, out),
            Parting::Requested => self.leave(member, now, out),
            Parting::Waiting(_) | Parting::Done => {}
        }
    }
}
