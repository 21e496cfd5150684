//! One thread's part of a chat, without I/O.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use netcore::line::{LineFramer, TooLong};

use crate::command::{HELP, Input};
use crate::format::Writer;
use crate::hub::{ClientId, Hub, Order};
use crate::log::{Batch, Reader};
use crate::{Slow, clean};

/// What a client gets in one go. More of a long backlog follows when it has taken that.
const SHARE: usize = 64 * 1024;
/// Rendered messages at which a turn's input ends, so that they go out before more comes in.
const BATCH: usize = 256 * 1024;
/// Senders wait for readers while more than half of the clients, and not just one, are behind and
/// have taken something within this time: when most cannot keep up, waiting loses less than cutting
/// them off. One slow client is not waited for, nor are those that have stopped reading.
const MOVING: Duration = Duration::from_millis(250);
/// What one piece of input may bring its sender in notices. A client that asks for more at once
/// gets no more than this.
const ANSWERS: usize = 64 * 1024;
/// Names that `/who` lists.
const WHO: usize = 100;
const STAYS: u64 = u64::MAX;

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

    /// Closes the connection once everything is sent.
    fn close(&mut self);

    /// Closes the connection now.
    fn abort(&mut self);
}

/// One thread's part of a chat: its clients' side of the log, without I/O and without a clock.
///
/// Any number of clients may sit here; the caller keeps a [`Member`] for each and an [`Outbox`] to
/// it. Bytes go in by [`receive`](Seat::receive). What was said goes out in a *round*, which comes
/// after a batch of input, and whenever the waker of [`Chat::seat`](crate::Chat::seat) says so:
///
/// ```
/// use chat::{Chat, Member, Config, Outbox};
/// use std::time::{Instant, SystemTime};
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
///     fn close(&mut self) {}
///     fn abort(&mut self) {}
/// }
///
/// let chat = Chat::new(Config::default());
/// let mut seat = chat.seat(|| {});
/// let time = SystemTime::now();
/// let mut all: Vec<(Member, Sink)> = ["ann", "bob"]
///     .map(|name| {
///         let mut sink = Sink::default();
///         (seat.enter(Some(name), time, &mut sink), sink)
///     })
///     .into();
///
/// let (ann, sink) = &mut all[0];
/// seat.receive(ann, b"hello\n", time, sink);
/// if let Some(mut round) = seat.round(Instant::now(), time) {
///     for (client, sink) in &mut all {
///         seat.visit(&mut round, client, sink);
///     }
///     seat.conclude(round);
/// }
/// assert!(all.iter().all(|(_, sink)| sink.0.ends_with(b" ann: hello\n")));
/// ```
#[derive(Debug)]
pub struct Seat {
    hub: Arc<Hub>,
    reader: Reader,
    batch: Batch,
    writer: Writer,
    /// Something has come into the window since the last round.
    news: bool,
    /// Clients that had not taken all at the last round.
    behind: HashMap<ClientId, Progress>,
    /// When those who are behind must be looked at next.
    look: Option<Instant>,
    /// Reused from notice to notice.
    notice: Vec<u8>,
    /// Bytes of notices since the input that is being answered began.
    told: usize,
}

/// One client of a [`Seat`].
#[derive(Debug)]
pub struct Member {
    id: ClientId,
    name: Arc<str>,
    framer: LineFramer,
    /// The number of the segment that it gets next.
    cursor: u64,
    /// Messages that it was moved past and not told of.
    lost: u64,
    /// It leaves: the number of the segment that it does not get any more. [`STAYS`]: none yet.
    until: u64,
}

/// A round through the clients of a [`Seat`], between [`Seat::round`] and [`Seat::conclude`].
#[derive(Debug)]
pub struct Round {
    now: Instant,
    time: SystemTime,
    ordered: Vec<ClientId>,
    /// Who was behind at the last round.
    was: HashMap<ClientId, Progress>,
    clients: usize,
    /// Who is far behind, and reading.
    moving: usize,
    /// The lowest cursor.
    low: u64,
}

/// How far a client that is behind has come.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Progress {
    cursor: u64,
    waiting: usize,
    since: Instant,
}

impl Member {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Seat {
    pub(crate) fn new(hub: Arc<Hub>, wake: impl Fn() + Send + Sync + 'static) -> Seat {
        Seat {
            reader: hub.log.reader(wake),
            batch: Batch::default(),
            writer: Writer::new(hub.config.format),
            news: false,
            behind: HashMap::new(),
            look: None,
            notice: Vec::new(),
            told: 0,
            hub,
        }
    }

    /// A client comes: it gets the greeting and the history. `name`: what it is called until it
    /// chooses a name, as a rule its address; without one it is numbered.
    ///
    /// Hand the client back with [`exit`](Self::exit).
    pub fn enter(&mut self, name: Option<&str>, time: SystemTime, out: &mut impl Outbox) -> Member {
        let (id, name) = self.hub.join(name);
        log::debug!("{name} has come");
        let hub = self.hub.clone();
        for words in hub.config.greeting.iter().flat_map(|greeting| greeting.lines()) {
            self.notice(time, &clean(words));
            out.send(&self.notice);
        }
        let (end, history) = self.hub.log.join();
        history.into_iter().for_each(|bytes| out.share(bytes));
        let framer = LineFramer::new(self.hub.config.max_line);
        Member { id, name, framer, cursor: end.segment, lost: 0, until: STAYS }
    }

    /// The client is not there any more.
    pub fn exit(&mut self, client: Member) {
        log::debug!("{} has gone", client.name);
        self.hub.leave(client.id);
    }

    /// Takes what a client sent, cut anywhere. Its own notices go to `out` at once, what it says in
    /// the next round.
    pub fn receive(
        &mut self,
        client: &mut Member,
        mut input: &[u8],
        time: SystemTime,
        out: &mut impl Outbox,
    ) {
        self.told = 0;
        let mut framer = std::mem::replace(&mut client.framer, LineFramer::new(0));
        while client.until == STAYS {
            match framer.next(&mut input) {
                Some(Ok(line)) => self.line(client, line.text(), time, out),
                Some(Err(TooLong { limit })) => {
                    let words = format!("line refused: longer than {limit} bytes");
                    self.tell(client, &words, time, out);
                }
                None => break,
            }
        }
        client.framer = framer;
    }

    /// The client has sent all that it will. A last line without an ending counts, and then it
    /// [leaves](Self::leave).
    pub fn end(&mut self, client: &mut Member, time: SystemTime, out: &mut impl Outbox) {
        let mut framer = std::mem::replace(&mut client.framer, LineFramer::new(0));
        if let Some(line) = framer.finish() {
            self.line(client, line.text(), time, out);
        }
        self.leave(client, time, out);
    }

    /// The client gets what has been said until here, and is closed.
    pub fn leave(&mut self, client: &mut Member, time: SystemTime, out: &mut impl Outbox) {
        self.publish();
        client.until = client.until.min(self.reader.end().segment);
        self.feed(client, time, out);
    }

    /// A notice for one client, behind what was said before.
    pub fn tell(
        &mut self,
        client: &mut Member,
        words: &str,
        time: SystemTime,
        out: &mut impl Outbox,
    ) {
        if self.told > ANSWERS {
            return;
        }
        self.publish();
        self.feed(client, time, out);
        self.notice(time, words);
        self.told += self.notice.len();
        out.send(&self.notice);
    }

    /// Sends a client what it lacks, as far as it takes it.
    pub fn feed(&mut self, client: &mut Member, time: SystemTime, out: &mut impl Outbox) {
        if out.waiting() > 0 {
            return self.check(client, out);
        }
        if client.lost > 0 {
            let words = match std::mem::take(&mut client.lost) {
                1 => "1 message skipped: you were reading too slowly".to_owned(),
                n => format!("{n} messages skipped: you were reading too slowly"),
            };
            self.notice(time, &words);
            out.send(&self.notice);
        }
        let mut given = 0;
        for segment in self.reader.from(client.cursor) {
            if client.cursor >= client.until {
                break;
            }
            if given > SHARE {
                // The rest when this is taken, so that what waits for one client is bounded.
                return out.more();
            }
            given += segment.bytes().len();
            out.share(segment.bytes().clone());
            client.cursor += 1;
        }
        if client.cursor >= client.until {
            out.close();
        }
    }

    /// So much was said that a round should come before more input.
    pub fn is_full(&self) -> bool {
        self.batch.len() > BATCH
    }

    /// Input should wait, here and at every other seat: readers somewhere do not keep up.
    pub fn is_held(&self) -> bool {
        self.hub.log.is_pressed()
    }

    /// Begins a round, if there is something to bring: [visit](Self::visit) every client, then
    /// [conclude](Self::conclude) it.
    pub fn round(&mut self, now: Instant, time: SystemTime) -> Option<Round> {
        self.publish();
        let ordered = self.hub.ordered();
        let news = std::mem::take(&mut self.news);
        if !news && ordered.is_empty() && self.look.is_none_or(|at| now < at) {
            return None;
        }
        let was = std::mem::take(&mut self.behind);
        let low = self.reader.end().segment;
        Some(Round { now, time, ordered, was, clients: 0, moving: 0, low })
    }

    /// Brings a client what it lacks.
    pub fn visit(&mut self, round: &mut Round, client: &mut Member, out: &mut impl Outbox) {
        if round.ordered.contains(&client.id) {
            self.obey(client, round.time, out);
        }
        self.feed(client, round.time, out);
        round.clients += 1;
        let waiting = out.waiting();
        if waiting == 0 && client.cursor >= self.reader.end().segment {
            return;
        }
        round.low = round.low.min(client.cursor);
        let mut at = Progress { cursor: client.cursor, waiting, since: round.now };
        if let Some(old) = round.was.get(&client.id) {
            if (old.cursor, old.waiting) == (at.cursor, at.waiting) {
                at.since = old.since;
            }
        }
        let (_, bytes) = self.reader.behind(client.cursor);
        if bytes > self.hub.config.far_behind() as u64 && round.now - at.since < MOVING {
            round.moving += 1;
        }
        self.behind.insert(client.id, at);
    }

    /// When the next round is due though nothing is said and nobody wakes the seat.
    pub fn next_round(&self) -> Option<Instant> {
        self.look
    }

    /// Ends a round.
    pub fn conclude(&mut self, round: Round) {
        self.reader.trim(round.low);
        self.reader.press(round.moving > 1 && round.moving * 2 > round.clients);
        // Those that are behind catch up by themselves; it is only looked at now and then.
        self.look = (!self.behind.is_empty()).then(|| round.now + MOVING / 4);
    }

    /// The words for one who cannot come in.
    pub fn refuse(&mut self, words: &str, time: SystemTime, out: &mut Vec<u8>) {
        self.writer.notice(out, time, words);
    }

    fn line(&mut self, client: &mut Member, line: &[u8], time: SystemTime, out: &mut impl Outbox) {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(e) => {
                let words = format!("line refused: not UTF-8 at byte {}", e.valid_up_to());
                return self.tell(client, &words, time, out);
            }
        };
        match Input::parse(text) {
            Input::Blank => {}
            Input::Say(text) => {
                let text = clean(text);
                if !text.trim().is_empty() {
                    let Self { batch, writer, .. } = self;
                    batch.push(|out| writer.message(out, time, &client.name, &text));
                }
            }
            Input::Quit => self.leave(client, time, out),
            Input::Nick(name) => match self.hub.rename(client.id, name) {
                Ok(name) => {
                    client.name = name;
                    let words = format!("you are {}", client.name);
                    self.tell(client, &words, time, out);
                }
                Err(e) => self.tell(client, &e.to_string(), time, out),
            },
            Input::Who => {
                let (count, names) = self.hub.who(WHO);
                let mut words = format!("{count} here: {}", names.join(", "));
                if count > names.len() {
                    words += &format!(" and {} more", count - names.len());
                }
                self.tell(client, &words, time, out);
            }
            Input::Help => HELP.iter().for_each(|words| self.tell(client, words, time, out)),
            Input::Unknown(command) => {
                let words = format!("no command /{}; /help says what there is", clean(command));
                self.tell(client, &words, time, out);
            }
        }
    }

    /// What the operator wants of a client.
    fn obey(&mut self, client: &mut Member, time: SystemTime, out: &mut impl Outbox) {
        self.told = 0;
        for order in self.hub.take_orders(client.id) {
            match order {
                Order::Tell(words) => self.tell(client, &words, time, out),
                Order::Kick => {
                    if out.waiting() > 0 {
                        // It does not read; nothing would reach it.
                        return out.abort();
                    }
                    self.tell(client, "you have been removed by the operator", time, out);
                    client.until = 0;
                }
            }
        }
    }

    /// Deals with a client that is too far behind.
    fn check(&mut self, client: &mut Member, out: &mut impl Outbox) {
        let (messages, bytes) = self.reader.behind(client.cursor);
        if bytes <= self.hub.config.backlog as u64 {
            return;
        }
        match self.hub.config.slow {
            Slow::Disconnect => {
                log::info!("{} disconnected: {bytes} bytes behind", client.name);
                out.abort();
            }
            Slow::Skip => {
                log::info!("{} moved past {messages} messages", client.name);
                client.lost += messages;
                client.cursor = self.reader.end().segment;
            }
        }
    }

    /// What was said here goes into the log, and what the log has into the window.
    fn publish(&mut self) {
        self.hub.log.publish(&mut self.batch, Some(&self.reader));
        self.news |= self.reader.take();
    }

    /// Renders a notice into `self.notice`.
    fn notice(&mut self, time: SystemTime, words: &str) {
        self.notice.clear();
        self.writer.notice(&mut self.notice, time, words);
    }
}
