//! The input line: what a person types, one line at a time.

use std::path::PathBuf;
use std::sync::Arc;

use rustyline::history::FileHistory;
use rustyline::{Editor, EventHandler, KeyEvent, Modifiers};

use super::assistant::{Assistant, DrawnPrompt, PROMPT, SpecialKeyHandler};
use super::layout::{Layout, columns};
use super::not_text::NOT_TEXT;
use super::state::{Batch, Editing, Shared, SpecialKey, print_directly};

/// The input line, for one thread.
pub(crate) struct InputLine {
    pub(super) editor: Editor<Assistant, FileHistory>,
    pub(super) shared: Arc<Shared>,
    /// Returns the byte of a line at which a secret begins. Such a line is not remembered.
    pub(super) secret_at: fn(&str) -> Option<usize>,
    /// The history file, until an error.
    pub(super) file: Option<PathBuf>,
}

/// An action of the person at the terminal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    Line(String),
    /// A line with bytes that are not UTF-8. Up recalls it.
    NotUtf8,
    /// Ctrl-C.
    Interrupt {
        /// `true` if the key cleared a line.
        cleared: bool,
    },
    /// Ctrl-D, or the terminal has gone.
    End,
}

impl InputLine {
    /// Reads a line, while the program is in the foreground.
    pub(crate) fn read(&mut self) -> Entered {
        let (mut before, mut behind) = (String::new(), String::new());
        loop {
            if !self.begin() {
                return Entered::End;
            }
            let start = (before.as_str(), behind.as_str());
            let entered = self.editor.readline_with_initial(&DrawnPrompt(&self.shared), start);
            let (line, special) = self.end();
            match (entered, special) {
                (Ok(line), None) if line.contains(NOT_TEXT) => {
                    let _ = self.editor.add_history_entry(line);
                    return Entered::NotUtf8;
                }
                (Ok(line), None) => {
                    self.remember(&line);
                    return Entered::Line(line);
                }
                (Ok(_), Some((SpecialKey::Interrupt, _))) => {
                    return Entered::Interrupt { cleared: !line.is_empty() };
                }
                (Ok(line), Some((SpecialKey::Suspend, cursor))) => {
                    (before, behind) = (line[..cursor].to_owned(), line[cursor..].to_owned());
                    self.shared.keyboard.suspend();
                }
                (Err(_), _) if self.shared.keyboard.is_plugged() => return Entered::End,
                // The keyboard was unplugged. The line is edited further once it is back.
                (Err(_), _) => (before, behind) = (line, String::new()),
            }
        }
    }

    /// Waits until the program is in the foreground. Returns `false` if the screen is closed, or
    /// the terminal has gone.
    fn begin(&mut self) -> bool {
        if !self.shared.keyboard.is_plugged() && !self.wait_for_keyboard() {
            return false;
        }
        let mut state = self.shared.state();
        if state.closed {
            return false;
        }
        (state.editing, state.special) = (Editing::Starting, None);
        true
    }

    /// Waits for the keyboard. Until then, output goes straight to the terminal.
    fn wait_for_keyboard(&mut self) -> bool {
        self.shared.set_in_background(true);
        let is_plugged = self.shared.keyboard.plug();
        self.shared.set_in_background(false);
        let (interrupts, suspends) = self.shared.keyboard.special_keys().unwrap_or_default();
        let interrupts = interrupts.into_iter().map(|key| (key, SpecialKey::Interrupt));
        let suspends = suspends.into_iter().map(|key| (key, SpecialKey::Suspend));
        for (key, special) in interrupts.chain(suspends) {
            let handler = Box::new(SpecialKeyHandler { special, shared: self.shared.clone() });
            let key = KeyEvent::new(key, Modifiers::NONE);
            self.editor.bind_sequence(key, EventHandler::Conditional(handler));
        }
        is_plugged
    }

    /// Ends editing, and erases the line from the screen. Returns the line, and the key that ended
    /// it.
    fn end(&self) -> (String, Option<(SpecialKey, usize)>) {
        let mut state = self.shared.state();
        let line = std::mem::take(&mut state.line);
        let has_batch = match state.editing {
            Editing::Accepted { during_handover } => during_handover,
            _ => state.batch != Batch::None,
        };
        // The cursor is below the line, unless a batch has come between: the editor's printer
        // writes directly while no line is edited. In the background, another program owns the
        // screen. An editor that had no terminal has drawn nothing.
        let is_drawn = state.editing != Editing::Starting;
        if is_drawn && !has_batch && self.shared.keyboard.is_in_front() {
            let rows = Layout::new(&line, None, PROMPT.len(), columns()).rows;
            print_directly(&format!("\x1b[{rows}A\r\x1b[J"));
        }
        state.editing = Editing::No;
        self.shared.changed.notify_all();
        (line, state.special.take())
    }

    /// Adds a line to the history, and to its file.
    fn remember(&mut self, line: &str) {
        if (self.secret_at)(line).is_some() {
            return;
        }
        let added = self.editor.add_history_entry(line);
        if let Some(file) = &self.file
            && matches!(added, Ok(true))
            && let Err(error) = self.editor.append_history(file)
        {
            log::warn!("--history-file {}: {error}; no more lines are saved", file.display());
            self.file = None;
        }
    }
}
