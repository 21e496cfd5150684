//! Commands that a program adds to its chat.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One use of a command that a program [added](crate::Builder::with_command): the client, its room
/// and the argument. The handler puts its answers in here.
#[derive(Debug)]
pub struct CommandContext<'a> {
    pub(crate) name: &'a str,
    pub(crate) room: &'a str,
    pub(crate) argument: &'a str,
    pub(crate) answers: Vec<Answer>,
}

/// An answer of a handler.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A notice for the client.
    Tell(String),
    /// A notice for its room.
    Say(String),
}

impl CommandContext<'_> {
    /// Returns the client's name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Returns the name of the client's room.
    pub fn room(&self) -> &str {
        self.room
    }

    /// Returns the text after the command, without surrounding space.
    pub fn argument(&self) -> &str {
        self.argument
    }

    /// Sends a notice to the client only.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.answers.push(Answer::Tell(text.into()));
    }

    /// Sends a notice to everybody in the room, in the order of its messages and in its history.
    pub fn say(&mut self, text: impl Into<String>) {
        self.answers.push(Answer::Say(text.into()));
    }
}

/// The function that handles a command.
pub(crate) type Handler = Arc<dyn Fn(&mut CommandContext<'_>) + Send + Sync>;

/// The added commands, by name.
#[derive(Clone, Default)]
pub(crate) struct Commands(BTreeMap<String, (String, Handler)>);

impl Commands {
    pub(crate) fn add(
        &mut self,
        name: &str,
        help: &str,
        handler: impl Fn(&mut CommandContext<'_>) + Send + Sync + 'static,
    ) {
        self.0.insert(name.to_owned(), (help.to_owned(), Arc::new(handler)));
    }

    pub(crate) fn find(&self, name: &str) -> Option<Handler> {
        self.0.get(name).map(|(_, handler)| handler.clone())
    }

    /// Returns the line of help of each command.
    pub(crate) fn help(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|(help, _)| help.as_str())
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
