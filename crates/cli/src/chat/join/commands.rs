//! The commands of the chat, as this client recognizes them.

/// Words at the start of a line that the chat takes for a command.
pub(super) const COMMANDS: [&str; 7] =
    ["/nick", "/join", "/rooms", "/who", "/msg", "/help", "/quit"];

/// Returns the command at the start of `line`, or `None` if `line` is text.
pub(super) fn command(line: &str) -> Option<&'static str> {
    if line.trim_matches([' ', '\t']) == "quit" {
        return Some("/quit");
    }
    let first = line.split([' ', '\t']).next()?;
    COMMANDS.into_iter().find(|command| *command == first)
}
