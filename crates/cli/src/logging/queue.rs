//! A bounded queue of log lines for standard error, so that a worker never waits for their reader.

use std::io::Write;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// Most bytes of queued lines. The writer may hold as many again.
pub(super) const MAX: usize = 1 << 20;

/// Bytes of one write, unless its first line is longer. A pipe accepts writes of this size
/// atomically (PIPE_BUF).
const PIECE: usize = 4096;

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    written: Condvar,
    max: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Number of lines that did not fit behind `waiting`.
    dropped: u64,
    /// `true` while the writer holds lines.
    writing: bool,
    /// Number of writes so far.
    writes: u64,
}

impl Queue {
    /// Makes a queue for at most `max` bytes.
    pub(super) fn new(max: usize) -> Queue {
        Queue { state: Mutex::default(), filled: Condvar::new(), written: Condvar::new(), max }
    }

    /// Adds a line, or drops and counts it if the queue is full. Never waits for the writer.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.state();
        // After a dropped line, all lines are dropped until the writer takes the queue. Its note
        // then stands exactly where lines are missing.
        if state.dropped > 0 || state.waiting.len() + line.len() > self.max {
            state.dropped += 1;
        } else {
            state.waiting.extend_from_slice(line);
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Writes queued lines to `output`, forever. `note` makes the line about dropped ones.
    pub(super) fn write(&self, mut output: impl Write, note: impl Fn(u64) -> String) {
        loop {
            let (mut lines, dropped) = self.take();
            if dropped > 0 {
                lines.extend_from_slice(note(dropped).as_bytes());
            }
            let mut rest = lines.as_slice();
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(piece(rest));
                // Standard error was the last place to report to.
                let _ = output.write_all(piece);
                rest = later;
                self.state().writes += 1;
                self.written.notify_all();
            }
            self.state().writing = false;
            self.written.notify_all();
        }
    }

    /// Waits until all lines are written, or until no write succeeded for `timeout`.
    pub(super) fn flush(&self, timeout: Duration) {
        let mut state = self.state();
        loop {
            let writes = state.writes;
            let stuck = |state: &mut State| state.is_busy() && state.writes == writes;
            let waited = self.written.wait_timeout_while(state, timeout, stuck);
            let waited_for;
            (state, waited_for) = waited.unwrap_or_else(PoisonError::into_inner);
            if waited_for.timed_out() || !state.is_busy() {
                return;
            }
        }
    }

    /// Waits for lines, and takes them and the number of lines dropped after them.
    fn take(&self) -> (Vec<u8>, u64) {
        let idle = |state: &mut State| state.waiting.is_empty() && state.dropped == 0;
        let waited = self.filled.wait_while(self.state(), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        (mem::take(&mut state.waiting), mem::take(&mut state.dropped))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.writing || !self.waiting.is_empty() || self.dropped > 0
    }
}

/// Returns the length of the complete lines at the start of `lines` that fit one write.
fn piece(lines: &[u8]) -> usize {
    let end = |b: &u8| *b == b'\n';
    let fitting = lines.iter().take(PIECE).rposition(end);
    fitting.or_else(|| lines.iter().position(end)).map_or(lines.len(), |at| at + 1)
}
