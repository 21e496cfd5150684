//! One thread's part of a chat, without I/O.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use netcore::line::LineFramer;

use crate::hub::mailbox::{Letter, Post};
use crate::hub::{Arrival, Hub, Room};
use crate::now::Now;
use crate::protocol::format::{LOBBY, Pen};
use crate::protocol::telnet::{Taken, Telnet};
use crate::protocol::text::clean;
use crate::shard::output::Outbox;
use crate::shard::room::{Local, MOVING, Move, Progress, STRIDE};
use crate::stats::count;

mod commands;
mod delivery;
mod input;
pub(crate) mod member;
pub(crate) mod output;
pub(crate) mod room;
mod since;

use crate::shard::member::Member;
use crate::shard::member::NEVER;

/// What a client gets in one go. More of a long backlog follows when it has taken that.
pub(crate) const SHARE: usize = 64 * 1024;
/// The most runs of messages in one go: a handle for each waits with the client.
pub(crate) const RUNS: usize = 128;
/// Rendered messages at which a turn's input ends, so that they go out before more comes in.
pub(crate) const BATCH: usize = 256 * 1024;
/// Answers after which a client must take them before more of its input is heard.
pub(crate) const ANSWERS: usize = 8 * 1024;
/// Bytes that are kept of what comes while a client is held, where one read has not brought as many.
pub(crate) const UNHEARD: usize = 16 * 1024;
/// Names that `/who` lists, and rooms that `/rooms` does.
const LISTED: usize = 100;
/// Bytes of such a list.
pub(crate) const LIST: usize = 4 * 1024;
/// How long senders wait before it is looked again whether the readers keep up.
const PRESSED: Duration = Duration::from_millis(10);

/// One thread's part of a chat: its clients' side of the rooms, without I/O and without a clock.
///
/// Any number of clients may sit here; the caller keeps a [`Member`] and an [`Outbox`] for each, and
/// a key by which it finds them. Bytes go in by [`receive`](Seat::receive). What was said goes out
/// in a *round*, which comes after a batch of input, at [`next_round`](Seat::next_round), and
/// whenever the waker of [`Chat::seat`](crate::Chat::seat) says so:
///
/// ```
/// use chat::{Chat, Config, Member, Now, Outbox};
///
/// #[derive(Default)]
/// struct Sink(Vec<u8>);
///
/// impl Outbox for Sink {
///     fn send(&mut self, bytes: &[u8]) {
///         self.0.extend_from_slice(bytes);
///     }
///     fn share(&mut self, bytes: bytes::Bytes) {
///         self.send(&bytes);
///     }
///     fn waiting(&self) -> usize {
///         0
///     }
///     fn more(&mut self) {}
///     fn hold(&mut self, _: bool) {}
///     fn close(&mut self) {}
///     fn abort(&mut self) {}
/// }
///
/// let chat = Chat::new(Config::default());
/// let mut seat = chat.seat(|| {});
/// let now = Now::system();
/// let mut all: Vec<(Member, Sink)> = ["ann", "bob"]
///     .iter()
///     .zip(0..)
///     .map(|(name, key)| {
///         let mut sink = Sink::default();
///         (seat.enter(key, Some(name), now, &mut sink), sink)
///     })
///     .collect();
///
/// let (ann, sink) = &mut all[0];
/// seat.receive(ann, b"hello\n", now, sink);
/// seat.begin(now);
/// while let Some(key) = seat.poll() {
///     let (member, sink) = &mut all[key as usize];
///     seat.visit(member, sink);
/// }
/// assert!(all.iter().all(|(_, sink)| sink.0.ends_with(b" ann: hello\n")));
/// ```
#[derive(Debug)]
pub struct Seat {
    hub: Arc<Hub>,
    post: Arc<Post>,
    pen: Pen,
    /// The rooms with clients of this seat; a client knows its place.
    rooms: Vec<Option<Local>>,
    /// Of the last call.
    now: Now,
    round: Round,
    /// Letters to clients that have not taken what they had before.
    letters: HashMap<u64, Vec<Letter>>,
    /// Clients that are not read from, and when it is looked whether they are again.
    held: BTreeSet<(Instant, u64)>,
    /// When all clients are looked at next, if memory is short then.
    survey: Option<Instant>,
    /// Reused from notice to notice.
    notice: Vec<u8>,
    /// Bytes of answers since the input that is being heard began.
    told: usize,
    /// About how many bytes were said since the last round.
    said: usize,
}

/// Who is to be visited, and what has been found meanwhile.
#[derive(Debug, Default)]
struct Round {
    /// In the reverse order.
    visits: Vec<u64>,
    /// Rooms that were looked through.
    rooms: Vec<usize>,
    /// Bytes that will be free when those who were cut off are gone.
    freed: usize,
    /// The client that was handed out last, until it is visited.
    polled: Option<u64>,
    /// It is over, and what happens from here on needs another.
    over: bool,
}

impl Seat {
    pub(crate) fn new(hub: Arc<Hub>, wake: impl Fn() + Send + Sync + 'static) -> Seat {
        let post = Post::new(Arc::new(wake));
        hub.seat(post.clone());
        Seat {
            pen: hub.pen(),
            hub,
            post,
            rooms: Vec::new(),
            now: Now::system(),
            round: Round::default(),
            letters: HashMap::new(),
            held: BTreeSet::new(),
            survey: None,
            notice: Vec::new(),
            told: 0,
            said: 0,
        }
    }

    /// A client comes: it gets the greeting and the history of the lobby. `key` is the caller's, and
    /// comes back from [`poll`](Self::poll). `name`: what the client is called until it chooses a
    /// name, as a rule its address; without one it is numbered.
    ///
    /// Hand the client back with [`exit`](Self::exit).
    pub fn enter(
        &mut self,
        key: u64,
        name: Option<&str>,
        now: Now,
        out: &mut impl Outbox,
    ) -> Member {
        self.now = now;
        let Arrival { id, name, room } = self.hub.enter(name, &self.post, key, now.time);
        log::debug!("{name} has come");
        let hub = self.hub.clone();
        for words in hub.config.greeting.iter().flat_map(|greeting| greeting.lines()) {
            self.render(&room.name, &clean(words));
            out.send(&self.notice);
        }
        let place = self.place(room);
        let mut member = Member {
            id,
            key,
            name,
            room: place,
            telnet: Telnet::default(),
            framer: LineFramer::new(self.hub.config.max_line),
            cursor: 0,
            skip: NEVER,
            lost: 0,
            until: NEVER,
            tempo: None,
        };
        self.settle(&mut member, out);
        member
    }

    /// The client is not there any more.
    pub fn exit(&mut self, member: Member) {
        log::debug!("{} has gone", member.name);
        if let Some(at) = member.held() {
            self.held.remove(&(at, member.key));
        }
        self.letters.remove(&member.key);
        count(&self.hub.counters.dropped_bytes, member.unheard() as u64);
        self.depart(&member, Move::Left(member.id));
        if self.round.over {
            // Who is left here is told in a round, and nothing else might bring one.
            (self.post.wake())();
        }
    }

    /// Takes what a client sent, cut anywhere. Its own notices go to `out` at once, what it says in
    /// the next round. Telnet commands are no text: options are refused, and the rest is ignored.
    pub fn receive(&mut self, member: &mut Member, input: &[u8], now: Now, out: &mut impl Outbox) {
        self.now = now;
        self.round.over = false;
        self.told = 0;
        let Taken { text, answers, asks } = member.telnet.take(input);
        if !answers.is_empty() {
            self.told += answers.len();
            out.send(&answers);
        }
        if asks {
            self.answer(member, "the server is here", out);
        }
        let input = &*text;
        match &mut member.tempo {
            // It is held, and read all the same: its connection is broken.
            Some(tempo) if !tempo.unheard.is_empty() => {
                let room = UNHEARD.saturating_sub(tempo.unheard.len()).min(input.len());
                count(&self.hub.counters.dropped_bytes, (input.len() - room) as u64);
                tempo.unheard.extend_from_slice(&input[..room]);
            }
            _ => self.hear(member, input, true, out),
        }
    }

    /// The client has sent all that it will. A last line without an ending counts, and then it
    /// [leaves](Self::leave).
    pub fn end(&mut self, member: &mut Member, now: Now, out: &mut impl Outbox) {
        self.now = now;
        self.told = 0;
        self.hear_out(member, out);
        let mut framer = std::mem::replace(&mut member.framer, LineFramer::new(0));
        if let Some(line) = framer.finish() {
            self.line(member, line.text(), out);
        }
        self.leave(member, now, out);
    }

    /// The client gets what has been said until here, and is closed.
    pub fn leave(&mut self, member: &mut Member, now: Now, out: &mut impl Outbox) {
        self.now = now;
        self.hear_out(member, out);
        self.publish(member.room);
        let end = self.local(member.room).map_or(0, |local| local.reader.end().segment);
        member.until = member.until.min(end);
        self.bring(member, out);
    }

    /// A notice for one client, behind what was said before.
    pub fn tell(&mut self, member: &mut Member, words: &str, now: Now, out: &mut impl Outbox) {
        self.now = now;
        self.answer(member, words, out);
    }

    /// Sends a client what it lacks, as far as it takes it, and hears what it sent and had to wait
    /// with.
    pub fn feed(&mut self, member: &mut Member, now: Now, out: &mut impl Outbox) {
        self.now = now;
        self.bring(member, out);
        if member.held().is_none() && member.has_unheard() && out.waiting() == 0 {
            self.hear_again(member, out);
        }
    }

    /// So much was said that a round should come before more input.
    pub fn is_full(&self) -> bool {
        self.said > BATCH
    }

    /// Input should wait, here and at every other seat: memory is short until readers have taken
    /// something, or have been cut off.
    pub fn is_held(&self) -> bool {
        self.hub.memory.excess() > 0
    }

    /// Begins a round: [poll](Self::poll) it to its end.
    pub fn begin(&mut self, now: Now) {
        self.now = now;
        (self.round.freed, self.said) = (0, 0);
        self.hub.sweep(now.instant);
        // Before the rooms are looked at, so that what was said before a letter comes before it.
        let letters = self.post.take();
        // What is on its way to a client at the end of the log shows at its next visit, and nothing
        // else may bring one.
        let all = self.is_held() && self.survey.is_none_or(|at| at <= now.instant);
        if all {
            self.survey = Some(now.instant + MOVING / 4);
        }
        for (index, local) in self.rooms.iter_mut().enumerate() {
            let Some(local) = local.as_mut() else { continue };
            local.publish_due(&self.hub, &mut self.pen.wire, now);
            if local.take_news() || all {
                self.round.visits.extend(local.members.iter().rev());
            } else if local.look.is_some_and(|at| at <= now.instant) {
                self.round.visits.extend(local.behind.keys());
            } else if !local.is_vacant() {
                continue;
            }
            self.round.rooms.push(index);
        }
        let later = self.held.split_off(&(now.instant + Duration::from_nanos(1), 0));
        let due = std::mem::replace(&mut self.held, later);
        // Who has waited for the longest comes first.
        self.round.visits.extend(due.into_iter().rev().map(|(_, key)| key));
        for letter in letters {
            self.round.visits.push(letter.key);
            self.letters.entry(letter.key).or_default().push(letter);
        }
    }

    /// The next client to [visit](Self::visit) in this round. `None`: the round is over.
    pub fn poll(&mut self) -> Option<u64> {
        if let Some(key) = self.round.polled.take() {
            // Nobody is there under this key any more, or it is being closed.
            self.letters.remove(&key);
            self.rooms.iter_mut().flatten().for_each(|local| {
                local.behind.remove(&key);
            });
        }
        if let Some(key) = self.round.visits.pop() {
            self.round.polled = Some(key);
            return Some(key);
        }
        self.round.over = true;
        let now = self.now.instant;
        for index in self.round.rooms.drain(..) {
            let Some(local) = self.rooms[index].as_mut() else { continue };
            local.conclude(now);
            if local.is_vacant() {
                self.rooms[index] = None;
            }
        }
        let slowest = self.rooms.iter().flatten().filter_map(|local| {
            let cursors = local.behind.values().map(|p| p.cursor);
            Some(local.reader.behind(cursors.min()?).1)
        });
        self.post.slowest.store(slowest.max().unwrap_or(0), Ordering::Relaxed);
        None
    }

    /// Brings a client what it lacks.
    pub fn visit(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let now = self.now;
        self.round.polled = None;
        if member.held().is_some_and(|at| at <= now.instant) {
            self.hear_again(member, out);
        }
        self.bring(member, out);
        let waiting = out.waiting();
        let Some(local) = self.rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        // One who has been given all holds on to what it has not taken, but to none of the log.
        let cursor = if member.is_done() { NEVER } else { member.cursor };
        let end = local.reader.end();
        if waiting == 0 && cursor >= end.segment {
            // As a rule nobody is behind, and then nothing need be looked up.
            if !local.behind.is_empty() {
                local.behind.remove(&member.key);
            }
            return;
        }
        let far = self.hub.config.far_behind() as u64;
        let (_, bytes) = local.reader.behind(cursor);
        let taken = (end.byte - bytes).saturating_sub(waiting as u64);
        let mut at = Progress { cursor, taken, since: now.instant, far: bytes > far };
        if let Some(old) = local.behind.get(&member.key) {
            if taken < old.taken + STRIDE {
                (at.taken, at.since) = (old.taken, old.since);
            }
        }
        local.behind.insert(member.key, at);
        let quiet = now.instant.saturating_duration_since(at.since);
        if quiet >= MOVING && self.hub.memory.excess() > self.round.freed {
            log::info!("{} cut off: memory is short, and it does not read", member.name);
            count(&self.hub.counters.cut_memory, 1);
            self.round.freed += waiting + usize::try_from(bytes).unwrap_or(usize::MAX);
            out.abort();
        }
    }

    /// When the next round is due though nothing is said and nobody wakes the seat.
    pub fn next_round(&self) -> Option<Instant> {
        let looks = self.rooms.iter().flatten().filter_map(|local| local.look);
        let held = self.held.first().map(|(at, _)| *at);
        let short = self.is_held().then(|| self.now.instant + PRESSED);
        let now = self.now.instant;
        let due = self.rooms.iter().flatten().filter_map(|local| local.due(now)).min();
        looks.chain(held).chain(short).chain(due).min()
    }

    /// The words for one who cannot come in.
    pub fn refuse(&mut self, words: &str, time: SystemTime, out: &mut Vec<u8>) {
        count(&self.hub.counters.refused_clients, 1);
        self.pen.wire.notice(out, time, LOBBY, words);
    }

    /// A client is in its room from here on: it gets the history, and then what is new. How many
    /// bytes the history has.
    fn settle(&mut self, member: &mut Member, out: &mut impl Outbox) -> usize {
        let Seat { rooms, hub, pen: Pen { wire: writer, .. }, now, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return 0 };
        local.moved(hub, writer, *now, Move::Came, &member.name);
        local.insert(member.key);
        let (end, history) = local.room.log.join();
        let length = history.iter().map(Bytes::len).sum();
        history.into_iter().for_each(|bytes| out.share(bytes));
        member.cursor = end.segment;
        length
    }

    /// A client is not in its room any more.
    fn depart(&mut self, member: &Member, what: Move) {
        let Seat { rooms, hub, pen: Pen { wire: writer, .. }, now, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        local.remove(member.key);
        local.behind.remove(&member.key);
        local.moved(hub, writer, *now, what, &member.name);
    }

    /// The place of `room` among this seat's.
    fn place(&mut self, room: Arc<Room>) -> usize {
        let is_it = |local: &Option<Local>| {
            local.as_ref().is_some_and(|local| Arc::ptr_eq(&local.room, &room))
        };
        if let Some(place) = self.rooms.iter().position(is_it) {
            return place;
        }
        let local = Some(Local::new(room, self.post.wake(), self.now.instant));
        match self.rooms.iter().position(Option::is_none) {
            Some(place) => {
                self.rooms[place] = local;
                place
            }
            None => {
                self.rooms.push(local);
                self.rooms.len() - 1
            }
        }
    }

    fn local(&self, place: usize) -> Option<&Local> {
        self.rooms.get(place).and_then(Option::as_ref)
    }

    fn room_name(&self, place: usize) -> Arc<str> {
        self.local(place).map_or_else(|| LOBBY.into(), |l| l.room.name.clone())
    }

    /// What was said in a room goes into its log, and what the log has into the window.
    fn publish(&mut self, place: usize) {
        if let Some(local) = self.rooms.get_mut(place).and_then(Option::as_mut) {
            local.publish();
        }
    }

    /// Renders a notice for a client into `self.notice`.
    fn render_for(&mut self, member: &Member, words: &str) {
        let room = self.room_name(member.room);
        self.render(&room, words);
    }

    fn render(&mut self, room: &str, words: &str) {
        self.notice.clear();
        self.pen.wire.notice(&mut self.notice, self.now.time, room, words);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.unseat(&self.post);
    }
}
