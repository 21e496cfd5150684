//! The operator's console of `sockit chat serve`.

use ::chat::Operator;
use netcore::server::Handle;

use crate::escape::quote;
use crate::exit::Failure;
use crate::screen::{Entered, InputLine, Screen};
use crate::stdio::{Printer, Stdio, TextLines};
use crate::{logging, serve, threads};

/// The operator's console.
pub(crate) struct OperatorConsole {
    pub(crate) operator: Operator,
    pub(crate) server: Handle,
    pub(crate) printer: Printer,
    /// Answers are JSON objects.
    pub(crate) json: bool,
}

/// The commands, and what each does.
const COMMANDS: [(&str, &str); 8] = [
    ("clients", "who is here, and in which room"),
    ("rooms", "the rooms, and how many are in each"),
    ("stats", "the figures of the server"),
    ("say TEXT", "says TEXT to all"),
    ("tell NAME TEXT", "says TEXT to NAME alone"),
    ("kick NAME", "removes NAME"),
    ("quit", "stops the server"),
    ("help", "says this"),
];

impl OperatorConsole {
    /// Reads commands until there are no more, on a thread of its own: a terminal or a pipe can be
    /// read in no other way everywhere. The thread ends with the program.
    ///
    /// On a terminal that can do it they are edited on a line of their own, and the log is printed
    /// above it. That terminal is to be closed at the end.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub(crate) fn start(mut self, stdio: &mut Stdio) -> Result<Option<Screen>, Failure> {
        let operator = self.operator.clone();
        let complete = move |before: &str| complete(&operator, before);
        let on_terminal = match stdio.interactive && !self.json {
            true => Screen::open(Box::new(complete), None).unwrap_or(None),
            false => None,
        };
        let Some((screen, line)) = on_terminal else {
            let lines = TextLines::new(stdio.input());
            threads::start("console", move || self.read(lines))?;
            return Ok(None);
        };
        logging::divert(&screen);
        self.printer = Printer::new(Box::new(screen.clone()));
        let terminal = screen.clone();
        let edited = threads::start("console", move || {
            self.edit(line);
            terminal.close();
        });
        if let Err(failure) = edited {
            screen.close();
            return Err(failure);
        }
        Ok(Some(screen))
    }

    fn edit(&self, mut line: InputLine) {
        loop {
            match line.read() {
                // A paste can have several lines.
                Entered::Line(lines) => {
                    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
                        let _ = self.printer.print(format!("> {line}\n").as_bytes());
                        let _ = self.obey(line);
                    }
                }
                Entered::NotUtf8 => {
                    drop(self.error("not UTF-8, so not obeyed; Up brings the line back"))
                }
                Entered::Interrupt { cleared: true } => {}
                // What it would have been without the editing.
                Entered::Interrupt { cleared: false } => serve::interrupt(),
                Entered::End => return,
            }
        }
    }

    fn read(&self, mut lines: TextLines) {
        loop {
            // Answers that nobody reads are no reason to stop obeying.
            let _ = match lines.next() {
                Ok(None) => return,
                Ok(Some(Ok(line))) => self.obey(line.trim()),
                Ok(Some(Err(refused))) => self.error(&format!("{refused}; it was not obeyed")),
                Err(e) => return log::warn!("the console ends: {e}"),
            };
        }
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
            ("help", "") => COMMANDS.iter().try_for_each(|(command, does)| {
                let fields = [("command", quote(command)), ("does", quote(does))];
                self.object(&format!("{command:15}  {does}"), &fields)
            }),
            _ => self.error(&format!("no command {command}; help says what there is")),
        }
    }

    fn nobody(&self, name: &str) -> Result<(), Failure> {
        self.error(&format!("nobody is called {name}"))
    }

    fn error(&self, message: &str) -> Result<(), Failure> {
        self.object(message, &[("error", quote(message))])
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

/// Commands at the beginning of a line, and behind those that take one, names.
fn complete(operator: &Operator, before: &str) -> (usize, Vec<String>) {
    let start = before.rfind(' ').map_or(0, |space| space + 1);
    let part = &before[start..];
    let names = || operator.clients().into_iter().map(|client| client.name.to_string());
    let message: Vec<String> = match &before[..start] {
        "" => COMMANDS
            .iter()
            .map(|(command, _)| match command.split_once(' ') {
                Some((command, _)) => format!("{command} "),
                None => (*command).to_owned(),
            })
            .collect(),
        "tell " => names().map(|name| format!("{name} ")).collect(),
        "kick " => names().collect(),
        _ => Vec::new(),
    };
    (start, message.into_iter().filter(|word| word.starts_with(part)).collect())
}
