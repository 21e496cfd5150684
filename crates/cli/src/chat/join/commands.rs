//! The commands of the chat, as this client recognizes them.

/// Words at the start of a line that the chat takes for a command.
pub(super) const COMMANDS: [&str; 8] =
    ["/nick", "/join", "/rooms", "/who", "/msg", "/help", "/pass", "/quit"];

/// Returns the command at the start of `line`, or `None` if `line` is text.
pub(super) fn command(line: &str) -> Option<&'static str> {
    if line.trim_matches([' ', '\t']) == "quit" {
        return Some("/quit");
    }
    if password(line).is_some() {
        return Some("/pass");
    }
    let first = line.split([' ', '\t']).next()?;
    COMMANDS.into_iter().find(|command| *command == first)
}

/// Returns the text after `/pass`. The server allows space before it, so that a mistyped password
/// is no message.
pub(super) fn password(line: &str) -> Option<&str> {
    let space = [' ', '\t'];
    let rest = line.trim_start_matches(space).strip_prefix("/pass")?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(space) }
}

/// Returns the byte of `lines` at which the first password begins.
pub(super) fn password_at(lines: &str) -> Option<usize> {
    let mut begin = 0;
    for line in lines.split_inclusive('\n') {
        if let Some(password) = password(line) {
            return Some(begin + line.len() - password.len());
        }
        begin += line.len();
    }
    None
}
