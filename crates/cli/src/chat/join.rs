//! `sockit chat join`.

mod backoff;
mod completion;
mod interactive;
mod piped;
mod view;

use std::time::Duration;

use ::chat::{Client, ClientError, Event, EventKind};
use netcore::{Deadline, Endpoint, Transport};

use crate::args::chat::ChatJoin;
use crate::args::common::Common;
use crate::exit::{self, Failure};
use crate::screen::Screen;
use crate::stdio::Stdio;
use completion::Completion;

/// What the chat takes for a command.
const COMMANDS: [&str; 7] = ["/nick", "/join", "/rooms", "/who", "/msg", "/help", "/quit"];

/// The warning about a server whose first line is in no format of a chat.
const NO_CHAT: &str = "this may be no chat server; it does not speak the chat's protocol";

/// How long the server may take to end when it is left.
const LEAVING: Duration = Duration::from_secs(2);

/// `sockit chat join`
pub(crate) fn join(args: ChatJoin, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    if endpoint.transport() == Transport::Udp {
        let message = format!("{endpoint}: a chat needs a connection; datagrams have none");
        return Err(Failure::new(exit::USAGE, message));
    }
    let place =
        Place { endpoint, nick: args.nick.clone(), room: args.room.clone(), timeout: args.timeout };
    if stdio.interactive && !common.json {
        let names = Completion::default();
        let complete = names.clone();
        let complete = Box::new(move |before: &str| complete.complete(before));
        let history = args.history_file.clone();
        if let Some((screen, line)) = Screen::open(complete, history)? {
            return interactive::run(&args, place, names, screen, line);
        }
    }
    piped::run(&args, &place, common, stdio)
}

/// Where to be, and as whom.
#[derive(Clone)]
struct Place {
    endpoint: Endpoint,
    nick: Option<String>,
    room: Option<String>,
    timeout: Duration,
}

/// What a server does not grant, and why.
struct Refused {
    is_name: bool,
    message: String,
}

impl Place {
    /// How many answers to `/who` [`enter`](Place::enter) leads to, which nobody has asked for.
    fn answers(&self) -> usize {
        usize::from(self.nick.is_some()) + usize::from(self.room.is_some())
    }

    /// Connects, takes the name and enters the room.
    fn enter(&self) -> Result<(Client, Vec<Refused>), ClientError> {
        let deadline = Deadline::after(self.timeout);
        let mut client = Client::connect(&self.endpoint, deadline)?;
        let mut refused = Vec::new();
        let mut note = |is_name, what: String, answer| match answer {
            Err(ClientError::Rejected { reason, .. }) => {
                refused.push(Refused { is_name, message: format!("{what}: {reason}") });
                Ok(())
            }
            answer => answer,
        };
        if let Some(nick) = &self.nick {
            note(true, format!("the name {nick}"), client.nick(nick, deadline))?;
        }
        if let Some(room) = &self.room {
            note(false, format!("the room {room}"), client.join(room, deadline))?;
        }
        Ok((client, refused))
    }
}

/// Tells a server of another kind by its first line.
#[derive(Default)]
struct Kind {
    is_known: bool,
}

impl Kind {
    /// Returns `true` if this is the first event of a connection and is in no format of a chat.
    fn is_other(&mut self, event: &Event) -> bool {
        !std::mem::replace(&mut self.is_known, true) && event.kind == EventKind::Other
    }
}

/// The command that a line is.
fn command(line: &str) -> Option<&'static str> {
    if line.trim_matches([' ', '\t']) == "quit" {
        return Some("/quit");
    }
    let first = line.split([' ', '\t']).next()?;
    COMMANDS.into_iter().find(|command| *command == first)
}

/// The result of a session in which so many lines were not sent.
fn unsent(lines: usize) -> Result<(), Failure> {
    match lines {
        0 => Ok(()),
        1 => Err(Failure::new(exit::OTHER, "a line was not sent")),
        lines => Err(Failure::new(exit::OTHER, format!("{lines} lines were not sent"))),
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        let code = match error {
            ClientError::Socket(error) => return error.into(),
            ClientError::NotALine => exit::USAGE,
            ClientError::NoAnswer { .. } => exit::NOTHING_RECEIVED,
            ClientError::NotAChat { .. } => exit::RECEIVE_ERROR,
            ClientError::TooLong { .. } => exit::TOO_LARGE,
            _ => exit::OTHER,
        };
        Failure::new(code, error.to_string())
    }
}
