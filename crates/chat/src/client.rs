//! A blocking client over a socket.

mod answer;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod parser;

use std::collections::VecDeque;
use std::mem;
use std::net::Shutdown;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use netcore::options::Keepalive;
use netcore::{Connector, Deadline, Endpoint, SocketOptions, Stream};

use crate::client::error::ClientError;
use crate::client::event::{Event, EventKind, Notice};
use crate::client::parser::Parser;
use crate::password::Password;

#[cfg(test)]
mod tests;

/// Time after which a server that disappeared is noticed: by keepalive probes on an idle
/// connection, and by missing acknowledgements (`TCP_USER_TIMEOUT`) on another.
const DEAD_PEER_TIMEOUT: Duration = Duration::from_secs(60);
/// Idle time before the first keepalive probe, and interval and number of the probes.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(30), Duration::from_secs(10), 3);

/// The most characters of another protocol's answer that an error shows.
const MAX_SHOWN: usize = 80;

/// A client of a chat, for blocking code.
///
/// ```no_run
/// use std::time::Duration;
/// use chat::netcore::Deadline;
/// use chat::{Client, EventKind};
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
///
/// [`split`](Client::split) gives the sending and the receiving half for two threads.
#[derive(Debug)]
pub struct Client {
    sender: Sender,
    receiver: Receiver,
}

/// The sending half of a [`Client`].
#[derive(Debug)]
pub struct Sender {
    stream: Arc<Stream>,
}

/// The receiving half of a [`Client`].
#[derive(Debug)]
pub struct Receiver {
    stream: Arc<Stream>,
    parser: Parser,
    buffer: Box<[u8]>,
    /// The part of `buffer` that is not parsed yet.
    unparsed: Range<usize>,
    /// Events that arrived while the client waited for an answer.
    queued: VecDeque<Event>,
    /// `true` once a reply has arrived: it follows the lobby's history.
    has_lobby_history: bool,
    /// `true` once the server has closed its side.
    is_ended: bool,
    /// `true` once the first event has arrived.
    has_first: bool,
    name: String,
}

impl Client {
    /// Connects to a server. A server that disappears is noticed after a minute; on systems other
    /// than Linux only while no sent data is unacknowledged.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect`].
    pub fn connect(endpoint: &Endpoint, deadline: Deadline) -> Result<Client, ClientError> {
        Client::connect_with(&Connector::new(), endpoint, deadline)
    }

    /// Connects as [`connect`](Client::connect), with the address family, the local address and the
    /// TLS settings of `connector`. The client sets the socket options itself.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect`].
    pub fn connect_with(
        connector: &Connector,
        endpoint: &Endpoint,
        deadline: Deadline,
    ) -> Result<Client, ClientError> {
        let (idle, interval, count) = KEEPALIVE;
        let keepalive = match cfg!(any(windows, target_os = "openbsd")) {
            // These systems do not have all three, so that setting them would fail.
            true => Keepalive::within(DEAD_PEER_TIMEOUT),
            false => Keepalive::new().with_idle(idle).with_interval(interval).with_count(count),
        };
        let options = SocketOptions::default().with_keepalive(Some(keepalive));
        let options = match cfg!(target_os = "linux") {
            true => options.with_user_timeout(DEAD_PEER_TIMEOUT),
            false => options,
        };
        let connector = connector.clone().with_options(options);
        Ok(Client::from_stream(connector.connect(endpoint, deadline)?))
    }

    /// Creates a client from a connected stream.
    pub fn from_stream(stream: Stream) -> Client {
        // The server names a client by its address until the client chooses a name.
        let address = stream.local_address().ok().and_then(|address| address.inet());
        let name = address.map(|address| address.to_string()).unwrap_or_default();
        let stream = Arc::new(stream);
        let receiver = Receiver {
            stream: stream.clone(),
            parser: Parser::new(Parser::LINE_LIMIT),
            buffer: vec![0; 8192].into_boxed_slice(),
            unparsed: 0..0,
            queued: VecDeque::new(),
            has_lobby_history: false,
            is_ended: false,
            has_first: false,
            name,
        };
        Client { sender: Sender { stream }, receiver }
    }

    /// Returns this client's name; see [`Receiver::name`].
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

    /// Sends a message to the room; see [`Sender::say`].
    ///
    /// # Errors
    ///
    /// As [`Sender::say`].
    pub fn say(&mut self, text: &str, deadline: Deadline) -> Result<(), ClientError> {
        self.sender.say(text, deadline)
    }

    /// Waits for the next event; see [`Receiver::recv`].
    ///
    /// # Errors
    ///
    /// As [`Receiver::recv`].
    pub fn recv(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        self.receiver.recv(deadline)
    }

    /// Says the password of the chat, and waits for the answer. Call it first. A chat without a
    /// password needs none, which is no error.
    ///
    /// [`recv`](Client::recv) still returns the events that arrive meanwhile, except for notices
    /// about the password.
    ///
    /// # Errors
    ///
    /// - [`ClientError::WrongPassword`]: the server closes the connection after three of them;
    /// - as [`nick`](Client::nick), except [`ClientError::Rejected`].
    pub fn authenticate(
        &mut self,
        password: &Password,
        deadline: Deadline,
    ) -> Result<(), ClientError> {
        self.say_password(password, deadline)
    }

    /// Takes a name and waits for the answer. [`recv`](Client::recv) still returns every event that
    /// arrives meanwhile, the answer included.
    ///
    /// A rejection is free text, so the client sends `/who` after the command and treats its reply
    /// as the end of the answer. `recv` returns that reply too; have no other `/who` outstanding.
    ///
    /// # Errors
    ///
    /// - [`ClientError::Rejected`]: the server rejected the name, and the client keeps its old one.
    ///   The connection stays usable, as it does after [`ClientError::NotALine`];
    /// - [`ClientError::PasswordNeeded`]: the server waits for its password;
    /// - [`ClientError::NoAnswer`]: the server closed the connection instead of answering;
    /// - [`ClientError::NotAChat`]: the server's first line is in no format of a chat;
    /// - [`ClientError::TooLong`]: more than 16 MiB arrived before the answer;
    /// - [`ClientError::Socket`]: sending or receiving failed, or the deadline passed.
    pub fn nick(&mut self, name: &str, deadline: Deadline) -> Result<(), ClientError> {
        self.ask(&format!("/nick {name}"), |notice| matches!(notice, Notice::YourName(_)), deadline)
    }

    /// Enters a room and waits for the answer, in the same way as [`nick`](Client::nick).
    ///
    /// # Errors
    ///
    /// As [`nick`](Client::nick).
    pub fn join(&mut self, room: &str, deadline: Deadline) -> Result<(), ClientError> {
        self.ask(&format!("/join {room}"), |notice| matches!(notice, Notice::YourRoom(_)), deadline)
    }

    /// Splits the client into its halves, for a thread each.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }
}

impl Sender {
    /// Sends a line. It is a command if it begins with a slash or is `quit`. The server's limit for
    /// the length of a line applies.
    ///
    /// # Errors
    ///
    /// - [`ClientError::NotALine`]: the line contains a line feed. Nothing is sent;
    /// - [`ClientError::Socket`]: sending failed, or the deadline passed
    ///   ([`Error::is_timeout`](netcore::Error::is_timeout)). The line may or may not arrive, and
    ///   the connection is no longer usable.
    pub fn send(&mut self, line: &str, deadline: Deadline) -> Result<(), ClientError> {
        if line.contains('\n') {
            return Err(ClientError::NotALine);
        }
        self.write(&format!("{line}\n"), deadline)
    }

    /// Sends a message to the room. The text is never a command: a slash at its beginning is
    /// doubled.
    ///
    /// # Errors
    ///
    /// As [`send`](Sender::send), and [`ClientError::NotALine`] for the one text that cannot be
    /// sent: `quit`, with or without spaces around it.
    pub fn say(&mut self, text: &str, deadline: Deadline) -> Result<(), ClientError> {
        if text.trim() == "quit" {
            return Err(ClientError::NotALine);
        }
        let slash = if text.starts_with('/') { "/" } else { "" };
        self.send(&format!("{slash}{text}"), deadline)
    }

    /// Ends the sending side. The server delivers its unsent messages, then closes the connection.
    ///
    /// # Errors
    ///
    /// [`ClientError::Socket`], usually because the server has closed the connection already.
    pub fn finish(&mut self) -> Result<(), ClientError> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }

    /// Closes the connection. A [`Receiver`] that waits returns its end.
    pub fn close(self) {
        // An error means that the connection is closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn write(&mut self, lines: &str, deadline: Deadline) -> Result<(), ClientError> {
        Ok(self.stream.write_all_deadline(lines.as_bytes(), deadline)?)
    }
}

impl Receiver {
    /// Returns this client's name: the last one that the server granted, before that its own
    /// address, or the empty string over a Unix socket.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for the next event. Returns `None` if the server has closed the connection.
    ///
    /// # Errors
    ///
    /// [`ClientError::Socket`]: receiving failed, or the deadline passed
    /// ([`Error::is_timeout`](netcore::Error::is_timeout)). A timeout loses nothing: the next call
    /// continues where this one stopped.
    pub fn recv(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        match self.queued.pop_front() {
            Some(event) => Ok(Some(event)),
            None => self.read(deadline),
        }
    }

    /// Reads the next event. Fails if the first one shows that the server is not a chat.
    fn next_of_a_chat(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        let event = self.read(deadline)?;
        if let Some(event) = &event {
            let is_first = !mem::replace(&mut self.has_first, true);
            // A notice that the end of the connection cut short is `Other` too.
            if is_first && event.kind == EventKind::Other && !event.raw.starts_with("* ") {
                let received = event.raw.chars().take(MAX_SHOWN).collect();
                return Err(ClientError::NotAChat { peer: peer(&self.stream), received });
            }
        }
        Ok(event)
    }

    /// Reads the next event from the stream, past the queued ones.
    fn read(&mut self, deadline: Deadline) -> Result<Option<Event>, ClientError> {
        loop {
            let mut input = &self.buffer[self.unparsed.clone()];
            let event = self.parser.next(&mut input);
            self.unparsed.start = self.unparsed.end - input.len();
            if let Some(event) = event {
                if let EventKind::Notice { notice: Some(Notice::YourName(name)), .. } = &event.kind
                {
                    self.name.clone_from(name);
                }
                return Ok(Some(event));
            }
            if self.is_ended {
                return Ok(None);
            }
            let length = self.stream.read_deadline(&mut self.buffer, deadline)?;
            self.unparsed = 0..length;
            if length == 0 {
                self.is_ended = true;
                return Ok(self.parser.finish());
            }
        }
    }
}

fn peer(stream: &Stream) -> String {
    stream.peer_address().map_or_else(|_| "the server".to_owned(), |peer| peer.to_string())
}
