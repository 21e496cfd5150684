//! The state of the screen, which the drawing thread, the editor and all printing threads share.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::keyboard::Keyboard;
use crate::stdio::Standard;

/// Most bytes to queue while the terminal accepts nothing (Ctrl-S, a history search). The oldest
/// lines are dropped.
const MAX_QUEUED: usize = 1 << 20;

/// The longest wait at the end for a batch that is being drawn.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The screen's state, its condition variable, and the keyboard.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    pub(super) keyboard: Keyboard,
}

/// A key that ends the line, other than Enter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecialKey {
    Interrupt,
    Suspend,
}

/// The progress of the editor with the current line.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Editing {
    /// No line is edited.
    #[default]
    No,
    /// The editor has started, and has not drawn the line yet.
    Starting,
    /// The editor is drawing the line.
    Drawing,
    /// The editor has drawn the line and can print.
    Ready,
    /// The line was accepted. `during_handover`: the drawing thread was handing over a batch.
    Accepted { during_handover: bool },
}

/// The progress of the batch between the queue and the terminal. There is at most one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Batch {
    #[default]
    None,
    /// The drawing thread is handing the batch to the editor, which may already have printed it.
    Handover { is_printed: bool },
    /// The editor has the batch, and has not printed it yet.
    Unprinted,
}

/// The state of the screen.
#[derive(Default)]
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) editing: Editing,
    pub(super) batch: Batch,
    /// `true` while the program is in the background, where there is no input line to disturb.
    pub(super) in_background: bool,
    /// `true` once the screen is closed for good.
    pub(super) closed: bool,
    /// The key that ended the line, and the cursor's offset in bytes.
    pub(super) special: Option<(SpecialKey, usize)>,
    /// Columns of the last drawn prompt.
    pub(super) prompt_columns: usize,
    /// The line so far.
    pub(super) line: String,
}

/// Lines that wait to be drawn.
#[derive(Default)]
pub(super) struct Queue {
    lines: VecDeque<String>,
    /// Bytes of all lines.
    bytes: usize,
    /// Number of lines dropped since the last batch.
    dropped: usize,
}

impl Shared {
    /// Locks the state.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether the program is in the background. There, queued lines go straight to the
    /// terminal.
    pub(super) fn set_in_background(&self, in_background: bool) {
        let mut state = self.state();
        state.in_background = in_background;
        if in_background && let Some(rest) = state.queue.take(usize::MAX) {
            print_directly(&rest);
        }
    }

    /// Waits while `busy` returns `true`, at most [`CLOSE_TIMEOUT`].
    pub(super) fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        busy: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, CLOSE_TIMEOUT, busy);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl State {
    /// Returns `true` if the drawing thread may hand over a batch.
    pub(super) fn can_draw(&self) -> bool {
        self.editing == Editing::Ready && self.batch == Batch::None && !self.queue.is_empty()
    }

    /// Returns `true` while the editor holds up the end of the screen.
    pub(super) fn is_busy(&self) -> bool {
        let is_drawn = self.editing == Editing::Ready && self.batch == Batch::None;
        self.editing != Editing::No && !(is_drawn && self.queue.is_empty())
    }

    /// Records that the drawing thread has handed over its batch.
    pub(super) fn end_handover(&mut self) {
        self.batch = match self.batch {
            Batch::Handover { is_printed: false } => Batch::Unprinted,
            _ => Batch::None,
        };
    }

    /// Records the line, which the editor shows before it draws.
    pub(super) fn show_line(&mut self, line: &str) {
        line.clone_into(&mut self.line);
        if self.editing == Editing::Starting {
            self.editing = Editing::Drawing;
        }
    }

    /// Records that the editor asked for its prompt. It has then drawn the line, and printed the
    /// batch, unless it has only started.
    pub(super) fn show_prompt(&mut self) {
        match self.editing {
            Editing::No | Editing::Starting => return,
            Editing::Drawing | Editing::Ready => self.editing = Editing::Ready,
            Editing::Accepted { .. } => {}
        }
        self.batch = match self.batch {
            Batch::Handover { .. } => Batch::Handover { is_printed: true },
            Batch::None | Batch::Unprinted => Batch::None,
        };
    }

    /// Records that the line was accepted. No batch is handed over until the next line is drawn.
    pub(super) fn accept(&mut self) {
        let during_handover = matches!(self.batch, Batch::Handover { .. });
        self.editing = Editing::Accepted { during_handover };
    }
}

impl Queue {
    /// Returns `true` if no line waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a text. Drops the oldest ones above [`MAX_QUEUED`].
    pub(super) fn push(&mut self, text: String) {
        self.bytes += text.len();
        self.lines.push_back(text);
        while self.bytes > MAX_QUEUED {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
            self.dropped += 1;
        }
    }

    /// Takes lines of about `max` bytes, each with its ending. Returns `None` if the queue is
    /// empty.
    pub(super) fn take(&mut self, max: usize) -> Option<String> {
        let mut text = String::new();
        if self.dropped > 0 {
            let limit = MAX_QUEUED >> 20;
            let dropped = std::mem::take(&mut self.dropped);
            text = format!("* {dropped} lines are not shown: more than {limit} MiB were waiting\n");
        }
        while text.len() < max
            && let Some(line) = self.lines.pop_front()
        {
            self.bytes -= line.len();
            text.push_str(&line);
            text.push('\n');
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Writes to the terminal without the editor. An error means that the terminal has gone.
pub(super) fn print_directly(text: &str) {
    let _ = Standard(io::stdout()).write_all(text.as_bytes());
}
