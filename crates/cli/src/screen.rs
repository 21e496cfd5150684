//! An input line at the bottom of the terminal, and output above it from any thread.
//!
//! rustyline draws both, and neither disturbs the other. This module adds three guarantees: a
//! thread that prints never waits for the terminal, lines keep their order, and an entered line
//! disappears from the screen.

mod assistant;
mod input_line;
mod keyboard;
mod layout;
mod not_text;
mod state;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::{ColorMode, CompletionType, Config, Editor, ExternalPrinter, GraphemeClusterMode};

use assistant::{Assistant, Complete};
pub(crate) use input_line::{Entered, InputLine};
use keyboard::Keyboard;
use state::{Batch, Editing, Shared, State, print_directly};

use crate::exit::{self, Failure};
use crate::threads;

/// Bytes to draw at once.
const BATCH_BYTES: usize = 64 * 1024;

/// Most lines in the history.
const MAX_HISTORY: usize = 1000;

/// The part of the terminal above the input line.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Shared>);

impl Screen {
    /// Opens the screen. Returns `None` if standard input and output are not a terminal with line
    /// editing. `history` is a file with the lines of earlier runs, which receives those of this
    /// run. `secret_at` returns the byte at which a secret begins. The secret is not shown, and its
    /// line is not remembered.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the system refuses a thread.
    pub(crate) fn open(
        complete: Complete,
        secret_at: fn(&str) -> Option<usize>,
        history: Option<PathBuf>,
    ) -> Result<Option<(Screen, InputLine)>, Failure> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            // By default, or with more words than fit, output would wait for the next key.
            .completion_show_all_if_ambiguous(true)
            .bell_style(rustyline::config::BellStyle::None)
            // The highlighter draws the line even with NO_COLOR: it adds no color.
            .color_mode(ColorMode::Forced)
            .grapheme_cluster_mode(GraphemeClusterMode::Unicode)
            .build();
        let Ok(mut editor) = Editor::with_config(config) else { return Ok(None) };
        let Ok(printer) = editor.create_external_printer() else { return Ok(None) };
        if let Some(file) = &history {
            match editor.load_history(file) {
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let message = format!("--history-file {}: {error}", file.display());
                    return Err(Failure::new(exit::OTHER, message));
                }
                Ok(()) => {}
            }
        }
        // This does not fail: only the size 0 is invalid.
        let _ = editor.set_max_history_size(MAX_HISTORY);
        let Ok(keyboard) = Keyboard::new() else { return Ok(None) };
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { state, changed, keyboard });
        let screen = Screen(shared.clone());
        let pasted = move |lines| {
            screen.print(&format!("! {lines} lines pasted: Enter accepts them, Ctrl-C drops them"));
        };
        shared.keyboard.start(pasted)?;
        editor.set_helper(Some(Assistant { complete, secret_at, shared: shared.clone() }));
        let drawing = shared.clone();
        threads::start("screen", move || draw(&drawing, printer))?;
        let input = InputLine { editor, shared: shared.clone(), secret_at, file: history };
        Ok(Some((Screen(shared), input)))
    }

    /// Prints a line, or several, without waiting for the terminal.
    pub(crate) fn print(&self, text: &str) {
        let mut state = self.0.state();
        let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
        if state.closed || state.in_background {
            return print_directly(&format!("{text}\n"));
        }
        state.queue.push(text);
        self.0.changed.notify_all();
    }

    /// Prints the queue, drops the input line, and restores the terminal. Later output goes
    /// straight to the terminal.
    pub(crate) fn close(&self) {
        let shared = &self.0;
        let mut state = shared.wait(shared.state(), |state| state.is_busy());
        if std::mem::replace(&mut state.closed, true) {
            return;
        }
        shared.changed.notify_all();
        let was_editing = state.editing != Editing::No;
        drop(state);
        // This ends the editor's read.
        shared.keyboard.end();
        let mut state = shared.wait(shared.state(), |state| state.editing != Editing::No);
        let rest = state.queue.take(usize::MAX).unwrap_or_default();
        // Erases the line, and leaves bracketed paste mode.
        let erase = was_editing && !state.in_background;
        let erase = if erase { "\x1b[?2004l\r\x1b[J" } else { "" };
        print_directly(&format!("{erase}{rest}"));
    }
}

impl Write for Screen {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.print(&String::from_utf8_lossy(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands the queue to the editor, one batch after the other. Any thread could use the editor's
/// printer, but it blocks, and two batches at once could be reordered at the end of a line.
fn draw(shared: &Shared, mut printer: impl ExternalPrinter) {
    let mut state = shared.state();
    loop {
        let idle = |state: &mut State| !state.can_draw() && !state.closed;
        state = shared.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return;
        }
        let Some(batch) = state.queue.take(BATCH_BYTES) else { continue };
        state.batch = Batch::Handover { is_printed: false };
        drop(state);
        let printed = printer.print(batch);
        state = shared.state();
        state.end_handover();
        shared.changed.notify_all();
        if printed.is_err() {
            return;
        }
    }
}
