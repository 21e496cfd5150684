//! Parting: a client of a chat with a backplane leaves once its lines have come back.

use std::time::Duration;

use crate::backplane::operation::Operation;
use crate::backplane::wish::{Asker, Wish};
use crate::shard::member::{Member, Parting};
use crate::shard::output::ClientOutput;
use crate::shard::state::State;

/// Time that a leaving client waits for its lines.
const LIMIT: Duration = Duration::from_secs(5);

/// Returns `true` if a leaving client must wait, because lines of it may be under way. The answer
/// to a request behind them ends the wait, or the time limit.
pub(crate) fn must_wait(
    state: &mut State,
    member: &mut Member,
    out: &mut impl ClientOutput,
) -> bool {
    let Some(node) = state.hub.node.clone() else { return false };
    let has_said = member.extra.as_ref().is_some_and(|extra| extra.has_said);
    match member.parting() {
        Parting::Done => false,
        Parting::Waiting(at) => at > state.now.instant,
        _ if !has_said || node.is_away() => false,
        _ => {
            let until = state.now.instant + LIMIT;
            let asker = Asker::Client(member.id.0);
            node.push([Wish { asker, operation: Operation::Sync, at: state.now.instant }]);
            let extra = member.extra();
            (extra.parting, extra.is_held) = (Parting::Waiting(until), true);
            state.paused.insert(member, until);
            out.pause_reading();
            true
        }
    }
}
