//! Delivery: segments, direct messages and notices to one client.

use crate::hub::mailbox::{Direct, DirectMessage};
use crate::shard::member::Member;
use crate::shard::output::ClientOutput;
use crate::shard::slow_consumer::check_lag;
use crate::shard::state::State;
use crate::stats::count;

/// The most bytes that one delivery hands to a client. The rest of a long backlog follows when the
/// client has read these.
pub(crate) const MAX_DELIVERY: usize = 64 * 1024;

/// The most segments of one delivery, because each costs a handle in the client's output.
pub(crate) const MAX_SEGMENTS: usize = 128;

/// Delivers everything that a client has not received, in bounded portions. A client with unsent
/// output gets nothing; if it is too far behind, it is disconnected or skipped forward.
pub(crate) fn deliver(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) {
    if out.unsent() > 0 {
        return check_lag(state, member, out);
    }
    let skipped = member.take_skipped();
    if skipped > 0 {
        let noun = if skipped == 1 { "message" } else { "messages" };
        let text = format!("{skipped} {noun} skipped: you were reading too slowly");
        out.send(state.notice_for(member, &text, ""));
    }
    if deliver_segments(state, member, MAX_DELIVERY, MAX_SEGMENTS, out) {
        deliver_direct(state, member, out);
    }
    if member.is_done() {
        out.close();
    }
}

/// Delivers segments from the client's cursor on, at most `most_bytes` bytes and
/// `most_segments` segments.
/// Returns `true` if the client is up to date.
pub(crate) fn deliver_segments(
    state: &State,
    member: &mut Member,
    most_bytes: usize,
    most_segments: usize,
    out: &mut impl ClientOutput,
) -> bool {
    let Some(local) = state.rooms.get(member.room) else { return true };
    let until = member.until();
    let (mut sent_bytes, mut sent_segments, mut messages, mut is_complete) = (0, 0, 0, true);
    for segment in local.reader.from(member.cursor) {
        if member.cursor >= until {
            break;
        }
        if sent_bytes > most_bytes || sent_segments >= most_segments {
            out.call_when_flushed();
            is_complete = false;
            break;
        }
        if member.cursor != member.omit {
            let bytes = segment.bytes(member.framing());
            sent_bytes += bytes.len();
            sent_segments += 1;
            messages += u64::from(segment.messages());
            out.share(bytes.clone());
        }
        member.cursor += 1;
    }
    count(&state.hub.counters.deliveries, messages);
    is_complete
}

/// Sends a notice to one client, after all earlier messages.
pub(crate) fn reply(
    state: &mut State,
    member: &mut Member,
    text: &str,
    out: &mut impl ClientOutput,
) {
    reply_with(state, member, text, "", out);
}

/// Sends a notice like [`reply`]. For a client on a WebSocket, `fields` are at the end of its
/// object: a comma and the fields in JSON.
pub(crate) fn reply_with(
    state: &mut State,
    member: &mut Member,
    text: &str,
    fields: &str,
    out: &mut impl ClientOutput,
) {
    state.rooms.publish(member.room);
    deliver(state, member, out);
    let notice = state.notice_for(member, text, fields);
    let length = notice.len();
    out.send(notice);
    state.reply_bytes += length;
}

/// Delivers the direct messages for a client.
fn deliver_direct(state: &mut State, member: &mut Member, out: &mut impl ClientOutput) {
    // Usually there is none for anybody, and then there is nothing to look up.
    if state.direct.is_empty() {
        return;
    }
    let Some(messages) = state.direct.remove(&member.key) else { return };
    state.hub.delivered(member.id, messages.iter().map(DirectMessage::cost).sum());
    // The key may have been another client's before.
    let id = member.id;
    for message in messages.into_iter().filter(|message| message.to == id) {
        match message.content {
            Direct::Private(bytes) => out.send(&bytes),
            Direct::Notice(text) => out.send(state.notice_for(member, &text, "")),
            Direct::Kick => {
                out.send(state.notice_for(member, "you have been removed by the operator", ""));
                member.leave_before(0);
            }
            // The client does not read this connection any more, so no notice would reach it.
            Direct::Replaced => {
                log::info!("{}: aborted: it goes on at another connection", member.name);
                out.abort();
            }
            // A round hands these to the client before it delivers anything.
            Direct::Outcome(_) | Direct::Omit(_) => {}
        }
    }
}
