//! Membership: a client enters its room and receives the history, or leaves the room.

use std::sync::Arc;

use bytes::Bytes;

use crate::hub::registry::Joined;
use crate::protocol::presence::Change;
use crate::protocol::text::clean;
use crate::room::Room;
use crate::shard::delivery::deliver_segments;
use crate::shard::member::{Member, NEVER};
use crate::shard::output::ClientOutput;
use crate::shard::state::State;

/// Adds a client to the chat: it receives the greeting, and enters the lobby. `name` is its address
/// if it has one.
pub(crate) fn enter_chat(
    state: &mut State,
    member: &mut Member,
    name: Option<&str>,
    out: &mut impl ClientOutput,
) {
    let framing = member.framing();
    let Joined { id, name, room } =
        state.hub.connect(name, &state.mailbox, member.key, framing, state.now.time);
    log::debug!("{name}: connected");
    let greeting = state.hub.config.greeting.clone().unwrap_or_default();
    for line in greeting.lines() {
        out.send(state.notice(framing, &room.name, &clean(line)));
    }
    member.room = state.rooms.open(room, state.mailbox.wake(), state.now.instant);
    (member.id, member.name) = (id, name);
    enter_room(state, member, out);
}

/// Adds a client to its room: it receives the history, and then new messages. Returns the bytes
/// of the history.
pub(crate) fn enter_room(
    state: &mut State,
    member: &mut Member,
    out: &mut impl ClientOutput,
) -> usize {
    let Some(local) = state.rooms.get_mut(member.room) else { return 0 };
    let renderers = &mut state.renderers;
    local.change(&state.hub, renderers, state.now, Change::Joined, &member.name, None);
    local.insert(member.key);
    let (end, history) = local.room.log.join(member.framing());
    let length = history.iter().map(Bytes::len).sum();
    history.into_iter().for_each(|bytes| out.share(bytes));
    member.cursor = end.segment;
    length
}

/// Moves a client to another room, which has `members` members.
pub(crate) fn move_to(
    state: &mut State,
    member: &mut Member,
    room: Arc<Room>,
    members: usize,
    out: &mut impl ClientOutput,
) {
    // Delivers all messages of the old room, however many, because the cursor leaves it.
    state.rooms.publish(member.room);
    deliver_segments(state, member, usize::MAX, usize::MAX, out);
    leave_room(state, member, Departure::ToOtherRoom);
    member.room = state.rooms.open(room.clone(), state.mailbox.wake(), state.now.instant);
    member.omit = NEVER;
    let text = format!("you are in {}; {members} here", room.name);
    let notice = state.notice(member.framing(), &room.name, &text);
    let length = notice.len();
    out.send(notice);
    state.reply_bytes += length + enter_room(state, member, out);
}

/// Reasons for which a client leaves a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    ToOtherRoom,
    Disconnected,
}

/// Removes a client from its room.
pub(crate) fn leave_room(state: &mut State, member: &Member, departure: Departure) {
    let Some(local) = state.rooms.get_mut(member.room) else { return };
    local.remove(member.key);
    let gone = (departure == Departure::Disconnected).then_some(member.id);
    let renderers = &mut state.renderers;
    local.change(&state.hub, renderers, state.now, Change::Left, &member.name, gone);
}
