//! A round: the visits to all clients for which there is something to deliver.

use std::time::Instant;

use crate::hub::mailbox::Direct;
use crate::shard::room::STALL;
use crate::shard::rooms::RoomIndex;
use crate::shard::state::State;

/// The progress of the current round.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Keys of the clients to visit, the next one last.
    visits: Vec<u64>,
    /// Rooms that the round looks through.
    rooms: Vec<RoomIndex>,
    /// Bytes that become free when the clients aborted in this round are gone.
    freed: usize,
    /// Key of the client that was handed out last, until it is visited.
    polled: Option<u64>,
    /// `true` after the end of a round. Later changes need another one.
    is_over: bool,
    /// Time of the next visit to all clients while memory is short.
    survey_at: Option<Instant>,
}

impl Round {
    /// Publishes due batches, and collects the clients to visit.
    pub(crate) fn begin(&mut self, state: &mut State) {
        let now = state.now;
        (self.freed, state.batch_bytes) = (0, 0);
        state.hub.sweep(now.instant);
        // The mailbox is emptied before the rooms publish, so that a direct message never overtakes
        // an earlier message of its sender.
        let direct = state.mailbox.take();
        let visits_all = self.is_survey_due(state);
        for (index, local) in state.rooms.iter_mut() {
            local.publish_due(&state.hub, &mut state.renderers, now);
            if local.take_news() || visits_all {
                self.visits.extend(local.members().iter().rev());
            } else if let Some(lagging) = local.take_check(now.instant) {
                self.visits.extend(lagging);
            } else if !local.is_vacant() {
                continue;
            }
            self.rooms.push(index);
        }
        self.visits.extend(state.paused.take_due(now.instant));
        self.visits.extend(state.guests.take_due(&state.hub, now.instant));
        for message in direct {
            self.visits.push(message.key);
            let is_outcome = matches!(message.content, Direct::Outcome(_) | Direct::Omit(_));
            let all = if is_outcome { &mut state.outcomes } else { &mut state.direct };
            all.entry(message.key).or_default().push(message);
        }
    }

    /// Returns `true` if memory is short and all clients are to be visited. A client at the end of
    /// the log may still have unsent bytes, and without new messages only a survey notices it.
    fn is_survey_due(&mut self, state: &State) -> bool {
        let now = state.now.instant;
        let is_due = state.is_memory_short() && self.survey_at.is_none_or(|at| at <= now);
        if is_due {
            self.survey_at = Some(now + STALL / 4);
        }
        is_due
    }

    /// Returns the key of the next client to visit, or `None` at the end of the round.
    pub(crate) fn next(&mut self, state: &mut State) -> Option<u64> {
        if let Some(key) = self.polled.take() {
            // The caller did not visit it: the client is gone, or is being closed.
            state.direct.remove(&key);
            state.outcomes.remove(&key);
            state.rooms.iter_mut().for_each(|(_, local)| local.untrack(key));
        }
        self.polled = self.visits.pop();
        if self.polled.is_none() {
            self.finish(state);
        }
        self.polled
    }

    fn finish(&mut self, state: &mut State) {
        self.is_over = true;
        for index in self.rooms.drain(..) {
            if let Some(local) = state.rooms.get_mut(index) {
                local.finish_round(state.now.instant);
            }
            state.rooms.close_vacant(index);
        }
        let slowest = state.rooms.iter().filter_map(|local| local.slowest()).max();
        state.mailbox.set_slowest(slowest.unwrap_or(0));
    }

    /// Records that the client handed out last is being visited.
    pub(crate) fn visit(&mut self) {
        self.polled = None;
    }

    /// Records that input arrived, which the next round will publish.
    pub(crate) fn reopen(&mut self) {
        self.is_over = false;
    }

    /// Returns `true` if nothing will begin another round by itself.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns `true` if a stalled client must be aborted because memory is short, although the
    /// clients aborted in this round free some. `bytes` are what its abort frees.
    pub(crate) fn must_abort(&mut self, state: &State, bytes: usize) -> bool {
        let is_short = state.hub.memory.excess() > self.freed;
        if is_short {
            self.freed += bytes;
        }
        is_short
    }
}
