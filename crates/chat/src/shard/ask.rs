//! Requests to the engine of a backplane: the client's further input waits for the answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::backplane::answer::Answer;
use crate::backplane::node::MAX_KEPT;
use crate::backplane::operation::{
    ChosenName, Direct, DirectKind, Move, Operation, Rename, RoomName, direct_to,
};
use crate::backplane::settings::Offline;
use crate::backplane::wish::{Asker, Wish};
use crate::hub::outcome::Outcome;
use crate::hub::registry::{RoomError, Undelivered};
use crate::now::millis;
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::framing::Framing;
use crate::protocol::name::{Name, NameError};
use crate::protocol::text::clean;
use crate::shard::delivery::{deliver, reply, reply_with};
use crate::shard::lists::{MAX_LISTED, members_text, room_object, rooms_text};
use crate::shard::member::Member;
use crate::shard::membership::move_to;
use crate::shard::output::ClientOutput;
use crate::shard::state::State;
use crate::stats::count;

/// Returns `true` if a client may say a line. While the engine is away, the client is told why not,
/// unless lines are kept.
pub(crate) fn may_say(
    state: &mut State,
    member: &mut Member,
    text: &str,
    out: &mut impl ClientOutput,
) -> bool {
    let Some(node) = state.hub.node.clone() else { return true };
    member.extra().has_said = true;
    let Some(reason) = node.away() else {
        state.kept_bytes = 0;
        return true;
    };
    if node.offline() == Offline::Queue && state.kept_bytes + text.len() <= MAX_KEPT {
        state.kept_bytes += text.len();
        return true;
    }
    node.count_refused();
    reply(state, member, &clean(&format!("not sent: {reason}")), out);
    false
}

/// Asks for a name.
pub(crate) fn ask_name(
    state: &mut State,
    member: &mut Member,
    name: &str,
    out: &mut impl ClientOutput,
) {
    let name = match Name::of_client(name) {
        Ok(name) => name,
        Err(error) => return refuse_name(state, member, error, name.is_empty(), out),
    };
    let notice = (state.hub.config.presence && *member.name != *name.shown)
        .then(|| format!("{} is now {}", member.name, name.shown).into());
    let Name { shown, folded, skeletons } = name;
    let skeletons = skeletons.map(Arc::from);
    let name = ChosenName { shown: shown.into(), folded: folded.into(), skeletons };
    let rename = Rename { client: member.id.0, name, notice, time: millis(state.now.time) };
    ask(state, member, Operation::Rename(rename), out);
}

/// Asks for a room.
pub(crate) fn ask_room(
    state: &mut State,
    member: &mut Member,
    name: &str,
    out: &mut impl ClientOutput,
) {
    let name = match Name::of_room(name) {
        Ok(name) => name,
        Err(error) => {
            return refuse_room(state, member, &RoomError::Name(error), name.is_empty(), out);
        }
    };
    let Name { shown, folded, skeletons } = name;
    let skeletons = skeletons.map(Arc::from);
    let room = RoomName { shown: shown.into(), folded: folded.into(), skeletons };
    let to = Move { client: member.id.0, room, since: millis(state.now.time) };
    ask(state, member, Operation::Move(to), out);
}

/// Asks for the delivery of a private message.
pub(crate) fn ask_private(
    state: &mut State,
    member: &mut Member,
    name: &str,
    text: &str,
    out: &mut impl ClientOutput,
) {
    let time = millis(state.now.time);
    let direct = Direct {
        from: member.name.clone(),
        room: state.rooms.name(member.room),
        text: text.into(),
        ..direct_to(name, DirectKind::Private, time)
    };
    ask(state, member, Operation::Direct(direct), out);
}

/// Asks for the members of the client's room.
pub(crate) fn ask_members(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) {
    let Some(local) = state.rooms.get(member.room) else { return };
    let room = local.room.folded.as_str().into();
    ask(state, member, Operation::Members { room, most: MAX_LISTED }, out);
}

/// Asks the engine on behalf of a client, behind everything that the client has said.
pub(crate) fn ask(
    state: &mut State,
    member: &mut Member,
    operation: Operation,
    out: &mut impl ClientOutput,
) {
    let (hub, now) = (state.hub.clone(), state.now);
    let Some(node) = &hub.node else { return };
    if let Some(reason) = node.away() {
        return reply(state, member, &clean(&format!("not done: {reason}")), out);
    }
    if let Some(local) = state.rooms.get_mut(member.room) {
        local.publish_all(&hub, &mut state.renderers, now);
    }
    let asker = Asker::Client(member.id.0);
    node.push([Wish { asker, operation, at: now.instant }]);
    member.extra().is_held = true;
    out.pause_reading();
}

/// Tells a client the outcome of its request.
pub(crate) fn tell_outcome(
    state: &mut State,
    member: &mut Member,
    outcome: Outcome,
    out: &mut impl ClientOutput,
) {
    let answer = match outcome.answer {
        Ok(Answer::Failed { reason }) => Err(reason.into()),
        other => other,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(reason) => {
            let text = match outcome.operation {
                Operation::Direct(_) => format!("not sent: {reason}"),
                _ => format!("not done: {reason}"),
            };
            return reply(state, member, &clean(&text), out);
        }
    };
    match (outcome.operation, answer) {
        (Operation::Rename(rename), Answer::Renamed) => {
            member.name = rename.name.shown;
            let text = format!("you are {}", member.name);
            reply(state, member, &text, out);
        }
        (Operation::Register(registration), Answer::NameLost) => {
            let lost = std::mem::replace(&mut member.name, registration.address);
            let text = format!("{lost} belongs to somebody else by now; you are {}", member.name);
            reply(state, member, &text, out);
        }
        (_, Answer::Taken) => refuse_name(state, member, NameError::Taken, false, out),
        (_, Answer::Moved { members, .. }) => {
            if let Some(room) = outcome.room {
                move_to(state, member, room, usize::try_from(members).unwrap_or(0), out);
            }
        }
        (_, Answer::Confusable { room }) => {
            refuse_room(state, member, &RoomError::Confusable(room.into()), false, out);
        }
        (_, Answer::TooMany) => {
            let error = RoomError::TooMany(state.hub.config.max_rooms);
            refuse_room(state, member, &error, false, out);
        }
        (_, Answer::Full { room }) => {
            refuse_room(state, member, &RoomError::Full(room.into()), false, out);
        }
        (_, Answer::Already { room }) => {
            refuse_room(state, member, &RoomError::Already(room.into()), false, out);
        }
        (Operation::Direct(direct), Answer::Delivered { to, node, client }) => {
            count(&state.hub.counters.private, 1);
            let is_own = state.hub.node.as_ref().is_some_and(|own| **own.name() == *node);
            if !is_own || client != member.id.0 {
                echo(state, member, &direct, &to, out);
            }
        }
        (Operation::Direct(direct), Answer::Nobody) => {
            count(&state.hub.counters.refused_private, 1);
            let text = Undelivered::Nobody.text(&direct.to);
            reply(state, member, &text, out);
        }
        (_, Answer::Members { count, listed }) => {
            let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            let listed: Vec<_> =
                listed.into_iter().map(|(name, since)| (clean(&name).into(), at(since))).collect();
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let text = members_text(&listed, count, state.now.time);
            reply(state, member, &text, out);
        }
        (_, Answer::Rooms { listed }) => {
            let listed: Vec<_> =
                listed.into_iter().map(|(name, members)| (clean(&name).into(), members)).collect();
            let fields = match member.framing() {
                Framing::Lines => String::new(),
                Framing::WebSocket => rooms_fields(state, &listed),
            };
            reply_with(state, member, &rooms_text(&listed), &fields, out);
        }
        _ => {}
    }
}

/// Returns the list of rooms for a browser. The messages of a room that is not open here are not
/// counted here.
fn rooms_fields(state: &State, rooms: &[(Arc<str>, u64)]) -> String {
    let listed = rooms.iter().take(MAX_LISTED).map(|(shown, members)| {
        let folded = Name::of_room(shown).map(|name| name.folded).unwrap_or_default();
        let messages = state.hub.room(&folded).map_or(0, |room| room.log.messages());
        room_object(shown, *members, messages)
    });
    format!(",\"rooms\":[{}]", listed.collect::<Vec<_>>().join(","))
}

/// Shows a private message to its sender.
fn echo(
    state: &mut State,
    member: &mut Member,
    direct: &Direct,
    to: &str,
    out: &mut impl ClientOutput,
) {
    state.rooms.publish(member.room);
    deliver(state, member, out);
    let to = clean(to);
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(direct.time);
    let kind = MessageKind::Private { from: &direct.from, to: &to };
    let mut rendered = Vec::new();
    let message = Message { time, room: &direct.room, kind, text: &direct.text };
    state.renderers.render(member.framing(), &message, &mut rendered);
    state.reply_bytes += rendered.len();
    out.send(&rendered);
}

fn refuse_name(
    state: &mut State,
    member: &mut Member,
    error: NameError,
    is_empty: bool,
    out: &mut impl ClientOutput,
) {
    count(&state.hub.counters.refused_names, 1);
    let usage = if is_empty { ": /nick NAME" } else { "" };
    reply(state, member, &format!("{error}{usage}"), out);
}

fn refuse_room(
    state: &mut State,
    member: &mut Member,
    error: &RoomError,
    is_empty: bool,
    out: &mut impl ClientOutput,
) {
    count(&state.hub.counters.refused_rooms, 1);
    let usage = if is_empty { ": /join ROOM" } else { "" };
    reply(state, member, &format!("{error}{usage}"), out);
}
