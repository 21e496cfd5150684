//! Input: lines from one client, processed no faster than its limits allow.

use std::time::{Duration, Instant};

use netcore::line::{LineFramer, TooLong};

use crate::protocol::rate_limit::Rate;
use crate::shard::commands::handle_line;
use crate::shard::delivery::{MAX_DELIVERY, MAX_SEGMENTS, reply};
use crate::shard::flow::Flow;
use crate::shard::knock::DOOR_RATE;
use crate::shard::member::Member;
use crate::shard::output::ClientOutput;
use crate::shard::state::State;
use crate::stats::count;

/// Bytes of replies after which a client's input is paused until it has read them.
pub(crate) const MAX_REPLIES: usize = 8 * 1024;

/// Bytes that are kept of the input that arrives while a client is paused.
pub(crate) const MAX_DEFERRED: usize = 16 * 1024;

/// Time after which paused senders check again whether the readers keep up.
pub(crate) const PRESSURE_PAUSE: Duration = Duration::from_millis(10);

/// Limits that apply to input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The client stays: its rate and its readers set the pace.
    Live,
    /// The client leaves: everything that it sent is processed while there is room.
    Drain,
}

/// Processes input of a client. Input that the limits do not allow yet is deferred, and reading is
/// paused. Returns [`Flow::Leave`] after a command that ends the session.
pub(crate) fn process_input(
    state: &mut State,
    member: &mut Member,
    input: &[u8],
    out: &mut impl ClientOutput,
) -> Flow {
    process(state, member, input, Mode::Live, out)
}

/// Processes the deferred input of a client that leaves, until its replies reach the limit or
/// memory is short.
pub(crate) fn drain_input(
    state: &mut State,
    member: &mut Member,
    out: &mut impl ClientOutput,
) -> Flow {
    state.reply_bytes = 0;
    let deferred = member.take_deferred();
    process(state, member, &deferred, Mode::Drain, out)
}

/// Processes the deferred input of a client whose pause has ended, and reads from it again.
pub(crate) fn resume_input(
    state: &mut State,
    member: &mut Member,
    out: &mut impl ClientOutput,
) -> Flow {
    member.extra().paused_until = None;
    if member.is_held() {
        return Flow::Continue;
    }
    if state.is_memory_short() || is_pressed(state, member) {
        pause(state, member, state.now.instant + PRESSURE_PAUSE, out);
        return Flow::Continue;
    }
    if out.unsent() > 0 && member.has_deferred() {
        // The client must read its replies first; its next flush resumes the input.
        return Flow::Continue;
    }
    out.resume_reading();
    if member.is_leaving() {
        return Flow::Continue;
    }
    state.reply_bytes = 0;
    let deferred = member.take_deferred();
    process_input(state, member, &deferred, out)
}

fn process(
    state: &mut State,
    member: &mut Member,
    mut input: &[u8],
    mode: Mode,
    out: &mut impl ClientOutput,
) -> Flow {
    let now = state.now.instant;
    let mut flow = Flow::Continue;
    let mut framer = std::mem::replace(&mut member.framer, LineFramer::new(0));
    while flow == Flow::Continue && !member.is_leaving() && !input.is_empty() {
        if must_defer(state, member, mode, out) {
            member.extra().deferred = input.to_vec();
            break;
        }
        let rate = rate_of(state, member, mode);
        if let Some(rate) = &rate {
            if let Some(at) = member.extra().limiter.wait(rate, now) {
                member.extra().deferred = input.to_vec();
                slow_down(state, member, *rate, at, out);
                break;
            }
        }
        let before = input.len();
        let lines = match framer.next(&mut input) {
            Some(Ok(line)) => {
                flow = handle_line(state, member, line.text(), out);
                1
            }
            Some(Err(TooLong { limit })) => {
                if member.count_line() {
                    count(&state.hub.counters.refused_length, 1);
                    reply(state, member, &format!("line refused: longer than {limit} bytes"), out);
                }
                1
            }
            None => 0,
        };
        if let Some(rate) = &rate {
            member.extra().limiter.spend(rate, now, lines, before - input.len());
        }
    }
    member.framer = framer;
    let is_idle = member.paused_until().is_none() && !member.has_deferred();
    if is_idle && is_pressed(state, member) {
        pause(state, member, now + PRESSURE_PAUSE, out);
    }
    flow
}

/// Returns the rate limit for a client.
fn rate_of(state: &State, member: &Member, mode: Mode) -> Option<Rate> {
    match mode {
        Mode::Drain => None,
        Mode::Live if member.knock().is_some() => Some(DOOR_RATE),
        Mode::Live => state.hub.config.rate,
    }
}

/// Returns `true` if the rest of the input must wait for something other than the rate. Reading is
/// paused then.
fn must_defer(
    state: &mut State,
    member: &mut Member,
    mode: Mode,
    out: &mut impl ClientOutput,
) -> bool {
    if member.is_held() {
        // The answer resumes the input.
        out.pause_reading();
        return true;
    }
    let must_read_first = match mode {
        Mode::Live => state.reply_bytes > MAX_REPLIES || lags(state, member),
        Mode::Drain => state.reply_bytes > MAX_REPLIES || state.is_memory_short(),
    };
    if must_read_first {
        out.pause_reading();
        out.call_when_flushed();
        return true;
    }
    if mode == Mode::Live && state.is_batch_full() {
        // The next round resumes the input.
        pause(state, member, state.now.instant, out);
        return true;
    }
    false
}

/// Returns `true` if readers of the client's room do not keep up.
fn is_pressed(state: &State, member: &Member) -> bool {
    state.rooms.get(member.room).is_some_and(|local| local.room.log.is_pressed())
}

/// Returns `true` if the client has not received more than one delivery hands out.
fn lags(state: &State, member: &Member) -> bool {
    state.rooms.get(member.room).is_some_and(|local| {
        let segments = local.reader.end().segment.saturating_sub(member.cursor);
        let (_, bytes) = local.reader.behind(member.cursor, member.framing());
        segments > MAX_SEGMENTS as u64 || bytes > MAX_DELIVERY as u64
    })
}

/// Pauses a client that exceeds its rate until `at`, and notifies it once.
fn slow_down(
    state: &mut State,
    member: &mut Member,
    rate: Rate,
    at: Instant,
    out: &mut impl ClientOutput,
) {
    if !std::mem::replace(&mut member.extra().limiter.is_notified, true) {
        count(&state.hub.counters.slowed, 1);
        log::info!("{}: slowed down: it exceeds its rate of {rate}", member.name);
        let text = format!("you are sending too fast: you are heard at {rate}");
        reply(state, member, &text, out);
    }
    pause(state, member, at, out);
}

/// Stops reading from a client until `at`.
fn pause(state: &mut State, member: &mut Member, at: Instant, out: &mut impl ClientOutput) {
    state.paused.insert(member, at);
    out.pause_reading();
}
