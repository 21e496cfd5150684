//! A client over a socket.

pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod parser;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::Shutdown;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use netcore::options::Keepalive;
use netcore::{Deadline, Endpoint, SocketOptions, Stream};

pub use crate::client::error::ClientError;
use crate::client::event::{Event, EventKind, Notice};
use crate::client::parser::Parser;

/// A server that has gone without a word is noticed after a minute: by probes after a silence, or
/// by what it should have acknowledged.
const GONE: Duration = Duration::from_secs(60);
const SILENCE: Duration = Duration::from_secs(30);
const PROBES: (Duration, u32) = (Duration::from_secs(10), 3);

/// The most bytes of events that are kept while an answer is waited for.
const MAX_HELD: usize = 16 << 20;

/// Characters of another kind of server's answer that an error shows.
const SHOWN: usize = 80;

/// A client of a chat, for blocking code.
///
/// ```no_run
/// use std::time::Duration;
/// use chat::{Client, EventKind};
/// use netcore::Deadline;
///
/// let soon = || Deadline::after(Duration::from_secs(5));
/// let mut client = Client::connect(&"localhost:60000".parse()?, soon())?;
/// client.nick("echo", soon())?;
/// while let Some(event) = client.recv(Deadline::never())? {
///     if event.history {
///         continue;
///     }
///     match event.kind {
///         EventKind::Private { from, text, .. } if from != client.name() => {
///             client.send(&format!("/msg {from} {text}"), soon())?;
///         }
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    sender: Sender,
    receiver: Receiver,
}

/// The half of a [`Client`] that says something.
#[derive(Debug)]
pub struct Sender {
    stream: Arc<Stream>,
}

/// The half of a [`Client`] that listens.
#[derive(Debug)]
pub struct Receiver {
    stream: Arc<Stream>,
    parser: Parser,
    piece: Box<[u8]>,
    /// The part of `piece` that the parser has not taken yet.
    rest: Range<usize>,
    /// What came while an answer was waited for.
    held: VecDeque<Event>,
    /// A reply has come, and the lobby's history before it.
    settled: bool,
    /// The server has ended.
    ended: bool,
    /// The first event has come, and was one of a chat.
    is_chat: bool,
    name: String,
}

impl Client {
    /// Connects to a server. One that goes without a word is noticed after a minute, on systems
    /// other than Linux only while nothing is being sent to it.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect`](netcore::Connector::connect).
    pub fn connect(endpoint: &Endpoint, deadline: Deadline) -> Result<Client, ClientError> {
        let (interval, count) = PROBES;
        let keepalive =
            Keepalive::new().with_idle(SILENCE).with_interval(interval).with_count(count);
        let options = SocketOptions::default().with_keepalive(Some(keepalive));
        let options = match cfg!(target_os = "linux") {
            true => options.with_user_timeout(GONE),
            false => options,
        };
        Ok(Client::over(Stream::connect(endpoint, &options, deadline)?))
    }

    /// A client over a connection that stands.
    pub fn over(stream: Stream) -> Client {
        // Until it chooses another, the server calls it by this address.
        let address = stream.local_address().ok().and_then(|address| address.inet());
        let name = address.map(|address| address.to_string()).unwrap_or_default();
        let stream = Arc::new(stream);
        let receiver = Receiver {
            stream: stream.clone(),
            parser: Parser::new(Parser::LINE_LIMIT),
            piece: vec![0; 8192].into_boxed_slice(),
            rest: 0..0,
            held: VecDeque::new(),
            settled: false,
            ended: false,
            is_chat: false,
            name,
        };
        Client { sender: Sender { stream }, receiver }
    }

    /// What the server calls this client; see [`Receiver::name`].
    pub fn name(&self) -> &str {
        self.receiver.name()
    }

    /// Sends a line; see [`Sender::send`].
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    pub fn send(&mut self, line: &str, deadline: Deadline) -> Result<(), ClientError> {
        self.sender.send(line, deadline)
    }

    /// Says a text to the room; see [`Sender::say`].
    ///
    /// # Errors
    ///
    /// As [`Sender::say`].
    pub fn say(&mut self, text: &str, deadline: Deadline) -> Result<(), ClientError> {
        self.sender.say(text, deadline)
    }

    /// The next event; see [`Receiver::recv`].
    ///
    /// # Errors
    ///
    /// As [`Receiver::recv`].
    pub fn recv(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        self.receiver.recv(deadline)
    }

    /// Takes a name, and waits for the answer. What comes meanwhile, the answer among it, is there
    /// for [`recv`](Client::recv).
    ///
    /// A refusal can have any words. What tells its end is the answer to `/who`, which is asked with
    /// it, comes behind it, and is there for `recv` too. So no other `/who` should be open.
    ///
    /// # Errors
    ///
    /// - [`ClientError::Refused`]: the name can't be had, and the client's is what it was. The
    ///   connection goes on, as it does after [`ClientError::NotALine`];
    /// - [`ClientError::Ended`]: the server closed instead of an answer;
    /// - [`ClientError::NotAChat`]: the first thing that the server said is in none of the formats;
    /// - [`ClientError::TooMuch`]: more than 16 MiB came before the answer;
    /// - what sending and receiving fail with.
    pub fn nick(&mut self, name: &str, deadline: Deadline) -> Result<(), ClientError> {
        self.ask(&format!("/nick {name}"), |notice| matches!(notice, Notice::You(_)), deadline)
    }

    /// Enters a room, and waits for the answer, in the same way as for [`nick`](Client::nick).
    ///
    /// # Errors
    ///
    /// As [`nick`](Client::nick).
    pub fn join(&mut self, room: &str, deadline: Deadline) -> Result<(), ClientError> {
        self.ask(&format!("/join {room}"), |notice| matches!(notice, Notice::In(_)), deadline)
    }

    /// The two halves, for a thread each.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// Sends a command that is granted or refused by a notice, and one whose answer is known.
    fn ask(
        &mut self,
        command: &str,
        is_grant: fn(&Notice) -> bool,
        deadline: Deadline,
    ) -> Result<(), ClientError> {
        if command.contains('\n') {
            return Err(ClientError::NotALine);
        }
        self.sender.write(&format!("{command}\n/who\n"), deadline)?;
        let (mut granted, mut words, mut held) = (false, String::new(), 0);
        // The history of the lobby comes before the first reply.
        let mut entering = !self.receiver.settled;
        while let Some(mut event) = self.receiver.next_of_a_chat(deadline)? {
            // Only the `json` format has a room, and a mark of its own.
            event.history |=
                entering && event.room.is_none() && matches!(event.kind, EventKind::Message { .. });
            let mut answered = false;
            if let EventKind::Notice { text, notice } = &event.kind {
                match notice {
                    Some(Notice::Here(_)) => (answered, self.receiver.settled) = (true, true),
                    Some(notice @ Notice::In(_)) => {
                        entering = true;
                        granted |= is_grant(notice);
                    }
                    Some(notice) => granted |= is_grant(notice),
                    None if text.starts_with("operator") => {}
                    None => words.clone_from(text),
                }
            }
            held += event.raw.len();
            if held > MAX_HELD {
                return Err(ClientError::TooMuch {
                    peer: peer(&self.sender.stream),
                    limit: MAX_HELD,
                });
            }
            self.receiver.held.push_back(event);
            if answered {
                return if granted { Ok(()) } else { Err(ClientError::Refused { words }) };
            }
        }
        Err(ClientError::Ended { peer: peer(&self.sender.stream), words })
    }
}

impl Sender {
    /// Sends a line, which is a command if it begins with a slash or is `quit`. A line without LF
    /// is what the server takes for one; how long it may be is the server's to say.
    ///
    /// # Errors
    ///
    /// - [`ClientError::NotALine`]: it has a line feed. Nothing has been sent;
    /// - [`ClientError::Socket`]: sending failed, or the deadline passed
    ///   ([`Error::is_timeout`](netcore::Error::is_timeout)). The line may or may not arrive, and
    ///   the connection is of no more use.
    pub fn send(&mut self, line: &str, deadline: Deadline) -> Result<(), ClientError> {
        if line.contains('\n') {
            return Err(ClientError::NotALine);
        }
        self.write(&format!("{line}\n"), deadline)
    }

    /// Says a text to the room, and never takes it for a command: a slash at its beginning is
    /// doubled.
    ///
    /// # Errors
    ///
    /// As [`send`](Sender::send), and [`ClientError::NotALine`] for the one text that cannot be
    /// said: `quit`, with or without spaces around it.
    pub fn say(&mut self, text: &str, deadline: Deadline) -> Result<(), ClientError> {
        if text.trim() == "quit" {
            return Err(ClientError::NotALine);
        }
        let slash = if text.starts_with('/') { "/" } else { "" };
        self.send(&format!("{slash}{text}"), deadline)
    }

    /// Says that nothing more will be sent. The server sends what it owes, and ends.
    ///
    /// # Errors
    ///
    /// [`ClientError::Socket`], usually because the server has ended already.
    pub fn finish(&mut self) -> Result<(), ClientError> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }

    /// Ends the connection both ways; a [`Receiver`] that waits sees its end.
    pub fn close(self) {
        // That it has ended already is as good.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn write(&mut self, lines: &str, deadline: Deadline) -> Result<(), ClientError> {
        Ok(self.stream.write_all_deadline(lines.as_bytes(), deadline)?)
    }
}

fn peer(stream: &Stream) -> String {
    stream.peer_address().map_or_else(|_| "the server".to_owned(), |peer| peer.to_string())
}

impl Receiver {
    /// What the server calls this client: the last name that it was granted, the address of this
    /// side before, and nothing at all over a Unix socket.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for the next event. `None`: the server has ended.
    ///
    /// # Errors
    ///
    /// [`ClientError::Socket`]: receiving failed, or the deadline passed
    /// ([`Error::is_timeout`](netcore::Error::is_timeout)). After a deadline nothing is lost: the
    /// next call goes on where this one stopped.
    pub fn recv(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        match self.held.pop_front() {
            Some(event) => Ok(Some(event)),
            None => self.read(deadline),
        }
    }

    /// Reads the next event, and tells a server of another kind by its first one.
    fn next_of_a_chat(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        let event = self.read(deadline)?;
        if let Some(event) = &event {
            let is_first = !std::mem::replace(&mut self.is_chat, true);
            // A notice that the end of the connection cut short is in no format either.
            if is_first && event.kind == EventKind::Other && !event.raw.starts_with("* ") {
                let said = event.raw.chars().take(SHOWN).collect();
                return Err(ClientError::NotAChat { peer: peer(&self.stream), said });
            }
        }
        Ok(event)
    }

    /// As [`recv`](Receiver::recv), past what is held.
    fn read(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        loop {
            let mut input = &self.piece[self.rest.clone()];
            let event = self.parser.next(&mut input);
            self.rest.start = self.rest.end - input.len();
            if let Some(event) = event {
                if let EventKind::Notice { notice: Some(Notice::You(name)), .. } = &event.kind {
                    self.name.clone_from(name);
                }
                return Ok(Some(event));
            }
            if self.ended {
                return Ok(None);
            }
            let length = self.stream.read_deadline(&mut self.piece, deadline)?;
            self.rest = 0..length;
            if length == 0 {
                self.ended = true;
                return Ok(self.parser.finish());
            }
        }
    }
}
