//! Callbacks of the editor. They answer its questions about the line, and track its progress.

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
use super::state::{Shared, SpecialKey};

/// Most candidates to list for a completion.
const MAX_WORDS: usize = 16;

/// The prompt, which takes a column per byte.
pub(super) const PROMPT: &str = "> ";

/// A function that completes the end of the text before the cursor. Returns the byte at which the
/// completed word begins, and its candidates.
pub(crate) type Complete = Box<dyn Fn(&str) -> (usize, Vec<String>) + Send>;

/// The prompt. The editor asks for it once at the start, before it shows the line to [`Hinter`],
/// and then each time that it draws the line, as it does after each batch.
pub(super) struct DrawnPrompt<'a>(pub(super) &'a Shared);

impl Prompt for DrawnPrompt<'_> {
    fn raw(&self) -> &str {
        self.0.state().show_prompt();
        self.0.changed.notify_all();
        PROMPT
    }
}

/// The callbacks of the editor.
pub(super) struct Assistant {
    pub(super) complete: Complete,
    /// Returns the byte of a line at which a secret begins.
    pub(super) secret_at: fn(&str) -> Option<usize>,
    pub(super) shared: Arc<Shared>,
}

impl Helper for Assistant {}

impl Highlighter for Assistant {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.shared.state().prompt_columns =
            usize::from(GraphemeClusterMode::Unicode.width(prompt));
        Cow::Borrowed(prompt)
    }

    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let start = self.shared.state().prompt_columns;
        Cow::Owned(Layout::new(line, (self.secret_at)(line), start, columns()).text)
    }

    /// Returns `true`, which redraws the whole line, if its layout differs from the typed text.
    fn highlight_char(&self, line: &str, _: usize, _: CmdKind) -> bool {
        Layout::new(line, (self.secret_at)(line), PROMPT.len(), columns()).text != line
    }
}

/// Ends the line at a key other than Enter. An error of the editor would end it too, but would lose
/// the input after that key.
pub(super) struct SpecialKeyHandler {
    pub(super) special: SpecialKey,
    pub(super) shared: Arc<Shared>,
}

impl ConditionalEventHandler for SpecialKeyHandler {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        self.shared.state().special = Some((self.special, at.pos()));
        Some(Cmd::AcceptLine)
    }
}

impl Validator for Assistant {
    /// Accepts every line. No batch is handed over until the next line is drawn.
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        self.shared.state().accept();
        Ok(ValidationResult::Valid(None))
    }
}

impl Hinter for Assistant {
    type Hint = String;

    /// Returns no hint. The editor shows the line here.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.shared.state().show_line(line);
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
