//! Requests as commands of Redis, and replies of Redis as those of the engine.

use std::sync::Arc;

use redis::{Cmd, Value, cmd};

use crate::backplane::engine::{Begin, Reply, Request, Submission};
use crate::backplane::entry::{EntryId, RawEntry};
use crate::backplane::key::{PREFIX, kind, state};
use crate::backplane::operation::{
    ChosenName, Direct, DirectKind, Limits, Line, LineKind, Move, Numbered, Operation,
    Registration, Rename, RoomName,
};
use crate::backplane::source::{Survey, SurveyedRoom};

/// Every change that a node makes, in Lua. It runs as a whole.
pub(crate) const SCRIPT: &str = include_str!("script/engine.lua");

/// The longest time in milliseconds that a read waits in the engine.
pub(crate) const BLOCK: u64 = 5000;

/// The reply that a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The list of the script.
    OfScript,
    /// The entries of a stream, the newest first.
    History,
}

/// Makes the command of a request other than `Open` and `Read`. `script` is the identity of
/// [`SCRIPT`] in the engine.
pub(crate) fn command(request: &Request, script: &str) -> Option<(Cmd, Expected)> {
    let mut command = cmd("EVALSHA");
    // The script makes the names of its keys.
    command.arg(script).arg(0);
    match request {
        Request::Begin(begin) => {
            let Begin { node, epoch, session, instance, limits: _, presence, time } = begin;
            command.arg("begin").arg(&**node).arg(&**epoch).arg(session).arg(&**instance);
            command.arg(u8::from(*presence)).arg(time);
        }
        Request::Submit(submission) => {
            let Submission { node, epoch, session, after, limits, operations } = submission;
            command.arg("submit").arg(&**node).arg(&**epoch).arg(session).arg(after);
            add_limits(&mut command, limits);
            for Numbered { number, operation } in operations {
                command.arg(number);
                add_operation(&mut command, operation);
            }
        }
        Request::Reap { limits, presence, time } => {
            command.arg("reap").arg(u8::from(*presence)).arg(time);
            add_limits(&mut command, limits);
        }
        Request::History { stream, before, count } => {
            let mut command = cmd("XREVRANGE");
            let newest = before.map_or_else(|| "+".to_owned(), |id| format!("({id}"));
            command.arg(&**stream).arg(newest).arg("-").arg("COUNT").arg(count);
            return Some((command, Expected::History));
        }
        Request::Open | Request::Read { .. } => return None,
    }
    Some((command, Expected::OfScript))
}

/// Makes the command that returns entries behind positions, and waits for some for `block`
/// milliseconds.
pub(crate) fn read(streams: &[(Arc<str>, EntryId)], count: usize, block: u64) -> Cmd {
    let mut command = cmd("XREAD");
    command.arg("COUNT").arg(count).arg("BLOCK").arg(block).arg("STREAMS");
    for (stream, _) in streams {
        command.arg(&**stream);
    }
    for (_, after) in streams {
        command.arg(after.to_string());
    }
    command
}

/// Makes the command that returns all rooms.
pub(crate) fn survey(script: &str) -> Cmd {
    cmd("EVALSHA").arg(script).arg(0).arg("survey").take()
}

/// Makes the command that returns the instance of the engine.
pub(crate) fn instance() -> Cmd {
    cmd("GET").arg(format!("{PREFIX}instance")).take()
}

/// Reads the reply to [`survey`]. Returns `None` if it has another form.
pub(crate) fn surveyed(value: &Value) -> Option<Survey> {
    let Value::Array(parts) = value else { return None };
    let (head, rooms) = parts.split_at_checked(2)?;
    let is_survey = bytes(&head[0])? == b"surveyed" && rooms.len() % 4 == 0;
    let room = |parts: &[Value]| {
        Some(SurveyedRoom {
            folded: text(&parts[0])?.to_owned(),
            shown: text(&parts[1])?.to_owned(),
            number: number(&parts[2])?,
            exists: text(&parts[3])? == "1",
        })
    };
    // A stranger may have added a room whose name is not UTF-8.
    let rooms = rooms.chunks_exact(4).filter_map(room).collect();
    let instance = text(&head[1])?.to_owned();
    is_survey.then_some(Survey { instance, rooms })
}

/// Reads the reply to a command other than a read.
///
/// # Errors
///
/// The reply has another form. The text says so.
pub(crate) fn reply(value: &Value, expected: Expected) -> Result<Reply, String> {
    let reply = match expected {
        Expected::OfScript => of_script(value),
        Expected::History => raw_entries(value).map(Reply::History),
    };
    reply.ok_or_else(|| "the engine's reply has an unknown form".to_owned())
}

/// Reads the reply to a read of `streams`.
///
/// # Errors
///
/// The reply has another form. The text says so.
pub(crate) fn entries(value: &Value, streams: &[(Arc<str>, EntryId)]) -> Result<Reply, String> {
    let one = |value: &Value| {
        let Value::Array(parts) = value else { return None };
        let [name, entries] = &parts[..] else { return None };
        let name = bytes(name)?;
        let (stream, _) = streams.iter().find(|(stream, _)| stream.as_bytes() == name)?;
        Some((stream.clone(), raw_entries(entries)?))
    };
    let found = match value {
        Value::Nil => Some(Vec::new()),
        Value::Array(list) => list.iter().map(one).collect(),
        _ => None,
    };
    found.map(Reply::Entries).ok_or_else(|| "the engine's reply has an unknown form".to_owned())
}

fn add_limits(command: &mut Cmd, limits: &Limits) {
    let Limits { max_rooms, max_members, room_ttl, stream } = limits;
    command.arg(max_rooms).arg(max_members).arg(room_ttl).arg(stream);
}

/// Adds the name of an operation and its arguments, in the order in which the script takes them.
fn add_operation(command: &mut Cmd, operation: &Operation) {
    match operation {
        Operation::Say(line) => {
            let Line { room, client, kind, from, text, time } = line;
            let kind = match kind {
                LineKind::Message => kind::MESSAGE,
                LineKind::Notice => kind::NOTICE,
                LineKind::Presence => kind::PRESENCE,
                LineKind::Rename => kind::RENAME,
            };
            command.arg("say").arg(&**room).arg(client).arg(kind);
            command.arg(&**from).arg(&**text).arg(time);
        }
        Operation::Register(registration) => {
            let Registration { client, address, chosen, room, since } = registration;
            command.arg("register").arg(client).arg(&**address);
            command.arg(u8::from(chosen.is_some()));
            match chosen {
                Some(name) => add_chosen(command, name),
                None => drop(command.arg("").arg("").arg("").arg("")),
            }
            add_room(command, room);
            command.arg(since);
        }
        Operation::Registered => drop(command.arg("registered")),
        Operation::Rename(rename) => {
            let Rename { client, name, notice, time } = rename;
            command.arg("rename").arg(client);
            add_chosen(command, name);
            command.arg(u8::from(notice.is_some()));
            command.arg(notice.as_deref().unwrap_or_default()).arg(time);
        }
        Operation::Move(to) => {
            let Move { client, room, since } = to;
            command.arg("move").arg(client);
            add_room(command, room);
            command.arg(since);
        }
        Operation::Unregister { client } => drop(command.arg("unregister").arg(client)),
        Operation::Direct(direct) => {
            let Direct { keys, folded, to: _, kind, from, room, text, time } = direct;
            let kind = match kind {
                DirectKind::Private => kind::PRIVATE,
                DirectKind::Tell => kind::TELL,
                DirectKind::Kick => kind::KICK,
            };
            command.arg("direct").arg(kind).arg(&**folded).arg(&**from).arg(&**room);
            command.arg(&**text).arg(time).arg(keys.len());
            for key in keys {
                command.arg(&**key);
            }
        }
        Operation::Announce { text, time } => {
            command.arg("announce").arg(&**text).arg(time);
        }
        Operation::Members { room, most } => {
            command.arg("members").arg(&**room).arg(most);
        }
        Operation::Rooms => drop(command.arg("rooms")),
        Operation::Clients { most } => drop(command.arg("clients").arg(most)),
        Operation::Sync => drop(command.arg("sync")),
        Operation::Retire => drop(command.arg("retire")),
    }
}

fn add_chosen(command: &mut Cmd, name: &ChosenName) {
    let ChosenName { shown, folded, skeletons: [first, second] } = name;
    command.arg(&**shown).arg(&**folded).arg(&**first).arg(&**second);
}

fn add_room(command: &mut Cmd, room: &RoomName) {
    let RoomName { shown, folded, skeletons: [first, second] } = room;
    command.arg(&**shown).arg(&**folded).arg(&**first).arg(&**second);
}

fn of_script(value: &Value) -> Option<Reply> {
    let Value::Array(parts) = value else { return None };
    let parts: Vec<&Value> = parts.iter().collect();
    let (kind, rest) = parts.split_first()?;
    Some(match (bytes(kind)?, rest) {
        (b"begun", [applied, state, instance]) => Reply::Begun {
            applied: number(applied)?,
            known: text(state)? == state::KNOWN,
            instance: text(instance)?.to_owned(),
        },
        (b"taken", []) => Reply::NodeTaken,
        (b"submitted", [applied]) => Reply::Submitted { applied: number(applied)? },
        (b"notbegun", []) => Reply::NotBegun,
        (b"reaped", [more]) => Reply::Reaped { more: **more == Value::Int(1) },
        _ => return None,
    })
}

/// Reads entries: each is an identity with a list of names and values, or with nothing if it was
/// deleted meanwhile.
fn raw_entries(value: &Value) -> Option<Vec<RawEntry>> {
    let Value::Array(list) = value else { return None };
    let one = |value: &Value| {
        let Value::Array(parts) = value else { return None };
        let [id, fields] = &parts[..] else { return None };
        let id = EntryId::parse(text(id)?)?;
        let fields = match fields {
            Value::Array(fields) => fields
                .chunks_exact(2)
                .map(|pair| Some((bytes(&pair[0])?.to_vec(), bytes(&pair[1])?.to_vec())))
                .collect::<Option<Vec<_>>>()?,
            _ => Vec::new(),
        };
        Some(RawEntry { id, fields })
    };
    list.iter().map(one).collect()
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.as_bytes()),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    std::str::from_utf8(bytes(value)?).ok()
}

fn number(value: &Value) -> Option<u64> {
    text(value)?.parse().ok()
}
