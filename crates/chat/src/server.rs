//! The chat on netcore's event loop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use netcore::Address;
use netcore::line::{LineFramer, TooLong};
use netcore::server::{Closed, ConnectionId, Output, Refusal, Service, Turn, Worker};

use crate::command::{HELP, Input};
use crate::format::Writer;
use crate::hub::{ClientId, Hub, Order};
use crate::log::{Batch, Reader};
use crate::{Slow, clean};

#[cfg(test)]
mod tests;

/// What a client gets in one go. More of a long backlog follows when the socket has taken it.
const SHARE: usize = 64 * 1024;
/// Rendered messages at which the turn's reading ends, so that they go out before more comes in.
const BATCH: usize = 256 * 1024;
/// Senders wait for slow readers while more than one client in so many is behind …
const QUORUM: usize = 10;
/// … and has taken something within this time. One that has stopped reading is not waited for.
const MOVING: Duration = Duration::from_millis(250);
/// What one read may bring its sender in answers of its own. A client that asks for more at once
/// gets no more than this.
const ANSWERS: usize = 64 * 1024;
/// Names that `/who` lists.
const WHO: usize = 100;
const STAYS: u64 = u64::MAX;

/// One worker's part of a [`Chat`](crate::Chat): a [`Service`] for
/// [`netcore::server::Server::run`].
///
/// It broadcasts once a turn: what a turn's events brought goes into the log, and each client of
/// the worker is sent what the log has beyond its cursor, in one write.
#[derive(Debug)]
pub struct ChatService {
    hub: Arc<Hub>,
    reader: Reader,
    batch: Batch,
    writer: Writer,
    /// Something has come into the window since the last broadcast.
    news: bool,
    /// Clients that have not taken all at the last look.
    behind: HashMap<ConnectionId, Progress>,
    notice: Vec<u8>,
}

/// One client.
#[derive(Debug)]
pub struct Client {
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

/// How far a client that is behind has come.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Progress {
    cursor: u64,
    waiting: usize,
    since: Instant,
}

impl ChatService {
    pub(crate) fn new(hub: Arc<Hub>, worker: &Worker) -> ChatService {
        let waker = worker.waker();
        ChatService {
            reader: hub.log.reader(move || waker.wake()),
            batch: Batch::default(),
            writer: Writer::new(hub.config.format),
            news: false,
            behind: HashMap::new(),
            notice: Vec::new(),
            hub,
        }
    }

    fn line(&mut self, client: &mut Client, line: &[u8], output: &mut Output) {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(e) => {
                let words = format!("line refused: not UTF-8 at byte {}", e.valid_up_to());
                return self.tell(client, &words, output);
            }
        };
        match Input::parse(text) {
            Input::Blank => {}
            Input::Say(text) => {
                let text = clean(text);
                if !text.trim().is_empty() {
                    let Self { batch, writer, .. } = self;
                    batch.push(|out| writer.message(out, output.time(), &client.name, &text));
                }
            }
            Input::Quit => self.leave(client, output),
            Input::Nick(name) => match self.hub.rename(client.id, name) {
                Ok(name) => {
                    client.name = name;
                    let words = format!("you are {}", client.name);
                    self.tell(client, &words, output);
                }
                Err(e) => self.tell(client, &e.to_string(), output),
            },
            Input::Who => {
                let (count, names) = self.hub.who(WHO);
                let mut words = format!("{count} here: {}", names.join(", "));
                if count > names.len() {
                    words += &format!(" and {} more", count - names.len());
                }
                self.tell(client, &words, output);
            }
            Input::Help => HELP.iter().for_each(|words| self.tell(client, words, output)),
            Input::Unknown(command) => {
                let words = format!("no command /{}; /help says what there is", clean(command));
                self.tell(client, &words, output);
            }
        }
    }

    /// A notice for one client, behind what was said before.
    fn tell(&mut self, client: &mut Client, words: &str, output: &mut Output) {
        if output.buffer().len() > ANSWERS {
            return;
        }
        self.publish();
        self.feed(client, output);
        self.notice(output.time(), words);
        output.send(&self.notice);
    }

    /// The client gets what has been said until here, and is closed.
    fn leave(&mut self, client: &mut Client, output: &mut Output) {
        self.publish();
        client.until = client.until.min(self.reader.end().segment);
        self.feed(client, output);
    }

    fn publish(&mut self) {
        self.hub.log.publish(&mut self.batch, Some(&self.reader));
        self.news |= self.reader.take();
    }

    /// Renders a notice into `self.notice`.
    fn notice(&mut self, time: SystemTime, words: &str) {
        self.notice.clear();
        self.writer.notice(&mut self.notice, time, words);
    }

    /// Sends a client what it lacks, as far as it takes it.
    fn feed(&mut self, client: &mut Client, output: &mut Output) {
        if output.waiting() > 0 {
            return self.check(client, output);
        }
        if client.lost > 0 {
            let words = match std::mem::take(&mut client.lost) {
                1 => "1 message skipped: you were reading too slowly".to_owned(),
                n => format!("{n} messages skipped: you were reading too slowly"),
            };
            self.notice(output.time(), &words);
            output.send(&self.notice);
        }
        let mut given = 0;
        for segment in self.reader.from(client.cursor) {
            if client.cursor >= client.until {
                break;
            }
            if given > SHARE {
                // The rest when this is taken, so that what waits for one client is bounded.
                return output.more();
            }
            given += segment.bytes().len();
            output.share(segment.bytes().clone());
            client.cursor += 1;
        }
        if client.cursor >= client.until {
            output.close();
        }
    }

    /// Deals with a client that is too far behind.
    fn check(&mut self, client: &mut Client, output: &mut Output) {
        let (messages, bytes) = self.reader.behind(client.cursor);
        if bytes <= self.hub.config.backlog as u64 {
            return;
        }
        match self.hub.config.slow {
            Slow::Disconnect => {
                log::info!("{} disconnected: {bytes} bytes behind", client.name);
                output.abort();
            }
            Slow::Skip => {
                log::info!("{} moved past {messages} messages", client.name);
                client.lost += messages;
                client.cursor = self.reader.end().segment;
            }
        }
    }

    /// Brings the log to every client of this worker.
    fn broadcast(&mut self, turn: &mut Turn<'_, Client>) {
        let now = turn.now();
        let half = (self.hub.config.backlog / 4) as u64;
        let was = std::mem::take(&mut self.behind);
        let (mut clients, mut moving) = (0, 0);
        let mut low = self.reader.end().segment;
        turn.each(|client, output| {
            self.feed(client, output);
            clients += 1;
            let waiting = output.waiting();
            if waiting == 0 && client.cursor >= self.reader.end().segment {
                return;
            }
            low = low.min(client.cursor);
            let mut at = Progress { cursor: client.cursor, waiting, since: now };
            if let Some(old) = was.get(&output.id()) {
                if (old.cursor, old.waiting) == (at.cursor, at.waiting) {
                    at.since = old.since;
                }
            }
            let (_, bytes) = self.reader.behind(client.cursor);
            if bytes > half && now - at.since < MOVING {
                moving += 1;
            }
            self.behind.insert(output.id(), at);
        });
        self.reader.trim(low);
        let pressed = moving * QUORUM > clients;
        self.reader.press(pressed);
        if pressed {
            turn.again_at(now + MOVING / 4);
        }
    }

    fn carry_out(&mut self, turn: &mut Turn<'_, Client>, ordered: &[ClientId]) {
        let hub = self.hub.clone();
        turn.each(|client, output| {
            if !ordered.contains(&client.id) {
                return;
            }
            for order in hub.take_orders(client.id) {
                match order {
                    Order::Tell(words) => self.tell(client, &words, output),
                    Order::Kick => {
                        self.tell(client, "you have been removed by the operator", output);
                        output.close();
                    }
                }
            }
        });
    }
}

impl Service for ChatService {
    type Connection = Client;

    fn open(&mut self, peer: &Address, output: &mut Output) -> Client {
        let name = match peer {
            Address::Inet(_) => Some(peer.to_string().into()),
            _ => None,
        };
        let (id, name) = self.hub.join(name);
        log::debug!("{name} has come");
        if let Some(greeting) = &self.hub.config.greeting {
            let greeting = greeting.clone();
            for words in greeting.lines() {
                self.notice(output.time(), words);
                output.send(&self.notice);
            }
        }
        let (end, history) = self.hub.log.join();
        history.into_iter().for_each(|bytes| output.share(bytes));
        Client {
            id,
            name,
            framer: LineFramer::new(self.hub.config.max_line),
            cursor: end.segment,
            lost: 0,
            until: STAYS,
        }
    }

    fn receive(&mut self, client: &mut Client, mut input: &[u8], output: &mut Output) {
        let mut framer = std::mem::replace(&mut client.framer, LineFramer::new(0));
        while client.until == STAYS {
            match framer.next(&mut input) {
                Some(Ok(line)) => self.line(client, line.text(), output),
                Some(Err(TooLong { limit })) => {
                    let words = format!("line refused: longer than {limit} bytes");
                    self.tell(client, &words, output);
                }
                None => break,
            }
        }
        client.framer = framer;
        if self.batch.len() > BATCH {
            output.enough();
        }
    }

    fn end(&mut self, client: &mut Client, output: &mut Output) {
        let mut framer = std::mem::replace(&mut client.framer, LineFramer::new(0));
        if let Some(line) = framer.finish() {
            self.line(client, line.text(), output);
        }
        self.leave(client, output);
    }

    fn ready(&mut self, client: &mut Client, output: &mut Output) {
        self.feed(client, output);
    }

    fn idle(&mut self, client: &mut Client, output: &mut Output) {
        self.tell(client, "you have said nothing for too long", output);
        output.close();
    }

    fn stop(&mut self, client: &mut Client, output: &mut Output) {
        self.leave(client, output);
    }

    fn closed(&mut self, client: Client, why: Closed) {
        log::debug!("{} has gone: {why:?}", client.name);
        self.hub.leave(client.id);
    }

    fn refuse(&mut self, why: Refusal, words: &mut Vec<u8>) {
        let text = match why {
            Refusal::Full => "the chat is full; try again later",
            _ => "the server has no descriptor left for you; try again later",
        };
        self.writer.notice(words, SystemTime::now(), text);
    }

    fn turn(&mut self, turn: &mut Turn<'_, Client>) {
        self.publish();
        let ordered = self.hub.ordered();
        if !ordered.is_empty() {
            self.carry_out(turn, &ordered);
        }
        if std::mem::take(&mut self.news) || !self.behind.is_empty() {
            self.broadcast(turn);
        }
        turn.hold(self.hub.log.is_pressed());
    }
}
