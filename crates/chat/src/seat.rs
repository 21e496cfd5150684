//! One thread's part of a chat, without I/O.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use netcore::line::{LineFramer, TooLong};

use crate::call::{Answer, Call};
use crate::command::{HELP, Input};
use crate::counters::count;
use crate::format::Pen;
use crate::hub::{Arrival, ClientId, Hub, Undelivered};
use crate::local::{Local, MOVING, Move, Progress};
use crate::pace::Pace;
use crate::post::{Letter, Post, What};
use crate::{Now, Slow, clean};

mod since;

/// What a client gets in one go. More of a long backlog follows when it has taken that.
pub(crate) const SHARE: usize = 64 * 1024;
/// The most runs of messages in one go: a handle for each waits with the client.
pub(crate) const RUNS: usize = 128;
/// Rendered messages at which a turn's input ends, so that they go out before more comes in.
pub(crate) const BATCH: usize = 256 * 1024;
/// Answers after which a client must take them before more of its input is heard.
pub(crate) const ANSWERS: usize = 8 * 1024;
/// Names that `/who` lists, and rooms that `/rooms` does.
const LISTED: usize = 100;
/// Bytes of such a list.
pub(crate) const LIST: usize = 4 * 1024;
/// How long senders wait before it is looked again whether the readers keep up.
const PRESSED: Duration = Duration::from_millis(10);
/// A segment that never comes.
const NEVER: u64 = u64::MAX;

/// The way to one client: what a [`Seat`] does with what it has for it.
///
/// With the feature `server`, `netcore::server::Output` is one.
pub trait Outbox {
    /// Sends a copy of `bytes`.
    fn send(&mut self, bytes: &[u8]);

    /// Sends `bytes`, which many clients share.
    fn share(&mut self, bytes: Bytes);

    /// How many bytes of earlier calls the client has not taken.
    fn waiting(&self) -> usize;

    /// Asks for a call of [`Seat::feed`] once everything is taken.
    fn more(&mut self);

    /// While held, nothing more is read from the client.
    fn hold(&mut self, hold: bool);

    /// Closes the connection once everything is sent.
    fn close(&mut self);

    /// Closes the connection now.
    fn abort(&mut self);
}

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

/// One client of a [`Seat`].
#[derive(Debug)]
pub struct Member {
    id: ClientId,
    key: u64,
    name: Arc<str>,
    /// The place of its room among the seat's.
    room: usize,
    framer: LineFramer,
    /// The number of the segment that it gets next.
    cursor: u64,
    /// The number of a segment that it does not get: the news that it caused itself.
    skip: u64,
    /// Messages that it was moved past and not told of.
    lost: u64,
    /// It leaves: the number of the segment that it does not get any more. [`NEVER`]: it stays.
    until: u64,
    /// Only of one whose input is limited, or has been.
    tempo: Option<Box<Tempo>>,
}

/// How a client is heard.
#[derive(Debug, Default)]
struct Tempo {
    pace: Pace,
    /// Nothing is read from it until then; it stands in [`Seat::held`] with this time.
    held: Option<Instant>,
    /// What it sent and was not heard of yet: it is too fast, or has answers to take first.
    unheard: Vec<u8>,
}

impl Member {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn tempo(&mut self) -> &mut Tempo {
        self.tempo.get_or_insert_default()
    }

    fn held(&self) -> Option<Instant> {
        self.tempo.as_ref()?.held
    }

    fn has_unheard(&self) -> bool {
        self.tempo.as_ref().is_some_and(|tempo| !tempo.unheard.is_empty())
    }

    fn take_unheard(&mut self) -> Vec<u8> {
        self.tempo.as_mut().map(|tempo| std::mem::take(&mut tempo.unheard)).unwrap_or_default()
    }
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
        self.depart(&member, Move::Left(member.id));
        if self.round.over {
            // Who is left here is told in a round, and nothing else might bring one.
            (self.post.wake())();
        }
    }

    /// Takes what a client sent, cut anywhere. Its own notices go to `out` at once, what it says in
    /// the next round.
    pub fn receive(&mut self, member: &mut Member, input: &[u8], now: Now, out: &mut impl Outbox) {
        self.now = now;
        self.round.over = false;
        self.told = 0;
        match &mut member.tempo {
            // It is held, and read all the same: its connection is broken.
            Some(tempo) if !tempo.unheard.is_empty() => {
                let room = BATCH.saturating_sub(tempo.unheard.len()).min(input.len());
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
            out.hold(false);
            self.hear_unheard(member, out);
        }
    }

    fn bring(&mut self, member: &mut Member, out: &mut impl Outbox) {
        if out.waiting() > 0 {
            return self.check(member, out);
        }
        if member.lost > 0 {
            let words = match std::mem::take(&mut member.lost) {
                1 => "1 message skipped: you were reading too slowly".to_owned(),
                n => format!("{n} messages skipped: you were reading too slowly"),
            };
            self.render_for(member, &words);
            out.send(&self.notice);
        }
        if self.give(member, SHARE, RUNS, out) {
            self.bring_letters(member, out);
        }
        if member.cursor >= member.until {
            if let Some(local) = self.rooms.get_mut(member.room).and_then(Option::as_mut) {
                local.behind.remove(&member.key);
            }
            out.close();
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
        for (index, local) in self.rooms.iter_mut().enumerate() {
            let Some(local) = local.as_mut() else { continue };
            local.publish_all(&self.hub, &mut self.pen.wire, now);
            if local.take_news() {
                self.round.visits.extend(local.members.iter().rev());
            } else if local.look.is_some_and(|at| at <= now.instant) {
                self.round.visits.extend(local.behind.keys());
            } else if !local.is_vacant() {
                continue;
            }
            self.round.rooms.push(index);
        }
        while let Some((at, key)) = self.held.first().copied().filter(|(at, _)| *at <= now.instant)
        {
            self.held.remove(&(at, key));
            self.round.visits.push(key);
        }
        for letter in self.post.take() {
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
        let far = self.hub.config.far_behind() as u64;
        let Some(local) = self.rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        if member.until != NEVER && member.cursor >= member.until
            || waiting == 0 && member.cursor >= local.reader.end().segment
        {
            local.behind.remove(&member.key);
            return;
        }
        let (_, bytes) = local.reader.behind(member.cursor);
        let cursor = member.cursor;
        let mut at = Progress { cursor, waiting, since: now.instant, far: bytes > far };
        if let Some(old) = local.behind.get(&member.key) {
            if (old.cursor, old.waiting) == (at.cursor, at.waiting) {
                at.since = old.since;
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
        let is_due = self.rooms.iter().flatten().any(Local::is_due);
        let due = is_due.then_some(self.now.instant);
        looks.chain(held).chain(short).chain(due).min()
    }

    /// The words for one who cannot come in.
    pub fn refuse(&mut self, words: &str, time: SystemTime, out: &mut Vec<u8>) {
        count(&self.hub.counters.refused_clients, 1);
        self.pen.wire.notice(out, time, crate::format::LOBBY, words);
    }

    /// Hears what a client sent, a line at a time, and no faster than its rate where that `holds`.
    fn hear(&mut self, member: &mut Member, mut input: &[u8], holds: bool, out: &mut impl Outbox) {
        let now = self.now.instant;
        let rate = self.hub.config.rate.filter(|_| holds);
        let mut framer = std::mem::replace(&mut member.framer, LineFramer::new(0));
        while member.until == NEVER && !input.is_empty() {
            if holds && self.told > ANSWERS {
                member.tempo().unheard = input.to_vec();
                out.hold(true);
                out.more();
                break;
            }
            if let Some(at) = rate.as_ref().and_then(|rate| member.tempo().pace.wait(rate, now)) {
                member.tempo().unheard = input.to_vec();
                self.slow_down(member, at, out);
                break;
            }
            let before = input.len();
            let lines = match framer.next(&mut input) {
                Some(Ok(line)) => {
                    self.line(member, line.text(), out);
                    1
                }
                Some(Err(TooLong { limit })) => {
                    count(&self.hub.counters.refused_length, 1);
                    let words = format!("line refused: longer than {limit} bytes");
                    self.answer(member, &words, out);
                    1
                }
                None => 0,
            };
            if let Some(rate) = &rate {
                member.tempo().pace.spend(rate, now, lines, before - input.len());
            }
        }
        member.framer = framer;
        let is_pressed = |local: &Local| local.room.log.is_pressed();
        let is_heard = member.held().is_none() && !member.has_unheard();
        if is_heard && self.local(member.room).is_some_and(is_pressed) {
            self.hold(member, now + PRESSED, out);
        }
    }

    /// Hears what a client sent beyond its rate, since no more will come.
    fn hear_out(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let unheard = member.take_unheard();
        self.hear(member, &unheard, false, out);
    }

    /// The time has come at which a client that was held is heard again.
    fn hear_again(&mut self, member: &mut Member, out: &mut impl Outbox) {
        member.tempo().held = None;
        if self.local(member.room).is_some_and(|local| local.room.log.is_pressed()) {
            return self.hold(member, self.now.instant + PRESSED, out);
        }
        out.hold(false);
        self.hear_unheard(member, out);
    }

    fn hear_unheard(&mut self, member: &mut Member, out: &mut impl Outbox) {
        self.told = 0;
        let unheard = member.take_unheard();
        self.hear(member, &unheard, true, out);
    }

    /// A client is faster than its rate: it is told so once, and not read from until `at`.
    fn slow_down(&mut self, member: &mut Member, at: Instant, out: &mut impl Outbox) {
        if !std::mem::replace(&mut member.tempo().pace.told, true) {
            count(&self.hub.counters.slowed, 1);
            if let Some(rate) = self.hub.config.rate {
                log::info!("{} is slowed down to {rate}", member.name);
                let words = format!("you are sending too fast: you are heard at {rate}");
                self.answer(member, &words, out);
            }
        }
        self.hold(member, at, out);
    }

    fn hold(&mut self, member: &mut Member, at: Instant, out: &mut impl Outbox) {
        if let Some(before) = member.tempo().held.replace(at) {
            self.held.remove(&(before, member.key));
        }
        self.held.insert((at, member.key));
        out.hold(true);
    }

    fn line(&mut self, member: &mut Member, line: &[u8], out: &mut impl Outbox) {
        let hub = self.hub.clone();
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(e) => {
                count(&hub.counters.refused_encoding, 1);
                let words = format!("line refused: not UTF-8 at byte {}", e.valid_up_to());
                return self.answer(member, &words, out);
            }
        };
        match Input::parse(text) {
            Input::Blank => {}
            Input::Say(text) => self.say(member, text),
            Input::Quit => self.leave(member, self.now, out),
            Input::Nick(name) => self.rename(member, name, out),
            Input::Join(name) => self.go(member, name, out),
            Input::Msg(name, text) => self.whisper(member, name, text, out),
            Input::Who => self.who(member, out),
            Input::Rooms => self.list_rooms(member, out),
            Input::Help => {
                let added = hub.commands.help();
                HELP.iter().copied().chain(added).for_each(|words| self.answer(member, words, out));
            }
            Input::Other(command, argument) => match hub.commands.find(command) {
                Some(handler) => {
                    let room = self.room_name(member.room);
                    let argument = clean(argument);
                    let mut call = Call {
                        name: &member.name.clone(),
                        room: &room,
                        argument: &argument,
                        answers: Vec::new(),
                    };
                    handler(&mut call);
                    for answer in call.answers {
                        match answer {
                            Answer::Tell(words) => self.answer(member, &clean(&words), out),
                            Answer::Say(words) => self.notify(member.room, &clean(&words)),
                        }
                    }
                }
                None => {
                    let words = format!("no command /{}; /help says what there is", clean(command));
                    self.answer(member, &words, out);
                }
            },
        }
    }

    fn say(&mut self, member: &Member, text: &str) {
        let text = clean(text);
        if text.trim().is_empty() {
            return;
        }
        let Seat { rooms, pen, now, hub, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        let room = local.room.clone();
        local.say(pen, *now, |writer, out| {
            writer.message(out, now.time, &room.name, &member.name, &text);
        });
        self.said += text.len() + member.name.len();
        count(&hub.counters.messages, 1);
    }

    /// A notice for everybody in a room.
    fn notify(&mut self, place: usize, words: &str) {
        let Seat { rooms, pen, now, .. } = self;
        let Some(local) = rooms.get_mut(place).and_then(Option::as_mut) else { return };
        let room = local.room.clone();
        local.say(pen, *now, |writer, out| writer.notice(out, now.time, &room.name, words));
    }

    fn rename(&mut self, member: &mut Member, name: &str, out: &mut impl Outbox) {
        let Seat { rooms, pen: Pen { wire: writer, .. }, now, hub, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        local.publish_all(hub, writer, *now);
        let room = local.room.name.clone();
        let presence = hub.config.presence;
        let renamed = hub.rename(member.id, name, |old, new| {
            (presence && old != new).then(|| {
                let words = format!("{old} is now {new}");
                local.publish_alone(|out| writer.notice(out, now.time, &room, &words))
            })
        });
        match renamed {
            Ok((name, told)) => {
                member.name = name;
                // The answer says it already.
                member.skip = told.map_or(member.skip, |end| end.segment - 1);
                self.answer(member, &format!("you are {}", member.name.clone()), out);
            }
            Err(e) => {
                count(&hub.counters.refused_names, 1);
                let usage = if name.is_empty() { ": /nick NAME" } else { "" };
                self.answer(member, &format!("{e}{usage}"), out);
            }
        }
    }

    fn go(&mut self, member: &mut Member, name: &str, out: &mut impl Outbox) {
        let hub = self.hub.clone();
        let room = match hub.go(member.id, name, self.now) {
            Ok(room) => room,
            Err(e) => {
                count(&hub.counters.refused_rooms, 1);
                let usage = if name.is_empty() { ": /join ROOM" } else { "" };
                return self.answer(member, &format!("{e}{usage}"), out);
            }
        };
        // All that was said in the old room until here, however much: the cursor leaves it.
        self.publish(member.room);
        self.give(member, usize::MAX, usize::MAX, out);
        self.depart(member, Move::Went);
        let (here, _) = hub.who(&room, 0);
        member.room = self.place(room.clone());
        member.skip = NEVER;
        self.render(&room.name, &format!("you are in {}; {here} here", room.name));
        out.send(&self.notice);
        self.settle(member, out);
    }

    fn whisper(&mut self, member: &mut Member, name: &str, text: &str, out: &mut impl Outbox) {
        let text = clean(text);
        if name.is_empty() || text.trim().is_empty() {
            return self.answer(member, "whom do you tell what? /msg NAME TEXT", out);
        }
        let room = self.room_name(member.room);
        let mut rendered = Vec::new();
        let Seat { pen: Pen { wire: writer, .. }, now, hub, .. } = self;
        let sent = hub.send(name, |to| {
            writer.private(&mut rendered, now.time, &room, [&member.name, to], &text);
            What::Private(Bytes::copy_from_slice(&rendered))
        });
        match sent {
            Ok(to) => {
                count(&hub.counters.private, 1);
                if to != member.id {
                    self.publish(member.room);
                    self.bring(member, out);
                    self.told += rendered.len();
                    out.send(&rendered);
                }
            }
            Err(why) => {
                count(&hub.counters.refused_private, 1);
                let words = match why {
                    Undelivered::Nobody => format!("nobody is called {}", clean(name)),
                    Undelivered::Busy => {
                        format!("{} does not read; your message is lost", clean(name))
                    }
                };
                self.answer(member, &words, out);
            }
        }
    }

    fn who(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let Some(room) = self.local(member.room).map(|local| local.room.clone()) else { return };
        let (here, who) = self.hub.who(&room, LISTED);
        let now = self.now.time;
        let who = who.iter().map(|(name, at)| format!("{name} since {}", since::shown(*at, now)));
        self.answer(member, &format!("{here} here: {}", list(who, here)), out);
    }

    fn list_rooms(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let rooms = self.hub.rooms();
        let count = rooms.len();
        let what = if count == 1 { "room" } else { "rooms" };
        let shown = rooms.iter().take(LISTED).map(|(room, here)| format!("{} {here}", room.name));
        self.answer(member, &format!("{count} {what}: {}", list(shown, count)), out);
    }

    /// A notice for one client, behind what was said before.
    fn answer(&mut self, member: &mut Member, words: &str, out: &mut impl Outbox) {
        self.publish(member.room);
        self.bring(member, out);
        self.render_for(member, words);
        self.told += self.notice.len();
        out.send(&self.notice);
    }

    /// Brings the letters for a client.
    fn bring_letters(&mut self, member: &mut Member, out: &mut impl Outbox) {
        if self.letters.is_empty() {
            return;
        }
        let letters = self.letters.remove(&member.key).unwrap_or_default();
        if letters.is_empty() {
            return;
        }
        self.hub.delivered(member.id, letters.iter().map(Letter::len).sum());
        // A key may have been another's before.
        for letter in letters.into_iter().filter(|letter| letter.to == member.id) {
            match letter.what {
                What::Private(bytes) => out.send(&bytes),
                What::Tell(words) => {
                    self.render_for(member, &words);
                    out.send(&self.notice);
                }
                What::Kick => {
                    self.render_for(member, "you have been removed by the operator");
                    out.send(&self.notice);
                    member.until = 0;
                }
            }
        }
    }

    /// Sends a client what is between its cursor and the end, so many bytes and runs at most. Whether
    /// that was all.
    fn give(
        &mut self,
        member: &mut Member,
        bytes: usize,
        runs: usize,
        out: &mut impl Outbox,
    ) -> bool {
        let Some(local) = self.rooms.get(member.room).and_then(Option::as_ref) else { return true };
        let (mut given, mut run, mut messages, mut all) = (0, 0, 0, true);
        for segment in local.reader.from(member.cursor) {
            if member.cursor >= member.until {
                break;
            }
            if given > bytes || run >= runs {
                // The rest when this is taken, so that what waits for one client is bounded.
                out.more();
                all = false;
                break;
            }
            if member.cursor != member.skip {
                (given, run) = (given + segment.bytes().len(), run + 1);
                messages += u64::from(segment.messages());
                out.share(segment.bytes().clone());
            }
            member.cursor += 1;
        }
        count(&self.hub.counters.deliveries, messages);
        all
    }

    /// Deals with a client that is too far behind.
    fn check(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let is_kick = |letter: &Letter| matches!(letter.what, What::Kick);
        if self.letters.get(&member.key).is_some_and(|all| all.iter().any(is_kick)) {
            // It does not read; nothing would reach it.
            return out.abort();
        }
        let Some(local) = self.rooms.get(member.room).and_then(Option::as_ref) else { return };
        let (messages, bytes) = local.reader.behind(member.cursor);
        if bytes <= self.hub.config.backlog as u64 {
            return;
        }
        match self.hub.config.slow {
            Slow::Disconnect => {
                log::info!("{} disconnected: {bytes} bytes behind", member.name);
                count(&self.hub.counters.cut_slow, 1);
                out.abort();
            }
            Slow::Skip => {
                log::info!("{} moved past {messages} messages", member.name);
                count(&self.hub.counters.skipped, messages);
                member.lost += messages;
                member.cursor = local.reader.end().segment;
            }
        }
    }

    /// A client is in its room from here on: it gets the history, and then what is new.
    fn settle(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let Seat { rooms, hub, pen: Pen { wire: writer, .. }, now, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        local.moved(hub, writer, *now, Move::Came, &member.name);
        local.members.insert(member.key);
        let (end, history) = local.room.log.join();
        history.into_iter().for_each(|bytes| out.share(bytes));
        member.cursor = end.segment;
    }

    /// A client is not in its room any more.
    fn depart(&mut self, member: &Member, what: Move) {
        let Seat { rooms, hub, pen: Pen { wire: writer, .. }, now, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        local.members.remove(&member.key);
        local.behind.remove(&member.key);
        local.moved(hub, writer, *now, what, &member.name);
    }

    /// The place of `room` among this seat's.
    fn place(&mut self, room: Arc<crate::hub::Room>) -> usize {
        let is_it = |local: &Option<Local>| {
            local.as_ref().is_some_and(|local| Arc::ptr_eq(&local.room, &room))
        };
        if let Some(place) = self.rooms.iter().position(is_it) {
            return place;
        }
        let local = Some(Local::new(room, self.post.wake()));
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
        self.local(place).map_or_else(|| crate::format::LOBBY.into(), |l| l.room.name.clone())
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

/// As many of `shown` as a notice has room for, of `count` that there are.
fn list(shown: impl Iterator<Item = String>, count: usize) -> String {
    let mut words = String::new();
    let mut listed = 0;
    for item in shown {
        if words.len() + item.len() > LIST {
            break;
        }
        if listed > 0 {
            words += ", ";
        }
        words += &item;
        listed += 1;
    }
    if count > listed {
        words += &format!(" and {} more", count - listed);
    }
    words
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.unseat(&self.post);
    }
}
