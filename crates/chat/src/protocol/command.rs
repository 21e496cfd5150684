//! Commands: the meaning of a client's line.

#[cfg(test)]
mod tests;

/// A line from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    /// An empty line, or only space.
    Blank,
    /// A message to the room.
    Say(&'a str),
    /// `quit` or `/quit`.
    Quit,
    /// `/nick NAME`.
    Nick(&'a str),
    /// `/join ROOM`.
    Join(&'a str),
    /// `/msg NAME TEXT`.
    Msg(&'a str, &'a str),
    /// `/who`.
    Who,
    /// `/rooms`.
    Rooms,
    /// `/help`.
    Help,
    /// `/pass PASSWORD`, also after space: a mistyped password is no message.
    Pass(&'a str),
    /// `/continue KEY`, which programs say.
    Continue(&'a str),
    /// Any other command, and its argument.
    Other(&'a str, &'a str),
}

/// The reply to `/help`, one notice per line.
pub(crate) const HELP: [&str; 9] = [
    "a line without a slash is a message to everybody in your room",
    "/nick NAME  takes a name",
    "/join ROOM  goes to another room",
    "/who  lists the members of your room",
    "/rooms  lists the rooms",
    "/msg NAME TEXT  sends a private message",
    "/quit  leaves, and so does quit",
    "//TEXT  sends /TEXT",
    "/help  shows this list",
];

/// Characters that separate words. Unicode has more kinds of space, but people do not type them,
/// and an invisible one must not become part of a name.
const SPACE: [char; 2] = [' ', '\t'];

impl Input<'_> {
    /// Parses a line without its ending.
    pub(crate) fn parse(text: &str) -> Input<'_> {
        if text.trim().is_empty() {
            return Input::Blank;
        }
        if text.trim_matches(SPACE) == "quit" {
            return Input::Quit;
        }
        if let Some(password) = password_in(text) {
            return Input::Pass(password);
        }
        let Some(rest) = text.strip_prefix('/') else { return Input::Say(text) };
        if rest.starts_with('/') {
            return Input::Say(rest);
        }
        let (command, argument) = rest.split_once(SPACE).unwrap_or((rest, ""));
        let argument = argument.trim_matches(SPACE);
        match command {
            "quit" => Input::Quit,
            "nick" => Input::Nick(argument),
            "join" => Input::Join(argument),
            "msg" => {
                let (name, text) = argument.split_once(SPACE).unwrap_or((argument, ""));
                Input::Msg(name, text.trim_start_matches(SPACE))
            }
            "who" => Input::Who,
            "rooms" => Input::Rooms,
            "help" => Input::Help,
            "continue" => Input::Continue(argument),
            other => Input::Other(other, argument),
        }
    }
}

/// Returns the text after `/pass` and one separator, which is the password with its own spaces.
fn password_in(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(SPACE).strip_prefix("/pass")?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(SPACE)
}
