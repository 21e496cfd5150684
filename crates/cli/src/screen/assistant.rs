//! The editor's questions about the line while it is typed, by which it also shows what it does.

use std::borrow::Cow;
use std::sync::Arc;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, ConditionalEventHandler, Context, Event, EventContext, GraphemeClusterMode, Helper,
    Prompt, RepeatCount,
};

use super::layout::{Layout, columns};
use super::{Complete, PROMPT, Shared, Special};

/// More words than this are no help to choose from.
const MAX_WORDS: usize = 16;

/// The prompt, by which the editor shows what it does. It asks for it once as it begins, before it
/// has told what is typed, and then each time that it draws the line, as it does behind each batch
/// that it prints.
pub(super) struct Drawn<'a>(pub(super) &'a Shared);

impl Prompt for Drawn<'_> {
    fn raw(&self) -> &str {
        let mut state = self.0.state();
        state.ready = state.told;
        state.unprinted &= !state.told;
        self.0.changed.notify_all();
        PROMPT
    }
}

/// Answers the editor's questions.
pub(super) struct Assistant {
    pub(super) complete: Complete,
    pub(super) shared: Arc<Shared>,
}

impl Helper for Assistant {}

impl Highlighter for Assistant {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.shared.state().prompt = usize::from(GraphemeClusterMode::Unicode.width(prompt));
        Cow::Borrowed(prompt)
    }

    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let start = self.shared.state().prompt;
        Cow::Owned(Layout::new(line, start, columns()).text)
    }

    /// Has the whole line drawn where it looks other than what was typed.
    fn highlight_char(&self, line: &str, _: usize, _: CmdKind) -> bool {
        Layout::new(line, PROMPT.len(), columns()).text != line
    }
}

/// Ends the line at a key other than Enter. An error of the editor would end it too, but lose what
/// was typed behind that key.
pub(super) struct Pressed {
    pub(super) special: Special,
    pub(super) shared: Arc<Shared>,
}

impl ConditionalEventHandler for Pressed {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        self.shared.state().special = Some((self.special, at.pos()));
        Some(Cmd::AcceptLine)
    }
}

impl Validator for Assistant {
    /// Any line will do. No batch is handed over any more until the next line is drawn.
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let mut state = self.shared.state();
        state.ready = false;
        state.accepted = Some(state.handing);
        Ok(ValidationResult::Valid(None))
    }
}

impl Hinter for Assistant {
    type Hint = String;

    /// There is none. This is where the editor shows what is typed.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        let mut state = self.shared.state();
        line.clone_into(&mut state.line);
        state.told = true;
        None
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let (start, mut words) = (self.complete)(&line[..cursor]);
        if words.len() > MAX_WORDS {
            let common = words.iter().skip(1).fold(words[0].as_str(), |common, word| {
                let same = common.chars().zip(word.chars()).take_while(|(a, b)| a == b);
                &common[..same.map(|(c, _)| c.len_utf8()).sum()]
            });
            words = if common.len() > cursor - start { vec![common.to_owned()] } else { vec![] };
        }
        Ok((start, words))
    }
}
