//! Slow consumers: clients that read too slowly are disconnected, or skipped forward.

use std::time::Instant;

use crate::config::SlowConsumer;
use crate::hub::mailbox::{Direct, DirectMessage};
use crate::shard::member::{Member, NEVER};
use crate::shard::output::ClientOutput;
use crate::shard::room::{Lag, STALL};
use crate::shard::state::State;
use crate::stats::count;

/// Applies the slow-consumer policy to a client with unsent output.
pub(crate) fn check_lag(state: &State, member: &mut Member, out: &mut impl ClientOutput) {
    let is_end =
        |message: &DirectMessage| matches!(message.content, Direct::Kick | Direct::Replaced);
    if state.direct.get(&member.key).is_some_and(|all| all.iter().any(is_end)) {
        // The client does not read, so no notice would reach it.
        log::info!("{}: aborted: it is to leave, and does not read", member.name);
        return out.abort();
    }
    if member.is_done() {
        return;
    }
    let Some(local) = state.rooms.get(member.room) else { return };
    let (messages, bytes) = local.reader.behind(member.cursor, member.framing());
    if bytes <= state.hub.config.backlog as u64 {
        return;
    }
    match state.hub.config.slow_consumer {
        SlowConsumer::Disconnect => {
            log::info!("{}: aborted: it has not read {bytes} bytes", member.name);
            count(&state.hub.counters.cut_slow, 1);
            out.abort();
        }
        SlowConsumer::Skip => {
            log::info!("{}: skipped {messages} messages: it reads too slowly", member.name);
            count(&state.hub.counters.skipped, messages);
            member.extra().skipped += messages;
            member.cursor = local.reader.end().segment;
        }
    }
}

/// Records how far a client is behind after a delivery. Returns the time of its last progress and
/// the bytes that it pins, or `None` if it is up to date.
pub(crate) fn track_lag(
    state: &mut State,
    member: &Member,
    out: &impl ClientOutput,
) -> Option<(Instant, usize)> {
    let unsent = out.unsent();
    let is_far = state.hub.config.far_behind() as u64;
    let local = state.rooms.get_mut(member.room)?;
    // A leaving client that has received everything no longer pins the log, only its own unsent
    // bytes.
    let cursor = if member.is_done() { NEVER } else { member.cursor };
    let end = local.reader.end();
    if unsent == 0 && cursor >= end.segment {
        local.untrack(member.key);
        return None;
    }
    let (_, bytes) = local.reader.behind(cursor, member.framing());
    let read_to = (end.byte(member.framing()) - bytes).saturating_sub(unsent as u64);
    let now = state.now.instant;
    let lag = Lag { cursor, read_to, since: now, is_far: bytes > is_far };
    let since = local.track(member.key, lag);
    Some((since, unsent + usize::try_from(bytes).unwrap_or(usize::MAX)))
}

/// Returns `true` if a client without progress since `since` counts as stalled.
pub(crate) fn is_stalled(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) >= STALL
}
