//! A line at the bottom of the terminal into which a person types, and above it what the program
//! prints, from any thread. Neither disturbs the other.
//!
//! rustyline draws both. What it does not do is done here: nobody who prints ever waits for the
//! terminal, lines come in order, and a line that was entered vanishes rather than stand there
//! beside its effect.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::Completer;
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    ColorMode, CompletionType, Config, Context, Editor, ExternalPrinter, GraphemeClusterMode,
    Helper, Prompt,
};

use crate::exit::{self, Failure};
use crate::streams::Standard;
use crate::threads;

/// What waits while the terminal takes nothing (Ctrl-S, a search in the history); the oldest lines
/// give way.
const MAX_WAITING: usize = 1 << 20;

/// What is drawn at once.
const BATCH: usize = 64 * 1024;

/// Lines that Up can bring back.
const MAX_HISTORY: usize = 1000;

/// More words than this are no help to choose from.
const MAX_WORDS: usize = 16;

/// How long the end waits for what is being drawn.
const CLOSING: Duration = Duration::from_millis(500);

const PROMPT: &str = "> ";

/// The part of the terminal above the input line.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Shared>);

/// The input line, for one thread.
pub(crate) struct InputLine {
    editor: Editor<Assistant, FileHistory>,
    shared: Arc<Shared>,
    file: Option<PathBuf>,
}

/// What a person did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    Line(String),
    /// Ctrl-C, and whether that cleared something.
    Interrupt {
        cleared: bool,
    },
    /// Ctrl-D, or the terminal has gone.
    End,
}

/// What can stand at the end of the text before the cursor: from which byte on, and which words.
pub(crate) type Complete = Box<dyn Fn(&str) -> (usize, Vec<String>) + Send>;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    terminal: OwnedFd,
    /// As it was before.
    modes: Termios,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    /// Of `waiting`.
    bytes: usize,
    /// Lines that gave way.
    dropped: usize,
    /// The terminal is the editor's.
    editing: bool,
    /// The editor has drawn its line and can print.
    ready: bool,
    /// A batch is being handed to the editor.
    handing: bool,
    /// The editor may have a batch that it has not printed yet.
    unprinted: bool,
    /// Enter was pressed, and whether a batch was just being handed over.
    accepted: Option<bool>,
    /// What is typed so far.
    line: String,
    /// The editor has told it.
    told: bool,
    closed: bool,
}

impl Screen {
    /// `None`: standard input and output are not both a terminal that can do it. `history`: a file
    /// with the lines of earlier runs, to which those of this one are added.
    ///
    /// # Errors
    ///
    /// The file cannot be read, the terminal not be shared, or no thread be started.
    pub(crate) fn open(
        complete: Complete,
        history: Option<PathBuf>,
    ) -> Result<Option<(Screen, InputLine)>, Failure> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            // Without that, or with more words than fit, what is printed waits for the next key.
            .completion_show_all_if_ambiguous(true)
            .bell_style(rustyline::config::BellStyle::None)
            .color_mode(ColorMode::Disabled)
            .build();
        let Ok(modes) = tcgetattr(io::stdin()) else { return Ok(None) };
        let Ok(mut editor) = Editor::with_config(config) else { return Ok(None) };
        let Ok(printer) = editor.create_external_printer() else { return Ok(None) };
        if let Some(file) = &history {
            match editor.load_history(file) {
                Err(ReadlineError::Io(e)) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => {
                    return Err(Failure::new(exit::OTHER, format!("--history-file: {e}")));
                }
                Ok(()) => {}
            }
        }
        // It can't fail: only the size 0 is refused.
        let _ = editor.set_max_history_size(MAX_HISTORY);
        let failed = |e| Failure::new(exit::OTHER, format!("standard input: {e}"));
        let terminal = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { state, changed, terminal, modes });
        editor.set_helper(Some(Assistant { complete, shared: shared.clone() }));
        let drawing = shared.clone();
        threads::start("screen", move || draw(&drawing, printer))?;
        let input = InputLine { editor, shared: shared.clone(), file: history };
        Ok(Some((Screen(shared), input)))
    }

    /// Prints a line, or several, and does not wait for it.
    pub(crate) fn print(&self, text: &str) {
        let mut state = self.0.state();
        let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
        if state.closed {
            return put(&format!("{text}\n"));
        }
        state.bytes += text.len();
        state.waiting.push_back(text);
        while state.bytes > MAX_WAITING {
            let Some(oldest) = state.waiting.pop_front() else { break };
            state.bytes -= oldest.len();
            state.dropped += 1;
        }
        self.0.changed.notify_all();
    }

    /// Puts the terminal in order again, behind all that was to be printed. What is being typed is
    /// given up, and what is printed from now on goes straight to the terminal.
    pub(crate) fn close(&self) {
        let shared = &self.0;
        let busy = |state: &mut State| {
            state.editing && (!state.ready || state.in_flight() || !state.waiting.is_empty())
        };
        let mut state = shared.wait(shared.state(), busy);
        if std::mem::replace(&mut state.closed, true) {
            return;
        }
        shared.changed.notify_all();
        if state.editing {
            // The editor waits for a key. Standard input has ended now, and that the terminal may
            // have changed its size makes it look.
            let _ = io::pipe().map(|(ended, _)| rustix::stdio::dup2_stdin(ended));
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGWINCH);
            state = shared.wait(state, |state| state.editing);
        }
        let rest = state.take(usize::MAX).unwrap_or_default();
        let _ = tcsetattr(&shared.terminal, OptionalActions::Drain, &shared.modes);
        // That, and no bracketed paste any more.
        put(&format!("\x1b[?2004l\r\x1b[J{rest}"));
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

impl InputLine {
    /// Lets a person type.
    pub(crate) fn read(&mut self) -> Entered {
        let mut line = String::new();
        loop {
            if !self.begin() {
                return Entered::End;
            }
            let entered = self.editor.readline_with_initial(&Drawn(&self.shared), (&line, ""));
            line = self.end();
            return match entered {
                Ok(line) => {
                    self.remember(&line);
                    Entered::Line(line)
                }
                Err(ReadlineError::Interrupted) => Entered::Interrupt { cleared: !line.is_empty() },
                // A key that is no UTF-8 is no reason to lose what is typed.
                Err(ReadlineError::Io(e)) if e.kind() == io::ErrorKind::InvalidData => continue,
                Err(_) => Entered::End,
            };
        }
    }

    /// `false`: the screen is closed, and the terminal as it was.
    fn begin(&self) -> bool {
        let mut state = self.shared.state();
        if state.closed {
            return false;
        }
        (state.editing, state.told) = (true, false);
        // rustyline sets the terminal up for each line and puts it back after it. What is typed in
        // between is for the next line; the system is not to show it, nor to make a signal of it.
        let mut between = self.shared.modes.clone();
        between.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        // If that can't be had, what is typed too quickly looks odd.
        let _ = tcsetattr(&self.shared.terminal, OptionalActions::Drain, &between);
        true
    }

    /// Takes what was typed off the screen.
    fn end(&self) -> String {
        let mut state = self.shared.state();
        state.ready = false;
        let line = std::mem::take(&mut state.line);
        let in_flight = state.in_flight();
        // The cursor is below the line, unless a batch has come between: the editor's printer writes
        // one by itself while no line is edited.
        if !state.accepted.take().unwrap_or(in_flight) {
            put(&format!("\x1b[{}A\r\x1b[J", rows(&line)));
        }
        state.editing = false;
        self.shared.changed.notify_all();
        line
    }

    fn remember(&mut self, line: &str) {
        let added = self.editor.add_history_entry(line);
        if let Some(file) = &self.file
            && matches!(added, Ok(true))
            && let Err(e) = self.editor.append_history(file)
        {
            log::warn!("the history is not kept in {}: {e}", file.display());
            self.file = None;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as it is `busy`, within bounds.
    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        busy: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, CLOSING, busy);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl State {
    /// Whether a batch may be anywhere between `waiting` and the terminal.
    fn in_flight(&self) -> bool {
        self.handing || self.unprinted
    }

    /// Lines of about `most` bytes, each with its ending, to be printed at once.
    fn take(&mut self, most: usize) -> Option<String> {
        let mut text = String::new();
        if self.dropped > 0 {
            text = format!("* {} lines are not shown: too many came at once\n", self.dropped);
            self.dropped = 0;
        }
        while text.len() < most
            && let Some(line) = self.waiting.pop_front()
        {
            self.bytes -= line.len();
            text.push_str(&line);
            text.push('\n');
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Brings what waits to the editor, one batch after the other. The editor's printer can do that from
/// any thread, but would hold it up, and two batches at once could change places at the end of a
/// line.
fn draw(shared: &Shared, mut printer: impl ExternalPrinter) {
    let mut state = shared.state();
    loop {
        let idle = |state: &mut State| {
            let can = state.ready && !state.unprinted && !state.waiting.is_empty();
            !can && !state.closed
        };
        state = shared.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return;
        }
        let Some(batch) = state.take(BATCH) else { continue };
        (state.handing, state.unprinted) = (true, true);
        drop(state);
        let printed = printer.print(batch);
        state = shared.state();
        state.handing = false;
        shared.changed.notify_all();
        if printed.is_err() {
            return;
        }
    }
}

/// The rows that the prompt and `line` take, as rustyline counts them.
fn rows(line: &str) -> usize {
    let mode = GraphemeClusterMode::from_env();
    let columns = rustix::termios::tcgetwinsize(io::stdout()).map_or(80, |size| size.ws_col);
    let columns = usize::from(columns.max(1));
    let (mut row, mut column) = (0, 0);
    for c in PROMPT.chars().chain(line.chars()) {
        if c == '\n' {
            (row, column) = (row + 1, 0);
            continue;
        }
        let width = usize::from(mode.width(c.encode_utf8(&mut [0; 4])));
        column += width;
        if column > columns {
            (row, column) = (row + 1, width);
        }
    }
    row + 1 + usize::from(column == columns)
}

/// A terminal that has gone has nobody to be told.
fn put(text: &str) {
    let _ = Standard(io::stdout()).write_all(text.as_bytes());
}

/// The prompt, by which the editor shows what it does. It asks for it once as it begins, before it
/// has told what is typed, and then each time that it draws the line, as it does behind each batch
/// that it prints.
struct Drawn<'a>(&'a Shared);

impl Prompt for Drawn<'_> {
    fn raw(&self) -> &str {
        let mut state = self.0.state();
        state.ready = state.told;
        state.unprinted &= !state.told;
        self.0.changed.notify_all();
        PROMPT
    }
}

/// What the editor asks about the line while it is typed.
struct Assistant {
    complete: Complete,
    shared: Arc<Shared>,
}

impl Helper for Assistant {}
impl Highlighter for Assistant {}

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
