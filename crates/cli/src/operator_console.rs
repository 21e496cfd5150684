//! The operator's console of `sockit chat serve`: commands on standard input.

use ::chat::Operator;
use netcore::server::Handle;

use crate::escape::quote;
use crate::exit::Failure;
use crate::screen::{Entered, InputLine, Screen};
use crate::stdio::{Printer, Stdio, TextLines};
use crate::{logging, signals, threads};

/// Executes the operator's commands.
pub(crate) struct OperatorConsole {
    pub(crate) operator: Operator,
    pub(crate) server: Handle,
    pub(crate) printer: Printer,
    /// `true` for output as JSON objects.
    pub(crate) json: bool,
}

/// The commands and their descriptions.
const COMMANDS: [(&str, &str); 8] = [
    ("clients", "lists the clients and their rooms"),
    ("rooms", "lists the rooms and their numbers of clients"),
    ("stats", "prints the server's statistics"),
    ("say TEXT", "sends TEXT to all clients"),
    ("tell NAME TEXT", "sends TEXT to NAME only"),
    ("kick NAME", "disconnects NAME"),
    ("quit", "stops the server"),
    ("help", "lists the commands"),
];

impl OperatorConsole {
    /// Starts to read commands, on a thread of its own: reads of a terminal or pipe block on some
    /// systems. The thread ends with the program.
    ///
    /// On a terminal with line editing, the commands have an input line, and the log is printed
    /// above it. The caller closes the returned screen at the end.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub(crate) fn start(mut self, stdio: &mut Stdio) -> Result<Option<Screen>, Failure> {
        let operator = self.operator.clone();
        let complete = move |before: &str| complete(&operator, before);
        let on_terminal = match stdio.interactive && !self.json {
            true => Screen::open(Box::new(complete), |_| None, None).unwrap_or(None),
            false => None,
        };
        let Some((screen, line)) = on_terminal else {
            let lines = TextLines::new(stdio.input());
            threads::start("console", move || self.read_lines(lines))?;
            return Ok(None);
        };
        logging::divert(&screen);
        self.printer = Printer::new(Box::new(screen.clone()));
        let terminal = screen.clone();
        let edited = threads::start("console", move || {
            self.read_terminal(line);
            terminal.close();
        });
        if let Err(failure) = edited {
            screen.close();
            return Err(failure);
        }
        Ok(Some(screen))
    }

    /// Reads commands from the input line of a terminal.
    fn read_terminal(&self, mut line: InputLine) {
        loop {
            match line.read() {
                // A paste can contain several lines.
                Entered::Line(lines) => {
                    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
                        let _ = self.printer.print(format!("> {line}\n").as_bytes());
                        let _ = self.execute(line);
                    }
                }
                Entered::NotUtf8 => {
                    drop(self.error("not UTF-8, so not executed; Up recalls the line"));
                }
                Entered::Interrupt { cleared: true } => {}
                // Without line editing, Ctrl-C would send this signal.
                Entered::Interrupt { cleared: false } => signals::interrupt(),
                Entered::End => return,
            }
        }
    }

    /// Reads commands from a pipe, or from a terminal without an input line.
    fn read_lines(&self, mut lines: TextLines) {
        loop {
            // Commands are executed even if their output cannot be written.
            let _ = match lines.next() {
                Ok(None) => return,
                Ok(Some(Ok(line))) => {
                    if lines.skip_rest() {
                        log::warn!(
                            "operator console: rest of a command ignored: it is longer than 64 KiB"
                        );
                    }
                    self.execute(line.trim())
                }
                Ok(Some(Err(invalid))) => self.error(&format!("{invalid}; it was not executed")),
                Err(error) => return log::warn!("operator console: ended: {error}"),
            };
        }
    }

    /// Executes a command, and prints its output.
    fn execute(&self, line: &str) -> Result<(), Failure> {
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match (command, rest.trim()) {
            ("", _) => Ok(()),
            ("clients", "") => self.clients(),
            ("stats", "") => self.stats(),
            ("rooms", "") => self.rooms(),
            ("say", text) if !text.is_empty() => {
                self.operator.say(text);
                Ok(())
            }
            ("tell", rest) => match rest.split_once(char::is_whitespace) {
                Some((name, text)) if self.operator.tell(name, text.trim()) => Ok(()),
                Some((name, _)) => self.unknown_name(name),
                None => self.error("a name and a text are needed: tell NAME TEXT"),
            },
            ("kick", name) if !name.is_empty() => match self.operator.kick(name) {
                true => Ok(()),
                false => self.unknown_name(name),
            },
            ("quit", "") => {
                self.server.stop();
                Ok(())
            }
            ("help", "") => COMMANDS.iter().try_for_each(|(command, does)| {
                let fields = [("command", quote(command)), ("does", quote(does))];
                self.object(&format!("{command:15}  {does}"), &fields)
            }),
            _ => self.error(&format!("unknown command {command}; help lists the commands")),
        }
    }

    fn clients(&self) -> Result<(), Failure> {
        let clients = self.operator.clients();
        if clients.is_empty() && !self.json {
            return self.printer.print(b"no clients\n");
        }
        clients.iter().try_for_each(|client| {
            let text = format!("{} {}", client.name, client.room);
            let fields = [("client", quote(&client.name)), ("room", quote(&client.room))];
            self.object(&text, &fields)
        })
    }

    fn stats(&self) -> Result<(), Failure> {
        let stats = self.operator.stats();
        let text = stats.fields().map(|(name, value)| format!("{name} {value}"));
        let text = text.collect::<Vec<_>>().join("\n");
        let fields: Vec<_> =
            stats.fields().map(|(name, value)| (name, value.to_string())).collect();
        self.object(&text, &fields)
    }

    fn rooms(&self) -> Result<(), Failure> {
        self.operator.rooms().iter().try_for_each(|room| {
            let text = format!("{} {}", room.name, room.clients);
            let fields = [("room", quote(&room.name)), ("clients", room.clients.to_string())];
            self.object(&text, &fields)
        })
    }

    fn unknown_name(&self, name: &str) -> Result<(), Failure> {
        self.error(&format!("no client has the name {name}; clients lists the names"))
    }

    fn error(&self, message: &str) -> Result<(), Failure> {
        self.object(message, &[("error", quote(message))])
    }

    /// Prints a line of text, or a JSON object with `fields`, whose values are already JSON.
    fn object(&self, text: &str, fields: &[(&str, String)]) -> Result<(), Failure> {
        if !self.json {
            return self.printer.print(format!("{text}\n").as_bytes());
        }
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        self.printer.print(format!("{{{}}}\n", fields.join(",")).as_bytes())
    }
}

/// Completes commands at the start of a line, and names after commands that take one.
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
