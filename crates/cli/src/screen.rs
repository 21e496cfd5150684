//! A line at the bottom of the terminal into which a person types, and above it what the program
//! prints, from any thread. Neither disturbs the other.
//!
//! rustyline draws both. What it does not do is done here: nobody who prints ever waits for the
//! terminal, lines come in order, and a line that was entered vanishes rather than stand there
//! beside its effect.

mod assistant;
mod keyboard;
mod layout;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Signal, kill_current_process_group};
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{
    ColorMode, CompletionType, Config, Editor, EventHandler, ExternalPrinter, GraphemeClusterMode,
    KeyEvent, Modifiers,
};

use assistant::{Assistant, Drawn, Pressed};
use keyboard::{Keyboard, NOT_TEXT};
use layout::{Layout, columns};

use crate::exit::{self, Failure};
use crate::stdio::Standard;
use crate::threads;

/// What waits while the terminal takes nothing (Ctrl-S, a search in the history); the oldest lines
/// give way.
const MAX_WAITING: usize = 1 << 20;

/// What is drawn at once.
const BATCH: usize = 64 * 1024;

/// Lines that Up can bring back.
const MAX_HISTORY: usize = 1000;

/// How long the end waits for what is being drawn.
const CLOSING: Duration = Duration::from_millis(500);

/// The time that SIGTSTP may take to stop all threads.
const STOPPING: Duration = Duration::from_millis(20);

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
    /// A line with bytes that are not UTF-8. Up brings it back.
    NotUtf8,
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
    keyboard: Keyboard,
}

/// A key that ends the line and is not Enter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Special {
    Interrupt,
    Suspend,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    /// Of `waiting`.
    bytes: usize,
    /// Lines that gave way.
    dropped: usize,
    /// The program is in the background: there is no line to disturb.
    away: bool,
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
    /// The key that ended the line, and the place of the cursor in bytes.
    special: Option<(Special, usize)>,
    /// The columns of the prompt that was drawn last.
    prompt: usize,
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
            // The line is drawn by the highlighter, whatever NO_COLOR says: it adds no color.
            .color_mode(ColorMode::Forced)
            .grapheme_cluster_mode(GraphemeClusterMode::Unicode)
            .build();
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
        let (state, changed) = (Mutex::default(), Condvar::new());
        let Ok(keyboard) = Keyboard::new() else { return Ok(None) };
        let shared = Arc::new(Shared { state, changed, keyboard });
        let screen = Screen(shared.clone());
        let pasted = move |lines| {
            screen.print(&format!("! {lines} lines pasted: Enter takes them, Ctrl-C drops them"));
        };
        shared.keyboard.start(pasted)?;
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
        if state.closed || state.away {
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
        let was_editing = state.editing;
        drop(state);
        // The editor's read ends now.
        shared.keyboard.end();
        let mut state = shared.wait(shared.state(), |state| state.editing);
        let rest = state.take(usize::MAX).unwrap_or_default();
        // No line is left, and no bracketed paste.
        let line = if was_editing && !state.away { "\x1b[?2004l\r\x1b[J" } else { "" };
        put(&format!("{line}{rest}"));
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
    /// Lets a person type, as long as the program is in the foreground.
    pub(crate) fn read(&mut self) -> Entered {
        let (mut before, mut behind) = (String::new(), String::new());
        loop {
            if !self.begin() {
                return Entered::End;
            }
            let start = (before.as_str(), behind.as_str());
            let entered = self.editor.readline_with_initial(&Drawn(&self.shared), start);
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
                (Ok(_), Some((Special::Interrupt, _))) => {
                    return Entered::Interrupt { cleared: !line.is_empty() };
                }
                (Ok(line), Some((Special::Suspend, cursor))) => {
                    (before, behind) = (line[..cursor].to_owned(), line[cursor..].to_owned());
                    self.suspend();
                }
                (Err(_), _) if self.shared.keyboard.is_plugged() => return Entered::End,
                // The keyboard was taken away. If it comes back, the line does.
                (Err(_), _) => (before, behind) = (line, String::new()),
            }
        }
    }

    /// Waits until the program is in the foreground. Returns `false` if the screen is closed, or the
    /// terminal has gone.
    fn begin(&mut self) -> bool {
        if !self.shared.keyboard.is_plugged() && !self.wait_for_keyboard() {
            return false;
        }
        let mut state = self.shared.state();
        if state.closed {
            return false;
        }
        (state.editing, state.told, state.special) = (true, false, None);
        true
    }

    /// Gets a keyboard. What is printed meanwhile goes straight to the terminal.
    fn wait_for_keyboard(&mut self) -> bool {
        self.shared.set_away(true);
        let is_plugged = self.shared.keyboard.plug();
        self.shared.set_away(false);
        let (interrupts, suspends) = self.shared.keyboard.special_keys().unwrap_or_default();
        let interrupts = interrupts.into_iter().map(|key| (key, Special::Interrupt));
        for (key, special) in interrupts.chain(suspends.into_iter().map(|k| (k, Special::Suspend)))
        {
            let handler = Box::new(Pressed { special, shared: self.shared.clone() });
            let key = KeyEvent::new(key, Modifiers::NONE);
            self.editor.bind_sequence(key, EventHandler::Conditional(handler));
        }
        is_plugged
    }

    /// Stops the program, and all others of its job, until the shell continues them.
    fn suspend(&self) {
        self.shared.keyboard.unplug();
        let _ = kill_current_process_group(Signal::TSTP);
        std::thread::sleep(STOPPING);
    }

    /// Takes what was typed off the screen.
    fn end(&self) -> (String, Option<(Special, usize)>) {
        let mut state = self.shared.state();
        state.ready = false;
        let line = std::mem::take(&mut state.line);
        let in_flight = state.in_flight();
        // The cursor is below the line, unless a batch has come between: the editor's printer writes
        // one by itself while no line is edited. In the background, another program has the screen.
        if !state.accepted.take().unwrap_or(in_flight) && self.shared.keyboard.is_in_front() {
            put(&format!("\x1b[{}A\r\x1b[J", Layout::new(&line, PROMPT.len(), columns()).rows));
        }
        state.editing = false;
        self.shared.changed.notify_all();
        (line, state.special.take())
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

    /// Says that there is no line, or that there may be one again.
    fn set_away(&self, away: bool) {
        let mut state = self.state();
        state.away = away;
        if let Some(rest) = state.take(usize::MAX).filter(|_| away) {
            put(&rest);
        }
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

/// A terminal that has gone has nobody to be told.
fn put(text: &str) {
    let _ = Standard(io::stdout()).write_all(text.as_bytes());
}
