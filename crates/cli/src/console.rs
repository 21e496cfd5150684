//! The operator's console of `sockit chat serve`.

use std::io::BufRead;
use std::thread;

use ::chat::Operator;
use netcore::server::Handle;

use crate::exit::Failure;
use crate::streams::Printer;

/// Reads the operator's commands from `input` until it ends, on a thread of its own: a terminal or a pipe can be read in no
/// other way everywhere. The thread ends with the program.
pub(crate) fn start(
    mut input: Box<dyn BufRead + Send>,
    printer: Printer,
    operator: Operator,
    server: Handle,
) {
    thread::spawn(move || {
        let mut line = Vec::new();
        loop {
            line.clear();
            match input.read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => {}
                Err(e) => return log::warn!("the console ends: {e}"),
            }
            let line = String::from_utf8_lossy(&line);
            if line.trim() == "quit" {
                return server.stop();
            }
            if obey(line.trim(), &operator, &printer).is_err() {
                // Nobody sees the answers; the chat goes on.
                return;
            }
        }
    });
}

fn obey(line: &str, operator: &Operator, printer: &Printer) -> Result<(), Failure> {
    let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let say = |words: &str| printer.print(format!("{words}\n").as_bytes());
    match (command, rest) {
        ("", _) => Ok(()),
        ("clients", "") => {
            let clients = operator.clients();
            clients.iter().try_for_each(|name| say(name))?;
            say(&format!("{} in all", clients.len()))
        }
        ("rooms", "") => operator
            .rooms()
            .iter()
            .try_for_each(|room| say(&format!("{} {}", room.name, room.clients))),
        ("say", text) if !text.is_empty() => {
            operator.say(text);
            Ok(())
        }
        ("tell", rest) => match rest.split_once(char::is_whitespace) {
            Some((name, text)) if operator.tell(name, text.trim()) => Ok(()),
            Some((name, _)) => say(&format!("nobody is called {name}")),
            None => say("tell whom what? tell NAME TEXT"),
        },
        ("kick", name) if !name.is_empty() => {
            if operator.kick(name) {
                return Ok(());
            }
            say(&format!("nobody is called {name}"))
        }
        _ => say("commands: clients, rooms, say TEXT, tell NAME TEXT, kick NAME, quit"),
    }
}
