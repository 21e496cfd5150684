//! What a client's line means.

/// A line from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    /// Nothing to see.
    Blank,
    /// For everybody in the room.
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
    /// Any other word after a slash, and what is behind it.
    Other(&'a str, &'a str),
}

/// What `/help` tells, a notice a line.
pub(crate) const HELP: [&str; 9] = [
    "what you write goes to everybody in your room, one message a line",
    "/nick NAME  takes a name",
    "/join ROOM  goes to another room",
    "/who  says who is in your room",
    "/rooms  says what rooms there are",
    "/msg NAME TEXT  is for NAME alone",
    "/quit  leaves, and so does quit",
    "//TEXT  sends /TEXT",
    "/help  says this",
];

/// What may stand around a word. Unicode knows more kinds of space, but those are no typing habit,
/// and none of them may be part of a name unseen.
const SPACE: [char; 2] = [' ', '\t'];

impl Input<'_> {
    /// Reads a line without its ending.
    pub(crate) fn parse(text: &str) -> Input<'_> {
        if text.trim().is_empty() {
            return Input::Blank;
        }
        if text.trim_matches(SPACE) == "quit" {
            return Input::Quit;
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
            other => Input::Other(other, argument),
        }
    }
}
