//! Messages of a chat in the default format, and the server's notices.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::client::Client;
use crate::common::server::Server;
use crate::common::stamp::has_shape;

/// The prefix of the texts by which a client finds out that it has joined. [`Client::message`]
/// skips them.
const ENTRY: &str = "entry-";

/// One line `YYYY-MM-DD HH:MM:SS NAME: TEXT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) from: String,
    pub(crate) text: String,
}

impl Message {
    /// Returns `None` for a notice. Any other line that is no message fails the test.
    #[track_caller]
    pub(crate) fn parse(line: &str) -> Option<Message> {
        if line.starts_with("* ") {
            return None;
        }
        let stamp = line.get(..20).is_some_and(|stamp| has_shape(stamp, "0000-00-00 00:00:00 "));
        match line.get(20..).and_then(|rest| rest.split_once(": ")).filter(|_| stamp) {
            Some((from, text)) => Some(Message { from: from.to_owned(), text: text.to_owned() }),
            None => panic!("neither `YYYY-MM-DD HH:MM:SS NAME: TEXT` nor a notice: {line:?}"),
        }
    }
}

impl Client {
    /// Returns a TCP client that has joined and receives all later messages.
    #[track_caller]
    pub(crate) fn enter(server: &Server) -> Client {
        let mut client = server.connect();
        client.settle();
        client
    }

    /// Sends a message and waits until it has come back. The server has then processed all earlier
    /// input of this client.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let text = format!("{ENTRY}{}.", COUNT.fetch_add(1, Ordering::Relaxed));
        self.say(&text);
        self.until(&text);
    }

    #[track_caller]
    pub(crate) fn say(&mut self, text: &str) {
        self.send(format!("{text}\n"));
    }

    /// Returns the next message. Notices and joins are skipped.
    #[track_caller]
    pub(crate) fn message(&mut self) -> Message {
        loop {
            let line = self.line();
            match Message::parse(&line) {
                Some(message) if !message.text.starts_with(ENTRY) => return message,
                _ => {}
            }
        }
    }

    /// Returns the text of the next message.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> String {
        self.message().text
    }

    /// Reads up to the message with this text, and returns every line before it.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> Vec<String> {
        self.until_line(|line| Message::parse(line).is_some_and(|message| message.text == text))
    }

    /// Reads up to a notice that contains this text, and returns the notice.
    #[track_caller]
    pub(crate) fn notice(&mut self, holds: &str) -> String {
        let mut notice = String::new();
        self.until_line(|line| {
            let found = line.starts_with("* ") && line.contains(holds);
            if found {
                notice = line.to_owned();
            }
            found
        });
        notice
    }

    #[track_caller]
    pub(crate) fn until_line(&mut self, mut found: impl FnMut(&str) -> bool) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.try_line() {
                Some(line) if found(&line) => return before,
                Some(line) => before.push(line),
                None => panic!("the connection ended; before that came {before:#?}"),
            }
        }
    }
}

/// Returns the raw text of a string field of a JSON object on one line.
pub(crate) fn json_field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{name}\""))?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let end = value.find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })?;
    Some(&value[..end])
}
