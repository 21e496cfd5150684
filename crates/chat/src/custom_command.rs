//! Commands that a program adds to its chat.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A client has written a command that a program [added](crate::Builder::with_command): who, where and
/// with what. What the command answers, it puts in here.
#[derive(Debug)]
pub struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) room: &'a str,
    pub(crate) argument: &'a str,
    pub(crate) answers: Vec<Answer>,
}

#[derive(Debug)]
pub(crate) enum Answer {
    Tell(String),
    Say(String),
}

impl Call<'_> {
    /// What the client is called.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The room that it is in.
    pub fn room(&self) -> &str {
        self.room
    }

    /// What stands behind the command, without the space around it.
    pub fn argument(&self) -> &str {
        self.argument
    }

    /// A notice for the client alone.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.answers.push(Answer::Tell(text.into()));
    }

    /// A notice for everybody in the room, in the order of its messages and in its history.
    pub fn say(&mut self, text: impl Into<String>) {
        self.answers.push(Answer::Say(text.into()));
    }
}

type Handler = Arc<dyn Fn(&mut Call<'_>) + Send + Sync>;

/// The added commands, by their names.
#[derive(Clone, Default)]
pub(crate) struct Commands(BTreeMap<String, (String, Handler)>);

impl Commands {
    pub(crate) fn add(
        &mut self,
        name: &str,
        help: &str,
        handler: impl Fn(&mut Call<'_>) + Send + Sync + 'static,
    ) {
        self.0.insert(name.to_owned(), (help.to_owned(), Arc::new(handler)));
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Handler> {
        self.0.get(name).map(|(_, handler)| handler)
    }

    /// A line of help for each.
    pub(crate) fn help(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|(help, _)| help.as_str())
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
