//! A shard: one thread's part of a chat, without I/O.
//!
//! ```text
//!   receive ─► input ─► commands ─► LocalRoom: the batch of the turn
//!                                      │ publish, at the begin of a round
//!                                      ▼
//!   round: visits ◄───────────────── Log ─► Reader: the window of segments
//!     └─► delivery ─┬─► ClientOutput
//!                   └─► slow_consumer: disconnected or skipped forward
//! ```

pub(crate) mod ask;
pub(crate) mod commands;
pub(crate) mod delivery;
pub(crate) mod door;
pub(crate) mod flow;
pub(crate) mod guests;
pub(crate) mod input;
pub(crate) mod knock;
pub(crate) mod lists;
pub(crate) mod member;
pub(crate) mod membership;
pub(crate) mod outcomes;
pub(crate) mod output;
pub(crate) mod parting;
pub(crate) mod paused;
pub(crate) mod room;
pub(crate) mod rooms;
pub(crate) mod round;
pub(crate) mod slow_consumer;
pub(crate) mod state;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use netcore::line::LineFramer;

use crate::hub::Hub;
use crate::hub::mailbox::Mailbox;
use crate::now::Now;
use crate::protocol::format::{LOBBY, Message, MessageKind};
use crate::protocol::framing::Framing;
use crate::protocol::telnet::Separated;
use crate::shard::commands::handle_line;
use crate::shard::delivery::{deliver, reply};
use crate::shard::door::{check_time, meet};
use crate::shard::flow::Flow;
use crate::shard::input::{MAX_DEFERRED, PRESSURE_PAUSE, drain_input, process_input, resume_input};
use crate::shard::member::{Member, Parting};
use crate::shard::membership::{Departure, enter_chat, leave_room};
use crate::shard::output::ClientOutput;
use crate::shard::parting::must_wait;
use crate::shard::round::Round;
use crate::shard::slow_consumer::{is_stalled, track_lag};
use crate::shard::state::State;
use crate::stats::count;

/// One thread's part of a chat: its clients' side of the rooms, without I/O and without a clock.
///
/// A shard serves any number of clients. The caller keeps a [`Member`] and a [`ClientOutput`] for
/// each, and a key by which it finds them. Bytes go in by [`receive`](Shard::receive). Messages go
/// out in a *round*, which is due after a batch of input, at [`next_round`](Shard::next_round), and
/// whenever the shard calls the waker of [`Chat::shard`](crate::Chat::shard). The caller owns the
/// outputs, so a round asks for one client after the other:
///
/// ```
/// use chat::{Chat, ClientOutput, Config, Member, Now};
///
/// #[derive(Default)]
/// struct Sink(Vec<u8>);
///
/// impl ClientOutput for Sink {
///     fn send(&mut self, bytes: &[u8]) {
///         self.0.extend_from_slice(bytes);
///     }
///     fn share(&mut self, bytes: bytes::Bytes) {
///         self.send(&bytes);
///     }
///     fn unsent(&self) -> usize {
///         0
///     }
///     fn call_when_flushed(&mut self) {}
///     fn pause_reading(&mut self) {}
///     fn resume_reading(&mut self) {}
///     fn close(&mut self) {}
///     fn abort(&mut self) {}
/// }
///
/// let chat = Chat::new(Config::default());
/// let mut shard = chat.shard(|| {});
/// let now = Now::system();
/// let mut all: Vec<(Member, Sink)> = ["ann", "bob"]
///     .iter()
///     .zip(0..)
///     .map(|(name, key)| {
///         let mut sink = Sink::default();
///         (shard.connect(key, Some(name), now, &mut sink), sink)
///     })
///     .collect();
///
/// let (ann, sink) = &mut all[0];
/// shard.receive(ann, b"hello\n", now, sink);
/// shard.begin_round(now);
/// while let Some(key) = shard.poll_client() {
///     let (member, sink) = &mut all[key as usize];
///     shard.handle_client(member, sink);
/// }
/// assert!(all.iter().all(|(_, sink)| sink.0.ends_with(b" ann: hello\n")));
/// ```
#[derive(Debug)]
pub struct Shard {
    state: State,
    round: Round,
}

impl Shard {
    pub(crate) fn new(hub: Arc<Hub>, wake: impl Fn() + Send + Sync + 'static) -> Shard {
        let mailbox = Arc::new(Mailbox::new(Arc::new(wake)));
        hub.attach(mailbox.clone());
        Shard { state: State::new(hub, mailbox), round: Round::default() }
    }

    /// Adds a client. It receives the greeting and the history of the lobby, after the
    /// [password](crate::Config::with_password) if there is one. `key` is the caller's key, which
    /// [`poll_client`](Self::poll_client) returns. `name` is the client's name until it chooses
    /// one, usually its address; without one the client is numbered.
    ///
    /// Hand the client back with [`disconnect`](Self::disconnect).
    pub fn connect(
        &mut self,
        key: u64,
        name: Option<&str>,
        now: Now,
        out: &mut impl ClientOutput,
    ) -> Member {
        self.connect_framed(Framing::Lines, key, name, now, out)
    }

    /// Adds a client like [`connect`](Self::connect) that receives WebSocket messages (RFC 6455):
    /// text frames of the server, each with one object of the `json` format. The caller does the
    /// handshake, and passes the text of each message to [`receive`](Self::receive) as one line.
    ///
    /// The chat must be [configured](crate::Config::with_web) for it; otherwise the client receives
    /// lines.
    pub fn connect_web(
        &mut self,
        key: u64,
        name: Option<&str>,
        now: Now,
        out: &mut impl ClientOutput,
    ) -> Member {
        let framing = if self.state.hub.config.web { Framing::WebSocket } else { Framing::Lines };
        self.connect_framed(framing, key, name, now, out)
    }

    fn connect_framed(
        &mut self,
        framing: Framing,
        key: u64,
        name: Option<&str>,
        now: Now,
        out: &mut impl ClientOutput,
    ) -> Member {
        let state = &mut self.state;
        state.now = now;
        let mut member = Member::new(key, name, framing, state.hub.config.max_line);
        match state.hub.config.password {
            Some(_) => meet(state, &mut member, name, out),
            None => enter_chat(state, &mut member, name, out),
        }
        member
    }

    /// Removes a client whose connection is closed.
    pub fn disconnect(&mut self, member: Member) {
        log::debug!("{}: disconnected", member.name);
        let state = &mut self.state;
        state.paused.remove(&member);
        state.guests.remove(&state.hub, &member);
        state.direct.remove(&member.key);
        state.outcomes.remove(&member.key);
        if let Some(continuation) = member.continuation() {
            state.hub.continuations.release(continuation, member.id);
        }
        count(&state.hub.counters.dropped_bytes, member.deferred() as u64);
        leave_room(state, &member, Departure::Disconnected);
        if self.round.is_over() {
            // The remaining clients are notified in a round, and nothing else may begin one.
            (state.mailbox.wake())();
        }
    }

    /// Processes bytes from a client, cut anywhere. Replies are sent to `out` at once, messages in
    /// the next round. Telnet commands are not text: options are refused, other commands ignored.
    pub fn receive(
        &mut self,
        member: &mut Member,
        input: &[u8],
        now: Now,
        out: &mut impl ClientOutput,
    ) {
        self.state.now = now;
        self.round.reopen();
        self.state.reply_bytes = 0;
        let Separated { text, answers, are_you_there } = match &mut member.telnet {
            Some(telnet) => telnet.separate(input),
            None => Separated::text(input),
        };
        if !answers.is_empty() {
            self.state.reply_bytes += answers.len();
            out.send(&answers);
        }
        if are_you_there {
            reply(&mut self.state, member, "the server is here", out);
        }
        let input = &*text;
        match &mut member.extra {
            // Reading is paused, but a broken connection is read all the same.
            Some(extra) if !extra.deferred.is_empty() => {
                let room = MAX_DEFERRED.saturating_sub(extra.deferred.len()).min(input.len());
                let dropped = input.len() - room;
                count(&self.state.hub.counters.dropped_bytes, dropped as u64);
                extra.deferred.extend_from_slice(&input[..room]);
            }
            _ => {
                let flow = process_input(&mut self.state, member, input, out);
                self.apply(flow, member, out);
            }
        }
    }

    /// Handles the end of a client's input. A last line without an ending counts; then the client
    /// [leaves](Self::leave).
    pub fn end(&mut self, member: &mut Member, now: Now, out: &mut impl ClientOutput) {
        self.state.now = now;
        let mut flow = drain_input(&mut self.state, member, out);
        if member.is_held() {
            if member.parting() == Parting::Not {
                member.extra().parting = Parting::Ended;
            }
            return;
        }
        let mut framer = std::mem::replace(&mut member.framer, LineFramer::new(0));
        if let (Flow::Continue, Some(line)) = (flow, framer.finish()) {
            flow = handle_line(&mut self.state, member, line.text(), out);
        }
        self.apply(flow, member, out);
        self.leave(member, now, out);
    }

    /// Delivers all messages up to now to a client, and closes it.
    pub fn leave(&mut self, member: &mut Member, now: Now, out: &mut impl ClientOutput) {
        self.state.now = now;
        // The client leaves in any case, so the result does not matter.
        let _ = drain_input(&mut self.state, member, out);
        match (member.is_held(), member.parting()) {
            (true, Parting::Not | Parting::Ended) => member.extra().parting = Parting::Requested,
            _ => self.close(member, out),
        }
    }

    /// Sends a notice to one client, after all earlier messages.
    pub fn notify(
        &mut self,
        member: &mut Member,
        text: &str,
        now: Now,
        out: &mut impl ClientOutput,
    ) {
        self.state.now = now;
        reply(&mut self.state, member, text, out);
    }

    /// Continues with a client whose output was flushed: delivers its backlog, and processes
    /// deferred input.
    pub fn handle_writable(&mut self, member: &mut Member, now: Now, out: &mut impl ClientOutput) {
        self.state.now = now;
        deliver(&mut self.state, member, out);
        if member.paused_until().is_none() && member.has_deferred() && out.unsent() == 0 {
            let flow = resume_input(&mut self.state, member, out);
            self.apply(flow, member, out);
        }
    }

    /// Returns `true` if the batch is full: a round should come before more input.
    pub fn is_batch_full(&self) -> bool {
        self.state.is_batch_full()
    }

    /// Returns `true` if input should wait, here and in every other shard: memory is short until
    /// readers have received messages, or were disconnected.
    pub fn is_memory_short(&self) -> bool {
        self.state.is_memory_short()
    }

    /// Begins a round. Call [`poll_client`](Self::poll_client) until it returns `None`.
    pub fn begin_round(&mut self, now: Now) {
        self.state.now = now;
        self.round.begin(&mut self.state);
    }

    /// Returns the key of the next client for [`handle_client`](Self::handle_client), or `None` at
    /// the end of the round.
    pub fn poll_client(&mut self) -> Option<u64> {
        self.round.next(&mut self.state)
    }

    /// Resumes a client's input if that is due, delivers its backlog, and aborts it if it is
    /// stalled while memory is short.
    pub fn handle_client(&mut self, member: &mut Member, out: &mut impl ClientOutput) {
        self.round.visit();
        let now = self.state.now.instant;
        let flow = check_time(&mut self.state, member, out);
        self.apply(flow, member, out);
        self.take_outcomes(member, out);
        if matches!(member.parting(), Parting::Waiting(until) if until <= now) {
            self.close(member, out);
        }
        if member.paused_until().is_some_and(|at| at <= now) {
            let flow = resume_input(&mut self.state, member, out);
            self.apply(flow, member, out);
        }
        deliver(&mut self.state, member, out);
        let Some((since, bytes)) = track_lag(&mut self.state, member, out) else { return };
        if is_stalled(since, now) && self.round.must_abort(&self.state, bytes) {
            log::info!("{}: aborted: it does not read, and memory is short", member.name);
            count(&self.state.hub.counters.cut_memory, 1);
            out.abort();
        }
    }

    /// Returns the time at which the next round is due if no input arrives and the waker is not
    /// called.
    pub fn next_round(&self) -> Option<Instant> {
        let State { rooms, paused, guests, now, .. } = &self.state;
        let checks = rooms.iter().filter_map(|local| local.check_at());
        let pressure = self.is_memory_short().then(|| now.instant + PRESSURE_PAUSE);
        let due = rooms.iter().filter_map(|local| local.due(now.instant)).min();
        checks.chain(paused.next_due()).chain(guests.next_due()).chain(pressure).chain(due).min()
    }

    /// Counts a client that is rejected.
    pub(crate) fn count_rejected(&self) {
        count(&self.state.hub.counters.refused_clients, 1);
    }

    /// Appends the notice for a client that is rejected to `out`.
    pub fn reject(&mut self, text: &str, time: SystemTime, out: &mut Vec<u8>) {
        self.count_rejected();
        let notice = Message { time, room: LOBBY, kind: MessageKind::Notice, text };
        self.state.renderers.lines.render(&notice, out);
    }

    /// Closes a client if a command ended its session.
    fn apply(&mut self, flow: Flow, member: &mut Member, out: &mut impl ClientOutput) {
        if flow == Flow::Leave {
            self.close(member, out);
        }
    }

    /// Makes a client leave at the current end of its room's log.
    fn close(&mut self, member: &mut Member, out: &mut impl ClientOutput) {
        self.state.rooms.publish(member.room);
        if must_wait(&mut self.state, member, out) {
            return;
        }
        let State { rooms, .. } = &mut self.state;
        let end = rooms.get(member.room).map_or(0, |local| local.reader.end().segment);
        member.leave_before(end);
        deliver(&mut self.state, member, out);
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        let State { rooms, renderers, hub, now, .. } = &mut self.state;
        if hub.node.is_some() {
            // The other nodes see the last clients leave.
            rooms.iter_mut().for_each(|(_, local)| local.publish_all(hub, renderers, *now));
        }
        self.state.hub.detach(&self.state.mailbox);
    }
}
