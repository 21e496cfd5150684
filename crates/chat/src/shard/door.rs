//! The door: a client that has not said the password is in no room, and nobody sees it.

use std::net::SocketAddr;
use std::time::Duration;

use netcore::AddressGroup;

use crate::hub::failed_passwords::Source;
use crate::protocol::command::Input;
use crate::protocol::rate_limit::RateLimiter;
use crate::shard::delivery::reply;
use crate::shard::flow::Flow;
use crate::shard::knock::Knock;
use crate::shard::member::Member;
use crate::shard::membership::enter_chat;
use crate::shard::output::ClientOutput;
use crate::shard::state::State;
use crate::stats::count;

/// Time that a client has for the password.
const TIME: Duration = Duration::from_secs(30);

/// The wrong password after which the connection is closed.
const ATTEMPTS: u32 = 3;

/// Asks a new client for the password. `name` is its address, if it has one.
pub(crate) fn meet(
    state: &mut State,
    member: &mut Member,
    name: Option<&str>,
    out: &mut impl ClientOutput,
) {
    let deadline = state.now.instant + TIME;
    member.extra().knock = Some(Knock { deadline, wrong: 0, has_address: name.is_some() });
    state.guests.insert(&state.hub, deadline, member.key);
    log::debug!("{}: connected: it is asked for the password", member.name);
    let seconds = TIME.as_secs();
    let text = format!("this chat has a password: say /pass PASSWORD within {seconds} s");
    reply(state, member, &text, out);
}

/// Handles a line of a client at the door.
pub(crate) fn answer_at_the_door(
    state: &mut State,
    member: &mut Member,
    input: Input<'_>,
    out: &mut impl ClientOutput,
) -> Flow {
    match input {
        Input::Blank => {}
        Input::Quit => return Flow::Leave,
        Input::Pass(attempt) if !attempt.is_empty() => return check(state, member, attempt, out),
        _ => reply(state, member, "say /pass PASSWORD first", out),
    }
    Flow::Continue
}

/// Answers a client that says a password and need not. The line is a command, so it reaches nobody.
pub(crate) fn answer_password(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) {
    let text = match state.hub.config.password {
        Some(_) => "you have said the password already",
        None => "this chat has no password",
    };
    reply(state, member, text, out);
}

/// Closes the connection of a client at the door whose time is over.
pub(crate) fn check_time(
    state: &mut State,
    member: &mut Member,
    out: &mut impl ClientOutput,
) -> Flow {
    let now = state.now.instant;
    let is_overdue = member.knock().is_some_and(|knock| knock.deadline <= now);
    if member.is_leaving() || !is_overdue {
        return Flow::Continue;
    }
    log::info!("{}: closed: no password within {} s", member.name, TIME.as_secs());
    if out.unsent() > 0 {
        // The client does not read, so no notice would reach it.
        out.abort();
        return Flow::Continue;
    }
    reply(state, member, &format!("no password within {} s", TIME.as_secs()), out);
    Flow::Leave
}

/// Admits the client if `attempt` is the password.
fn check(
    state: &mut State,
    member: &mut Member,
    attempt: &str,
    out: &mut impl ClientOutput,
) -> Flow {
    let hub = state.hub.clone();
    if !hub.config.password.as_ref().is_some_and(|password| password.is(attempt)) {
        return refuse(state, member, out);
    }
    state.guests.remove(&hub, member);
    reply(state, member, "password accepted", out);
    let extra = member.extra();
    // The rate of the door counts no longer.
    extra.limiter = RateLimiter::default();
    let has_address = extra.knock.take().is_some_and(|knock| knock.has_address);
    let address = member.name.clone();
    enter_chat(state, member, has_address.then_some(&*address), out);
    Flow::Continue
}

fn refuse(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) -> Flow {
    let hub = state.hub.clone();
    count(&hub.counters.refused_passwords, 1);
    let Some(knock) = member.extra().knock.as_mut() else { return Flow::Leave };
    knock.wrong += 1;
    let wrong = knock.wrong;
    let report_at = hub.failed_passwords.note(source_of(&member.name), state.now.instant);
    state.guests.report_by(report_at);
    reply(state, member, &format!("wrong password ({wrong} of {ATTEMPTS})"), out);
    if wrong < ATTEMPTS {
        return Flow::Continue;
    }
    log::debug!("{}: closed: {ATTEMPTS} wrong passwords", member.name);
    Flow::Leave
}

/// Returns the origin of a client, whose name at the door is its address.
fn source_of(name: &str) -> Source {
    match name.parse::<SocketAddr>() {
        Ok(address) => Source::Group(AddressGroup::from(address)),
        Err(_) => Source::Local,
    }
}
