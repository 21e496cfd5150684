//! Commands: the effect of one line from a client.

use std::sync::Arc;

use bytes::Bytes;

use crate::backplane::operation::Operation;
use crate::custom_command::{Answer, CommandContext, Handler};
use crate::hub::continuations::is_key;
use crate::hub::mailbox::Direct;
use crate::protocol::command::{HELP, Input};
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::framing::Framing;
use crate::protocol::text::clean;
use crate::room::Room;
use crate::shard::ask::{ask, ask_members, ask_name, ask_private, ask_room, may_say};
use crate::shard::delivery::{deliver, reply, reply_with};
use crate::shard::door::{answer_at_the_door, answer_password};
use crate::shard::flow::Flow;
use crate::shard::lists::{MAX_LISTED, members_text, room_object, rooms_text};
use crate::shard::member::Member;
use crate::shard::membership::move_to;
use crate::shard::output::ClientOutput;
use crate::shard::state::State;
use crate::stats::count;

/// Handles one line from a client.
pub(crate) fn handle_line(
    state: &mut State,
    member: &mut Member,
    line: &[u8],
    out: &mut impl ClientOutput,
) -> Flow {
    if !member.count_line() {
        return Flow::Continue;
    }
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            count(&state.hub.counters.refused_encoding, 1);
            let text = format!("line refused: not UTF-8 at byte {}", error.valid_up_to());
            reply(state, member, &text, out);
            return Flow::Continue;
        }
    };
    let input = Input::parse(text);
    if member.knock().is_some() {
        return answer_at_the_door(state, member, input, out);
    }
    match input {
        Input::Blank => {}
        Input::Say(text) => say(state, member, text, out),
        Input::Quit => return Flow::Leave,
        Input::Nick(name) => rename(state, member, name, out),
        Input::Join(name) => change_room(state, member, name, out),
        Input::Msg(name, text) => send_private(state, member, name, text, out),
        Input::Who => list_members(state, member, out),
        Input::Rooms => list_rooms(state, member, out),
        Input::Help => help(state, member, out),
        Input::Pass(_) => answer_password(state, member, out),
        Input::Continue(key) => continue_client(state, member, key, out),
        Input::Other(command, argument) => custom(state, member, command, argument, out),
    }
    Flow::Continue
}

/// Publishes a message to the client's room.
fn say(state: &mut State, member: &mut Member, text: &str, out: &mut impl ClientOutput) {
    let text = clean(text);
    if text.trim().is_empty() || !may_say(state, member, &text, out) {
        return;
    }
    push(state, member, MessageKind::Public { from: &member.name }, &text);
    count(&state.hub.counters.messages, 1);
}

/// Adds a message or notice to the batch of the client's room.
fn push(state: &mut State, member: &Member, kind: MessageKind<'_>, text: &str) {
    let now = state.now;
    if let Some(local) = state.rooms.get_mut(member.room) {
        state.batch_bytes += local.push(&mut state.renderers, now, member.id, kind, text);
    }
}

fn rename(state: &mut State, member: &mut Member, name: &str, out: &mut impl ClientOutput) {
    if state.hub.node.is_some() {
        return ask_name(state, member, name, out);
    }
    let (hub, now, renderers) = (state.hub.clone(), state.now, &mut state.renderers);
    let Some(local) = state.rooms.get_mut(member.room) else { return };
    local.publish_all(&hub, renderers, now);
    let renamed = hub.rename(member.id, name, |old, new| {
        let text = (hub.config.presence && old != new).then(|| format!("{old} is now {new}"))?;
        Some(local.publish_notice(renderers, now.time, &text))
    });
    match renamed {
        Ok((name, notice)) => {
            member.name = name;
            // The client receives a reply instead of this notice.
            member.omit = notice.map_or(member.omit, |end| end.segment - 1);
            let text = format!("you are {}", member.name);
            reply(state, member, &text, out);
        }
        Err(error) => {
            count(&hub.counters.refused_names, 1);
            let usage = if name.is_empty() { ": /nick NAME" } else { "" };
            reply(state, member, &format!("{error}{usage}"), out);
        }
    }
}

fn change_room(state: &mut State, member: &mut Member, name: &str, out: &mut impl ClientOutput) {
    if state.hub.node.is_some() {
        return ask_room(state, member, name, out);
    }
    let room = match state.hub.move_to(member.id, name, state.now) {
        Ok(room) => room,
        Err(error) => {
            count(&state.hub.counters.refused_rooms, 1);
            let usage = if name.is_empty() { ": /join ROOM" } else { "" };
            return reply(state, member, &format!("{error}{usage}"), out);
        }
    };
    let (members, _) = state.hub.members(&room, 0);
    move_to(state, member, room, members, out);
}

fn send_private(
    state: &mut State,
    member: &mut Member,
    name: &str,
    text: &str,
    out: &mut impl ClientOutput,
) {
    let text = clean(text);
    if name.is_empty() || text.trim().is_empty() {
        return reply(state, member, "expected /msg NAME TEXT", out);
    }
    if state.hub.node.is_some() {
        return ask_private(state, member, name, &text, out);
    }
    // The receiver must receive earlier messages first.
    state.rooms.publish(member.room);
    let room = state.rooms.name(member.room);
    // The sender receives the message too, in its own framing.
    let mut echo = Vec::new();
    let (time, from, renderers) = (state.now.time, &*member.name, &mut state.renderers);
    let sent = state.hub.send_direct(name, |to, framing| {
        let kind = MessageKind::Private { from, to };
        let message = Message { time, room: &room, kind, text: &text };
        renderers.render(member.framing(), &message, &mut echo);
        if framing == member.framing() {
            return Direct::Private(Bytes::copy_from_slice(&echo));
        }
        let mut rendered = Vec::new();
        renderers.render(framing, &message, &mut rendered);
        Direct::Private(rendered.into())
    });
    let error = match sent {
        Ok(to) => {
            count(&state.hub.counters.private, 1);
            if to != member.id {
                deliver(state, member, out);
                state.reply_bytes += echo.len();
                out.send(&echo);
            }
            return;
        }
        Err(error) => error.text(name),
    };
    count(&state.hub.counters.refused_private, 1);
    reply(state, member, &error, out);
}

fn list_members(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) {
    if state.hub.node.is_some() {
        return ask_members(state, member, out);
    }
    let Some(room) = room_of(state, member) else { return };
    let (count, members) = state.hub.members(&room, MAX_LISTED);
    let text = members_text(&members, count, state.now.time);
    reply(state, member, &text, out);
}

fn list_rooms(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) {
    if state.hub.node.is_some() {
        return ask(state, member, Operation::Rooms, out);
    }
    let rooms = state.hub.rooms();
    let shown = rooms.iter().map(|(room, members)| (room.name.clone(), *members as u64));
    let text = rooms_text(&shown.collect::<Vec<_>>());
    match member.framing() {
        Framing::Lines => reply(state, member, &text, out),
        Framing::WebSocket => {
            let listed = rooms.iter().take(MAX_LISTED);
            let listed = listed.map(|(room, members)| {
                room_object(&room.name, *members as u64, room.log.messages())
            });
            let fields = format!(",\"rooms\":[{}]", listed.collect::<Vec<_>>().join(","));
            reply_with(state, member, &text, &fields, out);
        }
    }
}

/// Makes a client the one with `key`, and tells it how many lines its earlier connections have
/// brought. The connection before is aborted.
fn continue_client(state: &mut State, member: &mut Member, key: &str, out: &mut impl ClientOutput) {
    if member.continuation().is_some() {
        return reply(state, member, "you have said /continue already", out);
    }
    if !is_key(key) {
        let text = "a key has 16 to 64 characters, none of them space: /continue KEY";
        return reply(state, member, text, out);
    }
    let taken = state.hub.continuations.take(key, member.id);
    if let Some(replaced) = taken.replaced {
        state.hub.put(replaced, Direct::Replaced);
    }
    member.extra().continuation = Some(taken.continuation);
    let text = match taken.lines {
        None => "this connection is the first with its key".to_owned(),
        Some(1) => "this connection goes on after 1 line".to_owned(),
        Some(lines) => format!("this connection goes on after {lines} lines"),
    };
    reply(state, member, &text, out);
}

fn help(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) {
    let hub = state.hub.clone();
    HELP.into_iter().chain(hub.commands.help()).for_each(|text| reply(state, member, text, out));
}

/// Runs a command that the embedding program added.
fn custom(
    state: &mut State,
    member: &mut Member,
    command: &str,
    argument: &str,
    out: &mut impl ClientOutput,
) {
    let Some(handler) = state.hub.commands.find(command) else {
        let text = format!("no command /{}; /help says what there is", clean(command));
        return reply(state, member, &text, out);
    };
    for answer in answers(state, member, &handler, argument) {
        match answer {
            Answer::Tell(text) => reply(state, member, &clean(&text), out),
            Answer::Say(text) => {
                let text = clean(&text);
                if may_say(state, member, &text, out) {
                    push(state, member, MessageKind::Notice, &text);
                }
            }
        }
    }
}

fn answers(state: &State, member: &Member, handler: &Handler, argument: &str) -> Vec<Answer> {
    let room = state.rooms.name(member.room);
    let argument = clean(argument);
    let mut context = CommandContext {
        name: &member.name,
        room: &room,
        argument: &argument,
        answers: Vec::new(),
    };
    handler(&mut context);
    context.answers
}

fn room_of(state: &State, member: &Member) -> Option<Arc<Room>> {
    Some(state.rooms.get(member.room)?.room.clone())
}
