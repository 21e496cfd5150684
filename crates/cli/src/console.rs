//! The operator's console of `sockit chat serve`.

use std::io::{BufRead, Read};
use std::thread;

use ::chat::Operator;
use netcore::server::Handle;

use crate::exit::Failure;
use crate::streams::Printer;
use crate::values::quote;

/// No line of an operator is longer; the rest of one that is counts as the next.
const LONGEST: u64 = 64 * 1024;

/// The operator's console.
pub(crate) struct Desk {
    pub(crate) operator: Operator,
    pub(crate) server: Handle,
    pub(crate) printer: Printer,
    /// Answers are JSON objects.
    pub(crate) json: bool,
}

impl Desk {
    /// Reads commands from `input` until it ends, on a thread of its own: a terminal or a pipe can
    /// be read in no other way everywhere. The thread ends with the program.
    pub(crate) fn start(self, mut input: Box<dyn BufRead + Send>) {
        thread::spawn(move || {
            let mut line = Vec::new();
            loop {
                line.clear();
                match input.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(e) => return log::warn!("the console ends: {e}"),
                }
                // Answers that nobody sees any more are no reason not to obey.
                let _ = self.obey(String::from_utf8_lossy(&line).trim());
            }
        });
    }

    fn obey(&self, line: &str) -> Result<(), Failure> {
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match (command, rest) {
            ("", _) => Ok(()),
            ("clients", "") => {
                let clients = self.operator.clients();
                if clients.is_empty() && !self.json {
                    return self.printer.print(b"nobody is here\n");
                }
                clients.iter().try_for_each(|client| {
                    let text = format!("{} {}", client.name, client.room);
                    let fields = [("client", quote(&client.name)), ("room", quote(&client.room))];
                    self.object(&text, &fields)
                })
            }
            ("stats", "") => {
                let stats = self.operator.stats();
                let text = stats.fields().map(|(name, value)| format!("{name} {value}"));
                let text = text.collect::<Vec<_>>().join("\n");
                let fields: Vec<_> =
                    stats.fields().map(|(name, value)| (name, value.to_string())).collect();
                self.object(&text, &fields)
            }
            ("rooms", "") => self.operator.rooms().iter().try_for_each(|room| {
                let text = format!("{} {}", room.name, room.clients);
                let fields = [("room", quote(&room.name)), ("clients", room.clients.to_string())];
                self.object(&text, &fields)
            }),
            ("say", text) if !text.is_empty() => {
                self.operator.say(text);
                Ok(())
            }
            ("tell", rest) => match rest.split_once(char::is_whitespace) {
                Some((name, text)) if self.operator.tell(name, text.trim()) => Ok(()),
                Some((name, _)) => self.nobody(name),
                None => self.error("tell whom what? tell NAME TEXT"),
            },
            ("kick", name) if !name.is_empty() => {
                if self.operator.kick(name) {
                    Ok(())
                } else {
                    self.nobody(name)
                }
            }
            ("quit", "") => {
                self.server.stop();
                Ok(())
            }
            _ => self.error(
                "commands: clients, rooms, stats, say TEXT, tell NAME TEXT, kick NAME, quit",
            ),
        }
    }

    fn nobody(&self, name: &str) -> Result<(), Failure> {
        self.error(&format!("nobody is called {name}"))
    }

    fn error(&self, words: &str) -> Result<(), Failure> {
        self.object(words, &[("error", quote(words))])
    }

    /// A line of text, or a JSON object with `fields`, whose values are JSON already.
    fn object(&self, text: &str, fields: &[(&str, String)]) -> Result<(), Failure> {
        if !self.json {
            return self.printer.print(format!("{text}\n").as_bytes());
        }
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        self.printer.print(format!("{{{}}}\n", fields.join(",")).as_bytes())
    }
}
